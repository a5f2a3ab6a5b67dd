import ProcessesAPI
import Store
import Timetable

/// Whether our clock and each server's agree (rule 12).
///
/// A copy from a cache bears the `Date` it was made at, so what may come from one is not believed
/// where an answer before it agreed with us; answers to POSTs are never copies.
final class ServerClock: Room {
    /// Once it is in doubt, it must agree better than it had to: no to and fro at the edge.
    private static let hysteresisMilliseconds: Int64 = 10_000
    private static let repeatMilliseconds: Int64 = 3_600_000

    private struct State {
        /// Server minus ours, by the last answer that was believed.
        var skews: [String: Int64] = [:]
        var toldAtMonotonic: [String: Int64] = [:]
    }
    private let book: TurnBook
    private var state = State()

    init(book: TurnBook) { self.book = book }

    func keep() -> () -> Void {
        let kept = state
        return { [self] in state = kept }
    }

    /// Our clock was set: what was compared with it says nothing any more.
    func forget() { state.skews = [:] }

    /// Judges the clock by one more answer.
    func note(_ connection: Connection, _ call: APICall, date: Instant, at receivedAt: Instant)
        throws
    {
        let skew = date.since(receivedAt)
        let max = book.limits.clockSkewMaxMilliseconds
        if call.isRead, let known = state.skews[connection.name], abs(known) <= max,
            known - skew > max
        {
            return
        }
        state.skews[connection.name] = skew
        let wasBad = try book.connection(connection.name)?.clockBadSince != nil
        let isBad = abs(skew) > max - (wasBad ? Self.hysteresisMilliseconds : 0)
        // Its own instant: the clock may have been set since.
        if !isBad { book.tell(.clockAgrees(at: receivedAt)) }
        try book.change(connection.name) {
            $0.clockSkewMilliseconds = skew
            $0.clockBadSince = isBad ? $0.clockBadSince ?? book.now : nil
        }
        if isBad, !wasBad {
            try raise(connection, skew)
        } else if !isBad, wasBad {
            try book.ledger.clear(kind: .clock, subject: connection.name)
            try book.ledger.wakeSlots(connection: connection.name, now: book.now)
        }
    }

    private func raise(_ connection: Connection, _ skew: Int64) throws {
        let now = book.time.monotonicMilliseconds
        if state.toldAtMonotonic[connection.name].map({ now - $0 >= Self.repeatMilliseconds })
            ?? true
        {
            state.toldAtMonotonic[connection.name] = now
            book.log(.error, "our clock and that of \(connection.name) differ by \(skew) ms")
        }
        try book.ledger.raise(
            kind: .clock, subject: connection.name,
            whatToDo:
                "our clock and the server's differ by \(skew / 1000) s; no start until "
                + "they agree within 120 s, check the time service", now: book.now)
    }
}

extension APICall {
    /// A cache may answer it.
    fileprivate var isRead: Bool {
        switch self {
        case .listProcesses, .getRun: true
        case .token, .startRun, .validate: false
        }
    }
}
