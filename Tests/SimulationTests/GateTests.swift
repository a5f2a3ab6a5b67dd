import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// The one gate: what may go on the wire, and when again.
@Suite struct GateTests {
    /// Lists are accepted in between, which says nothing of starts.
    @Test(arguments: ["0", "Tue, 24 Nov 2026 04:00:00 GMT"])
    func aHintOfNothingClosesTheGateForGrowingGapsAndIsInAttention(retryAfter: String) throws {
        let theatre = try Theatre([Theatre.schedule(every: 60)])
        var fault = Fault.error(429, acts: false)
        fault.headers = [("Retry-After", retryAfter)]
        theatre.world.sandbox.inject(FaultRule(fault, operation: "runProcess"))
        try theatre.world.boot()
        try theatre.run(untilMinute: 90)
        let times = theatre.world.starts.map(\.at.milliseconds)
        let gaps = zip(times, times.dropFirst()).map { ($1 - $0) / 1000 }
        #expect((5...20).contains(times.count), "\(gaps)")
        #expect(gaps.last ?? 0 >= 300, "\(gaps)")
        #expect(try theatre.alarms(.throttled) == ["prod"])
        let rows = try theatre.ask("SELECT count(*) FROM error_log")
        #expect(Int(rows.first ?? "") ?? 99 <= 20, "\(rows)")
    }

    @Test func aLearnedLimitOfOneADayIsInAttentionAndStopsNothing() throws {
        let theatre = try Theatre([Theatre.schedule { $0.overlap = .allow }])
        theatre.world.sandbox.inject(
            .next(
                .rateLimited(
                    operation: "runProcess", seconds: 5, header: false, requests: 1,
                    window: 86_400), operation: "runProcess"))
        try theatre.world.boot()
        try theatre.run(untilMinute: 70)
        #expect(try theatre.alarms(.limit) == ["prod"])
        #expect(try theatre.told() == "15 started, 30 started, 45 started, 60 started")
        theatre.world.command(.unblock(connection: "prod"))
        try theatre.run(untilMinute: 71)
        #expect(try theatre.alarms(.limit) == [])
        try theatre.check()
    }

    private static func renamed(_ schedule: Schedule, hash: String) -> EngineConfiguration {
        var schedule = schedule
        schedule.connection = "live"
        return EngineConfiguration(
            contentHash: hash,
            connections: [
                "live": Connection(
                    name: "live", baseURL: "https://api.example.com", apiVersion: "2026-01-01")
            ], schedules: [schedule])
    }

    @Test(arguments: [false, true])
    func aRenamedConnectionObeysTheHintThatItsFormerNameWasGiven(isRestarted: Bool) throws {
        let theatre = try Theatre()
        var fault = Fault.error(429, acts: false)
        fault.headers = [("Retry-After", "1800")]
        theatre.world.sandbox.inject(.next(fault, operation: "runProcess"))
        try theatre.world.boot()
        try theatre.run(untilMinute: 16)
        #expect(theatre.world.starts.count == 1)
        if isRestarted { theatre.world.kill() }
        theatre.world.reload(Self.renamed(Theatre.schedule(), hash: "2"))
        if isRestarted { try theatre.world.boot() }
        try theatre.run(untilMinute: 44)
        #expect(theatre.world.starts.count == 1)
        #expect(try theatre.ask("SELECT connection FROM hints ORDER BY 1") == ["live", "prod"])
        try theatre.run(untilMinute: 46)
        #expect(theatre.world.starts.count == 2)
    }

    @Test func aConnectionThatIsGoneWhileItsTokenComesGetsOneWhenItIsBack() throws {
        let theatre = try Theatre()
        var slow = Fault()
        slow.delayMilliseconds = 20_000
        theatre.world.sandbox.inject(.next(slow, operation: "token"))
        try theatre.world.boot()
        try theatre.run(untilMinute: 14, second: 35)
        #expect(theatre.requests("token") == 1)
        let kept = theatre.world.configuration
        theatre.world.reload(
            EngineConfiguration(contentHash: "2", connections: [:], schedules: []))
        try theatre.run(untilMinute: 16)
        theatre.world.reload(kept)
        try theatre.run(untilMinute: 31)
        #expect(try theatre.told() == "30 started")
    }

    @Test func aTokenOfOneAddressIsNeverSentToAnother() throws {
        let theatre = try Theatre([Theatre.schedule { $0.overlap = .allow }])
        try theatre.world.boot()
        try theatre.run(untilMinute: 16)
        #expect(theatre.requests("token") == 1)
        var moved = theatre.world.configuration
        moved.contentHash = "2"
        moved.connections["prod"] = Connection(
            name: "prod", baseURL: "https://api.elsewhere.example.com", apiVersion: "2026-01-01")
        theatre.world.reload(moved)
        theatre.world.command(.trigger(schedule: "s", uuid: "u", force: true, reason: ""))
        try theatre.run(untilMinute: 18)
        #expect(theatre.world.starts.count == 2)
        #expect(theatre.requests("token") == 2)
    }

    @Test func aSecretThatWasMendedIsTriedAtOnceAfterARestart() throws {
        let theatre = try Theatre()
        theatre.world.secrets["prod"] = "expired"
        try theatre.world.boot()
        try theatre.run(untilMinute: 14, second: 45)
        #expect(try theatre.alarms(.credential) == ["prod"])
        theatre.world.kill()
        theatre.world.secrets["prod"] = nil
        try theatre.world.boot()
        try theatre.run(untilMinute: 14, second: 50)
        #expect(try theatre.alarms(.credential) == [])
        try theatre.run(untilMinute: 15, second: 5)
        #expect(try theatre.told() == "15 started")
        try theatre.check()
    }

    @Test func theOldDateOfACopyMakesNobodyDoubtTheClock() throws {
        let theatre = try Theatre([Theatre.schedule(every: 5) { $0.overlap = .allow }])
        var copy = Fault()
        copy.dateSkewMilliseconds = -600_000
        theatre.world.sandbox.inject(FaultRule(copy, operation: "listProcesses"))
        try theatre.world.boot()
        try theatre.run(untilMinute: 31)
        #expect(
            try theatre.ask("SELECT count(*) FROM events WHERE kind = 'clock'") == ["0"])
        // A copy is no look: each start waits for one as long as its patience, the last one still does.
        #expect(theatre.world.starts.count == 5)
    }

    /// Its lists look like copies until the answer to a POST tells; the token in use stays in use.
    @Test(arguments: [0, 4])
    func aServerWhoseClockIsSetBackAloneIsBelievedOnceAPostTells(tokensRefused: Int) throws {
        let theatre = try Theatre([Theatre.schedule { $0.overlap = .allow }]) {
            $0.tokenLifetimeSeconds = 7_200
        }
        let world = theatre.world
        var configuration = world.configuration
        configuration.connections["prod"]?.lookPatienceMilliseconds = 5_000
        world.reload(configuration)
        try world.boot()
        try theatre.run(untilMinute: 29)
        world.sandbox.scenario.clockSkewMilliseconds = -10_000
        for _ in 0..<tokensRefused {
            world.sandbox.inject(.next(.error(500, acts: false), operation: "token"))
        }
        try theatre.run(untilMinute: 31)
        let slots = try theatre.slots()
        #expect(try theatre.told() == "15 started, 30 started")
        let start = try #require(world.starts.last)
        #expect(start.at.since(try #require(slots.last).slotAt) <= 8_000)
        #expect(try theatre.ask("SELECT kind FROM events WHERE kind = 'clock'") == [])
        try theatre.run(untilMinute: 46)
        #expect(try theatre.told() == "15 started, 30 started, 45 started")
        #expect(try theatre.alarms(.cachedAnswers) == [])
        let baselines = try theatre.ask("SELECT baseline FROM attempts ORDER BY attempt_id")
        #expect(baselines.last == world.sandbox.runs.dropLast().last?.id, "\(baselines)")
        try theatre.check()
    }
}
