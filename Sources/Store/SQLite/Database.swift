import CSQLite

// Memory safety of this file: every `unsafe` is a call into SQLite with a handle that this class
// opened and closes in `deinit`, or with a statement owned by its cache. SQLite copies what is bound
// (SQLITE_TRANSIENT) and its column pointers are read before the next step. Nothing escapes.

/// One SQLite connection with its prepared statements; used by one thread at a time, never shared.
@safe package final class Database {
    /// How the file is opened.
    package enum Mode: Sendable {
        /// The daemon's only writing connection.
        case write
        /// People's and pages' reads: nothing is ever written.
        case read
    }

    package let path: String
    // @unchecked nothing: the class is not Sendable, so the handle stays in one isolation domain.
    let handle: OpaquePointer
    private var statements: [String: OpaquePointer] = unsafe [:]
    /// The same by where their text lies in memory.
    private var places = StatementPlaces()
    /// Asked now and then within a statement, which ends with an error once it answers true.
    private var isOver: (() -> Bool)?
    /// Called before every step of a statement; the crash simulation throws or copies files here.
    package var willStep: ((String) throws -> Void)?

    /// Opens the file and sets what docs/reliability.md#settings asks of every connection.
    ///
    /// - Parameters:
    ///   - path: the database file.
    ///   - mode: reading or writing; writing creates the file.
    /// - Throws: `StoreError` when SQLite cannot open it.
    package init(path: String, mode: Mode) throws {
        _ = Self.isConfigured
        var opened: OpaquePointer?
        let flags =
            switch mode {
            case .write: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            case .read: SQLITE_OPEN_READONLY
            }
        // Without SQLite's own locks: a connection is used by one thread at a time.
        let code = unsafe sqlite3_open_v2(
            path, &opened, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
        guard code == SQLITE_OK, let handle = unsafe opened else {
            let cause = unsafe String(cString: sqlite3_errstr(code))
            unsafe sqlite3_close_v2(opened)
            throw StoreError.from(
                code: code, cause: cause, attempted: "open the database", path: path)
        }
        self.path = path
        unsafe self.handle = unsafe handle
        unsafe sqlite3_busy_timeout(handle, 5000)
        var ignored: Int32 = 0
        unsafe _ = carillon_db_config_int(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, &ignored)
        try execute("PRAGMA trusted_schema = OFF")
        try execute("PRAGMA mmap_size = 0")
        if case .read = mode {
            // A large sort goes to a file instead: a reader's memory has a bound.
            try execute(
                "PRAGMA query_only = ON; PRAGMA temp_store = FILE; PRAGMA cache_size = -2000")
        }
    }

    /// Ends each statement that is still at work when `isOver` answers true.
    ///
    /// - Parameter isOver: asked every some ten thousand steps of SQLite's machine, a few times in a
    ///   millisecond.
    package func interrupt(when isOver: @escaping () -> Bool) {
        self.isOver = isOver
        // SAFETY: the handle, and with it this callback, is closed before this object goes.
        let this = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe sqlite3_progress_handler(
            handle, 20_000,
            { context in
                guard let context = unsafe context else { return 0 }
                let database = unsafe Unmanaged<Database>.fromOpaque(context)
                return unsafe database.takeUnretainedValue().isOver?() == true ? 1 : 0
            }, this)
    }

    /// Asks nobody any more.
    func stopInterrupting() {
        isOver = nil
        unsafe sqlite3_progress_handler(handle, 0, nil, nil)
    }

    /// Set once for the program, before SQLite is used first.
    ///
    /// What a SAVEPOINT may have to put back stays in memory up to so many bytes, in one piece, and goes
    /// to a file past it: with `temp_store = MEMORY`, which has no limit, each page of it is allocated
    /// in four pieces and freed at every RELEASE, a tenth of a start's time. And SQLite doesn't add
    /// up what it allocates: nobody asks, and the lock around each of some hundred allocations a
    /// start is another tenth.
    private static let isConfigured = carillon_configure(8 << 20) == SQLITE_OK

    deinit { close() }

    /// Lets go of the file; nothing else may be asked of this connection afterwards.
    package func close() {
        guard !isClosed else { return }
        isClosed = true
        forgetStatements()
        unsafe sqlite3_close_v2(handle)
    }

    /// Lets go of what is kept of statements that won't be asked again.
    package func forgetStatements() {
        // Not a loop: `swift format` joins the words of `for unsafe statement in`.
        unsafe statements.values.forEach { unsafe sqlite3_finalize($0) }
        unsafe statements = unsafe [:]
        places = StatementPlaces()
    }

    /// Gives memory back to the system that this connection, or this program, used for once: pages of
    /// the file that are read again when they are needed, and what lies free between what is used.
    package func giveBackMemory() {
        unsafe sqlite3_db_release_memory(handle)
        carillon_give_back_memory()
    }

    /// Nothing can be asked any more.
    package private(set) var isClosed = false

    /// Keeps the `-wal` and `-shm` files when the last connection closes, so that a reader without
    /// write rights can open a database whose daemon has stopped (docs/reliability.md#readers).
    package func persistWAL() {
        var on: Int32 = 1
        unsafe _ = sqlite3_file_control(handle, "main", SQLITE_FCNTL_PERSIST_WAL, &on)
    }

    /// Lets closing leave the log as it is, instead of writing it back into the database: what is
    /// damaged must not be written to, least of all on the way out.
    package func keepLogOnClose() {
        var ignored: Int32 = 0
        unsafe _ = carillon_db_config_int(
            handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, &ignored)
    }

    /// Copies the whole database as one snapshot over the content of another one.
    ///
    /// Not VACUUM INTO: on a connection that is open read-only SQLite 3.40.1 fails it for a table
    /// with a generated column ("has 30 columns but 31 values were supplied"), as ledgers of before
    /// migration 0030 have one.
    ///
    /// - Throws: `StoreError` if the source can't be read, or the target can't be written; then the
    ///   target is not to be used.
    package func copy(over target: Database) throws {
        let backup = unsafe sqlite3_backup_init(target.handle, "main", handle, "main")
        guard let backup = unsafe backup else {
            throw target.error(unsafe sqlite3_extended_errcode(target.handle), sql: "backup")
        }
        // All pages in one step, so that the source's writers never make it begin again.
        unsafe sqlite3_backup_step(backup, -1)
        let code = unsafe sqlite3_backup_finish(backup)
        guard code == SQLITE_OK else { throw target.error(code, sql: "backup") }
    }

    /// No transaction is open: after SQLITE_FULL, SQLite has rolled back already
    /// (docs/reliability.md#disk).
    package var isInAutocommit: Bool { unsafe sqlite3_get_autocommit(handle) != 0 }

    /// Rows changed by the last statement.
    package var changes: Int { Int(unsafe sqlite3_changes(handle)) }

    /// All rows changed since the connection was opened; tells an empty turn from a writing one.
    package var totalChanges: Int { Int(unsafe sqlite3_total_changes(handle)) }

    /// The id of the last row inserted.
    package var lastInsertedID: Int64 { unsafe sqlite3_last_insert_rowid(handle) }

    /// Runs a script of one or more statements without parameters.
    ///
    /// - Throws: `StoreError` of the first statement that fails; the earlier ones have run.
    package func execute(_ script: String) throws {
        try willStep?(script)
        let code = unsafe sqlite3_exec(handle, script, nil, nil, nil)
        guard code == SQLITE_OK else { throw error(code, sql: script) }
    }

    /// Runs one statement and returns how many rows it changed.
    ///
    /// - Throws: `StoreError` with the statement, if it can't be compiled or fails.
    @discardableResult
    package func run(_ sql: String, _ values: SQLValue...) throws -> Int {
        try step(sql, values) { _ in false }
        return changes
    }

    /// All rows of a query, mapped.
    ///
    /// - Throws: `StoreError` with the statement, or what `map` throws.
    package func rows<T>(
        _ sql: String, _ values: SQLValue..., map: (Row) throws -> T
    ) throws -> [T] {
        var result: [T] = []
        try step(sql, values) { row in
            result.append(try map(row))
            return true
        }
        return result
    }

    /// The first row of a query, mapped; nil if there is none.
    ///
    /// - Throws: `StoreError` with the statement, or what `map` throws.
    package func first<T>(
        _ sql: String, _ values: SQLValue..., map: (Row) throws -> T
    ) throws -> T? {
        var result: T?
        try step(sql, values) { row in
            result = try map(row)
            return false
        }
        return result
    }

    /// The single integer of a query; nil if there is no row or it is NULL.
    ///
    /// - Throws: `StoreError` with the statement, if it can't be compiled or fails.
    package func integer(_ sql: String, _ values: SQLValue...) throws -> Int64? {
        var result: Int64?
        try step(sql, values) { row in
            result = row.int(0)
            return false
        }
        return result
    }

    /// Names of the columns a query answers with.
    ///
    /// - Throws: `StoreError` with the statement, if it can't be compiled.
    package func columns(of sql: String) throws -> [String] {
        let statement = unsafe try prepared(sql)
        return unsafe Row(statement: statement).columnNames
    }

    /// Steps a statement until it is done or `visit` answers false; always resets it, since a
    /// SELECT that is not reset pins the WAL (docs/reliability.md#settings).
    ///
    /// - Throws: `StoreError` with the statement, or what `visit` throws.
    package func step(
        _ sql: String, _ values: [SQLValue], visit: (Row) throws -> Bool
    ) throws {
        let statement = unsafe try prepared(sql)
        var isLarge = false
        defer {
            unsafe sqlite3_reset(statement)
            // What is bound stays where it is until it is bound again, in the same place of memory: a
            // start binds some eighty texts, and each was freed and allocated anew.
            if isLarge { unsafe sqlite3_clear_bindings(statement) }
        }
        if unsafe values.count < sqlite3_bind_parameter_count(statement) {
            unsafe sqlite3_clear_bindings(statement)
        }
        for (index, value) in values.enumerated() {
            if case .string(let text) = value, text.utf8.count > Self.keptBytesMax {
                isLarge = true
            }
            let code = unsafe bind(value, to: statement, at: Int32(index + 1))
            guard code == SQLITE_OK else { throw error(code, sql: sql) }
        }
        try willStep?(sql)
        while true {
            let code = unsafe sqlite3_step(statement)
            switch code {
            case SQLITE_ROW:
                if unsafe try !visit(Row(statement: statement)) { return }
            case SQLITE_DONE:
                return
            default:
                throw error(code, sql: sql)
            }
        }
    }

    /// A statement's text that is longer is not kept after it has run.
    private static let keptBytesMax = 4096

    private func prepared(_ sql: String) throws -> OpaquePointer {
        if let known = unsafe places.statement(of: sql) { return unsafe known }
        if let known = unsafe statements[sql] {
            unsafe places.note(sql, known)
            return unsafe known
        }
        var statement: OpaquePointer?
        let code = unsafe sqlite3_prepare_v3(
            handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        guard code == SQLITE_OK, let statement = unsafe statement else {
            throw error(code, sql: sql)
        }
        unsafe statements[sql] = unsafe statement
        unsafe places.note(sql, statement)
        return unsafe statement
    }

    private func bind(_ value: SQLValue, to statement: OpaquePointer, at index: Int32) -> Int32 {
        switch value {
        case .null:
            return unsafe sqlite3_bind_null(statement, index)
        case .integer(let number):
            return unsafe sqlite3_bind_int64(statement, index, number)
        case .double(let number):
            return unsafe sqlite3_bind_double(statement, index, number)
        case .string(var text):
            // With its byte length: JSON lets NUL through, and strlen would cut there
            // (docs/reliability.md#settings).
            return text.withUTF8 { bytes in
                unsafe bytes.withMemoryRebound(to: CChar.self) { chars in
                    // An empty Swift string may have no base address, which SQLite reads as NULL.
                    guard let start = chars.baseAddress else {
                        return unsafe carillon_bind_text(statement, index, "", 0)
                    }
                    return unsafe carillon_bind_text(
                        statement, index, start, sqlite3_uint64(chars.count))
                }
            }
        }
    }

    /// What SQLite says of a call that is no statement.
    func failure(_ code: Int32, in attempt: String) -> StoreError {
        StoreError.from(
            code: code, cause: unsafe String(cString: sqlite3_errmsg(handle)),
            attempted: attempt, path: path, refusal: refusal)
    }

    private func error(_ code: Int32, sql: String) -> StoreError {
        let words = sql.split(whereSeparator: \.isWhitespace).prefix(6).joined(separator: " ")
        return StoreError.from(
            code: code, cause: unsafe String(cString: sqlite3_errmsg(handle)),
            attempted: "run “\(words) …”", path: path, statement: sql, refusal: refusal)
    }

    /// The last number with which the system refused to read or write the file or its log; 0: never.
    ///
    /// SQLite takes a read that fails for a damaged file system, and then for a damaged database
    /// (SQLITE_IOERR_CORRUPTFS becomes SQLITE_CORRUPT): only this tells them apart. It outlives the
    /// failure, until the file is opened anew, which a failed read leads to anyway.
    var refusal: Int32 {
        var (ofFile, ofLog): (Int32, Int32) = (0, 0)
        unsafe _ = sqlite3_file_control(handle, "main", SQLITE_FCNTL_LAST_ERRNO, &ofFile)
        var log: UnsafeMutablePointer<sqlite3_file>?
        unsafe _ = sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log)
        if let log = unsafe log, let methods = unsafe log.pointee.pMethods {
            unsafe _ = methods.pointee.xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &ofLog)
        }
        return StoreError.isOfDisk(ofFile) ? ofFile : ofLog
    }
}

/// The present row of a statement; only valid inside the closure it is handed to.
@safe package struct Row {
    private let statement: OpaquePointer

    fileprivate init(statement: OpaquePointer) {
        unsafe self.statement = unsafe statement
    }

    /// Names of the result's columns, in order.
    package var columnNames: [String] {
        let count = unsafe sqlite3_column_count(statement)
        return (0..<count).map { index in
            unsafe sqlite3_column_name(statement, index).map { unsafe String(cString: $0) } ?? ""
        }
    }

    /// The integer of a column; nil for NULL.
    package func int(_ column: Int32) -> Int64? {
        guard unsafe sqlite3_column_type(statement, column) != SQLITE_NULL else { return nil }
        return integer(column)
    }

    /// The integer of a column that is never NULL.
    package func integer(_ column: Int32) -> Int64 {
        unsafe sqlite3_column_int64(statement, column)
    }

    /// The text of a column; nil for NULL.
    package func text(_ column: Int32) -> String? {
        guard let bytes = unsafe sqlite3_column_text(statement, column) else { return nil }
        let count = Int(unsafe sqlite3_column_bytes(statement, column))
        return unsafe String(
            decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    /// The text of a column that is never NULL.
    package func string(_ column: Int32) -> String { text(column) ?? "" }

    /// The value of a column with its own type.
    package func value(_ column: Int32) -> SQLValue {
        switch unsafe sqlite3_column_type(statement, column) {
        case SQLITE_INTEGER: .integer(integer(column))
        case SQLITE_FLOAT: .double(unsafe sqlite3_column_double(statement, column))
        case SQLITE_NULL: .null
        default: .string(string(column))
        }
    }
}
