package import Timetable

/// The writing side of the store: one connection, one transaction per turn, typed operations.
///
/// Not Sendable: it lives inside the scheduler actor, whose thread does all writing and all
/// checkpoints (docs/reliability.md#settings).
package final class Ledger {
    /// How commits reach the disk.
    package enum Durability: Sendable {
        /// `synchronous=FULL`: an acknowledged commit survives a power cut.
        case full
        /// `synchronous=OFF`, for crash sweeps on /dev/shm only, never for durability tests.
        case simulated
        /// For a database that is thrown away after one play: no sync, and room in memory for most
        /// of it, since reading pages back was half of the work.
        case thrownAway
    }

    package private(set) var database: Database
    private let lock: DatabaseLock?
    private let durability: Durability
    private let watch: OpeningWatch
    private let isTrusted: Bool
    /// What this binary knows of schemas.
    package let schema: SchemaFiles
    let identity: FileIdentity?
    /// The write-ahead log that SQLite writes to, and its index, over which readers and we agree; it
    /// wouldn't notice if they had no name any more.
    private var logIdentity: FileIdentity?
    private var index: IndexFile?
    /// Bytes of the log when the last transaction began; it shrinks only after a checkpoint.
    private var logSize: Int64 = 0
    /// Where the last frame of the log was at the last turn; nil: not known.
    private var lastFrame: Int64?
    private let logPath: String
    private let indexPath: String
    /// What the transaction that is going on adds to the sums.
    var sums = SumBook()
    /// Until when pauses cover anything, as the transaction that is going on has read it.
    var pauseEnd: Int64?
    /// The file has to be looked at, which the next transaction notes.
    var isUncheckedUnsaid = false
    /// There was no database before.
    package let isNew: Bool

    /// Opens, checks, migrates and locks the database; a member of a cluster is left at its schema, since
    /// only a leader migrates (docs/cluster.md, R12).
    ///
    /// - Parameters:
    ///   - path: the database file, made if it does not exist.
    ///   - pid: our process id for the lock; nil: no lock (simulation).
    ///   - now: recorded with migrations.
    ///   - durability: FULL but in simulations.
    ///   - takesNetworkRisk: doesn't refuse a network file system.
    ///   - isTrusted: nothing of the file is read before its first turn: nobody but simulated lives
    ///     ever had it, and half of their time went into that.
    ///   - watch: hears what goes on, now and whenever the file is opened anew.
    ///   - schema: what this binary knows of schemas.
    /// - Throws: `StoreError`.
    package init(
        path: String, pid: Int32?, now: Instant, durability: Durability = .full,
        takesNetworkRisk: Bool = false, isTrusted: Bool = false,
        watch: OpeningWatch = OpeningWatch(), schema: SchemaFiles = .own
    ) throws {
        if pid != nil, !takesNetworkRisk { try FileSystemKind.refuseForeign(databasePath: path) }
        lock = try pid.map { try DatabaseLock(databasePath: path, pid: $0) }
        self.durability = durability
        self.watch = watch
        self.isTrusted = isTrusted
        self.schema = schema
        // Where links lead to is where SQLite puts its log.
        let file = FileIdentity.resolved(path)
        (logPath, indexPath) = (file + "-wal", file + "-shm")
        isNew = FileIdentity(path: path) == nil
        (database, isUncheckedUnsaid) = try Self.open(
            path, now: now, durability, watch, schema, isTrusted: isTrusted)
        try lock?.takeFile()
        identity = FileIdentity(path: path)
        identifyLog()
    }

    private func identifyLog() {
        logIdentity = FileIdentity(path: logPath)
        // Never closed while it is the same file, see there.
        if index?.identity != FileIdentity(path: indexPath) { index = IndexFile(path: indexPath) }
        index?.forgetSize()
        // What the index of a file that was just opened tells is of before, until the first turn.
        (logSize, lastFrame) = (0, nil)
    }

    private func isInPlace(_ log: FileIdentity?) -> Bool {
        log == logIdentity && FileIdentity(path: indexPath) == index?.identity
    }

    /// Opens and checks the file anew: after a failed write or sync only the disk tells what is in it.
    ///
    /// - Parameter now: recorded with migrations.
    /// - Throws: `StoreError`; may be tried again if it is passing.
    package func reopen(now: Instant) throws {
        try refuseOtherFile()
        if !database.isClosed {
            if !isInPlace(FileIdentity(path: logPath)) { try saveLog() }
            database.close()
        }
        (database, isUncheckedUnsaid) = try Self.open(
            database.path, now: now, durability, watch, schema, isTrusted: isTrusted)
        identifyLog()
    }

    /// Writes a log that has lost its name into the database, as long as we still hold it.
    private func saveLog() throws {
        let rest = try database.first("PRAGMA wal_checkpoint(FULL)") { row in
            (isBusy: row.integer(0) != 0, frames: row.integer(1) - row.integer(2))
        }
        guard let rest, !rest.isBusy, rest.frames <= 0 else {
            throw StoreError(
                kind: .busy, attempted: "save the deleted log", path: logPath,
                cause: "a reader holds it", advice: "close what reads the database")
        }
    }

    /// A file that was deleted or replaced must not be written to, nor a new one be begun.
    private func refuseOtherFile() throws {
        let found = FileIdentity(path: database.path)
        guard found != identity else { return }
        throw StoreError(
            kind: found == nil ? .access : .replaced, attempted: "write the ledger",
            path: database.path,
            cause: "the file was deleted or replaced while the daemon was running",
            advice: found == nil
                ? "nothing is sent until it is back in its place"
                : "nothing more is sent; stop the daemon before you move its database")
    }

    /// What a log that was deleted holds can be saved; what was cut off one is lost, and all that
    /// would be written behind it, too.
    private func refuseOtherLog() throws {
        let log = FileIdentity(path: logPath)
        guard isInPlace(log) else {
            throw StoreError(
                kind: .ioError, attempted: "write the ledger", path: logPath,
                cause: "the log was deleted or replaced while the daemon was running",
                advice: "what it held is written into the database before anything else; "
                    + "leave the files of a running daemon alone")
        }
        if let index, index.isCut() {
            index.empty()
            throw StoreError(
                kind: .ioError, attempted: "write the ledger", path: indexPath,
                cause: "the index of the log was cut while the daemon was running",
                advice: "it is made anew from the log; leave the files of a running daemon alone")
        }
        let size = log?.size ?? 0
        let isHollow = lastFrame.flatMap { LogFile.isHollow(path: logPath, at: $0) } ?? false
        defer {
            logSize = size
            lastFrame = LogFile.lastFrame(path: logPath, index: index)
        }
        guard isHollow || (size < logSize && LogFile.isCut(size: size, index: index)) else {
            return
        }
        throw StoreError(
            kind: .corrupt, attempted: "write the ledger", path: logPath,
            cause: "the log was cut while the daemon was running, and starts that it held are lost",
            advice: "keep the files, and restore a backup made by `carillon backup`")
    }

    private static func open(
        _ path: String, now: Instant, _ durability: Durability, _ watch: OpeningWatch,
        _ schema: SchemaFiles, isTrusted: Bool
    ) throws -> (Database, leavesMuch: Bool) {
        try LogFile.check(databasePath: path)
        let database = try Database(path: path, mode: .write)
        database.persistWAL()
        // A file that is refused stays as it is, so all checks come before the first write, and the
        // way out writes nothing either.
        database.keepLogOnClose()
        try Migrator.refuseForeign(database)
        try database.execute("PRAGMA cell_size_check = ON")
        let leavesMuch = try Soundness(database: database, watch: watch)
            .check(isTrusted: isTrusted)
        database.forgetStatements()
        if try database.integer("PRAGMA page_count") == 0 {
            // Before journal_mode=WAL, or it silently stays off (docs/reliability.md#settings).
            try database.execute("PRAGMA auto_vacuum = INCREMENTAL")
        }
        let mode = try database.first("PRAGMA journal_mode = WAL") { $0.string(0) }
        guard mode == "wal" else {
            throw StoreError(
                kind: .access, attempted: "use WAL", path: path,
                cause: "journal mode \(mode ?? "")",
                advice: "the database must be on a local file system")
        }
        try database.execute(
            "PRAGMA synchronous = \(durability == .full ? "FULL" : "OFF")")
        try database.execute("PRAGMA foreign_keys = ON")
        try database.execute("PRAGMA journal_size_limit = 67108864")
        // A full second writes some megabytes: few checkpoints, and no page that leaves the cache
        // before its COMMIT. Savepoints keep their journal in memory.
        try database.execute(
            durability == .thrownAway
                ? "PRAGMA wal_autocheckpoint = 20000; PRAGMA cache_size = -262144"
                : "PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -16000")
        try database.execute("PRAGMA temp_store = MEMORY")
        if try Migrator.isMember(database) {
            try Migrator.check(database, against: schema, takesOlder: true)
            if leavesMuch { watch.leftUnchecked() }
            return (database, leavesMuch)
        }
        let migrated = try Migrator.migrate(
            database, to: schema, now: now, progress: watch.progress)
        if leavesMuch || migrated > 0 { watch.leftUnchecked() }
        return (database, leavesMuch)
    }

    /// Runs `work` in one `BEGIN IMMEDIATE … COMMIT`.
    ///
    /// - Throws: `StoreError`: `.ioError` if the file is no longer in its place, else what SQLite says of
    ///   BEGIN or COMMIT; what `work` throws. Nothing is written then, but after an I/O error of a
    ///   COMMIT the disk alone knows whether it took place: `reopen` first (docs/reliability.md#disk).
    package func transaction<T>(_ work: () throws -> T) throws -> T {
        try begin()
        do {
            let result = try work()
            try endWork()
            try commit()
            return result
        } catch {
            rollBack()
            throw error
        }
    }

    /// Runs `work` in a transaction that stays open, and tells what it has changed.
    ///
    /// To be ended by `commit(at:)` or `rollBack`.
    ///
    /// - Returns: what `work` returns, and the changes; empty: none.
    /// - Throws: as `transaction`; the transaction is over then.
    package func recorded<T>(_ work: () throws -> T) throws -> (result: T, changes: [UInt8]) {
        try begin()
        do {
            let recorder = try ChangeRecorder(database)
            let result = try work()
            try endWork()
            return (result, try recorder.changes())
        } catch {
            rollBack()
            throw error
        }
    }

    /// Ends a recorded transaction whose changes are kept elsewhere, too.
    ///
    /// - Parameter place: where the ledger stands with it; nil: nothing has changed.
    /// - Throws: `StoreError` as `transaction`; it is over then.
    package func commit(at place: LogPlace?) throws {
        do {
            if let place { try note(place) }
            try commit()
        } catch {
            rollBack()
            throw error
        }
    }

    /// Files that aren't those which were opened must not be written to.
    func refuseForeignFiles() throws {
        try refuseOtherFile()
        try refuseOtherLog()
    }

    func begin() throws {
        try refuseForeignFiles()
        try database.execute("BEGIN IMMEDIATE")
        pauseEnd = nil
    }

    /// Tables were built anew, which is looked at beside the turns, and noted by the next one.
    func leaveUnchecked() {
        isUncheckedUnsaid = true
        watch.leftUnchecked()
    }

    /// Says what is being done.
    func tell(_ progress: String) { watch.progress(progress) }

    private func endWork() throws {
        try writeSums()
        // In the transaction of the first turn: before it, the last end speaks for itself.
        if isUncheckedUnsaid { try Soundness.noteUnchecked(in: database) }
    }

    private func commit() throws {
        try database.execute("COMMIT")
        isUncheckedUnsaid = false
    }

    /// Ends a transaction as if it had never begun.
    package func rollBack() {
        sums.forget()
        // After SQLITE_FULL the transaction is already rolled back (docs/reliability.md#disk).
        if !database.isInAutocommit { try? database.execute("ROLLBACK") }
    }

    /// Runs `work` in a SAVEPOINT, so that its failure undoes only what it wrote.
    ///
    /// - Throws: what `work` throws; a `StoreError` that ended the whole transaction stays one.
    package func savepoint<T>(_ work: () throws -> T) throws -> T {
        // Prepared: compiling these again for each step was a seventh of a busy turn.
        try database.run("SAVEPOINT step")
        let mark = sums.mark
        do {
            let result = try work()
            try database.run("RELEASE step")
            return result
        } catch {
            sums.goBack(to: mark)
            pauseEnd = nil
            if !database.isInAutocommit {
                try database.run("ROLLBACK TO step")
                try database.run("RELEASE step")
            }
            throw error
        }
    }

    /// Notes that the whole file is to be looked at.
    ///
    /// - Throws: `StoreError` if that can't be written.
    package func noteUnchecked() throws { try Soundness.noteUnchecked(in: database) }

    /// Notes that the whole file was looked at, and is sound.
    ///
    /// - Throws: `StoreError` if that can't be written.
    package func noteSound() throws {
        try database.run("UPDATE daemon SET unchecked_since_life = NULL")
    }

    /// The error that a damage in the file ends the daemon with, whoever has found it.
    package func damage(_ cause: String) -> StoreError {
        Soundness.damage(cause, path: database.path)
    }

    /// Writes the log back into the database and empties it, at a clean stop.
    ///
    /// Best effort: a reader that still needs the log, or an error, leaves it as it is, and the next
    /// start finds all of it.
    package func emptyLog() {
        // A stop must not wait long for a reader.
        try? database.execute("PRAGMA busy_timeout = 1000; PRAGMA wal_checkpoint(TRUNCATE)")
    }

    /// The statement begins or ends a turn; the simulation kills there.
    package static func isTransactionEdge(_ sql: String) -> Bool {
        sql == "BEGIN IMMEDIATE" || sql == "COMMIT"
    }
}
