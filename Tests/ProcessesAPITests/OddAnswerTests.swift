import ProcessesAPI
import Sandbox
import Testing

/// What the client library must survive, over real sockets.
@Suite("Odd statuses and compressed bodies", .timeLimit(.minutes(30)))
struct OddAnswerTests {
    /// Heads, and the status that is seen behind them: nil where there is none.
    static let heads: [(head: String, status: Int?)] = [
        ("HTTP/1.1 000 X\r\nContent-Length: 2", nil), ("HTTP/1.1 099 X\r\nContent-Length: 2", nil),
        ("HTTP/1.1 001", nil), ("HTTP/1.0 000 X", nil), ("HTTP/1.1 0 X", nil),
        ("HTTP/1.1 20 X", nil),
        ("HTTP/1.1 000 X\r\nTransfer-Encoding: chunked", nil), ("HTTP/1.1 -1 X", nil),
        ("HTTP/1.1 1000 X", nil), ("HTTP/1.1 2o1 X", nil), ("HTTP/1.1  X", nil),
        ("HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: upgrade", 101),
        ("HTTP/1.1 101 X", 101), ("HTTP/1.1 199 X", nil),
        ("HTTP/1.1 600 X\r\nContent-Length: 2", 600), ("HTTP/1.1 999 X\r\nContent-Length: 2", 999),
        ("HTTP/1.1 100 X\r\n\r\nHTTP/1.1 000 X\r\nContent-Length: 2", nil),
        ("HTTP/1.1 102 X\r\n\r\nHTTP/1.1 103 X\r\n\r\nHTTP/1.1 500 X\r\nContent-Length: 2", 500),
    ]

    @Test("No status ends the process; each leaves a start in doubt", arguments: heads.indices)
    func oddStatus(index: Int) async throws {
        let (head, status) = Self.heads[index]
        let server = try FaultServer(.answer("\(head)\r\n\r\n{}"))
        defer { server.stop() }
        let start = try TransportTests.start(at: server.url, timeoutMilliseconds: 20_000)
        let failure = try await TransportTests.exchange(start).failure
        #expect(failure?.kind == .ambiguous, "\(head)")
        if let status { #expect(failure?.httpStatus == status, "\(head)") }
        if head.hasPrefix("HTTP/1.1 0") && !head.hasPrefix("HTTP/1.1 0 ") {
            #expect(
                failure?.summary.contains("which is no HTTP status") == true,
                "\(failure?.summary ?? "")")
        }
        // The other connections of this process go on.
        let good = try FaultServer(
            .answer("HTTP/1.1 201 X\r\nContent-Length: 11\r\n\r\n{\"id\":\"r1\"}"))
        defer { good.stop() }
        #expect(try await TransportTests.exchange(TransportTests.start(at: good.url)).run != nil)
    }

    @Test(
        "What a proxy answers to CONNECT ends nothing but the request",
        arguments: [
            "000 X", "099 X", "100 X", "101 X", "204 X", "302 X", "407 X", "600 X", "999 X",
        ])
    func proxy(line: String) async throws {
        let server = try FaultServer(
            .answer("HTTP/1.1 \(line)\r\nContent-Length: 2\r\n\r\n{}"))
        defer { server.stop() }
        let start = try TransportTests.start(
            at: "https://api.example.invalid", timeoutMilliseconds: 3_000)
        let failure = try await TransportTests.exchange(
            start,
            options: .init(
                proxy: Secret("http://127.0.0.1:\(server.port)"),
                connectTimeoutMilliseconds: 2_000)
        ).failure
        #expect(failure.map { $0.kind != .refused } == true)
    }

    @Test("A flood of interim answers ends at the deadline")
    func interimFlood() async throws {
        let flood = String(repeating: "HTTP/1.1 100 X\r\n\r\n", count: 50_000)
        let server = try FaultServer(.answer(flood + "HTTP/1.1 000 X\r\n\r\n"))
        defer { server.stop() }
        let start = try TransportTests.start(at: server.url, timeoutMilliseconds: 20_000)
        #expect(try await TransportTests.exchange(start).failure?.kind == .ambiguous)
    }

    @Test("A run in a compressed answer is read", arguments: ["gzip", "GZIP", "deflate"])
    func compressed(coding: String) async throws {
        let body = Gzip.stored(Array(#"{"id":"r1","status":"waiting"}"#.utf8))
        let head =
            "HTTP/1.1 201 X\r\nContent-Type: application/json\r\nContent-Encoding: \(coding)\r\n"
            + "Content-Length: \(body.count)\r\n\r\n"
        let server = try FaultServer(.answerBytes(head, body))
        defer { server.stop() }
        let answer = try await TransportTests.exchange(TransportTests.start(at: server.url))
        #expect(answer.run?.id == "r1")
        #expect(server.text.lowercased().contains("accept-encoding: identity\r\n"))
    }

    @Test("A small answer that becomes a large one is unpacked no further than any answer is read")
    func bomb() async throws {
        let body = Self.bomb(bytes: 200 << 20)
        for (status, label) in [(201, "lost"), (500, "body_too_large")] {
            let head =
                "HTTP/1.1 \(status) X\r\nContent-Encoding: gzip\r\n"
                + "Content-Length: \(body.count)\r\n\r\n"
            let server = try FaultServer(.answerBytes(head, body))
            defer { server.stop() }
            let start = try TransportTests.start(at: server.url, timeoutMilliseconds: 30_000)
            let failure = try await TransportTests.exchange(start).failure
            #expect(failure?.kind == .ambiguous)
            #expect(failure?.label == label, "\(failure?.summary ?? "")")
            if status == 201 {
                #expect(failure?.summary.contains("compressed though not asked for") == true)
            }
        }
    }

    /// One letter, and "the last 258 bytes again" for as often as it takes (RFC 1951, 3.2.6).
    private static func bomb(bytes: Int) -> [UInt8] {
        var packed: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
        var bits = 0
        var count = 0
        func put(_ word: String) {
            for digit in word.utf8 {
                bits |= (digit == UInt8(ascii: "1") ? 1 : 0) << count
                count += 1
                if count == 8 {
                    packed.append(UInt8(bits))
                    bits = 0
                    count = 0
                }
            }
        }
        put("110")
        put("10101000")
        for _ in 0..<(bytes / 258) { put("1100010100000") }
        put("0000000")
        put("0000000")
        return packed
    }
}
