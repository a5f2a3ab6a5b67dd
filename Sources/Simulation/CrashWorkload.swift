package import Engine
import Sandbox
import Timetable

/// A workload of one start, short enough to die at every single point of it.
///
/// Within a transaction every death leaves the same file, so tests die at each BEGIN and COMMIT,
/// each effect and each answer; `scripts/simulate --deaths` dies at every SQL step as well.
package struct CrashWorkload: Sendable {
    package let name: String
    private let faults: [FaultRule]
    /// A person's run is open all the time, and allowed.
    private let hasOpenRun: Bool
    /// The API's seconds begin so long after ours do.
    private let clockPhaseMilliseconds: Int64?
    /// Half a minute after the start, the ledger from before the slot is put back.
    private let putsLedgerBack: Bool

    private init(
        _ name: String, _ faults: [FaultRule] = [], hasOpenRun: Bool = false,
        clockPhaseMilliseconds: Int64? = nil, putsLedgerBack: Bool = false
    ) {
        self.name = name
        self.faults = faults
        self.hasOpenRun = hasOpenRun
        self.clockPhaseMilliseconds = clockPhaseMilliseconds
        self.putsLedgerBack = putsLedgerBack
    }

    /// The workloads that are died in at every point.
    package static var all: [CrashWorkload] {
        var expired = Fault()
        expired.revokesTokens = true
        return [
            CrashWorkload("a plain start"),
            CrashWorkload("a lost answer", [.next(.lostAfter(), operation: "runProcess")]),
            CrashWorkload("a lost request", [.next(.lostBefore, operation: "runProcess")]),
            CrashWorkload(
                "a 500 after creation", [.next(.error(500, acts: true), operation: "runProcess")]),
            CrashWorkload(
                "a gateway that acts late",
                [
                    .next(
                        .foreign(504, acts: true, actsAfterMilliseconds: 28_000),
                        operation: "runProcess")
                ]),
            CrashWorkload("a 401 that is renewed", [.next(expired, operation: "runProcess")]),
            CrashWorkload(
                "a 429 with a hint",
                [
                    .next(
                        .rateLimited(operation: "runProcess", seconds: 20, header: true),
                        operation: "runProcess")
                ]),
            CrashWorkload(
                "a list that fails first",
                [.next(.error(500, acts: false), operation: "listProcesses")]),
            CrashWorkload("a list that fails until the slot is due", [failingLists]),
            CrashWorkload(
                "a hint for all while a run is open",
                [
                    .next(
                        .rateLimited(operation: "listJobs", seconds: 90, header: true),
                        operation: "runProcess")
                ], hasOpenRun: true),
            CrashWorkload(
                "a lost request beside an older run",
                [.next(.lostBefore, operation: "runProcess")], hasOpenRun: true),
            CrashWorkload("an older ledger that is put back", putsLedgerBack: true),
            // The answers that tell of the server's clock come just after its second has begun.
            CrashWorkload(
                "a lost answer of a clock that shows seconds",
                [.next(.lostAfter(), operation: "runProcess")], clockPhaseMilliseconds: 985),
            CrashWorkload(
                "a gateway's 404 behind which the API acts",
                [.next(.foreign(404, acts: true), operation: "runProcess")]),
        ]
    }

    /// Fails at 30, 28, 24 and 16 s before the slot.
    private static var failingLists: FaultRule {
        var rule = FaultRule(.error(500, acts: false), operation: "listProcesses")
        rule.times = 4
        return rule
    }

    /// What came of one telling.
    package struct Outcome: Sendable {
        package var violations: [String]
        /// None: the workload has been died in everywhere.
        package var deaths: Int
        package var runs: Int
    }

    /// Runs it once.
    ///
    /// - Parameters:
    ///   - path: its database, migrated.
    ///   - dieAt: the point of the first death, counted from 1.
    ///   - thenAt: the point of a death in the life after it; nil: none.
    ///   - everyStep: counts every SQL step.
    ///   - guards: negative tests switch some off.
    /// - Returns: what was found at the end.
    /// - Throws: `StoreError`.
    package func play(
        path: String, dieAt: Int, thenAt: Int? = nil, everyStep: Bool = false,
        guards: Guards = Guards()
    ) throws -> Outcome {
        let simulator = Simulator(
            path: path, configuration: Self.configuration, sandbox: sandbox, time: Self.begin,
            recompile: RandomRules.compile)
        simulator.plan.guards = guards
        simulator.plan.diesAtEveryStep = everyStep
        simulator.plan.dieAt = dieAt
        if hasOpenRun {
            simulator.sandbox.startByPerson(process: "p1", user: "person", at: Self.begin)
        }
        var checker = Checker()
        try simulator.boot()
        let end = Self.begin.adding(milliseconds: 900_000)
        var deaths = 0
        func live(until end: Instant) throws {
            while try !simulator.run(until: end) {
                deaths += 1
                try checker.check(simulator)
                simulator.plan.dieAt = deaths == 1 ? thenAt : nil
                simulator.rest(until: simulator.time.adding(milliseconds: 2_000))
                try simulator.boot()
            }
        }
        if putsLedgerBack {
            let copy = path + "-copy"
            try live(until: Self.begin.adding(milliseconds: 20_000))
            try simulator.inspect { try $0.copy(to: copy) }
            try live(until: Self.begin.adding(milliseconds: 90_000))
            simulator.kill()
            simulator.path = copy
            try simulator.boot()
        }
        try live(until: end)
        try checker.check(simulator, healedAt: Self.begin.adding(milliseconds: 300_000))
        return Outcome(
            violations: checker.violations, deaths: deaths,
            runs: simulator.sandbox.runs.count { $0.requestNumber != nil })
    }

    /// A minute before its slot is due.
    private static let begin = RandomWorkload.start.adding(milliseconds: 1_110_000)

    private var sandbox: SandboxState {
        var scenario = Scenario()
        scenario.latencyMilliseconds = 20...80
        scenario.listDelayMilliseconds = 5_000...8_000
        scenario.clockPhaseMilliseconds = clockPhaseMilliseconds
        let milliseconds: Int64 = hasOpenRun ? 3_600_000 : 30_000
        let job = SandboxJob(
            .sendTask, title: "Check", durationMilliseconds: milliseconds...milliseconds + 30_000)
        scenario.processes = [
            SandboxProcess(
                id: "p1", name: "Close",
                root: .group(name: "All", parallel: false, children: [.job(job)]))
        ]
        scenario.faults = faults
        return SandboxState(seed: 1, scenario: scenario)
    }

    private static var configuration: EngineConfiguration {
        let connection = Connection(
            name: "prod", baseURL: "https://api.example.com", apiVersion: "2026-01-01")
        var schedule = RandomRules.every(20, name: "close", process: "p1", connection: "prod")
        schedule.poll.maxMilliseconds = 300_000
        schedule.overlap = .allow
        return EngineConfiguration(
            contentHash: "1", connections: ["prod": connection], schedules: [schedule])
    }
}
