import Foundation
import Sandbox
import Testing

/// A 429's headers and message, and the wait that they ask for.
private struct Vector: Sendable {
    let number: Int
    let headers: [String]
    let message: String?
    let seconds: Double?

    /// All lines of the table that the parser's own tests have too.
    static func all() throws -> [Vector] {
        let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "ProcessesAPITests/Fixtures/retry_after.tsv").path
        let text = try String(contentsOfFile: path, encoding: .utf8)
        return text.split(separator: "\n").dropFirst().enumerated().map { number, line in
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false)
                .map(String.init)
            var headers =
                columns[0] == "-"
                ? []
                : columns[0].components(separatedBy: "\\n")
                    .map { $0.replacingOccurrences(of: "\\t", with: "\t") }
            // A server's answer has a Date; the table's instants count from this one.
            if !headers.contains(where: { $0.lowercased().hasPrefix("date:") }) {
                headers.append("Date: Mon, 23 Nov 2026 12:00:00 GMT")
            }
            // One line is about our own clock, which is not the table's.
            if let place = headers.firstIndex(of: "Date: rubbish") {
                headers[place] = "Date: Mon, 23 Nov 2026 12:00:00 GMT"
            }
            return Vector(
                number: number, headers: headers,
                message: columns[1] == "-" ? nil : columns[1],
                seconds: Double(columns[3]))
        }
    }

    var answer: String {
        let message = message.map { ",\"message\":\"\($0)\"" } ?? ""
        return CannedServer.text(429, "{\"code\":\"429\"\(message)}", headers: headers)
    }
}

/// Connections of the real daemon: hints, proxies, credentials.
@Suite(.timeLimit(.minutes(30))) struct ConnectionTests {
    @Test("A credential that comes late, or wrong at first, heals; a missing variable says how")
    func lateCredential() async throws {
        let world = World()
        try await world.serving { port in
            let site = try Site(
                port: port,
                schedules: """
                    [connections.second]
                    base_url = "http://127.0.0.1:\(port)"
                    api_version = "2026-04-01.processes.preview"
                    client_id = "sandbox-client"
                    client_secret = { env = "NOT_THERE" }
                    [schedules.tick]
                    process = "\(Site.process)"
                    every = "1s"
                    [schedules.second]
                    process = "\(Site.other)"
                    connection = "second"
                    every = "1s"
                    """)
            defer { site.remove() }
            try site.edit(
                "{ file = \"\(site.folder.path("secret"))\" }", to: "{ credential = \"key\" }")
            let folder = site.folder.path("credentials")
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: false)
            let life = try await Life(
                config: site.config, in: site.folder,
                environment: ["CREDENTIALS_DIRECTORY": folder])
            #expect(await life.isReady(), "said: \(life.log)")
            let isSaid = try await life.turns {
                try await site.ask("SELECT count(*) FROM attention WHERE kind = 'waits'") == "2"
            }
            #expect(isSaid, "said: \(life.log)")
            let words = try await site.ask(
                "SELECT what_to_do FROM attention WHERE subject = 'connection second'")
            #expect(words.contains("can't see a change of it: set it, then restart"), "\(words)")
            try site.folder.write("wrong\n", to: "credentials/key")
            let isRefused = try await life.turns {
                try await site.ask(
                    "SELECT count(*) FROM attention WHERE subject = 'sandbox' AND kind = 'credential'"
                ) == "1"
            }
            #expect(isRefused, "said: \(life.log)")
            let began = ContinuousClock.now
            try site.folder.write("sandbox-secret\n", to: "credentials/key")
            let runs = try await life.turns {
                try await site.ask(
                    "SELECT count(*) > 0 FROM slots WHERE schedule = 'tick' "
                        + "AND disposition = 'started'") == "1"
            }
            #expect(runs, "said: \(life.log)")
            // Half a minute is promised (WaitingTests, in a time of its own); machines have stalls.
            #expect(began.duration(to: .now) < .seconds(90))
            #expect(
                try await site.ask(
                    "SELECT subject FROM attention WHERE kind IN ('waits', 'credential')")
                    == "connection second")
            #expect(await life.stop().status == 0)
        }
    }

    @Test func everyVectorOfRetryAfterIsStoredAndObeyed() async throws {
        let vectors = try Vector.all()
        try #require(vectors.count >= 100)
        let server = try CannedServer { Self.answer($0, vectors) }
        defer { server.stop() }
        let folder = try Folder()
        defer { folder.remove() }
        try folder.write("secret\n", to: "secret")
        try folder.write(Self.config(vectors, folder, port: server.port), to: "carillon.toml")
        let life = try await Life(config: folder.path("carillon.toml"), in: folder)
        try #require(await life.isReady())
        let database = folder.path("carillon.db")
        _ = try await life.turns {
            let known = try await Program.ask(
                database, "SELECT count(DISTINCT schedule) FROM error_log WHERE http_status = 429")
            return Int(known) == vectors.count
        }
        // Short waits end within this time, those that the answer didn't tell too (10 s), and no
        // other request may come before they do.
        let until = CannedServer.now() + 12_000
        _ = await life.turns {
            CannedServer.now() >= until && Self.goingOn(server.requests) >= 5
        }
        let requests = Dictionary(
            grouping: server.requests.filter { !$0.token.isEmpty }, by: \.token)
        let rows = try await Program.ask(
            database,
            """
            SELECT schedule || ' ' || coalesce(min(retry_after_seconds), 'none') FROM error_log
            WHERE http_status = 429 AND attempt = 1 GROUP BY schedule
            """)
        _ = await life.kill()
        let stored = Set(rows.split(separator: "\n").map(String.init))
        var ended = 0
        for vector in vectors {
            let words = vector.seconds.map { "\(Int64($0.rounded(.up)))" } ?? "none"
            #expect(stored.contains("v\(vector.number) \(words)"), "line \(vector.number + 2)")
            let mine = requests["v\(vector.number)"] ?? []
            guard let start = mine.first(where: { $0.path.hasSuffix("/run") }) else {
                Issue.record("no start of line \(vector.number + 2)")
                continue
            }
            let later = mine.filter { $0.at > start.at }
            if let seconds = vector.seconds {
                #expect(
                    later.allSatisfy { Double($0.at - start.at) >= seconds * 1000 },
                    "line \(vector.number + 2): \(later.map { $0.at - start.at })")
            }
            ended += later.isEmpty ? 0 : 1
        }
        // Waits of no or a few seconds are over: obeying them is not the same as doing nothing.
        #expect(ended >= 5)
    }

    /// How many connections have gone on after their start was put off.
    private static func goingOn(_ requests: [CannedServer.Request]) -> Int {
        Dictionary(grouping: requests.filter { !$0.token.isEmpty }, by: \.token).values.count {
            mine in
            let start = mine.first { $0.path.hasSuffix("/run") }
            return start.map { start in mine.contains { $0.at > start.at } } ?? false
        }
    }

    private static func answer(_ request: CannedServer.Request, _ vectors: [Vector]) -> String {
        if request.path.hasSuffix("/oauth2/token") {
            let client =
                request.body.components(separatedBy: "client_id=").dropFirst().first?
                .components(separatedBy: "&").first ?? ""
            return CannedServer.text(
                200,
                """
                {"access_token":"\(client)","expires_in":599,"scope":"file:read file:write",\
                "token_type":"Bearer"}
                """)
        }
        let number = Int(request.token.dropFirst()) ?? 0
        guard request.path.hasSuffix("/run") else {
            return CannedServer.text(
                200, "{\"data\":[{\"id\":\"p\(number)\",\"name\":\"Process\",\"run\":null}]}")
        }
        return vectors[number].answer
    }

    private static func config(_ vectors: [Vector], _ folder: Folder, port: Int) -> String {
        let sections = vectors.map { vector in
            """
            [connections.v\(vector.number)]
            base_url = "http://127.0.0.1:\(port)"
            client_id = "v\(vector.number)"
            client_secret = { file = "\(folder.path("secret"))" }
            [schedules.v\(vector.number)]
            process = "p\(vector.number)"
            connection = "v\(vector.number)"
            cron = "@reboot"
            """
        }
        return Site.config(in: folder, sections)
    }

    @Test func aCorrectedSecretFileHealsTheConnectionWithoutARestart() async throws {
        let world = World()
        try await world.serving { port in
            let site = try Site(port: port, schedules: Site.atBoot)
            defer { site.remove() }
            try site.folder.write("expired\n", to: "secret")
            let life = try await Life(config: site.config, in: site.folder)
            try #require(await life.isReady())
            let isRefused = try await life.turns {
                try await site.ask("SELECT kind || subject FROM attention") == "credentialsandbox"
            }
            #expect(isRefused)
            // As a whole: half a secret would be a wrong one.
            try site.folder.write("sandbox-secret\n", to: "secret.new")
            _ = try await Program.run(
                "/bin/mv", ["-f", site.folder.path("secret.new"), site.folder.path("secret")])
            let isHealed = try await life.turns {
                try await site.ask("SELECT disposition FROM history") == "started"
            }
            #expect(isHealed)
            #expect(try await site.ask("SELECT count(*) FROM attention") == "0")
            _ = await life.stop()
        }
    }

    @Test func aVersionThatIsNotServedAnyMoreIsSaidInAClearSentence() async throws {
        let world = World()
        world.sandbox.withState { $0.scenario.apiVersions = ["2027-01-01"] }
        try await world.serving { port in
            let site = try Site(port: port, schedules: Site.atBoot)
            defer { site.remove() }
            let life = try await Life(config: site.config, in: site.folder)
            try #require(await life.isReady())
            let isSaid = try await life.turns {
                try await site.ask("SELECT count(*) FROM attention WHERE kind = 'version'") == "1"
            }
            #expect(isSaid)
            let words = try await site.ask(
                "SELECT what_to_do FROM attention WHERE kind = 'version'")
            #expect(
                words.hasPrefix(
                    "the API version \"2026-04-01.processes.preview\" is not (or no longer) served")
            )
            #expect(words.contains("set api_version of [connections.sandbox]"))
            #expect(
                try await site.ask("SELECT count(*) FROM attention WHERE kind = 'credential'")
                    == "0")
            let step = try await site.ask("SELECT next_step FROM error_log LIMIT 1")
            #expect(step.contains("api_version"))
            _ = await life.stop()
        }
    }

    @Test func theProxyOfAConnectionIsTheWayThatItsRequestsTake() async throws {
        let proxy = try CannedServer { _ in CannedServer.text(502, "no way") }
        defer { proxy.stop() }
        let folder = try Folder()
        defer { folder.remove() }
        try folder.write("secret\n", to: "secret")
        try folder.write(
            """
            version = 1
            [connections.far]
            base_url = "https://api.example.invalid"
            client_id = "a"
            client_secret = { file = "\(folder.path("secret"))" }
            proxy = "http://127.0.0.1:\(proxy.port)"
            [defaults]
            timezone = "UTC"
            """, to: "carillon.toml")
        let outcome = try await Program.run(
            Program.carillon, ["check", "--online", "--config", folder.path("carillon.toml")],
            environment: ["PATH": "/usr/bin:/bin"])
        #expect(outcome.status != 0)
        #expect(
            proxy.requests.map { "\($0.method) \($0.path)" } == ["CONNECT api.example.invalid:443"])
    }
}
