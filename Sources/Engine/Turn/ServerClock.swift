import ProcessesAPI
import Store
import Timetable

/// The server's clock, as answers tell of it, and answers that are of another time (rule 12).
extension Clockwork {
    /// Servers behind one address may differ by this much; a cached answer by more.
    private static let replicaMillisecondsMax: Int64 = 2_000
    /// So many newer reads in a row that agree with each other prove that a clock was set.
    private static let contradictionsMin = 3
    private static let contradictionsPerToken = 60

    /// What is known of the clock of a connection's server now.
    func clockOffset(_ row: ConnectionRow?) -> ClockOffset? {
        guard let row, let low = row.clockLowMilliseconds, let high = row.clockHighMilliseconds,
            let readAt = row.clockReadAt
        else { return nil }
        return ClockOffset(lowMilliseconds: low, highMilliseconds: high)
            .widened(overMilliseconds: now.since(readAt))
    }

    /// What is known of the clock as an attempt met it: what was known then, narrowed by what has
    /// been learned since.
    func clockOffset(_ attempt: AttemptRow, _ row: ConnectionRow?) -> ClockOffset {
        let later = clockOffset(row)?
            .widened(overMilliseconds: now.since(attempt.beganAt))
        guard let low = attempt.clockLowMilliseconds, let high = attempt.clockHighMilliseconds
        else { return later ?? .unknown }
        let then = ClockOffset(lowMilliseconds: low, highMilliseconds: high)
        return later.flatMap(then.intersection) ?? then
    }

    /// Learns the server's clock from an answer.
    ///
    /// - Returns: whether the answer is of another time, out of a cache: it tells nothing of now.
    func readServerClock(
        _ connection: Connection, _ request: PendingRequest, _ answer: APIAnswer
    ) throws -> Bool {
        if let age = answer.ageSeconds, age > 0 { return true }
        guard let date = answer.serverDate else { return false }
        let sent = request.sentAt
        // A step of our clock in between: when it was received is told in the former one.
        let wasSet = memory.steppedAtMonotonic.map { $0 >= sent.monotonicMilliseconds } ?? false
        let received = wasSet ? now : min(answer.receivedAt, now)
        guard sent.wall <= received else { return false }
        let read = ClockOffset(date: date, sent: sent.wall, received: received)
        let row = try book.connection(connection.name)
        guard guards.readsClockAsInterval else {
            // What a scheduler would make of it that takes cut instants for exact ones.
            let point = date.since(received)
            try set(
                ClockOffset(lowMilliseconds: point + 999, highMilliseconds: point), connection,
                answer)
            return false
        }
        guard let known = clockOffset(row) else {
            try set(read, connection, answer)
            return false
        }
        if let both = known.intersection(read) {
            memory.otherClocks[connection.name] = nil
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
        let former = memory.otherClocks[name]
        let both = former?.offset.widened(
            overMilliseconds: book.time.monotonicMilliseconds - (former?.atMonotonic ?? 0)
        ).intersection(read)
        let times = both == nil ? 1 : (former?.times ?? 0) + 1
        memory.otherClocks[name] = OtherClock(
            offset: both ?? read, times: times, atMonotonic: book.time.monotonicMilliseconds)
        // However many older ones agree: a cache may lag by the same time for hours. The next token
        // or start tells whether the server's clock was set back.
        let isOlder = read.highMilliseconds < known.lowMilliseconds
        // A token is asked for by a POST, so its answer tells now.
        if isOlder, times % Self.contradictionsPerToken == Self.contradictionsMin {
            try gate.credentialChanged(connection)
        }
        guard answer.call.isPost || (!isOlder && times >= Self.contradictionsMin) else {
            return isOlder
        }
        memory.otherClocks[name] = nil
        book.log(.notice, "the clock of \(name) or ours was set")
        try set(both ?? read, connection, answer)
        return false
    }

    private func set(
        _ offset: ClockOffset, _ connection: Connection, _ answer: APIAnswer
    ) throws {
        let max = limits.clockSkewMaxMilliseconds
        let isBad = offset.lowMilliseconds > max || offset.highMilliseconds < -max
        let isGood = offset.highMilliseconds <= max && offset.lowMilliseconds >= -max
        // Its own instant: the clock may have been set since.
        if isGood { try noteClockAgrees(at: answer.receivedAt) }
        let wasBad = try book.connection(connection.name)?.clockBadSince != nil
        try book.change(connection.name) {
            $0.clockSkewMilliseconds = offset.middleMilliseconds
            $0.clockLowMilliseconds = offset.lowMilliseconds
            $0.clockHighMilliseconds = offset.highMilliseconds
            $0.clockReadAt = self.now
            if isBad { $0.clockBadSince = $0.clockBadSince ?? self.now }
            if isGood { $0.clockBadSince = nil }
        }
        if isBad, !wasBad {
            let skew = offset.middleMilliseconds
            book.log(.error, "our clock and that of \(connection.name) differ by \(skew) ms")
            try ledger.raise(
                kind: .clock, subject: connection.name,
                whatToDo:
                    "our clock and the server's differ by \(skew / 1000) s; no start until "
                    + "they agree within 120 s, check the time service", now: now)
        } else if isGood, wasBad {
            try ledger.clear(kind: .clock, subject: connection.name)
            try ledger.wakeSlots(connection: connection.name, now: now)
        }
    }

    // MARK: Answers out of a cache

    /// An answer of another time is no look and no news.
    func passOver(
        _ request: PendingRequest, _ answer: APIAnswer, _ connection: Connection
    ) throws {
        let age = answer.ageSeconds.map { " \($0) s old" } ?? " older than the request"
        let words = "the answer comes out of a cache,\(age)"
        var error = NewError(
            operation: answer.call.operation, message: words,
            nextStep: "not taken for news; asked again with a growing gap")
        error.connection = connection.name
        _ = try ledger.insert(error, now: now)
        try ledger.raise(
            kind: .cachedAnswers, subject: connection.name,
            whatToDo: "answers of the API come out of a cache (\(words)), so nobody can see what "
                + "is there now; have the proxy in between obey Cache-Control: no-cache", now: now)
        switch request.purpose {
        case .sweep:
            try postponeList(connection)
        case .readRun(let runKey):
            guard let run = try ledger.run(runKey) else { return }
            try delayPoll(run, why: nil, answer: answer)
        case .start, .token, .validate, .preflight, .nameRun: break
        }
    }
}

/// What answers say that contradict what is known of a server's clock.
struct OtherClock {
    var offset: ClockOffset
    var times: Int
    var atMonotonic: Int64
}

extension APICall {
    /// Caches answer reads only.
    var isPost: Bool {
        switch self {
        case .token, .startRun, .validate: true
        case .listProcesses, .getRun: false
        }
    }
}
