import ConfigFixtures
import Foundation
import Store
import Testing
import Timetable

/// `carillon why SCHEDULE DAY`: all slots of a day, past and to come, or why there are none.
@Suite struct WhyDayTests {
    /// As in "why did nothing run on the 4th?".
    @Test(
        arguments: [
            ("gl", "2026-06-04", ["2026-06-04T06:00:00+00:00 was missed: the daemon was down"], 0),
            (
                "gl", "2026-06-12",
                [
                    "06:00:00+00:00 was skipped: observe mode", "The manual slot of gl",
                    "The boot slot of gl",
                ], 0
            ),
            (
                "week", "2026-06-06",
                ["week has no slot on Saturday, 2026-06-06: its rule then was 0 6 * * 1-5 (UTC)"], 3
            ),
            (
                "week", "2026-07-04",
                [
                    "week has no slot on Saturday, 2026-07-04: its rule is 0 6 * * 1-5 (UTC); the next"
                ],
                3
            ),
            ("gl", "2026-05-01", ["2026-05-01T06:00:00+00:00 was a slot of gl by its rule"], 3),
            ("gl", "yesterday", ["2026-06-16T06:00:00+00:00 is a slot of gl by its rule"], 3),
            ("gl", "2026-07-02", ["2026-07-02T06:00:00+00:00 is a slot of gl that is still"], 3),
            ("gl", "2025-06-01", ["gl has no slot on Sunday, 2025-06-01: the schedule was not"], 3),
            (
                "bound", "2026-07-02", ["on Thursday, 2026-07-02: it lies outside its active time"],
                3
            ),
            ("off", "2026-06-01", ["off has no slot on Monday, 2026-06-01: it was disabled"], 3),
            ("chain", "2026-06-01", ["on Monday, 2026-06-01: its rule then was after gl (UTC)"], 3),
            ("chain", "2026-07-02", ["Thursday, 2026-07-02 is still to come, and no slot"], 3),
            ("gl", "2026-06-31", ["not a time"], 2),
            // The rule and the zone of that time.
            (
                "gl", "2026-02-10",
                [
                    "2026-02-10T05:00:00+01:00 was a slot of gl by its"
                ],
                3
            ),
            // The day is not over.
            (
                "chain", "today",
                ["chain has no slot on Wednesday, 2026-06-17 so far: its rule is"], 3
            ),
            ("off", "today", ["off has no slot on Wednesday, 2026-06-17: it is disabled since"], 3),
            (
                "twice", "today",
                [
                    "The slot of twice at 2026-06-17T06:00",
                    "17T18:00:00+00:00 is a slot of twice that",
                ],
                0
            ),
            (
                "twice", "2026-07-02",
                [
                    "2026-07-02T06:00:00+00:00 is a slot of twice that is still to come.",
                    "2026-07-02T18:00:00+00:00 is a slot of twice that is still to come.",
                ], 3
            ),
            // Nobody is told of slots outside active_from.
            (
                "hourly", "2026-06-19",
                ["outside its active time (active_from 2026-06-20T12:00:00Z)"], 3
            ),
            (
                "hourly", "2026-06-20",
                (12..<24).map { "2026-06-20T\($0):00:00+00:00 is a slot of hourly" },
                3
            ),
        ] as [(String, String, [String], Int32)])
    func aDayHasTheSentencesOfItsSlots(
        schedule: String, day: String, said: [String], status: Int32
    ) async throws {
        let past = try WhyPast()
        let run = await carillon(
            arguments: ["why", schedule, day, "--database", past.path], host: MemoryHost([:]),
            now: "2026-06-17T12:00:00Z")
        let lines = (run.output + run.errors).split(separator: "\n")
        #expect(lines.count == said.count, "\(lines)")
        for (line, words) in zip(lines, said) { #expect(line.contains(words), "\(line)") }
        #expect(run.status == status)
    }

    /// As long as `attention` says that one of several upstreams had no slot, so does `why`.
    @Test func aDayThatWasNeverWholeSaysWhoseSlotWasMissing() async throws {
        let past = try WhyPast()
        let ledger = try Ledger(
            path: past.path, pid: nil, now: WhyPast.instant("2026-06-16T00:00:00Z"),
            durability: .simulated)
        _ = try ledger.transaction {
            try ledger.raise(
                kind: .unmatched, subject: "chain",
                whatToDo: "nothing was started for 2026-06-15: tax had no slot then",
                now: WhyPast.instant("2026-06-16T00:00:00Z"))
        }
        for (schedule, isTold) in [("chain", true), ("other", false)] {
            let run = await carillon(
                arguments: ["why", schedule, "2026-06-15", "--database", past.path],
                host: MemoryHost([:]), now: "2026-06-17T12:00:00Z")
            #expect(run.status == 3)
            #expect(run.errors.contains("; nothing was started for 2026-06-15: tax") == isTold)
        }
    }

    /// A day of 23 and one of 25 hours, from its own midnight to the next.
    @Test(arguments: [("2026-03-29", 23), ("2026-10-25", 25)])
    func aDayWithAClockChangeHasItsOwnHours(day: String, hours: Int) async throws {
        let past = try WhyPast()
        let run = await carillon(
            arguments: ["why", "berlin", day, "--database", past.path], host: MemoryHost([:]),
            now: "2026-06-17T12:00:00Z")
        let lines = run.errors.split(separator: "\n")
        #expect(lines.count == hours)
        let isWinterFirst = day.hasPrefix("2026-03")
        #expect(lines.first?.hasPrefix("\(day)T00:00:00+0\(isWinterFirst ? 1 : 2):00") == true)
        #expect(lines.last?.hasPrefix("\(day)T23:00:00+0\(isWinterFirst ? 2 : 1):00") == true)
    }

    @Test func aDayWithMoreSlotsThanAreToldNamesTheCommandForTheRest() async throws {
        let past = try WhyPast()
        func why(_ day: String) async -> (lines: [String], errors: [String]) {
            let run = await carillon(
                arguments: ["why", "minutely", day, "--database", past.path],
                host: MemoryHost([:]), now: "2026-06-17T12:00:00Z")
            return (
                run.output.split(separator: "\n").map(String.init),
                run.errors.split(separator: "\n").map(String.init)
            )
        }
        let ahead = await why("2026-07-02")
        #expect(ahead.errors.count == 101)
        #expect(
            ahead.errors.last
                == "the day has more slots after these 100: carillon next minutely "
                + "--from 2026-07-02T01:39:00Z -n 1000")
        let ledger = try Ledger(
            path: past.path, pid: nil, now: WhyPast.instant("2026-06-16T00:00:00Z"),
            durability: .simulated)
        try ledger.database.execute(
            """
            WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 149)
            INSERT INTO slots (schedule, kind, slot_at, due_at, utc_offset_seconds, disposition,
                reason, connection, base_url, process_id, revision_id, mode, window_from_at,
                created_at, ended_at)
            SELECT 'minutely', 'rule', 1781481600000 + i * 60000, 1, 0, 'skipped', 'a pause', 'prod',
                'u', 'p', 1, 'run', 1, 1, 1 FROM n;
            """)
        let behind = await why("2026-06-15")
        #expect(
            behind.errors.first
                == "these are the last 100 of the day that have a row; all: carillon history "
                + "minutely --since 2026-06-15T00:00:00Z "
                + "--until 2026-06-16T00:00:00Z --limit 100000")
        // The first of them is the last hundred's, and those without a row come behind it.
        #expect(behind.lines.first?.contains("2026-06-15T00:50:00") == true)
        #expect(behind.lines.count == 200)
        #expect(behind.lines[100].hasPrefix("2026-06-15T02:30:00+00:00"))
    }

    /// What was removed as old, or has no row yet though a later one has, stands where it belongs.
    @Test func slotsWithoutARowBeforeTheLastRowAreToldToo() async throws {
        let past = try WhyPast()
        let ledger = try Ledger(
            path: past.path, pid: nil, now: WhyPast.instant("2026-06-16T00:00:00Z"),
            durability: .simulated)
        func row(_ time: String) throws {
            try ledger.database.execute(
                """
                INSERT INTO slots (schedule, kind, slot_at, due_at, utc_offset_seconds, disposition,
                    reason, connection, base_url, process_id, revision_id, mode, window_from_at,
                    created_at, ended_at)
                VALUES ('twice', 'rule', \(WhyPast.instant(time).milliseconds), 1, 0, 'skipped',
                    'a pause', 'prod', 'u', 'p', 1, 'run', 1, 1, 1)
                """)
        }
        func why(_ day: String) async -> [String] {
            await carillon(
                arguments: ["why", "twice", day, "--database", past.path], host: MemoryHost([:]),
                now: "2026-06-17T20:00:00Z"
            ).output.split(separator: "\n").map(String.init)
        }
        try row("2026-06-10T18:00:00Z")
        #expect(await why("2026-06-10").count == 1)
        try ledger.database.execute(
            "UPDATE daemon SET pruned_before_at = "
                + "\(WhyPast.instant("2026-06-10T12:00:00Z").milliseconds)")
        let removed = await why("2026-06-10")
        #expect(removed.count == 2)
        #expect(removed.first?.contains("history of that time was removed") == true)
        // The newest slot gets its row first.
        try ledger.database.execute(
            "UPDATE schedule_states SET cursor_at = "
                + "\(WhyPast.instant("2026-06-15T23:00:00Z").milliseconds) "
                + "WHERE schedule = 'twice'")
        try row("2026-06-16T18:00:00Z")
        let ahead = await why("2026-06-16")
        #expect(ahead.count == 2)
        #expect(ahead.first?.hasPrefix("2026-06-16T06:00:00+00:00 is a slot of twice") == true)
        #expect(ahead.first?.contains("has no row yet") == true)
    }

    @Test func jsonHasTheSlotsOfADayThatHaveARowAndThoseToCome() async throws {
        let past = try WhyPast()
        let run = await carillon(
            arguments: ["why", "twice", "today", "--json", "--database", past.path],
            host: MemoryHost([:]), now: "2026-06-17T12:00:00Z")
        let rows = try #require(
            try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [[String: Any]])
        #expect(
            rows.map { $0["slot_at"] as? String }
                == ["2026-06-17T06:00:00Z", "2026-06-17T18:00:00Z"])
        #expect(rows.last?["why"] != nil && rows.first?["disposition"] != nil)
    }
}
