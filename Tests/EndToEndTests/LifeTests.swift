import Foundation
import Loopback
import Sandbox
import Testing

/// The real binary against the sandbox over real HTTP, from a rule in a file to a finished run.
@Suite("Lives of the daemon", .timeLimit(.minutes(30)))
struct LifeTests {
    private static let everySecond = """
        [schedules.tick]
        process = "\(Site.process)"
        every = "1s"
        """

    @Test("A rule becomes slots, starts, runs and results; then the daemon stops cleanly")
    func wholePath() async throws {
        let world = World()
        try await world.serving { port in
            let site = try Site(port: port, schedules: Self.everySecond)
            defer { site.remove() }
            let life = try await Life(config: site.config, in: site.folder)
            #expect(await life.isReady())
            let isDone = try await life.turns {
                try await site.ask("SELECT count(*) >= 3 FROM runs WHERE outcome = 'succeeded'")
                    == "1"
            }
            #expect(isDone)
            #expect(await life.stop().status == 0)
            try await expectTrueLedger(site, world)
            #expect(try await site.ask("SELECT count(*) FROM error_log") == "0")
            // The sandbox's own counts, as its top map has them.
            let counted = try await site.ask(
                "SELECT count(*) FROM run_counts WHERE scope = 'actions'")
            #expect(counted != "0")
        }
    }

    @Test("An API that is down at the start is said and healed")
    func unreachable() async throws {
        let world = World()
        let place = try ReservedPort()
        defer { place.release() }
        let site = try Site(port: place.number, schedules: Self.everySecond)
        defer { site.remove() }
        let life = try await Life(config: site.config, in: site.folder)
        #expect(await life.isReady())
        let isSaid = try await life.turns {
            try await site.ask("SELECT count(*) > 0 FROM error_log") == "1"
        }
        #expect(isSaid)
        try await world.serving(port: place.number) { _ in
            let isHealed = try await life.turns {
                try await site.ask("SELECT count(*) > 0 FROM runs WHERE outcome = 'succeeded'")
                    == "1"
            }
            #expect(isHealed)
            #expect(await life.stop().status == 0)
        }
        try await expectTrueLedger(site, world)
    }

    @Test(
        "Killed again and again, with answers lost, no slot is started twice and none is forgotten")
    func kills() async throws {
        var lost = FaultRule(.lostAfter(), operation: "runProcess")
        lost.probability = 0.3
        let world = World(faults: [lost])
        try await world.serving { port in
            let site = try Site(
                port: port,
                schedules: Self.everySecond + """

                    missed = "all"
                    [schedules.other]
                    process = "\(Site.other)"
                    every = "2s"
                    """)
            defer { site.remove() }
            for number in 0..<8 {
                let life = try await Life(config: site.config, in: site.folder)
                #expect(await life.isReady())
                await life.turns(1 + number % 4)
                _ = await life.kill()
            }
            // Healed: what is open must end.
            world.sandbox.withState { $0.removeFaults() }
            let life = try await Life(config: site.config, in: site.folder)
            #expect(await life.isReady())
            let isSettled = try await life.turns {
                try await site.ask("SELECT count(*) = 0 FROM attempts WHERE state = 'unknown'")
                    == "1"
            }
            #expect(isSettled)
            #expect(await life.stop().status == 0)
            try await expectTrueLedger(site, world)
        }
    }

    @Test("A command from the real command line reaches the daemon, and its answer comes back")
    func commands() async throws {
        let world = World()
        try await world.serving { port in
            let site = try Site(port: port, schedules: Site.distant)
            defer { site.remove() }
            func carillon(_ arguments: String...) async throws -> Outcome {
                try await Program.run(Program.carillon, arguments + ["--config", site.config])
            }
            #expect(try await carillon("trigger", "distant").status == 5)
            let life = try await Life(config: site.config, in: site.folder)
            #expect(await life.isReady())

            let triggered = try await carillon("trigger", "distant", "--wait", "--reason", "now")
            #expect(triggered.status == 0, "said: \(triggered.errors)")
            #expect(try await site.ask("SELECT origin, outcome FROM runs") == "manual|succeeded")
            let unknown = try await carillon("trigger", "distent")
            #expect(unknown.status == 3)
            #expect(unknown.errors.contains("distent"))
            for verb in ["status", "schedules", "history", "runs", "errors"] {
                let outcome = try await carillon(verb, "--json")
                #expect(outcome.status == 0, "\(verb) said: \(outcome.errors)")
            }
            #expect(await life.stop().status == 0)
            #expect(try await carillon("history").output.contains("distant"))
            let actor = try await site.ask("SELECT count(*) FROM audit WHERE reason = 'now'")
            #expect(actor == "1")
        }
    }

    /// What must hold after any life: the ledger and the world tell the same story.
    private func expectTrueLedger(_ site: Site, _ world: World) async throws {
        #expect(try await site.ask("PRAGMA integrity_check") == "ok")
        let twice = try await site.ask(
            "SELECT count(*) FROM (SELECT 1 FROM history WHERE run_id IS NOT NULL "
                + "GROUP BY run_id HAVING count(*) > 1)")
        #expect(twice == "0")
        // No second between the first slot and the last is without its row.
        let gaps = try await site.ask(
            "SELECT count(*) FROM (SELECT slot_at - lag(slot_at) OVER (ORDER BY slot_at) AS gap "
                + "FROM slots WHERE schedule = 'tick' AND kind = 'rule') WHERE gap <> 1000")
        #expect(gaps == "0")
        let reasons = try await site.ask("SELECT count(*) FROM slots WHERE reason = ''")
        #expect(reasons == "0")
        // Every run of the world belongs to a slot: an unknown one would be a start too many. The
        // last may be in doubt if the daemon was stopped with its answer outstanding.
        let known = Set(
            try await site.ask("SELECT run_id FROM runs WHERE origin <> 'external'")
                .split(separator: "\n").map(String.init))
        let strangers = world.runIDs.filter { !known.contains($0) }
        let inDoubt = try await site.ask(
            "SELECT count(*) FROM attempts WHERE state IN ('starting', 'unknown', 'held')")
        #expect(strangers.count <= Int(inDoubt) ?? 0, "runs nobody knows: \(strangers)")
    }
}
