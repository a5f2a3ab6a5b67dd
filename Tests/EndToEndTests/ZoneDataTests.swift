import Foundation
import Sandbox
import Testing

/// New zone data under the running daemon.
@Suite("Zone data changes", .timeLimit(.minutes(10)))
struct ZoneDataTests {
    @Test(
        "A zone that came with a reload is watched, and slots that its new data moves are logged",
        .enabled(if: Machine.canMount, Machine.mountAdvice))
    func addedZone() async throws {
        let zone = "/usr/share/zoneinfo/Europe/Lisbon"
        let site = try Site(port: 1)
        defer { site.remove() }
        let copy = site.folder.path("Lisbon")
        let place = try await Place("cp \(zone) \(copy)\nmount --bind \(copy) \(zone)")
        let life = try await Life(config: site.config, in: site.folder, under: place.entrance)
        #expect(await life.isReady())
        try site.writeConfig(
            port: 1,
            schedules: Site.hourly + """

                [schedules.daily]
                process = "\(Site.other)"
                cron = "0 6 * * *"
                timezone = "Europe/Lisbon"
                """)
        let reload = try await Program.run(
            Program.carillon, ["reload", "--config", site.config])
        #expect(reload.status == 0, "said: \(reload.errors)")
        let isForeseen = try await life.turns {
            try await site.ask("SELECT count(*) > 0 FROM upcoming WHERE schedule = 'daily'") == "1"
        }
        #expect(isForeseen)
        // As a package update would: another rule for the same name.
        try await place.run("cat /usr/share/zoneinfo/Asia/Tokyo >\(copy)")
        #expect(
            await life.turns { life.log.contains("new zone data for Europe/Lisbon") },
            "said: \(life.log)")
        #expect(await life.stop().status == 0)
        let next = try await site.ask(
            "SELECT substr(min(slot_at), 12, 5) FROM upcoming WHERE schedule = 'daily'")
        #expect(next == "21:00")
        await place.leave()
    }
}
