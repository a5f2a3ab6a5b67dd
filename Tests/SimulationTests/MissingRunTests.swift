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
    private static func started(runMinutes: Int64 = 40) throws -> Theatre {
        let theatre = try Theatre([Theatre.schedule()], runMinutes: runMinutes...runMinutes)
        try theatre.world.boot()
        try theatre.run(untilMinute: 15, second: 20)
        #expect(try theatre.told() == "15 started")
        return theatre
    }

    private static let lists = FaultRule(
        .listing(.without(process: "p1")), operation: "listProcesses")

    @Test(arguments: [Fault.foreign(404, acts: false), .error(404, acts: false)], [1, 1000])
    func a404OnARunThatTheListShowsStartsNothingOnTopOfIt(fault: Fault, times: Int) throws {
        let theatre = try Self.started()
        var rule = FaultRule(fault, operation: "getProcessRun")
        rule.times = times
        theatre.world.sandbox.inject(rule)
        try theatre.run(untilMinute: 46)
        #expect(try theatre.told() == "15 started, 30 skipped, 45 skipped")
        #expect(try theatre.ask("SELECT status, outcome FROM runs") == ["running|active"])
        #expect(try theatre.ask("SELECT count(*) > 0 FROM error_log") == ["1"])
        try theatre.check()
    }

    @Test(arguments: [Fault.foreign(404, acts: false), .error(404, acts: false)])
    func one404OnARunThatNoListShowsBlocksStill(fault: Fault) throws {
        let theatre = try Self.started()
        theatre.world.sandbox.inject(Self.lists)
        theatre.world.sandbox.inject(.next(fault, operation: "getProcessRun"))
        try theatre.run(untilMinute: 49)
        #expect(try theatre.told() == "15 started, 30 skipped, 45 skipped")
        #expect(try theatre.ask("SELECT status, outcome FROM runs") == ["running|active"])
    }

    @Test func aRunThatIsNotFoundOverTenMinutesIsLostAndFollowedSlowly() throws {
        let theatre = try Self.started(runMinutes: 20_000)
        theatre.world.sandbox.log.keepsEntries = true
        theatre.world.sandbox.deleteProcess("p1", at: theatre.world.time)
        theatre.world.sandbox.inject(
            FaultRule(.error(404, acts: false), operation: "getProcessRun"))
        try theatre.run(untilMinute: 24)
        #expect(try theatre.ask("SELECT status, outcome FROM runs") == ["running|active"])
        try theatre.run(untilMinute: 60)
        // Its status is what the API said last; the judgement is ours.
        #expect(try theatre.ask("SELECT status, outcome FROM runs") == ["running|lost"])
        #expect(
            try theatre.ask("SELECT kind FROM attention WHERE kind LIKE 'run%'") == ["run lost"])
        let before = theatre.requests("getProcessRun")
        try theatre.run(untilMinute: 3 * 1440)
        #expect(theatre.requests("getProcessRun") - before <= 13)
        // One row that counts.
        #expect(
            try theatre.ask(
                "SELECT http_status FROM error_log WHERE operation = 'getProcessRun'") == ["404"])
        theatre.world.sandbox.removeFaults()
        try theatre.run(untilMinute: 3 * 1440 + 370)
        #expect(try theatre.ask("SELECT status, outcome FROM runs") == ["running|active"])
    }

    @Test func aLostRunThatTheListShowsAgainBlocksAgain() throws {
        let theatre = try Theatre([Theatre.schedule(every: 120)], runMinutes: 20_000...20_000)
        try theatre.world.boot()
        theatre.world.command(.trigger(schedule: "s", uuid: "u", force: false, reason: ""))
        try theatre.run(untilMinute: 2)
        let reads = FaultRule(.error(404, acts: false), operation: "getProcessRun")
        theatre.world.sandbox.inject(Self.lists)
        theatre.world.sandbox.inject(reads)
        try theatre.run(untilMinute: 44)
        #expect(try theatre.ask("SELECT outcome FROM runs") == ["lost"])
        theatre.world.sandbox.removeFaults()
        theatre.world.sandbox.inject(reads)
        // The list that is fetched ahead of the slot shows it.
        try theatre.run(untilMinute: 61)
        #expect(try theatre.told().hasSuffix("60 skipped"))
        #expect(try theatre.ask("SELECT outcome FROM runs") == ["active"])
        #expect(theatre.world.sandbox.runs.count == 1)
    }

    @Test func aRunThatHasEndedKeepsItsEnd() throws {
        let theatre = try Theatre([Theatre.schedule(every: 1440)], runMinutes: 5...5)
        try theatre.world.boot()
        theatre.world.command(.trigger(schedule: "s", uuid: "u", force: false, reason: ""))
        try theatre.run(untilMinute: 20)
        #expect(try theatre.ask("SELECT status, outcome FROM runs") == ["complete|succeeded"])
        theatre.world.sandbox.deleteProcess("p1", at: theatre.world.time)
        theatre.world.sandbox.inject(
            FaultRule(.error(404, acts: false), operation: "getProcessRun"))
        try theatre.run(untilMinute: 2 * 1440)
        #expect(try theatre.ask("SELECT status, outcome FROM runs") == ["complete|succeeded"])
        #expect(try theatre.ask("SELECT next_poll_at FROM runs") == [""])
    }
}
