import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// `after` with several upstreams: which of their ends belong together (rule 11).
@Suite struct JoinTests {
    private static func chain(_ join: AfterRule.Join) -> Schedule {
        Fixture.schedule("chain", process: "p2") {
            $0.trigger = .after(
                AfterRule(
                    upstreams: ["a", "b"], on: .success, withinMilliseconds: nil, join: join))
            $0.ruleText = "after a and b"
            $0.ruleSource = "after a and b"
            $0.overlap = .allow
        }
    }

    private static func upstream(_ name: String, every minutes: Int64) -> Schedule {
        Fixture.schedule(name, every: minutes) { $0.overlap = .allow }
    }

    /// `b` misses a day: by order its next slot would be taken for that day's, by day it is not.
    @Test(arguments: [
        (AfterRule.Join.order, ["2026-11-25 with 2026-11-26", "2026-11-26 with 2026-11-27"]),
        (.day, ["2026-11-26 with 2026-11-26", "2026-11-27 with 2026-11-27"]),
    ])
    func aDayThatOneOfThemLacks(join: AfterRule.Join, pairs: [String]) throws {
        let fixture = try Fixture(
            [Self.upstream("a", every: 1440), Self.upstream("b", every: 1440), Self.chain(join)],
            runMinutes: 1...2)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 18 * 60)
        fixture.simulator.reload(
            Fixture.configuration([Self.upstream("a", every: 1440), Self.chain(join)], hash: "2"))
        try fixture.run(untilMinute: 20 * 60)
        fixture.simulator.reload(
            Fixture.configuration(
                [
                    Self.upstream("a", every: 1440), Self.upstream("b", every: 1440),
                    Self.chain(join),
                ], hash: "3"))
        try fixture.run(untilMinute: 20 * 60 + 2 * 1440)
        let found = try fixture.ask(
            """
            SELECT group_concat(substr(day, 1, 10), ' with ') FROM (
                SELECT c.slot_id AS id, strftime('%Y-%m-%d', s.slot_at / 1000, 'unixepoch') AS day
                FROM after_uses AS u JOIN slots AS s ON s.slot_id = u.upstream_slot_id
                JOIN slots AS c ON c.slot_id = u.slot_id ORDER BY c.slot_id, s.schedule
            ) GROUP BY id ORDER BY id
            """)
        #expect(found == pairs)
        try fixture.check()
    }

    @Test func periodsAreThoseOfTheWaitingSchedulesZone() throws {
        let newYork = Zone(fixedOffsetSeconds: -5 * 3600, name: "EST")
        func rule(_ join: AfterRule.Join) -> AfterRule {
            AfterRule(upstreams: ["a", "b"], on: .end, withinMilliseconds: nil, join: join)
        }
        // Saturday evening in New York, Sunday in UTC.
        let at = try #require(Instant(iso8601: "2026-11-29T02:00:00Z"))
        #expect(rule(.order).period(of: at, in: newYork) == nil)
        #expect(rule(.day).period(of: at, in: newYork) == "2026-11-28")
        #expect(rule(.month).period(of: at, in: newYork) == "2026-11")
        #expect(rule(.businessDay(.weekdays)).period(of: at, in: newYork) == "2026-11-30")
        let calendar = try BusinessCalendar(
            name: "c", holidays: [.init(CivilDate(year: 2026, month: 11, day: 30))])
        #expect(rule(.businessDay(calendar)).period(of: at, in: newYork) == "2026-12-01")
    }

    @Test func roundsTakeTheFirstPeriodThatIsWhole() {
        let rule = AfterRule(
            upstreams: ["a", "b"], on: .end, withinMilliseconds: nil, join: .day)
        let day: (Int64) -> Instant = { Instant(seconds: $0 * 86_400) }
        let found = rule.round(
            of: [[1, 2, 3, 3], [3, 2]] as [[Int64]], slotAt: day, didSucceed: { _ in true },
            in: .utc)
        #expect(found?.ends == [2, 2] && found?.period == "1970-01-03")
        #expect(
            rule.round(
                of: [[1], [2]] as [[Int64]], slotAt: day, didSucceed: { _ in true }, in: .utc)
                == nil)
        #expect(
            rule.round(
                of: [[], [2]] as [[Int64]], slotAt: day, didSucceed: { _ in true }, in: .utc) == nil
        )
        // A failure that somebody has mended by hand in the same period doesn't count.
        let mended = rule.round(
            of: [[10, 11], [12]] as [[Int64]], slotAt: { _ in day(1) }, didSucceed: { $0 != 10 },
            in: .utc)
        #expect(mended?.ends == [11, 12])
        let byOrder = AfterRule(upstreams: ["a", "b"], on: .end, withinMilliseconds: nil)
        let pair = byOrder.round(
            of: [[1], [2]] as [[Int64]], slotAt: day, didSucceed: { _ in true }, in: .utc)
        #expect(pair?.ends == [1, 2] && pair?.period == nil)
    }

    @Test func upstreamsMayBeOnOtherConnections() throws {
        var chain = Self.chain(.day)
        chain.connection = "second"
        let fixture = try Fixture(runMinutes: 1...2)
        var configuration = Fixture.configuration(
            [
                Fixture.schedule("a", every: 60) { $0.overlap = .allow },
                Fixture.schedule("b", every: 60, process: "p2") { $0.overlap = .allow }, chain,
            ], hash: "2")
        configuration.connections["second"] = Connection(
            name: "second", baseURL: "https://api.example.com", apiVersion: "2026-01-01")
        fixture.simulator.reload(configuration)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 70)
        let slots = try fixture.slots("chain")
        #expect(slots.map(\.disposition) == [.started])
        #expect(slots.first?.connection == "second")
        #expect(
            try fixture.ask("SELECT DISTINCT connection FROM runs ORDER BY 1")
                == ["prod", "second"])
        try fixture.check()
    }
}
