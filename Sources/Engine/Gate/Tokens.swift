import ProcessesAPI

/// The access tokens of the connections; at most one request for a new one is out for each.
struct Tokens {
    /// A request without an answer after so long is lost: another one may go.
    private static let lostAfterMilliseconds: Int64 = 90_000

    private struct State {
        var secret: Secret?
        var expiresAtMonotonic: Int64 = 0
        var requestedAtMonotonic: Int64?
        /// 401 answers in a row over all generations.
        var refusals = 0
    }
    private var states: [String: State] = [:]
    /// Never the same one twice: an answer names by it the token that its request carried.
    private var generations: [String: Int] = [:]

    func usable(_ connection: String, atMonotonic now: Int64) -> Secret? {
        guard let state = states[connection], state.expiresAtMonotonic > now else { return nil }
        return state.secret
    }

    func generation(_ connection: String) -> Int { generations[connection] ?? 0 }
    func refusals(_ connection: String) -> Int { states[connection]?.refusals ?? 0 }

    func isRequested(_ connection: String, atMonotonic now: Int64) -> Bool {
        states[connection]?.requestedAtMonotonic.map {
            now - $0 < Self.lostAfterMilliseconds
        } ?? false
    }

    /// Whether one is asked for, or can be used after that instant.
    func matters(afterMonotonic instant: Int64) -> Bool {
        states.values.contains {
            $0.requestedAtMonotonic != nil || $0.expiresAtMonotonic > instant
        }
    }

    mutating func request(_ connection: String, atMonotonic now: Int64) {
        states[connection, default: State()].requestedAtMonotonic = now
    }

    /// - Returns: false if another request, or none, is the present one.
    mutating func endRequest(_ connection: String, sentAtMonotonic sent: Int64) -> Bool {
        guard states[connection]?.requestedAtMonotonic == sent else { return false }
        states[connection]?.requestedAtMonotonic = nil
        return true
    }

    mutating func take(_ secret: Secret, of connection: String, untilMonotonic end: Int64) {
        generations[connection, default: 0] += 1
        states[connection, default: State()].secret = secret
        states[connection]?.expiresAtMonotonic = end
    }

    /// Several requests may have carried it: a token is refused once.
    mutating func refuse(_ connection: String, generation: Int) {
        guard self.generation(connection) == generation, states[connection]?.secret != nil else {
            return
        }
        states[connection]?.secret = nil
        states[connection]?.refusals += 1
    }

    /// A new one costs little; the credential isn't blamed.
    mutating func drop(_ connection: String, generation: Int) {
        if self.generation(connection) == generation { states[connection]?.secret = nil }
    }

    mutating func accept(_ connection: String) { states[connection]?.refusals = 0 }

    /// Another secret, another address, or no such connection any more: all begins anew.
    mutating func forget(_ connection: String) { states[connection] = nil }
}
