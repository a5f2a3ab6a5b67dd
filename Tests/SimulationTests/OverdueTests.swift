import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Whatever a slot waits for past its `start_within`, `attention` names it (issue 10, point 5).
@Suite struct OverdueTests {
    /// What keeps the slot of 06:00 from starting, and the words that must be in its row.
    struct Obstacle: Sendable, CustomTestStringConvertible {
        let name: String
        let words: String
        /// Changes the schedule `s`.
        var edit: @Sendable (inout Schedule) -> Void = { _ in }
        /// Changes its connection.
        var connect: @Sendable (inout Connection) -> Void = { _ in }
        /// From 05:50 on.
        let arrange: @Sendable (Fixture) throws -> Void
        var testDescription: String { name }
    }

    private static let unlisted = FaultRule(
        .listing(.without(process: "p1")), operation: "listProcesses")
    private static let unreadable = FaultRule(
        .error(403, acts: false), operation: "listProcesses")

    static let obstacles = [
        Obstacle(name: "drained", words: "draining") { $0.simulator.command(.drain(reason: "")) },
        Obstacle(name: "the API is away", words: "can't be reached") {
            $0.simulator.sandbox.inject(FaultRule(.unreachable(isCertificate: false)))
        },
        Obstacle(name: "the clocks differ", words: "clock and the server's differ") {
            $0.simulator.stepClock(byMilliseconds: 300_000)
        },
        Obstacle(name: "a bad credential", words: "the credential is not accepted") {
            $0.simulator.secrets["prod"] = "expired"
            $0.simulator.sandbox.revokeTokens()
        },
        Obstacle(name: "a hint", words: "asked us to wait") {
            $0.simulator.sandbox.inject(
                .next(
                    .rateLimited(operation: "listJobs", seconds: 7200, header: true),
                    operation: "listProcesses"))
        },
        Obstacle(name: "another slot in doubt", words: "is in doubt") { fixture in
            try other(fixture, lost: .lostBefore)
            fixture.simulator.sandbox.inject(unlisted)
        },
        Obstacle(name: "itself in doubt", words: "checking whether it has created a run") {
            $0.simulator.sandbox.inject(.next(.lostBefore, operation: "runProcess"))
            try $0.run(untilMinute: 60, second: 10)
            $0.simulator.sandbox.inject(unlisted)
        },
        Obstacle(
            name: "no look", words: "waiting for a check of the process",
            connect: { $0.lookPatienceMilliseconds = 3_600_000 }
        ) { $0.simulator.sandbox.inject(unlisted) },
        Obstacle(
            name: "no look after down time", words: "the daemon was down when it was due"
        ) { fixture in
            fixture.simulator.sandbox.inject(unlisted)
            try fixture.run(untilMinute: 58)
            fixture.simulator.kill()
            fixture.rest(untilMinute: 61)
            try fixture.simulator.boot()
        },
        Obstacle(
            name: "a process that no list names", words: "looking for the process",
            edit: { $0.process = .name(pattern: "Close {yyyy}") }
        ) { $0.simulator.sandbox.inject(unreadable) },
        Obstacle(name: "another slot is held", words: "is held without a known run") { fixture in
            try other(fixture, lost: .lostBefore, minutes: 9)
        },
        Obstacle(name: "an open run", words: "queued behind run", edit: { $0.overlap = .queue }) {
            $0.simulator.sandbox.startByPerson(process: "p1", user: "person", at: $0.simulator.time)
        },
        Obstacle(
            name: "a hint for validations", words: "with validations",
            edit: { $0.validateFirst = true }
        ) {
            $0.simulator.sandbox.inject(
                .next(
                    .rateLimited(operation: "validateProcess", seconds: 7200, header: true),
                    operation: "validateProcess"))
        },
        Obstacle(
            name: "validations that a firewall answers", words: "could not be validated",
            edit: { $0.validateFirst = true }
        ) {
            $0.simulator.sandbox.inject(
                FaultRule(.gateway(403, .html, acts: false), operation: "validateProcess"))
        },
        Obstacle(
            name: "refused again and again", words: "again at",
            edit: { $0.retry.maxAttempts = nil }
        ) {
            $0.simulator.sandbox.inject(
                FaultRule(.error(503, acts: false), operation: "runProcess"))
        },
        Obstacle(name: "a moment's wait that is asked for again and again", words: "asked us") {
            var fault = Fault.error(429, acts: false)
            fault.headers = [("Retry-After", "1")]
            $0.simulator.sandbox.inject(FaultRule(fault, operation: "runProcess"))
        },
        Obstacle(name: "no token", words: "waiting for an access token") {
            $0.simulator.sandbox.revokeTokens()
            $0.simulator.sandbox.inject(
                FaultRule(
                    .rateLimited(operation: "token", seconds: 7200, header: true),
                    operation: "token"))
        },
        Obstacle(
            name: "no budget", words: "waiting for the rate budget",
            connect: {
                $0.rate.requests = 2
                $0.rate.perMilliseconds = 7_200_000
            }
        ) { _ in },
    ]

    /// A slot of another schedule on the same process, whose answer is lost.
    private static func other(
        _ fixture: Fixture, lost fault: Fault, minutes: Int64 = 0
    ) throws {
        fixture.simulator.sandbox.inject(.next(fault, operation: "runProcess"))
        fixture.simulator.command(
            .trigger(schedule: "other", uuid: "u", force: true, reason: ""))
        try fixture.run(untilMinute: 50 + minutes, second: 20)
    }

    @Test(arguments: obstacles)
    func aSlotThatWaitsTooLongIsInAttentionWithTheCause(obstacle: Obstacle) throws {
        let six = FiringRule(kind: .every(milliseconds: 21_600_000), zone: .utc)
        let fixture = try Fixture(
            [
                Fixture.schedule {
                    $0.startWithinMilliseconds = 600_000
                    $0.trigger = .rule(six)
                    $0.ruleText = "every 360"
                    $0.ruleSource = "every 360"
                    obstacle.edit(&$0)
                },
                Fixture.schedule("other") {
                    $0.trigger = .manual
                    $0.unknownStart = .hold
                },
            ], runMinutes: 600...600
        ) { $0.tokenLifetimeSeconds = 86_400 }
        var connection = try #require(fixture.simulator.configuration.connections["prod"])
        obstacle.connect(&connection)
        fixture.simulator.configuration.connections["prod"] = connection
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 50)
        try obstacle.arrange(fixture)
        try fixture.run(untilMinute: 72)
        let rows = try fixture.ask(
            "SELECT what_to_do FROM attention WHERE subject = 's@2026-11-24T06:00:00Z' "
                + "AND kind IN ('waiting', 'held')")
        let told = try fixture.told()
        #expect(rows.count == 1, "\(told)")
        #expect(rows.first?.contains(obstacle.words) == true, "\(rows)")
    }

    @Test func slotsThatTheRampHoldsBackAreInAttentionToo() throws {
        let six = FiringRule(kind: .every(milliseconds: 21_600_000), zone: .utc)
        let schedules = (0..<20).map {
            Fixture.schedule("s\($0)", process: "p\($0 % 2 + 1)") {
                $0.overlap = .allow
                $0.startWithinMilliseconds = 300_000
                $0.trigger = .rule(six)
                $0.ruleText = "every 360"
                $0.ruleSource = "every 360"
            }
        }
        let fixture = try Fixture(schedules)
        fixture.simulator.configuration.catchupPerMinute = 1
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 50)
        fixture.simulator.sandbox.inject(FaultRule(.unreachable(isCertificate: false)))
        try fixture.run(untilMinute: 62)
        fixture.simulator.sandbox.removeFaults()
        try fixture.run(untilMinute: 70)
        let rows = try fixture.ask(
            "SELECT what_to_do FROM attention WHERE kind = 'waiting'")
        let told = try fixture.ask(
            "SELECT disposition, reason, overdue_since_at, next_action_at FROM slots")
        #expect(rows.count > 5, "\(told)")
        #expect(rows.allSatisfy { $0.contains("catchup_per_minute") }, "\(rows)")
    }
}
