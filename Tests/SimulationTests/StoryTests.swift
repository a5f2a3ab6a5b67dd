import Engine
import ProcessesAPI
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Stories of single slots, driven with virtual clocks; nothing sleeps.
@Suite struct StoryTests {
    @Test func aDueSlotStartsOneRunAndIsFollowedToItsEnd() throws {
        let world = try Stage.world(name: "plain")
        try world.boot()
        try world.run(until: Stage.start.adding(milliseconds: 50 * 60_000))
        var checker = Checker()
        try checker.check(world, healedAt: Stage.start)
        #expect(checker.violations == [])
        #expect(world.sandbox.runs.count == 3)
        try world.inspect { ledger in
            let started = try ledger.database.integer(
                "SELECT count(*) FROM slots WHERE disposition = 'started'")
            #expect(started == 3)
            let succeeded = try ledger.database.integer(
                "SELECT count(*) FROM process_runs WHERE outcome = 'succeeded'")
            #expect(succeeded ?? 0 >= 2)
        }
    }

    @Test func aLostAnswerIsSettledByAdoptingItsRun() throws {
        let world = try Stage.world(name: "adopt")
        world.sandbox.inject(.next(.lostAfter(), operation: "runProcess"))
        try world.boot()
        try world.run(until: Stage.start.adding(milliseconds: 50 * 60_000))
        var checker = Checker()
        try checker.check(world, healedAt: Stage.start)
        #expect(checker.violations == [])
        try world.inspect { ledger in
            let adopted = try ledger.database.integer(
                "SELECT count(*) FROM process_runs WHERE origin = 'adopted'")
            #expect(adopted == 1)
        }
    }

    @Test func aRunThatEndedSinceTheLookSkipsNothing() throws {
        let world = try Stage.world(name: "ended since")
        try world.boot()
        // The look for the slot of 05:15:00 goes out at 05:14:30 and shows the run of 05:14:00,
        // which a person closes ten seconds before the slot.
        let due = Stage.start.adding(milliseconds: 14 * 60_000 + 30_000)
        try world.run(until: due.adding(milliseconds: -60_000))
        let run = world.sandbox.startByPerson(
            process: "p1", user: "a person", at: due.adding(milliseconds: -60_000))
        try world.run(until: due.adding(milliseconds: -10_000))
        if let run {
            world.sandbox.setRunStatus(run, .cancelled, at: due.adding(milliseconds: -10_000))
        }
        try world.run(until: due.adding(milliseconds: 10_000))
        try world.inspect { ledger in
            let slot = try ledger.slots(schedule: "close", at: due).first
            #expect(run != nil && slot?.disposition == .started)
        }
    }

    @Test func aTzdataUpdateMovesFutureSlotsAndSaysSo() throws {
        let world = try Stage.world(name: "tzdata")
        func configuration(offsetSeconds: Int) throws -> EngineConfiguration {
            let zone = Zone(fixedOffsetSeconds: offsetSeconds, name: "Test/Moved")
            let rule = FiringRule(kind: .cron(try CronRule("0 9 * * *")), zone: zone)
            return Stage.configuration {
                $0.trigger = .rule(rule)
                $0.zone = zone
                $0.ruleSource = "0 9 * * * Test/Moved"
            }
        }
        world.configuration = try configuration(offsetSeconds: 0)
        try world.boot()
        try world.run(until: Stage.start.adding(milliseconds: 60_000))
        // The same rule, compiled with new zone data: the next slot is an hour earlier.
        world.post(
            .configuration(try configuration(offsetSeconds: 3600), commandID: nil),
            afterMilliseconds: 1000)
        try world.run(until: Stage.start.adding(milliseconds: 180_000))
        try world.inspect { ledger in
            let moved = try ledger.database.first(
                "SELECT detail FROM audit WHERE action = 'slots moved'"
            ) { $0.string(0) }
            #expect(moved?.hasPrefix("2026-11-24T09:00:00Z → 2026-11-24T08:00:00Z") == true)
            let next = try ledger.schedule("close")?.nextSlotAt
            #expect(next == Instant(iso8601: "2026-11-24T08:00:00Z"))
        }
    }
}

/// What the stories share: one process, one schedule, a fixed instant.
enum Stage {
    static let start = Instant(seconds: 1_795_496_430)

    static func sandbox(seed: UInt64 = 1) -> SandboxState {
        var scenario = Scenario()
        scenario.latencyMilliseconds = 20...80
        let job = SandboxJob(
            .sendTask, title: "Check the ledger", durationMilliseconds: 60_000...300_000)
        scenario.processes = [
            SandboxProcess(
                id: "p1", name: "Close",
                root: .group(name: "All", parallel: false, children: [.job(job)]))
        ]
        return SandboxState(seed: seed, scenario: scenario)
    }

    static func configuration(
        every milliseconds: Int64 = 900_000, edit: (inout Schedule) -> Void = { _ in }
    ) -> EngineConfiguration {
        let connection = Connection(
            name: "prod", baseURL: "https://api.example.com", apiVersion: "2026-01-01")
        var schedule = Schedule(
            name: "close", process: .id("p1"), connection: "prod",
            trigger: .rule(FiringRule(kind: .every(milliseconds: milliseconds), zone: .utc)),
            ruleText: "every", zone: .utc)
        edit(&schedule)
        return EngineConfiguration(
            contentHash: "1", connections: ["prod": connection], schedules: [schedule])
    }

    static func world(name: String, seed: UInt64 = 1) throws -> World {
        World(
            path: try freshPath(name), configuration: configuration(), sandbox: sandbox(seed: seed),
            time: start)
    }
}
