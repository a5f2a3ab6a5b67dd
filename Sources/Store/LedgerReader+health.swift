extension LedgerReader {
    /// Looks for damages inside the file; reads every page once.
    ///
    /// - Parameter limit: How many findings at most.
    /// - Returns: What is wrong, as SQLite says it; empty: nothing.
    /// - Throws: `StoreError` when the file can't be read at all.
    package func damages(limit: Int) throws -> [String] {
        var findings: [String] = []
        try database.step("PRAGMA quick_check(\(max(1, limit)))", []) { row in
            findings.append(row.string(0))
            return true
        }
        return findings == ["ok"] ? [] : findings
    }

    /// The version of the SQLite library that this program runs on, `3.40.1`.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func sqliteVersion() throws -> String {
        try database.first("SELECT sqlite_version()") { $0.string(0) } ?? "unknown"
    }
}
