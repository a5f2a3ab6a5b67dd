import ProcessesAPI
import Store
import Timetable

/// The one gate: what may go on the wire now, and until when it waits otherwise.
///
/// Hints, breaker, clock, credential, token and budget are asked in this order; which of them an
/// errand is asked says the table of docs/protocol.md#retry-engine.
final class Gate: Room {
    /// Refusals that asking again won't change.
    static let lastingRefusals: Set<Int> = [400, 403, 404, 405, 410, 413, 415, 422]

    /// Proof that `admit` has let one request through: its token, its place in the budget.
    ///
    /// Nothing is sent without one, and none is sent twice with it.
    struct Pass: ~Copyable {
        fileprivate let connection: Connection
        fileprivate let token: Secret

        fileprivate init(_ connection: Connection, _ token: Secret) {
            self.connection = connection
            self.token = token
        }
    }

    enum Passage: ~Copyable {
        case go(Pass)
        case wait(Obstacle)
    }

    private let book: TurnBook
    private let wire: Wire
    private let budget: Budget
    private let hints: Hints
    private let breaker: Breaker
    private let credential: Credential
    private let serverClock: ServerClock
    private var tokens = Tokens()
    /// Connections whose API version was accepted in this life.
    private var acceptedVersions: Set<String> = []

    init(book: TurnBook, firstRequestID: UInt64) {
        self.book = book
        wire = Wire(book: book, firstID: firstRequestID)
        budget = Budget(book: book)
        hints = Hints(book: book)
        breaker = Breaker(book: book)
        credential = Credential(book: book)
        serverClock = ServerClock(book: book)
        let rooms: [any Room] = [wire, budget, hints, serverClock, self]
        for room in rooms { book.join(room) }
    }

    func keep() -> () -> Void {
        let kept = (tokens, acceptedVersions)
        return { [self] in (tokens, acceptedVersions) = kept }
    }

    // MARK: May it go?

    /// What stands in the way of an errand, before its token and its place in the budget.
    func obstacle(to errand: Errand, _ connection: Connection) throws -> Obstacle? {
        guard let row = try book.connection(connection.name) else { return .breaker }
        if let until = try hints.blockedUntil(connection.name, operation: errand.operation) {
            return .asked(until: until)
        }
        switch errand {
        case .page: return nil
        case .list:
            let isClosed = row.breakerOpenedAt != nil && !breaker.isProbing(row, connection)
            return isClosed ? .breaker : nil
        case .read: return row.breakerOpenedAt != nil ? .breaker : nil
        case .start, .validation:
            if row.breakerOpenedAt != nil { return .breaker }
            if row.clockBadSince != nil { return .clock }
            return row.credentialBadSince.map { .credential(since: $0) }
        case .check:
            if row.breakerOpenedAt != nil { return .breaker }
            return row.credentialBadSince.map { .credential(since: $0) }
        }
    }

    /// Lets an errand through, with a token and its place in the budget; or says why it waits.
    func admit(_ errand: Errand, _ connection: Connection) throws -> Passage {
        if let obstacle = try obstacle(to: errand, connection) { return .wait(obstacle) }
        guard
            let token = tokens.usable(
                connection.name, atMonotonic: book.time.monotonicMilliseconds)
        else {
            // A page whose token has ended ends its list: that begins anew with the next one.
            if case .page = errand { return .wait(.token) }
            try requestToken(connection, errand.priority)
            return .wait(.token)
        }
        let place =
            switch errand {
            case .start, .validation: try budget.takeStart(connection, errand.operation)
            case .check, .read, .list, .page:
                try budget.take(connection, errand.operation, errand.priority)
            }
        if let place { return .wait(.budget(until: place)) }
        return .go(Pass(connection, token))
    }

    /// As `admit`; what has to wait comes up again when it may go, as far as that is known.
    ///
    /// - Returns: nil: it has to wait.
    func pass(_ errand: Errand, _ connection: Connection) throws -> Pass? {
        switch try admit(errand, connection) {
        case .go(let pass): return pass
        case .wait(let obstacle):
            if let until = obstacle.until { book.wake(at: until) }
            return nil
        }
    }

    /// Asks for a token unless one is asked for already or must wait; a usable one stays in use.
    private func requestToken(
        _ connection: Connection, _ priority: RateBudget.Priority
    ) throws {
        let monotonic = book.time.monotonicMilliseconds
        guard !tokens.isRequested(connection.name, atMonotonic: monotonic),
            let row = try book.connection(connection.name)
        else { return }
        if let until = try hints.blockedUntil(connection.name, operation: "token") {
            return book.wake(at: until)
        }
        if let next = row.nextTokenAt, next > book.now { return book.wake(at: next) }
        if let at = try budget.take(connection, "token", priority) { return book.wake(at: at) }
        tokens.request(connection.name, atMonotonic: monotonic)
        put(.token, connection, .token, token: nil)
    }

    // MARK: What is on the wire

    /// Sends what was admitted.
    func send(
        _ call: APICall, _ pass: consuming Pass, _ purpose: PendingRequest.Purpose,
        sendBy: Instant? = nil
    ) {
        put(call, pass.connection, purpose, token: pass.token, sendBy: sendBy)
    }

    private func put(
        _ call: APICall, _ connection: Connection, _ purpose: PendingRequest.Purpose,
        token: Secret?, sendBy: Instant? = nil
    ) {
        wire.send(
            call, connection, purpose, token: token,
            generation: tokens.generation(connection.name), sendBy: sendBy)
    }

    func request(_ id: UInt64) -> PendingRequest? { wire[id] }
    func close(_ id: UInt64) { wire.close(id) }
    var startsInFlight: Int { wire.startsInFlight }
    var attemptsOut: Set<Int64> { wire.attemptsOut }
    var isIdle: Bool { wire.isEmpty }

    func hasToken(until monotonicMilliseconds: Int64) -> Bool {
        tokens.matters(afterMonotonic: monotonicMilliseconds)
    }

    /// Probes of open breakers and bad credentials; a probe is a list, never a start.
    func tend(_ connections: [String: Connection]) throws {
        for name in connections.keys.sorted() {
            guard let connection = connections[name], let row = try book.connection(name) else {
                continue
            }
            if try breaker.beginProbe(row, connection) { book.tell(.wantsLook(connection: name)) }
            if serverClock.isDisputed(name) { try requestToken(connection, .start) }
            guard row.credentialBadSince != nil else { continue }
            if tokens.usable(name, atMonotonic: book.time.monotonicMilliseconds) != nil {
                book.tell(.wantsLook(connection: name))
            } else {
                try requestToken(connection, .start)
            }
        }
    }

    // MARK: Lives and configurations

    /// A start of the daemon: its secret may be another one, so the wait for it is over.
    func begin(_ connections: [String: Connection]) throws {
        budget.begin()
        for name in connections.keys.sorted() where try book.connection(name)?.nextTokenAt != nil {
            try book.change(name) {
                $0.nextTokenAt = nil
                $0.credentialFailures = 0
            }
        }
    }

    /// A token belongs to an address: what leads elsewhere now, or is gone, forgets it.
    func configure(from old: [String: Connection], to new: [String: Connection]) {
        for (name, connection) in old
        where new[name]?.baseURL != connection.baseURL
            || new[name]?.apiVersion != connection.apiVersion
            || new[name]?.client != connection.client
        {
            tokens.forget(name)
            acceptedVersions.remove(name)
        }
        hints.configure(new)
    }

    /// A connection is configured again: what was in force when it went still is, and is told anew.
    func remind(_ connection: Connection) throws {
        guard let row = try book.connection(connection.name) else { return }
        try breaker.remind(row)
        try serverClock.remind(row)
        try credential.remind(row, connection)
        try hints.remind(row)
        try budget.remind(row, connection)
    }

    /// The secret file has changed: ask at once, whatever the backoff says.
    func credentialChanged(_ connection: Connection) throws {
        try book.change(connection.name) {
            $0.nextTokenAt = nil
            $0.credentialFailures = 0
            // A client that is named by a file may be another one now.
            if connection.isClientReferred { $0.userID = nil }
        }
        tokens.forget(connection.name)
        try requestToken(connection, .start)
    }

    /// A person lifts hints and learned limits.
    func unblock(_ name: String) throws -> Int {
        let lifted = try hints.lift(name)
        try budget.forgetAllLearned(name)
        try book.ledger.wakeSlots(connection: name, now: book.now)
        return lifted
    }

    // MARK: What answers tell

    /// Learns from an answer of any kind: the server's clock, hints, limits, versions that end.
    ///
    /// - Returns: whether the answer is of another time, out of a cache: it tells nothing of now.
    func note(
        _ answer: APIAnswer, to request: PendingRequest, _ connection: Connection
    ) throws -> Bool {
        let isOfAnotherTime = try serverClock.read(connection, request, answer)
        guard case .failure(let failure) = answer.result else {
            try hints.accept(connection.name, answer.call.operation)
            return isOfAnotherTime
        }
        if failure.isAboutVersion { try noteVersion(connection, failure) }
        if let limit = failure.limit {
            try budget.learn(limit, connection, of: answer.call.operation)
        }
        if let hint = failure.hint {
            try hints.note(
                hint, connection, answer.call,
                isRefusal: failure.httpStatus == 429 || failure.httpStatus == 503)
        } else if failure.httpStatus == 429 {
            try hints.throttle(connection, answer.call.operation)
        }
        return isOfAnotherTime
    }

    /// The preview ends some day, and every request with it.
    private func noteVersion(_ connection: Connection, _ failure: APIFailure) throws {
        acceptedVersions.remove(connection.name)
        let words =
            "the API version \"\(connection.apiVersion)\" is not (or no longer) served by "
            + "\(connection.baseURL): \(failure.summary); set api_version of "
            + "[connections.\(connection.name)] to one that is, and reload"
        let isNew = try book.ledger.raise(
            kind: .version, subject: connection.name, whatToDo: words, now: book.now)
        if isNew { book.log(.warning, words) }
    }

    /// A call was accepted: credential and way are fine.
    func noteAccepted(_ connection: Connection) throws {
        tokens.accept(connection.name)
        if acceptedVersions.insert(connection.name).inserted {
            try book.ledger.clear(kind: .version, subject: connection.name)
        }
        guard let row = try book.connection(connection.name) else { return }
        if row.credentialBadSince != nil {
            try book.change(connection.name) {
                $0.credentialBadSince = nil
                $0.credentialFailures = 0
            }
            try book.ledger.clear(kind: .credential, subject: connection.name)
            try endWaits(connection.name)
            book.log(.notice, "the credential of \(connection.name) is accepted again")
        }
        try noteReachable(connection)
    }

    func noteReachable(_ connection: Connection) throws {
        if try breaker.noteReachable(connection) { try endWaits(connection.name) }
    }

    func noteUnreachable(
        _ connection: Connection, _ failure: APIFailure, _ request: PendingRequest
    ) throws {
        try breaker.noteUnreachable(connection, failure, request)
    }

    /// What the slots of a connection were waiting for is over, also what their own answers said.
    private func endWaits(_ connection: String) throws {
        book.tell(.recovered(connection: connection))
        try book.ledger.wakeSlots(connection: connection, now: book.now)
    }

    /// What a failed call says of the way there and of the credential.
    func noteFailure(
        _ connection: Connection, _ request: PendingRequest, _ failure: APIFailure
    ) throws {
        if failure.apiStatus == 401 {
            // A 401 drops the token if it is the one used (docs/protocol.md#retry-engine).
            tokens.refuse(connection.name, generation: request.tokenGeneration)
            if isRefusedAgain(connection.name) { try credential.fail(connection, failure.summary) }
        } else if !request.purpose.isOfOne || failure.origin != .gateway
            || failure.httpStatus.map({ $0 >= 500 }) ?? true
        {
            // A firewall that forbids one run or process says nothing of the way to the others.
            try breaker.noteUnreachable(connection, failure, request)
        }
        if failure.origin == .gateway, failure.httpStatus == 401 {
            // Whoever refused the token: a new one costs little. The credential isn't blamed.
            tokens.drop(connection.name, generation: request.tokenGeneration)
        }
    }

    /// What an answer of any kind says of the way there and of the credential.
    func noteOutcome(
        _ connection: Connection, _ request: PendingRequest, _ answer: APIAnswer
    ) throws {
        switch answer.result {
        case .success: try noteAccepted(connection)
        case .failure(let failure): try noteFailure(connection, request, failure)
        }
    }

    /// The last tokens in a row, not just one of them, were refused.
    func isRefusedAgain(_ connection: String) -> Bool { tokens.refusals(connection) >= 2 }
    func wasRefused(_ connection: String) -> Bool { tokens.refusals(connection) > 0 }

    /// What becomes of a request whose token was refused, for people.
    func nextStep(afterRefusalOf connection: String) -> String {
        isRefusedAgain(connection)
            ? "the credential is not accepted, starts wait; see: carillon attention"
            : "sent again with a new token"
    }

    // MARK: Answers to requests for a token

    /// The answer to a request for a token; nil: its connection is gone.
    func receiveToken(
        _ connection: Connection?, _ request: PendingRequest, _ answer: APIAnswer
    ) throws {
        // Asked with another secret or at another address: it tells nothing of the present one.
        guard
            tokens.endRequest(
                request.connection, sentAtMonotonic: request.sentAt.monotonicMilliseconds),
            let connection
        else { return }
        switch answer.result {
        case .success(.token(let token)):
            // Renewed 60 s before it ends, on the monotonic clock.
            let seconds = Int64(min(max(token.expiresInSeconds, 1), 86_400))
            let life = max(seconds - 60, seconds / 2, 1)
            tokens.take(
                token.secret, of: connection.name,
                untilMonotonic: book.time.monotonicMilliseconds + life * 1000)
            // A token of a bad credential proves nothing until a call accepts it.
            try book.change(connection.name) {
                $0.nextTokenAt = nil
                if $0.credentialBadSince == nil { $0.credentialFailures = 0 }
            }
            try noteReachable(connection)
            try credential.judgeScopes(token.scopes, connection)
            try book.ledger.wakeSlots(connection: connection.name, now: book.now)
            if try book.connection(connection.name)?.credentialBadSince != nil {
                book.tell(.wantsLook(connection: connection.name))
            }
        case .success:
            try credential.delay(connection, isRefused: false)
        case .failure(let failure):
            try book.note(
                failure, answer: answer, slot: nil, connection: connection.name,
                nextStep: "asked again with a growing gap, starts wait")
            if failure.isAboutVersion {
                // `note` has told; the credential is not to blame.
            } else if failure.kind == .refused,
                Self.lastingRefusals.union([401]).contains(failure.httpStatus ?? 0)
            {
                try credential.fail(connection, failure.summary)
            } else {
                try breaker.noteUnreachable(connection, failure, request)
            }
            try credential.delay(connection, isRefused: failure.kind == .refused)
        }
    }
}
