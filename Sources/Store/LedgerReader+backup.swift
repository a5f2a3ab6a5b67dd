import Glibc

// Memory safety of this file: plain system calls whose paths are C strings for the call's length.

/// What a copy of the ledger is for.
package enum BackupKind: Sendable {
    /// To go back to: marked (docs/protocol.md, rule 13), and no member of a cluster, since what was put
    /// back has lost its place in the log.
    case marked
    /// For another host of the same cluster: not marked, at its place in the log, without the name of
    /// the copy that it was made from (docs/cluster.md).
    case member
}

extension LedgerReader {
    /// Writes a checked copy that the daemon that starts on it recognises.
    ///
    /// A read of the ledger like any other, so the daemon may be up or down. The copy grows under
    /// the name `PATH.partial` and gets its own only when it is marked, checked and on the disk:
    /// under its name there is never an unmarked one, which would start the past again.
    ///
    /// - Parameters:
    ///   - path: The copy; must not exist.
    ///   - kind: what it is for.
    /// - Throws: `StoreError`; no file is left behind then.
    package func backup(to path: String, as kind: BackupKind = .marked) throws {
        // Before the long work; the rename below asks again.
        guard unsafe access(path, F_OK) != 0 else { throw Self.exists(path) }
        let partial = path + ".partial"
        try Self.createEmpty(partial)
        do {
            try copy(to: partial, as: kind)
            try Self.check(partial)
            try Self.sync(partial)
            try Self.rename(partial, to: path)
            // The new name is an entry of the folder, which is synced for itself.
            try Self.sync(Self.folder(of: path))
        } catch {
            for suffix in ["", "-journal", "-wal", "-shm"] { unsafe _ = unlink(partial + suffix) }
            throw error
        }
    }

    private func copy(to path: String, as kind: BackupKind) throws {
        let copy = try Database(path: path, mode: .write)
        try database.copy(over: copy)
        // One file that can be read from anywhere; the daemon turns the log on again.
        try copy.execute("PRAGMA journal_mode = DELETE")
        switch kind {
        case .marked:
            try copy.execute("UPDATE daemon SET restored_mark = 1")
            try copy.execute("DELETE FROM cluster_local WHERE singleton = 1")
        case .member:
            try copy.execute(
                "UPDATE cluster_local SET install = '', home = '' WHERE singleton = 1")
            guard try Self.kind(of: copy) != nil else {
                throw StoreError(
                    kind: .foreign, attempted: "copy the ledger for another host",
                    path: database.path, cause: "it is no member of a cluster",
                    advice: "a copy to go back to is made without --member")
            }
        }
    }

    /// What a copy was made for; nil: it is none.
    static func kind(of copy: Database) throws -> BackupKind? {
        if try copy.integer("SELECT restored_mark FROM daemon") == 1 { return .marked }
        let hasPlaces = try copy.integer(
            "SELECT count(*) FROM sqlite_schema WHERE name = 'cluster_local'")
        guard hasPlaces == 1 else { return nil }
        let members = try copy.integer("SELECT count(*) FROM cluster_local WHERE install = ''")
        return members == 1 ? .member : nil
    }

    static func check(_ path: String) throws {
        let copy = try Database(path: path, mode: .read)
        var findings: [String] = []
        try copy.step("PRAGMA integrity_check(1)", []) { row in
            findings.append(row.string(0))
            return true
        }
        let isKnown = try kind(of: copy) != nil
        guard findings == ["ok"], isKnown else {
            throw StoreError(
                kind: .corrupt, attempted: "check the copy", path: path,
                cause: isKnown ? findings.joined(separator: ", ") : "it can't be marked",
                advice: "check the disk; carillon doctor checks the ledger itself")
        }
    }

    static func createEmpty(_ path: String) throws {
        // The rights of the ledger itself: its group may read, others not.
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else {
            throw failure(
                path,
                errno == EEXIST
                    ? "another backup is writing it, or was cut short; remove it then"
                    : "check the folder and your rights in it")
        }
        close(descriptor)
    }

    static func sync(_ path: String) throws {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path, "check the folder and your rights in it") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(path, "check the disk") }
    }

    private static func rename(_ partial: String, to path: String) throws {
        // A second name and then the first one away: unlike rename(2) it never replaces a file.
        if unsafe link(partial, path) == 0 {
            unsafe _ = unlink(partial)
            return
        }
        if errno == EEXIST { throw exists(path) }
        // Some file systems have no second names; this one was free at the beginning.
        guard [EPERM, EOPNOTSUPP, ENOSYS, EINVAL].contains(errno),
            unsafe access(path, F_OK) != 0, unsafe Glibc.rename(partial, path) == 0
        else { throw failure(path, "check the folder and your rights in it") }
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func exists(_ path: String) -> StoreError {
        StoreError(
            kind: .access, attempted: "write the backup", path: path, cause: "the file exists",
            advice: "name a new file; nothing is ever overwritten")
    }

    private static func failure(_ path: String, _ advice: String) -> StoreError {
        StoreError(
            kind: errno == ENOSPC ? .full : .access, attempted: "write the backup", path: path,
            cause: unsafe String(cString: strerror(errno)), advice: advice)
    }
}
