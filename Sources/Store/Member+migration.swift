import Migrations
package import Timetable

/// What an entry of the log says of a migration (docs/cluster.md, R12): each node makes it by its own copy
/// of the file, since changes of tables can't be told as changes of rows.
private struct MigrationNote {
    var name: String
    var checksum: String
    /// Goes into `schema_migrations`, the same on all hosts.
    var at: Instant

    init(name: String, checksum: String, at: Instant) {
        self.name = name
        self.checksum = checksum
        self.at = at
    }

    init?(_ body: [UInt8]) {
        let words = String(decoding: body, as: UTF8.self).split(separator: " ")
        guard words.count == 3, let at = Int64(words[2]) else { return nil }
        self.init(
            name: String(words[0]), checksum: String(words[1]), at: Instant(milliseconds: at))
    }

    var body: [UInt8] { Array("\(name) \(checksum) \(at.milliseconds)".utf8) }
}

/// Only a leader brings a member's ledger up to date, and all hosts with it (docs/cluster.md, R12).
extension Ledger {
    /// Makes the next migration that this binary knows and the ledger lacks, as the leader's.
    ///
    /// - Parameters:
    ///   - now: when.
    ///   - working: called again and again while it goes on, which may take minutes.
    ///   - keep: told of it, as bytes for the log, before the COMMIT; answers where the ledger stands with
    ///     it. An error of it undoes all.
    /// - Returns: false: the ledger lacks none.
    /// - Throws: `StoreError` if the ledger can't be written; what `keep` throws.
    package func migrateNext(
        now: Instant, working: @escaping () -> Void, keep: ([UInt8]) throws -> LogPlace
    ) throws -> Bool {
        guard let next = try Migrator.next(for: database, of: schema) else { return false }
        let note = MigrationNote(
            name: schema.files[next].name, checksum: schema.checksums[next], at: now)
        try make(note, next, working: working) { try keep(note.body) }
        return true
    }

    /// Makes the migration of an entry that another host has put into the log.
    ///
    /// - Parameters:
    ///   - body: the entry's.
    ///   - place: where the ledger stands afterwards.
    ///   - working: called again and again while it goes on.
    /// - Returns: nil if it stands there; what stood in the way otherwise, and nothing was done.
    /// - Throws: `StoreError` if the ledger can't be written.
    package func migrate(
        by body: [UInt8], to place: LogPlace, working: @escaping () -> Void
    ) throws -> String? {
        guard let note = MigrationNote(body) else {
            return "it is a migration that this version can't read"
        }
        guard let next = try Migrator.next(for: database, of: schema),
            schema.files[next].name == note.name
        else { return "it is the migration \(note.name), which is not this host's next one" }
        guard schema.checksums[next] == note.checksum else {
            return "its migration \(note.name) differs from this version's"
        }
        try make(note, next, working: working) { place }
        return nil
    }

    private func make(
        _ note: MigrationNote, _ index: Int, working: @escaping () -> Void,
        keep: () throws -> LogPlace
    ) throws {
        tell("bringing the database up to date: \(note.name), with all hosts of the cluster")
        try refuseForeignFiles()
        database.interrupt {
            working()
            return false
        }
        defer { database.stopInterrupting() }
        try Migrator.applyNext(schema.files[index], to: database, now: note.at) {
            try self.note(try keep())
        }
        leaveUnchecked()
    }
}
