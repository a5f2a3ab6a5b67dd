import Store
import Testing
import Timetable

/// What somebody may want to be told of is written once, in the transaction of the change itself.
@Suite struct EventTests {
    private let scratch: Scratch
    private let ledger: Ledger

    init() throws {
        scratch = try Scratch()
        ledger = try scratch.ledger()
        try ledger.upsertConnection(name: "prod", baseURL: "https://a", apiVersion: "v")
    }

    private static let later = Scratch.now.adding(milliseconds: 60_000)

    /// `kind subject`, with a star while it lasts.
    private func told() throws -> [String] {
        try ledger.takeEvents(now: Self.later).map { event in
            "\(event.kind.rawValue) \(event.subject)" + (event.isOpen ? " *" : "")
        }
    }

    private func run(of slotID: Int64, id: String) throws -> RunRow {
        var facts = RunFacts(runID: id, processID: "p", status: "running")
        facts.createdAt = Scratch.now.adding(milliseconds: slotID * 1000)
        let key = try ledger.insertRun(
            facts, baseURL: "https://a", connection: "prod", schedule: "s", slotID: slotID,
            origin: .rule, pollGapMilliseconds: 30_000, nextPollAt: Scratch.now, now: Scratch.now)
        return try #require(try ledger.run(key))
    }

    private func judge(_ run: RunRow, _ status: String, _ outcome: RunOutcome) throws {
        var facts = RunFacts(runID: run.runID, processID: "p", status: status)
        facts.modifiedAt = Self.later
        try ledger.apply(
            facts, to: run, outcome: outcome, outcomeReason: "because", now: Self.later)
    }

    @Test(arguments: ["failed", "expired", "missed", "held"])
    func aSlotThatComesToNothingIsToldOnce(word: String) throws {
        let disposition = try #require(Disposition(rawValue: word))
        let slot = try ledger.addSlot()
        if disposition.isFinal {
            try ledger.end(slot, disposition, reason: "why", now: Scratch.now)
        } else {
            try ledger.move(slot, disposition, reason: "why", nextActionAt: Scratch.now)
            try ledger.move(slot, disposition, reason: "again", nextActionAt: Self.later)
        }
        let events = try ledger.takeEvents(now: Self.later)
        #expect(events.map(\.kind.rawValue) == ["slot_\(word)"])
        #expect(events.first?.words == "why")
        #expect(events.first?.at == Self.later)
        #expect(events.first?.subject == "s@2026-11-24T05:00:30Z")
        // The next turn has nothing to tell.
        #expect(try ledger.takeEvents(now: Self.later) == [])
    }

    /// A connection and a schedule may have one name: who is told of an alarm depends on which it is.
    @Test(arguments: AlarmKind.allCases)
    func anAlarmIsOfWhatItsKindSays(kind: AlarmKind) throws {
        _ = try ledger.addSlot()
        try ledger.upsertConnection(name: "s", baseURL: "https://b", apiVersion: "v")
        let row = ScheduleRow(
            schedule: "s", state: .active, connection: "prod", baseURL: "https://a", process: "p",
            rule: "", ruleSource: "", timezone: "UTC", mode: .run, description: "", tags: "[]",
            firingKey: "", revisionID: 1, effectiveAt: Scratch.now)
        try ledger.save(row)
        try ledger.raise(kind: kind, subject: "s", whatToDo: "something", now: Scratch.now)
        let event = try #require(try ledger.takeEvents(now: Self.later).last)
        #expect(event.connection == (kind.subject == .connection ? "s" : nil))
        if kind.subject == .connection { #expect(event.schedule == nil) }
        if kind.subject == .schedule { #expect(event.schedule == "s") }
    }

    @Test func whatAPersonDecidesEndsTheHold() throws {
        let slot = try ledger.addSlot()
        try ledger.move(slot, .held, reason: "two runs", nextActionAt: Self.later)
        #expect(try told() == ["slot_held s@2026-11-24T05:00:30Z *"])
        try ledger.end(slot, .cancelled, reason: "dropped", now: Self.later)
        #expect(try told() == ["slot_resolved s@2026-11-24T05:00:30Z"])
        #expect(try ledger.database.integer("SELECT sum(is_open) FROM events") == 0)
    }

    @Test func theNextStartOfAScheduleEndsItsTroublesInOneEvent() throws {
        for (hour, end) in [(0, Disposition.failed), (1, .expired)] {
            let slot = try ledger.addSlot(at: Scratch.now.adding(milliseconds: Int64(hour)))
            try ledger.end(slot, end, reason: "why", now: Scratch.now)
        }
        _ = try told()
        let other = try ledger.addSlot(schedule: "other")
        try ledger.move(other, .starting, reason: "out", nextActionAt: Self.later)
        let strangers = try run(of: other, id: "r0")
        try ledger.start(
            other, runKey: strangers.runKey, reason: "started", lagMilliseconds: 0, now: Self.later)
        #expect(try told() == [])
        let slot = try ledger.addSlot(at: Scratch.now.adding(milliseconds: 1_000))
        try ledger.move(slot, .starting, reason: "out", nextActionAt: Self.later)
        let run = try run(of: slot, id: "r1")
        try ledger.start(
            slot, runKey: run.runKey, reason: "started", lagMilliseconds: 0, now: Self.later)
        #expect(try told() == ["recovered s@2026-11-24T05:00:31Z"])
        let ended = try ledger.database.integer(
            "SELECT count(*) FROM events WHERE ended_by_id IS NOT NULL")
        #expect(ended == 2)
    }

    @Test func aRunInTroubleIsToldByWhatItIs() throws {
        for (status, outcome, kind) in [
            ("errorHold", RunOutcome.attention, "run_in_error"), ("running", .failed, "run_failed"),
            ("running", .lost, "run_lost"), ("complete", .attention, "run_warned"),
        ] {
            let run = try run(of: try ledger.addSlot(schedule: kind), id: kind)
            try judge(run, status, outcome)
            try judge(run, status, outcome)
            #expect(try told() == ["\(kind) s \(kind) *"])
            try judge(run, "running", .active)
            #expect(try told() == ["recovered s \(kind)"])
        }
        let run = try run(of: try ledger.addSlot(), id: "slow")
        try ledger.setWatch(run.runKey, until: nil, runWithinAt: Scratch.now)
        try ledger.setOutcome(run.runKey, .attention, reason: "longer", now: Self.later)
        #expect(try told() == ["run_over_time s slow *"])
    }

    @Test func aRunThatTakesTooLongAndThenBreaksIsToldTwice() throws {
        let run = try run(of: try ledger.addSlot(), id: "slow")
        try ledger.setWatch(run.runKey, until: nil, runWithinAt: Scratch.now)
        try ledger.setOutcome(run.runKey, .attention, reason: "longer", now: Self.later)
        #expect(try told() == ["run_over_time s slow *"])
        let again = try #require(try ledger.run(run.runKey))
        try judge(again, "error", .attention)
        #expect(try told() == ["run_in_error s slow *"])
        try judge(try #require(try ledger.run(run.runKey)), "error", .attention)
        #expect(try told() == [])
    }

    /// Its answer was lost: it was another's in the list, and broken, before it became the slot's.
    @Test func aRunThatWasBrokenWhenItsSlotAdoptedItIsTold() throws {
        var facts = RunFacts(runID: "r", processID: "p", status: "running")
        facts.createdAt = Scratch.now
        let key = try ledger.insertRun(
            facts, baseURL: "https://a", connection: "prod", schedule: nil, slotID: nil,
            origin: .external, pollGapMilliseconds: 30_000, nextPollAt: Scratch.now,
            now: Scratch.now)
        try judge(try #require(try ledger.run(key)), "error", .attention)
        #expect(try told() == [])
        let slot = try ledger.addSlot()
        try ledger.claim(key, slotID: slot, schedule: "s", origin: .rule)
        #expect(try told() == ["run_in_error s r *"])
    }

    @Test func aLaterRunThatSucceededEndsTheTroubleOfTheOnesBefore() throws {
        let first = try run(of: try ledger.addSlot(), id: "r1")
        try judge(first, "complete", .failed)
        let second = try run(
            of: try ledger.addSlot(at: Scratch.now.adding(milliseconds: 1)), id: "r2")
        _ = try told()
        try judge(second, "complete", .succeeded)
        #expect(try told() == ["recovered s r2"])
    }

    @Test func anAlarmIsToldWhenItIsRaisedAndWhenItIsOver() throws {
        for words in ["first", "again"] {
            try ledger.raise(
                kind: .notReadable, subject: "p", whatToDo: words, now: Scratch.now)
        }
        #expect(try told() == ["not_readable p *"])
        try ledger.clear(kind: .notReadable, subject: "p")
        try ledger.clear(kind: .notReadable, subject: "p")
        #expect(try told() == ["recovered p"])
    }

    /// What a step undoes has not happened, and nobody is told of it.
    @Test func whatIsUndoneIsNotTold() throws {
        struct Undone: Error {}
        let slot = try ledger.addSlot()
        try ledger.transaction {
            try? ledger.savepoint {
                try ledger.end(slot, .failed, reason: "why", now: Scratch.now)
                throw Undone()
            }
        }
        #expect(try told() == [])
    }

    @Test func removedHistoryLeavesNoTroubleBehind() throws {
        let slot = try ledger.addSlot()
        try ledger.end(slot, .failed, reason: "why", now: Scratch.now)
        try ledger.database.run("DELETE FROM slots WHERE slot_id = ?", .int(slot))
        #expect(try ledger.database.integer("SELECT sum(is_open) FROM events") == 0)
    }

    @Test func aForecastIsToldOnceAndEndsWithItsRunOrWithWhatIsWorse() throws {
        for (index, end) in ["complete", "error", "finish_by"].enumerated() {
            let slot = try ledger.addSlot(
                at: Scratch.now.adding(milliseconds: Int64(index) * 60_000))
            try ledger.move(slot, .starting, reason: "sent", nextActionAt: Scratch.now)
            let run = try run(of: slot, id: "r\(index)")
            try ledger.start(
                slot, runKey: run.runKey, reason: "due", lagMilliseconds: 1, now: Scratch.now)
            for words in ["it will be late", "it will be later"] {
                try ledger.setForecast(slot, again: nil, end: Self.later, words: words)
            }
            #expect(try told().filter { $0.hasPrefix("late_forecast") }.count == 1)
            let late = "SELECT count(*) FROM attention WHERE kind = 'late'"
            #expect(try ledger.database.integer(late) == 1)
            switch end {
            case "complete": try judge(run, "complete", .succeeded)
            case "error": try judge(run, "error", .attention)
            default:
                try ledger.database.execute("UPDATE slots SET finish_by_at = 5")
                try ledger.setDeadline(slot, .finish, .missed)
            }
            let kinds = try told().map { String($0.prefix { $0 != " " }) }
            #expect(
                kinds == [
                    end == "complete"
                        ? "recovered" : end == "error" ? "run_in_error" : "finish_by_missed"
                ])
            let open = "SELECT count(*) FROM events WHERE is_open = 1 AND kind = 'late_forecast'"
            #expect(try ledger.database.integer(open) == 0)
        }
    }
}
