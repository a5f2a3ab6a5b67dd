import Timetable

/// The newest slots, runs and errors: each list walks an index and stops at its limit.
extension LedgerReader {
    /// The slots, newest first (view `history`).
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func history(_ filter: LedgerFilter) throws -> LedgerTable {
        let common = Conditions([
            ("s.schedule = ?", [.text(filter.schedule)]), ("s.slot_at >= ?", [.at(filter.since)]),
            ("s.slot_at < ?", [.at(filter.until)]),
            (Self.tagged("s"), [.text(filter.tag)]),
        ])
        let order = "ORDER BY s.slot_at DESC, s.slot_id DESC LIMIT ?"
        guard !filter.dispositions.isEmpty else {
            return try table(
                "SELECT h.* FROM history AS h JOIN slots AS s ON s.slot_id = h.slot_id "
                    + "\(common.sql) \(order)", values: common.values + [.int(filter.limit)])
        }
        // The newest of each, and of those the newest.
        var values: [SQLValue] = []
        let newest = filter.dispositions.map { disposition in
            // What has ended and what has not are found by indexes of their own.
            let isFinal = Disposition(rawValue: disposition)?.isFinal ?? false
            let conditions = common.and(
                "s.disposition = ? AND s.ended_at IS \(isFinal ? "NOT NULL" : "NULL")",
                .text(disposition))
            values += conditions.values + [.int(filter.limit)]
            return "SELECT * FROM (SELECT s.slot_id, s.slot_at FROM slots AS s "
                + "\(conditions.sql) \(order))"
        }
        return try table(
            "SELECT h.* FROM (\(newest.joined(separator: " UNION ALL "))) AS s "
                + "CROSS JOIN history AS h ON h.slot_id = s.slot_id \(order)",
            values: values + [.int(filter.limit)])
    }

    /// The runs, newest first (view `runs`).
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func runs(_ filter: LedgerFilter) throws -> LedgerTable {
        // Those that are open are found by an index of their own.
        let areOpen = filter.statuses.allSatisfy { $0 != "complete" && $0 != "cancelled" }
        let conditions = Conditions([
            ("r.schedule = ?", [.text(filter.schedule)]),
            ("coalesce(r.created_at, r.first_seen_at) >= ?", [.at(filter.since)]),
            ("coalesce(r.created_at, r.first_seen_at) < ?", [.at(filter.until)]),
            Self.one("r.status", of: filter.statuses, and: areOpen ? " AND r.is_open = 1" : ""),
            Self.one(
                "r.outcome", of: filter.outcomes,
                and: filter.outcomes.contains("succeeded") ? "" : " AND r.outcome <> 'succeeded'"),
            (Self.tagged("r"), [.text(filter.tag)]),
        ])
        return try table(
            """
            SELECT v.* FROM process_runs AS r CROSS JOIN runs AS v
                ON v.run_id = r.run_id AND v.connection = r.connection \(conditions.sql)
            ORDER BY coalesce(r.created_at, r.first_seen_at) DESC, r.run_key DESC LIMIT ?
            """, values: conditions.values + [.int(filter.limit)])
    }

    /// The errors, newest first (view `error_log`).
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func errors(_ filter: LedgerFilter) throws -> LedgerTable {
        let conditions = Conditions([
            ("e.schedule = ?", [.text(filter.schedule)]),
            ("e.occurred_at >= ?", [.at(filter.since)]),
            ("e.occurred_at < ?", [.at(filter.until)]), (Self.tagged("e"), [.text(filter.tag)]),
        ])
        return try table(
            """
            SELECT v.* FROM error_log AS v JOIN errors AS e ON e.error_id = v.error_id
            \(conditions.sql) ORDER BY e.occurred_at DESC, e.error_id DESC LIMIT ?
            """, values: conditions.values + [.int(filter.limit)])
    }

    /// A column has one of the words; no word: no condition.
    private static func one(
        _ column: String, of words: [String], and more: String = ""
    ) -> (sql: String, values: [SQLValue]) {
        guard !words.isEmpty else { return ("", [.null]) }
        let places = words.map { _ in "?" }.joined(separator: ", ")
        return ("\(column) IN (\(places))\(more)", words.map { .text($0) })
    }

    /// A condition: the schedule of the row carries the tag that is its parameter.
    static func tagged(_ row: String) -> String {
        """
        EXISTS (SELECT 1 FROM schedule_states AS t, json_each(t.tags) AS g \
        WHERE t.schedule = \(row).schedule AND g.value = ?)
        """
    }
}

/// Only the conditions that were asked for: with `? IS NULL OR …` no index could be used.
private struct Conditions {
    private var parts: [(sql: String, values: [SQLValue])]

    /// Leaves out those whose value is NULL.
    init(_ parts: [(sql: String, values: [SQLValue])]) {
        self.parts = parts.filter { $0.values != [.null] }
    }

    func and(_ sql: String, _ value: SQLValue) -> Conditions {
        Conditions(parts + [(sql, [value])])
    }

    var sql: String {
        parts.isEmpty ? "" : "WHERE " + parts.map(\.sql).joined(separator: " AND ")
    }
    var values: [SQLValue] { parts.flatMap(\.values) }
}
