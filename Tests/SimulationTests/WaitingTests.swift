import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Nothing stands still in silence, and what people decide is checked (issue rows K5 and K6).
@Suite struct WaitingTests {
    private func waiting(_ theatre: Theatre) throws -> [String] {
        try theatre.ask(
            "SELECT subject || ' ' || what_to_do FROM attention WHERE kind = 'waiting'")
    }

    /// What keeps a slot waiting, and the words that must be in `attention` for it.
    @Test(arguments: ["drain", "outage", "hint", "queue"])
    func aSlotThatWaitsPastItsStartWithinIsInAttentionWithTheCause(why: String) throws {
        let theatre = try Theatre(
            [
                Theatre.schedule(every: 720) {
                    $0.overlap = .queue
                    $0.startWithinMilliseconds = 600_000
                    $0.trigger = .rule(
                        FiringRule(kind: .every(milliseconds: 21_600_000), zone: .utc))
                    $0.ruleText = "every 360"
                    $0.ruleSource = "every 360"
                }
            ], runMinutes: 600...600)
        let world = theatre.world
        try world.boot()
        // The slot is of 06:00.
        try theatre.run(untilMinute: 50)
        let cause: String
        switch why {
        case "drain":
            world.command(.drain(reason: ""))
            cause = "draining"
        case "outage":
            world.sandbox.inject(FaultRule(.unreachable(isCertificate: false)))
            cause = "circuit open"
        case "hint":
            world.sandbox.inject(
                .next(
                    .rateLimited(operation: "runProcess", seconds: 7200, header: true),
                    operation: "runProcess"))
            cause = "asked us to wait"
        default:
            world.sandbox.startByPerson(process: "p1", user: "person", at: world.time)
            cause = "queued behind run"
        }
        try theatre.run(untilMinute: 69)
        #expect(try waiting(theatre) == [])
        try theatre.run(untilMinute: 71)
        let rows = try waiting(theatre)
        #expect(rows.count == 1)
        #expect(rows.first?.hasPrefix("s@2026-11-24T06:00:00Z ") == true)
        #expect(rows.first?.contains(cause) == true, "\(rows)")
        // It goes with its cause.
        world.sandbox.removeFaults()
        world.command(.resume(schedule: nil))
        world.command(.unblock(connection: "prod"))
        for run in world.sandbox.runs where run.createdAt <= world.time {
            world.sandbox.setRunStatus(run.id, .cancelled, at: world.time)
        }
        try theatre.run(untilMinute: 85)
        #expect(try theatre.told() == "60 started")
        #expect(try waiting(theatre) == [])
    }

    // MARK: resolve

    private func held(_ theatre: Theatre) throws -> SlotRow {
        theatre.world.sandbox.inject(.next(.lostBefore, operation: "runProcess"))
        try theatre.world.boot()
        try theatre.run(untilMinute: 20)
        return try #require(try theatre.slots().first)
    }

    @Test func aRunThatTheAPIDoesNotKnowIsRefusedInWords() throws {
        let theatre = try Theatre([Theatre.schedule { $0.unknownStart = .hold }])
        let slot = try held(theatre)
        theatre.world.command(.resolve(slotID: slot.slotID, .run(id: "TYPO")))
        try theatre.run(untilMinute: 21)
        #expect(theatre.world.replies.map(\.exitCode) == [3])
        #expect(theatre.world.replies[0].message.contains("knows no run TYPO"))
        #expect(try theatre.slots().first?.disposition == .held)
        #expect(try theatre.ask("SELECT count(*) FROM process_runs WHERE run_id = 'TYPO'") == ["0"])
    }

    @Test func aRunOfAnotherProcessIsRefusedInWords() throws {
        let theatre = try Theatre([Theatre.schedule { $0.unknownStart = .hold }])
        let slot = try held(theatre)
        let started = theatre.world.sandbox.startByPerson(
            process: "p2", user: "person", at: theatre.world.time)
        let other = try #require(started)
        theatre.world.command(.resolve(slotID: slot.slotID, .run(id: other)))
        try theatre.run(untilMinute: 21)
        #expect(theatre.world.replies.map(\.exitCode) == [4])
        #expect(theatre.world.replies[0].message.contains("of process p2"))
        #expect(try theatre.slots().first?.disposition == .held)
    }

    @Test(arguments: ["run", "start", "drop"])
    func aSlotInDoubtIsResolvedToo(how: String) throws {
        let theatre = try Theatre([Theatre.schedule { $0.overlap = .allow }])
        let world = theatre.world
        world.sandbox.inject(.next(.lostBefore, operation: "runProcess"))
        world.sandbox.inject(
            FaultRule(.listing(.without(process: "p1")), operation: "listProcesses"))
        try world.boot()
        try theatre.run(untilMinute: 25)
        let slot = try #require(try theatre.slots().first)
        #expect(slot.disposition == .unknown)
        world.sandbox.removeFaults()
        switch how {
        case "run":
            let started = world.sandbox.startByPerson(
                process: "p1", user: "person", at: world.time)
            let run = try #require(started)
            world.command(.resolve(slotID: slot.slotID, .run(id: run)))
        case "start": world.command(.resolve(slotID: slot.slotID, .start))
        default: world.command(.resolve(slotID: slot.slotID, .drop))
        }
        try theatre.run(untilMinute: 27)
        #expect(world.replies.map(\.exitCode) == [0])
        #expect(try theatre.slots().first?.disposition == (how == "drop" ? .cancelled : .started))
        #expect(try theatre.alarms(.undecided) == [])
    }

    @Test func aStartIsNotDecidedWhileTheAPIMayStillAct() throws {
        let theatre = try Theatre()
        let world = theatre.world
        world.sandbox.inject(.next(.lostBefore, operation: "runProcess"))
        try world.boot()
        try theatre.run(untilMinute: 15, second: 10)
        let slot = try #require(try theatre.slots().first)
        #expect(slot.disposition == .unknown)
        world.command(.resolve(slotID: slot.slotID, .start))
        try theatre.run(untilMinute: 15, second: 12)
        #expect(world.replies.map(\.exitCode) == [4])
        #expect(try theatre.slots().first?.disposition == .unknown)
    }

    // MARK: Data, not words

    @Test func aCountWhoseNameHasACommaIsCountedAsItself() throws {
        var rules = OutcomeRules()
        rules.failIf = [
            OutcomeRules.Condition(status: "b", ofTotal: false, comparison: .greater, threshold: 0)
        ]
        let theatre = try Theatre(
            [Theatre.schedule(every: 720) { $0.outcome = rules }], runMinutes: 10...10)
        let world = theatre.world
        try world.boot()
        world.command(.trigger(schedule: "s", uuid: "u", force: false, reason: ""))
        try theatre.run(untilMinute: 3)
        try world.inspect { ledger in
            let key = try #require(
                try ledger.database.integer("SELECT run_key FROM process_runs"))
            try ledger.setCounts(runKey: key, actions: [], jobs: [("a,b", 1)])
            try ledger.database.run("UPDATE process_runs SET job_counts = '{\"a,b\":1}'")
            #expect(try ledger.counts(ofRun: key).jobs == ["a,b": 1])
        }
        // A list tells of its end first; the counts it is judged by are those of the last read.
        try theatre.run(untilMinute: 30)
        #expect(try theatre.ask("SELECT outcome FROM process_runs") == ["succeeded"])
        #expect(
            try theatre.ask("SELECT count(*) FROM status_history WHERE outcome = 'failed'")
                == ["0"])
    }

    @Test func aTagWithAQuoteIsStillJSON() throws {
        let theatre = try Theatre([Theatre.schedule { $0.tags = ["the \"close\"", "a\\b"] }])
        try theatre.world.boot()
        try theatre.run(untilMinute: 1)
        #expect(
            try theatre.ask(
                "SELECT json_extract(tags, '$[0]'), json_extract(tags, '$[1]') FROM schedules")
                == ["the \"close\"|a\\b"])
    }
}
