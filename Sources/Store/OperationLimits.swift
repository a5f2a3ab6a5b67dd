package import Timetable

/// A limit that the API has named for one operation, with what is used of it.
package struct OperationLimitRow: Sendable, Equatable {
    package var operation: String
    package var requests: Int64
    package var windowMilliseconds: Int64
    package var budgetTATMicroseconds: Int64

    package init(
        operation: String, requests: Int64, windowMilliseconds: Int64,
        budgetTATMicroseconds: Int64
    ) {
        self.operation = operation
        self.requests = requests
        self.windowMilliseconds = windowMilliseconds
        self.budgetTATMicroseconds = budgetTATMicroseconds
    }

    static let columns = "operation, requests, window_ms, budget_tat_us"

    init(_ row: Row) {
        operation = row.string(0)
        requests = row.integer(1)
        windowMilliseconds = row.integer(2)
        budgetTATMicroseconds = row.integer(3)
    }
}

extension Ledger {
    /// The limit of an operation of a connection; nil: it has none of its own.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func operationLimit(
        _ connection: String, _ operation: String
    ) throws -> OperationLimitRow? {
        try database.first(
            """
            SELECT \(OperationLimitRow.columns) FROM operation_limits
            WHERE connection = ? AND operation = ?
            """, .text(connection), .text(operation), map: OperationLimitRow.init)
    }

    /// The limits of a connection's operations, sorted by their names.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func operationLimits(_ connection: String) throws -> [OperationLimitRow] {
        try database.rows(
            """
            SELECT \(OperationLimitRow.columns) FROM operation_limits
            WHERE connection = ? ORDER BY operation
            """, .text(connection), map: OperationLimitRow.init)
    }

    /// Writes the limit of an operation.
    ///
    /// - Parameters:
    ///   - row: its numbers, and what is used of it.
    ///   - connection: whose operation it is.
    ///   - now: when it was learned, if it wasn't known.
    /// - Throws: `StoreError` if the ledger can't be written.
    package func save(_ row: OperationLimitRow, of connection: String, now: Instant) throws {
        try database.run(
            """
            INSERT INTO operation_limits
                (connection, operation, requests, window_ms, budget_tat_us, learned_at)
            VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (connection, operation) DO UPDATE SET requests = excluded.requests,
                window_ms = excluded.window_ms, budget_tat_us = excluded.budget_tat_us
            """, .text(connection), .text(row.operation), .int(row.requests),
            .int(row.windowMilliseconds), .int(row.budgetTATMicroseconds), .at(now))
    }

    /// Forgets the limit of an operation, or those of all.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func forgetOperationLimit(_ connection: String, _ operation: String?) throws {
        try database.run(
            "DELETE FROM operation_limits WHERE connection = ?1 AND (?2 IS NULL OR operation = ?2)",
            .text(connection), .text(operation))
    }
}
