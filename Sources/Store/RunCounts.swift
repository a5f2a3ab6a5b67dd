/// How many jobs of a run are in which status, as data: the JSON of the views is for people.
extension Ledger {
    /// The counts of a run: the API's own map, and those of the jobs in its tree.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func counts(
        ofRun runKey: Int64
    ) throws -> (actions: [String: Int64], jobs: [String: Int64]) {
        var counts: (actions: [String: Int64], jobs: [String: Int64]) = ([:], [:])
        let rows = try database.rows(
            "SELECT scope, status, count FROM status_counts WHERE run_key = ?", .int(runKey)
        ) { ($0.string(0), $0.string(1), $0.integer(2)) }
        for (scope, status, count) in rows {
            if scope == "jobs" {
                counts.jobs[status] = count
            } else {
                counts.actions[status] = count
            }
        }
        return counts
    }

    /// Replaces the counts of a run.
    ///
    /// - Parameters:
    ///   - runKey: the run.
    ///   - actions: the API's own map.
    ///   - jobs: counted over the tree.
    /// - Throws: `StoreError`.
    package func setCounts(
        runKey: Int64, actions: [(String, Int64)], jobs: [(String, Int64)]
    ) throws {
        try database.run("DELETE FROM status_counts WHERE run_key = ?", .int(runKey))
        try addCounts(runKey: runKey, actions: actions, jobs: jobs)
    }

    /// Writes the counts of a run that has none, with few statements.
    func addCounts(
        runKey: Int64, actions: [(String, Int64)], jobs: [(String, Int64)]
    ) throws {
        let rows =
            actions.map { ("actions", $0.0, $0.1) } + jobs.map { ("jobs", $0.0, $0.1) }
        for first in stride(from: 0, to: rows.count, by: Self.countsMax) {
            let part = rows[first..<min(first + Self.countsMax, rows.count)]
            let places = Array(repeating: "(?, ?, ?, ?)", count: part.count)
            try database.step(
                """
                INSERT INTO status_counts (run_key, scope, status, count)
                VALUES \(places.joined(separator: ", "))
                """,
                part.flatMap { [.int(runKey), .text($0.0), .text($0.1), .int($0.2)] }
            ) { _ in false }
        }
    }

    /// As many rows in one statement: each number of them is a statement that stays prepared.
    private static let countsMax = 8
}
