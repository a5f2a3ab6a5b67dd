package import Timetable

/// One number for a graph, with at most one label.
package struct LedgerReading: Sendable, Equatable {
    /// What is measured, `start_lag_seconds_sum`.
    package var name: String
    /// The label's name; empty: none.
    package var label: String
    package var labelValue: String
    package var value: Double

    package init(name: String, label: String, labelValue: String, value: Double) {
        self.name = name
        self.label = label
        self.labelValue = labelValue
        self.value = value
    }
}

/// A connection's request budget as the ledger keeps it.
package struct ConnectionBudget: Sendable, Equatable {
    package var connection: String
    package var tatMicroseconds: Int64
    /// What a 429 told; it replaces the config's numbers.
    package var learnedRequests: Int64?
    package var learnedWindowMilliseconds: Int64?
}

extension LedgerReader {
    /// The numbers behind `/metrics` that the ledger knows, by name and label.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func readings(at now: Instant) throws -> [LedgerReading] {
        try database.rows(Self.readingsStatement, .at(now)) { row in
            LedgerReading(
                name: row.string(0), label: row.string(1), labelValue: row.string(2),
                value: Self.number(row.value(3)))
        }
    }

    /// What each connection has used of its budget, and the limit it has learned.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func budgets() throws -> [ConnectionBudget] {
        try database.rows(
            """
            SELECT connection, budget_tat_us, learned_requests, learned_window_ms
            FROM connections WHERE removed_at IS NULL ORDER BY connection
            """
        ) { row in
            ConnectionBudget(
                connection: row.string(0), tatMicroseconds: row.integer(1),
                learnedRequests: row.int(2), learnedWindowMilliseconds: row.int(3))
        }
    }

    private static func number(_ value: SQLValue) -> Double {
        switch value {
        case .integer(let integer): Double(integer)
        case .double(let double): double
        case .null, .string: 0
        }
    }

    private static let readingsStatement = """
        SELECT 'start_lag_seconds_sum' AS name, 'schedule' AS label, schedule AS label_value,
            lag_ms / 1000.0 AS value
        FROM totals WHERE lags > 0
        UNION ALL
        SELECT 'start_lag_seconds_count', 'schedule', schedule, lags FROM totals WHERE lags > 0
        UNION ALL
        SELECT 'run_duration_seconds_sum', 'schedule', schedule, run_ms / 1000.0
        FROM totals WHERE runs_timed > 0
        UNION ALL
        SELECT 'run_duration_seconds_count', 'schedule', schedule, runs_timed
        FROM totals WHERE runs_timed > 0
        UNION ALL
        SELECT 'detect_lag_seconds', 'schedule', schedule, max(detect_ms_max) / 1000.0
        FROM day_sums WHERE day >= date(?1 / 1000 - 86400, 'unixepoch') AND runs_timed > 0
        GROUP BY schedule
        UNION ALL
        SELECT 'last_success_timestamp_seconds', 'schedule', schedule, last_success_at / 1000.0
        FROM totals WHERE last_success_at IS NOT NULL
        UNION ALL
        SELECT 'next_fire_timestamp_seconds', 'schedule', schedule, next_slot_at / 1000.0
        FROM schedule_states WHERE state = 'active' AND next_slot_at IS NOT NULL
        UNION ALL
        SELECT 'overdue_slots', '', '', count(*)
        FROM slots WHERE ended_at IS NULL AND disposition = 'pending' AND due_at <= ?1
        UNION ALL
        SELECT 'deliveries_waiting', 'target', target, count(*)
        FROM deliveries WHERE next_attempt_at IS NOT NULL AND attempts > 0 GROUP BY target
        UNION ALL
        SELECT 'http_requests_total', 'connection', connection, requests_sent
        FROM connections WHERE removed_at IS NULL
        UNION ALL
        SELECT 'breaker_open', 'connection', connection, breaker_opened_at IS NOT NULL
        FROM connections WHERE removed_at IS NULL
        UNION ALL
        SELECT 'retry_after_seconds', 'connection', c.connection,
            coalesce((SELECT max(max(until_at) - ?1, 0) / 1000.0 FROM hints AS h
                WHERE h.connection = c.connection), 0)
        FROM connections AS c WHERE removed_at IS NULL
        UNION ALL
        SELECT 'errors_total', 'code', http_status, count FROM error_sums
        UNION ALL
        SELECT 'config_revision_info', 'content_hash', content_hash, 1
        FROM (SELECT content_hash FROM config_revisions ORDER BY revision_id DESC LIMIT 1)
        ORDER BY name, label_value
        """
}
