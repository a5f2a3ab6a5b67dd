import CSQLite

// Memory safety of this file: every `unsafe` is a call into SQLite with a handle of a connection that
// is kept alive by whoever makes the call, with a session that its recorder made and deletes, or with
// an iterator that SQLite hands to a callback and that is not used after it. What SQLite allocates is
// copied and freed before the function returns.

/// What a transaction changes in the rows of a database, as bytes with which another copy of it can be
/// brought along.
///
/// It hears only of changes made while it lives. A statement that was prepared before and empties a
/// table without a WHERE would do so unheard, which is why TidyTests refuse one.
@safe final class ChangeRecorder {
    /// Tables that say something of one file alone.
    private static let ownTables: Set = ["cluster_local"]

    /// Keeps the connection open for as long as there is a session on it.
    private let database: Database
    private let session: OpaquePointer

    /// Listens to a connection from now on.
    ///
    /// - Throws: `StoreError` if SQLite has no memory for it.
    init(_ database: Database) throws {
        var made: OpaquePointer?
        var code = unsafe sqlite3session_create(database.handle, "main", &made)
        guard code == SQLITE_OK, let session = unsafe made else {
            throw database.failure(code, in: "listen to changes")
        }
        self.database = database
        unsafe self.session = unsafe session
        unsafe sqlite3session_table_filter(
            session,
            { _, name in
                guard let name = unsafe name else { return 0 }
                return ChangeRecorder.ownTables.contains(unsafe String(cString: name)) ? 0 : 1
            }, nil)
        code = unsafe sqlite3session_attach(session, nil)
        guard code == SQLITE_OK else { throw database.failure(code, in: "listen to changes") }
    }

    deinit { unsafe sqlite3session_delete(session) }

    /// What has changed in the end, whatever came in between; empty: nothing.
    ///
    /// - Throws: `StoreError` if a table can't be read, or was built anew meanwhile.
    func changes() throws -> [UInt8] {
        var count: Int32 = 0
        var bytes: UnsafeMutableRawPointer?
        let code = unsafe sqlite3session_changeset(session, &count, &bytes)
        defer { unsafe sqlite3_free(bytes) }
        guard code == SQLITE_OK else { throw database.failure(code, in: "note the changes") }
        guard count > 0, let bytes = unsafe bytes else { return [] }
        return unsafe [UInt8](UnsafeRawBufferPointer(start: bytes, count: Int(count)))
    }
}

/// Why changes made in one ledger don't fit another: the two have gone apart, and nothing was applied.
package struct ChangeConflict: Sendable, Equatable {
    /// What was found in the place of a row.
    package enum Kind: String, Sendable {
        /// The row has other values than before the change.
        case otherValues
        /// There is no such row.
        case missing
        /// There is a row of that key already.
        case exists
        /// The values break a rule of the table.
        case rule
        /// A row would name another one that isn't there.
        case foreignKey
    }

    package var kind: Kind
    /// Empty where several tables are concerned.
    package var table: String
    /// Values of the row's primary key; empty where no single row is concerned.
    package var key: [SQLValue]

    /// For people who look into it.
    package var words: String {
        let values = key.map { value in
            switch value {
            case .null: "NULL"
            case .integer(let number): "\(number)"
            case .double(let number): "\(number)"
            case .string(let text): text
            }
        }
        let row = table.isEmpty ? "the ledger" : "\(table) (\(values.joined(separator: ", ")))"
        return switch kind {
        case .otherValues: "a row of \(row) has other values than it should have"
        case .missing: "a row of \(row) is missing"
        case .exists: "a row of \(row) is there already"
        case .rule: "a row of \(row) breaks a rule of its table"
        case .foreignKey: "\(row) would have rows that name others which aren't there"
        }
    }
}

extension Database {
    /// Hears of the first conflict.
    private final class Ear {
        var conflict: ChangeConflict?
    }

    /// Makes the changes that another ledger of the same past has made, all or none.
    ///
    /// Without triggers: what they did there is among the changes, and between the rows as they were and
    /// as they are in the end lie steps that triggers would want to see. Foreign keys hold at the end.
    ///
    /// - Parameter changes: of a `ChangeRecorder`.
    /// - Returns: nil if they were made; what stood in the way otherwise.
    /// - Throws: `StoreError` if the file can't be written.
    func apply(_ changes: [UInt8]) throws -> ChangeConflict? {
        try willStep?("apply changes")
        try setTriggers(on: false)
        let ear = Ear()
        // SAFETY: the ear lives until this function returns, the call before.
        let context = unsafe Unmanaged.passUnretained(ear).toOpaque()
        var bytes = changes
        let code = unsafe bytes.withUnsafeMutableBytes { buffer in
            unsafe sqlite3changeset_apply(
                handle, Int32(buffer.count), buffer.baseAddress, nil,
                { context, kind, change in
                    if let context = unsafe context, let change = unsafe change {
                        let ear = unsafe Unmanaged<Ear>.fromOpaque(context).takeUnretainedValue()
                        if ear.conflict == nil {
                            ear.conflict = unsafe Database.conflict(kind, change)
                        }
                    }
                    return SQLITE_CHANGESET_ABORT
                }, context)
        }
        try setTriggers(on: true)
        if let conflict = ear.conflict { return conflict }
        guard code == SQLITE_OK else { throw failure(code, in: "apply changes") }
        return nil
    }

    private func setTriggers(on: Bool) throws {
        var isOn: Int32 = 0
        let code = unsafe carillon_db_config_int(
            handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, on ? 1 : 0, &isOn)
        guard code == SQLITE_OK, isOn == (on ? 1 : 0) else {
            throw failure(code, in: "switch triggers")
        }
    }

    private static func conflict(_ kind: Int32, _ change: OpaquePointer) -> ChangeConflict {
        let kinds: [Int32: ChangeConflict.Kind] = [
            SQLITE_CHANGESET_DATA: .otherValues, SQLITE_CHANGESET_NOTFOUND: .missing,
            SQLITE_CHANGESET_CONFLICT: .exists, SQLITE_CHANGESET_CONSTRAINT: .rule,
        ]
        // Of foreign keys only how many are broken is known.
        guard let kind = kinds[kind] else {
            return ChangeConflict(kind: .foreignKey, table: "", key: [])
        }
        var table: UnsafePointer<CChar>?
        var (columns, operation, isIndirect): (Int32, Int32, Int32) = (0, 0, 0)
        var isKey: UnsafeMutablePointer<UInt8>?
        guard
            unsafe sqlite3changeset_op(change, &table, &columns, &operation, &isIndirect)
                == SQLITE_OK, unsafe sqlite3changeset_pk(change, &isKey, nil) == SQLITE_OK,
            let table = unsafe table, let isKey = unsafe isKey
        else { return ChangeConflict(kind: kind, table: "", key: []) }
        let key = (0..<columns).filter { unsafe isKey[Int($0)] != 0 }.map { column in
            var value: OpaquePointer?
            if operation == SQLITE_INSERT {
                unsafe _ = sqlite3changeset_new(change, column, &value)
            } else {
                unsafe _ = sqlite3changeset_old(change, column, &value)
            }
            return unsafe SQLValue(value)
        }
        return ChangeConflict(kind: kind, table: unsafe String(cString: table), key: key)
    }
}

extension SQLValue {
    fileprivate init(_ value: OpaquePointer?) {
        switch unsafe sqlite3_value_type(value) {
        case SQLITE_INTEGER: self = .integer(unsafe sqlite3_value_int64(value))
        case SQLITE_FLOAT: self = .double(unsafe sqlite3_value_double(value))
        case SQLITE_NULL: self = .null
        default:
            let text = unsafe sqlite3_value_text(value)
            let count = Int(unsafe sqlite3_value_bytes(value))
            self = .string(
                unsafe String(
                    decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self))
        }
    }
}
