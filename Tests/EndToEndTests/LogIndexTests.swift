import Foundation
import Glibc
import Sandbox
import Testing

/// The index of the ledger's log (`-shm`), which SQLite maps into memory.
@Suite("Fault: the log's index", .timeLimit(.minutes(30)))
struct LogIndexTests {
    private static func underway(
        _ body: (_ site: Site, _ life: Life) async throws -> Void
    ) async throws {
        let world = World()
        try await world.serving { port in
            let site = try Site(port: port, schedules: DamageTests.tick, home: "home")
            defer { site.remove() }
            let life = try await Life(config: site.config, in: site.folder)
            #expect(await life.isReady())
            #expect(try await life.turns { try await started(site) >= 2 }, "said: \(life.log)")
            try await body(site, life)
        }
    }

    private static func started(_ site: Site) async throws -> Int {
        Int(try await site.ask("SELECT count(*) FROM runs")) ?? 0
    }

    /// Touching memory behind the end of a file is deadly; so what was cut is made whole, and then anew
    /// from the log.
    @Test("It is cut between turns: noticed, and nothing is lost", arguments: [0, 100, 20_000])
    func cut(bytes: UInt64) async throws {
        try await Self.underway { site, life in
            #expect(await life.freeze())
            let index = try FileHandle(forUpdating: URL(filePath: site.database + "-shm"))
            try index.truncate(atOffset: bytes)
            try index.close()
            life.thaw()
            // In the middle of a turn it can't be helped: then the next start goes on.
            let goesOn = await life.says("STATUS=the database works again")
            var next = life
            if !goesOn {
                let outcome = await life.end()
                #expect(outcome.status == 1, "said: \(outcome.errors)")
                #expect(outcome.errors.contains("SIGBUS"), "said: \(outcome.errors)")
                next = try await Life(config: site.config, in: site.folder)
                #expect(await next.isReady())
            }
            let before = try await Self.started(site)
            #expect(try await next.turns { try await Self.started(site) > before })
            #expect(try await site.ask("PRAGMA integrity_check") == "ok")
            let held = "SELECT count(*) FROM slots WHERE disposition = 'held'"
            #expect(try await site.ask(held) == "0")
            #expect(await next.stop().status == 0)
        }
    }

    @Test("SIGBUS ends the daemon with a sentence, and a status that systemd starts again after")
    func memoryGone() async throws {
        try await Self.underway { _, life in
            kill(life.processID, SIGBUS)
            let outcome = await life.end()
            #expect(outcome.status == 1)
            #expect(outcome.errors.contains("was cut short"), "said: \(outcome.errors)")
        }
    }

    /// Closing any descriptor of the file drops SQLite's lock on it, and the next program to open the
    /// database takes it for unused.
    @Test("A checkpoint that somebody asks for costs the daemon no lock on it")
    func locked() async throws {
        try await Self.underway { site, life in
            // Asked of the kernel: /proc/locks leaves lines out while others come and go.
            func holder() -> Int32 {
                let index = unsafe open(site.database + "-shm", O_RDWR | O_CLOEXEC)
                defer { close(index) }
                var lock = flock()
                lock.l_type = Int16(F_WRLCK)
                (lock.l_start, lock.l_len) = (128, 1)
                // SAFETY: the kernel fills the struct we own.
                _ = unsafe fcntl(index, F_GETLK, &lock)
                return lock.l_type == Int16(F_UNLCK) ? 0 : lock.l_pid
            }
            #expect(holder() == life.processID)
            let made = try await Program.run(
                "/usr/bin/sqlite3", [site.database, "PRAGMA wal_checkpoint(TRUNCATE)"])
            #expect(made.status == 0)
            let before = try await Self.started(site)
            #expect(try await life.turns { try await Self.started(site) > before })
            #expect(holder() == life.processID)
            #expect(await life.stop().status == 0)
        }
    }
}
