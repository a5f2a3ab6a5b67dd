import Engine
import ProcessesAPI
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Limits that a 429 names: one operation's own, or one over all that names the operation it met.
@Suite struct OperationLimitTests {
    /// Twenty processes with a run each quarter of an hour.
    private static func fixture(
        _ requests: Int, isPerOperation: Bool, windowSeconds: Int64 = 60
    ) throws -> Fixture {
        let schedules = (0..<20).map {
            Fixture.schedule("s\($0)", process: "q\($0)") { $0.overlap = .allow }
        }
        let fixture = try Fixture(schedules, runMinutes: 3...3) { scenario in
            scenario.processes = (0..<20).map { number in
                var process = scenario.processes[0]
                process.id = "q\(number)"
                return process
            }
            var limit = RateLimit(requests: requests, windowSeconds: windowSeconds)
            limit.isPerOperation = isPerOperation
            scenario.rateLimit = limit
        }
        fixture.simulator.sandbox.log.keepsEntries = true
        return fixture
    }

    private static let inForce = """
        SELECT operation, requests FROM operation_limits
        UNION ALL SELECT 'all', learned_requests FROM connections
        WHERE learned_requests IS NOT NULL ORDER BY 1
        """

    @Test(arguments: [true, false])
    func itIsLearnedForWhatItIsOver(isPerOperation: Bool) throws {
        let fixture = try Self.fixture(15, isPerOperation: isPerOperation)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 119)
        let limits = try fixture.ask(Self.inForce)
        if isPerOperation {
            #expect(limits.contains("runProcess|15"), "\(limits)")
            #expect(!limits.contains("all|15"), "\(limits)")
        } else {
            #expect(limits == ["all|15"])
        }
        let budgets = try LedgerReader(path: fixture.simulator.path).budgets()
        #expect(budgets.map(\.startLimit?.requests) == [isPerOperation ? 15 : nil])
        // Once it is known it is kept: refusals belong to the first slots.
        let refused = fixture.simulator.sandbox.log.entries.filter { $0.status == 429 }
        let late = Instant(seconds: 1_795_496_400 + 50 * 60)
        #expect(refused.count(where: { $0.at > late }) == 0, "\(refused.map(\.at))")
        #expect(!refused.isEmpty)
        #expect(fixture.simulator.earlyRequests == [])
        #expect(fixture.simulator.sandbox.runs.count == 20 * 7)
        try fixture.check()
    }

    @Test func aLimitOfOneOperationSlowsNoOther() throws {
        let fixture = try Self.fixture(1_000, isPerOperation: false)
        let simulator = fixture.simulator
        simulator.sandbox.inject(
            .next(
                .rateLimited(
                    operation: "getProcessRun", seconds: 5, header: false, requests: 1,
                    window: 86_400), operation: "getProcessRun"))
        try simulator.boot()
        try fixture.run(untilMinute: 29)
        // One a day would end all following of runs: six a minute are kept.
        #expect(try fixture.ask(Self.inForce) == ["getProcessRun|6"])
        #expect(try fixture.alarms(.limit) == ["prod"])
        let reads = simulator.sandbox.log.entries.filter { $0.operation == "getProcessRun" }
            .map(\.at).dropFirst()
        #expect(zip(reads, reads.dropFirst(6)).allSatisfy { $1.since($0) >= 60_000 })
        try fixture.run(untilMinute: 30, second: 20)
        #expect(simulator.starts.count == 40)
        // A death and a new name keep it; a person lifts it.
        simulator.kill()
        try simulator.boot()
        try fixture.run(untilMinute: 31)
        #expect(try fixture.ask(Self.inForce) == ["getProcessRun|6"])
        simulator.command(.unblock(connection: "prod"))
        try fixture.run(untilMinute: 32)
        #expect(try fixture.ask(Self.inForce) == [])
        #expect(try fixture.alarms(.limit) == [])
        try fixture.check()
    }
}
