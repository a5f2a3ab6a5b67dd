import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Rule 22 of docs/protocol.md: days on which grants and versions end.
@Suite struct ExpiryStoryTests {
    /// 2026-11-24 is the first day of the story.
    private static func configuration(
        grant: CivilDate? = nil, version: CivilDate? = nil, hash: String
    ) -> EngineConfiguration {
        var configuration = Fixture.configuration([], hash: hash)
        configuration.connections["prod"]?.grantExpires = grant
        configuration.connections["prod"]?.versionEnds = version
        return configuration
    }

    private static func day(_ month: Int, _ day: Int) -> CivilDate {
        CivilDate(year: 2026, month: month, day: day)
    }

    private func told(_ fixture: Fixture) throws -> [String] {
        try fixture.ask(
            "SELECT kind, is_open FROM events WHERE connection = 'prod' ORDER BY event_id")
    }

    @Test func itIsToldThirtySevenAndOneDaysAheadAndOnceEach() throws {
        let fixture = try Fixture([])
        try fixture.simulator.boot()
        let day = 24 * 60
        fixture.simulator.reload(Self.configuration(grant: Self.day(12, 25), hash: "2"))
        try fixture.run(untilMinute: 60)
        #expect(try told(fixture).isEmpty)
        // 31 days are left on the first day, 30 on the second.
        for (days, stages) in [(1, 1), (20, 1), (25, 2), (30, 3), (32, 4), (40, 4)] {
            try fixture.run(untilMinute: Int64(days * day))
            // A death and a reload of the same tell nothing again.
            fixture.simulator.kill()
            try fixture.simulator.boot()
            fixture.simulator.reload(
                Self.configuration(grant: Self.day(12, 25), hash: "at \(days)"))
            try fixture.run(untilMinute: Int64(days * day + 10))
            let events = try told(fixture)
            #expect(events.count == stages, "after \(days) days")
            #expect(events.last == "grant_expires|1")
            #expect(events.dropLast().allSatisfy { $0 == "grant_expires|0" })
            #expect(try fixture.alarms(.grantExpires) == ["prod"])
        }
        #expect(
            try fixture.ask("SELECT sentence, command FROM attention").allSatisfy {
                $0.contains("the grant of prod has expired on 2026-12-25")
                    && $0.hasSuffix("|carillon check --online")
            })
    }

    @Test func itEndsWhenTheDateIsMovedOrTakenOut() throws {
        let fixture = try Fixture([])
        try fixture.simulator.boot()
        fixture.simulator.reload(
            Self.configuration(
                grant: Self.day(11, 30), version: Self.day(11, 25), hash: "2"))
        try fixture.run(untilMinute: 1)
        #expect(try told(fixture) == ["grant_expires|1", "version_ends|1"])
        var moved = Self.configuration(version: Self.day(11, 25), hash: "3")
        moved.connections["prod"]?.grantExpires = CivilDate(year: 2027, month: 11, day: 30)
        fixture.simulator.reload(moved)
        try fixture.run(untilMinute: 2)
        #expect(try fixture.alarms(.grantExpires) == [])
        #expect(try fixture.alarms(.versionEnds) == ["prod"])
        fixture.simulator.reload(Self.configuration(hash: "4"))
        try fixture.run(untilMinute: 3)
        #expect(try fixture.alarms(.versionEnds) == [])
        #expect(
            try told(fixture) == [
                "grant_expires|0", "version_ends|0", "recovered|0", "recovered|0",
            ])
    }

    @Test func aRefusedCredentialNamesTheThreeCauses() throws {
        var configuration = Self.configuration(grant: Self.day(11, 23), hash: "2")
        configuration.schedules = [Fixture.schedule()]
        let fixture = try Fixture()
        fixture.simulator.sandbox.inject(FaultRule(.error(401, acts: false), operation: "token"))
        try fixture.simulator.boot()
        fixture.simulator.reload(configuration)
        try fixture.run(untilMinute: 20)
        let words = try #require(
            try fixture.ask("SELECT sentence FROM attention WHERE kind = 'credential'").first)
        #expect(words.contains("the grant has expired"))
        #expect(words.contains("IP allowlist"))
        #expect(words.contains("user it acts for was changed"))
        #expect(words.contains("it expired on 2026-11-23, as grant_expires says"))
        let slot = try #require(try fixture.slots().first)
        #expect(slot.reason.contains("IP allowlist may lack this host"))
    }
}
