import Foundation
import Sandbox
import Testing

/// Two of us, or a ledger that isn't the one it was.
@Suite("Fault: a second daemon, a second ledger", .timeLimit(.minutes(30)))
struct SecondDaemonTests {
    @Test(
        "A second daemon is refused, whatever path leads it to the database",
        arguments: ["a symbolic link", "a hard link", "a deleted lock file"])
    func refused(_ way: String) async throws {
        let world = World()
        try await world.serving { port in
            let site = try Site(port: port, schedules: Site.distant)
            defer { site.remove() }
            let life = try await Life(config: site.config, in: site.folder)
            #expect(await life.isReady())
            let other = try Site(port: port, schedules: Site.distant)
            defer { other.remove() }
            let files = FileManager.default
            switch way {
            case "a symbolic link":
                try files.createSymbolicLink(
                    atPath: other.database, withDestinationPath: site.database)
            case "a hard link":
                try files.linkItem(atPath: site.database, toPath: other.database)
            default:
                try files.removeItem(atPath: site.database + ".lock")
                try other.edit(other.database, to: site.database)
            }
            let outcome = try await Program.run(
                Program.carillon, ["daemon", "--config", other.config])
            #expect(outcome.status == 75, "said: \(outcome.errors)")
            #expect(outcome.errors.contains("already running"), "said: \(outcome.errors)")
            #expect(await life.stop().status == 0)
        }
    }

    @Test(
        "A second daemon is refused where the one file is mounted twice",
        .enabled(if: Machine.canMount, Machine.mountAdvice), arguments: ["file", "folder"])
    func mountedTwice(_ what: String) async throws {
        let world = World()
        try await world.serving { port in
            let site = try Site(port: port, schedules: Site.distant, home: "home")
            defer { site.remove() }
            let life = try await Life(config: site.config, in: site.folder)
            #expect(await life.isReady())
            let other = try Site(port: port, schedules: Site.distant, home: "home")
            defer { other.remove() }
            let place = try await Place(
                what == "file"
                    ? "touch \(other.database); mount --bind \(site.database) \(other.database)"
                    : "mount --bind \(site.home) \(other.home)")
            let words = place.entrance + [Program.carillon, "daemon", "--config", other.config]
            let outcome = try await Program.run(words[0], Array(words.dropFirst()))
            #expect(outcome.status == 75, "said: \(outcome.errors)")
            #expect(outcome.errors.contains("already running"), "said: \(outcome.errors)")
            await place.leave()
            #expect(await life.stop().status == 0)
        }
    }

    @Test("A ledger that is begun anew where there was one is said loudly, until the next start")
    func begunAnew() async throws {
        let world = World()
        try await world.serving { port in
            let site = try Site(port: port, schedules: Site.distant, home: "home")
            defer { site.remove() }
            let memory = ["CACHE_DIRECTORY": site.folder.root]
            func rows(_ life: Life) async throws -> String {
                #expect(await life.isReady(), "said: \(life.log)")
                await life.turns(1)
                let rows = try await site.ask(
                    "SELECT count(*) FROM attention WHERE kind = 'new ledger'")
                #expect(await life.stop().status == 0)
                return rows
            }
            func life() async throws -> Life {
                try await Life(config: site.config, in: site.folder, environment: memory)
            }
            #expect(try await rows(try await life()) == "0")
            // The volume isn't mounted: the folder is there, and empty.
            try FileManager.default.removeItem(atPath: site.home)
            try FileManager.default.createDirectory(
                atPath: site.home, withIntermediateDirectories: false)
            let second = try await life()
            #expect(try await rows(second) == "1")
            #expect(second.log.contains("a new ledger was begun, though"))
            #expect(try await rows(try await life()) == "0")
        }
    }
}
