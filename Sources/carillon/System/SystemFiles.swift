import Glibc
import Store

// Memory safety of this file: each call fills a struct or buffer that we own, and what it answers is
// copied before that goes away.

/// Small questions to the system that nothing else answers.
enum SystemFiles {
    /// When a file was last modified, in nanoseconds; 0: there is none.
    static func modified(_ path: String) -> Int64 {
        var info = stat()
        // SAFETY: the kernel fills the struct we own; the path is a C string for the call's length.
        guard unsafe stat(path, &info) == 0 else { return 0 }
        // Of its content or of its rights: a file that may be read at last has changed as well.
        return Int64(info.st_ctim.tv_sec) &* 1_000_000_000 &+ Int64(info.st_ctim.tv_nsec)
    }

    /// The size of a file in bytes; nil: there is none, or it can't be seen.
    static func bytes(_ path: String) -> Int64? {
        var info = stat()
        // SAFETY: the kernel fills the struct we own; the path is a C string for the call's length.
        guard unsafe stat(path, &info) == 0 else { return nil }
        return Int64(info.st_size)
    }

    /// Removes a file.
    ///
    /// - Throws: `StoreError` that says why it can't be.
    static func remove(_ path: String) throws {
        guard unsafe unlink(path) != 0 else { return }
        throw StoreError(
            kind: .access, attempted: "remove an old backup", path: path,
            cause: unsafe String(cString: strerror(errno)),
            advice: "check the folder and your rights in it")
    }

    /// Free and total bytes of the file system that holds a path; nil: it can't be asked.
    static func space(_ path: String) -> (free: Int64, total: Int64)? {
        var info = statvfs()
        // SAFETY: the kernel fills the struct we own; the path is a C string for the call's length.
        guard unsafe statvfs(path, &info) == 0 else { return nil }
        let unit = Int64(info.f_frsize)
        return (Int64(info.f_bavail) &* unit, Int64(info.f_blocks) &* unit)
    }
}

/// Names of the system's users.
enum SystemUsers {
    /// The login name of a user id, or `uid N`.
    static func name(of uid: UInt32) -> String {
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>? = nil
        var buffer = [CChar](repeating: 0, count: 4096)
        // SAFETY: getpwuid_r writes into the buffer we own; the name is copied before it goes away.
        guard unsafe getpwuid_r(uid, &entry, &buffer, buffer.count, &found) == 0,
            unsafe found != nil, let name = unsafe entry.pw_name
        else { return "uid \(uid)" }
        return unsafe String(cString: name)
    }
}

extension SystemClock {
    /// CLOCK_MONOTONIC, which systemd's RELOADING message wants.
    static func monotonicMicroseconds() -> Int64 {
        var time = timespec()
        // SAFETY: the kernel fills the struct we own.
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}
