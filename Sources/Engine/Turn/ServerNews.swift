import ProcessesAPI
import Store
import Timetable

/// What an answer of any kind tells of the server: its clock, hints, limits, and versions that end.
extension Clockwork {
    /// Learns from an answer of any kind: the server's clock, hints, limits.
    func noteServer(_ connection: Connection, _ answer: APIAnswer) throws {
        if let date = answer.serverDate {
            let skew = date.since(answer.receivedAt)
            let isBad = abs(skew) > limits.clockSkewMaxMilliseconds
            // Its own instant: the clock may have been set since.
            if !isBad { try noteClockAgrees(at: answer.receivedAt) }
            let wasBad = try book.connection(connection.name)?.clockBadSince != nil
            try book.change(connection.name) {
                $0.clockSkewMilliseconds = skew
                $0.clockBadSince = isBad ? $0.clockBadSince ?? self.now : nil
            }
            if isBad, !wasBad {
                book.log(.error, "our clock and that of \(connection.name) differ by \(skew) ms")
                try ledger.raise(
                    kind: .clock, subject: connection.name,
                    whatToDo:
                        "our clock and the server's differ by \(skew / 1000) s; no start until "
                        + "they agree within 120 s, check the time service", now: now)
            } else if !isBad, wasBad {
                try ledger.clear(kind: .clock, subject: connection.name)
                try ledger.wakeSlots(connection: connection.name, now: now)
            }
        }
        guard case .failure(let failure) = answer.result else { return }
        if failure.isAboutVersion { try noteVersion(connection, failure) }
        if let limit = failure.limit { try learn(limit, connection) }
        if let hint = failure.hint {
            try note(hint, connection, answer.call)
        } else if failure.httpStatus == 429 {
            try throttle(connection)
        }
    }

    /// The preview ends some day, and every request with it.
    private func noteVersion(_ connection: Connection, _ failure: APIFailure) throws {
        memory.acceptedVersions.remove(connection.name)
        let isNew = try ledger.raise(
            kind: .version, subject: connection.name,
            whatToDo: Self.words(for: connection, failure),
            now: now)
        if isNew { book.log(.warning, Self.words(for: connection, failure)) }
    }

    private static func words(for connection: Connection, _ failure: APIFailure) -> String {
        "the API version \"\(connection.apiVersion)\" is not (or no longer) served by "
            + "\(connection.baseURL): \(failure.summary); set api_version of "
            + "[connections.\(connection.name)] to one that is, and reload"
    }

    /// A 429 that doesn't say for how long: the gate of the connection closes for a growing while,
    /// or each of its runs and slots would find out by itself.
    ///
    /// Answers to what was sent before the gate closed teach nothing more.
    private func throttle(_ connection: Connection) throws {
        guard try blockedUntil(connection.name, operation: "") == nil else { return }
        let times = memory.throttles[connection.name, default: 0] + 1
        memory.throttles[connection.name] = times
        let gap = Backoff.ceilingMilliseconds(base: 10_000, cap: 300_000, attempt: times)
        try ledger.noteHint(
            connection: connection.name, operation: "", until: now.adding(milliseconds: gap),
            delaySeconds: gap / 1000, now: now)
    }

    /// A hint blocks the operation that the message names only if that is exactly the operation
    /// that was called; otherwise the connection (docs/protocol.md#retry-engine).
    private func note(_ hint: RetryHint, _ connection: Connection, _ call: APICall) throws {
        guard hint.delayMilliseconds > 0 else { return }
        let until = now.adding(milliseconds: hint.delayMilliseconds)
        try ledger.noteHint(
            connection: connection.name,
            operation: hint.operation == call.operation ? call.operation : "", until: until,
            delaySeconds: hint.delaySeconds, now: now)
        guard hint.delayMilliseconds > 3_600_000 else { return }
        book.log(.warning, "\(connection.name) asks us to wait \(hint.delaySeconds) s")
        try ledger.raise(
            kind: .blocked, subject: connection.name,
            whatToDo: "the API asked us to wait until \(until.iso8601); to lift it: "
                + "carillon unblock \(connection.name)", now: now)
    }

    /// Stores a failure with what happens next.
    @discardableResult
    func note(
        _ failure: APIFailure, answer: APIAnswer, slot: SlotRow?, connection: String? = nil,
        attempt: Int? = nil, runKey: Int64? = nil, nextStep: String,
        repeatsWithin: Int64 = 3_600_000
    ) throws -> Int64 {
        var row = NewError(
            operation: answer.call.operation, message: failure.message ?? failure.summary,
            nextStep: nextStep)
        row.connection = connection ?? slot?.connection
        row.schedule = try slot?.schedule ?? runKey.flatMap { try ledger.run($0)?.schedule }
        row.slotID = slot?.slotID
        row.attempt = attempt
        row.runKey = runKey
        row.httpStatus = failure.httpStatus
        row.code = failure.code
        row.target = failure.target
        row.meta = failure.meta
        row.details = failure.details
        row.documentationURL = failure.documentationURL
        row.retryAfterSeconds = failure.hint?.delaySeconds
        if failure.isAboutVersion {
            row.nextStep =
                "the API version is not served any more: set api_version, see attention; "
                + nextStep
        }
        return try ledger.insert(row, now: now, repeatsWithin: repeatsWithin)
    }
}
