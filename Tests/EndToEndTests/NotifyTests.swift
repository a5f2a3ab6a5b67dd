import Foundation
import Sandbox
import Synchronization
import Testing

/// Real messages of the real daemon to real receivers, which may hang, and with a daemon that may die.
@Suite("Messages to people", .timeLimit(.minutes(30)))
struct NotifyTests {
    private static let key = "a key that only we know"

    /// Every start is refused for good.
    private static var refusing: World {
        World(faults: [FaultRule(.error(403, acts: false), operation: "runProcess")])
    }

    /// A schedule that is told of to all targets, and the targets' tables.
    private static func schedules(_ targets: [String: String]) -> String {
        let names = targets.keys.sorted()
        return """
            [schedules.tick]
            process = "\(Site.process)"
            every = "1h"
            notify = [\(names.map { "\"\($0)\"" }.joined(separator: ", "))]

            """ + names.map { "[notify.\($0)]\n\(targets[$0] ?? "")\n" }.joined()
    }

    private static func site(
        _ port: Int, receiver: CannedServer, _ targets: (Folder) -> [String: String]
    ) throws -> Site {
        let site = try Site(port: port)
        for name in ["hook", "slack", "teams"] {
            try site.folder.write(
                "http://127.0.0.1:\(receiver.port)/\(name)/T0P-SECRET\n", to: name)
        }
        try site.folder.write(key + "\n", to: "key")
        try site.writeConfig(port: port, schedules: schedules(targets(site.folder)))
        return site
    }

    private static func hook(_ folder: Folder) -> String {
        """
        kind = "webhook"
        url = { file = "\(folder.path("hook"))" }
        sign_with = { file = "\(folder.path("key"))" }
        """
    }

    private func trigger(_ site: Site) async throws {
        let outcome = try await Program.run(
            Program.carillon, ["trigger", "tick", "--config", site.config])
        #expect(outcome.status == 0, "\(outcome.errors)")
    }

    private func count(_ receiver: CannedServer, _ path: String) -> Int {
        receiver.requests.count { $0.path.hasPrefix("/\(path)/") }
    }

    @Test("A slot that is refused is told to a receiver of each kind, once")
    func allKinds() async throws {
        let receiver = try CannedServer { _ in CannedServer.text(200, "ok") }
        defer { receiver.stop() }
        try await Self.refusing.serving { port in
            let site = try Self.site(port, receiver: receiver) { folder in
                [
                    "hook": Self.hook(folder),
                    "slack": "kind = \"slack\"\nurl = { file = \"\(folder.path("slack"))\" }",
                    "teams": "kind = \"teams\"\nurl = { file = \"\(folder.path("teams"))\" }",
                    "mail": """
                    kind = "mail"
                    to = ["a@example.com"]
                    from = "c@example.com"
                    command = "/usr/bin/tee \(folder.path("mail"))"
                    """,
                    "page": """
                    kind = "command"
                    command = ["/bin/sh", "-c", "cat > '\(folder.path("page"))'"]
                    """,
                ]
            }
            defer { site.remove() }
            let life = try await Life(config: site.config, in: site.folder)
            #expect(await life.isReady(), "\(life.log)")
            try await trigger(site)
            let isTold = try await life.turns {
                try await site.ask(
                    "SELECT count(*) FROM delivery_log WHERE state = 'delivered'") == "5"
            }
            let rows = try await site.ask("SELECT * FROM delivery_log")
            #expect(isTold, "\(rows) \(life.log)")
            for path in ["hook", "slack", "teams"] { #expect(count(receiver, path) == 1) }
            for text in receiver.requests.map(\.body) + [site.folder.text("page")] {
                let isJSON = (try? JSONSerialization.jsonObject(with: Data(text.utf8))) != nil
                #expect(isJSON && text.contains("was refused and did not start"), "\(text)")
            }
            #expect(site.folder.text("mail").hasPrefix("From: Carillon <c@example.com>\nTo: a@"))
            // The address of a webhook is as good as a password.
            let listed = try await Program.run(
                Program.carillon, ["notifications", "--json", "--config", site.config])
            #expect(listed.output.contains("\"slot_failed 1\""))
            #expect(!(listed.output + life.log).contains("T0P-SECRET"))
            #expect(await life.stop().status == 0)
        }
    }

    @Test("Killed between sending and hearing of it: nothing is lost, and a repeat has its id")
    func killed() async throws {
        let isDeaf = Mutex(true)
        // The message arrives, and its sender never hears of it.
        let receiver = try CannedServer { _ in
            isDeaf.withLock { $0 } ? "" : CannedServer.text(204, "")
        }
        defer { receiver.stop() }
        try await Self.refusing.serving { port in
            let site = try Self.site(port, receiver: receiver) { ["hook": Self.hook($0)] }
            defer { site.remove() }
            for number in 1...3 {
                let life = try await Life(config: site.config, in: site.folder)
                #expect(await life.isReady(), "\(life.log)")
                if number == 1 { try await trigger(site) }
                #expect(await life.turns { count(receiver, "hook") >= number }, "\(life.log)")
                #expect(await life.kill().status == SIGKILL)
            }
            isDeaf.withLock { $0 = false }
            let life = try await Life(config: site.config, in: site.folder)
            let isTold = try await life.turns {
                try await site.ask("SELECT group_concat(state) FROM delivery_log") == "delivered"
            }
            let rows = try await site.ask("SELECT * FROM delivery_log")
            #expect(isTold, "\(rows) \(life.log)")
            #expect(receiver.requests.count >= 4)
            #expect(Set(receiver.requests.map(\.body)).count == 1)
            #expect(await life.stop().status == 0)
        }
    }

    @Test("notify test tells what the target answered, and nothing of its address")
    func tried() async throws {
        let answer = Mutex(CannedServer.text(200, "ok"))
        let receiver = try CannedServer { _ in answer.withLock { $0 } }
        defer { receiver.stop() }
        let site = try Self.site(1, receiver: receiver) { ["hook": Self.hook($0)] }
        defer { site.remove() }
        func tried(_ name: String) async throws -> Outcome {
            try await Program.run(
                Program.carillon, ["notify", "test", name, "--config", site.config])
        }
        #expect(try await tried("hook").output == "hook has taken the message\n")
        let request = try #require(receiver.requests.first)
        #expect(request.method == "POST" && request.body.contains("Carillon test"))
        for (text, words) in [
            (CannedServer.text(500, "broken"), "it answered 500: broken"),
            // What an Express server says: it repeats the path, which is the secret.
            (CannedServer.text(404, "<pre>Cannot POST /hook/t0p-secret</pre>"), "it answered 404"),
            (
                CannedServer.text(
                    302, "", headers: ["Location: http://127.0.0.1:\(receiver.port)/else"]),
                "it answered 302, which is not followed"
            ),
        ] {
            answer.withLock { $0 = text }
            let outcome = try await tried("hook")
            #expect(outcome.status == 75)
            #expect(outcome.errors.contains(words), "\(outcome.errors)")
            #expect(!outcome.errors.lowercased().contains("t0p-secret"), "\(outcome.errors)")
        }
        #expect(receiver.requests.count == 4)
        let unknown = try await tried("hok")
        #expect(unknown.status == 3)
        #expect(unknown.errors.contains("did you mean \"hook\"?"), "\(unknown.errors)")
    }

    @Test("A dead-man service hears of starts, ends and failures, and of the daemon itself")
    func heartbeats() async throws {
        let receiver = try CannedServer { _ in CannedServer.text(200, "OK") }
        defer { receiver.stop() }
        func paths() -> [String] { receiver.requests.map(\.path) }
        let world = World()
        try await world.serving { port in
            let site = try Site(port: port, daemon: "heartbeat = { env = \"DAEMON_CHECK\" }")
            defer { site.remove() }
            try site.writeConfig(
                port: port,
                schedules: """
                    [schedules.tick]
                    process = "\(Site.process)"
                    every = "1h"
                    heartbeat = { env = "TICK_CHECK" }
                    """)
            let address = "http://127.0.0.1:\(receiver.port)"
            let life = try await Life(
                config: site.config, in: site.folder,
                environment: [
                    "DAEMON_CHECK": "\(address)/daemon", "TICK_CHECK": "\(address)/tick/",
                ])
            #expect(await life.isReady(), "\(life.log)")
            try await trigger(site)
            #expect(await life.turns { paths().contains("/tick") }, "\(paths()) \(life.log)")
            #expect(paths().filter { $0.hasPrefix("/tick") } == ["/tick/start", "/tick"])
            // The first beat may come before the first turn; the next is a minute later.
            #expect(await life.turns { paths().contains("/daemon") }, "\(paths()) \(life.log)")
            world.sandbox.withState {
                $0.inject(FaultRule(.error(403, acts: false), operation: "runProcess"))
            }
            try await trigger(site)
            #expect(await life.turns { paths().contains("/tick/fail") }, "\(paths()) \(life.log)")
            #expect(await life.stop().status == 0)
        }
    }

    @Test("A program that goes on in the background has taken the message once it has ended")
    func background() async throws {
        let receiver = try CannedServer { _ in CannedServer.text(200, "ok") }
        defer { receiver.stop() }
        let site = try Self.site(1, receiver: receiver) { folder in
            [
                "mail": """
                kind = "command"
                command = ["/bin/sh", "-c", "cat > '\(folder.path("page"))'; sleep 120 & exit 0"]
                """,
                "broken": """
                kind = "command"
                command = ["/bin/sh", "-c", "echo 'no \\u001b[2J route' >&2; sleep 120 & exit 3"]
                """,
            ]
        }
        defer { site.remove() }
        func tried(_ name: String) async throws -> Outcome {
            try await Program.run(
                Program.carillon, ["notify", "test", name, "--config", site.config])
        }
        // Both would be given up after 30 s if the end of their children were waited for.
        #expect(try await tried("mail").output == "mail has taken the message\n")
        let broken = try await tried("broken")
        #expect(broken.status == 75)
        #expect(broken.errors.contains("ended with 3: no "), "\(broken.errors)")
        #expect(!broken.errors.contains("\u{1B}"))
    }
}
