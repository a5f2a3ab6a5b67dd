import ProcessesAPI
import Store
import Timetable

/// What the API has asked us to wait for, and how long we wait where it didn't say.
final class Hints: Room {
    /// After so many refusals in a row a person is told.
    private static let throttlesToReport = 5

    /// A person is told of longer waits.
    private static let secondsToReport: Int64 = 3_600

    private let book: TurnBook
    /// Refusals for the rate in a row, by connection and operation: lists that are accepted
    /// say nothing of starts.
    private var throttles: [String: [String: Int]] = [:]
    /// As this turn has read them: each of a thousand starts asks twice.
    private var known: [String: [HintRow]] = [:]
    /// Connections of which nothing stands, also of what an earlier life raised.
    private var settled: Set<String> = []

    init(book: TurnBook) { self.book = book }

    func keep() -> () -> Void {
        let kept = (throttles, settled)
        return { [self] in (throttles, settled, known) = (kept.0, kept.1, [:]) }
    }

    func beginTurn() { known = [:] }
    func clockWasSet(by milliseconds: Int64) { known = [:] }

    private func hints(_ connection: String) throws -> [HintRow] {
        if let read = known[connection] { return read }
        let read = try book.ledger.hints(connection: connection, now: book.now)
        known[connection] = read
        return read
    }

    /// Until when hints forbid an operation on a connection; nil: not at all (I4).
    func blockedUntil(_ connection: String, operation: String) throws -> Instant? {
        guard book.guards.has(.keepsHints) else { return nil }
        return try hints(connection)
            .filter { $0.operation.isEmpty || $0.operation == operation }
            .map(\.until).max()
    }

    /// A hint blocks the operation that the message names only if that is exactly the operation
    /// that was called; otherwise the connection (docs/protocol.md#retry-engine).
    ///
    /// Some refuse a call and ask for a moment each time, for ever: what was obeyed in vain again and
    /// again is obeyed with growing gaps.
    func note(
        _ hint: RetryHint, _ connection: Connection, _ call: APICall, isRefusal: Bool
    ) throws {
        guard hint.delayMilliseconds > 0 else { return }
        let isObeyed = try blockedUntil(connection.name, operation: call.operation) == nil
        var gap: Int64 = 0
        if isRefusal, isObeyed {
            let times = count(connection.name, call.operation)
            gap = Backoff.ceilingMilliseconds(base: 1_000, cap: 300_000, attempt: times)
            try report(
                times, connection, call.operation,
                "also after the time that it asks for", max(gap, hint.delayMilliseconds))
        }
        known[connection.name] = nil
        let until = book.now.adding(milliseconds: max(gap, hint.delayMilliseconds))
        try book.ledger.noteHint(
            connection: connection.name,
            operation: hint.operation == call.operation ? call.operation : "", until: until,
            delaySeconds: max(gap / 1000, hint.delaySeconds), now: book.now)
        guard hint.delaySeconds > Self.secondsToReport else { return }
        settled.remove(connection.name)
        book.log(.warning, "\(connection.name) asks us to wait \(hint.delaySeconds) s")
        try report(connection.name, until: until)
    }

    private func report(_ connection: String, until: Instant) throws {
        try book.ledger.raise(
            kind: .blocked, subject: connection,
            whatToDo: "the API asked us to wait until \(until.iso8601); to lift it: "
                + "carillon unblock \(connection)", now: book.now)
    }

    /// A long wait of a connection that is configured again.
    func remind(_ row: ConnectionRow) throws {
        let long = try hints(row.connection).filter {
            $0.delaySeconds > Self.secondsToReport
        }
        if let until = long.map(\.until).max() { try report(row.connection, until: until) }
    }

    /// A name may be of another connection now, with what stands of that one.
    func configure(_ new: [String: Connection]) {
        settled = []
        known = [:]
        throttles = throttles.filter { new[$0.key] != nil }
    }

    /// A 429 that doesn't say for how long: the gate of the connection closes for a growing while,
    /// or each of its runs and slots would find out by itself.
    ///
    /// Answers to what was sent before the gate closed teach nothing more.
    func throttle(_ connection: Connection, _ operation: String) throws {
        guard try blockedUntil(connection.name, operation: "") == nil else { return }
        let times = count(connection.name, operation)
        let gap = Backoff.ceilingMilliseconds(base: 10_000, cap: 300_000, attempt: times)
        known[connection.name] = nil
        try book.ledger.noteHint(
            connection: connection.name, operation: "", until: book.now.adding(milliseconds: gap),
            delaySeconds: gap / 1000, now: book.now)
        try report(times, connection, operation, "and does not say how long to wait", gap)
    }

    private func count(_ connection: String, _ operation: String) -> Int {
        let times = (throttles[connection]?[operation] ?? 0) + 1
        throttles[connection, default: [:]][operation] = times
        return times
    }

    private func report(
        _ times: Int, _ connection: Connection, _ operation: String, _ how: String, _ gap: Int64
    ) throws {
        guard times >= Self.throttlesToReport else { return }
        settled.remove(connection.name)
        try book.ledger.raise(
            kind: .throttled, subject: connection.name,
            whatToDo: "the API has refused \(operation) \(times) times in a row, \(how); it is "
                + "asked every \(gap / 1000) s, ask its owner why", now: book.now)
    }

    /// The operation was accepted: its refusals are over, and so is a wait that has passed.
    func accept(_ connection: String, _ operation: String) throws {
        throttles[connection]?[operation] = nil
        guard !settled.contains(connection) else { return }
        let isThrottled =
            throttles[connection]?.values.contains { $0 >= Self.throttlesToReport } ?? false
        let isBlocked = try !hints(connection).isEmpty
        if !isThrottled { try book.ledger.clear(kind: .throttled, subject: connection) }
        if !isBlocked { try book.ledger.clear(kind: .blocked, subject: connection) }
        if !isThrottled, !isBlocked { settled.insert(connection) }
    }

    /// A person lifts them all.
    func lift(_ connection: String) throws -> Int {
        throttles[connection] = nil
        known[connection] = nil
        try book.ledger.clear(kind: .blocked, subject: connection)
        try book.ledger.clear(kind: .throttled, subject: connection)
        return try book.ledger.liftHints(connection: connection)
    }
}
