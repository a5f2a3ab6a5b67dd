/// What the ledger knows of the parts of a run's tree.
extension Ledger {
    /// Counts of the parts of a tree that were asked for at its last read.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func partCounts(
        ofRun runKey: Int64
    ) throws -> [(part: String, status: String, count: Int64)] {
        try database.rows(
            """
            SELECT p.key, s.key, s.atom
            FROM process_runs AS r, json_each(r.part_counts) AS p, json_each(p.value) AS s
            WHERE r.run_key = ? ORDER BY p.key, s.key
            """, .int(runKey)
        ) { ($0.string(0), $0.string(1), $0.integer(2)) }
    }

    /// The parts of a tree that were asked for at its last read, with and without jobs.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func partsRead(ofRun runKey: Int64) throws -> Set<String> {
        Set(
            try database.rows(
                """
                SELECT p.key FROM process_runs AS r, json_each(r.part_counts) AS p
                WHERE r.run_key = ?
                """, .int(runKey)
            ) { $0.string(0) })
    }

    /// Open runs in no other trouble with an open job that was due before that day.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func runsWithJobsDue(before day: String) throws -> [RunRow] {
        try database.rows(
            """
            SELECT \(RunRow.columns) FROM process_runs
            WHERE job_due_date IS NOT NULL AND outcome = 'active' AND is_open = 1
                AND job_due_date < ?
            ORDER BY job_due_date, run_key
            """, .text(day), map: RunRow.init)
    }
}
