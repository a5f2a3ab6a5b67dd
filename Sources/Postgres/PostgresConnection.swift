import CPostgres
import Cluster
import Glibc

// Memory safety of this file: every `unsafe` is a call into libpq by a table that was filled from the
// library, which stays loaded, with a connection that this class opened and closes in `deinit`, or with
// a result that is cleared in the scope that got it. libpq copies what it is given, and what it gives is
// copied before the next call. Its receiver of notices is called within such calls only, so that this
// object is alive then.

/// One connection to PostgreSQL, used by one thread at a time; each wait on it has an end.
@safe final class PostgresConnection {
    /// What a string does not say itself.
    ///
    /// A silent host is given up after 2 s, the least that libpq knows, and of several servers the one
    /// that writes is taken.
    private static let defaults = [
        ("connect_timeout", "2"), ("keepalives_idle", "3"), ("keepalives_interval", "1"),
        ("keepalives_count", "3"), ("tcp_user_timeout", "6000"),
        ("target_session_attrs", "read-write"), ("fallback_application_name", "carillon"),
    ]
    static let versionMin: Int32 = 13_00_00

    private let library: carillon_pg
    private let handle: OpaquePointer
    private let clock: () -> BootTime
    /// Host and port.
    let server: String
    /// What the server warned of since the last question.
    private(set) var warning: String?
    /// A question is out whose answer has not come.
    private(set) var isAwaiting = false

    /// Connects, which takes 2 s at most for each address of each host that the string names.
    ///
    /// - Parameters:
    ///   - string: as libpq reads it; what it leaves out comes from libpq's own variables and files.
    ///   - clock: since boot.
    /// - Throws: `PostgresProblem` if there is no library, no server, no login, or an old one.
    init(_ string: String, clock: @escaping () -> BootTime) throws(PostgresProblem) {
        var library = carillon_pg()
        guard unsafe carillon_pg_load(&library) != 0 else { throw PostgresProblem(.noLibrary) }
        guard Self.isReadable(string, library) else { throw PostgresProblem(.malformed) }
        let pairs = Self.defaults + [("dbname", string), ("client_encoding", "UTF8")]
        let copies = unsafe (pairs.map(\.0) + pairs.map(\.1)).map { unsafe strdup($0) }
        defer { unsafe copies.forEach { unsafe free($0) } }
        let texts = unsafe copies.map { unsafe UnsafePointer($0) }
        let opened = unsafe library.connect(
            texts.prefix(pairs.count) + [nil], texts.suffix(pairs.count) + [nil], 1)
        guard let handle = unsafe opened else { throw PostgresProblem(.unreachable("no memory")) }
        server = unsafe Self.server(of: handle, library)
        if let kind = unsafe Self.failure(of: handle, library) {
            unsafe library.finish(handle)
            throw PostgresProblem(kind, server: server)
        }
        self.library = library
        unsafe self.handle = unsafe handle
        self.clock = clock
        unsafe _ = library.setNonblocking(handle, 1)
        hear()
    }

    deinit { unsafe library.finish(handle) }

    private static func isReadable(_ string: String, _ library: carillon_pg) -> Bool {
        // Its words quote the string, and with it a password that holds a space.
        var words: UnsafeMutablePointer<CChar>?
        let options = unsafe string.withCString { unsafe library.parse($0, &words) }
        unsafe library.freeMemory(words)
        defer { unsafe library.freeOptions(options) }
        return unsafe options != nil
    }

    private static func server(of handle: OpaquePointer, _ library: carillon_pg) -> String {
        let host = unsafe library.host(handle).map { unsafe String(cString: $0) } ?? ""
        let port = unsafe library.port(handle).map { unsafe String(cString: $0) } ?? ""
        return host.isEmpty ? "" : "\(host):\(port)"
    }

    private static func failure(
        of handle: OpaquePointer, _ library: carillon_pg
    ) -> PostgresProblem.Kind? {
        guard unsafe library.status(handle) == CARILLON_PG_CONNECTION_OK else {
            let cause = unsafe line(library.errorMessage(handle))
            let isLogin =
                unsafe library.usedPassword(handle) != 0 || library.needsPassword(handle) != 0
            return isLogin ? .denied(cause) : .unreachable(cause)
        }
        let version = unsafe library.serverVersion(handle)
        guard version < versionMin else { return nil }
        let isOfThreeParts = version < 10_00_00
        return .tooOld(
            version: isOfThreeParts
                ? "\(version / 10_000).\(version / 100 % 100)" : "\(version / 10_000)")
    }

    /// What libpq says, in one line.
    private static func line(_ words: UnsafeMutablePointer<CChar>?) -> String {
        guard let words = unsafe words else { return "" }
        return unsafe String(cString: words).split(whereSeparator: \.isWhitespace)
            .joined(separator: " ")
    }

    /// Warnings are kept; without a receiver libpq would write them to the daemon's own output.
    private func hear() {
        let this = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe _ = library.setNoticeReceiver(
            handle,
            { context, notice in
                guard let context = unsafe context else { return }
                let connection = unsafe Unmanaged<PostgresConnection>.fromOpaque(context)
                unsafe connection.takeUnretainedValue().note(notice)
            }, this)
    }

    private func note(_ notice: OpaquePointer?) {
        // Its severity in English, whatever the server's language ('V'), and its words.
        guard unsafe field("V", of: notice) == "WARNING" else { return }
        warning = unsafe field("M", of: notice)
    }

    private func field(_ letter: Unicode.Scalar, of result: OpaquePointer?) -> String {
        unsafe Self.line(library.errorField(result, Int32(letter.value)))
    }

    // MARK: Asking

    /// Asks one statement, and awaits its answer.
    ///
    /// - Parameters:
    ///   - statement: with `$1` and so on.
    ///   - values: of those.
    ///   - milliseconds: how long the answer is awaited.
    /// - Returns: its rows.
    /// - Throws: `PostgresProblem`; whether it was done isn't known then.
    func ask(
        _ statement: String, _ values: [PostgresValue], within milliseconds: Int64
    ) throws(PostgresProblem) -> [PostgresRow] {
        warning = nil
        let sent = send(statement, values)
        isAwaiting = true
        guard sent else { throw lost() }
        return try answer(within: milliseconds)
    }

    /// Asks a script of several statements: all of them are done, or none.
    ///
    /// - Throws: `PostgresProblem`; whether it was done isn't known then.
    func run(_ script: String, within milliseconds: Int64) throws(PostgresProblem) {
        warning = nil
        let sent = unsafe script.withCString { unsafe library.send(handle, $0) } != 0
        isAwaiting = true
        guard sent else { throw lost() }
        _ = try answer(within: milliseconds)
    }

    /// Awaits what an earlier question has left behind, and forgets it.
    ///
    /// - Throws: `PostgresProblem` if the answer is still out, or the connection is lost.
    func settle(within milliseconds: Int64) throws(PostgresProblem) {
        guard isAwaiting else { return }
        do {
            _ = try answer(within: milliseconds)
        } catch {
            // An answer, too, whatever it says.
            if isAwaiting { throw error }
        }
    }

    /// Values go in binary form, and so do the answer's: no text of theirs is read as anything.
    private func send(_ statement: String, _ values: [PostgresValue]) -> Bool {
        let parts = values.map(\.encoded)
        let (types, lengths) = (values.map(\.type), parts.map { Int32($0.count) })
        let formats = [Int32](repeating: 1, count: parts.count)
        // One byte more, so that there is an address also where all values are empty.
        let bytes = parts.flatMap(\.self) + [0]
        return unsafe bytes.withUnsafeBufferPointer { buffer in
            var places: [UnsafePointer<CChar>?] = unsafe []
            var offset = 0
            for part in parts {
                let place = unsafe buffer.baseAddress.map {
                    unsafe UnsafeRawPointer($0 + offset).assumingMemoryBound(to: CChar.self)
                }
                unsafe places.append(place)
                offset += part.count
            }
            return unsafe statement.withCString { text in
                unsafe library.sendParams(
                    handle, text, Int32(parts.count), types, places, lengths, formats, 1)
            } != 0
        }
    }

    private func answer(within milliseconds: Int64) throws(PostgresProblem) -> [PostgresRow] {
        let deadline = clock().adding(milliseconds)
        var rows: [PostgresRow] = []
        var failure: PostgresProblem.Kind?
        while true {
            let flushed = unsafe library.flush(handle)
            if flushed == 0, unsafe library.isBusy(handle) == 0 {
                guard let result = unsafe library.result(handle) else { break }
                defer { unsafe library.clear(result) }
                if let kind = unsafe self.failure(of: result) {
                    failure = failure ?? kind
                } else {
                    rows = unsafe self.rows(of: result)
                }
                continue
            }
            let left = deadline.since(clock())
            guard left > 0 else {
                throw PostgresProblem(.silent(milliseconds: milliseconds), server: server)
            }
            guard flushed >= 0, wait(milliseconds: left, isWriting: flushed > 0) else {
                throw lost()
            }
        }
        guard unsafe library.status(handle) == CARILLON_PG_CONNECTION_OK else {
            throw lost()
        }
        isAwaiting = false
        if let failure { throw PostgresProblem(failure, server: server) }
        if let warning { throw PostgresProblem(.warned(warning), server: server) }
        return rows
    }

    /// Waits until something has come, or for so long; false: the connection is lost.
    private func wait(milliseconds: Int64, isWriting: Bool) -> Bool {
        let events = Int16(isWriting ? POLLIN | POLLOUT : POLLIN)
        var socket = unsafe pollfd(fd: library.socket(handle), events: events, revents: 0)
        guard socket.fd >= 0 else { return false }
        let ready = unsafe poll(&socket, 1, Int32(clamping: milliseconds))
        guard ready > 0 else { return true }
        return unsafe library.consumeInput(handle) != 0
    }

    private func lost() -> PostgresProblem {
        PostgresProblem(
            .lost(unsafe Self.line(library.errorMessage(handle))), server: server)
    }

    private func failure(of result: OpaquePointer) -> PostgresProblem.Kind? {
        let status = unsafe library.resultStatus(result)
        guard ![CARILLON_PG_COMMAND_OK, CARILLON_PG_TUPLES_OK].contains(status) else { return nil }
        return unsafe .of(code: field("C", of: result), words: field("M", of: result))
    }

    private func rows(of result: OpaquePointer) -> [PostgresRow] {
        let columns = unsafe library.columns(result)
        return (0..<(unsafe library.rows(result))).map { row in
            PostgresRow(
                columns: (0..<columns).map { column in
                    guard unsafe library.isNull(result, row, column) == 0,
                        let value = unsafe library.value(result, row, column)
                    else { return nil }
                    let length = Int(unsafe library.length(result, row, column))
                    return unsafe Array(UnsafeRawBufferPointer(start: value, count: length))
                })
        }
    }
}
