import ProcessesAPI
import Store
import Timetable

/// The connections' request budgets as the ledger keeps them, and the limits that answers name.
final class Budget: Room {
    /// A limit below this is answered by waits where it is met, not by a pace that stops all.
    private static let learnedPerMinuteMin: Int64 = 6
    /// A limit that leaves less than this share of what is configured is in `attention`.
    private static let shareToReport: Int64 = 10

    private struct State {
        /// What went out lately on a connection, and of each operation (`connection operation`), to be
        /// counted when a limit becomes known.
        var sent: [String: SentLog] = [:]
        /// Starts that wait in this turn: each gets a place of its own.
        var waiting: [String: Int64] = [:]
        var waitingAt = Now(wall: Instant(milliseconds: 0), monotonicMilliseconds: -1)
        var bornAtMonotonic: Int64 = 0
    }
    private let book: TurnBook
    private var state = State()

    init(book: TurnBook) { self.book = book }

    func keep() -> () -> Void {
        let kept = state
        return { [self] in state = kept }
    }

    /// A life begins: what an earlier one has sent isn't known.
    func begin() { state.bornAtMonotonic = book.time.monotonicMilliseconds }

    /// Takes one request from the budgets of the connection and of the operation; the instant to wait
    /// for if one of them is used up.
    func take(
        _ connection: Connection, _ operation: String, _ priority: RateBudget.Priority
    ) throws -> Instant? {
        try usedUp(connection, operation, priority)?.until
    }

    /// Takes a start's place in the budget, or says from when on it may go.
    ///
    /// Each start that waits gets the next free place: if all of them came for the same one, a
    /// thousand of them would be decided a thousand times.
    func takeStart(_ connection: Connection, _ operation: String) throws -> Instant? {
        guard let (until, budget) = try usedUp(connection, operation, .start) else { return nil }
        if state.waitingAt != book.time { (state.waiting, state.waitingAt) = ([:], book.time) }
        let ahead = state.waiting[connection.name, default: 0]
        state.waiting[connection.name] = ahead + 1
        return budget.place(after: until, ahead)
    }

    /// - Returns: the budget that has no place, and from when on it has one; nil: one was taken.
    private func usedUp(
        _ connection: Connection, _ operation: String, _ priority: RateBudget.Priority
    ) throws -> (until: Instant, budget: RateBudget)? {
        guard let row = try book.connection(connection.name) else { return nil }
        var limit = try book.ledger.operationLimit(connection.name, operation)
        if var own = limit.map({ rate(connection, $0) }) {
            if let until = own.take(priority, now: book.now) { return (until, own) }
            limit?.budgetTATMicroseconds = own.tatMicroseconds
        }
        var budget = rate(connection, row)
        if let until = budget.take(priority, now: book.now) { return (until, budget) }
        if let limit { try book.ledger.save(limit, of: connection.name, now: book.now) }
        try book.change(connection.name) {
            $0.budgetTATMicroseconds = budget.tatMicroseconds
            $0.requestsSent += 1
        }
        for key in [connection.name, Self.key(connection, operation)] {
            state.sent[key, default: SentLog()].note(
                atMonotonic: book.time.monotonicMilliseconds)
        }
        return nil
    }

    private static func key(_ connection: Connection, _ operation: String) -> String {
        "\(connection.name) \(operation)"
    }

    private func rate(_ connection: Connection, _ limit: OperationLimitRow) -> RateBudget {
        RateBudget(
            policy: connection.rate, learnedRequests: limit.requests,
            learnedWindowMilliseconds: limit.windowMilliseconds,
            tatMicroseconds: limit.budgetTATMicroseconds)
    }

    private func rate(_ connection: Connection, _ row: ConnectionRow) -> RateBudget {
        RateBudget(
            policy: connection.rate, learnedRequests: row.learnedRequests,
            learnedWindowMilliseconds: row.learnedWindowMilliseconds,
            tatMicroseconds: row.budgetTATMicroseconds)
    }

    // MARK: Learned limits

    /// A 429 has named numbers: they replace the configured ones.
    ///
    /// What went out in the window that was refused counts against the new budget, as if it had
    /// been in force: otherwise its burst would be refused as well. What an earlier life sent isn't
    /// known; as much as was counted, it must have been.
    ///
    /// One that names just the operation that was called is that operation's own.
    func learn(
        _ limit: LearnedLimit, _ connection: Connection, of operation: String
    ) throws {
        if limit.operation == operation, !isOverAll(limit, connection, operation) {
            return try learnOwn(limit, connection, operation)
        }
        guard let (requests, window) = Self.bearable(limit),
            let row = try book.connection(connection.name)
        else { return }
        // What was taken for an operation's own is over all.
        try book.ledger.forgetOperationLimit(connection.name, nil)
        guard Self.isSlower(requests, window, than: connection.rate) else {
            return try forgetLearned(connection.name)
        }
        guard row.learnedRequests != requests || row.learnedWindowMilliseconds != window else {
            return
        }
        try book.change(connection.name) {
            $0.learnedRequests = requests
            $0.learnedWindowMilliseconds = window
        }
        try report(
            Int64(limit.requests), limit.windowSeconds * 1000, of: limit.operation, connection)
        // The same numbers as in force: what went out under them is counted already.
        let inForce = (
            row.learnedRequests ?? Int64(connection.rate.requests),
            row.learnedWindowMilliseconds ?? connection.rate.perMilliseconds
        )
        guard inForce != (requests, window) else { return }
        let tat = replayed(requests, window, connection, sent: connection.name)
        try book.change(connection.name) {
            $0.budgetTATMicroseconds = max($0.budgetTATMicroseconds, tat)
        }
        book.log(
            .notice,
            "\(connection.name) allows \(limit.requests) requests per \(limit.windowSeconds) s, "
                + "which is obeyed from now on")
    }

    /// Fewer requests of the operation went out than were allowed, and more of all: the message only names
    /// the one that was one too many.
    private func isOverAll(
        _ limit: LearnedLimit, _ connection: Connection, _ operation: String
    ) -> Bool {
        let (window, overflow) = limit.windowSeconds.multipliedReportingOverflow(by: 1000)
        guard !overflow else { return false }
        func sent(_ key: String) -> Int64 {
            let log = state.sent[key]?.within(
                milliseconds: window, ofMonotonic: book.time.monotonicMilliseconds)
            return log?.reduce(0) { $0 + $1.count } ?? 0
        }
        let allowed = Int64(limit.requests)
        return sent(Self.key(connection, operation)) < allowed && sent(connection.name) >= allowed
    }

    private func learnOwn(
        _ limit: LearnedLimit, _ connection: Connection, _ operation: String
    ) throws {
        guard let (requests, window) = Self.bearable(limit) else { return }
        guard Self.isSlower(requests, window, than: connection.rate) else {
            try book.ledger.forgetOperationLimit(connection.name, operation)
            return try clearAlarm(connection.name)
        }
        let known = try book.ledger.operationLimit(connection.name, operation)
        guard known?.requests != requests || known?.windowMilliseconds != window else { return }
        let tat = replayed(
            requests, window, connection, sent: Self.key(connection, operation))
        try book.ledger.save(
            OperationLimitRow(
                operation: operation, requests: requests, windowMilliseconds: window,
                budgetTATMicroseconds: max(known?.budgetTATMicroseconds ?? 0, tat)),
            of: connection.name, now: book.now)
        try report(
            Int64(limit.requests), limit.windowSeconds * 1000, of: limit.operation, connection)
        book.log(
            .notice,
            "\(connection.name) allows \(limit.requests) requests of \(operation) per "
                + "\(limit.windowSeconds) s, which is obeyed from now on")
    }

    /// A person has lifted what was learned.
    func forgetAllLearned(_ name: String) throws {
        try book.ledger.forgetOperationLimit(name, nil)
        try forgetLearned(name)
        try clearAlarm(name)
    }

    /// The API itself has lifted what was learned of the connection.
    private func forgetLearned(_ name: String) throws {
        guard try book.connection(name)?.learnedRequests != nil else { return }
        try book.change(name) {
            $0.learnedRequests = nil
            $0.learnedWindowMilliseconds = nil
        }
        try clearAlarm(name)
    }

    /// With the last limit that was learned, its alarm goes.
    private func clearAlarm(_ name: String) throws {
        guard try book.connection(name)?.learnedRequests == nil,
            try book.ledger.operationLimits(name).isEmpty
        else { return }
        try book.ledger.clear(kind: .limit, subject: name)
    }

    /// The numbers as they are obeyed: one request a day would stop every look and start in silence.
    private static func bearable(_ limit: LearnedLimit) -> (Int64, Int64)? {
        let (window, overflow) = limit.windowSeconds.multipliedReportingOverflow(by: 1000)
        guard limit.requests > 0, limit.windowSeconds > 0, !overflow else { return nil }
        let requests = Int64(limit.requests)
        let perMinute = requests.multipliedReportingOverflow(by: 60_000)
        guard !perMinute.overflow, perMinute.partialValue / window < learnedPerMinuteMin else {
            return (requests, window)
        }
        return (learnedPerMinuteMin, 60_000)
    }

    /// Limits of a connection that is configured again; what was learned is the rate that is obeyed.
    func remind(_ row: ConnectionRow, _ connection: Connection) throws {
        if let requests = row.learnedRequests, let window = row.learnedWindowMilliseconds {
            try report(requests, window, of: nil, connection)
        }
        for limit in try book.ledger.operationLimits(row.connection) {
            try report(limit.requests, limit.windowMilliseconds, of: limit.operation, connection)
        }
    }

    private func report(
        _ requests: Int64, _ windowMilliseconds: Int64, of operation: String?,
        _ connection: Connection
    ) throws {
        let rate = connection.rate
        let named = Double(requests) / Double(max(1, windowMilliseconds))
        let configured = Double(rate.requests) / Double(max(1, rate.perMilliseconds))
        guard named * Double(Self.shareToReport) < configured else { return }
        try book.ledger.raise(
            kind: .limit, subject: connection.name,
            whatToDo: "the API names a limit of \(requests) requests"
                + (operation.map { " of \($0)" } ?? "")
                + " per \(windowMilliseconds / 1000) s, far below the configured rate: starts and checks are "
                + "slow; ask for more, or to forget it: carillon unblock \(connection.name)",
            now: book.now)
    }

    private func replayed(
        _ requests: Int64, _ window: Int64, _ connection: Connection, sent key: String
    ) -> Int64 {
        var budget = RateBudget(
            policy: connection.rate, learnedRequests: requests, learnedWindowMilliseconds: window,
            tatMicroseconds: 0)
        let monotonic = book.time.monotonicMilliseconds
        let sent =
            state.sent[key]?.within(milliseconds: window, ofMonotonic: monotonic) ?? []
        let life = monotonic - state.bornAtMonotonic
        if life < window {
            let known = sent.reduce(Int64(0)) { $0 + $1.count }
            budget.replay(requests - known, at: book.now.adding(milliseconds: -max(0, life)))
        }
        for second in sent {
            budget.replay(second.count, at: book.now.adding(milliseconds: -second.millisecondsAgo))
        }
        return budget.tatMicroseconds
    }

    /// Who configured less than the API allows has others in mind that ask it, too.
    private static func isSlower(
        _ requests: Int64, _ windowMilliseconds: Int64, than rate: RatePolicy
    ) -> Bool {
        let learned = requests.multipliedReportingOverflow(by: rate.perMilliseconds)
        let configured = Int64(rate.requests).multipliedReportingOverflow(by: windowMilliseconds)
        return !learned.overflow
            && (configured.overflow || learned.partialValue < configured.partialValue)
    }
}
