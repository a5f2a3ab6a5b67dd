import ProcessesAPI
import Store
import Timetable

/// What goes out: tokens, the rate budget, sweeps, and what keeps a connection alive.
extension Clockwork {
    func send(
        _ call: APICall, _ connection: Connection, _ purpose: PendingRequest.Purpose,
        token: Secret?, sendBy: Instant?
    ) {
        let id = memory.nextRequestID
        memory.nextRequestID += 1
        requests[id] = PendingRequest(
            connection: connection.name, baseURL: connection.baseURL, purpose: purpose,
            sentAt: book.time, tokenGeneration: memory.tokens[connection.name]?.generation ?? 0)
        book.release(
            .request(
                RequestEffect(
                    id: id, connection: connection.name,
                    endpoint: APIEndpoint(
                        baseURL: connection.address, apiVersion: connection.apiVersion),
                    call: call, token: token, sendBy: sendBy)))
    }

    // MARK: Rate budget

    /// Takes one request from the connection's budget; the instant to wait for if it is used up.
    func takeBudget(
        _ connection: Connection, _ priority: RateBudget.Priority
    ) throws -> Instant? {
        guard let row = try book.connection(connection.name) else { return nil }
        var budget = budget(connection, row)
        if let at = budget.take(priority, now: now) { return at }
        try book.change(connection.name) {
            $0.budgetTATMicroseconds = budget.tatMicroseconds
            $0.requestsSent += 1
        }
        memory.sent[connection.name, default: SentLog()].note(
            atMonotonic: book.time.monotonicMilliseconds)
        return nil
    }

    /// Takes a start's place in the budget, or says from when on it may go.
    ///
    /// Each start that waits gets the next free place: if all of them came for the same one, a
    /// thousand of them would be decided a thousand times.
    func takeStartBudget(_ connection: Connection) throws -> Instant? {
        guard let at = try takeBudget(connection, .start),
            let row = try book.connection(connection.name)
        else { return nil }
        let ahead = turn.startsWaiting[connection.name, default: 0]
        turn.startsWaiting[connection.name] = ahead + 1
        return budget(connection, row).place(after: at, ahead)
    }

    private func budget(_ connection: Connection, _ row: ConnectionRow) -> RateBudget {
        var policy = connection.rate
        if let requests = row.learnedRequests, let window = row.learnedWindowMilliseconds {
            policy.requests = Int(clamping: requests)
            policy.perMilliseconds = window
        }
        return RateBudget(policy: policy, tatMicroseconds: row.budgetTATMicroseconds)
    }

    /// A 429 has named numbers: they replace the configured ones.
    ///
    /// What went out in the window that was refused counts against the new budget, as if it had
    /// been in force: otherwise its burst would be refused as well. What an earlier life sent isn't
    /// known; as much as was counted, it must have been.
    func learn(_ limit: LearnedLimit, _ connection: Connection) throws {
        let (window, overflow) = limit.windowSeconds.multipliedReportingOverflow(by: 1000)
        guard limit.requests > 0, limit.windowSeconds > 0, !overflow,
            let row = try book.connection(connection.name)
        else { return }
        guard Self.isSlower(Int64(limit.requests), window, than: connection.rate) else {
            guard row.learnedRequests != nil else { return }
            return try book.change(connection.name) {
                $0.learnedRequests = nil
                $0.learnedWindowMilliseconds = nil
            }
        }
        guard
            row.learnedRequests != Int64(limit.requests)
                || row.learnedWindowMilliseconds != window
        else { return }
        try book.change(connection.name) {
            $0.learnedRequests = Int64(limit.requests)
            $0.learnedWindowMilliseconds = window
        }
        // The same numbers as in force: what went out under them is counted already.
        let inForce = (
            row.learnedRequests ?? Int64(connection.rate.requests),
            row.learnedWindowMilliseconds ?? connection.rate.perMilliseconds
        )
        guard inForce != (Int64(limit.requests), window) else { return }
        var learned = row
        learned.learnedRequests = Int64(limit.requests)
        learned.learnedWindowMilliseconds = window
        learned.budgetTATMicroseconds = 0
        var budget = budget(connection, learned)
        let monotonic = book.time.monotonicMilliseconds
        let sent =
            memory.sent[connection.name]?.within(milliseconds: window, ofMonotonic: monotonic) ?? []
        let life = monotonic - memory.bornAtMonotonic
        if life < window {
            let known = sent.reduce(Int64(0)) { $0 + $1.count }
            budget.replay(
                Int64(limit.requests) - known, at: now.adding(milliseconds: -max(0, life)))
        }
        for second in sent {
            budget.replay(second.count, at: now.adding(milliseconds: -second.millisecondsAgo))
        }
        let tat = budget.tatMicroseconds
        try book.change(connection.name) {
            $0.budgetTATMicroseconds = max($0.budgetTATMicroseconds, tat)
        }
        book.log(
            .notice,
            "\(connection.name) allows \(limit.requests) requests per \(limit.windowSeconds) s, "
                + "which is obeyed from now on")
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

    // MARK: Tokens

    func usableToken(_ connection: String) -> Secret? {
        guard let state = memory.tokens[connection],
            state.expiresAtMonotonic > book.time.monotonicMilliseconds
        else { return nil }
        return state.secret
    }

    /// Asks for a token unless one is asked for already or must wait.
    func requestToken(_ connection: Connection, _ priority: RateBudget.Priority) throws {
        guard memory.tokens[connection.name]?.isRequested != true, !memory.isStopping,
            let row = try book.connection(connection.name)
        else { return }
        if let next = row.nextTokenAt, next > now {
            book.wake(at: next)
            return
        }
        if let until = try blockedUntil(connection.name, operation: "token") {
            book.wake(at: until)
            return
        }
        if let at = try takeBudget(connection, priority) {
            book.wake(at: at)
            return
        }
        memory.tokens[connection.name, default: TokenState()].isRequested = true
        send(.token, connection, .token, token: nil, sendBy: nil)
    }

    func receiveToken(_ connection: Connection, _ answer: APIAnswer) throws {
        var state = memory.tokens[connection.name] ?? TokenState()
        state.isRequested = false
        switch answer.result {
        case .success(.token(let token)):
            state.secret = token.secret
            state.generation += 1
            state.scopes = token.scopes
            // Renewed 60 s before it ends, on the monotonic clock.
            let seconds = Int64(min(max(token.expiresInSeconds, 1), 86_400))
            let life = max(seconds - 60, seconds / 2, 1)
            state.expiresAtMonotonic = book.time.monotonicMilliseconds + life * 1000
            memory.tokens[connection.name] = state
            // A token of a bad credential proves nothing until a call accepts it.
            try book.change(connection.name) {
                $0.nextTokenAt = nil
                if $0.credentialBadSince == nil { $0.credentialFailures = 0 }
            }
            try noteReachable(connection)
            try judgeScopes(token.scopes, connection)
            try ledger.wakeSlots(connection: connection.name, now: now)
            if try book.connection(connection.name)?.credentialBadSince != nil {
                want(look: connection.name, .start)
            }
        case .success:
            memory.tokens[connection.name] = state
            try delayToken(connection, isRefused: false)
        case .failure(let failure):
            memory.tokens[connection.name] = state
            try note(
                failure, answer: answer, slot: nil, connection: connection.name,
                nextStep: "asked again with a growing gap, starts wait")
            if failure.isAboutVersion {
                // `noteServer` has told; the credential is not to blame.
            } else if failure.kind == .refused,
                [400, 401, 403].contains(failure.httpStatus ?? 0)
            {
                try credentialFailed(connection, failure.summary)
            } else {
                try noteUnreachable(connection, failure)
            }
            try delayToken(connection, isRefused: failure.kind == .refused)
        }
    }

    /// A token that names its scopes and lacks one that is needed: no start can succeed with it.
    private func judgeScopes(_ scopes: [String], _ connection: Connection) throws {
        let missing =
            scopes.isEmpty
            ? [] : ["file:read", "file:write"].filter { !scopes.contains($0) }
        guard !missing.isEmpty else {
            return try ledger.clear(kind: .scope, subject: connection.name)
        }
        let words = missing.joined(separator: " and ")
        let isNew = try ledger.raise(
            kind: .scope, subject: connection.name,
            whatToDo:
                "the grant lacks \(words) (its token names \(scopes.joined(separator: " "))); "
                + "add it to the grant in Workiva, without it nothing can be started", now: now)
        guard isNew else { return }
        var error = NewError(
            operation: "token", message: "the grant lacks \(words)",
            nextStep: "a person mends the grant, see attention")
        error.connection = connection.name
        _ = try ledger.insert(error, now: now)
    }

    private func delayToken(_ connection: Connection, isRefused: Bool) throws {
        let failures = (try book.connection(connection.name)?.credentialFailures ?? 0) + 1
        // "Token requests back off to minutes" where the credential is refused: 5 s, 10 s, … 5 min.
        // An API that can't be reached is probed as often as its breaker says, so that it heals fast.
        let delay = Backoff.ceilingMilliseconds(
            base: 5_000,
            cap: isRefused ? 300_000 : max(1_000, connection.probeEveryMilliseconds),
            attempt: Int(clamping: failures))
        try book.change(connection.name) {
            $0.credentialFailures = failures
            $0.nextTokenAt = max(self.now.adding(milliseconds: delay), $0.nextTokenAt ?? self.now)
        }
    }

    /// A 401 on a call: drops the token if it is the one used (docs/protocol.md#retry-engine).
    func noteUnauthorized(_ connection: Connection, generation: Int, why: String) throws {
        var state = memory.tokens[connection.name] ?? TokenState()
        // Several requests may have carried it: a token is refused once.
        if state.generation == generation, state.secret != nil {
            state.secret = nil
            state.refusals += 1
        }
        memory.tokens[connection.name] = state
        if state.refusals >= 2 { try credentialFailed(connection, why) }
    }

    /// The last tokens in a row, not just one of them, were refused.
    func isRefusedAgain(_ connection: String) -> Bool {
        (memory.tokens[connection]?.refusals ?? 0) >= 2
    }

    static func nextStep(isTokenRefusedAgain: Bool) -> String {
        isTokenRefusedAgain
            ? "the credential is not accepted: starts of this connection wait, see attention"
            : "sent again with a new token"
    }

    private func credentialFailed(_ connection: Connection, _ why: String) throws {
        if try book.connection(connection.name)?.credentialBadSince == nil {
            book.log(.error, "the credential of \(connection.name) is not accepted: \(why)")
        }
        try book.change(connection.name) {
            $0.credentialBadSince = $0.credentialBadSince ?? self.now
            $0.nextTokenAt = max(
                self.now.adding(milliseconds: 60_000), $0.nextTokenAt ?? self.now)
        }
        try ledger.raise(
            kind: .credential, subject: connection.name,
            whatToDo: "the API does not accept the client credential (\(why)); renew the grant or "
                + "the secret, starts of this connection wait until then", now: now)
    }

    /// A call was accepted: credential and way are fine.
    func noteAccepted(_ connection: Connection) throws {
        memory.tokens[connection.name]?.refusals = 0
        memory.throttles[connection.name] = nil
        if memory.acceptedVersions.insert(connection.name).inserted {
            try ledger.clear(kind: .version, subject: connection.name)
        }
        guard let row = try book.connection(connection.name) else { return }
        if row.credentialBadSince != nil {
            try book.change(connection.name) {
                $0.credentialBadSince = nil
                $0.credentialFailures = 0
            }
            try ledger.clear(kind: .credential, subject: connection.name)
            try endBackoffs(connection.name)
            book.log(.notice, "the credential of \(connection.name) is accepted again")
        }
        try noteReachable(connection)
    }

    /// The secret file has changed: ask at once, whatever the backoff says.
    func credentialChanged(_ name: String) throws {
        guard let connection = configuration?.connections[name] else { return }
        try book.change(name) {
            $0.nextTokenAt = nil
            $0.credentialFailures = 0
        }
        memory.tokens[name]?.secret = nil
        memory.tokens[name]?.refusals = 0
        try requestToken(connection, .start)
    }

    // MARK: Circuit breaker

    private static let breakerFailuresMax: Int64 = 5

    /// A transport failure or 5xx: after five in a row starts wait, and only probes go out.
    func noteUnreachable(_ connection: Connection, _ failure: APIFailure) throws {
        let counts =
            failure.kind != .refused || (failure.httpStatus ?? 0) >= 500
        guard counts, let row = try book.connection(connection.name) else { return }
        let failures = row.breakerFailures + 1
        if failures == 1 { book.log(.warning, "\(connection.name): \(failure.summary)") }
        let opens = failures >= Self.breakerFailuresMax && row.breakerOpenedAt == nil
        try book.change(connection.name) {
            $0.breakerFailures = failures
            if opens { $0.breakerOpenedAt = self.now }
            if failures >= Self.breakerFailuresMax {
                $0.nextProbeAt = self.now.adding(milliseconds: connection.probeEveryMilliseconds)
            }
        }
        if opens {
            book.log(.warning, "\(connection.name) fails, starts wait: \(failure.summary)")
            try ledger.raise(
                kind: .unreachable, subject: connection.name,
                whatToDo: "the API fails (\(failure.summary)); starts wait and go on by themselves "
                    + "once a probe succeeds", now: now)
        }
    }

    func noteReachable(_ connection: Connection) throws {
        guard let row = try book.connection(connection.name),
            row.breakerFailures > 0 || row.breakerOpenedAt != nil
        else { return }
        let wasOpen = row.breakerOpenedAt != nil
        try book.change(connection.name) {
            $0.breakerFailures = 0
            $0.breakerOpenedAt = nil
            $0.nextProbeAt = nil
            if wasOpen { $0.breakerClosedAt = self.now }
        }
        guard wasOpen else { return }
        book.log(.notice, "\(connection.name) answers again")
        try ledger.clear(kind: .unreachable, subject: connection.name)
        try endBackoffs(connection.name)
    }

    /// What the slots of a connection were waiting for is over, also what their own answers said.
    private func endBackoffs(_ connection: String) throws {
        for slotID in backoffs.keys where backoffs[slotID]?.connection == connection {
            backoffs[slotID] = nil
        }
        try ledger.wakeSlots(connection: connection, now: now)
    }

    /// Probes of open breakers and bad credentials; a probe is a list, never a start.
    func tendConnections() throws {
        guard let configuration, !memory.isStopping else { return }
        for name in configuration.connections.keys.sorted() {
            guard let connection = configuration.connections[name],
                let row = try book.connection(name)
            else { continue }
            if row.breakerOpenedAt != nil {
                let at = row.nextProbeAt ?? now
                if at <= now {
                    try book.change(name) {
                        $0.nextProbeAt = self.now.adding(
                            milliseconds: connection.probeEveryMilliseconds)
                    }
                    want(look: name, .start)
                }
                book.wake(at: max(at, now.adding(milliseconds: 1000)))
            }
            if row.credentialBadSince != nil {
                if usableToken(name) != nil {
                    want(look: name, .start)
                } else {
                    try requestToken(connection, .start)
                }
            }
        }
    }
}
