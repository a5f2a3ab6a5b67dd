import Engine
import ProcessesAPI
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Runs that a read doesn't find: what makes them lost, and what doesn't
/// (docs/protocol.md#status-poller).
@Suite struct MissingRunTests {
    /// A slot every quarter, each run takes longer; the first one has begun at 05:15.
    private static func started(runMinutes: Int64 = 40) throws -> Fixture {
        let fixture = try Fixture([Fixture.schedule()], runMinutes: runMinutes...runMinutes)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 15, second: 20)
        #expect(try fixture.told() == "15 started")
        return fixture
    }

    private static let lists = FaultRule(
        .listing(.without(process: "p1")), operation: "listProcesses")

    @Test(arguments: [Fault.foreign(404, acts: false), .error(404, acts: false)], [1, 1000])
    func a404OnARunThatTheListShowsStartsNothingOnTopOfIt(fault: Fault, times: Int) throws {
        let fixture = try Self.started()
        var rule = FaultRule(fault, operation: "getProcessRun")
        rule.times = times
        fixture.simulator.sandbox.inject(rule)
        try fixture.run(untilMinute: 46)
        #expect(try fixture.told() == "15 started, 30 skipped, 45 skipped")
        #expect(try fixture.ask("SELECT status, outcome FROM runs") == ["running|active"])
        #expect(try fixture.ask("SELECT count(*) > 0 FROM error_log") == ["1"])
        try fixture.check()
    }

    @Test(arguments: [Fault.foreign(404, acts: false), .error(404, acts: false)])
    func one404OnARunThatNoListShowsBlocksStill(fault: Fault) throws {
        let fixture = try Self.started()
        fixture.simulator.sandbox.inject(Self.lists)
        fixture.simulator.sandbox.inject(.next(fault, operation: "getProcessRun"))
        try fixture.run(untilMinute: 49)
        #expect(try fixture.told() == "15 started, 30 skipped, 45 skipped")
        #expect(try fixture.ask("SELECT status, outcome FROM runs") == ["running|active"])
    }

    @Test func aRunThatIsNotFoundOverTenMinutesIsLostAndFollowedSlowly() throws {
        let fixture = try Self.started(runMinutes: 20_000)
        fixture.simulator.sandbox.log.keepsEntries = true
        fixture.simulator.sandbox.deleteProcess("p1", at: fixture.simulator.time)
        fixture.simulator.sandbox.inject(
            FaultRule(.error(404, acts: false), operation: "getProcessRun"))
        try fixture.run(untilMinute: 24)
        #expect(try fixture.ask("SELECT status, outcome FROM runs") == ["running|active"])
        try fixture.run(untilMinute: 60)
        // Its status is what the API said last; the judgement is ours.
        #expect(try fixture.ask("SELECT status, outcome FROM runs") == ["running|lost"])
        #expect(
            try fixture.ask("SELECT kind FROM attention WHERE kind LIKE 'run%'") == ["run lost"])
        let before = fixture.requests("getProcessRun")
        try fixture.run(untilMinute: 3 * 1440)
        #expect(fixture.requests("getProcessRun") - before <= 13)
        // One row that counts.
        #expect(
            try fixture.ask(
                "SELECT http_status FROM error_log WHERE operation = 'getProcessRun'") == ["404"])
        fixture.simulator.sandbox.removeFaults()
        try fixture.run(untilMinute: 3 * 1440 + 370)
        #expect(try fixture.ask("SELECT status, outcome FROM runs") == ["running|active"])
    }

    /// A sandbox that was started anew knows none of the runs: each answer woke the slots behind
    /// it, and they asked again at once, with all of the budget.
    @Test(arguments: [
        Fault.error(404, acts: false), .error(403, acts: false), .foreign(404, acts: false),
    ])
    func aRunThatCannotBeReadIsAskedForWithGrowingGapsByTheSlotsBehindIt(fault: Fault) throws {
        let fixture = try Self.started(runMinutes: 20_000)
        fixture.simulator.sandbox.inject(Self.lists)
        var rule = FaultRule(fault, operation: "getProcessRun")
        rule.times = 1_000_000
        fixture.simulator.sandbox.inject(rule)
        let before = fixture.requests("getProcessRun")
        try fixture.run(untilMinute: 30, second: 59)
        #expect(fixture.requests("getProcessRun") - before <= 20)
        try fixture.run(untilMinute: 55)
        #expect(fixture.requests("getProcessRun") - before <= 80)
        // One answer that tells, and the slot goes on within the gap.
        fixture.simulator.sandbox.removeFaults()
        try fixture.run(untilMinute: 60, second: 40)
        #expect(try fixture.told().hasSuffix("60 skipped"))
        try fixture.check()
    }

    @Test func slotsThatSkipForARunThatIsNotFoundSayThatItIsNotFound() throws {
        let fixture = try Fixture([Fixture.schedule(every: 1)], runMinutes: 20_000...20_000)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 4)
        func words() throws -> String {
            try fixture.ask("SELECT what_to_do FROM attention WHERE kind = 'overlap'").joined()
        }
        #expect(try words().contains("close it in Workiva"))
        fixture.simulator.sandbox.inject(Self.lists)
        var rule = FaultRule(.error(404, acts: false), operation: "getProcessRun")
        rule.times = 1_000
        fixture.simulator.sandbox.inject(rule)
        // Two minutes for the list that doesn't show it, two for the read.
        try fixture.run(untilMinute: 11)
        #expect(try words().contains("the API has not known it since 2026-11-24T05:"))
    }

    @Test func aLostRunThatTheListShowsAgainBlocksAgain() throws {
        let fixture = try Fixture([Fixture.schedule(every: 120)], runMinutes: 20_000...20_000)
        try fixture.simulator.boot()
        fixture.simulator.command(.trigger(schedule: "s", uuid: "u", force: false, reason: ""))
        try fixture.run(untilMinute: 2)
        let reads = FaultRule(.error(404, acts: false), operation: "getProcessRun")
        fixture.simulator.sandbox.inject(Self.lists)
        fixture.simulator.sandbox.inject(reads)
        try fixture.run(untilMinute: 44)
        #expect(try fixture.ask("SELECT outcome FROM runs") == ["lost"])
        fixture.simulator.sandbox.removeFaults()
        fixture.simulator.sandbox.inject(reads)
        // The list that is fetched ahead of the slot shows it.
        try fixture.run(untilMinute: 61)
        #expect(try fixture.told().hasSuffix("60 skipped"))
        #expect(try fixture.ask("SELECT outcome FROM runs") == ["active"])
        #expect(fixture.simulator.sandbox.runs.count == 1)
    }

    @Test func aRunThatHasEndedKeepsItsEnd() throws {
        let fixture = try Fixture([Fixture.schedule(every: 1440)], runMinutes: 5...5)
        try fixture.simulator.boot()
        fixture.simulator.command(.trigger(schedule: "s", uuid: "u", force: false, reason: ""))
        try fixture.run(untilMinute: 20)
        #expect(try fixture.ask("SELECT status, outcome FROM runs") == ["complete|succeeded"])
        fixture.simulator.sandbox.deleteProcess("p1", at: fixture.simulator.time)
        fixture.simulator.sandbox.inject(
            FaultRule(.error(404, acts: false), operation: "getProcessRun"))
        try fixture.run(untilMinute: 2 * 1440)
        #expect(try fixture.ask("SELECT status, outcome FROM runs") == ["complete|succeeded"])
        #expect(try fixture.ask("SELECT next_poll_at FROM runs") == [""])
    }
}
