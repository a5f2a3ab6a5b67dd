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
        /// What went out lately, to be counted when a limit becomes known.
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

    /// Takes one request from the connection's budget; the instant to wait for if it is used up.
    func take(_ connection: Connection, _ priority: RateBudget.Priority) throws -> Instant? {
        guard let row = try book.connection(connection.name) else { return nil }
        var budget = rate(connection, row)
        if let at = budget.take(priority, now: book.now) { return at }
        try book.change(connection.name) {
            $0.budgetTATMicroseconds = budget.tatMicroseconds
            $0.requestsSent += 1
        }
        state.sent[connection.name, default: SentLog()].note(
            atMonotonic: book.time.monotonicMilliseconds)
        return nil
    }

    /// Takes a start's place in the budget, or says from when on it may go.
    ///
    /// Each start that waits gets the next free place: if all of them came for the same one, a
    /// thousand of them would be decided a thousand times.
    func takeStart(_ connection: Connection) throws -> Instant? {
        guard let at = try take(connection, .start), let row = try book.connection(connection.name)
        else { return nil }
        if state.waitingAt != book.time { (state.waiting, state.waitingAt) = ([:], book.time) }
        let ahead = state.waiting[connection.name, default: 0]
        state.waiting[connection.name] = ahead + 1
        return rate(connection, row).place(after: at, ahead)
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
    func learn(_ limit: LearnedLimit, _ connection: Connection) throws {
        guard let (requests, window) = Self.bearable(limit),
            let row = try book.connection(connection.name)
        else { return }
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
        try report(limit, connection)
        // The same numbers as in force: what went out under them is counted already.
        let inForce = (
            row.learnedRequests ?? Int64(connection.rate.requests),
            row.learnedWindowMilliseconds ?? connection.rate.perMilliseconds
        )
        guard inForce != (requests, window) else { return }
        let tat = replayed(requests, window, connection, row)
        try book.change(connection.name) {
            $0.budgetTATMicroseconds = max($0.budgetTATMicroseconds, tat)
        }
        book.log(
            .notice,
            "\(connection.name) allows \(limit.requests) requests per \(limit.windowSeconds) s, "
                + "which is obeyed from now on")
    }

    /// A person, or the API itself, has lifted what was learned.
    func forgetLearned(_ name: String) throws {
        guard try book.connection(name)?.learnedRequests != nil else { return }
        try book.change(name) {
            $0.learnedRequests = nil
            $0.learnedWindowMilliseconds = nil
        }
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

    private func report(_ limit: LearnedLimit, _ connection: Connection) throws {
        let rate = connection.rate
        let named = Double(limit.requests) / Double(limit.windowSeconds * 1000)
        let configured = Double(rate.requests) / Double(max(1, rate.perMilliseconds))
        guard named * Double(Self.shareToReport) < configured else { return }
        try book.ledger.raise(
            kind: .limit, subject: connection.name,
            whatToDo: "the API names a limit of \(limit.requests) requests per "
                + "\(limit.windowSeconds) s, far below the configured rate: starts and checks are "
                + "slow; ask for more, or to forget it: carillon unblock \(connection.name)",
            now: book.now)
    }

    private func replayed(
        _ requests: Int64, _ window: Int64, _ connection: Connection, _ row: ConnectionRow
    ) -> Int64 {
        var learned = row
        learned.learnedRequests = requests
        learned.learnedWindowMilliseconds = window
        learned.budgetTATMicroseconds = 0
        var budget = rate(connection, learned)
        let monotonic = book.time.monotonicMilliseconds
        let sent =
            state.sent[connection.name]?.within(milliseconds: window, ofMonotonic: monotonic) ?? []
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
