import Foundation
import FoundationNetworking
import Loopback
import Testing

/// `[daemon]` under a running daemon: what a reload takes over at once, and what waits for a restart.
@Suite("A reload of [daemon]", .timeLimit(.minutes(10)))
struct DaemonReloadTests {
    @Test("The doors move and the log changes with the reload, whose sender gets the answer")
    func movesAtOnce() async throws {
        let world = World()
        try await world.serving { port in
            let site = try Site(port: port, schedules: Site.distant)
            defer { site.remove() }
            let life = try await Life(config: site.config, in: site.folder)
            #expect(await life.isReady())
            let doors = [try ReservedPort(), try ReservedPort()]
            defer { for door in doors { door.release() } }
            let places = doors.map(\.number)

            // From nowhere to a port, the socket to another path, lines to JSON.
            let (old, new) = (site.folder.path("control.sock"), site.folder.path("moved.sock"))
            try site.edit(
                "control_socket = \"\(old)\"",
                to: "control_socket = \"\(new)\"\nlog_format = \"json\"\n"
                    + "http = \"127.0.0.1:\(places[0])\"")
            try await reload(site, socket: old)
            #expect(await isServed(places[0], "/healthz", by: life))
            let pause = try await Program.run(
                Program.carillon, ["pause", "distant", "--config", site.config])
            #expect(pause.status == 0, "said: \(pause.errors)")
            #expect(!FileManager.default.fileExists(atPath: old))
            #expect(
                life.log.contains("\"level\": \"notice\", \"message\": \"reloaded by "),
                "said: \(life.log)")

            // To another port under a base, and from there to nowhere.
            try site.edit(
                "http = \"127.0.0.1:\(places[0])\"",
                to: "http = \"127.0.0.1:\(places[1])\"\nhttp_base = \"/carillon\"")
            try await reload(site, socket: new)
            #expect(await isServed(places[1], "/carillon/healthz", by: life))
            #expect(await text(places[0], "/healthz") == nil)
            try site.edit("http = \"127.0.0.1:\(places[1])\"\n", to: "")
            try await reload(site, socket: new)
            let isClosed = await life.turns { await text(places[1], "/healthz") == nil }
            #expect(isClosed)
            #expect(try await site.ask("SELECT count(*) FROM attention") == "0")
            #expect(await life.stop().status == 0)
        }
    }

    @Test(
        "Another database waits for a restart: the answer, status and attention say it until then")
    func databaseWaits() async throws {
        let world = World()
        try await world.serving { port in
            let site = try Site(port: port, schedules: Site.distant)
            defer { site.remove() }
            let life = try await Life(config: site.config, in: site.folder)
            #expect(await life.isReady())
            let socket = site.folder.path("control.sock")
            let (old, new) = (site.database, site.folder.path("other.db"))
            try site.edit("\"\(old)\"", to: "\"\(new)\"")
            let words =
                "a restart is needed for [daemon] database (still \(old), then \(new)): "
                + "systemctl restart carillon"
            #expect(try await reload(site, socket: socket).contains(words))
            // The new one isn't there yet: who asks by the config is told why.
            let status = try await Program.run(
                Program.carillon, ["status", "--config", site.config])
            #expect(status.errors.contains(words), "said: \(status.errors)")
            let isTold = try await life.turns {
                try await site.ask("SELECT kind, command FROM attention")
                    == "restart|systemctl restart carillon"
            }
            #expect(isTold)

            try site.edit("\"\(new)\"", to: "\"\(old)\"")
            #expect(try await !reload(site, socket: socket).contains("restart"))
            let isOver = try await life.turns {
                try await site.ask("SELECT count(*) FROM attention") == "0"
            }
            #expect(isOver)
            #expect(await life.stop().status == 0)
        }
    }

    @discardableResult
    private func reload(_ site: Site, socket: String) async throws -> String {
        let reply = try await Program.run(Program.carillon, ["reload", "--socket", socket])
        #expect(reply.status == 0, "said: \(reply.errors)")
        return reply.output
    }

    private func isServed(_ port: Int, _ path: String, by life: Life) async -> Bool {
        await life.turns { await text(port, path)?.hasPrefix("ok") == true }
    }

    /// What a page says; nil: nobody is there.
    private func text(_ port: Int, _ path: String) async -> String? {
        guard let url = URL(string: "http://127.0.0.1:\(port)\(path)"),
            let (data, _) = try? await URLSession.shared.data(from: url)
        else { return nil }
        return String(decoding: data, as: UTF8.self)
    }
}
