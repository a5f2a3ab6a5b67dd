import Config
import Foundation
import Store
import Timetable

/// A small ledger in a file of its own: two schedules, four slots, two runs, an error.
final class LedgerFixture {
    let path: String
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("carillon-ledger-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.appendingPathComponent("carillon.db").path
        try execute(Self.rows)
    }

    /// Changes the ledger by SQL.
    func execute(_ statements: String) throws {
        try change { try $0.database.execute(statements) }
    }

    /// Changes the ledger.
    func change(_ work: (Ledger) throws -> Void) throws {
        let ledger = try Ledger(
            path: path, pid: nil, now: Instant(seconds: 1_780_000_000), durability: .simulated)
        try work(ledger)
        try ledger.countAgain()
    }

    /// Enters a configuration that was reloaded, with its files.
    func keep(_ loaded: LoadedConfiguration) throws {
        try change { ledger in
            _ = try ledger.insertRevision(
                contentHash: loaded.engine.contentHash, isReload: true, summary: "2 schedules",
                now: Instant(seconds: 1_781_510_000))
            try ledger.keepConfigFiles(
                contentHash: loaded.engine.contentHash,
                loaded.engine.files.map { ($0.path, String(decoding: $0.bytes, as: UTF8.self)) })
        }
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    // 2026-06-15T06:00:00Z is 1781503200.
    private static let rows = """
        UPDATE daemon SET pid = 4711, version = '0.1.0';
        INSERT INTO lives (started_at, last_turn_at) VALUES (1781500000000, 1781524000000);
        INSERT INTO config_revisions VALUES (1, 'abc', 1781500000000, 'start', 'first');
        INSERT INTO connections (connection, base_url, api_version) VALUES
            ('prod', 'https://api.app.wdesk.com', '2026-01-01');
        INSERT INTO schedule_states (schedule, state, connection, base_url, process, rule,
            rule_source, timezone, firing_key, revision_id, effective_at, cursor_at, next_slot_at) VALUES
            ('gl', 'active', 'prod', 'https://api.app.wdesk.com', 'p1', '0 6 * * *', '{}', 'UTC',
                'k', 1, 1781500000000, 1781503200000, 1781589600000),
            ('close', 'active', 'prod', 'https://api.app.wdesk.com', 'p2', '0 7 * * *', '{}',
                'America/New_York', 'k', 1, 1781500000000, 1781503200000, NULL);
        INSERT INTO schedule_revisions VALUES
            ('gl', 1781300000000, 1, 'active', '0 6 * * *', 'UTC', 'p1', 'k'),
            ('close', 1781300000000, 1, 'active', '0 7 * * *', 'America/New_York', 'p2', 'k');
        INSERT INTO slots (slot_id, schedule, kind, slot_at, due_at, utc_offset_seconds, disposition,
            reason, connection, base_url, process_id, revision_id, next_action_at, window_from_at,
            created_at) VALUES
            (1, 'gl', 'rule', 1781416800000, 1781416800000, 0, 'pending', 'due', 'prod', 'u', 'p1',
                1, 1, 1, 1),
            (2, 'gl', 'rule', 1781503200000, 1781503200000, 0, 'pending', 'due', 'prod', 'u', 'p1',
                1, 1, 1, 1),
            (3, 'close', 'rule', 1781521200000, 1781521200000, -14400, 'pending', 'due', 'prod', 'u',
                'p2', 1, 1, 1, 1);
        INSERT INTO slots (slot_id, schedule, kind, slot_at, due_at, utc_offset_seconds, disposition,
            reason, connection, base_url, process_id, revision_id, window_from_at, created_at,
            ended_at) VALUES
            (4, 'close', 'rule', 1781434800000, 1781434800000, -14400, 'skipped',
                'run r9 is still open', 'prod', 'u', 'p2', 1, 1, 1, 1781434800000);
        INSERT INTO process_runs (run_key, base_url, run_id, connection, process_id, schedule,
            slot_id, origin, name, status, is_open, outcome, counts, job_counts, created_at,
            completed_at, first_seen_at, changed_at, next_poll_at, tree) VALUES
            (1, 'u', 'run-one-1', 'prod', 'p1', 'gl', 1, 'rule', 'Ledger', 'complete', 0, 'succeeded',
                '{"Completed":3}', '{"complete":3}', 1781416801000, 1781420401000, 1781416801000,
                1781420401000, NULL, NULL),
            (2, 'u', 'run-two-2', 'prod', 'p1', 'gl', 2, 'rule', 'evil \u{1B}[31m name', 'running',
                1, 'active', '{"Completed":1,"Waiting":0}', '{"complete":1,"running":2}', 1781503201000,
                NULL, 1781503201000, 1781503201000, 1781524800000,
                '{"id":"run-two-2","root":{"name":"Root","parallel":false,"status":"running",\
        "children":[{"type":"job","job":{"action":"sendTask","status":"complete"}}]}}');
        UPDATE slots SET disposition = 'starting' WHERE slot_id IN (1, 2);
        UPDATE slots SET disposition = 'started', run_key = slot_id, next_action_at = NULL,
            ended_at = slot_at + 1000, reason = 'on time' WHERE slot_id IN (1, 2);
        INSERT INTO status_history (run_key, seen_at, status, outcome, counts, job_counts) VALUES
            (2, 1781503201000, 'waiting', 'active', '{}', '{"waiting":3}'),
            (2, 1781503260000, 'running', 'active', '{}', '{"complete":1,"running":2}');
        INSERT INTO errors (occurred_at, operation, connection, schedule, slot_id, attempt,
            http_status, code, message, meta, next_step, last_at) VALUES
            (1781503200500, 'runProcess', 'prod', 'gl', 2, 1, 503, '503', 'busy\n<0>fake',
                '{"jobId":"j1"}', 'retry in 5 s', 1781503200500),
            (1781521200500, 'runProcess', 'prod', 'close', 3, 1, 400, 'x', 'bad', 'not json',
                'none', 1781521200500);
        INSERT INTO alarms VALUES ('clock', 'prod', 1781521200000, 'set the clock');
        """
}
