import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Nothing stands still in silence, and what people decide is checked (issue rows K5 and K6).
@Suite struct WaitingTests {
    private func waiting(_ fixture: Fixture) throws -> [String] {
        try fixture.ask(
            "SELECT subject || ' ' || what_to_do FROM attention WHERE kind = 'waiting'")
    }

    /// What keeps a slot waiting, and the words that must be in `attention` for it.
    @Test(arguments: ["drain", "outage", "hint", "queue"])
    func aSlotThatWaitsPastItsStartWithinIsInAttentionWithTheCause(why: String) throws {
        let fixture = try Fixture(
            [
                Fixture.schedule(every: 720) {
                    $0.overlap = .queue
                    $0.startWithinMilliseconds = 600_000
                    $0.trigger = .rule(
                        FiringRule(kind: .every(milliseconds: 21_600_000), zone: .utc))
                    $0.ruleText = "every 360"
                    $0.ruleSource = "every 360"
                }
            ], runMinutes: 600...600)
        let simulator = fixture.simulator
        try simulator.boot()
        // The slot is of 06:00.
        try fixture.run(untilMinute: 50)
        let cause: String
        switch why {
        case "drain":
            simulator.command(.drain(reason: ""))
            cause = "draining"
        case "outage":
            simulator.sandbox.inject(FaultRule(.unreachable(isCertificate: false)))
            cause = "can't be reached"
        case "hint":
            simulator.sandbox.inject(
                .next(
                    .rateLimited(operation: "runProcess", seconds: 7200, header: true),
                    operation: "runProcess"))
            cause = "asked us to wait"
        default:
            simulator.sandbox.startByPerson(process: "p1", user: "person", at: simulator.time)
            cause = "queued behind run"
        }
        try fixture.run(untilMinute: 69)
        #expect(try waiting(fixture) == [])
        try fixture.run(untilMinute: 71)
        let rows = try waiting(fixture)
        #expect(rows.count == 1)
        #expect(rows.first?.hasPrefix("s@2026-11-24T06:00:00Z ") == true)
        #expect(rows.first?.contains(cause) == true, "\(rows)")
        // It goes with its cause.
        simulator.sandbox.removeFaults()
        simulator.command(.resume(schedule: nil))
        simulator.command(.unblock(connection: "prod"))
        for run in simulator.sandbox.runs where run.createdAt <= simulator.time {
            simulator.sandbox.setRunStatus(run.id, .cancelled, at: simulator.time)
        }
        try fixture.run(untilMinute: 85)
        #expect(try fixture.told() == "60 started")
        #expect(try waiting(fixture) == [])
    }

    // MARK: resolve

    private func held(_ fixture: Fixture) throws -> SlotRow {
        fixture.simulator.sandbox.inject(.next(.lostBefore, operation: "runProcess"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 20)
        return try #require(try fixture.slots().first)
    }

    @Test func aRunThatTheAPIDoesNotKnowIsRefusedInWords() throws {
        let fixture = try Fixture([Fixture.schedule { $0.unknownStart = .hold }])
        let slot = try held(fixture)
        fixture.simulator.command(.resolve(slotID: slot.slotID, .run(id: "TYPO")))
        try fixture.run(untilMinute: 21)
        #expect(fixture.simulator.replies.map(\.exitCode) == [3])
        #expect(fixture.simulator.replies[0].message.contains("knows no run TYPO"))
        #expect(try fixture.slots().first?.disposition == .held)
        #expect(try fixture.ask("SELECT count(*) FROM process_runs WHERE run_id = 'TYPO'") == ["0"])
    }

    @Test func aRunOfAnotherProcessIsRefusedInWords() throws {
        let fixture = try Fixture([Fixture.schedule { $0.unknownStart = .hold }])
        let slot = try held(fixture)
        let started = fixture.simulator.sandbox.startByPerson(
            process: "p2", user: "person", at: fixture.simulator.time)
        let other = try #require(started)
        fixture.simulator.command(.resolve(slotID: slot.slotID, .run(id: other)))
        try fixture.run(untilMinute: 21)
        #expect(fixture.simulator.replies.map(\.exitCode) == [4])
        #expect(fixture.simulator.replies[0].message.contains("of process p2"))
        #expect(try fixture.slots().first?.disposition == .held)
    }

    @Test(arguments: ["run", "start", "drop"])
    func aSlotInDoubtIsResolvedToo(how: String) throws {
        let fixture = try Fixture([Fixture.schedule { $0.overlap = .allow }])
        let simulator = fixture.simulator
        simulator.sandbox.inject(.next(.lostBefore, operation: "runProcess"))
        simulator.sandbox.inject(
            FaultRule(.listing(.without(process: "p1")), operation: "listProcesses"))
        try simulator.boot()
        try fixture.run(untilMinute: 25)
        let slot = try #require(try fixture.slots().first)
        #expect(slot.disposition == .unknown)
        simulator.sandbox.removeFaults()
        switch how {
        case "run":
            let started = simulator.sandbox.startByPerson(
                process: "p1", user: "person", at: simulator.time)
            let run = try #require(started)
            simulator.command(.resolve(slotID: slot.slotID, .run(id: run)))
        case "start": simulator.command(.resolve(slotID: slot.slotID, .start))
        default: simulator.command(.resolve(slotID: slot.slotID, .drop))
        }
        try fixture.run(untilMinute: 27)
        #expect(simulator.replies.map(\.exitCode) == [0])
        #expect(try fixture.slots().first?.disposition == (how == "drop" ? .cancelled : .started))
        #expect(try fixture.alarms(.undecided) == [])
    }

    /// Which run is whose couldn't be told apart; once it is decided, what waits behind it goes.
    @Test func whatWaitsBehindASlotInDoubtGoesOnceItIsResolved() throws {
        let fixture = try Fixture([Fixture.schedule { $0.overlap = .allow }])
        let simulator = fixture.simulator
        simulator.sandbox.inject(.next(.lostBefore, operation: "runProcess"))
        simulator.sandbox.inject(
            FaultRule(.listing(.without(process: "p1")), operation: "listProcesses"))
        try simulator.boot()
        try fixture.run(untilMinute: 31)
        simulator.command(.trigger(schedule: "s", uuid: "u", force: true, reason: "now"))
        try fixture.run(untilMinute: 33)
        let waiting = try fixture.slots()
        #expect(waiting.map(\.disposition) == [.unknown, .pending, .pending])
        #expect(fixture.requests("runProcess") == 1)
        for slot in waiting.dropFirst() {
            #expect(slot.reason.contains("is in doubt"), "said: \(slot.reason)")
        }
        simulator.sandbox.removeFaults()
        simulator.command(.resolve(slotID: try #require(waiting.first).slotID, .drop))
        try fixture.run(untilMinute: 40)
        #expect(
            try fixture.slots().map(\.disposition) == [.cancelled, .started, .started])
        try fixture.check()
    }

    @Test func aStartIsNotDecidedWhileTheAPIMayStillAct() throws {
        let fixture = try Fixture()
        let simulator = fixture.simulator
        simulator.sandbox.inject(.next(.lostBefore, operation: "runProcess"))
        try simulator.boot()
        try fixture.run(untilMinute: 15, second: 10)
        let slot = try #require(try fixture.slots().first)
        #expect(slot.disposition == .unknown)
        simulator.command(.resolve(slotID: slot.slotID, .start))
        try fixture.run(untilMinute: 15, second: 12)
        #expect(simulator.replies.map(\.exitCode) == [4])
        #expect(try fixture.slots().first?.disposition == .unknown)
    }

    // MARK: Data, not words

    @Test func aCountWhoseNameHasACommaIsCountedAsItself() throws {
        var rules = OutcomeRules()
        rules.failIf = [
            OutcomeRules.Condition(status: "b", ofTotal: false, comparison: .greater, threshold: 0)
        ]
        let fixture = try Fixture(
            [Fixture.schedule(every: 720) { $0.outcome = rules }], runMinutes: 10...10)
        let simulator = fixture.simulator
        try simulator.boot()
        simulator.command(.trigger(schedule: "s", uuid: "u", force: false, reason: ""))
        try fixture.run(untilMinute: 3)
        try simulator.inspect { ledger in
            let key = try #require(
                try ledger.database.integer("SELECT run_key FROM process_runs"))
            try ledger.setCounts(runKey: key, actions: [], jobs: [("a,b", 1)])
            try ledger.database.run("UPDATE process_runs SET job_counts = '{\"a,b\":1}'")
            #expect(try ledger.counts(ofRun: key).jobs == ["a,b": 1])
        }
        // A list tells of its end first; the counts it is judged by are those of the last read.
        try fixture.run(untilMinute: 30)
        #expect(try fixture.ask("SELECT outcome FROM process_runs") == ["succeeded"])
        #expect(
            try fixture.ask("SELECT count(*) FROM status_history WHERE outcome = 'failed'")
                == ["0"])
    }

    @Test func aTagWithAQuoteIsStillJSON() throws {
        let fixture = try Fixture([Fixture.schedule { $0.tags = ["the \"close\"", "a\\b"] }])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 1)
        #expect(
            try fixture.ask(
                "SELECT json_extract(tags, '$[0]'), json_extract(tags, '$[1]') FROM schedules")
                == ["the \"close\"|a\\b"])
    }
}
