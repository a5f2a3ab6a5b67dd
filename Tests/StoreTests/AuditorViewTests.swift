import Foundation
import Store
import Testing

/// The views for auditors, and the queries of docs/ledger.md as they are printed there.
@Suite struct AuditorViewTests {
    /// The page, from the top of the repository.
    private static func page() throws -> String {
        let top = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return try String(
            contentsOf: top.appendingPathComponent("docs/ledger.md"), encoding: .utf8)
    }

    /// The statements in the page's fences, first to last.
    private static func statements() throws -> [String] {
        try page().components(separatedBy: "```sql\n").dropFirst().map { part in
            String(part.components(separatedBy: "```")[0])
        }
    }

    /// A March of one schedule: a run with a failed job, a slot that a pause ended, a refused one.
    private static let rows = """
        INSERT INTO config_revisions VALUES (1, 'abc', 1772323200000, 'start', 'gl added');
        INSERT INTO schedule_revisions VALUES
            ('gl', 1772323200000, 1, 'active', '0 6 * * *', 'UTC', 'p1', 'k');
        INSERT INTO connections (connection, base_url, api_version) VALUES ('prod', 'u', 'v');
        INSERT INTO schedule_states (schedule, state, connection, base_url, process, rule,
            rule_source, timezone, firing_key, revision_id, effective_at, cursor_at) VALUES
            ('gl', 'active', 'prod', 'u', 'p1', '0 6 * * *', '{}', 'UTC', 'k', 1,
                1772323200000, 1772323200000);
        INSERT INTO slots (slot_id, schedule, kind, slot_at, due_at, utc_offset_seconds,
            disposition, reason, connection, base_url, process_id, revision_id, next_action_at,
            window_from_at, created_at) VALUES
            (1, 'gl', 'rule', 1772431200000, 1772431200000, 0, 'pending', 'due', 'prod', 'u', 'p1',
                1, 1, 1, 1),
            (2, 'gl', 'rule', 1772517600000, 1772517600000, 0, 'pending', 'due', 'prod', 'u', 'p1',
                1, 1, 1, 1),
            (3, 'gl', 'rule', 1772604000000, 1772604000000, 0, 'pending', 'due', 'prod', 'u', 'p1',
                1, 1, 1, 1);
        INSERT INTO process_runs (run_key, base_url, run_id, connection, process_id, schedule,
            slot_id, origin, name, status, is_open, outcome, counts, job_counts, created_at,
            completed_at, first_seen_at, changed_at, next_poll_at, tree) VALUES
            (1, 'u', 'run-1', 'prod', 'p1', 'gl', 1, 'rule', 'Ledger', 'errorHold', 1, 'attention',
                '{}', '{"errorHold":1}', 1772431201000, 1772434801000, 1, 1, 1,
                '{"id":"run-1","status":"errorHold","root":{"status":"errorHold","children":[\
        {"jobRun":{"id":"j1","action":"sendTask","status":"complete"}},\
        {"jobRun":{"id":"j2","action":{"type":"sendTask"},"status":"errorHold",\
        "errorCode":"ACTION_EXECUTION_FAILED","actionStatus":"no assignee",\
        "arguments":{"sendTaskArgs":{"title":"Sign the ledger"}}}}]}}'),
            (2, 'u', 'run-2', 'prod', 'p1', 'gl', NULL, 'manual', 'Ledger', 'running', 1, 'active',
                '{}', '{}', 1772431201000, NULL, 1, 1, 1, NULL);
        INSERT INTO status_counts VALUES (1, 'jobs', 'errorHold', 1), (1, 'actions', 'error', 1),
            (2, 'jobs', 'error', 1);
        INSERT INTO status_history (run_key, seen_at, status, outcome, counts, job_counts) VALUES
            (1, 1772431201000, 'running', 'active', '{}', '{}'),
            (1, 1772434801000, 'errorHold', 'attention', '{}', '{"errorHold":1}');
        UPDATE slots SET disposition = 'starting' WHERE slot_id IN (1, 3);
        UPDATE slots SET disposition = 'started', run_key = 1, next_action_at = NULL,
            ended_at = 1772431201000, reason = 'on time' WHERE slot_id = 1;
        UPDATE slots SET disposition = 'skipped', next_action_at = NULL, ended_at = 1772517600000,
            reason = 'paused by ann: freeze' WHERE slot_id = 2;
        INSERT INTO errors (error_id, occurred_at, operation, connection, schedule, slot_id,
            attempt, http_status, code, message, next_step, last_at) VALUES
            (1, 1772604001000, 'runProcess', 'prod', 'gl', 3, 1, 403, '403', 'not an owner', 'none',
                1772604001000);
        UPDATE slots SET disposition = 'failed', next_action_at = NULL, ended_at = 1772604001000,
            reason = 'refused', last_error_id = 1 WHERE slot_id = 3;
        INSERT INTO pause_periods (schedule, kind, from_at, until_at, reason, requested_by,
            created_at, lifted_at) VALUES
            ('gl', 'pause', 1772500000000, 1772700000000, 'freeze', 'ann', 1772500000000,
                1772550000000),
            (NULL, 'pause', 1772500000500, 1772600000000, '', 'bob', 1772500000500, NULL);
        INSERT INTO audit (at, actor, action, subject, reason) VALUES
            (1772500000000, 'ann', 'pause', 'gl', 'freeze'),
            (1772550000000, 'cid', 'resume', 'gl', '');
        """

    private func ledger(_ scratch: Scratch) throws -> Ledger {
        let ledger = try scratch.ledger()
        try ledger.database.execute(Self.rows)
        return ledger
    }

    /// The rows of a statement, each as its values joined by `|`.
    private func answers(_ ledger: Ledger, _ sql: String) throws -> [String] {
        let columns = try ledger.database.columns(of: sql).count
        return try ledger.database.rows(sql) { row in
            (0..<columns).map { index in
                switch row.value(Int32(index)) {
                case .null: ""
                case .integer(let number): String(number)
                case .double(let number): String(number)
                case .string(let text): text
                }
            }.joined(separator: "|")
        }
    }

    @Test func theFourQueriesOfThePageAnswerWhatTheyAsk() throws {
        let scratch = try Scratch()
        let ledger = try ledger(scratch)
        let statements = try Self.statements()
        try #require(statements.count == 4)
        #expect(
            try answers(ledger, statements[0]) == [
                "2026-03-03T01:06:40Z|ann|gl|pause|2026-03-03T01:06:40Z|2026-03-05T08:40:00Z"
                    + "|freeze|2026-03-03T15:00:00Z|cid",
                "2026-03-03T01:06:40.500Z|bob|all schedules|pause|2026-03-03T01:06:40.500Z"
                    + "|2026-03-04T04:53:20Z|||",
            ])
        #expect(
            try answers(ledger, statements[1]) == [
                "gl|2026-03-03T06:00:00+00:00|skipped|paused by ann: freeze|",
                "gl|2026-03-04T06:00:00+00:00|failed|refused|not an owner",
            ])
        #expect(try answers(ledger, statements[2]) == ["gl|2026-03|1|60.0|60.0"])
        #expect(
            try answers(ledger, statements[3]) == [
                "2026-03-02T06:00:01Z|gl|run-1|errorHold|Sign the ledger|ACTION_EXECUTION_FAILED"
                    + "|no assignee",
                "2026-03-04T06:00:01Z|gl||403|runProcess|403|not an owner",
            ])
    }

    @Test func thePageHasEveryViewWithItsColumns() throws {
        let scratch = try Scratch()
        let ledger = try scratch.ledger()
        let page = try Self.page()
        let views = try ledger.database.rows(
            "SELECT name FROM sqlite_master WHERE type = 'view' ORDER BY name"
        ) { $0.string(0) }
        #expect(views.count >= 13)
        for view in views {
            let columns = try ledger.database.columns(of: "SELECT * FROM \(view)")
            let ending = "| \(columns.joined(separator: ", ")) |"
            #expect(
                page.split(separator: "\n").contains {
                    $0.hasPrefix("| `\(view)` | ") && $0.hasSuffix(ending)
                }, "docs/ledger.md: the row of \(view) ends with \(ending)")
        }
        let tables = try ledger.database.rows(
            """
            SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'
            """
        ) { $0.string(0) }
        for table in tables { #expect(page.contains("`\(table)`"), "a line on \(table)") }
    }

    @Test func changesKnowWhatTheyChanged() throws {
        let scratch = try Scratch()
        let ledger = try ledger(scratch)
        #expect(
            try answers(
                ledger, "SELECT run_id, status_before, status FROM status_changes ORDER BY seen_at")
                == ["run-1||running", "run-1|running|errorHold"])
        #expect(
            try answers(
                ledger, "SELECT applied_at, summary, schedule, state, rule FROM revisions")
                == ["2026-03-01T00:00:00Z|gl added|gl|active|0 6 * * *"])
        #expect(
            try answers(ledger, "SELECT state FROM pauses ORDER BY pause_id") == ["lifted", "over"])
    }

    @Test(arguments: [
        ("failed_jobs", "USING COVERING INDEX status_counts_of_failed_jobs"),
        ("status_changes WHERE run_id = 'x'", "b USING INDEX status_history_by_run"),
        ("pauses", "a USING INDEX audit_by_time"),
        ("revisions", "s USING INDEX schedule_revisions_by_revision"),
    ])
    func whatIsLookedUpRowByRowHasAnIndex(view: String, step: String) throws {
        let scratch = try Scratch()
        let ledger = try scratch.ledger()
        let plan = try ledger.database.rows("EXPLAIN QUERY PLAN SELECT * FROM \(view)") {
            $0.string(3)
        }
        #expect(plan.contains { $0.contains(step) }, "\(plan)")
    }
}
