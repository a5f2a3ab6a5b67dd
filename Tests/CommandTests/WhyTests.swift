import ConfigFixtures
import Engine
import Foundation
import Store
import Testing
import Timetable

/// `carillon why`: one sentence for every slot that ever was due, and for instants that were none.
@Suite struct WhyTests {
    /// A ledger with a slot of each disposition and kind, and schedules with a past.
    private final class Past {
        let path: String
        private let folder: URL

        init() throws {
            folder = FileManager.default.temporaryDirectory
                .appendingPathComponent("carillon-why-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            path = folder.appendingPathComponent("carillon.db").path
            let ledger = try Ledger(
                path: path, pid: nil, now: Past.instant("2026-01-01T00:00:00Z"),
                durability: .simulated)
            let database = ledger.database
            try database.execute(
                """
                INSERT INTO lives (started_at, last_turn_at, ended) VALUES
                    (1767225600000, 1781524800000, 'stopped');
                UPDATE daemon SET pruned_before_at = 1780272000000;
                INSERT INTO config_revisions VALUES (1, 'abc', 1767225600000, 'start', 'first');
                """)
            try schedule(
                "gl", rule: "0 6 * * *", zone: "UTC", since: "2026-03-01T00:00:00Z", database)
            try revision(
                "gl", "active", rule: "0 5 * * *", zone: "Europe/Berlin",
                since: "2026-01-01T00:00:00Z", database)
            try schedule(
                "gone", state: "removed", rule: "0 6 * * *", zone: "UTC",
                since: "2026-05-01T00:00:00Z", database)
            try revision(
                "gone", "active", rule: "0 6 * * *", zone: "UTC", since: "2026-01-01T00:00:00Z",
                database)
            try schedule(
                "off", state: "disabled", rule: "0 6 * * *", zone: "UTC",
                since: "2026-05-01T00:00:00Z", database)
            try schedule(
                "bound", rule: "0 6 * * *", zone: "UTC", since: "2026-01-01T00:00:00Z",
                until: "2026-06-30T00:00:00Z", database)
            try schedule(
                "chain", rule: "after gl", source: #"{"rule":"after gl","zone":"UTC"}"#,
                zone: "UTC", since: "2026-01-01T00:00:00Z", database)
            try schedule(
                "week", rule: "0 6 * * 1-5", zone: "UTC", since: "2026-01-01T00:00:00Z", database)
            try database.execute(
                "INSERT INTO audit (at, actor, action, subject, detail) "
                    + "VALUES (1772323200000, 'reload', 'rename', 'ledger-load', 'gl')")
            try slots(database)
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        static func instant(_ text: String) -> Instant {
            Instant(iso8601: text) ?? Instant(seconds: 0)
        }

        private func schedule(
            _ name: String, state: String = "active", rule: String, source: String? = nil,
            zone: String, since: String, until: String? = nil, _ database: Database
        ) throws {
            let text = source ?? #"{"rule":"cron \#(rule)","zone":"\#(zone)"}"#
            let key = FiringKey(
                connection: "prod", baseURL: "u", process: "p", ruleSource: text,
                active: ActiveWindow(until: until.map(Past.instant)))
            try database.run(
                """
                INSERT INTO schedule_states (schedule, state, connection, base_url, process, rule,
                    rule_source, timezone, firing_key, revision_id, effective_at, cursor_at)
                VALUES (?, ?, 'prod', 'u', 'p', ?, ?, ?, ?, 1, ?, ?)
                """, .text(name), .text(state), .text(rule), .text(text), .text(zone),
                .text(key.text), .at(Past.instant(since)), .at(Past.instant("2026-06-15T06:00:00Z"))
            )
            try revision(name, state, rule: rule, zone: zone, since: since, key: key, database)
        }

        private func revision(
            _ name: String, _ state: String, rule: String, zone: String, since: String,
            key: FiringKey? = nil, _ database: Database
        ) throws {
            let key =
                key
                ?? FiringKey(
                    connection: "prod", baseURL: "u", process: "p",
                    ruleSource: #"{"rule":"cron \#(rule)","zone":"\#(zone)"}"#,
                    active: ActiveWindow())
            try database.run(
                "INSERT INTO schedule_revisions VALUES (?, ?, 1, ?, ?, ?, 'p', ?)", .text(name),
                .at(Past.instant(since)), .text(state), .text(rule), .text(zone), .text(key.text))
        }

        /// Each slot on its way along the edges that the schema allows.
        private func slots(_ database: Database) throws {
            let open: Set<String> = ["pending", "starting", "unknown", "held"]
            for (index, slot) in WhyTests.slots.enumerated() {
                let at = Past.instant(slot.at)
                let isBornEnded = ["skipped", "coalesced", "missed", "expired"]
                    .contains(slot.disposition)
                try database.run(
                    """
                    INSERT INTO slots (slot_id, schedule, kind, slot_at, due_at,
                        utc_offset_seconds, disposition, reason, connection, base_url, process_id,
                        revision_id, mode, next_action_at, window_from_at, created_at, ended_at)
                    VALUES (?, ?, ?, ?, ?, 0, ?, ?, 'prod', 'u', ?, 1, ?, ?, 1, 1, ?)
                    """, .int(index + 1), .text(slot.schedule), .text(slot.kind), .at(at), .at(at),
                    .text(isBornEnded ? slot.disposition : "pending"), .text(slot.reason),
                    .text("p\(index)"), .text(slot.mode), .at(isBornEnded ? nil : at),
                    .at(isBornEnded ? at : nil))
                guard !isBornEnded else { continue }
                for step in slot.way {
                    let isOpen = open.contains(step)
                    if step == "started" {
                        try database.run(
                            """
                            INSERT INTO process_runs (run_key, base_url, run_id, connection,
                                process_id, schedule, slot_id, origin, status, is_open, outcome,
                                created_at, first_seen_at, changed_at)
                            VALUES (?1, 'u', 'run-' || ?1, 'prod', 'p', ?2, ?1, 'rule', 'complete',
                                0, 'succeeded', 1, 1, 1)
                            """, .int(index + 1), .text(slot.schedule))
                    }
                    try database.run(
                        """
                        UPDATE slots SET disposition = ?, next_action_at = ?, ended_at = ?,
                            run_key = ?, attempts = 2 WHERE slot_id = ?
                        """, .text(step), .at(isOpen ? at : nil), .at(isOpen ? nil : at),
                        step == "started" ? .int(index + 1) : .null, .int(index + 1))
                }
            }
        }
    }

    private struct PastSlot {
        var schedule = "gl"
        var kind = "rule"
        var at: String
        /// Dispositions after `pending`, the last one is the present one.
        var way: [String]
        var reason: String
        var mode = "run"
        var disposition: String { way.last ?? "pending" }
    }

    private static let slots: [PastSlot] = [
        .init(at: "2026-06-01T06:00:00Z", way: ["starting", "started"], reason: "on time"),
        .init(at: "2026-06-02T06:00:00Z", way: ["skipped"], reason: "holiday: Founders' Day"),
        .init(
            at: "2026-06-03T06:00:00Z", way: ["coalesced"], reason: "the later slot stands for it"),
        .init(
            at: "2026-06-04T06:00:00Z", way: ["missed"],
            reason: "the daemon was down at 2026-06-04T06:45:00Z, and missed = \"skip\""),
        .init(
            at: "2026-06-05T06:00:00Z", way: ["expired"],
            reason: "too late although the daemon was up: its missed_window is over"),
        .init(
            at: "2026-06-06T06:00:00Z", way: ["starting", "failed"],
            reason: "the API refused the start: 403"),
        .init(
            at: "2026-06-07T06:00:00Z", way: ["cancelled"],
            reason: "its process or connection was changed"),
        .init(
            at: "2026-06-08T06:00:00Z", way: ["starting", "unknown", "held"],
            reason: "the list shows another run"),
        .init(
            at: "2026-06-09T06:00:00Z", way: ["starting", "unknown"], reason: "the answer is lost"),
        .init(at: "2026-06-10T06:00:00Z", way: ["starting"], reason: "attempt 1 is out"),
        .init(at: "2026-06-11T06:00:00Z", way: [], reason: "waiting for the rate budget"),
        .init(
            at: "2026-06-12T06:00:00Z", way: ["skipped"],
            reason: "observe mode: it would have been started", mode: "observe"),
        .init(
            kind: "manual", at: "2026-06-12T08:30:12.345Z", way: ["starting", "started"],
            reason: "triggered by ann"),
        .init(kind: "boot", at: "2026-06-12T09:00:00Z", way: ["skipped"], reason: "paused by ann"),
        .init(
            schedule: "chain", kind: "after", at: "2026-06-12T07:00:05.001Z", way: ["expired"],
            reason: "\"within\" of its after rule was over"),
        .init(
            schedule: "gone", at: "2026-04-01T06:00:00Z", way: ["starting", "started"],
            reason: "on time"),
    ]

    static let sentences: [(schedule: String, time: String, said: String, isSlot: Bool)] = [
        // Every disposition.
        ("gl", "2026-06-01T06:00", "started run run-1 with its attempt number 2 (on time)", true),
        ("gl", "2026-06-02T06:00", "was skipped: holiday: Founders' Day.", true),
        ("gl", "2026-06-03T06:00", "was coalesced: the later slot stands for it.", true),
        ("gl", "2026-06-04T06:00", "was missed: the daemon was down at 2026-06-04T06:45", true),
        ("gl", "2026-06-05T06:00", "+00:00 expired: too late although the daemon was up", true),
        ("gl", "2026-06-06T06:00", "+00:00 failed: the API refused the start: 403.", true),
        ("gl", "2026-06-07T06:00", "was cancelled: its process or connection was changed.", true),
        ("gl", "2026-06-08T06:00", "carillon resolve 8 --run RUN | --start | --drop.", true),
        ("gl", "2026-06-09T06:00", "may have started a run, which is being looked for", true),
        ("gl", "2026-06-10T06:00", "is being started: attempt 1 is out.", true),
        ("gl", "2026-06-11T06:00", "is still waiting: waiting for the rate budget.", true),
        ("gl", "2026-06-12T06:00", "was skipped: observe mode: it would have been started.", true),
        // Every kind; nobody types milliseconds.
        ("gl", "2026-06-12T08:30:12Z", "The manual slot of gl at 2026-06-12T08:30:12", true),
        ("gl", "2026-06-12T09:00", "The boot slot of gl", true),
        ("chain", "2026-06-12T07:00:05", "The after slot of chain", true),
        ("gone", "2026-04-01T06:00", "The slot of gone at 2026-04-01T06:00:00+00:00 started", true),
        ("ledger-load", "2026-06-02T06:00", "ledger-load is called gl since 2026-03-01", true),
        // Instants that were none.
        (
            "gl", "2026-06-01T05:00",
            "is not a slot of gl: its rule then was 0 6 * * * (UTC); the nearest slots are "
                + "2026-06-01T06:00:00+00:00 and 2026-06-02", false
        ),
        (
            "gl", "2026-02-01T06:00",
            "2026-02-01T06:00:00+01:00 is not a slot of gl: its rule then was 0 5 * * * "
                + "(Europe/Berlin)", false
        ),
        ("gl", "2025-06-01T06:00", "the schedule was not known then", false),
        (
            "gone", "2026-06-01T06:00",
            "is not a slot of gone: it was removed then, since 2026-05-01T00:00:00Z", false
        ),
        ("off", "2026-06-01T06:00", "it was disabled then, since 2026-05-01", false),
        ("off", "2026-08-01T06:00", "it is disabled since 2026-05-01", false),
        (
            "chain", "2026-06-01T06:00",
            "is not a slot of chain: its rule then was after gl (UTC); the nearest slot is", false
        ),
        // A slot by its rule without a row: pruned, or not come to yet.
        ("gl", "2026-05-01T06:00", "its row is no longer in the ledger", false),
        ("gl", "2026-06-13T06:00", "its row is missing, which should never happen", false),
        (
            "gl", "2026-06-16T06:00",
            "but has no row yet: the daemon is not running, its last turn was at "
                + "2026-06-15T12:00:00Z", false
        ),
        ("bound", "2026-07-02T06:00", "outside its active time (active_until 2026-06-30", false),
        // What is to come.
        ("gl", "2026-07-02T06:00", "is a slot of gl that is still to come", false),
        (
            "gl", "2026-07-02T07:00",
            "is not a slot of gl: its rule is 0 6 * * * (UTC); the next slots are "
                + "2026-06-18T06:00:00+00:00 and 2026-06-19", false
        ),
        ("chain", "2026-07-02T06:00", "is still to come, and no slot that is known yet", false),
        (
            "lg", "2026-07-02T06:00", "no schedule \"lg\" was ever known; did you mean \"gl\"?",
            false
        ),
    ]

    @Test func everyInstantHasItsSentence() async throws {
        let past = try Past()
        let host = MemoryHost([:])
        for (schedule, time, said, isSlot) in Self.sentences {
            let run = await carillon(
                arguments: ["why", schedule, time, "--database", past.path], host: host,
                now: "2026-06-17T12:00:00Z")
            let text = run.output + run.errors
            #expect(text.contains(said), "\(schedule) \(time) said: \(text)")
            #expect(run.status == (isSlot ? 0 : 3), "\(schedule) \(time)")
            // One sentence, not two.
            #expect(run.output.isEmpty != isSlot)
        }
    }

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
        ] as [(String, String, [String], Int32)])
    func aDayHasTheSentencesOfItsSlots(
        schedule: String, day: String, said: [String], status: Int32
    ) async throws {
        let past = try Past()
        let run = await carillon(
            arguments: ["why", schedule, day, "--database", past.path], host: MemoryHost([:]),
            now: "2026-06-17T12:00:00Z")
        let lines = (run.output + run.errors).split(separator: "\n")
        #expect(lines.count == said.count, "\(lines)")
        for (line, words) in zip(lines, said) { #expect(line.contains(words), "\(line)") }
        #expect(run.status == status)
    }

    /// A day on which one of several upstreams had no slot: as long as `attention` says so, so does `why`.
    @Test func aDayThatWasNeverWholeSaysWhoseSlotWasMissing() async throws {
        let past = try Past()
        let ledger = try Ledger(
            path: past.path, pid: nil, now: Past.instant("2026-06-16T00:00:00Z"),
            durability: .simulated)
        _ = try ledger.transaction {
            try ledger.raise(
                kind: .unmatched, subject: "chain",
                whatToDo: "nothing was started for 2026-06-15: tax had no slot then",
                now: Past.instant("2026-06-16T00:00:00Z"))
        }
        for (schedule, isTold) in [("chain", true), ("off", false)] {
            let run = await carillon(
                arguments: ["why", schedule, "2026-06-15", "--database", past.path],
                host: MemoryHost([:]), now: "2026-06-17T12:00:00Z")
            #expect(run.status == 3)
            #expect(run.errors.contains("; nothing was started for 2026-06-15: tax") == isTold)
        }
    }

    @Test func jsonGivesTheSameAnswers() async throws {
        let past = try Past()
        let slot = await carillon(
            "why", "gl", "2026-06-02T06:00Z", "--json", "--database", past.path)
        #expect(slot.output.contains("\"disposition\": \"skipped\""))
        let none = await carillon(
            "why", "gl", "2025-06-02T06:00Z", "--json", "--database", past.path)
        #expect(none.status == 3)
        #expect(none.output.contains("\"why\": \"2025-06-02T06:00:00Z is not a slot of gl"))
    }
}
