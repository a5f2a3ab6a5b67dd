import ProcessesAPI
import Store
import Timetable

/// The servers' clocks, as answers tell of them, and answers that are of another time (rule 12).
final class ServerClock: Room {
    /// What answers say that contradict what is known of a server's clock.
    private struct OtherClock {
        var offset: ClockOffset
        var times: Int
        var atMonotonic: Int64
        /// The next answer to a POST is wanted: it tells whether the server's clock was set back.
        var isDisputed: Bool
    }

    /// Servers behind one address may differ by this much; a cached answer by more.
    private static let replicaMillisecondsMax: Int64 = 2_000
    /// So many newer reads in a row that agree with each other prove that a clock was set.
    private static let contradictionsMin = 3
    private static let contradictionsPerDispute = 60

    private let book: TurnBook
    private var others: [String: OtherClock] = [:]
    /// When our wall clock was last set, on the monotonic one.
    private var steppedAtMonotonic: Int64?

    init(book: TurnBook) { self.book = book }

    func keep() -> () -> Void {
        let kept = (others, steppedAtMonotonic)
        return { [self] in (others, steppedAtMonotonic) = kept }
    }

    func clockWasSet(by milliseconds: Int64) {
        steppedAtMonotonic = book.time.monotonicMilliseconds
    }

    /// A POST is wanted, since only its answer tells whether the server's clock was set back.
    func isDisputed(_ connection: String) -> Bool { others[connection]?.isDisputed ?? false }

    /// Learns the server's clock from an answer.
    ///
    /// - Returns: whether the answer is of another time, out of a cache: it tells nothing of now.
    func read(
        _ connection: Connection, _ request: PendingRequest, _ answer: APIAnswer
    ) throws -> Bool {
        // Also one without a date: to ask again would tell no more.
        if answer.call.isPost, case .success = answer.result {
            others[connection.name]?.isDisputed = false
        }
        if let age = answer.ageSeconds, age > 0 { return true }
        guard let date = answer.serverDate else { return false }
        let sent = request.sentAt
        // A step of our clock in between: when it was received is told in the former one.
        let wasSet = steppedAtMonotonic.map { $0 >= sent.monotonicMilliseconds } ?? false
        let received = wasSet ? book.now : min(answer.receivedAt, book.now)
        guard sent.wall <= received else { return false }
        let read = ClockOffset(date: date, sent: sent.wall, received: received)
        guard book.guards.has(.readsClockAsInterval) else {
            // What a scheduler would make of it that takes cut instants for exact ones.
            let point = date.since(received)
            try set(
                ClockOffset(lowMilliseconds: point + 999, highMilliseconds: point), connection,
                answer)
            return false
        }
        guard let known = ClockOffset(try book.connection(connection.name), at: book.now) else {
            try set(read, connection, answer)
            return false
        }
        if let both = known.intersection(read) {
            others[connection.name] = nil
            try set(both, connection, answer)
            return false
        }
        let apart = max(
            known.lowMilliseconds - read.highMilliseconds,
            read.lowMilliseconds - known.highMilliseconds)
        if apart <= Self.replicaMillisecondsMax {
            try set(known.hull(read), connection, answer)
            return false
        }
        return try contradict(known, read, connection, answer)
    }

    /// Either clock was set, or a cache has answered: it can't have answered a POST.
    private func contradict(
        _ known: ClockOffset, _ read: ClockOffset, _ connection: Connection, _ answer: APIAnswer
    ) throws -> Bool {
        let name = connection.name
        let monotonic = book.time.monotonicMilliseconds
        let former = others[name]
        let both = former?.offset.widened(
            overMilliseconds: monotonic - (former?.atMonotonic ?? 0)
        ).intersection(read)
        let times = both == nil ? 1 : (former?.times ?? 0) + 1
        let isOlder = read.highMilliseconds < known.lowMilliseconds
        // However many older ones agree: a cache may lag by the same time for hours.
        let isDisputed = isOlder && times % Self.contradictionsPerDispute == Self.contradictionsMin
        others[name] = OtherClock(
            offset: both ?? read, times: times, atMonotonic: monotonic,
            isDisputed: isDisputed || former?.isDisputed ?? false)
        guard answer.call.isPost || (!isOlder && times >= Self.contradictionsMin) else {
            return isOlder
        }
        others[name] = nil
        book.log(.notice, "the clock of \(name) or ours was set")
        try set(both ?? read, connection, answer)
        return false
    }

    private func set(
        _ offset: ClockOffset, _ connection: Connection, _ answer: APIAnswer
    ) throws {
        let (name, now, max) = (connection.name, book.now, book.limits.clockSkewMaxMilliseconds)
        let isBad = offset.lowMilliseconds > max || offset.highMilliseconds < -max
        let isGood = offset.highMilliseconds <= max && offset.lowMilliseconds >= -max
        // Its own instant: the clock may have been set since.
        if isGood { book.tell(.clockAgrees(at: answer.receivedAt)) }
        let wasBad = try book.connection(name)?.clockBadSince != nil
        try book.change(name) {
            $0.clockSkewMilliseconds = offset.middleMilliseconds
            $0.clockLowMilliseconds = offset.lowMilliseconds
            $0.clockHighMilliseconds = offset.highMilliseconds
            $0.clockReadAt = now
            if isBad { $0.clockBadSince = $0.clockBadSince ?? now }
            if isGood { $0.clockBadSince = nil }
        }
        if isBad, !wasBad {
            let skew = offset.middleMilliseconds
            book.log(
                .error, "our clock and that of \(name) differ by \(skew) ms", alarm: .clock)
            try report(name, skewMilliseconds: skew)
        } else if isGood, wasBad {
            try book.ledger.clear(kind: .clock, subject: name)
            try book.ledger.wakeSlots(connection: name, now: now)
        }
    }

    private func report(_ connection: String, skewMilliseconds: Int64) throws {
        try book.ledger.raise(
            kind: .clock, subject: connection,
            whatToDo:
                "our clock and the server's differ by \(skewMilliseconds / 1000) s; no start until "
                + "they agree within 120 s, check the time service", now: book.now)
    }

    /// A clock that differs, of a connection that is configured again.
    func remind(_ row: ConnectionRow) throws {
        guard row.clockBadSince != nil else { return }
        try report(row.connection, skewMilliseconds: row.clockSkewMilliseconds ?? 0)
    }
}

extension APICall {
    /// Caches answer reads only.
    fileprivate var isPost: Bool {
        switch self {
        case .token, .startRun, .validate: true
        case .listProcesses, .getRun: false
        }
    }
}
