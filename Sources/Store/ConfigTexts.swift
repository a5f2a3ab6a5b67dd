package import Timetable

/// The configuration files as the daemon accepted them, so that a refused edit leaves it something to
/// run on, and people can see what it runs.
extension Ledger {
    /// More bytes of one configuration are not kept.
    private static let bytesMax = 4 * 1024 * 1024
    /// Configurations of older revisions are not kept.
    private static let revisionsKept: Int64 = 50

    /// Keeps the files of a configuration with its hash; those that are there already stay.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func keepConfigFiles(
        contentHash: String, _ files: [(path: String, content: String)]
    ) throws {
        let known = try database.integer(
            "SELECT 1 FROM config_files WHERE content_hash = ? LIMIT 1", .text(contentHash))
        guard known == nil, files.reduce(0, { $0 + $1.content.utf8.count }) <= Self.bytesMax else {
            return
        }
        for (number, file) in files.enumerated() {
            try database.run(
                """
                INSERT OR REPLACE INTO config_files (content_hash, number, path, content)
                VALUES (?, ?, ?, ?)
                """, .text(contentHash), .int(Int64(number)), .text(file.path),
                .text(file.content))
        }
        try database.run(
            """
            DELETE FROM config_files WHERE content_hash NOT IN
                (SELECT content_hash FROM config_revisions ORDER BY revision_id DESC LIMIT ?)
            """, .int(Self.revisionsKept))
    }
}

extension LedgerReader {
    /// A configuration that was in force.
    package struct KeptConfiguration: Sendable, Equatable {
        package var revisionID: Int64
        package var appliedAt: Instant
        package var contentHash: String
        /// Main file first; empty: not kept.
        package var files: [(path: String, content: String)]

        package static func == (one: Self, other: Self) -> Bool {
            one.revisionID == other.revisionID && one.contentHash == other.contentHash
        }
    }

    /// The configuration of a revision, or of the newest one.
    ///
    /// - Parameter revisionID: which; nil: the newest.
    /// - Returns: nil if there is no such revision.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func configuration(_ revisionID: Int64? = nil) throws -> KeptConfiguration? {
        let found = try database.first(
            """
            SELECT revision_id, applied_at, content_hash FROM config_revisions
            WHERE ?1 IS NULL OR revision_id = ?1 ORDER BY revision_id DESC LIMIT 1
            """, revisionID.map(SQLValue.integer) ?? .null
        ) { ($0.integer(0), $0.instant(1), $0.string(2)) }
        guard let (id, appliedAt, hash) = found else { return nil }
        let files = try database.rows(
            "SELECT path, content FROM config_files WHERE content_hash = ? ORDER BY number",
            .text(hash)
        ) { ($0.string(0), $0.string(1)) }
        return KeptConfiguration(
            revisionID: id, appliedAt: appliedAt, contentHash: hash, files: files)
    }

    /// What a daemon of this ledger ran on last; nil if nothing was kept, or if the ledger is a copy
    /// that was put back, whose configuration is of an unknown time.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func runningConfiguration() throws -> KeptConfiguration? {
        guard try database.integer("SELECT restored_mark FROM daemon") == 0 else { return nil }
        return try configuration()
    }

    /// Each configuration that was in force, newest first, with what it changed (view `revisions`).
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func revisions(_ filter: LedgerFilter) throws -> LedgerTable {
        try table(
            """
            SELECT v.* FROM revisions AS v
            WHERE (?1 IS NULL OR v.schedule = ?1)
            ORDER BY v.revision_id DESC, v.schedule LIMIT ?2
            """, .text(filter.schedule), .int(filter.limit))
    }
}
