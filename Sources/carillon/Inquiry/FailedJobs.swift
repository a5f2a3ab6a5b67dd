import Dashboard
import ProcessesAPI
import Store

/// Jobs in error of runs that stand in error, as rows beside the errors of the API.
struct FailedJobs {
    let reader: LedgerReader

    /// Of more runs the trees are not read.
    private static let runsMax = 200

    /// The errors with the failed jobs among them, the newest first.
    ///
    /// - Parameters:
    ///   - errors: what the API refused, with the columns that the rows get.
    ///   - filter: the one that they were asked for by.
    /// - Returns: at most as many rows as the filter allows.
    /// - Throws: `StoreError` if the ledger can't be read.
    func among(_ errors: LedgerTable, _ filter: LedgerFilter) throws -> LedgerTable {
        var (table, narrow) = (errors, filter)
        narrow.statuses = RunStatus.documented.filter(\.isInError).map(\.raw)
        narrow.limit = min(filter.limit, Self.runsMax)
        let runs = try reader.runs(narrow)
        for row in runs.rows.indices {
            guard let id = runs.value("run_id", row: row).words,
                let tree = try reader.tree(runID: id)
            else { continue }
            for failure in RunTree(json: Array(tree.utf8)).failures {
                let at = ["modified_at", "last_polled_at", "created_at"].lazy
                    .compactMap { runs.value($0, row: row).words }.first
                let values: [String: SQLValue] = [
                    "occurred_at": .text(at), "operation": .text("job"),
                    "connection": runs.value("connection", row: row),
                    "schedule": runs.value("schedule", row: row),
                    "slot_at": runs.value("slot_at", row: row), "run_id": .text(id),
                    "code": .text(failure.code), "message": .text(failure.sentence),
                    "times": .int(1), "next_step": .text("see: carillon show \(id)"),
                ]
                table.rows.append(table.columns.map { values[$0] ?? .null })
            }
        }
        let order = table.rows.indices.sorted {
            (table.value("occurred_at", row: $0).words ?? "")
                > (table.value("occurred_at", row: $1).words ?? "")
        }
        table.rows = order.prefix(filter.limit).map { table.rows[$0] }
        return table
    }
}
