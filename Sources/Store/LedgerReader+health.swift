import CSQLite

extension LedgerReader {
    /// Looks for damages inside the file; reads every page once.
    ///
    /// - Parameter limit: How many findings at most.
    /// - Returns: What is wrong, as SQLite says it; empty: nothing.
    /// - Throws: `StoreError` when a part of the file can't be read: nothing is known of it then.
    package func damages(limit: Int) throws -> [String] {
        try Soundness.damages(in: database, limit: limit)
    }

    /// Names of all tables, to be looked at one after the other.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func tables() throws -> [String] { try Soundness.tables(of: database) }

    /// Looks for damages of one table and its indexes.
    ///
    /// - Returns: the first, as SQLite says it; nil: it is sound.
    /// - Throws: `StoreError` when a part of the file can't be read: nothing is known of it then.
    package func damage(ofTable table: String) throws -> String? {
        do {
            return try Soundness.damages(of: table, in: database, limit: 1).first
        } catch let error as StoreError where error.kind == .corrupt {
            return error.cause
        }
    }

    /// The version of the SQLite library, without a database at hand.
    package static var libraryVersion: String {
        // SAFETY: the library's own constant text.
        unsafe String(cString: sqlite3_libversion())
    }

    /// Where the sums that are kept differ from a count of the rows; reads all of the history.
    ///
    /// - Parameter limit: How many findings at most.
    /// - Returns: What differs, in words; empty: nothing.
    /// - Throws: `StoreError`.
    package func sumDifferences(limit: Int) throws -> [String] {
        try SumCheck(database: database).differences(limit: limit)
    }
}
