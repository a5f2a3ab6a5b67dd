import ProcessesAPI
import Store
import Timetable

/// The circuit breaker of each connection; all it knows is in the ledger.
struct Breaker {
    private static let failuresMax: Int64 = 5
    /// About what a connection takes that doesn't come about.
    private static let longMillisecondsMin: Int64 = 9_000
    private static let probeGapMillisecondsMin: Int64 = 5_000
    let book: TurnBook

    /// How far apart the probes are: often at first, every `probe_every` once it takes long, so that
    /// what was away for two minutes is back well within thirty seconds.
    static func probeGapMilliseconds(
        _ connection: Connection, openSince: Instant?, now: Instant
    ) -> Int64 {
        let openFor = openSince.map { max(0, now.since($0)) } ?? 0
        return min(
            connection.probeEveryMilliseconds, max(probeGapMillisecondsMin, openFor / 5))
    }

    private func nextProbe(_ row: ConnectionRow, _ connection: Connection) -> Instant {
        book.now.adding(
            milliseconds: Self.probeGapMilliseconds(
                connection, openSince: row.breakerOpenedAt, now: book.now))
    }

    /// A transport failure or 5xx: after five in a row starts wait, and only probes go out.
    ///
    /// One that took long counts twice: a network that swallows all would be tried for minutes before
    /// anybody was told.
    func noteUnreachable(
        _ connection: Connection, _ failure: APIFailure, _ request: PendingRequest
    ) throws {
        let counts =
            failure.kind != .refused || (failure.httpStatus ?? 0) >= 500
        guard counts, let row = try book.connection(connection.name) else { return }
        let took =
            book.time.monotonicMilliseconds - request.sentAt.monotonicMilliseconds
        let failures = row.breakerFailures + (took >= Self.longMillisecondsMin ? 2 : 1)
        if row.breakerFailures == 0 { book.log(.warning, "\(connection.name): \(failure.summary)") }
        let opens = failures >= Self.failuresMax && row.breakerOpenedAt == nil
        try book.change(connection.name) {
            $0.breakerFailures = failures
            if opens { $0.breakerOpenedAt = book.now }
            // A gap counts from the probe, not from its failure, which may come much later.
            let isPlanned = !opens && $0.nextProbeAt.map { $0 > book.now } ?? false
            if failures >= Self.failuresMax, !isPlanned {
                $0.nextProbeAt = nextProbe($0, connection)
            }
        }
        guard opens else { return }
        book.log(.warning, "\(connection.name) fails, starts wait: \(failure.summary)")
        try report(connection.name, failure.summary)
    }

    private func report(_ connection: String, _ why: String) throws {
        try book.ledger.raise(
            kind: .unreachable, subject: connection,
            whatToDo: "the API fails (\(why)); starts wait and go on by themselves once a probe "
                + "succeeds", now: book.now)
    }

    /// An open breaker of a connection that is configured again.
    func remind(_ row: ConnectionRow) throws {
        guard let since = row.breakerOpenedAt else { return }
        try report(row.connection, "since \(since.iso8601)")
    }

    /// - Returns: true if the breaker was open.
    func noteReachable(_ connection: Connection) throws -> Bool {
        guard let row = try book.connection(connection.name),
            row.breakerFailures > 0 || row.breakerOpenedAt != nil
        else { return false }
        let wasOpen = row.breakerOpenedAt != nil
        try book.change(connection.name) {
            $0.breakerFailures = 0
            $0.breakerOpenedAt = nil
            $0.nextProbeAt = nil
            if wasOpen { $0.breakerClosedAt = book.now }
        }
        guard wasOpen else { return false }
        book.log(.notice, "\(connection.name) answers again")
        try book.ledger.clear(kind: .unreachable, subject: connection.name)
        return true
    }

    /// With an open breaker only the list of a probe that is due goes out.
    func isProbing(_ row: ConnectionRow, _ connection: Connection) -> Bool {
        row.nextProbeAt.map { $0 >= nextProbe(row, connection) } ?? true
    }

    /// - Returns: true if a probe is due now; the next one is due after the gap.
    func beginProbe(_ row: ConnectionRow, _ connection: Connection) throws -> Bool {
        guard row.breakerOpenedAt != nil else { return false }
        let at = row.nextProbeAt ?? book.now
        book.wake(at: max(at, book.now.adding(milliseconds: 1000)))
        guard at <= book.now else { return false }
        try book.change(connection.name) { $0.nextProbeAt = nextProbe($0, connection) }
        return true
    }
}
