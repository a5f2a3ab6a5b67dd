import Glibc

// Memory safety of this file: plain system calls whose paths are C strings for the call's length.

extension LedgerReader {
    /// Writes a checked copy that a restored daemon recognises (docs/protocol.md, rule 13).
    ///
    /// A read of the ledger like any other, so the daemon may be up or down. The copy grows under
    /// the name `PATH.partial` and gets its own only when it is marked, checked and on the disk:
    /// under its name there is never an unmarked one, which would start the past again.
    ///
    /// - Parameter path: The copy; must not exist.
    /// - Throws: `StoreError`; no file is left behind then.
    package func backup(to path: String) throws {
        // Before the long work; the rename below asks again.
        guard unsafe access(path, F_OK) != 0 else { throw Self.exists(path) }
        let partial = path + ".partial"
        try Self.createEmpty(partial)
        do {
            try copy(to: partial)
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

    private func copy(to path: String) throws {
        let copy = try Database(path: path, mode: .write)
        try database.copy(over: copy)
        // One file that can be read from anywhere; the daemon turns the log on again.
        try copy.execute("PRAGMA journal_mode = DELETE")
        try copy.execute("UPDATE daemon SET restored_mark = 1")
    }

    static func check(_ path: String) throws {
        let copy = try Database(path: path, mode: .read)
        var findings: [String] = []
        try copy.step("PRAGMA integrity_check(1)", []) { row in
            findings.append(row.string(0))
            return true
        }
        let mark = try copy.integer("SELECT restored_mark FROM daemon")
        guard findings == ["ok"], mark == 1 else {
            throw StoreError(
                kind: .corrupt, attempted: "check the copy", path: path,
                cause: mark == 1 ? findings.joined(separator: ", ") : "it can't be marked",
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
