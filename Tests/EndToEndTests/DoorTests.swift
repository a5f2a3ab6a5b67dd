import Foundation
import FoundationNetworking
import Loopback
import Sandbox
import Testing

/// Doors that can't be opened: the scheduler doesn't care, people are told, and they open later.
@Suite("Fault: a door can't be opened", .timeLimit(.minutes(30)))
struct DoorTests {
    private static let everySecond = """
        [schedules.tick]
        process = "\(Site.process)"
        every = "1s"
        """

    @Test("The dashboard's port is taken: starts go on, it is said, and it opens once it can")
    func portTaken() async throws {
        let world = World()
        let squatter = try LoopbackListener { _ in }
        try await world.serving { port in
            let site = try Site(
                port: port, schedules: Self.everySecond,
                daemon: "http = \"127.0.0.1:\(squatter.port)\"")
            defer { site.remove() }
            let life = try await Life(config: site.config, in: site.folder)
            #expect(await life.isReady())
            try await expectAtWork(site, life, trouble: "dashboard 127.0.0.1:\(squatter.port)")

            squatter.stop()
            let isOpen = try await life.turns {
                try await site.ask("SELECT count(*) FROM attention") == "0"
            }
            #expect(isOpen, "said: \(life.log)")
            let url = try #require(URL(string: "http://127.0.0.1:\(squatter.port)/healthz"))
            let (data, _) = try await URLSession.shared.data(from: url)
            #expect(String(decoding: data, as: UTF8.self).hasPrefix("ok"))
            #expect(await life.stop().status == 0)
        }
    }

    @Test(
        "The control socket's folder is missing, or emptied later: starts go on, and it opens again"
    )
    func folderMissing() async throws {
        let world = World()
        try await world.serving { port in
            let site = try Site(port: port, schedules: Self.everySecond)
            defer { site.remove() }
            let socket = site.folder.path("run/control.sock")
            try site.edit(site.folder.path("control.sock"), to: socket)
            let life = try await Life(config: site.config, in: site.folder)
            #expect(await life.isReady())
            try await expectAtWork(site, life, trouble: "control socket \(socket)")

            try FileManager.default.createDirectory(
                atPath: site.folder.path("run"), withIntermediateDirectories: false)
            let isOpen = try await life.turns {
                try await site.ask("SELECT count(*) FROM attention") == "0"
            }
            #expect(isOpen, "said: \(life.log)")
            let pause = try await Program.run(
                Program.carillon, ["pause", "tick", "--config", site.config])
            #expect(pause.status == 0, "said: \(pause.errors)")

            // As a cleaner of old files does.
            try FileManager.default.removeItem(atPath: socket)
            let isSaid = await life.turns {
                life.log.contains("its file was deleted or replaced")
            }
            #expect(isSaid, "said: \(life.log)")
            let isBack = await life.turns {
                FileManager.default.fileExists(atPath: socket)
            }
            #expect(isBack, "said: \(life.log)")
            let resume = try await Program.run(
                Program.carillon, ["resume", "tick", "--config", site.config])
            #expect(resume.status == 0, "said: \(resume.errors)")
            #expect(await life.stop().status == 0)
        }
    }

    @Test("As long a path as the config takes for the control socket can be used")
    func longPath() async throws {
        let world = World()
        try await world.serving { port in
            let site = try Site(port: port, schedules: Site.distant)
            defer { site.remove() }
            let short = site.folder.path("")
            let longest = short + String(repeating: "s", count: 99 - short.utf8.count)
            try site.edit(site.folder.path("control.sock"), to: longest + "s")
            let refused = try await Program.run(
                Program.carillon, ["check", "--config", site.config])
            #expect(refused.status == 2)
            #expect(refused.errors.contains("at most 99"), "said: \(refused.errors)")
            try site.edit(longest + "s", to: longest)
            let life = try await Life(config: site.config, in: site.folder)
            #expect(await life.isReady())
            let pause = try await Program.run(
                Program.carillon, ["pause", "distant", "--config", site.config])
            #expect(pause.status == 0, "said: \(pause.errors)")
            #expect(await life.stop().status == 0)
        }
    }

    /// Something is started, and people can read of the trouble in the ledger and in the log.
    private func expectAtWork(_ site: Site, _ life: Life, trouble: String) async throws {
        let isAtWork = try await life.turns {
            try await site.ask("SELECT count(*) >= 2 FROM runs WHERE outcome = 'succeeded'") == "1"
        }
        #expect(isAtWork, "said: \(life.log)")
        let row = try await site.ask("SELECT kind, subject FROM attention")
        #expect(row == "door|\(trouble)")
        #expect(life.log.contains("\(trouble) can't be opened"), "said: \(life.log)")
    }
}
