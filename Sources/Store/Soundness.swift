import CSQLite
import Migrations

/// What an opening of the ledger tells while it goes on; called on the thread that opens it.
package struct OpeningWatch: Sendable {
    /// What is being done, and how far it has come.
    package var progress: @Sendable (String) -> Void
    /// The last end was none, or not known: the parts of the file that no turn needs are not looked
    /// at, and somebody has to do that beside the turns.
    package var leftUnchecked: @Sendable () -> Void

    /// Makes a watch that nobody hears.
    package init(
        progress: @escaping @Sendable (String) -> Void = { _ in },
        leftUnchecked: @escaping @Sendable () -> Void = {}
    ) {
        self.progress = progress
        self.leftUnchecked = leftUnchecked
    }
}

/// How a daemon's last life ended, as the ledger keeps it.
///
/// It decides how much of the file is looked at before the first turn: reading all of it takes longer
/// with every slot.
package enum LifeEnd: String, Sendable {
    /// By itself, with everything written: the file is as it was left.
    case clean = "stopped"
    /// The check beside the turns has found a damage.
    case damaged
    /// Our clock was set forward: another life goes on at once.
    case clockStep = "clock set forward"
    /// Not yet, or by a kill, a power cut, a fault.
    case none = ""
}

/// Looks at a file before it is trusted: nothing is written, and what is damaged is thrown.
struct Soundness {
    let database: Database
    let watch: OpeningWatch

    /// What every turn reads whole, a few rows per schedule and connection at most.
    private static let small: Set<String> = [
        "alarms", "connections", "daemon", "disposition_edges", "hints", "lives", "pause_periods",
        "preflights", "schedule_states", "schema_migrations",
    ]

    /// Checks what the last end leaves in question.
    ///
    /// - Parameter isTrusted: nothing is read but how the last life ended.
    /// - Returns: true if the rest of the file has still to be looked at, beside the turns.
    /// - Throws: `StoreError` of kind `.corrupt` for a damage, else what SQLite reports.
    func check(isTrusted: Bool) throws -> Bool {
        do {
            let tables = try Self.tables(of: database)
            let end = try lastEnd(tables)
            if end == .damaged {
                // Sound again: the check beside the turns takes the alarm back.
                try checkAll(tables)
                return true
            }
            if !isTrusted { try checkForTurns(tables) }
            return try !tables.isEmpty && isInQuestion(end)
        } catch let error as StoreError where error.kind == .corrupt {
            throw Self.damage(error.cause, path: database.path)
        }
    }

    private func isInQuestion(_ end: LifeEnd?) throws -> Bool {
        try end != .clean || isUnchecked()
    }

    /// The error that a damage ends the daemon with.
    static func damage(_ cause: String, path: String) -> StoreError {
        StoreError(
            kind: .corrupt, attempted: "check the database", path: path, cause: cause,
            advice: "keep the file, restore a backup made by `carillon backup`")
    }

    /// Names of all tables.
    static func tables(of database: Database) throws -> [String] {
        try database.rows(
            "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
        ) { $0.string(0) }.filter { !$0.hasPrefix("sqlite_") }
    }

    /// What is wrong with a table and its indexes, as SQLite says it; reads all of their pages.
    static func damages(
        of table: String, in database: Database, limit: Int
    ) throws -> [String] {
        let name = table.replacing("'", with: "''")
        return try findings("PRAGMA quick_check('\(name)')", in: database, limit: limit)
    }

    /// What is wrong anywhere in the file; reads all of it.
    static func damages(in database: Database, limit: Int) throws -> [String] {
        // SQLite 3.40 takes a check of all for one of some where a view is the first that it thinks of,
        // and passes the free pages over; that of the schema never does.
        let findings = try damages(of: "sqlite_schema", in: database, limit: limit)
        guard findings.isEmpty else { return findings }
        return try self.findings(
            "PRAGMA quick_check(\(max(1, limit)))", in: database, limit: limit)
    }

    private static func findings(
        _ check: String, in database: Database, limit: Int
    ) throws -> [String] {
        var findings: [String] = []
        try database.step(check, []) { row in
            findings.append(row.string(0))
            return findings.count < limit
        }
        guard findings != ["ok"] else { return [] }
        // A page that can't be read is a finding like others, and the check itself succeeds.
        let refusal = database.refusal
        if StoreError.isOfDisk(refusal) || findings.contains(where: Self.tellsOfReading) {
            throw StoreError.unread("check the database", database.path, refusal)
        }
        return findings
    }

    /// `Page 187: unable to get the page. error code=8458`, with a code of SQLITE_IOERR.
    private static func tellsOfReading(_ finding: String) -> Bool {
        let code = finding.split(separator: "unable to get the page. error code=").last
        return code.flatMap { Int32($0) }.map { $0 & 0xff == SQLITE_IOERR } ?? false
    }

    private func lastEnd(_ tables: [String]) throws -> LifeEnd? {
        guard tables.contains("lives") else { return nil }
        let ended = try database.first("SELECT ended FROM lives ORDER BY life_id DESC LIMIT 1") {
            $0.string(0)
        }
        return ended.map { LifeEnd(rawValue: $0) ?? .none }
    }

    /// An earlier end was none, and no check has come to its end since.
    private func isUnchecked() throws -> Bool {
        let column = try database.integer(
            "SELECT 1 FROM pragma_table_info('daemon') WHERE name = 'unchecked_since_life'")
        guard column != nil else { return false }
        return try database.integer("SELECT unchecked_since_life FROM daemon") != nil
    }

    /// Notes that the file is to be looked at until it is found sound; the first life in question stays.
    static func noteUnchecked(in database: Database) throws {
        try database.run(
            """
            UPDATE daemon SET unchecked_since_life = (SELECT coalesce(max(life_id), 0) FROM lives)
            WHERE unchecked_since_life IS NULL
            """)
    }

    private func checkAll(_ tables: [String]) throws {
        for (index, table) in tables.enumerated() {
            watch.progress(
                "checking the database, in which a damage was found: \(table), \(index + 1) of "
                    + "\(tables.count)")
            try refuseDamage(of: table)
        }
        watch.progress("checking the database, in which a damage was found: all of it once more")
        // Free pages, and those that two trees take for their own, are nobody's.
        if let finding = try Self.damages(in: database, limit: 1).first {
            throw Self.damage(finding, path: database.path)
        }
    }

    private func refuseDamage(of table: String) throws {
        let findings = try Self.damages(of: table, in: database, limit: 1)
        if let finding = findings.first { throw Self.damage(finding, path: database.path) }
    }

    /// The small tables whole; of all others both ends of every tree, where turns read and write.
    ///
    /// And what has not ended. Costs the same whatever the size.
    private func checkForTurns(_ tables: [String]) throws {
        for table in tables {
            if Self.small.contains(table) {
                try refuseDamage(of: table)
            } else {
                try readEnds(of: table)
            }
        }
        for (table, words) in Self.open where tables.contains(table) {
            try read("SELECT count(*) FROM \(table) WHERE \(words)")
        }
    }

    /// Rows that the next turns go on with, each with a column that only the table has.
    private static let open = [
        ("slots", "next_action_at IS NOT NULL AND reason <> ''"),
        ("process_runs", "next_poll_at IS NOT NULL AND status <> ''"),
        ("attempts", "state IN ('starting', 'unknown') AND baseline <> ''"),
    ]

    private func readEnds(of table: String) throws {
        try readUnlessForeign(table) {
            let keys = try names(
                "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", table)
            try readEnds("SELECT * FROM \(Self.quoted(table))", keys)
        }
        let indexes = try database.rows(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?",
            .text(table)
        ) { (name: $0.string(0), sql: $0.string(1)) }
        for index in indexes {
            try readUnlessForeign(index.name) { try readEnds(of: index.name, index.sql, table) }
        }
    }

    private func readEnds(of index: String, _ sql: String, _ table: String) throws {
        // A partial index is only used where its own condition is asked for.
        let condition = sql.utf8.split { $0 <= UInt8(ascii: " ") }
            .first { $0.count == 5 && Substring($0).uppercased() == "WHERE" }
            .map { "WHERE" + sql[$0.endIndex...] }
        let columns = try names(
            "SELECT name FROM pragma_index_info(?) ORDER BY seqno", index)
        try readEnds(
            "SELECT 1 FROM \(Self.quoted(table)) INDEXED BY \(Self.quoted(index)) "
                + (condition ?? ""), columns)
    }

    /// People may keep tables and indexes of their own beside ours, and functions or modules that they
    /// need aren't here: a question that SQLite can't answer tells nothing of the file then.
    private func readUnlessForeign(_ name: String, _ read: () throws -> Void) throws {
        do {
            try read()
        } catch let error as StoreError where error.kind == .other && !Self.isOurs(name) {
            return
        }
    }

    private static func isOurs(_ name: String) -> Bool {
        Migrations.all.contains { file in
            let sql = String(decoding: file.sql, as: UTF8.self)
            return sql.contains("CREATE INDEX \(name) ") || sql.contains("CREATE TABLE \(name) ")
                || sql.contains("CREATE UNIQUE INDEX \(name) ")
        }
    }

    private static func quoted(_ name: String) -> String {
        "\"" + name.replacing("\"", with: "\"\"") + "\""
    }

    private func names(_ sql: String, _ value: String) throws -> [String] {
        try database.rows(sql, .text(value)) { $0.text(0) }.compactMap { $0 }
    }

    private func readEnds(_ select: String, _ keys: [String]) throws {
        for direction in ["ASC", "DESC"] {
            let order = keys.map { "\(Self.quoted($0)) \(direction)" }.joined(separator: ", ")
            try read(select + (order.isEmpty ? "" : " ORDER BY " + order) + " LIMIT 1")
        }
    }

    private func read(_ sql: String) throws {
        try database.step(sql, []) { row in
            for column in 0..<Int32(row.columnNames.count) { _ = row.value(column) }
            return false
        }
    }
}
