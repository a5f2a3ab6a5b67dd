import Foundation
import Loopback
import ProcessesAPI
import Testing

/// A TLS server by `openssl s_server`, with a certificate of its own making.
final class OpenSSLServer {
    var port: Int { place.number }
    private let place: ReservedPort
    let certificate: String
    private let process = Process()
    private let folder: URL

    static let isInstalled = FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")

    /// Starts the server, which accepts a moment later.
    init(name: String) throws {
        place = try ReservedPort()
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("carillon-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        certificate = folder.appendingPathComponent("cert.pem").path
        let key = folder.appendingPathComponent("key.pem").path
        let making = Process()
        making.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        making.arguments = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=\(name)",
            "-addext", "subjectAltName=DNS:\(name)",
        ]
        making.standardError = FileHandle.nullDevice
        try making.run()
        making.waitUntilExit()

        process.executableURL = making.executableURL
        process.arguments = [
            "s_server", "-accept", "127.0.0.1:\(port)", "-cert", certificate, "-key", key, "-www",
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }

    func stop() {
        kill(process.processIdentifier, SIGKILL)
        place.release()
        try? FileManager.default.removeItem(at: folder)
    }
}

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
