import Glibc

// Memory safety of this file: open, fstat and pread on descriptors that are closed in the same
// function, into buffers that live for the length of the call.

/// The write-ahead log (`-wal`) beside a database, as it is found before SQLite opens them.
///
/// SQLite believes whatever log lies there: beside a missing database it is deleted, beside a
/// restored one it is replayed into it, and with a damaged head it is forgotten, each without a
/// word. Intents are in that log; without them slots would be started again.
enum LogFile {
    /// Refuses a log that can't be the database's own.
    ///
    /// - Parameter databasePath: the database; need not exist.
    /// - Throws: `StoreError` of kind `.corrupt`, or `.ioError` if one of them can't be read; nothing
    ///   has been changed.
    static func check(databasePath: String) throws {
        let path = databasePath + "-wal"
        guard let log = try Head(path: path), log.size > 0, !log.bytes.allSatisfy({ $0 == 0 })
        else {
            return
        }
        func refuse(_ cause: String, _ advice: String) throws {
            throw StoreError(
                kind: .corrupt, attempted: "use the database", path: databasePath, cause: cause,
                advice: advice)
        }
        guard let database = try Head(path: databasePath), database.size > 0 else {
            return try refuse(
                "it is gone, and its log \(path) is still there",
                "put the database back, or move the log away to begin a new ledger")
        }
        guard log.bytes.starts(with: [0x37, 0x7f, 0x06]) else {
            return try refuse(
                "the head of its log \(path) is damaged",
                "keep both files; restore a backup made by `carillon backup`, or move the log "
                    + "away and lose what it holds")
        }
        // Bytes 18 and 19 of a database say how it is written: 2, 2 for one with such a log. What
        // `carillon backup` has made says 1, 1 until a daemon opens it.
        let isWithoutLog =
            database.bytes.starts(with: Array("SQLite format 3".utf8)) && database.bytes.count > 19
            && database.bytes[18] == 1 && database.bytes[19] == 1
        if isWithoutLog {
            try refuse(
                "the log \(path) belongs to another database (was this one restored?)",
                "move \(path) and \(databasePath)-shm away")
        }
    }

    /// Whether a log is shorter than what SQLite has written to it, as its index (`-shm`) tells.
    ///
    /// A checkpoint that somebody asked for may have emptied it: then the index says so, too.
    ///
    /// - Parameters:
    ///   - size: bytes of the log.
    ///   - index: of the database that is open.
    /// - Returns: false if the index can't be read.
    static func isCut(size: Int64, index: IndexFile?) -> Bool {
        guard let (frames, page) = index?.log() else { return false }
        // A frame is a page with 24 bytes before it, and the log begins with 32.
        return frames > 0 && size < 32 + frames * (page + 24)
    }

    /// Where the head of the last frame of a log is that has been written to its end.
    ///
    /// - Parameters:
    ///   - path: the log.
    ///   - index: of the database that is open.
    /// - Returns: bytes from its beginning; nil if there is none, or it isn't to be read.
    static func lastFrame(path: String, index: IndexFile?) -> Int64? {
        guard let (frames, page) = index?.log(), frames > 0 else { return nil }
        let place = 32 + (frames - 1) * (page + 24)
        return isHollow(path: path, at: place) == false ? place : nil
    }

    /// Whether nothing is where a frame was: the log was cut before it while a turn was under way, whose
    /// own frames then lie behind a hole, so that its size tells nothing.
    ///
    /// - Parameters:
    ///   - path: the log.
    ///   - place: where the head of a frame was, which begins with the number of a page, never 0.
    /// - Returns: nil if that can't be read, as in a log that ends before.
    static func isHollow(path: String, at place: Int64) -> Bool? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var number: UInt32 = 0
        let count = unsafe withUnsafeMutableBytes(of: &number) {
            unsafe pread(descriptor, $0.baseAddress, 4, Int(place))
        }
        return count == 4 ? number == 0 : nil
    }

    /// Size and first bytes of a file.
    private struct Head {
        let size: Int
        let bytes: [UInt8]

        /// Reads them; nil if there is no such file, or it can't be opened.
        ///
        /// - Throws: `StoreError` if it can't be read: that it holds nothing is not known then.
        init?(path: String) throws {
            let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return nil }
            defer { close(descriptor) }
            var status = stat()
            guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
                return nil
            }
            var buffer = [UInt8](repeating: 0, count: 32)
            let count = unsafe pread(descriptor, &buffer, buffer.count, 0)
            guard count >= 0 else { throw StoreError.unread("check the file", path, errno) }
            size = Int(status.st_size)
            bytes = Array(buffer.prefix(max(0, count)))
        }
    }
}
