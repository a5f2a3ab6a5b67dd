import Foundation
import Loopback
import Testing

/// `ca_file` is added to the system's trust: three real TLS servers, one trusted by the machine, one by the
/// file, one by nobody.
@Suite("Authorities", .timeLimit(.minutes(30)), .serialized)
struct AuthorityTests {
    private static let systemFile = "/etc/ssl/certs/ca-certificates.crt"

    @Test(
        "Authorities of a file are trusted besides the system's",
        .enabled(if: Machine.canMount, Machine.mountAdvice),
        .enabled(if: OpenSSLServer.isInstalled, "needs /usr/bin/openssl"),
        .enabled(
            if: FileManager.default.fileExists(atPath: AuthorityTests.systemFile),
            "needs the package ca-certificates"))
    func added() async throws {
        let servers = try (0..<3).map { _ in try OpenSSLServer(name: "localhost", answer: "-rev") }
        defer { for server in servers { server.stop() } }
        for server in servers {
            // It accepts a moment after it was started.
            for _ in 0..<1000 {
                let hand = try await Program.run(
                    "/usr/bin/openssl", ["s_client", "-connect", "127.0.0.1:\(server.port)"])
                if hand.status == 0 { break }
            }
        }
        let folder = try Folder()
        defer { folder.remove() }
        try folder.write("a secret that is long\n", to: "secret")
        let names = ["machine", "file", "nobody"]
        let connections = zip(names, servers).map { name, server in
            """
            [connections.\(name)]
            base_url = "https://localhost:\(server.port)"
            client_id = "a"
            client_secret = { file = "\(folder.path("secret"))" }
            ca_file = "\(servers[1].certificate)"

            """
        }
        try folder.write(
            "version = 1\n" + connections.joined() + "[defaults]\ntimezone = \"UTC\"\n",
            to: "carillon.toml")
        let outcome = try await Program.run(
            "/usr/bin/unshare",
            [
                "-m", "sh", "-c",
                "mount --make-rprivate / && mount --bind '\(servers[0].certificate)' "
                    + "\(Self.systemFile) && exec '\(Program.carillon)' check --online --config "
                    + "'\(folder.path("carillon.toml"))'",
            ], environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"])
        let said = (outcome.output + outcome.errors).split(separator: "\n").map(String.init)
        func distrusts(_ name: String) -> Bool {
            said.contains { $0.contains("\"\(name)\"") && $0.contains("is not trusted") }
        }
        // None of them speaks HTTP, but two are believed to be who they say they are.
        #expect(names.allSatisfy { name in said.contains { $0.contains("\"\(name)\"") } })
        #expect(!distrusts("machine"), "said: \(said)")
        #expect(!distrusts("file"), "said: \(said)")
        #expect(distrusts("nobody"), "said: \(said)")
    }

    @Test(
        "A renewed file of authorities is trusted from the next look on",
        .enabled(if: OpenSSLServer.isInstalled, "needs /usr/bin/openssl"))
    func renewed() async throws {
        let (right, wrong) = (
            try OpenSSLServer(name: "localhost"), try OpenSSLServer(name: "localhost")
        )
        defer { for server in [right, wrong] { server.stop() } }
        let folder = try Folder()
        defer { folder.remove() }
        let (authorities, database) = (folder.path("ca.pem"), folder.path("carillon.db"))
        try folder.write("a secret that is long\n", to: "secret")
        let untrusted = try String(contentsOfFile: wrong.certificate, encoding: .utf8)
        try folder.write(untrusted, to: "ca.pem")
        try folder.write(
            """
            version = 1
            [daemon]
            database = "\(database)"
            control_socket = "\(folder.path("control.sock"))"
            [connections.prod]
            base_url = "https://localhost:\(right.port)"
            client_id = "a"
            client_secret = { file = "\(folder.path("secret"))" }
            ca_file = "\(authorities)"
            [defaults]
            timezone = "UTC"
            [schedules.tick]
            process = "p1"
            every = "1s"

            """, to: "carillon.toml")
        let life = try await Life(config: folder.path("carillon.toml"), in: folder)
        #expect(await life.isReady(), "said: \(life.log)")
        func lastError() async throws -> String {
            try await Program.run(
                "/usr/bin/sqlite3",
                [database, "SELECT message FROM errors ORDER BY last_at DESC LIMIT 1"]
            ).output
        }
        let isDistrusted = try await life.turns {
            try await lastError().contains("is not trusted")
        }
        #expect(isDistrusted)
        let trusted = try String(contentsOfFile: right.certificate, encoding: .utf8)
        try folder.write(trusted, to: "ca.pem")
        // Its page is none of the API's answers, but it is believed to be who it says it is.
        let isTrusted = try await life.turns {
            let said = try await lastError()
            return !said.isEmpty && !said.contains("is not trusted")
        }
        #expect(isTrusted)
        #expect(await life.stop().status == 0, "said: \(life.log)")
    }
}
