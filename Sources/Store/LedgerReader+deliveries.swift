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
    /// - Throws: `StoreError` if the ledger can't be read.
    package func deliveries(target: String?, limit: Int) throws -> LedgerTable {
        try table(
            """
            SELECT * FROM delivery_log WHERE (?1 IS NULL OR target = ?1)
            ORDER BY delivery_id DESC LIMIT ?2
            """, .text(target), .int(limit))
    }
}
