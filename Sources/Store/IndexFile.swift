import Glibc

// Memory safety of this file: plain calls of open, fstat, pread, pwrite and ftruncate on a descriptor that
// this value owns and closes once; buffers live for the length of the call.

/// The index of the log (`-shm`), as others leave it: SQLite has it mapped, and trusts whatever is there.
///
/// It is opened once and stays open: closing any descriptor of the file would drop SQLite's own
/// locks on it (fcntl(2), "lossy" locks), and the next program that opens the database would take
/// it for unused and cut it.
final class IndexFile {
    /// Two copies of the head, which say how far the log goes.
    private static let headBytes = 96
    private let descriptor: Int32
    let identity: FileIdentity
    /// The most bytes that it has had since the database was opened.
    private var size: Int64 = 0

    /// Opens it; nil if there is none.
    init?(path: String) {
        let opened = unsafe open(path, O_RDWR | O_CLOEXEC)
        guard opened >= 0 else { return nil }
        guard let identity = FileIdentity(path: path) else {
            close(opened)
            return nil
        }
        descriptor = opened
        self.identity = identity
    }

    deinit { close(descriptor) }

    /// The database is opened anew: SQLite itself cuts the index then, if nobody else has it open.
    func forgetSize() { size = 0 }

    /// Somebody has cut the index since the last time it was asked.
    func isCut() -> Bool {
        guard let found = bytes() else { return false }
        defer { size = max(size, found) }
        return found < size
    }

    /// Makes what was cut whole again, as an index that says nothing: who reads it next makes it anew
    /// from the log, and nobody touches memory that isn't there.
    func empty() {
        let nothing = [UInt8](repeating: 0, count: Self.headBytes)
        _ = unsafe pwrite(descriptor, nothing, nothing.count, 0)
        ftruncate(descriptor, Int(size))
    }

    /// How many frames it says are in the log, and how large a page is; nil: it can't be read.
    func log() -> (frames: Int64, pageBytes: Int64)? {
        var head = [UInt8](repeating: 0, count: 32)
        guard unsafe pread(descriptor, &head, head.count, 0) >= 20 else { return nil }
        // The head of the index (https://www.sqlite.org/walformat.html#the_wal_index_header).
        func number(_ range: Range<Int>) -> Int64 {
            range.reversed().reduce(0) { $0 << 8 | Int64(head[$1]) }
        }
        let page = number(14..<16)
        return (number(16..<20), page == 1 ? 65_536 : page)
    }

    private func bytes() -> Int64? {
        var info = stat()
        guard unsafe fstat(descriptor, &info) == 0 else { return nil }
        return Int64(info.st_size)
    }
}
