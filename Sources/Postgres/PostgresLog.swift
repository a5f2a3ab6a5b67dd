package import Cluster
import Glibc
import Timetable

/// The log of turns and its lease in PostgreSQL, by one connection, for one thread at a time.
///
/// Each verb is one statement that commits by itself. What is not known to be done and kept (no answer
/// in time, a lost connection, a warning, a server that may forget) is `unknown`, and `problem` says why.
package final class PostgresLog: TurnLog {
    /// A connection without any answer is given up after that, and twice as late each time: each
    /// leaves a statement at the server, which has no more than some hundred places.
    private static let patienceMilliseconds: Int64 = 10_000
    private static let patienceMax: Int64 = 320_000
    /// How soon after a failure somebody is asked again.
    private static let pauseMilliseconds: Int32 = 100

    private let string: String
    let cluster: String
    private let answerMilliseconds: Int64
    private let clock: () -> BootTime
    private var connection: PostgresConnection?
    /// Since when an answer has been out.
    private var silentSince: BootTime?
    private var patience = PostgresLog.patienceMilliseconds
    /// Why the last answer was `unknown`; nil: it was not.
    package private(set) var problem: PostgresProblem?

    /// Connects with the first question.
    ///
    /// - Parameters:
    ///   - string: for libpq, `host=… user=…` or `postgresql://…`; a secret.
    ///   - cluster: by its name in the lease's table.
    ///   - answerMilliseconds: how long an answer is awaited, apart from 2 s for each address while
    ///     connecting.
    ///   - clock: since boot.
    package init(
        _ string: String, cluster: String, answerMilliseconds: Int64,
        clock: @escaping () -> BootTime
    ) {
        self.string = string
        self.cluster = cluster
        self.answerMilliseconds = answerMilliseconds
        self.clock = clock
    }

    /// Carries a request out, or tells that it isn't known, within the time of an answer.
    package func perform(_ request: LogRequest) -> LogAnswer {
        do {
            let answer = try answer(to: request)
            problem = nil
            return answer
        } catch {
            problem = error
            return .unknown
        }
    }

    // MARK: The four verbs

    private func answer(to request: LogRequest) throws(PostgresProblem) -> LogAnswer {
        switch request {
        case .append(let entry, let tenure):
            let values: [PostgresValue] = [
                .text(cluster), .text(tenure.epoch), .integer(tenure.term),
                .text(tenure.holder.incarnation), .integer(entry.seq), .text(entry.kind.rawValue),
                .integer(Int64(entry.schema)), .text(entry.previous.digits),
                .integer(entry.nodeAt.milliseconds), .bytes(entry.body),
            ]
            return try isDone(LogStatement.append, values) ? .appended : .refused
        case .renew(let tenure):
            return try isDone(LogStatement.renew, held(tenure)) ? .renewed : .refused
        case .resign(let tenure):
            return try isDone(LogStatement.resign, held(tenure)) ? .resigned : .refused
        case .take(let epoch, let term, let beat, let holder):
            let values: [PostgresValue] = [
                .text(cluster), .text(epoch), .integer(term), .integer(beat),
                .text(holder.incarnation), .text(holder.install), .text(holder.node),
            ]
            guard let row = try kept(LogStatement.take, values) else { return .refused }
            return .taken(try lease(row))
        case .read(let after, let limit): return try read(after: after, limit: limit)
        }
    }

    private func read(after seq: Int64, limit: Int) throws(PostgresProblem) -> LogAnswer {
        let rows = try ask(
            LogStatement.read, [.text(cluster), .integer(seq), .integer(Int64(limit))])
        guard let first = rows.first else {
            throw unfit(.noCluster(cluster))
        }
        var entries: [LogEntry] = []
        for row in rows where !row.isNull(LogStatement.firstOfEntry) {
            entries.append(try entry(row))
        }
        return .read(
            try lease(first), entries,
            at: Instant(milliseconds: try first.integer(LogStatement.now)))
    }

    func held(_ tenure: Tenure) -> [PostgresValue] {
        [
            .text(cluster), .text(tenure.epoch), .integer(tenure.term),
            .text(tenure.holder.incarnation),
        ]
    }

    private func lease(_ row: PostgresRow) throws(PostgresProblem) -> Lease {
        var lease = Lease(epoch: try row.text(1))
        lease.term = try row.integer(2)
        lease.beat = try row.integer(3)
        lease.seq = try row.integer(4)
        lease.chain = Chain(digits: try row.text(5))
        if !row.isNull(6) {
            lease.holder = Holder(
                incarnation: try row.text(6), install: try row.text(7), node: try row.text(8))
        }
        return lease
    }

    private func entry(_ row: PostgresRow) throws(PostgresProblem) -> LogEntry {
        let first = LogStatement.firstOfEntry
        let kind = try row.text(first + 2)
        guard let kind = LogEntry.Kind(rawValue: kind) else {
            throw PostgresProblem(.unexpected("an entry of kind \"\(kind)\""), server: server)
        }
        guard let body = row.bytes(first + 8) else {
            throw PostgresProblem(.unexpected("an entry without a body"), server: server)
        }
        var entry = LogEntry(
            seq: try row.integer(first), term: try row.integer(first + 1), kind: kind,
            schema: Int(clamping: try row.integer(first + 3)),
            previous: Chain(digits: try row.text(first + 4)),
            nodeAt: Instant(milliseconds: try row.integer(first + 6)), body: body)
        // As it stands there, for whoever follows to compare.
        entry.chain = Chain(digits: try row.text(first + 5))
        entry.at = Instant(milliseconds: try row.integer(first + 7))
        return entry
    }

    // MARK: Asking

    func isDone(
        _ statement: String, _ values: [PostgresValue]
    ) throws(PostgresProblem) -> Bool {
        try kept(statement, values) != nil
    }

    /// The row of what a statement has changed, which no crash of the server undoes; nil: it has
    /// changed nothing.
    private func kept(
        _ statement: String, _ values: [PostgresValue]
    ) throws(PostgresProblem) -> PostgresRow? {
        guard let row = try ask(statement, values).first else { return nil }
        try check(synchronousCommit: try row.text(0))
        return row
    }

    /// `remote_apply` waits for more than `on`; everything else for less.
    private func check(synchronousCommit setting: String) throws(PostgresProblem) {
        guard ["on", "remote_apply"].contains(setting) else {
            throw PostgresProblem(.asynchronous(setting: setting), server: server)
        }
    }

    /// Asks a statement, on a connection that owes nothing.
    func ask(
        _ statement: String, _ values: [PostgresValue]
    ) throws(PostgresProblem) -> [PostgresRow] {
        let connection = try ready()
        return try watched { () throws(PostgresProblem) in
            try connection.ask(statement, values, within: answerMilliseconds)
        }
    }

    /// Asks a script.
    func run(_ script: String) throws(PostgresProblem) {
        let connection = try ready()
        try watched { () throws(PostgresProblem) in
            try connection.run(script, within: answerMilliseconds)
        }
    }

    func unfit(_ what: PostgresProblem.Unfit) -> PostgresProblem {
        PostgresProblem(.unfit(what), server: server)
    }

    private var server: String { connection?.server ?? "" }

    /// The connection, with the answers to earlier questions behind it.
    ///
    /// An earlier question is awaited before another one is asked, on the same connection: it may hold
    /// the lease's row, and each new connection would leave one more that waits for it. What it
    /// answers in the end counts for nothing, since nobody knows when it was heard.
    private func ready() throws(PostgresProblem) -> PostgresConnection {
        if let connection {
            guard connection.isAwaiting else { return connection }
            try watched { () throws(PostgresProblem) in
                try connection.settle(within: answerMilliseconds)
            }
            return connection
        }
        do {
            let connection = try PostgresConnection(string, clock: clock)
            try greet(connection)
            self.connection = connection
            return connection
        } catch {
            // Whoever asks in a circle does so at a pace, also where nobody listens.
            _ = poll(nil, 0, Self.pauseMilliseconds)
            throw error
        }
    }

    private func greet(_ connection: PostgresConnection) throws(PostgresProblem) {
        let rows = try connection.ask(LogStatement.greet, [], within: answerMilliseconds)
        guard let row = rows.first else { return }
        if try row.flag(1) { throw PostgresProblem(.readOnly, server: connection.server) }
        let setting = try row.text(0)
        guard ["on", "remote_apply"].contains(setting) else {
            throw PostgresProblem(.asynchronous(setting: setting), server: connection.server)
        }
    }

    /// Lets go of a connection that is lost, or has been silent for too long.
    private func watched<Value>(
        _ work: () throws(PostgresProblem) -> Value
    ) throws(PostgresProblem) -> Value {
        let began = clock()
        do {
            let value = try work()
            heard()
            return value
        } catch {
            switch error.kind {
            case .silent:
                let since = silentSince ?? began
                silentSince = since
                let silence = clock().since(since)
                if silence >= patience {
                    patience = min(patience * 2, Self.patienceMax)
                    (connection, silentSince) = (nil, nil)
                }
                throw PostgresProblem(.silent(milliseconds: silence), server: error.server)
            case .lost:
                (connection, silentSince) = (nil, nil)
            default: heard()
            }
            throw error
        }
    }

    private func heard() {
        silentSince = nil
        patience = Self.patienceMilliseconds
    }
}
