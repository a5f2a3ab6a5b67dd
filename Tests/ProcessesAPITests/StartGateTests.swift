import ProcessesAPI
import Synchronization
import Testing

/// A start is asked for twice whether it may still be written (docs/cluster.md, R8).
@Suite("The gate before a start", .timeLimit(.minutes(30)))
struct StartGateTests {
    /// A gate that opens so many times.
    private static func exchange(
        _ server: FaultServer, opens: Int
    ) async throws -> (outcome: Result<APIResponse, TransportFailure>, asked: Int) {
        let asked = Mutex(0)
        let request = try TransportTests.start(at: server.url)
        let outcome = try await AsyncHTTPTransport.withTransport { transport in
            await transport.exchange(request) {
                asked.withLock { asked in
                    asked += 1
                    return asked <= opens
                }
            }
        }
        return (outcome, asked.withLock(\.self))
    }

    @Test("Closed before connecting: nothing leaves, and it counts as not sent")
    func closedAtOnce() async throws {
        let server = try FaultServer(.answer(TransportTests.created))
        defer { server.stop() }
        let (outcome, asked) = try await Self.exchange(server, opens: 0)
        guard case .failure(.notSent(_, isCertificate: false)) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(asked == 1 && server.connections == 0)
    }

    @Test("Closed behind the head: no whole request arrives, and it is in doubt")
    func closedBehindTheHead() async throws {
        let server = try FaultServer(.answer(TransportTests.created))
        defer { server.stop() }
        let (outcome, asked) = try await Self.exchange(server, opens: 1)
        guard case .failure(.lost(let words)) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(words == "the lease of this node was over before the request's body was sent")
        #expect(asked == 2 && server.requests == 0)
    }

    @Test("Open: the request is the same as without a gate")
    func open() async throws {
        let server = try FaultServer(.answer(TransportTests.created))
        defer { server.stop() }
        let (outcome, asked) = try await Self.exchange(server, opens: 2)
        let gated = server.text
        let plain = try FaultServer(.answer(TransportTests.created))
        defer { plain.stop() }
        _ = try await TransportTests.exchange(TransportTests.start(at: plain.url))
        guard case .success(let response) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        func lines(_ text: String) -> [String] {
            text.split(separator: "\r\n").map(String.init)
                .filter { !$0.lowercased().hasPrefix("host:") }.sorted()
        }
        #expect(response.status == 201 && asked == 2)
        #expect(lines(gated) == lines(plain.text))
    }
}
