import Glibc

/// Which file a path names: tells a database that was deleted or replaced under the daemon.
///
/// SQLite goes on writing into a file that has no name any more; every start recorded there would be
/// lost with the process.
struct FileIdentity: Equatable {
    private let device: UInt64
    private let inode: UInt64

    /// Looks the path up; nil if it names nothing.
    init?(path: String) {
        var info = stat()
        // SAFETY: the kernel fills the struct we own; the path lives for the length of the call.
        guard unsafe stat(path, &info) == 0 else { return nil }
        device = UInt64(info.st_dev)
        inode = UInt64(info.st_ino)
    }
}
