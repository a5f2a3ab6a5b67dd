import Engine
import Foundation
import Store
import Timetable

/// A ledger with a slot of each disposition and kind, and schedules with a past.
final class WhyPast {
    let path: String
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("carillon-why-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.appendingPathComponent("carillon.db").path
        let ledger = try Ledger(
            path: path, pid: nil, now: WhyPast.instant("2026-01-01T00:00:00Z"),
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
            "twice", rule: "0 6,18 * * *", zone: "UTC", since: "2026-01-01T00:00:00Z", database)
        for (name, zone) in [("hourly", "UTC"), ("berlin", "Europe/Berlin")] {
            try schedule(
                name, rule: "0 * * * *", zone: zone, since: "2026-01-01T00:00:00Z",
                from: name == "hourly" ? "2026-06-20T12:00:00Z" : nil, database)
        }
        try schedule(
            "minutely", rule: "* * * * *", zone: "UTC", since: "2026-01-01T00:00:00Z", database)
        try schedule(
            "other", rule: "after week", source: #"{"rule":"after week","zone":"UTC"}"#,
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
        zone: String, since: String, from: String? = nil, until: String? = nil,
        _ database: Database
    ) throws {
        let text = source ?? #"{"rule":"cron \#(rule)","zone":"\#(zone)"}"#
        let key = FiringKey(
            connection: "prod", baseURL: "u", process: "p", ruleSource: text,
            active: ActiveWindow(
                from: from.map(WhyPast.instant), until: until.map(WhyPast.instant)))
        try database.run(
            """
            INSERT INTO schedule_states (schedule, state, connection, base_url, process, rule,
                rule_source, timezone, firing_key, revision_id, effective_at, cursor_at)
            VALUES (?, ?, 'prod', 'u', 'p', ?, ?, ?, ?, 1, ?, ?)
            """, .text(name), .text(state), .text(rule), .text(text), .text(zone),
            .text(key.text), .at(WhyPast.instant(since)),
            .at(WhyPast.instant("2026-06-15T06:00:00Z"))
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
            .at(WhyPast.instant(since)), .text(state), .text(rule), .text(zone), .text(key.text))
    }

    /// Each slot on its way along the edges that the schema allows.
    private func slots(_ database: Database) throws {
        let open: Set<String> = ["pending", "starting", "unknown", "held"]
        for (index, slot) in WhyPast.past.enumerated() {
            let at = WhyPast.instant(slot.at)
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

    private static let past: [PastSlot] = [
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
            schedule: "twice", at: "2026-06-17T06:00:00Z", way: ["starting", "started"],
            reason: "on time"),
        .init(
            schedule: "gone", at: "2026-04-01T06:00:00Z", way: ["starting", "started"],
            reason: "on time"),
    ]
}
