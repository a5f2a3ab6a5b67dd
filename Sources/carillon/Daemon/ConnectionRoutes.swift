import Config
import Console
import Engine
import ProcessesAPI
import Synchronization

/// How each connection's requests get out: its transport and its credential.
final class ConnectionRoutes: Sendable {
    /// One connection's way.
    struct Route: Sendable {
        let transport: AsyncHTTPTransport
        let access: ConnectionAccess
        /// The proxy as the transport has it, login included.
        let proxy: String?
        let host: any HostReading

        /// The credential as it is now: a rotated secret file heals without a restart.
        func credential() throws -> APICredential {
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

    private struct State {
        var routes: [String: Route] = [:]
        var retired: [AsyncHTTPTransport] = []
    }
    private let state = Mutex(State())
    private let host: any HostReading
    private let meter = BodyMeter()

    init(host: any HostReading) {
        self.host = host
    }

    /// Takes the accesses of a configuration over; transports whose options are unchanged stay.
    ///
    /// - Throws: `TransportSetupError` for a bad proxy or CA file, `SecretUnavailable` for a proxy
    ///   whose secret can't be had; nothing has changed then.
    func adopt(_ access: [String: ConnectionAccess]) throws {
        let known = state.withLock { $0.routes }
        var routes: [String: Route] = [:]
        for name in access.keys.sorted() {
            guard let new = access[name] else { continue }
            let proxy = try new.proxy?.resolve(host)
            if let old = known[name], old.proxy == proxy, old.access.caFile == new.caFile,
                old.access.caContent == new.caContent
            {
                routes[name] = Route(
                    transport: old.transport, access: new, proxy: proxy, host: host)
                continue
            }
            let transport = try AsyncHTTPTransport(
                AsyncHTTPTransportOptions(
                    proxy: proxy.map { Secret($0) }, caFile: new.caFile), meter: meter)
            routes[name] = Route(transport: transport, access: new, proxy: proxy, host: host)
        }
        let adopted = routes
        state.withLock { state in
            let kept = Set(adopted.values.map { ObjectIdentifier($0.transport) })
            for old in state.routes.values
            where !kept.contains(ObjectIdentifier(old.transport)) {
                state.retired.append(old.transport)
            }
            state.routes = adopted
        }
    }

    /// The way of a connection.
    func route(to name: String) throws -> Route {
        guard let route = state.withLock({ $0.routes[name] }) else { throw Unknown(name: name) }
        return route
    }

    /// What must not be seen of a connection's answers.
    func redaction(of name: String, token: Secret?) -> Redaction {
        let route = state.withLock { $0.routes[name] }
        return route?.redaction(token: token) ?? Redaction(token.map { [$0] } ?? [])
    }

    /// Files whose change may heal a credential, by connection.
    var secretFiles: [(connection: String, path: String)] {
        let routes = state.withLock { $0.routes }
        return routes.keys.sorted().flatMap { name -> [(String, String)] in
            guard let access = routes[name]?.access else { return [] }
            var references = [access.clientSecret]
            for case .secret(let reference)? in [access.clientID, access.proxy] {
                references.append(reference)
            }
            return references.compactMap { reference in
                guard case .file(let path) = reference else { return nil }
                return (name, path)
            }
        }
    }

    /// Closes all transports once nothing uses them any more.
    func shutdown() async {
        let all = state.withLock { state in
            defer { state = State() }
            return state.routes.values.map(\.transport) + state.retired
        }
        for transport in all { await transport.shutdown() }
    }
}
