import Foundation
import Loopback
import ProcessesAPI
import Testing

@Suite(
    "TLS", .timeLimit(.minutes(30)), .serialized,
    .enabled(if: OpenSSLServer.isInstalled, "needs /usr/bin/openssl"))
struct TLSTests {
    static func get(_ port: Int, caFile: String?) async throws
        -> Result<APIResponse, TransportFailure>
    {
        let request = APIRequest(
            method: "GET", url: "https://localhost:\(port)/", headers: [], body: nil,
            timeoutMilliseconds: 30_000)
        return try await AsyncHTTPTransport.withTransport(.init(caFile: caFile)) { transport in
            for _ in 0..<6_000 {
                let result = await transport.exchange(request)
                // The server isn't there yet.
                guard case .failure(.notSent(_, false)) = result else { return result }
                try await Task.sleep(nanoseconds: 10_000_000)
            }
            return await transport.exchange(request)
        }
    }

    @Test("A certificate is trusted only through the configured authorities")
    func trust() async throws {
        let server = try OpenSSLServer(name: "localhost")
        defer { server.stop() }
        #expect(try await Self.get(server.port, caFile: server.certificate).get().status == 200)
        guard
            case .failure(.notSent(let reason, true)) = try await Self.get(server.port, caFile: nil)
        else {
            Issue.record("an unknown authority was trusted")
            return
        }
        #expect(reason.contains("certificate is not trusted"))
    }

    @Test("A certificate for another name is refused")
    func name() async throws {
        let server = try OpenSSLServer(name: "elsewhere.example")
        defer { server.stop() }
        let result = try await Self.get(server.port, caFile: server.certificate)
        guard case .failure(.notSent(_, true)) = result else {
            Issue.record("another name was trusted: \(result)")
            return
        }
    }
}
