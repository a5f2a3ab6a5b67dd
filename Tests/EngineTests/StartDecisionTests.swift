import Engine
import Store
import Testing
import Timetable

/// May this slot go now, row by row: rules 1 to 3, 8, 9 and 13 of the protocol.
@Suite struct StartDecisionTests {
    /// A slot of 06:00, decided at 06:00 with nothing in its way, but for what the row changes.
    struct Row: Sendable, CustomTestStringConvertible {
        var what: String
        var decision: StartDecision
        var edit: @Sendable (inout StartFacts) -> Void
        var testDescription: String { what }

        init(
            _ what: String, _ decision: StartDecision,
            _ edit: @escaping @Sendable (inout StartFacts) -> Void = { _ in }
        ) {
            self.what = what
            self.decision = decision
            self.edit = edit
        }
    }

    static let six = Instant(seconds: 1_795_500_000)
    static func at(_ minutes: Int64, _ seconds: Int64 = 0) -> Instant {
        six.adding(milliseconds: (minutes * 60 + seconds) * 1000)
    }
    static let blocker = Blocker(runID: "r", status: "running")
    static let openRun = StartFacts.OpenRun(
        runID: "r", status: "running", owner: .schedule("s"), isFresh: true)
    static let pause = PauseRow(
        pauseID: 1, schedule: "s", isSkip: false, from: at(-60), until: nil, reason: "close",
        requestedBy: "ann")

    static func look(_ runID: String? = nil, created: Instant? = nil, by: String? = nil) -> Look {
        var look = Look(
            baseURL: "u", processID: "p", processName: "P", requestedAt: at(0, -20),
            lookedAt: at(0, -19), serverAt: nil)
        look.runID = runID
        look.runCreatedAt = created
        look.runUserID = by
        return look
    }

    static func facts() -> StartFacts {
        let schedule = Schedule(
            name: "s", process: .id("p"), connection: "prod", trigger: .manual, ruleText: "",
            zone: .utc)
        let slot = SlotRow(
            slotID: 7, schedule: "s", kind: .rule, slotAt: six, connection: "prod", baseURL: "u",
            processID: "p")
        var facts = StartFacts(
            now: six, slot: slot, schedule: schedule,
            connection: Connection(name: "prod", baseURL: "u", apiVersion: "1"))
        facts.look = look()
        facts.ourUserID = "us"
        return facts
    }

    static func absent() -> AttemptRow {
        AttemptRow(
            attemptID: 1, slotID: 7, number: 1, baseURL: "u", processID: "p", baseline: .noRun,
            beganAt: at(0, -240))
    }

    // MARK: Ends and windows

    static let windows = [
        Row("a due slot with nothing in its way starts", .start(.noRun)),
        Row("it starts on the run that the look shows", .start(.run("q"))) {
            $0.look = look("q", created: at(-90), by: "us")
        },
        Row("its schedule is gone", .end(.scheduleGone)) { $0.schedule = nil },
        Row("its connection is gone", .end(.scheduleGone)) { $0.connection = nil },
        Row("its share of spread is still to come", .wait(.asBefore, until: at(3))) {
            $0.slot.dueAt = at(3)
        },
        Row("its last answer said to wait", .wait(.asBefore, until: at(1))) {
            $0.backoffUntil = at(1)
        },
        Row("what its last answer said is over", .start(.noRun)) { $0.backoffUntil = at(0) },
        Row("a pause came while it waited", .end(.paused(pause))) { $0.pause = pause },
        Row("a pause is nothing to a manual slot", .start(.noRun)) {
            $0.pause = pause
            $0.slot.kind = .manual
        },
        Row("a pause is nothing to a slot that a person has decided", .start(.noRun)) {
            $0.pause = pause
            $0.slot.requestedBy = "ann"
        },
        Row("a pause goes before being too late", .end(.paused(pause))) {
            $0.pause = pause
            $0.now = at(600)
        },
        Row("at the last moment of start_within", .start(.noRun)) { $0.now = at(45) },
        Row("late, and missed = latest with nothing newer", .start(.noRun)) { $0.now = at(46) },
        Row("late, and a newer slot stands for it", .end(.standsFor(later: at(60)))) {
            $0.now = at(61)
            $0.newerStandIn = at(60)
        },
        Row("on time, a newer slot stands for nothing", .start(.noRun)) {
            $0.newerStandIn = at(15)
        },
        Row("late, and missed = all", .start(.noRun)) {
            $0.now = at(61)
            $0.newerStandIn = at(60)
            $0.schedule?.missed = .all
        },
        Row("late, missed = skip, the daemon was up", .end(.tooLate(.skipsMissed, wasUp: .up))) {
            $0.now = at(46)
            $0.schedule?.missed = .skip
        },
        Row(
            "late, missed = skip, the daemon was down",
            .end(.tooLate(.skipsMissed, wasUp: .down(at: at(45))))
        ) {
            $0.now = at(46)
            $0.schedule?.missed = .skip
            $0.wasUpWhenOnTime = .down(at: at(45))
        },
        Row("beyond missed_window", .end(.tooLate(.windowOver, wasUp: .up))) { $0.now = at(361) },
        Row("at the end of missed_window", .start(.noRun)) { $0.now = at(360) },
        Row("found beside a newer one, it is late at once", .end(.standsFor(later: at(0)))) {
            $0.slot.isLate = true
            $0.newerStandIn = at(0)
        },
        Row("a manual slot is on time for all of missed_window", .start(.noRun)) {
            $0.slot.kind = .manual
            $0.now = at(359)
            $0.schedule?.missed = .skip
        },
        Row("a manual slot beyond it", .end(.tooLate(.windowOver, wasUp: .up))) {
            $0.slot.kind = .manual
            $0.now = at(361)
        },
        Row("a run that blocks it stops its clocks", .queue(blocker)) {
            $0.slot.blockedBy = "r"
            $0.now = at(600)
            $0.schedule?.overlap = .queue
            $0.openRuns = [openRun]
        },
        Row("the clocks of a slot that was freed start afresh", .start(.noRun)) {
            $0.slot.windowFrom = at(590)
            $0.now = at(600)
        },
        Row("within of an after rule is over", .end(.afterRuleOver(when: []))) {
            $0.slot.kind = .after
            $0.schedule?.trigger = .after(
                AfterRule(upstreams: ["a"], on: .end, withinMilliseconds: 600_000))
            $0.now = at(11)
        },
        Row("within of an after rule is not over", .start(.noRun)) {
            $0.slot.kind = .after
            $0.schedule?.trigger = .after(
                AfterRule(upstreams: ["a"], on: .end, withinMilliseconds: 600_000))
            $0.now = at(10)
        },
    ]

    // MARK: What stands on the way

    static let ways = [
        Row("draining", .wait(.draining, until: at(0, 30))) { $0.way = .draining },
        Row("the clocks differ", .wait(.clockDiffers, until: at(0, 15))) {
            $0.way = .clockDiffers
        },
        Row("the credential is refused", .wait(.credential(since: at(-5)), until: at(0, 15))) {
            $0.way = .credentialRefused(since: at(-5))
        },
        Row("the breaker is open", .wait(.unreachable, until: at(0, 15))) {
            $0.way = .unreachable
        },
        Row("a hint is running", .wait(.askedToWait(until: at(9)), until: at(9))) {
            $0.way = .askedToWait(until: at(9))
        },
        Row("what ends a slot goes before what it waits for", .end(.scheduleGone)) {
            $0.way = .draining
            $0.schedule = nil
        },
        Row(
            "another attempt on the process is in doubt",
            .wait(.inDoubt(attempt: 2, slotID: 3), until: at(0, 30))
        ) { $0.inDoubt = (2, 3) },
        Row("a pattern that means nothing", .end(.patternNotExpandable("{xx}"))) {
            $0.naming = .notExpandable(pattern: "{xx}")
        },
        Row("a name that no fresh list tells", .wait(.processName("N"), until: at(0, 15))) {
            $0.naming = .notListed(name: "N")
        },
        Row("exactly one process of the name", .name(processID: "p9")) {
            $0.naming = .listed(name: "N", processIDs: ["p9"])
        },
        Row("no process of the name", .hold(.processName("N", found: []))) {
            $0.naming = .listed(name: "N", processIDs: [])
        },
        Row("two processes of the name", .hold(.processName("N", found: ["p1", "p2"]))) {
            $0.naming = .listed(name: "N", processIDs: ["p1", "p2"])
        },
    ]

    @Test(arguments: windows + ways + looks + overlaps + dones + makeUps)
    func factsDecide(row: Row) {
        var facts = Self.facts()
        row.edit(&facts)
        #expect(StartDecision.judge(facts) == row.decision)
    }

    @Test func thereAreSixtyRowsAndNoTwoOfOneName() {
        let rows = Self.windows + Self.ways + Self.looks + Self.overlaps + Self.dones + Self.makeUps
        let names = rows.map(\.what)
        #expect(names.count >= 60)
        #expect(Set(names).count == names.count)
    }

    /// What a run that was open then has kept waiting until it was too late, it has taken away.
    @Test func aRunTakesASlotThatWasSeenToWaitForIt() {
        var facts = Self.facts()
        func takers(_ reasons: [EndReason]) -> [String?] { reasons.map(facts.taker) }
        let late: [EndReason] = [
            .standsFor(later: Self.at(30)), .tooLate(.windowOver, wasUp: .up),
            .afterRuleOver(when: []),
        ]
        #expect(takers(late) == [nil, nil, nil])
        facts.openRuns = [Self.openRun]
        #expect(takers(late) == ["r", "r", "r"])
        let blocker = Blocker(runID: "q", status: "running")
        #expect(takers([.overlap(blocker, owner: .user("u"))]) == ["q"])
        #expect(takers([.laterWaits(Self.at(30), runID: "q")]) == ["q"])
        #expect(takers([.scheduleGone, .maxRuns(3), .dropped(by: "ann")]) == [nil, nil, nil])
        // What was seen before it was due may have ended before it was due.
        facts.openRuns[0].wasOpenWhenDue = false
        #expect(takers(late) == [nil, nil, nil])
        facts.openRuns = [Self.openRun]
        facts.schedule?.overlap = .allow
        #expect(takers(late) == [nil, nil, nil])
    }

    @Test func everyReasonHasWordsOfItsOwn() {
        let reasons: [WaitReason] = [
            .draining, .clockDiffers, .credential(since: Self.six), .unreachable,
            .askedToWait(until: Self.six), .inDoubt(attempt: 1, slotID: 2), .look,
            .lookAfterDownTime, .processName("N"), .runRead("r"), .heldSlot(1),
            .queued(Self.blocker), .validation, .validationHint(until: Self.six), .token, .budget,
            .ramp, .undecided, .lookToMakeUp, .makeUpOpen(Self.blocker),
            .goesFirst(SlotName(schedule: "s", slotAt: Self.six)),
        ]
        let words = reasons.compactMap(\.words)
        #expect(Set(words).count == reasons.count)
        #expect(WaitReason.asBefore.words == nil)
    }
}
