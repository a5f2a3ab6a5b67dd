import Foundation
import Testing

/// Each mistake: one clear sentence, the right exit code, from the real binary.
@Suite("Bad input", .timeLimit(.minutes(30)))
struct BadInputTests {
    /// What the config says wrong, and what must be said about it.
    struct Mistake: CustomTestStringConvertible {
        let name: String
        let right: String
        let wrong: String
        let said: [String]
        var testDescription: String { name }
    }

    static let mistakes: [Mistake] = [
        Mistake(
            name: "broken TOML", right: "every = \"1h\"", wrong: "every = \"1h",
            said: ["carillon.toml:", "TOML syntax"]),
        Mistake(
            name: "an unknown key", right: "overlap = \"allow\"", wrong: "overlapp = \"allow\"",
            said: ["overlapp", "overlap"]),
        Mistake(
            name: "a cron that never fires", right: "every = \"1h\"",
            wrong: "cron = \"0 0 30 2 *\"",
            said: ["schedules.hourly.cron", "never"]),
        Mistake(
            name: "a secret in the config", right: "client_secret = {",
            wrong: "client_secret = \"hunter2\"\nx = {", said: ["client_secret"]),
    ]

    @Test("Both check and daemon refuse it", arguments: mistakes)
    func refused(mistake: Mistake) async throws {
        let site = try Site(port: 1)
        defer { site.remove() }
        try site.edit(mistake.right, to: mistake.wrong)
        for (verb, status) in [("check", Int32(2)), ("daemon", 78)] {
            let outcome = try await Program.run(
                Program.carillon, [verb, "--config", site.config])
            #expect(outcome.status == status)
            for words in mistake.said {
                #expect(outcome.errors.contains(words), "\(verb) did not say: \(words)")
            }
            #expect(!outcome.errors.contains("hunter2"))
            #expect(!FileManager.default.fileExists(atPath: site.database))
        }
    }

    @Test("A missing config")
    func missingFiles() async throws {
        let site = try Site(port: 1)
        defer { site.remove() }
        let config = try await Program.run(
            Program.carillon, ["daemon", "--config", site.folder.path("nowhere.toml")])
        #expect(config.status == 78)
        #expect(config.errors.contains("nowhere.toml"))
    }

    @Test("A secret that everybody can read is warned about, and the daemon starts")
    func worldReadableSecret() async throws {
        let site = try Site(port: 1)
        defer { site.remove() }
        try site.folder.write("sandbox-secret\n", to: "secret", mode: 0o644)
        let life = try await Life(config: site.config, in: site.folder)
        #expect(await life.isReady())
        let outcome = await life.stop()
        #expect(outcome.status == 0)
        #expect((outcome.errors + outcome.output).contains(site.folder.path("secret")))
        #expect(!(outcome.errors + outcome.output).contains("sandbox-secret"))
    }

    @Test("A second daemon on the same ledger says who has it, and the first goes on")
    func alreadyRunning() async throws {
        let site = try Site(port: 1)
        defer { site.remove() }
        let life = try await Life(config: site.config, in: site.folder)
        #expect(await life.isReady())
        let second = try await Program.run(Program.carillon, ["daemon", "--config", site.config])
        #expect(second.status == 75)
        #expect(second.errors.contains("already running, pid \(life.processID)"))
        await life.turns(2)
        #expect(await life.stop().status == 0)
    }

    @Test("A ledger from a newer version, a damaged one and a foreign one are left alone")
    func databases() async throws {
        let site = try Site(port: 1)
        defer { site.remove() }
        let life = try await Life(config: site.config, in: site.folder)
        #expect(await life.isReady())
        #expect(await life.stop().status == 0)

        let newer =
            "INSERT INTO schema_migrations SELECT * FROM schema_migrations LIMIT 0; "
            + "UPDATE schema_migrations SET name = '9999_future' WHERE name = "
            + "(SELECT max(name) FROM schema_migrations)"
        _ = try await Program.run("/usr/bin/sqlite3", [site.database, newer])
        try await expectRefusal(site, words: "9999_future")

        try Data(repeating: 7, count: 8192).write(to: URL(filePath: site.database))
        removeSideFiles(site)
        try await expectRefusal(site, words: site.database)

        try FileManager.default.removeItem(atPath: site.database)
        _ = try await Program.run(
            "/usr/bin/sqlite3",
            [site.database, "CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)"])
        try await expectRefusal(site, words: site.database)
        #expect(try await site.ask("SELECT count(*) FROM theirs") == "1")
    }

    private func expectRefusal(_ site: Site, words: String) async throws {
        let outcome = try await Program.run(Program.carillon, ["daemon", "--config", site.config])
        #expect(outcome.status == 78)
        #expect(outcome.errors.contains(words), "said: \(outcome.errors)")
    }

    private func removeSideFiles(_ site: Site) {
        for suffix in ["-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: site.database + suffix)
        }
    }
}
