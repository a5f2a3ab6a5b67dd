import Migrations
package import Timetable

/// Brings a database to the schema of this binary, each file of `migrations/` in a transaction.
package enum Migrator {
    /// "Cari" in ASCII: marks the file as ours for `file(1)` and for us.
    package static let applicationID: Int64 = 0x4361_7269

    /// Applies what is missing and refuses what this binary does not know.
    ///
    /// - Parameters:
    ///   - database: a writing connection, no transaction open.
    ///   - schema: what this binary knows.
    ///   - now: goes into `schema_migrations`.
    ///   - progress: hears which file is being applied; one may take minutes on a large ledger.
    /// - Returns: how many files were applied to a database that had some already.
    /// - Throws: `StoreError` of kind `.foreign`, `.newer`, or what SQLite reports.
    @discardableResult
    package static func migrate(
        _ database: Database, to schema: SchemaFiles = .own, now: Instant,
        progress: (String) -> Void = { _ in }
    ) throws -> Int {
        try refuseForeign(database)
        try database.execute(
            """
            CREATE TABLE IF NOT EXISTS schema_migrations (
                name TEXT PRIMARY KEY, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL
            ) STRICT
            """)
        let applied = try checkApplied(database, schema)
        let missing = schema.files.dropFirst(applied)
        if !missing.isEmpty {
            // An index over all of the history is sorted: on disk, whatever the memory's limit is.
            try database.execute("PRAGMA temp_store = FILE")
            for (index, file) in missing.enumerated() {
                progress(
                    "bringing the database up to date: \(file.name), \(index + 1) of "
                        + "\(missing.count)")
                try rebuilding(file, database) {
                    try apply(file, to: database, now: now) {
                        // A ledger of before is now up to date. What was written anew is to be looked
                        // at, which must not be forgotten if we end here.
                        guard applied > 0, index == missing.count - 1 else { return }
                        try Soundness.noteUnchecked(in: database)
                    }
                }
            }
            try database.execute("PRAGMA temp_store = MEMORY")
        }
        // Not written again: a start that has nothing to write also succeeds on a full disk.
        if try database.integer("PRAGMA application_id") != applicationID {
            try database.execute("PRAGMA application_id = \(applicationID)")
        }
        return applied > 0 ? missing.count : 0
    }

    /// A file that builds a table anew and gives it the old name: rows that name those of the table stay
    /// as they are meanwhile, and views are not asked whether they still make sense.
    private static func rebuilding(
        _ file: Migrations.File, _ database: Database, _ apply: () throws -> Void
    ) throws {
        guard file.isRebuilding else { return try apply() }
        // Both are heard only outside of a transaction.
        let keepsForeignKeys = try database.integer("PRAGMA foreign_keys") == 1
        try database.execute("PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON")
        let result = Result { try apply() }
        try database.execute(
            "PRAGMA legacy_alter_table = OFF; PRAGMA foreign_keys = \(keepsForeignKeys ? "ON" : "OFF")"
        )
        try result.get()
    }

    /// Rows that name a row which isn't there.
    private static func orphans(in database: Database) throws -> Int64 {
        try database.integer("SELECT count(*) FROM pragma_foreign_key_check") ?? 0
    }

    /// The next file that the database lacks.
    static func next(for database: Database, of schema: SchemaFiles) throws -> Int? {
        let applied = try checkApplied(database, schema)
        return applied < schema.count ? applied : nil
    }

    /// Applies one file, the next one, in one transaction.
    ///
    /// - Parameters:
    ///   - file: which.
    ///   - database: a writing connection, no transaction open.
    ///   - now: goes into `schema_migrations`.
    ///   - willCommit: what belongs to it; an error of it undoes all.
    /// - Throws: what SQLite or `willCommit` reports; nothing was changed then.
    static func applyNext(
        _ file: Migrations.File, to database: Database, now: Instant, willCommit: () throws -> Void
    ) throws {
        // Statements that are kept for later were compiled for the tables of before.
        database.forgetStatements()
        try database.execute("PRAGMA temp_store = FILE")
        let result = Result {
            try rebuilding(file, database) {
                try apply(file, to: database, now: now, willCommit: willCommit)
            }
        }
        try database.execute("PRAGMA temp_store = MEMORY")
        try result.get()
    }

    private static func apply(
        _ file: Migrations.File, to database: Database, now: Instant, willCommit: () throws -> Void
    ) throws {
        try database.execute("BEGIN IMMEDIATE")
        do {
            let keepsForeignKeys = try database.integer("PRAGMA foreign_keys") == 1
            // A row that somebody took out by hand is no reason to refuse: only ours are.
            let orphansBefore = keepsForeignKeys ? 0 : try orphans(in: database)
            try database.execute(String(decoding: file.sql, as: UTF8.self))
            if !keepsForeignKeys, try orphans(in: database) > orphansBefore {
                throw StoreError(
                    kind: .constraint, attempted: "apply migration \(file.name)",
                    path: database.path, cause: "rows would name rows that are not there",
                    advice: "nothing was changed; keep the file and report this")
            }
            try database.run(
                "INSERT INTO schema_migrations (name, checksum, applied_at) VALUES (?, ?, ?)",
                .text(file.name), .text(checksum(file.sql)), .at(now))
            try willCommit()
            try database.execute("COMMIT")
        } catch {
            if !database.isInAutocommit { try? database.execute("ROLLBACK") }
            // What it has written to the log until then may be what fills the disk.
            try? database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            throw error
        }
    }

    /// Refuses a database that this binary cannot read, without changing it.
    ///
    /// - Parameters:
    ///   - database: an open one.
    ///   - schema: what this binary knows.
    ///   - takesOlder: one that lacks some of our migrations will do.
    /// - Throws: `StoreError` of kind `.foreign` or `.newer`.
    package static func check(
        _ database: Database, against schema: SchemaFiles = .own, takesOlder: Bool = false
    ) throws {
        try refuseForeign(database)
        let tables = try database.integer(
            "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_migrations'")
        let applied = tables == 1 ? try checkApplied(database, schema) : 0
        guard applied == schema.count || takesOlder else {
            throw StoreError(
                kind: .other, attempted: "read the database", path: database.path,
                cause: "it has \(applied) of \(schema.count) migrations",
                advice: try isMember(database)
                    ? "it follows a leader of an older version, and comes up to date when a host of "
                        + "this version leads"
                    : "start the daemon of this version once, it brings the schema up to date")
        }
    }

    /// Refuses a database of another program.
    ///
    /// - Throws: `StoreError` of kind `.foreign`.
    static func refuseForeign(_ database: Database) throws {
        let id = try database.integer("PRAGMA application_id") ?? 0
        let tables = try database.integer("SELECT count(*) FROM sqlite_schema") ?? 0
        let ours = try isOurs(database)
        guard id == applicationID || (id == 0 && tables == 0) || ours else {
            throw StoreError(
                kind: .foreign, attempted: "use the database", path: database.path,
                cause: id == 0
                    ? "it is a SQLite database, but not one of Carillon"
                    : "it belongs to another program (application_id \(id))",
                advice: "name another file under [daemon] database")
        }
    }

    /// A first start that was cut between the first migration and the application id.
    private static func isOurs(_ database: Database) throws -> Bool {
        try database.integer(
            "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_migrations'") == 1
    }

    /// The ledger is a member of a cluster, whose leader migrates (docs/cluster.md, R12).
    static func isMember(_ database: Database) throws -> Bool {
        let tables = try database.integer(
            "SELECT count(*) FROM sqlite_schema WHERE name = 'cluster_local'")
        guard tables == 1 else { return false }
        return try database.integer("SELECT count(*) FROM cluster_local") == 1
    }

    /// How many of our files the database has, checked by name and checksum.
    private static func checkApplied(_ database: Database, _ schema: SchemaFiles) throws -> Int {
        let rows = try database.rows(
            "SELECT name, checksum FROM schema_migrations ORDER BY name"
        ) { ($0.string(0), $0.string(1)) }
        for (index, row) in rows.enumerated() {
            guard index < schema.count, schema.files[index].name == row.0 else {
                throw StoreError(
                    kind: .newer, attempted: "use the database", path: database.path,
                    cause: "it was written by a newer Carillon (migration \(row.0))",
                    advice: "install that version, or restore a backup made by this one")
            }
            guard schema.checksums[index] == row.1 else {
                throw StoreError(
                    kind: .newer, attempted: "use the database", path: database.path,
                    cause: "its migration \(row.0) differs from this binary's",
                    advice: "install the version of Carillon that made the database")
            }
        }
        return rows.count
    }

    /// A hash in hexadecimal digits that tells an edited file, no defence against an attacker.
    package static func checksum(_ bytes: [UInt8]) -> String {
        String(FNV1a(bytes).value, radix: 16)
    }
}
