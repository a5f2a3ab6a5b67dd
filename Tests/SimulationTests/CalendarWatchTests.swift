import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// The holidays of a calendar end: told once, 60 days ahead, and over when there are new ones.
@Suite struct CalendarWatchTests {
    private func configuration(lastHoliday: CivilDate?, hash: String) throws -> EngineConfiguration
    {
        var configuration = Fixture.configuration([Fixture.schedule(every: 1440)], hash: hash)
        configuration.calendars["us"] = try BusinessCalendar(
            name: "us", holidays: lastHoliday.map { [.init($0, name: "Last")] } ?? [])
        return configuration
    }

    private func events(_ fixture: Fixture) throws -> [String] {
        try fixture.ask(
            "SELECT kind || ' ' || subject || iif(is_open, ' open', '') FROM event_log "
                + "WHERE subject = 'us' ORDER BY event_id")
    }

    @Test func itIsToldOnceAndItsEndWhenTheFileIsRenewed() throws {
        // It is 2026-11-24; sixty days ahead of 2027-01-24 is 2026-11-26.
        let fixture = try Fixture()
        let last = CivilDate(year: 2027, month: 1, day: 24)
        fixture.simulator.reload(try configuration(lastHoliday: last, hash: "2"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 24 * 60)
        #expect(try fixture.alarms(.calendarEnds) == [])
        try fixture.run(untilMinute: 3 * 1440)
        #expect(try fixture.alarms(.calendarEnds) == ["us"])
        #expect(try events(fixture) == ["calendar_ends us open"])
        // Another life and a reload tell nobody again.
        fixture.simulator.kill()
        try fixture.simulator.boot()
        fixture.simulator.reload(try configuration(lastHoliday: last, hash: "3"))
        try fixture.run(untilMinute: 4 * 1440)
        #expect(try events(fixture) == ["calendar_ends us open"])
        let next = CivilDate(year: 2027, month: 12, day: 24)
        fixture.simulator.reload(try configuration(lastHoliday: next, hash: "4"))
        try fixture.run(untilMinute: 4 * 1440 + 5)
        #expect(try fixture.alarms(.calendarEnds) == [])
        #expect(try events(fixture) == ["calendar_ends us", "recovered us"])
        try fixture.check()
    }

    @Test func oneWithoutHolidaysAndOneThatIsGoneTellNothing() throws {
        let fixture = try Fixture()
        fixture.simulator.reload(
            try configuration(lastHoliday: CivilDate(year: 2026, month: 1, day: 1), hash: "2"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 5)
        #expect(try fixture.alarms(.calendarEnds) == ["us"])
        fixture.simulator.reload(try configuration(lastHoliday: nil, hash: "3"))
        try fixture.run(untilMinute: 10)
        #expect(try fixture.alarms(.calendarEnds) == [])
        try fixture.check()
    }
}
