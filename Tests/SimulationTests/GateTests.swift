import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// The one gate: what may go on the wire, and when again.
@Suite struct GateTests {
    /// Lists are accepted in between, which says nothing of starts.
    ///
    /// Nothing at all, or a moment that is obeyed in vain each time.
    @Test(arguments: ["0", "Tue, 24 Nov 2026 04:00:00 GMT", "0.5", "1"])
    func aHintOfNextToNothingClosesTheGateForLongerAndLonger(retryAfter: String) throws {
        let fixture = try Fixture([Fixture.schedule(every: 60)])
        var fault = Fault.error(429, acts: false)
        fault.headers = [("Retry-After", retryAfter)]
        fixture.simulator.sandbox.inject(FaultRule(fault, operation: "runProcess"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 90)
        let times = fixture.simulator.starts.map(\.at.milliseconds)
        let gaps = zip(times, times.dropFirst()).map { ($1 - $0) / 1000 }
        #expect((5...30).contains(times.count), "\(gaps)")
        #expect(gaps.last ?? 0 >= 300, "\(gaps)")
        #expect(try fixture.alarms(.throttled) == ["prod"])
        let rows = try fixture.ask("SELECT count(*) FROM error_log")
        #expect(Int(rows.first ?? "") ?? 99 <= 30, "\(rows)")
    }

    @Test func aLearnedLimitOfOneADayIsInAttentionAndStopsNothing() throws {
        let fixture = try Fixture([Fixture.schedule { $0.overlap = .allow }])
        fixture.simulator.sandbox.inject(
            .next(
                .rateLimited(
                    operation: "runProcess", seconds: 5, header: false, requests: 1,
                    window: 86_400), operation: "runProcess"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 70)
        #expect(try fixture.alarms(.limit) == ["prod"])
        #expect(try fixture.told() == "15 started, 30 started, 45 started, 60 started")
        fixture.simulator.command(.unblock(connection: "prod"))
        try fixture.run(untilMinute: 71)
        #expect(try fixture.alarms(.limit) == [])
        try fixture.check()
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
        let fixture = try Fixture()
        var fault = Fault.error(429, acts: false)
        fault.headers = [("Retry-After", "1800")]
        fixture.simulator.sandbox.inject(.next(fault, operation: "runProcess"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 16)
        #expect(fixture.simulator.starts.count == 1)
        if isRestarted { fixture.simulator.kill() }
        fixture.simulator.reload(Self.renamed(Fixture.schedule(), hash: "2"))
        if isRestarted { try fixture.simulator.boot() }
        try fixture.run(untilMinute: 44)
        #expect(fixture.simulator.starts.count == 1)
        #expect(try fixture.ask("SELECT connection FROM hints ORDER BY 1") == ["live", "prod"])
        try fixture.run(untilMinute: 46)
        #expect(fixture.simulator.starts.count == 2)
    }

    @Test func aConnectionThatIsGoneWhileItsTokenComesGetsOneWhenItIsBack() throws {
        let fixture = try Fixture()
        var slow = Fault()
        slow.delayMilliseconds = 20_000
        fixture.simulator.sandbox.inject(.next(slow, operation: "token"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 14, second: 35)
        #expect(fixture.requests("token") == 1)
        let kept = fixture.simulator.configuration
        fixture.simulator.reload(
            EngineConfiguration(contentHash: "2", connections: [:], schedules: []))
        try fixture.run(untilMinute: 16)
        fixture.simulator.reload(kept)
        try fixture.run(untilMinute: 31)
        #expect(try fixture.told() == "30 started")
    }

    @Test func aTokenOfOneAddressIsNeverSentToAnother() throws {
        let fixture = try Fixture([Fixture.schedule { $0.overlap = .allow }])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 16)
        #expect(fixture.requests("token") == 1)
        var moved = fixture.simulator.configuration
        moved.contentHash = "2"
        moved.connections["prod"] = Connection(
            name: "prod", baseURL: "https://api.elsewhere.example.com", apiVersion: "2026-01-01")
        fixture.simulator.reload(moved)
        fixture.simulator.command(.trigger(schedule: "s", uuid: "u", force: true, reason: ""))
        try fixture.run(untilMinute: 18)
        #expect(fixture.simulator.starts.count == 2)
        #expect(fixture.requests("token") == 2)
    }

    /// The answer to the first address's request comes when the second one is configured.
    @Test func aTokenThatIsUnderWayForOneAddressIsNotTakenForTheOther() throws {
        let fixture = try Fixture([Fixture.schedule { $0.overlap = .allow }])
        var slow = Fault()
        slow.delayMilliseconds = 20_000
        fixture.simulator.sandbox.inject(.next(slow, operation: "token"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 1)
        fixture.simulator.command(.trigger(schedule: "s", uuid: "u", force: true, reason: ""))
        try fixture.run(untilMinute: 1, second: 5)
        #expect(fixture.requests("token") == 1)
        #expect(fixture.simulator.starts.isEmpty)
        var moved = fixture.simulator.configuration
        moved.contentHash = "2"
        moved.connections["prod"] = Connection(
            name: "prod", baseURL: "https://api.elsewhere.example.com", apiVersion: "2026-01-01")
        fixture.simulator.reload(moved)
        try fixture.run(untilMinute: 2)
        #expect(fixture.requests("token") == 2)
        try fixture.run(untilMinute: 18)
        #expect(try fixture.told().hasSuffix("15 started"))
    }

    @Test func aSecretThatWasMendedIsTriedAtOnceAfterARestart() throws {
        let fixture = try Fixture()
        fixture.simulator.secrets["prod"] = "expired"
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 14, second: 45)
        #expect(try fixture.alarms(.credential) == ["prod"])
        fixture.simulator.kill()
        fixture.simulator.secrets["prod"] = nil
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 14, second: 50)
        #expect(try fixture.alarms(.credential) == [])
        try fixture.run(untilMinute: 15, second: 5)
        #expect(try fixture.told() == "15 started")
        try fixture.check()
    }

    @Test func theOldDateOfACopyMakesNobodyDoubtTheClock() throws {
        let fixture = try Fixture([Fixture.schedule(every: 5) { $0.overlap = .allow }])
        var copy = Fault()
        copy.dateSkewMilliseconds = -600_000
        fixture.simulator.sandbox.inject(FaultRule(copy, operation: "listProcesses"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 31)
        #expect(
            try fixture.ask("SELECT count(*) FROM events WHERE kind = 'clock'") == ["0"])
        // A copy is no look: each start waits for one as long as its patience, the last one still does.
        #expect(fixture.simulator.starts.count == 5)
    }

    /// Its lists look like copies until the answer to a POST tells; the token in use stays in use.
    @Test(arguments: [0, 4])
    func aServerWhoseClockIsSetBackAloneIsBelievedOnceAPostTells(tokensRefused: Int) throws {
        let fixture = try Fixture([Fixture.schedule { $0.overlap = .allow }]) {
            $0.tokenLifetimeSeconds = 7_200
        }
        let simulator = fixture.simulator
        var configuration = simulator.configuration
        configuration.connections["prod"]?.lookPatienceMilliseconds = 5_000
        simulator.reload(configuration)
        try simulator.boot()
        try fixture.run(untilMinute: 29)
        simulator.sandbox.scenario.clockSkewMilliseconds = -10_000
        for _ in 0..<tokensRefused {
            simulator.sandbox.inject(.next(.error(500, acts: false), operation: "token"))
        }
        try fixture.run(untilMinute: 31)
        let slots = try fixture.slots()
        #expect(try fixture.told() == "15 started, 30 started")
        let start = try #require(simulator.starts.last)
        #expect(start.at.since(try #require(slots.last).slotAt) <= 8_000)
        #expect(try fixture.ask("SELECT kind FROM events WHERE kind = 'clock'") == [])
        try fixture.run(untilMinute: 46)
        #expect(try fixture.told() == "15 started, 30 started, 45 started")
        #expect(try fixture.alarms(.cachedAnswers) == [])
        let baselines = try fixture.ask("SELECT baseline FROM attempts ORDER BY attempt_id")
        #expect(baselines.last == simulator.sandbox.runs.dropLast().last?.id, "\(baselines)")
        try fixture.check()
    }
}
