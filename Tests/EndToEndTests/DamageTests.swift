import Foundation
import Sandbox
import Testing

/// Databases that are not what the daemon left: one clear sentence, the right exit code, and nothing
/// deleted or overwritten.
@Suite("Fault: the database is damaged", .timeLimit(.minutes(30)))
struct DamageTests {
    /// What happened to the file, and what must be said of it.
    struct Damage: CustomTestStringConvertible {
        let name: String
        /// The daemon was killed before, so that a part of the history is in the log only.
        var isKilled = false
        let words: String
        let harm: @Sendable (_ site: Site) async throws -> Void
        var testDescription: String { name }
    }

    static let damages: [Damage] = [
        Damage(name: "its header is overwritten", words: "not a database") {
            try patch($0.database, at: 0, with: noise(100))
        },
        Damage(name: "it is a text", words: "not a database") { try becomeText($0) },
        Damage(
            name: "it is a text, and its log is there", isKilled: true,
            words: "restore a backup"
        ) { try becomeText($0) },
        Damage(name: "a page of slots is overwritten", words: "restore a backup") {
            let page = try await $0.ask("SELECT rootpage FROM sqlite_schema WHERE name = 'slots'")
            try patch($0.database, at: ((Int(page) ?? 9) - 1) * 4096, with: noise(4096))
        },
        Damage(name: "it is cut in half", words: "restore a backup") { try cutInHalf($0) },
        Damage(
            name: "it is cut in half, and its log is there", isKilled: true,
            words: "restore a backup"
        ) { try cutInHalf($0) },
        Damage(name: "it belongs to another program", words: "belongs to another program") {
            try FileManager.default.removeItem(atPath: $0.database)
            try removeLog($0)
            _ = try await Program.run(
                "/usr/bin/sqlite3",
                [$0.database, "PRAGMA application_id = 7; CREATE TABLE theirs (a)"])
        },
        Damage(name: "it is gone, and its log is not", isKilled: true, words: "its log") {
            try FileManager.default.removeItem(atPath: $0.database)
        },
        Damage(name: "the head of its log is overwritten", isKilled: true, words: "is damaged") {
            try patch($0.database + "-wal", at: 0, with: noise(64))
        },
        Damage(
            name: "a backup was put beside an old log", isKilled: true,
            words: "belongs to another database"
        ) {
            let copy = $0.folder.path("copy.db")
            let made = try await Program.run(
                Program.carillon, ["backup", copy, "--config", $0.config])
            #expect(made.status == 0, "said: \(made.errors)")
            try FileManager.default.removeItem(atPath: $0.database)
            try FileManager.default.moveItem(atPath: copy, toPath: $0.database)
        },
    ]

    @Test("What a restart can't mend ends with 78 and stays as it is", arguments: damages)
    func refused(damage: Damage) async throws {
        let world = World()
        try await world.serving { port in
            let site = try await Self.siteWithHistory(port: port, isKilled: damage.isKilled)
            defer { site.remove() }
            try await damage.harm(site)
            let before = Self.files(site)
            let outcome = try await Self.runWithoutRequest(site)
            #expect(outcome.status == 78, "said: \(outcome.errors)")
            #expect(outcome.errors.contains(damage.words), "said: \(outcome.errors)")
            #expect(outcome.errors.contains(site.database))
            let lines = outcome.errors.split(separator: "\n").filter { $0.hasPrefix("carillon: ") }
            #expect(lines.count == 1, "said: \(outcome.errors)")
            #expect(Self.files(site) == before, "files were changed")
        }
    }

    @Test(
        "A page of old history is overwritten: found beside the turns, said, and nothing more starts"
    )
    func oldHistory() async throws {
        let world = World()
        try await world.serving { port in
            let site = try await Self.siteWithHistory(port: port, isKilled: true)
            defer { site.remove() }
            _ = try await Program.run(
                "/usr/bin/sqlite3",
                [
                    site.database,
                    """
                    WITH RECURSIVE numbers (n) AS (
                        SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2000)
                    INSERT INTO errors (occurred_at, operation, message, next_step, last_at)
                    SELECT n, 'start', printf('%0500d', n), 'none', n FROM numbers;
                    PRAGMA wal_checkpoint(TRUNCATE)
                    """,
                ])
            let pages = try await site.ask("PRAGMA page_count")
            try Self.patch(site.database, at: (Int(pages) ?? 2) / 2 * 4096, with: Self.noise(4096))
            // Ready as fast as ever, and gone when the page is read.
            let life = try await Life(config: site.config, in: site.folder)
            #expect(await life.isReady(), "said: \(life.log)")
            let outcome = await life.end()
            #expect(outcome.status == 78, "said: \(outcome.errors)")
            #expect(outcome.errors.contains("found in errors"), "said: \(outcome.errors)")
            let alarm = try await site.ask(
                "SELECT what_to_do FROM attention WHERE kind = 'damaged'")
            #expect(alarm.contains("nothing is started any more"))
            // Whoever starts it again gets no start out of it either.
            #expect(try await Self.runWithoutRequest(site).status == 78)
        }
    }

    @Test("Its folder isn't there yet: nothing is sent, everybody is told, and it heals")
    func folderMissing() async throws {
        let world = World()
        try await world.serving { port in
            let site = try await Self.siteWithHistory(port: port)
            defer { site.remove() }
            let elsewhere = site.folder.path("elsewhere")
            try FileManager.default.moveItem(atPath: site.home, toPath: elsewhere)
            let before = world.requests
            let life = try await Life(config: site.config, in: site.folder)
            #expect(await life.says("STATUS=cannot open the lock file"), "said: \(life.log)")
            #expect(await life.isReady())
            await life.turns(2)
            #expect(world.requests == before)
            try FileManager.default.moveItem(atPath: elsewhere, toPath: site.home)
            try await Self.expectHealed(life, site)
        }
    }

    /// It goes on by itself, and stops cleanly.
    private static func expectHealed(
        _ life: Life, _ site: Site, in place: Place? = nil
    ) async throws {
        #expect(await life.says("STATUS=the database works again"), "said: \(life.log)")
        let known = try await site.ask("SELECT count(*) FROM runs", from: place)
        let goesOn = try await life.turns {
            try await site.ask("SELECT count(*) > \(known) FROM runs", from: place) == "1"
        }
        #expect(goesOn, "said: \(life.log)")
        #expect(await life.stop().status == 0, "said: \(life.log)")
    }

    @Test(
        "A read-only file system is waited for",
        .enabled(if: Machine.canMount, Machine.mountAdvice))
    func readOnly() async throws {
        let world = World()
        try await world.serving { port in
            let site = try await Self.siteWithHistory(port: port)
            defer { site.remove() }
            let place = try await Place(
                "mount --bind \(site.home) \(site.home)\nmount -o remount,ro,bind \(site.home)")
            let life = try await Life(
                config: site.config, in: site.folder, under: place.entrance)
            #expect(await life.says("Read-only file system"), "said: \(life.log)")
            try await place.run("mount -o remount,rw,bind \(site.home)")
            try await Self.expectHealed(life, site, in: place)
            await place.leave()
        }
    }

    @Test("Deleted under the running daemon: it stops sending, and doesn't begin anew by itself")
    func deleted() async throws {
        try await underway { site, life, world in
            try FileManager.default.removeItem(atPath: site.database)
            #expect(await life.says("deleted or replaced"), "said: \(life.log)")
            await life.turns(2)
            #expect(await life.stop().status == 0)
            #expect(!FileManager.default.fileExists(atPath: site.database))
            // A new start doesn't begin an empty ledger, which would know of no start.
            let again = try await Self.runWithoutRequest(site)
            #expect(again.status == 78)
            #expect(again.errors.contains("it is gone, and its log"), "said: \(again.errors)")
        }
    }

    @Test(
        "A backup put in its place under the running daemon: refused with the old log, then restored"
    )
    func replaced() async throws {
        try await underway { site, life, world in
            let copy = site.folder.path("copy.db")
            let made = try await Program.run(
                Program.carillon, ["backup", copy, "--config", site.config])
            #expect(made.status == 0, "said: \(made.errors)")
            _ = try await Program.run("/bin/mv", ["-f", copy, site.database])
            let outcome = await life.end()
            #expect(outcome.status == 1)
            #expect(outcome.errors.contains("deleted or replaced"), "said: \(outcome.errors)")
            let before = Self.files(site)
            let again = try await Program.run(
                Program.carillon, ["daemon", "--config", site.config])
            #expect(again.status == 78)
            #expect(Self.files(site) == before)
            // As the sentence advises.
            try Self.removeLog(site)
            let starts = world.starts
            let restored = try await Life(config: site.config, in: site.folder)
            #expect(await restored.isReady())
            #expect(
                try await restored.turns {
                    try await site.ask("SELECT count(*) FROM audit WHERE action = 'restored'")
                        == "1"
                })
            #expect(await restored.stop().status == 0)
            #expect(try await site.ask("PRAGMA integrity_check") == "ok")
            // Only slots after the restart: what was started before may not be started again.
            let late = try await site.ask(
                "SELECT count(*) FROM slots, (SELECT restored_at FROM daemon) "
                    + "WHERE created_at >= restored_at AND slot_at <= restored_at "
                    + "AND disposition NOT IN ('missed', 'coalesced', 'skipped')")
            #expect(late == "0")
            #expect(world.starts >= starts)
        }
    }

    @Test("The folder vanishes under the running daemon")
    func folderVanished() async throws {
        try await underway { site, life, _ in
            let elsewhere = site.folder.path("elsewhere")
            try FileManager.default.moveItem(atPath: site.home, toPath: elsewhere)
            #expect(await life.says("deleted or replaced"), "said: \(life.log)")
            // Brought back, it goes on where it was.
            try FileManager.default.moveItem(atPath: elsewhere, toPath: site.home)
            try await Self.expectHealed(life, site)
        }
    }

    @Test("Its log is cut under the running daemon: it ends loudly, and starts nothing more")
    func logCut() async throws {
        try await underway { site, life, world in
            // Readers between two turns find the files as they are.
            let log = try FileHandle(forUpdating: URL(filePath: site.database + "-wal"))
            try log.truncate(atOffset: 0)
            try log.close()
            let runs = world.starts
            let outcome = await life.end()
            #expect(outcome.status == 78, "said: \(outcome.errors)")
            #expect(outcome.errors.contains("the log was cut"), "said: \(outcome.errors)")
            // What was on its way when it was cut.
            #expect(world.starts <= runs + 1)
        }
    }

    @Test(
        "Its log or the log's index is deleted under the running daemon: noticed, and nothing is lost",
        arguments: ["-wal", "-shm"])
    func logDeleted(suffix: String) async throws {
        try await underway { site, life, _ in
            let attempts = try await site.ask("SELECT count(*) FROM attempts")
            try FileManager.default.removeItem(atPath: site.database + suffix)
            try await Self.expectHealed(life, site)
            #expect(life.log.contains("the log was deleted or replaced"), "said: \(life.log)")
            #expect(try await site.ask("PRAGMA integrity_check") == "ok")
            #expect(
                try await site.ask("SELECT count(*) >= \(attempts) FROM attempts") == "1")
        }
    }

    /// A daemon that has started something; at the end the ledger must be whole if it is there.
    private func underway(
        _ story: (_ site: Site, _ life: Life, _ world: World) async throws -> Void
    ) async throws {
        let world = World()
        try await world.serving { port in
            let site = try Site(port: port, schedules: Self.tick, home: "home")
            defer { site.remove() }
            let life = try await Life(config: site.config, in: site.folder)
            #expect(await life.isReady())
            #expect(
                try await life.turns { try await site.ask("SELECT count(*) > 0 FROM runs") == "1" })
            try await story(site, life, world)
            let twice = Dictionary(grouping: world.runIDs) { $0 }.filter { $0.value.count > 1 }
            #expect(twice.isEmpty)
        }
    }

    /// A ledger with history.
    private static func siteWithHistory(
        port: Int, isKilled: Bool = false
    ) async throws -> Site {
        let site = try Site(port: port, schedules: tick, home: "home")
        for isLast in [false, true] {
            let life = try await Life(config: site.config, in: site.folder)
            #expect(await life.isReady())
            let runs = isLast ? 2 : 1
            #expect(
                try await life.turns {
                    try await site.ask("SELECT count(*) >= \(runs) FROM runs") == "1"
                })
            _ = isLast && isKilled ? await life.kill() : await life.stop()
        }
        return site
    }

    /// Runs a daemon that must end by itself, and asks nothing of the API before.
    ///
    /// An API of its own: what the life before it sent may arrive as late as now.
    private static func runWithoutRequest(_ site: Site) async throws -> Outcome {
        let witness = World()
        var outcome: Outcome?
        try await witness.serving { port in
            try site.writeConfig(port: port, schedules: tick)
            outcome = try await Program.run(
                Program.carillon, ["daemon", "--config", site.config])
        }
        #expect(witness.requests == 0)
        return try #require(outcome)
    }

    /// The files of the ledger with their content; the lock file only says whose it was.
    private static func files(_ site: Site) -> [String: Data] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: site.home)) ?? []
        var files: [String: Data] = [:]
        for name in names where !name.hasSuffix(".lock") && !name.hasSuffix("-shm") {
            files[name] = (try? Data(contentsOf: URL(filePath: site.home + "/" + name))) ?? Data()
        }
        return files
    }

    private static func removeLog(_ site: Site) throws {
        for suffix in ["-wal", "-shm"] {
            try FileManager.default.removeItem(atPath: site.database + suffix)
        }
    }

    private static func patch(_ path: String, at offset: Int, with bytes: [UInt8]) throws {
        let file = try FileHandle(forUpdating: URL(filePath: path))
        try file.seek(toOffset: UInt64(offset))
        try file.write(contentsOf: Data(bytes))
        try file.close()
    }

    private static func becomeText(_ site: Site) throws {
        try "This is no database.\n".write(
            toFile: site.database, atomically: false, encoding: .utf8)
    }

    private static func cutInHalf(_ site: Site) throws {
        let size = try Data(contentsOf: URL(filePath: site.database)).count
        let file = try FileHandle(forUpdating: URL(filePath: site.database))
        try file.truncate(atOffset: UInt64(size / 2))
        try file.close()
    }

    private static func noise(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ 13) }
    }

    static let tick = """
        [schedules.tick]
        process = "\(Site.process)"
        every = "1s"
        """
}
