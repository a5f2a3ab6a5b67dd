/// Who did what, what was paused, which configuration held when.
extension LedgerReader {
    /// The actors and actions that the audit knows, for "did you mean".
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func auditWords() throws -> (actors: [String], actions: [String]) {
        (
            try database.rows("SELECT DISTINCT actor FROM audit ORDER BY 1") { $0.string(0) },
            try database.rows("SELECT DISTINCT action FROM audit ORDER BY 1") { $0.string(0) }
        )
    }

    /// Pauses and skips, newest first (view `pauses`).
    ///
    /// - Parameters:
    ///   - filter: schedule, tag, connection (those of all schedules count too), times and limit.
    ///   - isOverToo: those that are over or were lifted, too.
    /// - Returns: the rows of the view.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func pauses(_ filter: LedgerFilter, isOverToo: Bool) throws -> LedgerTable {
        try table(
            """
            SELECT v.* FROM pauses AS v JOIN pause_periods AS p ON p.pause_id = v.pause_id
            WHERE (?1 IS NULL OR p.schedule = ?1 OR p.schedule IS NULL)
                AND (coalesce(?6, ?7) IS NULL OR p.schedule IS NULL
                    OR EXISTS (SELECT 1 FROM schedule_states AS c WHERE c.schedule = p.schedule
                        AND (?6 IS NULL OR EXISTS (SELECT 1 FROM json_each(c.tags) AS g
                            WHERE g.value = ?6))
                        AND (?7 IS NULL OR c.connection = ?7)))
                AND (?2 IS NULL OR coalesce(p.lifted_at, p.until_at, ?2) >= ?2)
                AND (?3 IS NULL OR p.from_at < ?3)
                AND (?4 OR v.state IN ('in force', 'to come'))
            ORDER BY p.pause_id DESC LIMIT ?5
            """, .text(filter.schedule), .at(filter.since), .at(filter.until),
            .int(isOverToo ? 1 : 0), .int(filter.limit), .text(filter.tag),
            .text(filter.connection))
    }
}
