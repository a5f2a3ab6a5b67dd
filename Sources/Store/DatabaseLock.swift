import Glibc

// Memory safety of this file: plain calls of open, flock, read and write on descriptors that this
// value owns and closes once; buffers and paths live for the length of the call only.

/// The lock that keeps a second daemon off a database: `flock` on a file beside it, with our pid,
/// and on the database itself.
///
/// The first is there before there is a database, and tells whose it is. The second holds whatever
/// the path: a hard link, a mount of the one file, a lock file that somebody deleted.
final class DatabaseLock {
    private let descriptor: Int32
    private let path: String
    private let pid: Int32
    private var file: Int32?

    /// Takes the lock.
    ///
    /// - Parameters:
    ///   - databasePath: the database that is locked; need not exist.
    ///   - pid: our process id, for the sentence that the second daemon prints.
    /// - Throws: `StoreError` of kind `.alreadyRunning` or `.access`.
    init(databasePath: String, pid: Int32) throws {
        // Where links lead to is what is locked.
        path = FileIdentity.resolved(databasePath)
        self.pid = pid
        let lockPath = path + ".lock"
        let opened = unsafe open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o640)
        guard opened >= 0 else {
            throw StoreError(
                kind: .access, attempted: "open the lock file", path: lockPath,
                cause: unsafe String(cString: strerror(errno)),
                advice: "check the path and the rights of its folder")
        }
        descriptor = opened
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else { throw alreadyRunning() }
        let text = Array("\(pid)\n".utf8)
        ftruncate(opened, 0)
        _ = unsafe pwrite(opened, text, text.count, 0)
        try takeFile()
    }

    /// Locks the database itself, if there is one by now.
    ///
    /// Never undone before the end: closing any descriptor of the file would drop SQLite's own POSIX
    /// locks (fcntl(2), "lossy" locks). `flock` doesn't meet those.
    ///
    /// - Throws: `StoreError` of kind `.alreadyRunning`.
    func takeFile() throws {
        guard file == nil else { return }
        let opened = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard opened >= 0 else { return }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            close(opened)
            throw alreadyRunning()
        }
        file = opened
    }

    deinit {
        // Not by closing alone: a program that is started right now has a copy until its exec, and
        // the lock would last as long.
        for descriptor in [file, descriptor].compactMap(\.self) {
            flock(descriptor, LOCK_UN)
            close(descriptor)
        }
    }

    private func alreadyRunning() -> StoreError {
        var digits = [UInt8](repeating: 0, count: 16)
        let count = max(0, unsafe pread(descriptor, &digits, digits.count, 0))
        let holder = String(decoding: digits.prefix(count), as: UTF8.self).filter(\.isNumber)
        // Beside a lock file of our own the other one's number isn't known.
        let isKnown = !holder.isEmpty && Int32(holder) != pid
        return StoreError(
            kind: .alreadyRunning, attempted: "take the database", path: path,
            cause: "already running, pid \(isKnown ? holder : "unknown")",
            advice: "one daemon per database; stop the other one first")
    }
}
