import CSQLite
import Glibc

/// A failure of the store: what was attempted, on which file, SQLite's cause, and what to do.
package struct StoreError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it is; decides what the daemon does (docs/reliability.md#disk).
    package enum Kind: String, Sendable {
        /// The disk is full: nothing was written, go on trying.
        case full
        /// A read or write failed, or the fate of a COMMIT is unknown: recover from disk.
        case ioError
        /// Somebody else's write lock lasted longer than the busy timeout.
        case busy
        /// Damaged or no SQLite file at all.
        case corrupt
        /// A database of another program.
        case foreign
        /// A database of a newer Carillon, or one whose migrations were edited.
        case newer
        /// The file cannot be opened or written with the present rights.
        case access
        /// On a file system that can't be relied on.
        case unsuitable
        /// Another file is in the database's place: only a start may judge it.
        case replaced
        /// Another daemon holds the database.
        case alreadyRunning
        /// A rule of the schema was violated: a programmer's error caught by the database.
        case constraint
        /// A read took longer than it may.
        case interrupted
        /// Anything else SQLite reported.
        case other
    }

    package let kind: Kind
    /// What was attempted, as a verb phrase ("write the turn").
    package let attempted: String
    package let path: String
    /// SQLite's own words or the system's.
    package let cause: String
    /// One sentence for the person who reads it.
    package var advice: String
    /// SQLite's extended result code, such as 2067 for a UNIQUE constraint; nil if another said no.
    package let code: Int32?
    /// The whole statement that failed, without its values; nil if no statement did.
    package let statement: String?

    /// Makes an error of SQLite's, or one of ours, which has no code and no statement.
    package init(
        kind: Kind, attempted: String, path: String, cause: String, advice: String,
        code: Int32? = nil, statement: String? = nil
    ) {
        self.kind = kind
        self.attempted = attempted
        self.path = path
        self.cause = cause
        self.advice = advice
        self.code = code
        self.statement = statement
    }

    package var description: String {
        let number = code.map { " [SQLite \($0)]" } ?? ""
        return "cannot \(attempted) (\(path)): \(cause)\(number)\(whatFailed)"
            + (advice.isEmpty ? "" : "; \(advice)")
    }

    /// The statement on one line, where the mistake is ours: whoever mends it needs to know.
    private var whatFailed: String {
        guard kind == .constraint || kind == .other, let statement else { return "" }
        let line = statement.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return " in \"\(line.prefix(300))\""
    }

    /// A restart cannot help: the daemon ends with exit code 78 (docs/protocol.md#command-line).
    package var isPermanent: Bool {
        switch kind {
        case .corrupt, .foreign, .newer, .unsuitable: true
        case .full, .ioError, .busy, .access, .replaced, .alreadyRunning, .constraint, .interrupted,
            .other:
            false
        }
    }

    /// It may be over in a while, without anybody touching the daemon: a full or failing disk, a
    /// folder that isn't there (yet), a lock.
    package var isPassing: Bool {
        switch kind {
        case .full, .ioError, .busy, .access: true
        case .corrupt, .foreign, .newer, .unsuitable, .replaced, .alreadyRunning, .constraint,
            .interrupted, .other:
            false
        }
    }
}

extension StoreError {
    /// Turns a result code into the error that decides what the daemon does
    /// (docs/reliability.md#disk).
    ///
    /// - Parameters:
    ///   - code: SQLite's, extended.
    ///   - cause: its words.
    ///   - attempted: as a verb phrase.
    ///   - path: the database.
    ///   - statement: the one that failed.
    ///   - refusal: the system's last error number for the file.
    /// - Returns: The error.
    static func from(
        code: Int32, cause: String, attempted: String, path: String, statement: String? = nil,
        refusal: Int32 = 0
    ) -> StoreError {
        if [SQLITE_CORRUPT, SQLITE_NOTADB].contains(code & 0xff), isOfDisk(refusal) {
            return unread(attempted, path, refusal, code: code, statement: statement)
        }
        let (kind, advice): (Kind, String) =
            switch code & 0xff {
            case SQLITE_FULL: (.full, "make room on the disk; nothing is sent until then")
            case SQLITE_IOERR: (.ioError, "check the disk and the kernel log")
            case SQLITE_CORRUPT, SQLITE_NOTADB:
                (.corrupt, "keep the file, restore a backup made by `carillon backup`")
            case SQLITE_BUSY, SQLITE_LOCKED:
                (.busy, "another program (a writing sqlite3?) holds the database; close it")
            case SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_AUTH:
                (.access, "check the path and the rights of the file and its folder")
            case SQLITE_CONSTRAINT: (.constraint, "")
            case SQLITE_INTERRUPT: (.interrupted, "ask for less")
            default: (.other, "")
            }
        return StoreError(
            kind: kind, attempted: attempted, path: path, cause: cause, advice: advice,
            code: code, statement: statement)
    }

    /// The disk, or the server that it is on, said no: what is in the file isn't known.
    static func isOfDisk(_ refusal: Int32) -> Bool {
        [EIO, ENXIO, ETIMEDOUT, ESTALE].contains(refusal)
    }

    /// A read that failed, whatever SQLite takes it for.
    static func unread(
        _ attempted: String, _ path: String, _ refusal: Int32, code: Int32? = nil,
        statement: String? = nil
    ) -> StoreError {
        StoreError(
            kind: .ioError, attempted: attempted, path: path,
            cause: "a part of the file can't be read (errno \(refusal))",
            advice: "check the disk and the kernel log", code: code, statement: statement)
    }
}
