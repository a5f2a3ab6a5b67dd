package import Timetable

/// One number for a graph.
package struct LedgerReading: Sendable {
    /// What is measured, `start_lag_seconds_sum`.
    package var name: String
    package var labels: [(name: String, value: String)]
    package var value: Double

    package init(
        _ name: String, _ value: Double, labels: [(name: String, value: String)] = []
    ) {
        self.name = name
        self.labels = labels
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
    /// What it told of starts alone, with what they have used of it.
    package var startLimit: OperationLimitRow?
}

extension LedgerReader {
    /// The numbers behind `/metrics` that the ledger knows, by name and label.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func readings(at now: Instant) throws -> [LedgerReading] {
        try database.rows(Self.readingsStatement, .at(now)) { row in
            let labels = [(row.string(1), row.string(2))].filter { !$0.0.isEmpty }
            return LedgerReading(row.string(0), Self.number(row.value(3)), labels: labels)
        } + answers() + endings()
    }

    private func answers() throws -> [LedgerReading] {
        try database.rows(
            """
            SELECT connection, http_status, count FROM answer_sums ORDER BY connection, http_status
            """
        ) { row in
            LedgerReading(
                "http_requests_total", Double(row.integer(2)),
                labels: [("connection", row.string(0)), ("code", row.string(1))])
        }
    }

    /// Runs by outcome, and the histograms of lags and durations, from sums that never fall.
    private func endings() throws -> [LedgerReading] {
        let outcomes = Sum.outcomes.map { "runs_\($0)" }
        let columns = outcomes + ["lag_ms"] + Sum.lagColumns + ["run_ms"] + Sum.runColumns
        let rows = try database.rows(
            "SELECT schedule, \(columns.joined(separator: ", ")) FROM totals ORDER BY schedule"
        ) { row in (row.string(0), columns.indices.map { row.integer(Int32($0) + 1) }) }
        return rows.flatMap { schedule, values -> [LedgerReading] in
            var rest = values[...]
            var readings: [LedgerReading] = []
            for (outcome, count) in zip(Sum.outcomes, rest.prefix(outcomes.count)) where count > 0 {
                readings.append(
                    LedgerReading(
                        "runs_total", Double(count),
                        labels: [("schedule", schedule), ("outcome", outcome)]))
            }
            rest = rest.dropFirst(outcomes.count)
            for (name, limits, columns) in [
                ("start_lag_seconds", Sum.lagLimits, Sum.lagColumns),
                ("run_duration_seconds", Sum.runLimitSeconds.map { $0 * 1000 }, Sum.runColumns),
            ] {
                let sum = rest.removeFirst()
                readings += Self.histogram(
                    name, of: schedule, sum: sum, limits: limits,
                    counts: Array(rest.prefix(columns.count)))
                rest = rest.dropFirst(columns.count)
            }
            return readings
        }
    }

    /// Nothing for a schedule of which nothing was measured yet.
    private static func histogram(
        _ name: String, of schedule: String, sum: Int64, limits: [Int64], counts: [Int64]
    ) -> [LedgerReading] {
        let total = counts.reduce(0, +)
        guard total > 0 else { return [] }
        let label = (name: "schedule", value: schedule)
        var readings: [LedgerReading] = []
        var below: Int64 = 0
        for (limit, count) in zip(limits, counts) {
            below += count
            guard !finerLimits.contains(limit) else { continue }
            let seconds = limit % 1000 == 0 ? "\(limit / 1000)" : "\(Double(limit) / 1000)"
            readings.append(
                LedgerReading(name + "_bucket", Double(below), labels: [label, ("le", seconds)]))
        }
        return readings + [
            LedgerReading(name + "_bucket", Double(total), labels: [label, ("le", "+Inf")]),
            LedgerReading(name + "_sum", Double(sum) / 1000, labels: [label]),
            LedgerReading(name + "_count", Double(total), labels: [label]),
        ]
    }

    /// Kept for the median of a day; a graph with all of them would have twice the series.
    private static let finerLimits: Set<Int64> = [50, 200, 300, 400, 700, 1500, 3000]

    /// What each connection has used of its budget, and the limits it has learned: of all, and of starts.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func budgets() throws -> [ConnectionBudget] {
        try database.rows(
            """
            SELECT c.connection, c.budget_tat_us, c.learned_requests, c.learned_window_ms,
                o.operation, o.requests, o.window_ms, o.budget_tat_us
            FROM connections AS c LEFT JOIN operation_limits AS o
                ON o.connection = c.connection AND o.operation = 'runProcess'
            WHERE c.removed_at IS NULL ORDER BY c.connection
            """
        ) { row in
            ConnectionBudget(
                connection: row.string(0), tatMicroseconds: row.integer(1),
                learnedRequests: row.int(2), learnedWindowMilliseconds: row.int(3),
                startLimit: row.text(4).map {
                    OperationLimitRow(
                        operation: $0, requests: row.integer(5),
                        windowMilliseconds: row.integer(6), budgetTATMicroseconds: row.integer(7))
                })
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
        SELECT 'detect_lag_seconds' AS name, 'schedule' AS label, schedule AS label_value,
            max(detect_ms_max) / 1000.0 AS value
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
        SELECT 'deliveries_waiting', 'target', t.target, (SELECT count(*) FROM deliveries AS d
            WHERE d.target = t.target AND d.next_attempt_at IS NOT NULL AND d.attempts > 0)
        -- Of each target that was ever written to, also when nothing waits: a series that comes and
        -- goes has gaps on a board. One step of the index for each name.
        FROM (WITH RECURSIVE names (target) AS (
                SELECT min(target) FROM deliveries
                UNION ALL
                SELECT (SELECT min(d.target) FROM deliveries AS d WHERE d.target > n.target)
                FROM names AS n WHERE n.target IS NOT NULL)
            SELECT target FROM names WHERE target IS NOT NULL) AS t
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
