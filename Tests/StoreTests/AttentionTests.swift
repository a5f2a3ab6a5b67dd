import Store
import Testing
import Timetable

/// The rows of `attention`: complete, in words, and out of sight where somebody has seen them.
@Suite struct AttentionTests {
    private let scratch: Scratch
    private let ledger: Ledger
    private static let minute: Int64 = 60_000

    init() throws {
        scratch = try Scratch()
        ledger = try scratch.ledger()
        try ledger.database.execute(
            """
            INSERT INTO config_revisions VALUES (1, 'abc', 1, 'start', '');
            INSERT INTO connections (connection, base_url, api_version) VALUES ('prod', 'u', 'v');
            INSERT INTO schedule_states (schedule, state, connection, base_url, process, rule,
                rule_source, timezone, firing_key, revision_id, effective_at, cursor_at) VALUES
                ('s', 'active', 'prod', 'u', 'p', '0 6 * * *', '{}', 'UTC', 'k', 1, 1, 1);
            """)
    }

    /// A slot that ended so at that minute after midnight of 2026-03-02.
    private func end(
        _ disposition: String, minute: Int64, reason: String = "late", kind: String = "rule"
    ) throws {
        let at = 1_772_409_600_000 + minute * Self.minute
        try ledger.database.execute(
            """
            INSERT INTO slots (slot_id, schedule, kind, slot_at, due_at, utc_offset_seconds,
                disposition, reason, connection, base_url, process_id, revision_id,
                next_action_at, window_from_at, created_at) VALUES
                (\(minute), 's', '\(kind)', \(at), \(at), 0, 'pending', 'due', 'prod', 'u', 'p', 1, 1,
                    1, 1);
            """)
        if disposition == "started" {
            try ledger.database.execute(
                """
                INSERT INTO process_runs (run_key, base_url, run_id, connection, process_id,
                    schedule, slot_id, origin, status, is_open, outcome, first_seen_at, changed_at,
                    created_at) VALUES
                    (\(minute), 'u', 'run-\(minute)', 'prod', 'p', 's', \(minute), 'rule',
                        'complete', 0, 'succeeded', \(at), \(at), \(at));
                UPDATE slots SET disposition = 'starting' WHERE slot_id = \(minute);
                UPDATE slots SET disposition = 'started', run_key = \(minute),
                    next_action_at = NULL, ended_at = \(at) WHERE slot_id = \(minute);
                """)
        } else {
            try ledger.database.execute(
                """
                UPDATE slots SET disposition = '\(disposition)', reason = '\(reason)',
                    next_action_at = NULL, ended_at = \(at) WHERE slot_id = \(minute);
                """)
        }
    }

    private func rows(_ columns: String, of view: String = "attention") throws -> [String] {
        try ledger.database.rows("SELECT \(columns) FROM \(view)") { $0.string(0) }
    }

    /// A backfill that the API was down for must not end in silence.
    @Test(arguments: ["manual", "after", "boot"])
    func whatAPersonAskedForIsToldAsWhatARuleDid(kind: String) throws {
        try end("expired", minute: 1, reason: "the API was down", kind: kind)
        #expect(
            try rows("kind || '|' || sentence") == [
                "expired|nothing was started for the slot of 2026-03-02T00:01:00Z: "
                    + "the API was down"
            ])
    }

    @Test func aScheduleThatOnlyObservesHasNoRowWhoseCommandIsRefused() throws {
        try end("expired", minute: 1)
        #expect(try rows("kind") == ["expired"])
        try ledger.database.execute("UPDATE schedule_states SET mode = 'observe'")
        #expect(try rows("kind") == [])
    }

    @Test func whatNothingWasStartedForIsOneRowUntilSomethingStarts() throws {
        try end("missed", minute: 1)
        #expect(
            try rows("kind || '|' || since_at || '|' || what_to_do") == [
                "missed|2026-03-02T00:01:00Z|nothing was started for the slot of "
                    + "2026-03-02T00:01:00Z: late; to start it now: carillon trigger s"
            ])
        try end("expired", minute: 3, reason: "the API was down")
        try end("expired", minute: 2, reason: "the disk was full")
        #expect(
            try rows("sentence") == [
                "nothing was started for 3 slots, the last one of 2026-03-02T00:03:00Z: "
                    + "the API was down"
            ])
        try end("started", minute: 4)
        #expect(try rows("kind").isEmpty)
        try end("expired", minute: 5)
        #expect(try rows("kind") == ["expired"])
        try ledger.database.execute("UPDATE schedule_states SET state = 'disabled'")
        #expect(try rows("kind").isEmpty)
    }

    /// A later start did other work: the date that somebody wanted is told until it has its run, or is skipped.
    @Test func aDateThatWasNotMadeUpForIsToldPastLaterStarts() throws {
        try end("missed", minute: 1)
        try end("expired", minute: 2, reason: "the API was down", kind: "manual")
        let makeUp = "UPDATE slots SET makes_up_slot_id = "
        try ledger.database.execute(makeUp + "1 WHERE slot_id = 2")
        try end("started", minute: 3)
        let told =
            "not-made-up/s|expired|the slot of 2026-03-02T00:01:00Z was not made up for: the API was "
            + "down; to try again: carillon trigger s --slot 2026-03-02T00:01:00Z"
        #expect(try rows("id || '|' || kind || '|' || what_to_do") == [told])
        try end("skipped", minute: 4)
        try end("failed", minute: 5, reason: "409", kind: "manual")
        try ledger.database.execute(makeUp + "4 WHERE slot_id = 5")
        #expect(
            try rows("what_to_do") == [
                "2 slots were not made up for, the last one of 2026-03-02T00:04:00Z: 409; to try the "
                    + "first one again: carillon trigger s --slot 2026-03-02T00:01:00Z"
            ])
        // The second try of one has its run, a person skips that of the other.
        try end("started", minute: 6)
        try ledger.database.execute(makeUp + "1 WHERE slot_id = 6")
        try end("skipped", minute: 7, kind: "manual")
        try ledger.database.execute(makeUp + "4 WHERE slot_id = 7")
        #expect(try rows("id").isEmpty)
    }

    @Test func aRowThatWasAcknowledgedIsBackWhenItChanges() throws {
        try end("missed", minute: 1)
        let row = try ledger.acknowledge(
            "unmade/s", until: nil, reason: "seen", actor: "ann", now: Scratch.now)
        #expect(row?.kind == "missed")
        #expect(row?.subject == "s")
        #expect(try rows("kind").isEmpty)
        #expect(
            try rows("id || acknowledged_by || acknowledged_reason", of: "attention_all") == [
                "unmade/sannseen"
            ])
        try end("missed", minute: 2)
        #expect(try rows("id") == ["unmade/s"])
    }

    @Test func anAcknowledgementEndsAtItsTime() throws {
        try end("failed", minute: 7)
        #expect(try rows("id || ' ' || command") == ["s7 carillon trigger s"])
        let long = Instant(seconds: 4_000_000_000)
        _ = try ledger.acknowledge(
            "s7", until: long, reason: "seen", actor: "ann", now: Scratch.now)
        #expect(try rows("id").isEmpty)
        // As an earlier one does.
        _ = try ledger.acknowledge(
            "s7", until: Instant(seconds: 1_000_000_000), reason: "seen", actor: "ann",
            now: Scratch.now)
        #expect(try rows("id") == ["s7"])
        #expect(
            try ledger.acknowledge(
                "s8", until: nil, reason: "seen", actor: "ann", now: Scratch.now) == nil)
    }

    @Test func aRunInErrorNamesItsJobAndItsCommandIsSafeToCopy() throws {
        try ledger.database.execute(
            """
            INSERT INTO process_runs (base_url, run_id, connection, process_id, schedule, origin,
                status, is_open, outcome, outcome_reason, first_seen_at, changed_at, next_poll_at, tree)
            VALUES ('u', 'x; rm -rf ''/''', 'prod', 'p', 's', 'rule', 'error', 1, 'attention',
                'status error', 1, 1000, 1,
                '{"status":"error","root":{"status":"error","children":[{"job":{"id":"j","action":\
            "sendTask","status":"error","errorCode":"NO_ASSIGNEE","actionStatus":"nobody","arguments":\
            {"sendTaskArgs":{"title":"Sign it"}}}}]}}');
            """)
        #expect(
            try rows("sentence") == [
                "status error; the job \"Sign it\" failed: NO_ASSIGNEE (nobody)"
            ])
        #expect(try rows("command") == [#"carillon show 'x; rm -rf '\''/'\'''"#])
    }

    /// Each kind of alarm has a command, and nothing is read that doesn't stand in the view.
    @Test func alarmsHaveCommands() throws {
        for kind in AlarmKind.allCases {
            try ledger.raise(kind: kind, subject: "x", whatToDo: "do it", now: Scratch.now)
        }
        #expect(try rows("id").count == AlarmKind.allCases.count)
        for command in try rows("command") {
            #expect(
                command.hasPrefix("carillon ")
                    || ["timedatectl status", "systemctl restart carillon", "fuser -v x"].contains(
                        command),
                "\(command)")
        }
        let plan = try ledger.database.rows("EXPLAIN QUERY PLAN SELECT * FROM attention") {
            $0.string(3)
        }
        for step in [
            "s USING INDEX slots_failed", "slots_by_disposition", "slots_not_made",
            "x USING INDEX process_runs_in_trouble", "slots_overdue",
        ] {
            #expect(plan.contains { $0.contains(step) }, "\(step): \(plan)")
        }
        #expect(!plan.contains("SCAN s") && !plan.contains("SCAN r"))
    }
}
