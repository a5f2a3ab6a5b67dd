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
    package let advice: String
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
        return "cannot \(attempted) (\(path)): \(cause)\(number)"
            + (advice.isEmpty ? "" : "; \(advice)")
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
