import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Deadlines of slots: an event once each, and its end.
@Suite struct DeadlineStoryTests {
    private static func events(_ fixture: Fixture) throws -> [String] {
        try fixture.ask(
            """
            SELECT strftime('%H:%M', at / 1000, 'unixepoch') || ' ' || kind FROM events
            WHERE kind NOT IN ('unreachable', 'throttled') ORDER BY event_id
            """)
    }

    /// The API is down over the slot and its deadline.
    @Test func aSlotThatIsNotStartedByItsDeadlineIsToldThenAndOnceMoreWhenItStarts() throws {
        let fixture = try Fixture([
            Fixture.schedule(every: 60) { $0.startByMilliseconds = 15 * 60_000 }
        ])
        var outage = FaultRule(.lostBefore)
        outage.times = .max
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 50)
        fixture.simulator.sandbox.inject(outage)
        try fixture.run(untilMinute: 80)
        #expect(try Self.events(fixture) == ["06:15 start_by_missed"])
        #expect(try fixture.ask("SELECT kind FROM attention WHERE kind = 'late'") == ["late"])
        fixture.simulator.sandbox.removeFaults()
        try fixture.run(untilMinute: 110)
        let told = try Self.events(fixture)
        #expect(told.first == "06:15 start_by_missed")
        #expect(told.contains { $0.hasSuffix(" recovered") }, "\(told)")
        #expect(try fixture.ask("SELECT start_by FROM history") == ["missed"])
        #expect(try fixture.ask("SELECT kind FROM attention WHERE kind = 'late'") == [])
    }

    @Test func aRunThatIsNotFinishedByItsDeadlineIsToldWithWhatItIs() throws {
        let fixture = try Fixture(
            [
                Fixture.schedule(every: 60) {
                    $0.finishBy = FinishBy(secondOfDay: 6 * 3600 + 20 * 60, days: 0)
                    $0.poll.maxMilliseconds = 3_600_000
                }
            ], runMinutes: 30...30)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 119)
        let told = try Self.events(fixture)
        #expect(told.first == "06:20 finish_by_missed", "\(told)")
        // As soon as the end is seen, at the pace of polls.
        #expect(told.dropFirst().map { $0.dropFirst(6) } == ["recovered"], "\(told)")
        #expect(
            try fixture.ask("SELECT words LIKE '%run % is running' FROM events LIMIT 1") == ["1"])
        try fixture.check()
    }

    /// Looked at once an hour, the run still counts by when it ended.
    @Test func aRunThatFinishedInTimeIsNoTroubleThoughNobodyHasLookedSince() throws {
        let fixture = try Fixture(
            [
                Fixture.schedule(every: 60) {
                    $0.finishBy = FinishBy(secondOfDay: 6 * 3600 + 20 * 60, days: 0)
                    $0.poll.minMilliseconds = 3_000_000
                    $0.poll.maxMilliseconds = 3_600_000
                }
            ], runMinutes: 15...15)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 119)
        #expect(try Self.events(fixture) == [])
        #expect(try fixture.ask("SELECT finish_by FROM history") == ["met"])
    }

    @Test func aRunThatSucceedsTooSoonIsTold() throws {
        let fixture = try Fixture([
            Fixture.schedule(every: 60) { $0.atLeastMilliseconds = 10 * 60_000 }
        ])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 119)
        #expect(try Self.events(fixture).map { $0.dropFirst(6) } == ["run_fast"])
        let words = try fixture.ask("SELECT words FROM events").joined()
        #expect(
            words.hasPrefix("it succeeded after ") && words.contains(" at least 600 s"), "\(words)")
    }

    @Test func aSlotThatIsSkippedMissesNothing() throws {
        let fixture = try Fixture([
            Fixture.schedule(every: 60) {
                $0.startByMilliseconds = 60_000
                $0.mode = .observe
            }
        ])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 119)
        #expect(try Self.events(fixture) == [])
        #expect(try fixture.ask("SELECT start_by FROM history") == ["void"])
    }

    /// Runs take ten minutes; one is started late by an outage, and its deadline comes before its usual
    /// end: that is told at once, and the missed deadline by itself.
    @Test func aRunThatWillBeLateIsToldBeforeItIs() throws {
        let fixture = try Fixture(
            [
                Fixture.schedule(every: 60) {
                    $0.finishBy = FinishBy(secondOfDay: 12 * 3600 + 20 * 60, days: 0)
                }
            ], runMinutes: 10...10)
        var outage = FaultRule(.lostBefore)
        outage.times = .max
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 415)
        #expect(try Self.events(fixture) == [])
        fixture.simulator.sandbox.inject(outage)
        try fixture.run(untilMinute: 435)
        fixture.simulator.sandbox.removeFaults()
        try fixture.run(untilMinute: 470)
        let told = try Self.events(fixture).map { $0.dropFirst(6) }
        // The API that is back is told in between.
        #expect(
            told.filter { $0 != "recovered" } == ["late_forecast", "finish_by_missed"], "\(told)")
        #expect(told.last == "recovered")
        let words = try fixture.ask("SELECT words FROM events WHERE kind = 'late_forecast'")
        #expect(words.first?.hasPrefix("it usually takes 10 min, has not started") == true)
        // The first deadline of a day is that of its first slot after noon; the forecast is over.
        #expect(try fixture.ask("SELECT kind FROM attention WHERE kind = 'late'") == [])
        try fixture.check()
    }

    /// Schedules whose runs take ten hours and are to end at 06:20.
    private static func manyThatEndLate(_ count: Int) throws -> Fixture {
        let schedules = (0..<count).map {
            Fixture.schedule("s\($0)", every: 60, process: "q\($0)") {
                $0.finishBy = FinishBy(secondOfDay: 6 * 3600 + 20 * 60, days: 0)
            }
        }
        return try Fixture(schedules, runMinutes: 600...600) { scenario in
            scenario.processes = (0..<count).map { number in
                var process = scenario.processes[0]
                process.id = "q\(number)"
                return process
            }
        }
    }

    /// More than one turn looks at, and none of them can be judged: their runs can't be read.
    @Test func hundredsOfDeadlinesThatCannotBeJudgedWaitWithoutAHotLoop() throws {
        let count = 300
        let fixture = try Self.manyThatEndLate(count)
        let simulator = fixture.simulator
        try simulator.boot()
        try fixture.run(untilMinute: 79)
        simulator.sandbox.inject(
            FaultRule(.gateway(403, .html, acts: false), operation: "getProcessRun"))
        try fixture.run(untilMinute: 80, second: 30)
        #expect(
            try fixture.ask("SELECT count(*) FROM slots WHERE finish_by_verdict IS NULL")
                == ["\(count)"])
        let before = simulator.turns
        try fixture.run(untilMinute: 85)
        #expect(simulator.turns - before < 4_000)
        #expect(simulator.errorLines == [])
        simulator.sandbox.removeFaults()
        try fixture.run(untilMinute: 100)
        #expect(
            try fixture.ask("SELECT count(*) FROM slots WHERE finish_by_verdict = 'missed'")
                == ["\(count)"])
    }

    /// More than one turn looks at, all of which must be read first, and can't be: they wait for it, and
    /// are judged without once it has been waited for long enough, those behind them too.
    @Test func hundredsOfForecastsThatWaitForAReadMakeNoHotLoopAndStarveNone() throws {
        let count = 300
        let fixture = try Self.manyThatEndLate(count)
        let simulator = fixture.simulator
        try simulator.boot()
        try fixture.run(untilMinute: 5)
        // Three of five took ten minutes; those that took longer took so long that it would be late.
        try simulator.inspect { ledger in
            _ = try ledger.database.run(
                """
                WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 4)
                INSERT INTO process_runs (base_url, run_id, connection, process_id, schedule, origin,
                    status, is_open, outcome, created_at, completed_at, first_seen_at, changed_at)
                SELECT s.base_url, s.schedule || '-' || i, s.connection, s.process, s.schedule,
                    'rule', 'complete', 0, 'succeeded', ?1 + i,
                    ?1 + i + CASE WHEN i < 3 THEN 600000 ELSE 1800000 END, ?1, ?1
                FROM schedule_states AS s, n
                """, .at(simulator.time.adding(milliseconds: -86_400_000)))
        }
        try fixture.run(untilMinute: 69)
        let open = try fixture.ask("SELECT count(*) FROM process_runs WHERE is_open = 1")
        #expect(open == ["\(count)"])
        let late = "SELECT count(*) FROM slots WHERE forecast IS NOT NULL"
        #expect(try fixture.ask(late) == ["0"])
        simulator.sandbox.inject(
            FaultRule(.gateway(403, .html, acts: false), operation: "getProcessRun"))
        let before = simulator.turns
        try fixture.run(untilMinute: 71, second: 30)
        #expect(simulator.turns - before < 4_000)
        #expect(simulator.errorLines == [])
        try fixture.run(untilMinute: 74)
        #expect(try fixture.ask(late) == ["\(count)"])
    }
}
