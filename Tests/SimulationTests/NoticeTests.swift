import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Who is told of what happens, at least once each, whenever the daemon dies.
@Suite struct NoticeTests {
    private static func fixture(
        _ schedules: [Schedule] = [Fixture.schedule()], targets: [String] = ["ops"],
        plan: Simulator.Plan = Simulator.Plan(), edit: (inout Scenario) -> Void = { _ in }
    ) throws -> Fixture {
        let fixture = try Fixture(schedules, plan: plan, edit: edit)
        let route = Dictionary(
            uniqueKeysWithValues: EventFamily.allCases.map { ($0, Set(targets)) })
        fixture.simulator.configuration.notices = NoticePlan(
            targets: Dictionary(
                uniqueKeysWithValues: targets.map { ($0, NoticePlan.Target()) }),
            schedules: schedules.map { ($0.name, $0.connection, route) }, defaults: route)
        return fixture
    }

    /// Kinds of the events of each message, in the order of their sending.
    private static func told(_ fixture: Fixture) -> [String] {
        fixture.simulator.delivered.map { delivery in
            delivery.events.map(\.kind.rawValue).joined(separator: " ")
        }
    }

    private static func failing(_ scenario: inout Scenario) {
        scenario.processes[0].endings.error = 1
        scenario.processes[0].endings.complete = 0
        scenario.processes[0].endings.healsAfterMilliseconds = 1_200_000
    }

    @Test func aRunInErrorIsToldWithinHalfAMinuteOfBeingSeenAndSoIsItsEnd() throws {
        let fixture = try Self.fixture([Fixture.schedule(every: 60)], edit: Self.failing)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 110)
        #expect(Self.told(fixture) == ["run_in_error", "recovered"])
        #expect(fixture.simulator.delivered.first?.events.first?.schedule == "s")
        #expect(
            try fixture.ask("SELECT target, state, attempts, kinds FROM delivery_log")
                == ["ops|delivered|1|run_in_error 1", "ops|delivered|1|recovered 1"])
        try fixture.check()
    }

    /// 40 schedules whose starts are all refused in the same minute.
    @Test func aStormIsOneMessageThatCounts() throws {
        let schedules = (0..<40).map { number in
            Fixture.schedule("s\(number)", every: 60) { $0.overlap = .allow }
        }
        let fixture = try Self.fixture(schedules)
        var refusal = FaultRule(.error(403, acts: false), operation: "runProcess")
        refusal.times = 40
        fixture.simulator.sandbox.inject(refusal)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 75)
        let storm = fixture.simulator.delivered.filter { $0.counts[.slotFailed] != nil }
        #expect(storm.reduce(0) { $0 + ($1.counts[.slotFailed] ?? 0) } == 40)
        #expect(storm.count <= 2, "\(Self.told(fixture))")
    }

    /// One turn makes ten thousand: one message, with so many events as a person reads, and all counted.
    @Test func tenThousandEventsAreOneMessage() throws {
        let fixture = try Self.fixture([Fixture.schedule(every: 60)])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 10)
        try fixture.simulator.inspect {
            try $0.database.execute(
                """
                WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
                INSERT INTO events (kind, subject, words, schedule)
                SELECT 'slot_failed', 's@' || i, 'storm ' || i, 's' FROM n;
                """)
        }
        try fixture.run(untilMinute: 75)
        let storm = fixture.simulator.delivered.filter { $0.counts[.slotFailed] != nil }
        #expect(storm.count == 1)
        #expect(storm.first?.counts[.slotFailed] == 10_000)
        #expect((1...50).contains(storm.first?.events.count ?? 0))
        #expect(
            try fixture.ask(
                "SELECT state, attempts FROM delivery_log WHERE kinds LIKE 'slot_failed%'")
                == ["delivered|1"])
        try fixture.check()
    }

    @Test func aTargetThatIsDownGetsItLaterAndItsOwnWishIsKept() throws {
        let fixture = try Self.fixture([Fixture.schedule(every: 60)], edit: Self.failing)
        var attempts: [Instant] = []
        fixture.simulator.receiver = { [simulator = fixture.simulator] _ in
            attempts.append(simulator.time)
            return attempts.count < 3
                ? .failed(reason: "it answered 503", retryAfterMilliseconds: 600_000) : .taken
        }
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 119)
        let gaps = zip(attempts, attempts.dropFirst()).map { $1.since($0) / 1000 }
        #expect(gaps.prefix(2).allSatisfy { (600...602).contains($0) }, "\(gaps)")
        #expect(Self.told(fixture).first == "run_in_error")
    }

    /// One message is tried, the others gather behind it: a dead target is no storm when it is back.
    @Test func anOutageOfATargetIsFewMessages() throws {
        let fixture = try Self.fixture([Fixture.schedule(every: 5) { $0.overlap = .allow }])
        var refusal = FaultRule(.error(403, acts: false), operation: "runProcess")
        refusal.times = 1_000
        fixture.simulator.sandbox.inject(refusal)
        var isBack = false
        fixture.simulator.receiver = { [simulator = fixture.simulator] _ in
            isBack = simulator.time > Fixture.start.adding(milliseconds: 5 * 3_600_000)
            return isBack
                ? .taken : .failed(reason: "it answered 500", retryAfterMilliseconds: nil)
        }
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 6 * 60)
        #expect(isBack)
        let failed = fixture.simulator.delivered.reduce(0) { $0 + ($1.counts[.slotFailed] ?? 0) }
        #expect(failed >= 60)
        let counted = try #require(
            Int(try fixture.ask("SELECT count(*) FROM delivery_log").first ?? ""))
        // One every 15 minutes of the five hours, then one every five minutes.
        #expect(counted <= 20 + 1 + 12 + 1, "\(counted) messages")
    }

    @Test func aTargetThatTakesNothingForADayIsAnAlarmToldToTheOthers() throws {
        let fixture = try Self.fixture(
            [Fixture.schedule(every: 60)], targets: ["ops", "fin"], edit: Self.failing)
        fixture.simulator.receiver = { delivery in
            delivery.receiver == .target("ops")
                ? .failed(reason: "connection refused", retryAfterMilliseconds: nil) : .taken
        }
        fixture.simulator.plan.endsAtErrors = false
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 26 * 60)
        #expect(try fixture.alarms(.notify) == ["ops"])
        let told = fixture.simulator.delivered.flatMap(\.events)
            .filter { $0.kind == EventKind(.notify) }
        #expect(told.map(\.subject) == ["ops"])
        // What it was told in vain keeps the daemon from nothing.
        #expect(try fixture.told().hasPrefix("60 started"))
    }

    @Test func aTargetThatIsNotConfiguredAnyMoreIsLeftAlone() throws {
        let fixture = try Self.fixture([Fixture.schedule(every: 60)], edit: Self.failing)
        fixture.simulator.receiver = { _ in .failed(reason: "down", retryAfterMilliseconds: nil) }
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 70)
        var configuration = fixture.simulator.configuration
        configuration.contentHash = "2"
        configuration.notices = NoticePlan()
        fixture.simulator.reload(configuration)
        try fixture.run(untilMinute: 90)
        #expect(try fixture.ask("SELECT state FROM delivery_log") == ["withdrawn"])
    }

    /// A death at every transaction's edge, effect and answer, from the error to its message: each
    /// event is told, a repeat has the same id and the same content.
    @Test func aDeathAtAnyPointLosesNothing() throws {
        var coarse = Simulator.Plan()
        coarse.diesAtEveryStep = false
        let template = try Self.fixture(
            [Fixture.schedule(every: 60)], plan: coarse, edit: Self.failing)
        try template.simulator.boot()
        try template.run(untilMinute: 59)
        let calm = template.simulator.points
        try template.run(untilMinute: 75)
        let points = (calm + 1)...template.simulator.points
        try #require(points.count > 40)
        for point in points {
            var plan = coarse
            plan.dieAt = point
            let fixture = try Self.fixture(
                [Fixture.schedule(every: 60)], plan: plan, edit: Self.failing)
            var seen: [Delivery] = []
            fixture.simulator.receiver = {
                seen.append($0)
                return .taken
            }
            try fixture.simulator.boot()
            let end = Instant(seconds: 1_795_496_400 + 90 * 60)
            while try !fixture.simulator.run(until: end) {
                fixture.simulator.plan.dieAt = nil
                fixture.simulator.rest(until: fixture.simulator.time.adding(milliseconds: 2_000))
                try fixture.simulator.boot()
            }
            let kinds = Set(seen.flatMap(\.events).map(\.kind))
            #expect(kinds.isSuperset(of: [.runInError, .recovered]), "death at \(point): \(kinds)")
            for (_, repeats) in Dictionary(grouping: seen, by: \.id) {
                #expect(Set(repeats.map { $0.events.map(\.eventID) }).count == 1)
            }
        }
    }

    @Test func aHeartbeatHearsOfEachStartSuccessAndFailureAndPeopleDoNot() throws {
        let fixture = try Self.fixture([
            Fixture.schedule(every: 30), Fixture.schedule("quiet", every: 30, process: "p2"),
        ])
        fixture.simulator.configuration.notices.heartbeats = ["s"]
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 50)
        var refusal = FaultRule(.error(403, acts: false), operation: "runProcess")
        refusal.times = 2
        fixture.simulator.sandbox.inject(refusal)
        try fixture.run(untilMinute: 80)
        let beats = fixture.simulator.delivered.filter { $0.receiver == .heartbeat(of: "s") }
        #expect(beats.compactMap { $0.events.first?.kind.beat } == [.start, .success, .fail])
        let others = fixture.simulator.delivered.filter { $0.receiver == .target("ops") }
            .flatMap(\.events)
        #expect(others.allSatisfy { $0.kind == .slotFailed }, "\(others)")
    }
}
