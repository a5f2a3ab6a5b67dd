import Timetable

/// The newest slots, runs and errors: each list walks an index and stops at its limit.
extension LedgerReader {
    /// The slots, newest first (view `history`).
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func history(_ filter: LedgerFilter) throws -> LedgerTable {
        let common = Conditions([
            ("x.schedule = ?", [.text(filter.schedule)]), ("x.slot_at >= ?", [.at(filter.since)]),
            ("x.slot_at < ?", [.at(filter.until)]),
            ("x.connection = ?", [.text(filter.connection)]),
        ])
        let parts = filter.dispositions.map { disposition -> Conditions in
            let known = Disposition(rawValue: disposition)
            // What has ended, what has not, and what came to nothing are found by indexes of their own.
            let isFinal = known?.isFinal ?? false
            return common.and(
                "x.disposition = ? AND x.ended_at IS \(isFinal ? "NOT NULL" : "NULL")"
                    + (isFinal && known != .started ? " AND x.disposition <> 'started'" : ""),
                .text(disposition))
        }
        return try newest(
            Rows(table: "slots", key: "slot_id", time: "x.slot_at") { key in
                "CROSS JOIN history AS v ON v.slot_id = \(key)"
            }, parts.isEmpty ? [common] : parts, filter)
    }

    /// The runs, newest first (view `runs`).
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func runs(_ filter: LedgerFilter) throws -> LedgerTable {
        let time = "coalesce(x.created_at, x.first_seen_at)"
        var common = Conditions([
            ("x.schedule = ?", [.text(filter.schedule)]), ("\(time) >= ?", [.at(filter.since)]),
            ("\(time) < ?", [.at(filter.until)]),
            Self.one("x.status", of: filter.statuses),
            ("x.connection = ?", [.text(filter.connection)]),
        ])
        // Those that are open are found by an index of their own, and those that ended badly too.
        if !filter.statuses.isEmpty,
            filter.statuses.allSatisfy({ $0 != "complete" && $0 != "cancelled" })
        {
            common = common.and("x.is_open = 1")
        }
        var outcomes = filter.outcomes
        if outcomes.isEmpty, filter.statuses == ["cancelled"] {
            // `fail_if` may have judged it, but nothing calls it active or succeeded.
            outcomes = ["cancelled", "failed", "attention", "lost"]
        }
        let parts = outcomes.map { outcome -> Conditions in
            switch outcome {
            case "active": common.and("x.outcome = 'active'")
            // Nearly all are, so a walk by time finds them at once.
            case "succeeded": common.and("x.outcome = ?", .text(outcome))
            default:
                common.and(
                    "x.outcome = ? AND x.outcome <> 'succeeded' AND x.outcome <> 'active'",
                    .text(outcome))
            }
        }
        return try newest(
            Rows(table: "process_runs", key: "run_key", time: time) { key in
                """
                CROSS JOIN process_runs AS r ON r.run_key = \(key)
                CROSS JOIN runs AS v ON v.run_id = r.run_id AND v.connection = r.connection
                """
            }, parts.isEmpty ? [common] : parts, filter)
    }

    /// The errors, newest first (view `error_log`).
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func errors(_ filter: LedgerFilter) throws -> LedgerTable {
        let conditions = Conditions([
            ("x.schedule = ?", [.text(filter.schedule)]),
            ("x.occurred_at >= ?", [.at(filter.since)]),
            ("x.occurred_at < ?", [.at(filter.until)]),
            ("x.connection = ?", [.text(filter.connection)]),
        ])
        return try newest(
            Rows(table: "errors", key: "error_id", time: "x.occurred_at") { key in
                "CROSS JOIN error_log AS v ON v.error_id = \(key)"
            }, [conditions], filter)
    }

    /// What people and the daemon did, newest first (view `audit_log`).
    ///
    /// A schedule's rows are those about it, its slots and runs, and about all schedules; those of
    /// a tag or a connection are those of its schedules, and of the connection itself.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func audit(_ filter: LedgerFilter) throws -> LedgerTable {
        let name = SQLValue.text(filter.schedule)
        let isNarrow = filter.tag != nil || filter.connection != nil
        let scope = """
            (? IS NULL OR EXISTS (SELECT 1 FROM json_each(c.tags) AS g WHERE g.value = ?))
            AND (? IS NULL OR c.connection = ?)
            """
        let (tag, connection) = (SQLValue.text(filter.tag), SQLValue.text(filter.connection))
        let named = [tag, tag, connection, connection]
        let ofConnections = SQLValue.text(Self.connectionSubjects)
        let conditions = Conditions([
            (
                """
                (x.subject IN (?, 'all schedules') OR substr(x.subject, 1, length(?) + 1) = ? || '@'
                    OR (x.action = 'ack' AND ? IN \(Self.acknowledged)))
                """, filter.schedule == nil ? [.null] : [name, name, name, name]
            ),
            (
                """
                (x.subject IN ('all schedules', ?) OR EXISTS (SELECT 1 FROM schedule_states AS c
                    WHERE c.schedule = CASE instr(x.subject, '@') WHEN 0 THEN x.subject
                            ELSE substr(x.subject, 1, instr(x.subject, '@') - 1) END
                        AND \(scope))
                    OR (x.action = 'ack' AND (
                        x.subject IN (SELECT k.value || ' ' || ? FROM json_each(?) AS k)
                        OR EXISTS (SELECT 1 FROM schedule_states AS c
                            WHERE c.schedule IN \(Self.acknowledged) AND \(scope)))))
                """,
                isNarrow ? [connection] + named + [connection, ofConnections] + named : [.null]
            ),
            ("x.at >= ?", [.at(filter.since)]), ("x.at < ?", [.at(filter.until)]),
            ("x.actor = ?", [.text(filter.actor)]), ("x.action = ?", [.text(filter.action)]),
        ])
        var walked = filter
        // It is a condition already: much of what people do is about no schedule.
        walked.tag = nil
        return try newest(
            Rows(table: "audit", key: "audit_id", time: "x.at") { key in
                "CROSS JOIN audit_log AS v ON v.audit_id = \(key)"
            }, [conditions], walked)
    }

    /// What stands before the name of a connection that a row of `attention` is about, as a JSON list.
    private static let connectionSubjects: String = {
        let waiting = AlarmKind.waits.rawValue + " " + AlarmKind.waitingSubject(connection: "")
        return AlarmKind.words(of: .connection).dropLast() + ",\"\(waiting.dropLast())\"]"
    }()

    /// The two words one of which is the schedule whose row of `attention` was taken out of sight.
    ///
    /// The subject is the row's kind, which may have blanks, and then the schedule, alone, with a slot
    /// behind an `@`, or with a run. So each row finds its schedule by the index, and is not compared
    /// with all of them.
    private static let acknowledged: String = {
        func head(_ text: String) -> String { "rtrim(\(text), replace(\(text), ' ', ''))" }
        func last(_ text: String) -> String { "substr(\(text), length(\(head(text))) + 1)" }
        let bare = "substr(x.subject, 1, instr(x.subject || '@', '@') - 1)"
        return "(\(last(bare)), \(last("rtrim(\(head(bare)))")))"
    }()

    /// All connections that the config has, or had, sorted.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func connectionNames() throws -> [String] {
        try database.rows("SELECT connection FROM connections ORDER BY connection") {
            $0.string(0)
        }
    }

    /// A table that has a row for each thing, by what the newest is found, and the view that shows it.
    private struct Rows {
        var table: String
        var key: String
        var time: String
        var join: (_ key: String) -> String
    }

    /// The newest that meet one of the conditions, and of those the newest.
    ///
    /// Each part walks an index and stops at the limit; with a tag, one of each schedule that carries
    /// it: a walk by time would look through everything for a schedule that hasn't run for long.
    private func newest(
        _ rows: Rows, _ parts: [Conditions], _ filter: LedgerFilter
    ) throws -> LedgerTable {
        let order = "ORDER BY \(rows.time) DESC, x.\(rows.key) DESC LIMIT ?"
        if let only = parts.first, parts.count == 1, filter.tag == nil {
            return try table(
                "SELECT v.* FROM \(rows.table) AS x \(rows.join("x.\(rows.key)")) "
                    + "\(only.sql) \(order)", values: only.values + [.int(filter.limit)])
        }
        var values: [SQLValue] = []
        let found = parts.map { part -> String in
            let columns = "x.\(rows.key) AS key, \(rows.time) AS at"
            guard let tag = filter.tag else {
                values += part.values + [.int(filter.limit)]
                return "SELECT * FROM (SELECT \(columns) FROM \(rows.table) AS x "
                    + "\(part.sql) \(order))"
            }
            let ofSchedule = part.and("x.schedule = t.schedule")
            values += ofSchedule.values + [.int(filter.limit), .text(tag)]
            return """
                SELECT \(columns) FROM schedule_states AS t CROSS JOIN \(rows.table) AS x
                    ON x.\(rows.key) IN (SELECT x.\(rows.key) FROM \(rows.table) AS x
                        \(ofSchedule.sql) \(order))
                WHERE EXISTS (SELECT 1 FROM json_each(t.tags) AS g WHERE g.value = ?)
                """
        }
        return try table(
            """
            SELECT v.* FROM (\(found.joined(separator: " UNION ALL "))) AS n \(rows.join("n.key"))
            ORDER BY n.at DESC, n.key DESC LIMIT ?
            """, values: values + [.int(filter.limit)])
    }

    /// A column has one of the words; no word: no condition.
    private static func one(
        _ column: String, of words: [String]
    ) -> (sql: String, values: [SQLValue]) {
        guard !words.isEmpty else { return ("", [.null]) }
        let places = words.map { _ in "?" }.joined(separator: ", ")
        return ("\(column) IN (\(places))", words.map { .text($0) })
    }
}

/// Only the conditions that were asked for: with `? IS NULL OR …` no index could be used.
private struct Conditions {
    private var parts: [(sql: String, values: [SQLValue])]

    /// Leaves out those whose value is NULL.
    init(_ parts: [(sql: String, values: [SQLValue])]) {
        self.parts = parts.filter { $0.values != [.null] }
    }

    func and(_ sql: String, _ values: SQLValue...) -> Conditions {
        Conditions(parts + [(sql, values)])
    }

    var sql: String {
        parts.isEmpty ? "" : "WHERE " + parts.map(\.sql).joined(separator: " AND ")
    }
    var values: [SQLValue] { parts.flatMap(\.values) }
}
