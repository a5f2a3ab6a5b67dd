package import Config
package import Console
import Engine
import ProcessesAPI
import Synchronization

/// How each connection's requests get out: its transport and its credential.
package final class ConnectionRoutes: Sendable {
    /// One connection's way.
    struct Route: Sendable {
        let transport: AsyncHTTPTransport
        let access: ConnectionAccess
        /// The proxy as the transport has it, login included.
        let proxy: String?
        let host: any HostReading

        /// The credential as it is now: a rotated secret file heals without a restart.
        func credential() throws(SecretUnavailable) -> APICredential {
            APICredential(
                clientID: Secret(try access.clientID.resolve(host)),
                clientSecret: Secret(try access.clientSecret.resolve(host)))
        }

        /// Takes out of answers what this connection must not show: its credential, the proxy's
        /// password and the token.
        func redaction(token: Secret?) -> Redaction {
            // http://USER:PASSWORD@HOST:PORT
            let login = proxy.flatMap { text in
                text.lastIndex(of: "@").map { text[..<$0].split(separator: ":", maxSplits: 2) }
            }
            let password = login.flatMap { $0.count == 3 ? Secret(String($0[2])) : nil }
            return Redaction(
                [token, password].compactMap { $0 }, credential: try? credential())
        }
    }

    private struct Unknown: Error, CustomStringConvertible {
        let name: String
        var description: String { "the connection \"\(name)\" is not configured any more" }
    }

    /// A connection as configured; without a transport as long as its authorities can't be read.
    private struct Way {
        var access: ConnectionAccess
        var transport: AsyncHTTPTransport?
        /// What the file of authorities held when the transport was made.
        var authorities: [UInt8]?
        /// The proxy as the transport has it, login included.
        var proxy: String?
    }
    private struct State {
        var ways: [String: Way] = [:]
        var retired: [AsyncHTTPTransport] = []
        /// How many configurations were taken over.
        var generation = 0
        /// What the last answer to a token was cleaned of, by connection.
        var redactions: [String: (token: Secret, redaction: Redaction)] = [:]
    }
    private let state = Mutex(State())
    private let host: any HostReading
    private let meter = BodyMeter()
    private static let authoritiesBytesMax = 4 * 1024 * 1024

    /// Makes routes to nowhere.
    ///
    /// - Parameter host: where secrets and authorities are.
    package init(host: any HostReading) {
        self.host = host
    }

    /// Takes the accesses of a configuration over; transports whose options are unchanged stay.
    ///
    /// Authorities that can't be read (yet), and a proxy whose secret can't be had, are no reason to
    /// refuse it: that connection waits.
    ///
    /// - Throws: `TransportSetupError` for a bad proxy; nothing has changed then.
    package func adopt(_ access: [String: ConnectionAccess]) throws {
        try adopt(access, over: state.withLock { $0.ways }, ifGeneration: nil)
    }

    private func adopt(
        _ access: [String: ConnectionAccess], over known: [String: Way], ifGeneration: Int?
    ) throws {
        var ways: [String: Way] = [:]
        for name in access.keys.sorted() {
            guard let new = access[name] else { continue }
            var way = Way(
                access: new, authorities: authorities(of: new), proxy: try? new.proxy?.resolve(host)
            )
            if let old = known[name], let transport = old.transport, old.proxy == way.proxy,
                old.access.caFile == new.caFile,
                old.authorities == way.authorities || way.authorities == nil
            {
                // A file that has gone for now takes nothing away from what was read of it.
                way.transport = transport
                way.authorities = old.authorities
            } else if new.proxy == nil || way.proxy != nil {
                do {
                    way.transport = try transport(for: way)
                } catch TransportSetupError.badAuthorities {}
            }
            ways[name] = way
        }
        let adopted = ways
        state.withLock { state in
            // What another configuration has replaced meanwhile stays replaced.
            let isOld = ifGeneration.map { $0 != state.generation } ?? false
            if isOld {
                let present = Set(
                    state.ways.values.compactMap { $0.transport.map(ObjectIdentifier.init) })
                state.retired += adopted.values.compactMap(\.transport).filter { new in
                    !present.contains(ObjectIdentifier(new))
                        && !known.values.contains { $0.transport === new }
                }
                return
            }
            if ifGeneration == nil { state.generation += 1 }
            let kept = Set(adopted.values.compactMap { $0.transport.map(ObjectIdentifier.init) })
            for old in state.ways.values.compactMap(\.transport)
            where !kept.contains(ObjectIdentifier(old)) {
                state.retired.append(old)
            }
            state.ways = adopted
            state.redactions = [:]
        }
    }

    /// The connections that are configured.
    package var names: [String] { state.withLock { $0.ways.keys.sorted() } }

    /// Looks again at files of authorities: one that is there at last, or that was replaced.
    package func refresh() {
        // Proxies were accepted when the configuration was.
        let (known, generation) = state.withLock { ($0.ways, $0.generation) }
        try? adopt(known.mapValues(\.access), over: known, ifGeneration: generation)
    }

    private func authorities(of access: ConnectionAccess) -> [UInt8]? {
        access.caFile.flatMap { try? host.read($0, limit: Self.authoritiesBytesMax) }
    }

    private func transport(for way: Way) throws -> AsyncHTTPTransport {
        try AsyncHTTPTransport(
            AsyncHTTPTransportOptions(
                proxy: way.proxy.map { Secret($0) }, caFile: way.access.caFile), meter: meter)
    }

    /// The way of a connection.
    ///
    /// - Throws: why there is none: it isn't configured, or waits for a file.
    func route(to name: String) throws -> Route {
        guard let way = state.withLock({ $0.ways[name] }) else { throw Unknown(name: name) }
        guard let transport = way.transport else { throw Waiting(words: trouble(way) ?? "") }
        return Route(transport: transport, access: way.access, proxy: way.proxy, host: host)
    }

    private struct Waiting: Error, CustomStringConvertible {
        let words: String
        var description: String { words }
    }

    /// What each connection waits for, in words; none for one that has all it needs.
    var troubles: [String: String] {
        state.withLock { $0.ways }.compactMapValues { trouble($0) }
    }

    private func trouble(_ way: Way) -> String? {
        var references = [way.access.clientSecret]
        for case .secret(let reference)? in [way.access.clientID, way.access.proxy] {
            references.append(reference)
        }
        for reference in references {
            do {
                _ = try reference.resolve(host)
            } catch {
                return Self.words(of: error, reference)
            }
        }
        guard way.transport == nil, let file = way.access.caFile else { return nil }
        return "the authorities of \(file) can't be read; \(Self.goesOn)"
    }

    private static let goesOn = "starts wait, and go on by themselves once it is there"

    private static func words(
        of missing: SecretUnavailable, _ reference: SecretReference
    ) -> String {
        if missing.needsRestart {
            return "\(missing); starts wait, and a daemon that runs can't see a change of it: "
                + "set it, then restart the service (systemctl restart carillon)"
        }
        guard case .credential = reference else { return "\(missing); \(goesOn)" }
        return "\(missing); \(goesOn); systemd copies credentials at the start of the service: "
            + "put the file there that LoadCredential names, then: systemctl restart carillon"
    }

    /// What must not be seen of a connection's answers.
    ///
    /// As long as the token is the same no other secret is sent, so the forms of all secrets are
    /// worked out once a token, which was a tenth of what a start cost.
    func redaction(of name: String, token: Secret?) -> Redaction {
        if let token, let known = state.withLock({ $0.redactions[name] }), known.token == token {
            return known.redaction
        }
        // A connection that waits for its authorities sends nothing, so nothing answers.
        guard let route = try? route(to: name) else { return Redaction(token.map { [$0] } ?? []) }
        let redaction = route.redaction(token: token)
        if let token { state.withLock { $0.redactions[name] = (token, redaction) } }
        return redaction
    }

    /// Files whose change may heal a credential, by connection.
    var secretFiles: [(connection: String, path: String)] {
        let ways = state.withLock { $0.ways }
        return ways.keys.sorted().flatMap { name -> [(String, String)] in
            guard let access = ways[name]?.access else { return [] }
            var references = [access.clientSecret]
            for case .secret(let reference)? in [access.clientID, access.proxy] {
                references.append(reference)
            }
            return references.compactMap { reference in
                reference.file(host).map { (name, $0) }
            }
        }
    }

    /// Closes all transports once nothing uses them any more.
    package func shutdown() async {
        let all = state.withLock { state in
            defer { state = State() }
            return state.ways.values.compactMap(\.transport) + state.retired
        }
        for transport in all { await transport.shutdown() }
    }
}
