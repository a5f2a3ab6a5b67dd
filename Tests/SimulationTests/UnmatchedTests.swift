import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Rule 11: a day on which one of several upstreams had no slot is in `attention`, and no other is.
@Suite struct UnmatchedTests {
    private static func chain(_ join: AfterRule.Join = .day) -> Schedule {
        Fixture.schedule("chain", process: "p2") {
            $0.trigger = .after(
                AfterRule(
                    upstreams: ["a", "b"], on: .success, withinMilliseconds: nil, join: join))
            $0.ruleText = "after a and b"
            $0.ruleSource = "after a and b"
            $0.overlap = .allow
        }
    }

    private static func upstream(_ name: String, hour: Int) throws -> Schedule {
        let rule = FiringRule(kind: .cron(try CronRule("0 \(hour) * * *")), zone: .utc)
        return Fixture.schedule(name) {
            $0.trigger = .rule(rule)
            $0.ruleText = "every day at \(hour)"
            $0.ruleSource = $0.ruleText
            $0.overlap = .allow
        }
    }

    private static let day: Int64 = 24 * 60

    /// `b` is switched off for a day, so that there is no slot to be late for.
    private static func switchedOff(from: Int64, until: Int64) throws -> Fixture {
        let (a, b) = (try upstream("a", hour: 6), try upstream("b", hour: 8))
        let fixture = try Fixture([a, b, chain()], runMinutes: 1...2)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: from)
        fixture.simulator.reload(Fixture.configuration([a, chain()], hash: "2"))
        try fixture.run(untilMinute: until)
        fixture.simulator.reload(Fixture.configuration([a, b, chain()], hash: "3"))
        return fixture
    }

    @Test(arguments: [false, true])
    func itIsToldAtMidnightAndGoesWithTheNextStart(dies: Bool) throws {
        // Off from 07:00 to 20:00 of the 24th: no slot at eight.
        let fixture = try Self.switchedOff(from: 2 * 60, until: 15 * 60)
        try fixture.run(untilMinute: 18 * 60 + 59)
        #expect(try fixture.slots("a").map(\.disposition) == [.started])
        #expect(try fixture.alarms(.unmatched) == [])
        if dies { fixture.simulator.kill() }
        fixture.rest(untilMinute: 19 * 60)
        if dies { try fixture.simulator.boot() }
        try fixture.run(untilMinute: 19 * 60 + 1)
        let told = try fixture.ask(
            "SELECT subject || ': ' || sentence || ' | ' || command FROM attention "
                + "WHERE kind = 'unmatched'")
        #expect(
            told == [
                "chain: nothing was started for 2026-11-24: b had no slot then, and all of a, b are "
                    + "waited for; carillon trigger chain starts it all the same | "
                    + "carillon trigger chain"
            ])
        #expect(
            try fixture.ask("SELECT schedule, is_open FROM event_log WHERE kind = 'unmatched'")
                == ["chain|1"])
        // The 25th is whole: what is started then ends it.
        try fixture.run(untilMinute: 19 * 60 + 9 * 60)
        #expect(try fixture.slots("chain").map(\.disposition) == [.started])
        #expect(try fixture.alarms(.unmatched) == [])
        try fixture.check()
    }

    @Test func aSecondEndOfADayThatWasWholeIsNoneTooFew() throws {
        let often = Fixture.schedule("a", every: 120) { $0.overlap = .allow }
        let fixture = try Fixture(
            [often, try Self.upstream("b", hour: 8), Self.chain()], runMinutes: 1...2)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 19 * 60 + 30)
        #expect(try fixture.slots("chain").count == 1)
        #expect(try fixture.alarms(.unmatched) == [])
        try fixture.run(untilMinute: 2 * Self.day)
        #expect(try fixture.alarms(.unmatched) == [])
        try fixture.check()
    }

    /// A run that goes on past midnight may still make its day whole.
    @Test func aRunThatGoesOnIsWaitedFor() throws {
        let fixture = try Fixture(
            [try Self.upstream("a", hour: 6), try Self.upstream("b", hour: 23), Self.chain()],
            runMinutes: 120...120)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 20 * 60 + 30)
        #expect(try fixture.alarms(.unmatched) == [])
        try fixture.run(untilMinute: 21 * 60)
        #expect(try fixture.slots("chain").map(\.disposition) == [.started])
        #expect(try fixture.alarms(.unmatched) == [])
        try fixture.check()
    }
}
