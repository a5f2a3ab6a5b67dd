import Logging
import NIOCore
import NIOPosix
import ProcessesAPI
import Sandbox
import ServiceLifecycle
import Synchronization
import Testing
import Timetable

@Suite(.timeLimit(.minutes(30))) struct ServerTests {
    /// Serves a world for as long as the body takes; the clock and the waiting are the test's.
    private func serving(
        _ scenario: Scenario,
        sleep: @escaping @Sendable (Int64) async throws -> Void = { _ in },
        _ body: (Int, SharedSandbox) async throws -> Void
    ) async throws {
        let sandbox = SharedSandbox(SandboxState(seed: 3, scenario: scenario))
        let (ports, port) = AsyncStream<Int>.makeStream()
        let server = SandboxServer(
            sandbox, now: { epoch }, sleep: sleep, logger: Logger(label: "test"),
            listening: { port.yield($0) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            var iterator = ports.makeAsyncIterator()
            let number = try #require(await iterator.next())
            #expect(number > 0)
            try await body(number, sandbox)
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    /// Writes bytes to a fresh connection and reads until its other end closes it.
    private func raw(_ port: Int, _ text: String) async throws -> String {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: text))
            var received = ByteBuffer()
            for try await var part in inbound { received.writeBuffer(&part) }
            return String(buffer: received)
        }
    }

    private func request(
        _ method: String, _ path: String, token: String? = nil, body: String = "",
        type: String = "application/json", close: Bool = true
    ) -> String {
        "\(method) \(path) HTTP/1.1\r\nHost: localhost:1\r\nX-Version: \(preview)\r\n"
            + (token.map { "Authorization: Bearer \($0)\r\n" } ?? "")
            + (close ? "Connection: close\r\n" : "")
            + "Content-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private func token(_ port: Int) async throws -> String {
        let answer = try await raw(
            port,
            request(
                "POST", "/oauth2/token",
                body:
                    "grant_type=client_credentials&client_id=sandbox-client&client_secret=sandbox-secret",
                type: "application/x-www-form-urlencoded"))
        return try #require(answer.quoted(after: #""access_token":""#))
    }

    @Test func theWholePathOverLoopback() async throws {
        try await serving(scenario([process("a"), process("b")])) { port, sandbox in
            let token = try await token(port)
            let list = try await raw(
                port, request("GET", "/processes?$maxpagesize=1&$orderBy=name", token: token))
            #expect(list.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(list.contains("Date: Thu, 28 May 2026 20:26:40 GMT\r\n"))
            #expect(list.components(separated: "Date: ") == 2)
            #expect(list.contains(#""@nextLink":"http://localhost:1/processes?%24next="#))
            let start = try await raw(
                port, request("POST", "/processes/a/run", token: token, body: "{}"))
            #expect(start.hasPrefix("HTTP/1.1 201 Created\r\n"))
            let run = try #require(sandbox.withState { $0.runs.first })
            #expect(start.contains(#"{"id":"\#(run.id)""#))
            let read = try await raw(port, request("GET", "/processRuns/\(run.id)", token: token))
            #expect(read.contains(#""status":"running""#))
            #expect(sandbox.withState { $0.log.requests } == 4)
        }
    }

    @Test func aConnectionServesSeveralRequests() async throws {
        try await serving(scenario([process("a")])) { port, _ in
            let token = try await token(port)
            let two = try await raw(
                port,
                request("GET", "/processes", token: token, close: false)
                    + request("GET", "/processes/a", token: token))
            #expect(two.components(separated: "HTTP/1.1 200 OK") == 3)
        }
    }

    @Test func lostAnswersReallyLoseTheConnection() async throws {
        try await serving(scenario([process("a")])) { port, sandbox in
            let token = try await token(port)
            let start = request("POST", "/processes/a/run", token: token, body: "{}", close: false)
            sandbox.withState { $0.inject(.next(.lostAfter())) }
            #expect(try await raw(port, start) == "")
            #expect(sandbox.withState { $0.runs.count } == 1)
            sandbox.withState { $0.inject(.next(.lostBefore)) }
            #expect(try await raw(port, start) == "")
            #expect(sandbox.withState { $0.runs.count } == 1)
            sandbox.withState { $0.inject(.next(.answer(.cut))) }
            let cut = try await raw(port, start)
            let parts = cut.split(separator: "\r\n\r\n", maxSplits: 1)
            let length = cut.split(separator: "Content-Length: ").last?.prefix { $0.isNumber }
            let promised = try #require(length.flatMap { Int($0) })
            #expect(parts.count == 2 && parts[1].utf8.count == promised / 2)
            #expect(sandbox.withState { $0.runs.count } == 2)
            #expect(sandbox.withState { $0.log.lost } == 2)
        }
    }

    @Test func theHeadersOfAFaultArriveAsTheyAre() async throws {
        try await serving(scenario([process("a")])) { port, sandbox in
            var fault = Fault.error(503, acts: false)
            fault.headers = [("Retry-After", "7"), ("Retry-After", "banana")]
            fault.hidesDate = true
            sandbox.withState { $0.inject(.next(fault)) }
            let answer = try await raw(port, request("GET", "/processes"))
            #expect(answer.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
            #expect(answer.contains("Retry-After: 7\r\n"))
            #expect(answer.contains("Retry-After: banana\r\n"))
            #expect(!answer.contains("Date:"))
        }
    }

    @Test func lateAnswersWaitForTheGivenSleep() async throws {
        let slept = Mutex<[Int64]>([])
        let sleep: @Sendable (Int64) async throws -> Void = { milliseconds in
            slept.withLock { $0.append(milliseconds) }
        }
        try await serving(scenario([process("a")]), sleep: sleep) { port, sandbox in
            let token = try await token(port)
            sandbox.withState { $0.inject(.next(.slow(40_000))) }
            let late = try await raw(port, request("GET", "/processes", token: token))
            #expect(late.hasPrefix("HTTP/1.1 200 OK"))
            // Longer than anybody waits: broken off.
            sandbox.withState { $0.inject(.next(.slow(1_000_000))) }
            #expect(try await raw(port, request("GET", "/processes", token: token)) == "")
        }
        #expect(slept.withLock { $0 } == [40_000, 120_000])
    }

    @Test func aGracefulShutdownDoesNotWaitForLateAnswers() async throws {
        let sandbox = SharedSandbox(SandboxState(seed: 3, scenario: scenario([process("a")])))
        sandbox.withState { $0.inject(.next(.slow(60_000))) }
        let (ports, port) = AsyncStream<Int>.makeStream()
        let (waits, waiting) = AsyncStream<Void>.makeStream()
        let (never, forever) = AsyncStream<Void>.makeStream()
        let server = SandboxServer(
            sandbox, now: { epoch },
            sleep: { _ in
                waiting.yield()
                for await _ in never {}
                try Task.checkCancellation()
            }, logger: Logger(label: "test"), listening: { port.yield($0) })
        let service = ServerService(server: server)
        let services = ServiceGroup(services: [service], logger: Logger(label: "test"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            var iterator = ports.makeAsyncIterator()
            let number = try #require(await iterator.next())
            let text = request("GET", "/processes", close: false)
            group.addTask {
                let answer = try await raw(number, text)
                #expect(answer == "")
            }
            var arrivals = waits.makeAsyncIterator()
            _ = await arrivals.next()
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
        forever.finish()
    }

    private struct ServerService: Service {
        let server: SandboxServer
        func run() async throws { try await server.run() }
    }
}

extension String {
    /// In how many parts a separator divides the text.
    func components(separated separator: String) -> Int {
        split(separator: separator, omittingEmptySubsequences: false).count
    }
}
