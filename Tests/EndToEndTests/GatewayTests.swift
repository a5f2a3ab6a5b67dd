import Foundation
import Synchronization
import Testing

/// The real daemon behind gateways and firewalls that answer for the API, byte for byte.
@Suite(.timeLimit(.minutes(30))) struct GatewayTests {
    /// One foreign answer, given once for one operation; each has a connection of its own.
    private struct Foreign: Sendable {
        let number: Int
        let operation: String
        let bytes: String

        static func all() -> [Foreign] {
            let json = "Content-Type: application/json\r\n"
            let html = "Content-Type: text/html\r\n"
            let pages: [(String, String)] = [
                (html, "<html><title>Forbidden</title>nginx</html>"), (html, ""), ("", ""),
                ("Content-Type: text/plain\r\n", "error code: 1020"),
                (json, #"{"message":"Forbidden"}"#), (json, #"{"error":"Forbidden"}"#),
                (json, #"{"code":403,"message":"no"}"#), (json, #"[{"code":"x"}]"#),
                (html, #"{"code":"NotFound","message":"The process was not found."}"#),
                ("Content-Type: application/xml\r\n", "<Error><Code>AccessDenied</Code></Error>"),
                (json, #"{"errors":[{"code":1020}],"success":false}"#),
            ]
            let statuses = [400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 451]
            var all: [Foreign] = []
            for operation in ["token", "list", "validation", "run"] {
                for (index, status) in statuses.enumerated() {
                    let (head, body) = pages[(index + all.count / statuses.count) % pages.count]
                    all.append(
                        Foreign(
                            number: all.count, operation: operation,
                            bytes: "HTTP/1.1 \(status) X\r\n\(head)Content-Length: "
                                + "\(body.utf8.count)\r\n\r\n\(body)"))
                }
                for line in ["000 X", "099 X", "999 X", "600 X"] {
                    all.append(
                        Foreign(
                            number: all.count, operation: operation,
                            bytes: "HTTP/1.1 \(line)\r\nContent-Length: 0\r\n\r\n"))
                }
            }
            return all
        }
    }

    /// How often each operation of each connection was asked.
    private static func counts(_ server: CannedServer) -> [String: Int] {
        Dictionary(grouping: server.requests) { request in
            "\(connection(of: request)) \(operation(of: request))"
        }.mapValues(\.count)
    }

    private static func connection(of request: CannedServer.Request) -> Int {
        let name =
            request.token.isEmpty
            ? request.body.components(separatedBy: "client_id=v").last?
                .components(separatedBy: "&").first ?? ""
            : request.token.components(separatedBy: "-").last ?? ""
        return Int(name) ?? -1
    }

    private static func operation(of request: CannedServer.Request) -> String {
        if request.path.hasSuffix("/oauth2/token") { return "token" }
        if request.path.hasSuffix("/run") { return "run" }
        if request.path.hasSuffix("/validation") { return "validation" }
        return request.path.hasPrefix("/processRuns") ? "read" : "list"
    }

    @Test func noAnswerOfAGatewayEndsASlotOrBlamesTheCredential() async throws {
        let cases = Foreign.all()
        let asked = Asked()
        let server = try CannedServer { request in
            let number = Self.connection(of: request)
            let operation = Self.operation(of: request)
            let isFirst = asked.isFirst("\(number) \(operation)")
            if isFirst, cases.indices.contains(number), cases[number].operation == operation {
                return cases[number].bytes
            }
            return Self.good(operation, number)
        }
        defer { server.stop() }
        let folder = try Folder()
        defer { folder.remove() }
        try folder.write("wk_secret:gateway\n", to: "secret")
        try folder.write(
            Self.config(cases.map(\.number), folder, port: server.port), to: "carillon.toml")
        let life = try await Life(config: folder.path("carillon.toml"), in: folder)
        try #require(await life.isReady())
        let database = folder.path("carillon.db")
        let areStarted = try await life.turns {
            try await Program.ask(
                database, "SELECT count(*) FROM slots WHERE disposition = 'started'")
                == "\(cases.count)"
        }
        let rest = try await Program.ask(
            database,
            """
            SELECT schedule || ' ' || disposition || ' ' || reason FROM slots
            WHERE disposition <> 'started'
            """)
        #expect(areStarted, "\(life.state) \(rest)")
        let alarms = try await Program.ask(
            database, "SELECT count(*) FROM events WHERE kind = 'credential'")
        #expect(alarms == "0")
        let words = try await Program.ask(
            database, "SELECT DISTINCT operation FROM error_log WHERE message LIKE '%gateway%'")
        #expect(Set(words.split(separator: "\n")).count == 4, "\(words)")
        _ = await life.stop()
        let counts = Self.counts(server)
        for item in cases where item.operation == "run" {
            #expect(counts["\(item.number) run"] == 2, "\(item.bytes)")
        }
    }

    /// Whether something happens for the first time.
    private final class Asked: Sendable {
        private let seen = Mutex<Set<String>>([])
        func isFirst(_ name: String) -> Bool { seen.withLock { $0.insert(name).inserted } }
    }

    private static func good(_ operation: String, _ number: Int) -> String {
        switch operation {
        case "token":
            CannedServer.text(
                200,
                """
                {"access_token":"token-\(number)","expires_in":599,\
                "scope":"file:read file:write","token_type":"Bearer"}
                """)
        case "run": CannedServer.text(201, #"{"id":"r\#(number)","status":"running"}"#)
        case "validation": CannedServer.text(200, #"{"errors":[]}"#)
        case "read": CannedServer.text(200, #"{"id":"r\#(number)","status":"complete"}"#)
        default:
            CannedServer.text(
                200, #"{"data":[{"id":"p\#(number)","name":"Process","run":null}]}"#)
        }
    }

    private static func config(_ numbers: [Int], _ folder: Folder, port: Int) -> String {
        let sections = numbers.map { number in
            """
            [connections.v\(number)]
            base_url = "http://127.0.0.1:\(port)"
            client_id = "v\(number)"
            client_secret = { file = "\(folder.path("secret"))" }
            request_window = "1s"
            settle_within = "4s"
            look_patience = "60s"
            probe_every = "1s"
            [schedules.v\(number)]
            process = "p\(number)"
            connection = "v\(number)"
            cron = "@reboot"
            validate_first = true
            """
        }
        return Site.config(in: folder, sections)
    }

    /// The first answer of each operation is an error, and all repeat what was sent.
    private static func echo(
        _ request: CannedServer.Request, _ asked: Asked, secret: String, token: String
    ) -> String {
        let operation = Self.operation(of: request)
        let login = Data("v0:\(secret)".utf8).base64EncodedString()
        let bearer = Data("Bearer \(request.token)".utf8).base64EncodedString()
        let echo =
            "Authorization: Bearer \(request.token) Basic \(login) \(bearer) "
            + "\(request.body.replacing("\"", with: "'")) \(secret)"
        if asked.isFirst(operation) {
            return operation == "list"
                ? CannedServer.text(500, "<html>\(echo)</html>")
                : CannedServer.text(
                    500, #"{"code":"500","message":"\#(echo)","meta":{"sent":"\#(echo)"}}"#)
        }
        switch operation {
        case "token":
            return CannedServer.text(
                200, #"{"access_token":"\#(token)","expires_in":599,"token_type":"Bearer"}"#)
        case "run":
            return CannedServer.text(201, #"{"id":"r0","status":"running","name":"\#(echo)"}"#)
        case "validation": return CannedServer.text(200, #"{"errors":[]}"#)
        case "read":
            return CannedServer.text(
                200, #"{"id":"r0","status":"complete","name":"\#(echo)"}"#)
        default:
            return CannedServer.text(
                200, #"{"data":[{"id":"p0","name":"\#(echo)","run":null}]}"#)
        }
    }

    @Test func noSecretThatAnEndpointEchoesIsStoredOrLogged() async throws {
        let secret = "wk_secret:Zm9v/bar+baz=="
        let token = "bearer.4711-ABC/def+ghi="
        let asked = Asked()
        let server = try CannedServer {
            Self.echo($0, asked, secret: secret, token: token)
        }
        defer { server.stop() }
        let folder = try Folder()
        defer { folder.remove() }
        try folder.write(secret + "\n", to: "secret")
        try folder.write(Self.config([0], folder, port: server.port), to: "carillon.toml")
        let life = try await Life(config: folder.path("carillon.toml"), in: folder)
        try #require(await life.isReady())
        let database = folder.path("carillon.db")
        let isStarted = try await life.turns {
            try await Program.ask(
                database, "SELECT count(*) FROM slots WHERE disposition = 'started'") == "1"
        }
        #expect(isStarted, "\(life.log)")
        let said = try await Program.ask(
            database, "SELECT count(*) FROM error_log WHERE message LIKE '%<secret>%'")
        #expect(Int(said) ?? 0 >= 3)
        let outcome = await life.stop()
        var texts = ["log": outcome.errors + outcome.output]
        for name in ["carillon.db", "carillon.db-wal"] {
            let data = FileManager.default.contents(atPath: folder.path(name)) ?? Data()
            texts[name] = String(decoding: data, as: UTF8.self)
        }
        for (name, text) in texts {
            for mark in [
                "wk_secret", "Zm9v/bar", "Zm9v%2Fbar", "4711-ABC", "def+ghi",
                String(Data("v0:\(secret)".utf8).base64EncodedString().dropFirst(8).prefix(16)),
                String(Data("Bearer \(token)".utf8).base64EncodedString().dropFirst(12).prefix(16)),
            ] {
                #expect(!text.contains(mark), "\(mark) is in the \(name)")
            }
        }
    }
}
