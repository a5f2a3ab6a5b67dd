import Glibc

// Memory safety of this file: plain system calls whose paths are C strings for the call's length.

/// Puts a backup in the place of a database.
package enum Restoration {
    private static let suffixes = ["", "-wal", "-shm"]

    /// Restores a backup; the present database is kept under another name.
    ///
    /// The copy grows beside the database and gets its name only when it is whole, checked and on the
    /// disk. A daemon that starts on it sends nothing for earlier instants (docs/protocol.md, rule 13), or
    /// goes on at its place in the log of a cluster.
    ///
    /// - Parameters:
    ///   - backup: made by `carillon backup`.
    ///   - database: whose place it takes; need not exist.
    ///   - kept: what the present one is called afterwards.
    ///   - pid: our process.
    /// - Returns: whether there was one to keep, and what the backup was made for.
    /// - Throws: `StoreError`: of kind `.alreadyRunning` while a daemon has the database; nothing is
    ///   changed then.
    package static func restore(
        _ backup: String, over database: String, keepingAs kept: String, pid: Int32
    ) throws -> (isKept: Bool, kind: BackupKind) {
        let kind = try examine(backup)
        let lock = try DatabaseLock(databasePath: database, pid: pid)
        defer { withExtendedLifetime(lock) {} }
        let partial = database + ".restoring"
        unsafe _ = unlink(partial)
        try LedgerReader.createEmpty(partial)
        do {
            try copy(backup, to: partial)
            try LedgerReader.check(partial)
            own(partial, like: database)
            own(database + ".lock", like: database)
            try LedgerReader.sync(partial)
            let isKept = unsafe access(database, F_OK) == 0
            for suffix in suffixes where unsafe access(database + suffix, F_OK) == 0 {
                try rename(database + suffix, to: kept + suffix)
            }
            try rename(partial, to: database)
            try LedgerReader.sync(LedgerReader.folder(of: database))
            return (isKept, kind)
        } catch {
            for suffix in suffixes + ["-journal"] { unsafe _ = unlink(partial + suffix) }
            throw error
        }
    }

    /// Only what `carillon backup` has marked: anything else would start the past again.
    private static func examine(_ backup: String) throws -> BackupKind {
        let source = try Database(path: backup, mode: .read)
        guard let kind = try? LedgerReader.kind(of: source) else {
            throw StoreError(
                kind: .foreign, attempted: "restore", path: backup,
                cause: "it was not made by carillon backup",
                advice: "name a file that was: ls -l /var/backups/carillon")
        }
        return kind
    }

    private static func copy(_ backup: String, to path: String) throws {
        let source = try Database(path: backup, mode: .read)
        let copy = try Database(path: path, mode: .write)
        try source.copy(over: copy)
        try copy.execute("PRAGMA journal_mode = DELETE")
    }

    /// Owner and group of the present database, or of its folder: root restores what the daemon writes.
    private static func own(_ path: String, like database: String) {
        var info = stat()
        // SAFETY: the kernel fills the struct we own.
        let isKnown =
            unsafe stat(database, &info) == 0
            || stat(LedgerReader.folder(of: database), &info) == 0
        guard isKnown else { return }
        // Without the right to do so the file is ours already, or the daemon's user will say so.
        unsafe _ = chown(path, info.st_uid, info.st_gid)
    }

    private static func rename(_ path: String, to name: String) throws {
        guard unsafe Glibc.rename(path, name) == 0 else {
            throw StoreError(
                kind: .access, attempted: "restore", path: path,
                cause: unsafe String(cString: strerror(errno)),
                advice: "check the folder and your rights in it")
        }
    }
}
