import Foundation
import Sandbox
import Testing

/// New zone data under the running daemon.
@Suite("Zone data changes", .timeLimit(.minutes(30)))
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

    @Test("A zone that is misspelt waits with the name that was meant, and the others run")
    func misspelt() async throws {
        let world = World()
        try await world.serving { port in
            let site = try Site(
                port: port,
                schedules: """
                    [calendars.close]
                    files = ["holidays.csv"]
                    [schedules.tick]
                    process = "\(Site.process)"
                    every = "1s"
                    [schedules.misspelt]
                    process = "\(Site.other)"
                    cron = "*/5 * * * * *"
                    timezone = "America/New_Yrok"
                    [schedules.holiday]
                    process = "\(Site.other)"
                    cron = "*/5 * * * * *"
                    calendar = "close"
                    """)
            defer { site.remove() }
            let life = try await Life(config: site.config, in: site.folder)
            #expect(await life.isReady(), "said: \(life.log)")
            let runs = try await life.turns {
                try await site.ask(
                    "SELECT count(*) > 2 FROM slots WHERE schedule = 'tick' "
                        + "AND disposition = 'started'") == "1"
            }
            #expect(runs, "said: \(life.log)")
            // Each row says what its schedule waits for, and nothing of the other.
            let rows = try await site.ask(
                "SELECT subject, what_to_do FROM attention WHERE kind = 'waits' ORDER BY 1"
            ).split(separator: "\n")
            #expect(rows.count == 2, "\(rows)")
            #expect(rows.first?.contains("holidays.csv can't be read") == true, "\(rows)")
            #expect(rows.first?.contains("time zone") == false, "\(rows)")
            #expect(rows.last?.contains("did you mean \"America/New_York\"?") == true, "\(rows)")
            #expect(rows.last?.contains("holidays") == false, "\(rows)")
            try site.edit("New_Yrok", to: "New_York")
            try site.folder.write("date\n2100-01-01\n", to: "holidays.csv")
            let reload = try await Program.run(
                Program.carillon, ["reload", "--config", site.config])
            #expect(reload.status == 0, "said: \(reload.errors)")
            let isHealed = try await life.turns {
                try await site.ask(
                    "SELECT count(DISTINCT schedule) FROM slots WHERE disposition = 'started'")
                    == "3"
            }
            #expect(isHealed, "said: \(life.log)")
            #expect(try await site.ask("SELECT count(*) FROM attention") == "0")
            #expect(await life.stop().status == 0, "said: \(life.log)")
        }
    }

    @Test(
        "A zone of the package tzdata-legacy is waited for with both names, and heals by itself",
        .enabled(if: Machine.canMount, Machine.mountAdvice))
    func legacy() async throws {
        let world = World()
        try await world.serving { port in
            let site = try Site(
                port: port,
                schedules: """
                    [schedules.tick]
                    process = "\(Site.process)"
                    every = "1s"
                    [schedules.eastern]
                    process = "\(Site.other)"
                    cron = "*/5 * * * * *"
                    timezone = "US/Eastern"
                    """)
            defer { site.remove() }
            // As a host after the upgrade to Debian 13: the folder of old names is gone.
            let place = try await Place("mount -t tmpfs none /usr/share/zoneinfo/US")
            let life = try await Life(config: site.config, in: site.folder, under: place.entrance)
            #expect(await life.isReady(), "said: \(life.log)")
            let runs = try await life.turns {
                try await site.ask(
                    "SELECT count(*) > 2 FROM slots WHERE schedule = 'tick' "
                        + "AND disposition = 'started'") == "1"
            }
            #expect(runs, "said: \(life.log)")
            let row = try await site.ask(
                "SELECT what_to_do FROM attention WHERE kind = 'waits' AND subject = 'eastern'")
            #expect(row.contains("an old name of \"America/New_York\""), "\(row)")
            #expect(row.contains("apt-get install tzdata-legacy"), "\(row)")
            // The package is installed; nobody tells the daemon.
            try await place.run("umount /usr/share/zoneinfo/US")
            let isHealed = try await life.turns {
                try await site.ask(
                    "SELECT count(*) > 0 FROM slots WHERE schedule = 'eastern' "
                        + "AND disposition = 'started'") == "1"
            }
            #expect(isHealed, "said: \(life.log)")
            #expect(try await site.ask("SELECT count(*) FROM attention") == "0")
            #expect(await life.stop().status == 0, "said: \(life.log)")
            await place.leave()
        }
    }
}
