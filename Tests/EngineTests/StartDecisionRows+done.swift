import Engine
import Store
import Timetable

/// The rows of `unless_done` (rule 19).
extension StartDecisionTests {
    static func past(
        _ runID: String, created: Instant?, of slotAt: Instant? = nil,
        by owner: RunOwner = .user("ann"),
        _ end: StartFacts.PastRun.End = .succeeded(at: at(-10))
    ) -> StartFacts.PastRun {
        StartFacts.PastRun(
            runID: runID, owner: owner, end: end, createdAt: created, slotAt: slotAt)
    }

    /// The slot before was a day ago.
    private static func done(
        _ facts: inout StartFacts, _ runs: StartFacts.PastRun...,
        rule: UnlessDone = UnlessDone(), since: DoneSince = .lastSlot(at(-1440))
    ) {
        facts.schedule?.unlessDone = rule
        facts.doneSince = since
        facts.pastRuns = runs
    }

    private static let skipped = EndReason.done(
        runID: "r", owner: .user("ann"), at: at(-10), .lastSlot(at(-1440)))
    private static let ours = RunOwner.schedule("s")

    private static let second = WaitReason.lastRun(undecided: 1, max: 2)

    static let dones = [
        Row("its schedule has had all its runs", .end(.maxRuns(2))) {
            $0.schedule?.maxRuns = 2
            $0.runsUsed = (2, 0)
        },
        Row("there is one run left", .start(.noRun)) {
            $0.schedule?.maxRuns = 2
            $0.runsUsed = (1, 0)
        },
        Row("another slot may have started the last run", .wait(second, until: at(0, 30))) {
            $0.schedule?.maxRuns = 2
            $0.runsUsed = (1, 1)
        },
        Row("beyond its windows it waits for no other", .end(.tooLate(.windowOver, wasUp: .up))) {
            $0.schedule?.maxRuns = 2
            $0.runsUsed = (1, 1)
            $0.now = at(361)
        },
        Row("what makes up for another waits for its turn", .queue(blocker)) {
            $0.slot.kind = .manual
            $0.slot.makesUpSlotID = 3
            $0.openRuns = [openRun]
            $0.laterQueued = at(60)
        },
        Row("a person's run since the slot before", .end(skipped)) {
            done(&$0, past("r", created: at(-60)))
        },
        Row("without unless_done it is nothing", .start(.noRun)) {
            $0.pastRuns = [past("r", created: at(-60))]
            $0.doneSince = .lastSlot(at(-1440))
        },
        Row("a person's run from before the slot before", .start(.noRun)) {
            done(&$0, past("r", created: at(-1441)))
        },
        Row("in the same second as the slot before", .end(skipped)) {
            done(&$0, past("r", created: at(-1440)))
        },
        Row("not certainly after the slot before, by the clocks", .start(.noRun)) {
            done(&$0, past("r", created: at(-1440)))
            $0.clock = ClockOffset(lowMilliseconds: 0, highMilliseconds: 500)
        },
        Row("within what the clocks may differ while nobody knows", .start(.noRun)) {
            done(&$0, past("r", created: at(-1439)))
            $0.clock = .unknown
        },
        Row("a run without a creation time", .start(.noRun)) {
            done(&$0, past("r", created: nil))
        },
        Row("the run of the slot before is its own work", .start(.noRun)) {
            done(&$0, past("r", created: at(-1430), of: at(-1440), by: ours))
        },
        Row(
            "a manual run of ours",
            .end(.done(runID: "r", owner: ours, at: at(-10), .lastSlot(at(-1440))))
        ) { done(&$0, past("r", created: at(-60), of: at(-60), by: ours)) },
        Row("by us: a person's run is nothing", .start(.noRun)) {
            done(&$0, past("r", created: at(-60)), rule: UnlessDone(author: .us))
        },
        Row(
            "by us: ours behind a person's",
            .end(.done(runID: "q", owner: ours, at: at(-10), .lastSlot(at(-1440))))
        ) {
            done(
                &$0, past("r", created: at(-60)),
                past("q", created: at(-90), of: at(-90), by: ours),
                rule: UnlessDone(author: .us))
        },
        Row(
            "in the month, the run of the slot before counts too",
            .end(.done(runID: "r", owner: ours, at: at(-10), .month(at(-9000))))
        ) {
            done(
                &$0, past("r", created: at(-1430), of: at(-1440), by: ours),
                since: .month(at(-9000)))
        },
        Row("a late run for a slot of the month before", .start(.noRun)) {
            done(
                &$0, past("r", created: at(-60), of: at(-9001), by: ours),
                since: .month(at(-9000)))
        },
        Row("complete, and its counts are not read yet", .wait(.runRead("r"), until: at(0, 15))) {
            done(&$0, past("r", created: at(-60), .unread(since: at(-5))))
        },
        Row("its counts could not be read for all of look_patience", .start(.noRun)) {
            done(&$0, past("r", created: at(-60), .unread(since: at(-5))))
            $0.slot.runWantedSince = at(-2)
        },
        Row("one that is read goes before one that isn't", .end(skipped)) {
            done(
                &$0, past("q", created: at(-50), .unread(since: at(-5))),
                past("r", created: at(-60)))
        },
        Row("an open run that may have ended", .wait(.runRead("r"), until: at(0, 15))) {
            done(&$0)
            $0.schedule?.overlap = .allow
            $0.openRuns = [openRun]
            $0.openRuns[0].isFresh = false
        },
        Row("an open run does nothing yet", .start(.noRun)) {
            done(&$0)
            $0.schedule?.overlap = .allow
            $0.openRuns = [openRun]
        },
        Row("behind an open run, overlap decides", .queue(blocker)) {
            done(&$0, past("r", created: at(-60)))
            $0.schedule?.overlap = .queue
            $0.openRuns = [openRun]
        },
        Row("no look in all of look_patience, but the ledger knows", .end(skipped)) {
            done(&$0, past("r", created: at(-60)))
            $0.look = nil
            $0.slot.lookWantedSince = at(0, -120)
        },
        Row("a look comes first", .wait(.look, until: at(0, 15))) {
            done(&$0, past("r", created: at(-60)))
            $0.look = nil
        },
        Row("what a person asks for is started", .start(.noRun)) {
            done(&$0, past("r", created: at(-60)))
            $0.slot.kind = .manual
        },
        Row("what a person has decided is started", .start(.noRun)) {
            done(&$0, past("r", created: at(-60)))
            $0.slot.forced = true
        },
        Row(
            "it has just ended, after the slot had waited for it for hours",
            .wait(.runRead("r"), until: at(0, 15))
        ) {
            done(&$0, past("r", created: at(-60), .unread(since: at(-1))))
            $0.slot.runWantedSince = at(-50)
        },
        Row("the slot before came to nothing: the first success is its own", .start(.noRun)) {
            done(&$0, past("r", created: at(-60)))
            $0.isFormerUnserved = true
        },
        Row("the second success is this slot's", .end(skipped)) {
            done(&$0, past("r", created: at(-60)), past("q", created: at(-90)))
            $0.isFormerUnserved = true
        },
        Row("a first slot has none before it", .start(.noRun)) {
            done(&$0, past("r", created: at(-60)))
            $0.doneSince = nil
        },
    ]
}
