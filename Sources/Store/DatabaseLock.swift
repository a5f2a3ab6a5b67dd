import Glibc

// Memory safety of this file: plain calls of open, flock, read and write on a descriptor that this
// value owns and closes once; buffers live for the length of the call only.

/// The lock that keeps a second daemon off a database: `flock` on a file beside it, with our pid.
///
/// A file of its own, since closing any descriptor of the database itself would drop SQLite's own
/// POSIX locks (fcntl(2), "lossy" locks).
struct DatabaseLock: ~Copyable {
    private let descriptor: Int32

    /// Takes the lock.
    ///
    /// - Parameters:
    ///   - databasePath: the database that is locked.
    ///   - pid: our process id, for the sentence that the second daemon prints.
    /// - Throws: `StoreError` of kind `.alreadyRunning` or `.access`.
    init(databasePath: String, pid: Int32) throws {
        let path = databasePath + ".lock"
        let opened = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o640)
        guard opened >= 0 else {
            throw StoreError(
                kind: .access, attempted: "open the lock file", path: path,
                cause: unsafe String(cString: strerror(errno)),
                advice: "check the path and the rights of its folder")
        }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            var digits = [UInt8](repeating: 0, count: 16)
            let count = max(0, unsafe read(opened, &digits, digits.count))
            close(opened)
            let holder = String(decoding: digits.prefix(count), as: UTF8.self)
                .filter(\.isNumber)
            throw StoreError(
                kind: .alreadyRunning, attempted: "take the database", path: databasePath,
                cause: "already running, pid \(holder.isEmpty ? "unknown" : holder)",
                advice: "one daemon per database; stop the other one first")
        }
        descriptor = opened
        let text = Array("\(pid)\n".utf8)
        ftruncate(opened, 0)
        _ = unsafe pwrite(opened, text, text.count, 0)
    }

    deinit {
        // Not by closing alone: a program that is started right now has a copy until its exec, and
        // the lock would last as long.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}
