import Foundation
import FoundationNetworking
import Loopback
import Sandbox
import Testing

/// A disk that is full: send nothing, say so, go on trying (docs/reliability.md#disk).
@Suite("Fault: the disk is full", .timeLimit(.minutes(30)))
struct FullDiskTests {
    @Test(
        "Nothing is sent without a stored intent, everybody is told, and room heals it",
        .enabled(if: Machine.canMount, Machine.mountAdvice))
    func full() async throws {
        // Answers that are on their way when the disk fills up must be kept until there is room.
        let world = World { $0.latencyMilliseconds = 700...900 }
        let door = try ReservedPort()
        defer { door.release() }
        let http = door.number
        try await world.serving { port in
            let site = try Site(
                port: port, schedules: Self.schedules,
                daemon: "http = \"127.0.0.1:\(http)\"\ncatchup_per_minute = 1200", home: "disk")
            defer { site.remove() }
            // No start without a look, however long a look takes: nothing may end `held`.
            try site.edit("look_patience = \"5s\"", to: "look_patience = \"10m\"")
            // More than the log that a long life on a slow machine writes before its first checkpoint.
            let place = try await Place("mount -t tmpfs -o size=64m tmpfs \(site.home)")
            let truth = Truth(
                site: site, world: world, periods: ["tick": 1, "tock": 1], place: place)
            var life = try await Life(
                config: site.config, in: site.folder, under: place.entrance)
            #expect(await life.isReady())
            let isUnderWay = try await life.turns {
                try await site.ask("SELECT count(*) >= 2 FROM runs", from: place) == "1"
            }
            #expect(isUnderWay, "said: \(life.log)")

            // The ballast takes every block that is left.
            try await place.run("cat /dev/zero >\(site.home)/ballast 2>/dev/null || true")
            #expect(await life.says("STATUS=disk full, nothing is sent"))
            let toldAt = Truth.now
            try await expectSaid(site, life, http: http)
            try await expectNothingSent(site, world, life, place)

            // A restart meets the same disk: it comes up and waits for room as well.
            _ = await life.kill()
            life = try await Life(config: site.config, in: site.folder, under: place.entrance)
            #expect(await life.says("STATUS=disk full, nothing is sent"), "said: \(life.log)")
            try await expectNothingSent(site, world, life, place)
            // Nobody hears of it that a signal's reload can't be taken now: it must not be lost.
            life.hangUp()
            #expect(await life.says("STATUS=the reload waits, and goes on by itself: "))

            try await place.run("rm \(site.home)/ballast")
            #expect(await life.says("STATUS=the database works again"))
            let healedAt = Truth.now
            #expect(await life.says("STATUS=reloaded: "))
            #expect(try await life.turns { try await truth.isSettled(upTo: healedAt) })
            #expect(try await Self.health(http).hasPrefix("200 ok: "))
            let (outcome, stoppedAt) = try await truth.stop(life)
            #expect(outcome.status == 0)
            #expect(outcome.errors.contains("the database takes turns again"))
            let figures = try await truth.expect(upTo: stoppedAt)
            print("disk full: for \(healedAt - toldAt) ms, \(figures)")
            #expect(figures.held == 0)
            await place.leave()
        }
    }

    /// The monitor, `status`, `trigger`, the log and systemd say it; the watchdog is still fed.
    private func expectSaid(_ site: Site, _ life: Life, http: Int) async throws {
        let health = try await Self.health(http)
        #expect(health.hasPrefix("503 failing: nothing is sent: "), "said: \(health)")
        #expect(health.contains("disk is full"))
        // The socket works although the ledger does not; what can't be carried out says 75.
        let trigger = try await Program.run(
            Program.carillon, ["trigger", "tick", "--config", site.config])
        #expect(trigger.status == 75, "said: \(trigger.errors)")
        #expect(trigger.errors.contains("disk full"))
        #expect(trigger.errors.contains("without starting twice, add --uuid "))
        #expect(life.log.contains("nothing is sent: "))
        await life.turns(3)
    }

    private func expectNothingSent(
        _ site: Site, _ world: World, _ life: Life, _ place: Place
    ) async throws {
        let words = place.entrance + [Program.carillon, "status", "--config", site.config]
        let status = try await Program.run(words[0], Array(words.dropFirst()))
        #expect(status.status == 0)
        #expect(status.output.contains("trouble     nothing is sent: "), "said: \(status.output)")
        #expect(status.output.contains("disk is full"))
        // An intent for each request, and no new request while slots become due. What was on its way
        // when the disk was full may arrive as late as now.
        let attempts = try await site.ask("SELECT count(*) FROM attempts", from: place)
        let haveArrived = await Patience.within(seconds: 60) { "\(world.starts)" == attempts }
        #expect(haveArrived, "\(world.starts) starts of \(attempts) attempts")
        let before = world.starts
        await life.turns(3)
        #expect(world.starts == before)
        #expect(try await site.ask("SELECT count(*) FROM attempts", from: place) == attempts)
    }

    private static func health(_ port: Int) async throws -> String {
        let url = try #require(URL(string: "http://127.0.0.1:\(port)/healthz"))
        let (data, response) = try await URLSession.shared.data(from: url)
        let status = (response as? HTTPURLResponse)?.statusCode ?? 0
        return "\(status) " + String(decoding: data, as: UTF8.self)
    }

    private static let schedules = """
        [schedules.tick]
        process = "\(Site.process)"
        every = "1s"
        missed = "all"
        [schedules.tock]
        process = "\(Site.other)"
        every = "1s"
        missed = "all"
        """
}
