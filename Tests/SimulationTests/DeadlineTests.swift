import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Deadlines of slots: an event once each, and its end.
@Suite struct DeadlineStoryTests {
    private static func events(_ theatre: Theatre) throws -> [String] {
        try theatre.ask(
            """
            SELECT strftime('%H:%M', at / 1000, 'unixepoch') || ' ' || kind FROM events
            WHERE kind NOT IN ('unreachable', 'throttled') ORDER BY event_id
            """)
    }

    /// The API is down over the slot and its deadline.
    @Test func aSlotThatIsNotStartedByItsDeadlineIsToldThenAndOnceMoreWhenItStarts() throws {
        let theatre = try Theatre([
            Theatre.schedule(every: 60) { $0.startByMilliseconds = 15 * 60_000 }
        ])
        var outage = FaultRule(.lostBefore)
        outage.times = .max
        try theatre.world.boot()
        try theatre.run(untilMinute: 50)
        theatre.world.sandbox.inject(outage)
        try theatre.run(untilMinute: 80)
        #expect(try Self.events(theatre) == ["06:15 start_by_missed"])
        #expect(try theatre.ask("SELECT kind FROM attention WHERE kind = 'late'") == ["late"])
        theatre.world.sandbox.removeFaults()
        try theatre.run(untilMinute: 110)
        let told = try Self.events(theatre)
        #expect(told.first == "06:15 start_by_missed")
        #expect(told.contains { $0.hasSuffix(" recovered") }, "\(told)")
        #expect(try theatre.ask("SELECT start_by FROM history") == ["missed"])
        #expect(try theatre.ask("SELECT kind FROM attention WHERE kind = 'late'") == [])
    }

    @Test func aRunThatIsNotFinishedByItsDeadlineIsToldWithWhatItIs() throws {
        let theatre = try Theatre(
            [
                Theatre.schedule(every: 60) {
                    $0.finishBy = FinishBy(secondOfDay: 6 * 3600 + 20 * 60, days: 0)
                    $0.poll.maxMilliseconds = 3_600_000
                }
            ], runMinutes: 30...30)
        try theatre.world.boot()
        try theatre.run(untilMinute: 119)
        let told = try Self.events(theatre)
        #expect(told.first == "06:20 finish_by_missed", "\(told)")
        // As soon as the end is seen, at the pace of polls.
        #expect(told.dropFirst().map { $0.dropFirst(6) } == ["recovered"], "\(told)")
        #expect(
            try theatre.ask("SELECT words LIKE '%run % is running' FROM events LIMIT 1") == ["1"])
        try theatre.check()
    }

    /// Looked at once an hour, the run still counts by when it ended.
    @Test func aRunThatFinishedInTimeIsNoTroubleThoughNobodyHasLookedSince() throws {
        let theatre = try Theatre(
            [
                Theatre.schedule(every: 60) {
                    $0.finishBy = FinishBy(secondOfDay: 6 * 3600 + 20 * 60, days: 0)
                    $0.poll.minMilliseconds = 3_000_000
                    $0.poll.maxMilliseconds = 3_600_000
                }
            ], runMinutes: 15...15)
        try theatre.world.boot()
        try theatre.run(untilMinute: 119)
        #expect(try Self.events(theatre) == [])
        #expect(try theatre.ask("SELECT finish_by FROM history") == ["met"])
    }

    @Test func aRunThatSucceedsTooSoonIsTold() throws {
        let theatre = try Theatre([
            Theatre.schedule(every: 60) { $0.atLeastMilliseconds = 10 * 60_000 }
        ])
        try theatre.world.boot()
        try theatre.run(untilMinute: 119)
        #expect(try Self.events(theatre).map { $0.dropFirst(6) } == ["run_fast"])
        let words = try theatre.ask("SELECT words FROM events").joined()
        #expect(
            words.hasPrefix("it succeeded after ") && words.contains(" at least 600 s"), "\(words)")
    }

    @Test func aSlotThatIsSkippedMissesNothing() throws {
        let theatre = try Theatre([
            Theatre.schedule(every: 60) {
                $0.startByMilliseconds = 60_000
                $0.mode = .observe
            }
        ])
        try theatre.world.boot()
        try theatre.run(untilMinute: 119)
        #expect(try Self.events(theatre) == [])
        #expect(try theatre.ask("SELECT start_by FROM history") == ["void"])
    }
}
