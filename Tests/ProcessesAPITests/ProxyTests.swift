import Loopback
import ProcessesAPI
import Testing

/// A real proxy that demands a login, before a real TLS server with an authority of its own.
@Suite(
    "Authenticated proxies", .timeLimit(.minutes(30)), .serialized,
    .enabled(if: OpenSSLServer.isInstalled, "needs /usr/bin/openssl"))
struct ProxyTests {
    private static func get(
        _ server: OpenSSLServer, through proxy: ConnectProxy, login: String, caFile: String?
    ) async throws -> Result<APIResponse, TransportFailure> {
        let request = APIRequest(
            method: "GET", url: "https://localhost:\(server.port)/", headers: [], body: nil,
            timeoutMilliseconds: 30_000)
        let address = Secret("http://\(login)127.0.0.1:\(proxy.port)")
        return try await AsyncHTTPTransport.withTransport(
            .init(proxy: address, caFile: caFile)
        ) { await $0.exchange(request) }
    }

    @Test("The login opens the tunnel, TLS goes through it, and the authority is still asked")
    func login() async throws {
        let server = try OpenSSLServer(name: "localhost")
        defer { server.stop() }
        // It is there once it answers without the proxy.
        _ = try await TLSTests.get(server.port, caFile: server.certificate)
        // user:p:ss, as its secret has it: http://user:p%3Ass@…
        let proxy = try ConnectProxy(authorization: "Basic dXNlcjpwOnNz", to: server.port)
        defer { proxy.stop() }
        let good = try await Self.get(
            server, through: proxy, login: "user:p%3Ass@", caFile: server.certificate)
        #expect(try good.get().status == 200)
        #expect(proxy.requests == ["CONNECT localhost:\(server.port) HTTP/1.1: 200"])
        let stranger = try await Self.get(
            server, through: proxy, login: "user:p%3Ass@", caFile: nil)
        guard case .failure(.notSent(let reason, true)) = stranger else {
            Issue.record("through a proxy an unknown authority was trusted: \(stranger)")
            return
        }
        #expect(reason.contains("certificate is not trusted"))
    }

    @Test("A wrong login and none are said, as not sent", arguments: ["user:wrong@", ""])
    func refused(login: String) async throws {
        let server = try OpenSSLServer(name: "localhost")
        defer { server.stop() }
        let proxy = try ConnectProxy(authorization: "Basic dXNlcjpwOnNz", to: server.port)
        defer { proxy.stop() }
        let result = try await Self.get(
            server, through: proxy, login: login, caFile: server.certificate)
        guard case .failure(.notSent(let reason, _)) = result else {
            Issue.record("the proxy let it through: \(result)")
            return
        }
        #expect(reason.contains("the proxy wants a user and password"))
        #expect(!reason.contains("wrong"))
    }
}
