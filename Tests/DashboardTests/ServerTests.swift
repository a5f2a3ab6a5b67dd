import AsyncHTTPClient
import Dashboard
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Testing
import Timetable

/// Runs a service, calls the story once it has said that it runs, and stops it gracefully.
func during<Value: Sendable>(
    _ make: (@escaping @Sendable (Int) -> Void) throws -> any Service,
    _ story: (Int) async throws -> Value
) async throws -> Value {
    let (running, announce) = AsyncStream.makeStream(of: Int.self)
    let service = try make { announce.yield($0) }
    let group = ServiceGroup(services: [service], logger: quiet)
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask {
            defer { announce.finish() }
            try await group.run()
        }
        var port: Int?
        for await announced in running {
            port = announced
            break
        }
        guard let port else {
            try await tasks.waitForAll()
            throw CancellationError()
        }
        let value = try await story(port)
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
        return value
    }
}

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Status, headers and body of one request on a connection of its own.
func send(
    _ method: HTTPMethod = .GET, _ url: String, host: String? = nil, body: [UInt8]? = nil
) async throws -> (status: Int, headers: HTTPHeaders, body: String) {
    var request = HTTPClientRequest(url: url)
    request.method = method
    request.headers.add(name: "Connection", value: "close")
    if let host { request.headers.add(name: "Host", value: host) }
    if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(120))
    let bytes = try await response.body.collect(upTo: 1 << 20)
    return (Int(response.status.code), response.headers, String(buffer: bytes))
}

@Suite("The control socket")
struct ControlServerTests {
    /// A folder of its own, short enough for a socket's path.
    private let folder: String

    init() throws {
        folder = "/tmp/carillon-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    }

    private var path: String { folder + "/control.sock" }

    private var url: String {
        "http+unix://" + path.replacingOccurrences(of: "/", with: "%2F") + "/commands"
    }

    private func server(
        _ announce: @escaping @Sendable (Int) -> Void,
        perform: @escaping @Sendable (ControlRequest) async -> ControlResponse = { _ in
            ControlResponse(status: 200, body: [])
        }
    ) -> ControlServer {
        ControlServer(path: path, logger: quiet, onRunning: { announce(0) }, perform: perform)
    }

    @Test("A command arrives with the sender's user id, and the answer goes back")
    func command() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let answer = try await during {
            server($0) { request in
                let text = String(decoding: request.command, as: UTF8.self)
                return ControlResponse(
                    status: 409, body: Array("[\"\(text)\",\(request.peerUID)]".utf8))
            }
        } _: { _ in
            try await send(.POST, url, body: Array("reload".utf8))
        }
        #expect(answer.status == 409)
        #expect(answer.body == "[\"reload\",\(getuid())]")
        #expect(answer.headers["content-type"] == ["application/json"])
    }

    @Test("The socket is for owner and group, and is gone after the stop")
    func mode() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (mode, files) = try await during {
            server($0)
        } _: { _ in
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            return (
                (attributes[.posixPermissions] as? NSNumber)?.intValue,
                try FileManager.default.contentsOfDirectory(atPath: folder)
            )
        }
        #expect(mode == 0o660)
        #expect(files == ["control.sock"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
    }

    @Test("A live socket is not taken over, and goes on serving")
    func alreadyServed() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let status = try await during {
            server($0)
        } _: { _ in
            await #expect(
                throws: ControlSocketError(path: path, cause: "another daemon answers on it")
            ) {
                try await server({ _ in }).run()
            }
            return try await send(.POST, url, body: []).status
        }
        #expect(status == 200)
    }

    @Test("The socket of a killed daemon, and its half-made folder, are replaced")
    func stale() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let staging = path + ".d"
        try FileManager.default.createDirectory(atPath: staging, withIntermediateDirectories: false)
        // A bound socket whose owner never listens, as after kill -9.
        let socket = try await ServerSocketFile.leave(at: path)
        #expect(socket)
        let status = try await during {
            server($0)
        } _: { _ in
            try await send(.POST, url, body: []).status
        }
        #expect(status == 200)
    }

    @Test("A file that is no socket is left alone")
    func foreignFile() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try "precious".write(toFile: path, atomically: false, encoding: .utf8)
        await #expect(
            throws: ControlSocketError(path: path, cause: "the file there is not a socket")
        ) {
            try await server({ _ in }).run()
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
    }

    @Test("A folder that is missing is an error with the system's reason")
    func missingFolder() async throws {
        try FileManager.default.removeItem(atPath: folder)
        let error = await #expect(throws: ControlSocketError.self) {
            try await server({ _ in }).run()
        }
        #expect(error?.cause.contains("No such file or directory") == true)
    }

    @Test("Too much, and anything but POST /commands, is refused")
    func refused() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let statuses = try await during {
            server($0)
        } _: { _ in
            let most = [UInt8](repeating: 32, count: ControlServer.commandBytesMax)
            return [
                try await send(.POST, url, body: most).status,
                try await send(.POST, url, body: most + [32]).status,
                try await send(.GET, url).status,
                try await send(.POST, url + "/x", body: []).status,
            ]
        }
        #expect(statuses == [200, 413, 405, 404] || statuses == [200, 413, 404, 404])
    }
}

@Suite("The dashboard's server")
struct DashboardServerTests {
    private struct Source: DashboardSource {
        struct Broken: Error {}
        var isBroken = false
        var lastTurnAt: Instant? = Samples.now.adding(milliseconds: -2_000)
        var failure: String?

        func overview(_ filter: OverviewFilter) async throws -> DashboardOverview {
            if isBroken { throw Broken() }
            var overview = Samples.overview
            overview.filter = filter
            return overview
        }
        func schedule(name: String) async throws -> DashboardSchedule? {
            name == "gl-refresh" ? Samples.schedule : nil
        }
        func slot(id: Int64) async throws -> DashboardSlot? { id == 4711 ? Samples.slot : nil }
        func errors(before: Instant?) async throws -> DashboardLog {
            var errors = Samples.errors
            if before != nil { errors.events = [] }
            return errors
        }
        func connection(name: String) async throws -> DashboardConnection? { Samples.connection }
        func audit(before: Instant?) async throws -> DashboardLog { Samples.errors }
        func windows() async throws -> DashboardWindows { .init(rules: [], now: Samples.now) }
        func calendar() async throws -> DashboardCalendar {
            DashboardCalendar(rules: [], now: Samples.now, zone: nil)
        }
        func run(id: String) async throws -> DashboardRun? {
            id == Samples.run.line.runID ? Samples.run : nil
        }
        func metrics() async throws -> [MetricFamily] {
            [MetricFamily("runs_in_flight", .gauge, help: "Open runs.", samples: [.init(2)])]
        }
        func health() async -> DashboardHealth {
            DashboardHealth(now: Samples.now, lastTurnAt: lastTurnAt, failure: failure)
        }
    }

    private func serving<Value: Sendable>(
        _ source: Source = Source(), front: DashboardFront = DashboardFront(),
        _ story: (String) async throws -> Value
    ) async throws -> Value {
        try await during { announce in
            try DashboardServer(
                host: "127.0.0.1", port: 0, front: front, source: source, logger: quiet,
                onRunning: { announce($0) })
        } _: { port in
            try await story("http://127.0.0.1:\(port)")
        }
    }

    @Test("Pages, metrics and health are served, with headers that allow no script")
    func pages() async throws {
        try await serving { base in
            let front = try await send(.GET, base + "/")
            #expect(front.status == 200)
            #expect(front.body.contains("gl-refresh"))
            #expect(front.headers["content-type"] == ["text/html; charset=utf-8"])
            let policy = front.headers["content-security-policy"].first ?? ""
            #expect(policy.hasPrefix("default-src 'none'; style-src 'self'"))
            #expect(front.headers["x-content-type-options"] == ["nosniff"])
            #expect(front.headers["cache-control"] == ["no-store"])

            let run = try await send(.GET, base + "/runs/" + Samples.run.line.runID)
            #expect(run.status == 200)
            #expect(run.body.contains("Refresh the trial balance"))

            let schedule = try await send(.GET, base + "/schedules/gl-refresh")
            #expect(schedule.body.contains("half of the last 3 took up to 30 min"))
            let slot = try await send(.GET, base + "/slots/4711")
            #expect(slot.body.contains("is held until a person decides"))
            #expect(try await send(.GET, base + "/errors").body.contains("startProcess 500"))
            let older = try await send(.GET, base + "/errors?before=2026-11-24T05:00:00Z")
            #expect(older.body.contains("No error."))
            #expect(try await send(.GET, base + "/audit").body.contains("<h2 id=\"log\">Audit"))
            #expect(try await send(.GET, base + "/calendar").body.contains("2026-11-24"))
            #expect(try await send(.GET, base + "/windows").body.contains("No schedule keeps"))
            let filtered = try await send(.GET, base + "/?q=a%26b&tag=close&state=trouble&page=2")
            #expect(filtered.body.contains("value=\"a&amp;b\""))
            #expect(
                filtered.body.contains(
                    "href=\"/?q=a%26b&amp;tag=close&amp;state=trouble&amp;page=1"))

            let metrics = try await send(.GET, base + "/metrics")
            #expect(metrics.body.hasSuffix("carillon_runs_in_flight 2\n"))
            #expect(metrics.headers["content-type"] == [PrometheusText.contentType])

            let health = try await send(.GET, base + "/healthz")
            #expect(health.status == 200)
            #expect(health.body == "ok: last turn 2 s ago\n")

            #expect(try await send(.GET, base + "/style.css").status == 200)
            #expect(try await send(.GET, base + "/icon.svg").body.hasPrefix("<svg"))
        }
    }

    @Test("What is not there is 404 in words, what can't be read is 503")
    func failures() async throws {
        try await serving { base in
            let run = try await send(.GET, base + "/runs/nope")
            #expect(run.status == 404 && !run.body.contains("as of"))
            #expect(run.body.contains("There is nothing at this address."))
            for path in [
                "/nope", "/schedules/nope", "/slots/1", "/slots/x", "/slots/99999999999999999999",
            ] {
                #expect(try await send(.GET, base + path).status == 404, "at \(path)")
            }
            #expect(try await send(.GET, base + "/runs/%3Cscript%3E").status == 404)
        }
        try await serving(Source(isBroken: true)) { base in
            let front = try await send(.GET, base + "/")
            #expect(front.status == 503)
            #expect(front.body.contains("The ledger can&#39;t be read just now"))
            #expect(!front.body.contains("Broken"))
        }
    }

    @Test("Behind a proxy: its host name is served, and every link has its path")
    func behindProxy() async throws {
        let front = DashboardFront(base: "/carillon", hosts: ["carillon.example.com"])
        try await serving(front: front) { base in
            for path in ["/", "/carillon", "/carillon/", "/carillon/schedules/gl-refresh"] {
                let page = try await send(.GET, base + path, host: "Carillon.example.com:443")
                #expect(page.status == 200, "at \(path)")
                let links = page.body.matches(of: #/(href|src|action)="([^"]*)"/#).map {
                    $0.output.2
                }
                #expect(links.count > 4)
                #expect(links.allSatisfy { $0.hasPrefix("/carillon/") }, "at \(path): \(links)")
            }
            #expect(
                try await send(.GET, base + "/", host: "carillon.example.com.evil.com").status
                    == 421)
            #expect(try await send(.GET, base + "/carillon/healthz").status == 200)
        }
        try await serving { base in
            let unnamed = try await send(.GET, base + "/", host: "carillon.example.com")
            #expect(unnamed.status == 421)
        }
    }

    @Test("HEAD is answered like GET, without a body")
    func head() async throws {
        try await serving { base in
            for path in ["/", "/healthz", "/readyz", "/metrics"] {
                let answer = try await send(.HEAD, base + path)
                #expect(answer.status == 200, "at \(path)")
                #expect(answer.body.isEmpty)
            }
        }
    }

    @Test("Health is bad without a recent turn")
    func health() async throws {
        for lastTurnAt in [nil, Samples.now.adding(milliseconds: -30_001)] {
            try await serving(Source(lastTurnAt: lastTurnAt)) { base in
                let health = try await send(.GET, base + "/healthz")
                #expect(health.status == 503)
                #expect(health.body.hasPrefix("stalled: last turn "))
            }
        }
    }

    @Test("Ready from the first turn on, as long as turns can be written")
    func ready() async throws {
        for (source, status, body) in [
            (Source(lastTurnAt: nil), 503, "not ready: no turn yet\n"),
            (Source(failure: "disk full"), 503, "not ready: disk full\n"),
            (Source(lastTurnAt: Samples.now.adding(milliseconds: -60_000)), 200, "ready\n"),
        ] {
            try await serving(source) { base in
                let answer = try await send(.GET, base + "/readyz")
                #expect(answer.status == status && answer.body == body, "\(answer.body)")
            }
        }
    }

    @Test("Health is bad, and says why, while turns can't be written")
    func failing() async throws {
        try await serving(Source(failure: "database or disk is full")) { base in
            let health = try await send(.GET, base + "/healthz")
            #expect(health.status == 503)
            #expect(
                health.body
                    == "failing: nothing is sent: database or disk is full; last turn 2 s ago\n")
        }
    }

    @Test("Other methods and foreign host names are refused")
    func refused() async throws {
        try await serving { base in
            for method in [HTTPMethod.POST, .PUT, .DELETE, .OPTIONS] {
                let answer = try await send(method, base + "/")
                #expect(answer.status == 405)
                #expect(answer.headers["allow"] == ["GET, HEAD"])
            }
            let rebound = try await send(.GET, base + "/", host: "127.evil.com")
            #expect(rebound.status == 421)
            #expect(!rebound.body.contains("gl-refresh"))
            #expect(rebound.headers["content-security-policy"].count == 1)
            #expect(try await send(.GET, base + "/", host: "localhost:1").status == 200)
        }
    }

    @Test(
        "An address that others could reach is refused",
        arguments: ["0.0.0.0", "::", "10.0.0.1", "example.com", ""])
    func address(host: String) {
        #expect(throws: DashboardAddressError(host: host)) {
            _ = try DashboardServer(host: host, port: 0, source: Source(), logger: quiet)
        }
    }
}
