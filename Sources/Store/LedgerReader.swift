package import Timetable

/// What a query of the ledger answers: named columns and their values.
package struct LedgerTable: Sendable, Equatable {
    package var columns: [String]
    package var rows: [[SQLValue]]

    /// Makes a table; each row has a value for each column.
    package init(columns: [String] = [], rows: [[SQLValue]] = []) {
        self.columns = columns
        self.rows = rows
    }

    /// The value of a column in a row; NULL if there is no such column.
    package func value(_ column: String, row: Int) -> SQLValue {
        columns.firstIndex(of: column).map { rows[row][$0] } ?? .null
    }
}

/// Narrows a read.
package struct LedgerFilter: Sendable {
    package var schedule: String?
    package var since: Instant?
    package var until: Instant?
    /// Only slots in one of these; empty: in any.
    package var dispositions: [String] = []
    package var statuses: [String] = []
    package var outcomes: [String] = []
    /// Only schedules that carry the tag.
    package var tag: String?
    /// Only what happened on this connection.
    package var connection: String?
    /// Only what this person or part of the daemon did, and only this verb.
    package var actor: String?
    package var action: String?
    /// How many rows at most, the newest ones.
    package var limit = 50

    /// Makes a filter that lets everything through.
    package init() {}
}

/// Reads of the ledger for people and pages: read-only, also with the daemon down.
///
/// Not Sendable: each reader opens its own connection, reads and closes it.
package final class LedgerReader {
    let database: Database

    /// Queries of the views that show a newcomer what is there, for `sqlite3`.
    package static let queriesToTry = [
        "select schedule, slot_at, disposition, reason, run_status, counts from history"
            + " order by slot_at desc limit 20",
        "select run_id, schedule, status, outcome, job_counts from runs where outcome = 'active'",
        "select occurred_at, operation, http_status, message, next_step from error_log"
            + " order by occurred_at desc limit 20",
        "select * from daily", "select * from attention",
    ]

    /// Called with each statement before it is run; a test looks at its plan.
    package var willStep: ((String) throws -> Void)? {
        get { database.willStep }
        set { database.willStep = newValue }
    }

    /// Opens the database for reading.
    ///
    /// - Parameters:
    ///   - path: the database file.
    ///   - isOver: asked while a read is at work; true ends it with an error of kind `.interrupted`.
    ///   - takesOlder: one that lacks migrations of this binary will do, for what it has.
    /// - Throws: `StoreError` with what to do when it is absent, foreign or of another version.
    package init(
        path: String, isOver: (() -> Bool)? = nil, takesOlder: Bool = false
    ) throws {
        do {
            database = try Database(path: path, mode: .read)
            if let isOver { database.interrupt(when: isOver) }
            try Migrator.check(database, takesOlder: takesOlder)
        } catch let error as StoreError where error.kind == .access {
            throw StoreError(
                kind: .access, attempted: "read the ledger", path: path, cause: error.cause,
                advice: "is the path right, has the daemon run once, and may you read the file?")
        }
    }

    /// The next slots (view `upcoming`).
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func upcoming(_ filter: LedgerFilter) throws -> LedgerTable {
        try table(
            """
            SELECT * FROM upcoming WHERE (?1 IS NULL OR schedule = ?1)
            ORDER BY slot_at, schedule LIMIT ?2
            """, .text(filter.schedule), .int(filter.limit))
    }

    /// Counts by day (view `daily`), newest first.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func daily(_ filter: LedgerFilter) throws -> LedgerTable {
        try table(
            """
            SELECT * FROM daily WHERE (?1 IS NULL OR schedule = ?1)
            ORDER BY day DESC, schedule LIMIT ?2
            """, .text(filter.schedule), .int(filter.limit))
    }

    /// Each schedule with its next slot, last slot, and active run.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func schedules(_ filter: LedgerFilter) throws -> LedgerTable {
        try table(
            """
            SELECT c.schedule, c.state, c.connection, c.process, c.rule, c.timezone, c.mode,
                c.description,
                strftime('%Y-%m-%dT%H:%M:%SZ', c.next_slot_at / 1000, 'unixepoch') AS next_slot_at,
                strftime('%Y-%m-%dT%H:%M:%S', h.slot_at / 1000, 'unixepoch')
                    || CASE WHEN h.slot_at % 1000 THEN printf('.%03d', h.slot_at % 1000)
                        ELSE '' END || 'Z' AS last_slot_at,
                h.disposition AS last_disposition,
                h.reason AS last_reason,
                strftime('%Y-%m-%dT%H:%M:%SZ', h.expected_end_at / 1000, 'unixepoch')
                    AS expected_end_at,
                h.forecast,
                r.run_id, r.status AS run_status, r.outcome, r.counts, r.job_counts,
                (SELECT group_concat(CASE WHEN p.schedule IS NULL THEN 'all paused'
                        ELSE 'paused' END
                        || CASE WHEN p.reason = '' THEN '' ELSE ': ' || p.reason END, '; ')
                    FROM pause_periods AS p WHERE (p.schedule = c.schedule OR p.schedule IS NULL)
                        AND p.kind = 'pause' AND p.lifted_at IS NULL
                        AND (p.until_at IS NULL
                            OR p.until_at > CAST(strftime('%s', 'now') AS INTEGER) * 1000)
                ) AS paused,
                c.aside_reason
            FROM schedule_states AS c
            LEFT JOIN slots AS h ON h.slot_id = (SELECT s.slot_id FROM slots AS s
                WHERE s.schedule = c.schedule ORDER BY s.slot_at DESC, s.slot_id DESC LIMIT 1)
            LEFT JOIN process_runs AS r ON r.run_key = (SELECT x.run_key FROM process_runs AS x
                WHERE x.schedule = c.schedule
                ORDER BY coalesce(x.created_at, x.first_seen_at) DESC, x.run_key DESC LIMIT 1)
            WHERE c.state <> 'removed' AND (?1 IS NULL OR c.schedule = ?1)
                AND (?2 IS NULL OR c.connection = ?2)
                AND (?3 IS NULL
                    OR EXISTS (SELECT 1 FROM json_each(c.tags) AS g WHERE g.value = ?3))
            ORDER BY c.schedule
            """, .text(filter.schedule), .text(filter.connection), .text(filter.tag))
    }

    /// Each connection with what stands in its way.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func connections() throws -> LedgerTable {
        try table(
            """
            SELECT connection, base_url, api_version, user_id,
                clock_skew_ms / 1000.0 AS clock_skew_seconds,
                learned_requests, learned_window_ms / 1000 AS learned_window_seconds,
                (SELECT group_concat(operation || ' ' || requests || ' per ' || window_ms / 1000
                        || ' s', ', ')
                    FROM operation_limits AS o WHERE o.connection = c.connection)
                    AS operation_limits, requests_sent,
                CASE WHEN breaker_opened_at IS NULL THEN 'closed' ELSE 'open' END AS breaker,
                strftime('%Y-%m-%dT%H:%M:%SZ', credential_bad_since_at / 1000, 'unixepoch')
                    AS credential_bad_since_at,
                strftime('%Y-%m-%dT%H:%M:%SZ', (SELECT max(until_at) FROM hints AS h
                    WHERE h.connection = c.connection) / 1000, 'unixepoch') AS blocked_until_at
            FROM connections AS c WHERE removed_at IS NULL ORDER BY connection
            """)
    }

    /// The daemon's last life, counts of open things, pauses in force: one row.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func status() throws -> LedgerTable {
        try table(
            """
            SELECT d.pid, d.version,
                strftime('%Y-%m-%dT%H:%M:%SZ', l.started_at / 1000, 'unixepoch') AS started_at,
                strftime('%Y-%m-%dT%H:%M:%SZ', l.last_turn_at / 1000, 'unixepoch') AS last_turn_at,
                l.ended,
                (SELECT count(*) FROM schedule_states WHERE state = 'active') AS schedules,
                (SELECT count(*) FROM slots WHERE ended_at IS NULL AND disposition = 'pending')
                    AS pending,
                (SELECT count(*) FROM slots WHERE ended_at IS NULL AND disposition = 'starting')
                    AS starting,
                (SELECT count(*) FROM slots WHERE ended_at IS NULL AND disposition = 'unknown')
                    AS unknown,
                (SELECT count(*) FROM slots WHERE ended_at IS NULL AND disposition = 'held') AS held,
                (SELECT count(*) FROM process_runs WHERE is_open = 1) AS open_runs,
                (SELECT count(*) FROM attention) AS attention,
                (SELECT count(*) FROM events INDEXED BY events_open_deadlines
                    WHERE is_open = 1 AND kind = 'late_forecast' AND kind IN
                        ('start_by_missed', 'finish_by_missed', 'late_forecast')) AS will_be_late,
                strftime('%Y-%m-%dT%H:%M:%SZ', d.draining_since_at / 1000, 'unixepoch')
                    AS draining_since_at,
                (SELECT count(DISTINCT q.schedule) FROM pause_periods AS q
                    JOIN schedule_states AS c ON c.schedule = q.schedule AND c.state = 'active'
                    WHERE q.kind = 'pause' AND q.lifted_at IS NULL
                        AND (q.until_at IS NULL
                            OR q.until_at > CAST(strftime('%s', 'now') AS INTEGER) * 1000)
                ) AS paused_schedules,
                strftime('%Y-%m-%dT%H:%M:%SZ', p.from_at / 1000, 'unixepoch')
                    AS all_paused_since_at,
                strftime('%Y-%m-%dT%H:%M:%SZ', p.until_at / 1000, 'unixepoch')
                    AS all_paused_until_at,
                p.requested_by AS all_paused_by, p.reason AS all_paused_reason
            FROM daemon AS d
            LEFT JOIN pause_periods AS p ON p.pause_id = (SELECT q.pause_id FROM pause_periods AS q
                WHERE q.schedule IS NULL AND q.kind = 'pause' AND q.lifted_at IS NULL
                    AND (q.until_at IS NULL
                        OR q.until_at > CAST(strftime('%s', 'now') AS INTEGER) * 1000)
                ORDER BY q.until_at IS NOT NULL, q.until_at DESC LIMIT 1)
            LEFT JOIN lives AS l ON l.life_id = (SELECT max(life_id) FROM lives)
            """)
    }

    /// One run (view `runs`); no row if it is not known.
    ///
    /// An id may be given by its beginning.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func run(_ runID: String) throws -> LedgerTable {
        // Ids that begin so lie between it and it with the last of all characters.
        let last = runID.unicodeScalars.count >= 6 ? runID + "\u{10FFFF}" : runID
        return try table(
            "SELECT * FROM runs WHERE run_id >= ? AND run_id <= ? ORDER BY run_id LIMIT 2",
            .text(runID), .text(last))
    }

    /// The last full body of a run as the API sent it, JSON.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func tree(runID: String) throws -> String? {
        try database.first("SELECT tree FROM process_runs WHERE run_id = ?", .text(runID)) {
            $0.text(0)
        } ?? nil
    }

    /// Status and counts of a run as they changed, oldest first.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func statusHistory(runID: String) throws -> LedgerTable {
        try table(
            """
            SELECT strftime('%Y-%m-%dT%H:%M:%SZ', h.seen_at / 1000, 'unixepoch') AS seen_at,
                h.status, h.outcome, h.counts, h.job_counts
            FROM status_history AS h JOIN process_runs AS r ON r.run_key = h.run_key
            WHERE r.run_id = ? ORDER BY h.history_id
            """, .text(runID))
    }

    /// The counts of a run by scope (view `run_counts`).
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func counts(runID: String) throws -> LedgerTable {
        try table(
            "SELECT scope, status, count FROM run_counts WHERE run_id = ? ORDER BY scope, status",
            .text(runID))
    }

    /// The slots of a schedule at an instant, of every kind (view `history`), each with the last slot that was to
    /// make up for it.
    ///
    /// A whole second means all of it: manual slots have milliseconds that people don't type.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func slots(schedule: String, at instant: Instant) throws -> LedgerTable {
        let width: Int64 = instant.milliseconds % 1000 == 0 ? 1000 : 1
        return try table(
            """
            SELECT h.*, m.slot_id AS made_up_by_slot_id, m.disposition AS made_up_by_disposition
            FROM history AS h JOIN slots AS s ON s.slot_id = h.slot_id \(Self.lastMakeUp)
            WHERE s.schedule = ? AND s.slot_at >= ? AND s.slot_at < ? ORDER BY s.slot_at, s.slot_id
            """, .text(schedule), .at(instant), .at(instant.adding(milliseconds: width)))
    }

    /// One slot by its id (view `history`), with the last slot that was to make up for it.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func slot(_ slotID: Int64) throws -> LedgerTable {
        try table(
            """
            SELECT h.*, m.slot_id AS made_up_by_slot_id, m.disposition AS made_up_by_disposition
            FROM history AS h \(Self.lastMakeUp) WHERE h.slot_id = ?
            """, .int(slotID))
    }

    /// The last slot that was to make up for one of `h`, as `m`.
    private static let lastMakeUp = """
        LEFT JOIN slots AS m ON m.slot_id = (SELECT max(o.slot_id) FROM slots AS o
            WHERE o.makes_up_slot_id = h.slot_id)
        """

    /// What a schedule was at an instant: state, rule, zone and from when; no row: not there yet.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func revision(schedule: String, at instant: Instant) throws -> LedgerTable {
        try table(
            """
            SELECT state, rule, timezone, process,
                strftime('%Y-%m-%dT%H:%M:%SZ', effective_at / 1000, 'unixepoch') AS effective_at,
                firing_key
            FROM schedule_revisions WHERE schedule = ? AND effective_at <= ?
            ORDER BY effective_at DESC, revision_id DESC LIMIT 1
            """, .text(schedule), .at(instant))
    }

    /// The nearest slots around an instant (view `history`), nearest first.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func neighbours(schedule: String, of instant: Instant) throws -> LedgerTable {
        try table(
            """
            SELECT h.* FROM (
                SELECT * FROM (SELECT slot_id, slot_at FROM slots
                    WHERE schedule = ?1 AND slot_at <= ?2 ORDER BY slot_at DESC LIMIT 2)
                UNION ALL
                SELECT * FROM (SELECT slot_id, slot_at FROM slots
                    WHERE schedule = ?1 AND slot_at > ?2 ORDER BY slot_at LIMIT 2)
            ) AS near CROSS JOIN history AS h ON h.slot_id = near.slot_id
            ORDER BY abs(near.slot_at - ?2) LIMIT 2
            """, .text(schedule), .at(instant))
    }

    /// Names of all schedules, for "did you mean".
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func scheduleNames() throws -> [String] {
        try database.rows("SELECT schedule FROM schedule_states ORDER BY schedule") { $0.string(0) }
    }

    /// Counts for metrics: slots by schedule and disposition.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func dispositionCounts() throws -> LedgerTable {
        try table(
            """
            SELECT schedule, disposition, slots FROM (
            SELECT schedule, 'started' AS disposition, started AS slots FROM totals UNION ALL
            SELECT schedule, 'skipped', skipped FROM totals UNION ALL
            SELECT schedule, 'coalesced', coalesced FROM totals UNION ALL
            SELECT schedule, 'missed', missed FROM totals UNION ALL
            SELECT schedule, 'expired', expired FROM totals UNION ALL
            SELECT schedule, 'failed', failed FROM totals UNION ALL
            SELECT schedule, 'cancelled', cancelled FROM totals
            ) WHERE slots > 0
            UNION ALL
            SELECT schedule, disposition, count(*) FROM slots INDEXED BY slots_by_disposition
            WHERE ended_at IS NULL GROUP BY 1, 2
            ORDER BY schedule, disposition
            """)
    }

    func table(_ sql: String, _ values: SQLValue...) throws -> LedgerTable {
        try table(sql, values: values)
    }

    func table(_ sql: String, values: [SQLValue]) throws -> LedgerTable {
        var table = LedgerTable(columns: try database.columns(of: sql), rows: [])
        try database.step(sql, values) { row in
            table.rows.append((0..<table.columns.count).map { row.value(Int32($0)) })
            return true
        }
        return table
    }
}
