import Engine
import ProcessesAPI
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// A world for one story: one process `p1`, runs of one to five minutes, nothing goes wrong by itself.
struct Fixture {
    /// 2026-11-24T05:00:30Z.
    static let start = Instant(seconds: 1_795_496_430)

    let folder: TestFolder
    let simulator: Simulator

    init(
        _ schedules: [Schedule] = [Fixture.schedule()], runMinutes: ClosedRange<Int64> = 1...5,
        plan: Simulator.Plan = Simulator.Plan(), edit: (inout Scenario) -> Void = { _ in }
    ) throws {
        folder = try TestFolder()
        var scenario = Scenario()
        scenario.latencyMilliseconds = 20...80
        for id in ["p1", "p2"] {
            let job = SandboxJob(
                .sendTask, title: "Check the ledger",
                durationMilliseconds: runMinutes.lowerBound * 60_000...runMinutes.upperBound
                    * 60_000)
            scenario.processes.append(
                SandboxProcess(
                    id: id, name: "Close \(id)",
                    root: .group(name: "All", parallel: false, children: [.job(job)])))
        }
        edit(&scenario)
        simulator = Simulator(
            path: try folder.workloads.freshDatabase(),
            configuration: Self.configuration(schedules),
            sandbox: SandboxState(seed: 1, scenario: scenario), time: Self.start, plan: plan,
            recompile: Self.recompile)
    }

    static func configuration(_ schedules: [Schedule], hash: String = "1") -> EngineConfiguration {
        EngineConfiguration(
            contentHash: hash,
            connections: [
                "prod": Connection(
                    name: "prod", baseURL: "https://api.example.com", apiVersion: "2026-01-01")
            ], schedules: schedules)
    }

    /// A schedule on the hour's quarters, `s` on `p1`.
    static func schedule(
        _ name: String = "s", every minutes: Int64 = 15, process: String = "p1",
        edit: (inout Schedule) -> Void = { _ in }
    ) -> Schedule {
        var schedule = Schedule(
            name: name, process: .id(process), connection: "prod",
            trigger: .rule(FiringRule(kind: .every(milliseconds: minutes * 60_000), zone: .utc)),
            ruleText: "every \(minutes)", ruleSource: "every \(minutes)", zone: .utc)
        edit(&schedule)
        return schedule
    }

    /// Compiles `every 15`, and several of them as `every 15; every 20`.
    static let recompile: @Sendable (String) -> FiringRule? = { source in
        let minutes = source.split(separator: "; ").map { Int64($0.dropFirst(6)) }
        let parts = minutes.compactMap(\.self).map {
            FiringRule.Part(kind: .every(milliseconds: $0 * 60_000), text: "every \($0)m")
        }
        guard let first = parts.first, parts.count == minutes.count else { return nil }
        return FiringRule(kind: parts.count == 1 ? first.kind : .several(parts), zone: .utc)
    }

    /// Runs until so many minutes after 05:00.
    func run(untilMinute minute: Int64, second: Int64 = 0) throws {
        try simulator.run(until: Instant(seconds: 1_795_496_400 + minute * 60 + second))
    }

    /// Lets the daemon lie until so many minutes after 05:00.
    func rest(untilMinute minute: Int64) {
        simulator.rest(until: Instant(seconds: 1_795_496_400 + minute * 60))
    }

    /// Minute after 05:00, disposition and reason of each slot of a schedule.
    func slots(_ schedule: String = "s") throws -> [SlotRow] {
        try simulator.inspect { try $0.allSlots(schedule: schedule) }
    }

    /// `15 started, 30 skipped`: minutes after 05:00 and dispositions.
    func told(_ schedule: String = "s") throws -> String {
        try slots(schedule).map { slot in
            "\((slot.slotAt.seconds - 1_795_496_400) / 60) \(slot.disposition.rawValue)"
        }.joined(separator: ", ")
    }

    /// The invariants hold.
    func check(isHealed: Bool = false) throws {
        var checker = Checker()
        try checker.check(
            simulator, healedAt: isHealed ? simulator.wall.adding(milliseconds: -3_600_000) : nil)
        #expect(checker.violations == [])
    }

    /// Rows of a query as sqlite3 prints them.
    func ask(_ sql: String) throws -> [String] {
        try simulator.inspect { ledger in
            let columns = try ledger.database.columns(of: sql).indices
            return try ledger.database.rows(sql) { row in
                columns.map { row.string(Int32($0)) }.joined(separator: "|")
            }
        }
    }

    /// How many requests of an operation have reached the API.
    func requests(_ operation: String) -> Int {
        simulator.sandbox.log.requestsByOperation[operation, default: 0]
    }

    /// Subjects of the alarms of a kind.
    func alarms(_ kind: AlarmKind) throws -> [String] {
        try simulator.inspect { try $0.alarms(kind) }
    }
}
