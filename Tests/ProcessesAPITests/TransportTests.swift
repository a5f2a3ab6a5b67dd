import Foundation
import Loopback
import ProcessesAPI
import Testing
import Timetable

@Suite("Transport against a server that breaks", .timeLimit(.minutes(30)))
struct TransportTests {
    static let created =
        "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 28\r\n"
        + "Date: Mon, 23 Nov 2026 12:00:00 GMT\r\n\r\n{\"id\":\"r1\",\"status\":\"waiting\"}"

    static func start(at url: String, timeoutMilliseconds: Int64 = 20_000) throws -> APIRequest {
        var request = try APIRequest.encoding(
            .startRun(process: "p1", sendCompleteEmail: false),
            endpoint: APIEndpoint(baseURL: url, apiVersion: "v"), token: Secret("t"),
            credential: nil)
        request.timeoutMilliseconds = timeoutMilliseconds
        return request
    }

    static func get(at url: String) throws -> APIRequest {
        try APIRequest.encoding(
            .getRun(id: "r1"), endpoint: APIEndpoint(baseURL: url, apiVersion: "v"),
            token: Secret("t"), credential: nil)
    }

    /// One exchange on a transport of its own, classified.
    static func exchange(
        _ request: APIRequest, options: AsyncHTTPTransportOptions = .init()
    ) async throws -> APIAnswer {
        try await AsyncHTTPTransport.withTransport(options) { transport in
            .decoding(
                .startRun(process: "p1", sendCompleteEmail: false), endpoint: endpoint,
                outcome: await transport.exchange(request), receivedAt: noon)
        }
    }

    @Test("A good answer is a run, and the request is what the documents ask for")
    func good() async throws {
        let length = #"{"id":"r1","status":"waiting"}"#.utf8.count
        let server = try FaultServer(
            .answer(
                "HTTP/1.1 201 Created\r\nContent-Length: \(length)\r\n"
                    + "Date: Mon, 23 Nov 2026 12:00:00 GMT\r\n\r\n"
                    + #"{"id":"r1","status":"waiting"}"#))
        defer { server.stop() }
        let answer = try await Self.exchange(Self.start(at: server.url))
        #expect(answer.run?.id == "r1")
        #expect(answer.serverDate == noon)
        #expect(server.requests == 1)
        #expect(server.text.hasPrefix("POST /processes/p1/run HTTP/1.1\r\n"))
        #expect(server.text.contains("X-Version: v\r\n"))
        #expect(server.text.contains("Authorization: Bearer t\r\n"))
        #expect(server.text.hasSuffix("\r\n\r\n{\"sendProcessCompleteEmail\":false}"))
    }

    /// A fault, how many requests arrive under it, and the failure it becomes.
    struct Fault: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var behaviour: FaultServer.Behaviour
        var status: Int?
        var kind: APIFailure.Kind = .ambiguous
        var label: String
    }

    static let faults = [
        Fault(
            testDescription: "closed after reading", behaviour: .closeAfterReading, label: "lost"),
        Fault(testDescription: "reset after reading", behaviour: .resetAfterReading, label: "lost"),
        Fault(testDescription: "never answered", behaviour: .silence, label: "deadline"),
        Fault(
            testDescription: "a byte now and then", behaviour: .drip, status: 201, label: "deadline"
        ),
        Fault(testDescription: "no HTTP", behaviour: .answer("what?\r\n\r\n"), label: "lost"),
        Fault(
            testDescription: "half a body",
            behaviour: .answer("HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{\"id\":\"r1\""),
            status: 201, label: "lost"),
        Fault(
            testDescription: "half a refusal",
            behaviour: .answer("HTTP/1.1 429 X\r\nRetry-After: 7\r\nContent-Length: 99\r\n\r\n{"),
            status: 429, label: "lost"),
        Fault(
            testDescription: "half a head",
            behaviour: .answer("HTTP/1.1 201 Created\r\nContent-Le"), label: "lost"),
        Fault(
            testDescription: "too large", behaviour: .flood(status: 201), status: 201,
            label: "body_too_large"),
        Fault(
            testDescription: "too large an error", behaviour: .flood(status: 500), status: 500,
            label: "body_too_large"),
        Fault(
            testDescription: "too large a refusal", behaviour: .flood(status: 400), status: 400,
            label: "body_too_large"),
        Fault(
            testDescription: "announced too large",
            behaviour: .answer("HTTP/1.1 201 Created\r\nContent-Length: 99999999999\r\n\r\n"),
            status: 201, label: "body_too_large"),
        Fault(
            testDescription: "said to be compressed",
            behaviour: .answer(
                "HTTP/1.1 201 X\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\u{1F}\u{0B}"),
            status: 201, label: "lost"),
        Fault(
            testDescription: "empty 201",
            behaviour: .answer("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"), status: 201,
            label: "unreadable"),
    ]

    @Test("A lost start is ambiguous, and arrived exactly once", arguments: faults)
    func fault(_ fault: Fault) async throws {
        let server = try FaultServer(fault.behaviour)
        defer { server.stop() }
        // Only what hangs is to meet the deadline, and not before its request has arrived, also on a
        // machine that is busy.
        let timeout: Int64 = fault.label == "deadline" ? 4_000 : 20_000
        let answer = try await Self.exchange(
            Self.start(at: server.url, timeoutMilliseconds: timeout))
        let failure = try #require(answer.failure)
        #expect(failure.kind == fault.kind)
        #expect(failure.label == fault.label, "\(failure.summary)")
        #expect(failure.httpStatus == fault.status)
        // The end may have been seen before the server had counted.
        #expect(await server.wait { server.requests > 0 })
        #expect(server.requests == 1)
        if fault.status == 429 { #expect(failure.hint?.delaySeconds == 7) }
    }

    @Test(
        "A connection that ends before it is read never carries a second request",
        arguments: [FaultServer.Behaviour.closeAtOnce, .resetAtOnce])
    func closedBeforeReading(_ behaviour: FaultServer.Behaviour) async throws {
        for _ in 0..<10 {
            let server = try FaultServer(behaviour)
            defer { server.stop() }
            let answer = try await Self.exchange(Self.start(at: server.url))
            // Whether the end or the request was first is a race; both readings are true then.
            #expect(answer.failure.map { $0.kind != .refused } == true)
            #expect(await server.wait { server.connections > 0 })
            #expect(server.requests == 0)
            #expect(server.connections == 1)
        }
    }

    @Test("Redirects are not followed, so the token stays")
    func redirect() async throws {
        let other = try FaultServer(.answer(Self.created))
        let server = try FaultServer(
            .answer(
                "HTTP/1.1 307 X\r\nLocation: \(other.url)/steal\r\nContent-Length: 0\r\n\r\n"))
        defer {
            server.stop()
            other.stop()
        }
        let failure = try await Self.exchange(Self.start(at: server.url)).failure
        #expect(failure?.kind == .ambiguous)
        #expect(failure?.httpStatus == 307)
        #expect(server.requests == 1)
        #expect(other.connections == 0)
    }

    @Test("Nobody listening, no such name and no TLS are certainly not sent")
    func notSent() async throws {
        let plain = try FaultServer(
            .greet("HTTP/1.1 400 X\r\n\r\n"), .closeAtOnce, .resetAtOnce, .greet(""), .silence)
        defer { plain.stop() }
        let place = try ReservedPort()
        defer { place.release() }
        let dead = place.number
        // An empty label: the resolver refuses it without asking anybody.
        let unknown = "https://no..such.name"
        let addresses =
            ["http://127.0.0.1:\(dead)", "http://localhost:\(dead)", unknown]
            + Array(repeating: "https://127.0.0.1:\(plain.port)", count: 5)
        for address in addresses {
            let answer = try await Self.exchange(
                Self.start(at: address, timeoutMilliseconds: 20_000),
                options: .init(connectTimeoutMilliseconds: 500))
            #expect(answer.failure?.kind == .notSent, "\(address): \(answer)")
            #expect(answer.failure?.isCertificate == false)
        }
        #expect(plain.requests == 0)
    }

    @Test("Plain http to another machine is refused without a word on the wire")
    func plainHTTP() async throws {
        let request = APIRequest(method: "GET", url: "http://192.0.2.1/", headers: [], body: nil)
        let answer = try await Self.exchange(request)
        #expect(answer.failure?.kind == .notSent)
    }

    @Test("Each start has a connection of its own; reads share one")
    func connections() async throws {
        let body = #"{"id":"r1","status":"waiting"}"#
        let server = try FaultServer(
            .serve("HTTP/1.1 201 X\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"))
        defer { server.stop() }
        let list = try APIRequest.encoding(
            .listProcesses(next: "a/+=b"),
            endpoint: APIEndpoint(baseURL: server.url, apiVersion: "v"), token: Secret("t"),
            credential: nil)
        try await AsyncHTTPTransport.withTransport { transport in
            for _ in 0..<3 {
                let result = try await transport.exchange(Self.start(at: server.url))
                #expect(try result.get().status == 201)
            }
            #expect(server.connections == 3)
            for _ in 0..<3 {
                let result = try await transport.exchange(Self.get(at: server.url))
                #expect(try result.get().status == 201)
            }
            #expect(server.connections == 4)
            _ = await transport.exchange(list)
            let line =
                "GET /processes?$next=a%2F%2B%3Db&$maxpagesize=1000&$orderBy=name%20asc HTTP/1.1\r\n"
            #expect(server.text.hasPrefix(line))
        }
        #expect(server.requests == 7)
    }

    @Test("Cancelling ends a read at once, and a start not at all")
    func cancellation() async throws {
        let server = try FaultServer(.silence)
        defer { server.stop() }
        let transport = try AsyncHTTPTransport()
        for isStart in [false, true] {
            let before = server.requests
            let request =
                isStart
                ? try Self.start(at: server.url, timeoutMilliseconds: 4_000)
                : try Self.get(at: server.url)
            let result = await withTaskGroup(of: Result<APIResponse, TransportFailure>?.self) {
                group in
                group.addTask { await transport.exchange(request) }
                #expect(await server.wait { server.requests == before + 1 })
                group.cancelAll()
                return await group.next() ?? nil
            }
            guard case .failure(let failure)? = result else {
                Issue.record("no failure: \(String(describing: result))")
                continue
            }
            switch failure {
            case .lost: #expect(!isStart)
            case .deadline: #expect(isStart)
            default: Issue.record("\(failure)")
            }
        }
        await transport.shutdown()
    }

    @Test("Shutting down waits for a start in flight and lets nothing new begin")
    func shutdown() async throws {
        let server = try FaultServer(.silence)
        defer { server.stop() }
        let transport = try AsyncHTTPTransport()
        let request = try Self.start(at: server.url, timeoutMilliseconds: 4_000)
        async let first = transport.exchange(request)
        #expect(await server.wait { server.requests == 1 })
        await transport.shutdown()
        if case .failure(.deadline) = await first {} else { Issue.record("the start was cut off") }
        if case .failure(.notSent) = await transport.exchange(request) {
        } else {
            Issue.record("something began after the end")
        }
        #expect(server.requests == 1)
    }

    @Test("Answers in flight are counted, and the count is given back")
    func bodiesAreMetered() async throws {
        let body = String(repeating: "x", count: 100_000)
        let server = try FaultServer(
            .serve("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n\(body)"))
        defer { server.stop() }
        let meter = BodyMeter()
        let transport = try AsyncHTTPTransport(meter: meter)
        let request = APIRequest(
            method: "GET", url: "\(server.url)/processRuns/r", headers: [], body: nil)
        for _ in 0..<3 {
            guard case .success(let response) = await transport.exchange(request) else {
                Issue.record("no answer")
                break
            }
            #expect(response.body.count == 100_000)
        }
        await transport.shutdown()
        #expect(await server.wait(until: { meter.bytesInFlight == 0 }))
    }

    @Test("A wrong proxy or authority is said in words, without its password")
    func setup() {
        #expect(throws: TransportSetupError.badProxy) {
            _ = try AsyncHTTPTransport(.init(proxy: Secret("socks://user:canary@h:1")))
        }
        #expect(throws: TransportSetupError.self) {
            _ = try AsyncHTTPTransport(.init(caFile: "/does/not/exist"))
        }
    }

    @Test("A proxy is asked to connect, with its password; its refusal means not sent")
    func proxy() async throws {
        let proxy = try FaultServer(.answer("HTTP/1.1 502 X\r\nContent-Length: 0\r\n\r\n"))
        defer { proxy.stop() }
        let answer = try await Self.exchange(
            Self.start(at: "https://api.app.wdesk.com"),
            options: .init(proxy: Secret("http://user:p%3Ass@127.0.0.1:\(proxy.port)")))
        #expect(answer.failure?.kind == .notSent)
        #expect(proxy.text.hasPrefix("CONNECT api.app.wdesk.com:443 HTTP/1.1\r\n"))
        // user:p:ss
        #expect(proxy.text.lowercased().contains("proxy-authorization: basic "))
        #expect(proxy.text.contains("dXNlcjpwOnNz"))
        #expect(!proxy.text.contains("Bearer"))
    }
}
