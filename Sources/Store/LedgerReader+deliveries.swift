extension LedgerReader {
    /// How many slots wait past their `start_within`.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func overdueSlotCount() throws -> Int64 {
        try database.integer(
            """
            SELECT count(*) FROM slots WHERE overdue_since_at IS NOT NULL AND ended_at IS NULL
                AND disposition <> 'held'
            """) ?? 0
    }

    /// Messages to targets, newest first (view `delivery_log`).
    ///
    /// A schedule's messages are those that tell of it, among others perhaps, and its heartbeats.
    ///
    /// - Parameters:
    ///   - filter: schedule, tag, connection, the time at which a message was made, and the limit.
    ///   - target: only messages to this one; nil: to all.
    /// - Returns: rows of the view.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func deliveries(_ filter: LedgerFilter, target: String? = nil) throws -> LedgerTable {
        try table(
            """
            SELECT v.* FROM deliveries AS d CROSS JOIN delivery_log AS v ON v.delivery_id = d.delivery_id
            WHERE (?1 IS NULL OR d.target = ?1)
                AND (?3 IS NULL OR d.created_at >= ?3) AND (?4 IS NULL OR d.created_at < ?4)
                AND (coalesce(?5, ?6, ?7) IS NULL
                    OR EXISTS (SELECT 1 FROM delivery_events AS x
                        CROSS JOIN events AS e ON e.event_id = x.event_id
                        LEFT JOIN schedule_states AS c ON c.schedule = e.schedule
                        WHERE x.delivery_id = d.delivery_id
                            AND (?5 IS NULL OR e.schedule = ?5)
                            AND (?6 IS NULL OR EXISTS (SELECT 1 FROM json_each(c.tags) AS g
                                WHERE g.value = ?6))
                            AND (?7 IS NULL OR coalesce(e.connection, c.connection) = ?7))
                    OR EXISTS (SELECT 1 FROM schedule_states AS c
                        WHERE c.schedule = d.heartbeat_of
                            AND (?5 IS NULL OR c.schedule = ?5)
                            AND (?6 IS NULL OR EXISTS (SELECT 1 FROM json_each(c.tags) AS g
                                WHERE g.value = ?6))
                            AND (?7 IS NULL OR c.connection = ?7)))
            ORDER BY d.delivery_id DESC LIMIT ?2
            """, .text(target), .int(filter.limit), .at(filter.since), .at(filter.until),
            .text(filter.schedule), .text(filter.tag), .text(filter.connection))
    }

    /// The targets of all messages that the ledger has, sorted.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func deliveryTargets() throws -> [String] {
        // One step of the index for each, however many messages there are.
        try database.rows(
            """
            WITH RECURSIVE known (target) AS (
                SELECT min(target) FROM deliveries
                UNION ALL
                SELECT (SELECT min(d.target) FROM deliveries AS d WHERE d.target > k.target)
                FROM known AS k WHERE k.target IS NOT NULL
            )
            SELECT target FROM known WHERE target IS NOT NULL
            """
        ) { $0.string(0) }
    }
}
