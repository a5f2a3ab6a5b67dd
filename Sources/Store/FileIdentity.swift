import Glibc

/// Which file a path names: tells a database that was deleted or replaced under the daemon.
///
/// SQLite goes on writing into a file that has no name any more; every start recorded there would be
/// lost with the process.
struct FileIdentity: Equatable {
    private let device: UInt64
    private let inode: UInt64
    /// Bytes that it had when it was looked up; no part of what it is.
    let size: Int64

    /// Looks the path up; nil if it names nothing.
    init?(path: String) {
        var info = stat()
        // SAFETY: the kernel fills the struct we own; the path lives for the length of the call.
        guard unsafe stat(path, &info) == 0 else { return nil }
        device = UInt64(info.st_dev)
        inode = UInt64(info.st_ino)
        size = Int64(info.st_size)
    }

    /// The file in words, for a host that knows it by them again; another number after a copy or a move
    /// to another disk.
    var words: String { "\(device):\(inode)" }

    static func == (one: FileIdentity, other: FileIdentity) -> Bool {
        one.device == other.device && one.inode == other.inode
    }

    /// The path without links; of a file that isn't there yet, that of its folder.
    static func resolved(_ path: String) -> String {
        if let whole = real(path) { return whole }
        guard let slash = path.lastIndex(of: "/"), let folder = real(String(path[..<slash])) else {
            return path
        }
        return folder + path[slash...]
    }

    private static func real(_ path: String) -> String? {
        // SAFETY: realpath allocates its answer, which is copied and freed here.
        guard let found = unsafe realpath(path.isEmpty ? "/" : path, nil) else { return nil }
        defer { unsafe free(found) }
        return unsafe String(cString: found)
    }
}
