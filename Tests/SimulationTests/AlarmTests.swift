import Engine
import Simulation
import Store
import Testing
import Timetable

/// What needs a person stands as long as its cause does: also where an earlier life has raised it, and
/// where what it is about is not configured any more.
@Suite struct AlarmTests {
    private func fixture(standing kinds: [AlarmKind], about subject: String) throws -> Fixture {
        let fixture = try Fixture([Fixture.schedule(every: 15)])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 5)
        fixture.simulator.kill()
        try fixture.simulator.inspect { ledger in
            for kind in kinds {
                try ledger.raise(
                    kind: kind, subject: subject, whatToDo: "of an earlier life",
                    now: fixture.simulator.time)
            }
        }
        return fixture
    }

    @Test func whatAnEarlierLifeRaisedGoesOnceTheApiAnswersWell() throws {
        let kinds: [AlarmKind] = [
            .blocked, .throttled, .cachedAnswers, .incompleteList, .version, .anotherCarillon,
        ]
        let fixture = try fixture(standing: kinds, about: "prod")
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 60)
        let standing = try kinds.filter { try !fixture.alarms($0).isEmpty }
        // Nobody else's start for a day ends the last one.
        #expect(standing == [.anotherCarillon])
        try fixture.run(untilMinute: 1_450)
        #expect(try fixture.alarms(.anotherCarillon) == [])
        try fixture.check()
    }

    @Test func aLongWaitThatHasPassedNeedsNobody() throws {
        let fixture = try Fixture([Fixture.schedule(every: 15)])
        fixture.simulator.sandbox.inject(
            .next(
                .rateLimited(operation: "runProcess", seconds: 7_200, header: true),
                operation: "runProcess"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 60)
        #expect(try fixture.alarms(.blocked) == ["prod"])
        try fixture.run(untilMinute: 150)
        #expect(try fixture.alarms(.blocked) == [])
        try fixture.check()
    }

    @Test func alarmsGoWithTheirConnection() throws {
        let kinds = AlarmKind.allCases.filter { $0.subject == .connection }
        let fixture = try fixture(standing: kinds, about: "former")
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 6)
        #expect(try kinds.filter { try !fixture.alarms($0).isEmpty } == [])
        #expect(kinds.count == 14)
    }

    @Test func alarmsGoWithTheirSchedule() throws {
        let kinds = AlarmKind.allCases.filter { $0.subject == .schedule }
        let fixture = try fixture(standing: kinds, about: "s")
        fixture.simulator.configuration = EngineConfiguration(
            contentHash: "none left", connections: fixture.simulator.configuration.connections,
            schedules: [])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 6)
        #expect(try kinds.filter { try !fixture.alarms($0).isEmpty } == [])
        #expect(kinds.count == 6)
    }

    /// Rules on counts are gone, and so is the need to look at what they don't see.
    @Test func aCutTreeNeedsNobodyWithoutRulesOnCounts() throws {
        let fixture = try fixture(standing: [.cutTree], about: "s")
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 6)
        #expect(try fixture.alarms(.cutTree) == [])
    }

    /// Lists that hid a change are tried again after a day, since what hid it may be gone.
    @Test func listsAreTrustedAgainAfterADay() throws {
        let fixture = try fixture(standing: [.sweepDistrusted], about: "prod")
        try fixture.simulator.inspect { ledger in
            var row = try #require(try ledger.connection("prod"))
            row.sweepDistrustedSince = fixture.simulator.time
            try ledger.save(row)
        }
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 1_400)
        #expect(try fixture.alarms(.sweepDistrusted) == ["prod"])
        try fixture.run(untilMinute: 1_500)
        #expect(try fixture.alarms(.sweepDistrusted) == [])
    }

    @Test func aHeartbeatThatFailsStandsOverARestart() throws {
        let fixture = try fixture(standing: [.notify], about: "heartbeat:s")
        fixture.simulator.configuration.notices.heartbeats = ["s"]
        try fixture.simulator.boot()
        #expect(try fixture.alarms(.notify) == ["heartbeat:s"])
        // A beat that is taken ends it.
        try fixture.run(untilMinute: 31)
        #expect(try fixture.alarms(.notify) == [])
    }
}
