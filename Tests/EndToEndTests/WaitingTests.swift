// Idle connections are bare sockets: each `unsafe` is a system call that borrows an address of ours.
import Foundation
import FoundationNetworking
import Glibc
import Loopback
import Sandbox
import Testing

/// What isn't there yet at boot, or goes away for a while: the daemon is up, says what it waits for,
/// and goes on by itself.
@Suite("Fault: something is missing for a while", .timeLimit(.minutes(30)))
struct WaitingTests {
    private static let schedules = """
        [connections.second]
        base_url = "http://127.0.0.1:PORT"
        api_version = "2026-04-01.processes.preview"
        client_id = "sandbox-client"
        client_secret = { file = "FOLDER/secret" }
        ca_file = "FOLDER/ca.pem"
        [calendars.close]
        files = ["holidays.csv"]
        [schedules.tick]
        process = "\(Site.process)"
        every = "1s"
        [schedules.second]
        process = "\(Site.other)"
        connection = "second"
        every = "5s"
        [schedules.holiday]
        process = "\(Site.other)"
        cron = "*/5 * * * * *"
        calendar = "close"
        [schedules.zoned]
        process = "\(Site.other)"
        cron = "*/5 * * * * *"
        timezone = "America/New_York"
        """
    private static let authorities = "/etc/ssl/certs/ca-certificates.crt"

    @Test(
        "All is missing at boot, and comes back piece by piece; then pieces go away in flight",
        .enabled(if: Machine.canMount, Machine.mountAdvice))
    func everything() async throws {
        let world = World()
        let api = try ReservedPort()
        defer { api.release() }
        let squatter = try LoopbackListener { _ in }
        let site = try Site(
            port: api.number, schedules: Self.schedules,
            // The ramp after an outage (rule 8) is another story.
            daemon: "http = \"127.0.0.1:\(squatter.port)\"\ncatchup_per_minute = 1200",
            home: "home")
        defer { site.remove() }
        try site.edit("PORT", to: "\(api.number)")
        try site.edit("FOLDER", to: site.folder.root)
        try site.edit(site.folder.path("control.sock"), to: site.folder.path("run/sock"))
        let files = FileManager.default
        try files.removeItem(atPath: site.folder.path("secret"))
        try files.removeItem(atPath: site.home)
        let place = try await Place("mount -t tmpfs tmpfs /usr/share/zoneinfo")
        let life = try await Life(config: site.config, in: site.folder, under: place.entrance)
        #expect(await life.says("STATUS=cannot open the lock file"), "said: \(life.log)")
        #expect(await life.isReady(), "said: \(life.log)")

        try files.createDirectory(atPath: site.home, withIntermediateDirectories: false)
        try await expectSaid(
            [
                "connection sandbox", "connection second", "holiday", "zoned",
                "dashboard 127.0.0.1:\(squatter.port)",
                "control socket \(site.folder.path("run/sock"))",
            ], site, life)
        try site.folder.write("sandbox-secret\n", to: "secret")
        try await heals("connection sandbox", site, life)
        try files.copyItem(atPath: Self.authorities, toPath: site.folder.path("ca.pem"))
        try await heals("connection second", site, life)
        try site.folder.write("date\n2100-01-01\n", to: "holidays.csv")
        try await heals("holiday", site, life)
        try await place.run("umount /usr/share/zoneinfo")
        try await heals("zoned", site, life)
        squatter.stop()
        try await heals("dashboard 127.0.0.1:\(squatter.port)", site, life)
        try files.createDirectory(
            atPath: site.folder.path("run"), withIntermediateDirectories: false)
        try await heals("control socket \(site.folder.path("run/sock"))", site, life)

        try await expectUnreachable(site, life)
        try await world.serving(port: api.number) { _ in
            try await expectAllRun(site, life, since: "0")
            try await loseInFlight(site, life, place)
        }
        try await loseTheAPI(at: api, world, site, life)
        try await expectNothingTwiceOrLost(site, world)
        await place.leave()
    }

    /// The API is away twice: nobody listens, then whoever listens is silent, as behind a cable that is
    /// out.
    private func loseTheAPI(
        at api: ReservedPort, _ world: World, _ site: Site, _ life: Life
    ) async throws {
        try await expectUnreachable(site, life)
        try await world.serving(port: api.number) { _ in
            try await expectAllRun(site, life, since: Self.last(site))
        }
        let cable = DispatchSemaphore(value: 0)
        let silence = try LoopbackListener(port: api) { _ in
            cable.wait()
            cable.signal()
        }
        try await expectUnreachable(site, life, withinSeconds: 120)
        silence.stop()
        try await world.serving(port: api.number) { _ in
            // All connections break.
            cable.signal()
            try await expectAllRun(site, life, since: Self.last(site))
            #expect(await life.stop().status == 0, "said: \(life.log)")
        }
    }

    /// A secret, the zones, the authorities and the whole folder go away, and come back.
    private func loseInFlight(_ site: Site, _ life: Life, _ place: Place) async throws {
        let files = FileManager.default
        try files.removeItem(atPath: site.folder.path("secret"))
        try await expectSaid(["connection sandbox", "connection second"], site, life)
        try site.folder.write("sandbox-secret\n", to: "secret")
        try await heals("connection sandbox", site, life)
        try await heals("connection second", site, life)
        // What was read of it once is kept: its slots go on as they were.
        try await place.run("mount -t tmpfs tmpfs /usr/share/zoneinfo")
        try files.removeItem(atPath: site.folder.path("ca.pem"))
        try await expectSaid(["zoned"], site, life)
        try await expectAllRun(site, life, since: Self.last(site))
        try files.copyItem(atPath: Self.authorities, toPath: site.folder.path("ca.pem"))
        try await place.run("umount /usr/share/zoneinfo")
        try await heals("zoned", site, life)
        try files.moveItem(atPath: site.home, toPath: site.folder.path("away"))
        #expect(await life.says("deleted or replaced"), "said: \(life.log)")
        try files.moveItem(atPath: site.folder.path("away"), toPath: site.home)
        #expect(await life.says("STATUS=the database works again"), "said: \(life.log)")
        try await expectAllRun(site, life, since: Self.last(site))
    }

    private static func last(_ site: Site) async throws -> String {
        try await site.ask("SELECT max(slot_at) FROM slots")
    }

    /// Each has its row in `attention` within a minute.
    private func expectSaid(_ subjects: [String], _ site: Site, _ life: Life) async throws {
        let began = ContinuousClock.now
        let list = subjects.map { "'\($0)'" }.joined(separator: ", ")
        let isSaid = try await life.turns {
            try await site.ask("SELECT count(*) FROM attention WHERE subject IN (\(list))")
                == "\(subjects.count)"
        }
        #expect(isSaid, "said: \(life.log)")
        #expect(began.duration(to: .now) < .seconds(60), "\(subjects)")
    }

    /// Both connections are in `attention` as soon as their requests have found out: those that hang
    /// take 35 s for it, each.
    private func expectUnreachable(
        _ site: Site, _ life: Life, withinSeconds limit: Int = 60
    ) async throws {
        let began = ContinuousClock.now
        let isSaid = try await life.turns {
            try await site.ask("SELECT count(*) FROM attention WHERE kind = 'unreachable'") == "2"
        }
        #expect(isSaid, "said: \(life.log)")
        #expect(began.duration(to: .now) < .seconds(limit))
    }

    @Test("A known schedule that waits at boot loses no slot")
    func gap() async throws {
        let world = World()
        try await world.serving { port in
            let site = try Site(
                port: port,
                schedules: """
                    [calendars.close]
                    files = ["holidays.csv"]
                    [schedules.tick]
                    process = "\(Site.process)"
                    cron = "* * * * * *"
                    calendar = "close"
                    """)
            defer { site.remove() }
            try site.folder.write("date\n2100-01-01\n", to: "holidays.csv")
            let first = try await Life(config: site.config, in: site.folder)
            #expect(await first.isReady())
            try await expectRuns("tick", site, first, since: "0")
            #expect(await first.stop().status == 0)

            try FileManager.default.removeItem(atPath: site.folder.path("holidays.csv"))
            let life = try await Life(config: site.config, in: site.folder)
            #expect(await life.isReady(), "said: \(life.log)")
            await life.turns(3)
            let last = try await site.ask("SELECT max(slot_at) FROM slots")
            try site.folder.write("date\n2100-01-01\n", to: "holidays.csv")
            try await heals("tick", site, life)
            try await expectRuns("tick", site, life, since: last)
            #expect(await life.stop().status == 0, "said: \(life.log)")
            try await expectNothingTwiceOrLost(site, world)
        }
    }

    @Test("Hundreds of idle connections hold up neither the monitor nor commands")
    func idleConnections() async throws {
        let world = World()
        let door = try ReservedPort()
        try await world.serving { port in
            let site = try Site(
                port: port, schedules: Site.distant,
                daemon: "http = \"127.0.0.1:\(door.number)\"")
            defer { site.remove() }
            let life = try await Life(config: site.config, in: site.folder)
            #expect(await life.isReady())
            door.release()
            await life.turns(1)
            let idle = (0..<280).map { _ in Self.connect(to: door.number) }
            defer { for descriptor in idle { close(descriptor) } }
            #expect(idle.allSatisfy { $0 >= 0 })
            let began = ContinuousClock.now
            let url = try #require(URL(string: "http://127.0.0.1:\(door.number)/healthz"))
            let (data, _) = try await URLSession.shared.data(from: url)
            #expect(String(decoding: data, as: UTF8.self).hasPrefix("ok"))
            let socket = site.folder.path("control.sock")
            let atControl = (0..<280).map { _ in Self.connect(toSocket: socket) }
            defer { for descriptor in atControl { close(descriptor) } }
            #expect(atControl.allSatisfy { $0 >= 0 })
            let paused = try await Program.run(
                Program.carillon, ["pause", "--all", "--reason", "x", "--config", site.config])
            #expect(paused.status == 0, "said: \(paused.errors)")
            #expect(began.duration(to: .now) < .seconds(16))
            #expect(await life.stop().status == 0)
        }
    }

    @Test("A log that grows because a reader never ends is in attention, with its size")
    func longLog() async throws {
        let world = World()
        try await world.serving { port in
            let site = try Site(port: port, schedules: Site.distant)
            defer { site.remove() }
            let life = try await Life(config: site.config, in: site.folder)
            #expect(await life.isReady())
            // What lies behind the last frame is none of SQLite's business.
            let log = try FileHandle(forUpdating: URL(filePath: site.database + "-wal"))
            try log.truncate(atOffset: 200 << 20)
            try log.close()
            let isSaid = try await life.turns {
                try await site.ask("SELECT what_to_do FROM attention WHERE kind = 'log'")
                    .contains("has 200 MB")
            }
            #expect(isSaid, "said: \(life.log)")
            #expect(await life.stop().status == 0)
        }
    }

    /// Its row leaves `attention` within half a minute.
    private func heals(_ subject: String, _ site: Site, _ life: Life) async throws {
        let began = ContinuousClock.now
        let isHealed = try await life.turns {
            try await site.ask(
                "SELECT count(*) FROM attention WHERE subject = '\(subject)' "
                    + "AND kind IN ('waits', 'door')") == "0"
        }
        #expect(isHealed, "\(subject): \(life.log)")
        #expect(began.duration(to: .now) < .seconds(30), "\(subject)")
    }

    private func expectAllRun(_ site: Site, _ life: Life, since slotAt: String) async throws {
        // Each of them within half a minute from now.
        let began = ContinuousClock.now
        for schedule in ["tick", "second", "holiday", "zoned"] {
            try await expectRuns(schedule, site, life, since: slotAt, began)
        }
    }

    private func expectRuns(
        _ schedule: String, _ site: Site, _ life: Life, since slotAt: String,
        _ began: ContinuousClock.Instant = .now
    ) async throws {
        let runs = try await life.turns {
            try await site.ask(
                "SELECT count(*) > 0 FROM slots WHERE schedule = '\(schedule)' "
                    + "AND disposition = 'started' AND slot_at > \(slotAt)") == "1"
        }
        #expect(runs, "\(schedule): \(life.log)")
        #expect(began.duration(to: .now) < .seconds(30), "\(schedule)")
    }

    private func expectNothingTwiceOrLost(_ site: Site, _ world: World) async throws {
        #expect(try await site.ask("PRAGMA integrity_check") == "ok")
        let twice = try await site.ask(
            "SELECT count(*) FROM (SELECT 1 FROM history WHERE run_id IS NOT NULL "
                + "GROUP BY run_id HAVING count(*) > 1)")
        #expect(twice == "0")
        let gaps = try await site.ask(
            "SELECT count(*) FROM (SELECT slot_at - lag(slot_at) OVER (PARTITION BY schedule "
                + "ORDER BY slot_at) AS gap FROM slots) WHERE gap NOT IN (1000, 5000)")
        #expect(gaps == "0")
        let known = Set(
            try await site.ask("SELECT run_id FROM runs").split(separator: "\n").map(String.init))
        let strangers = world.runIDs.filter { !known.contains($0) }
        let inDoubt = try await site.ask(
            "SELECT count(*) FROM attempts WHERE state IN ('starting', 'unknown', 'held')")
        #expect(strangers.count <= Int(inDoubt) ?? 0, "runs nobody knows: \(strangers)")
    }

    private static func connect(toSocket path: String) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) {
            unsafe $0.copyBytes(from: path.utf8)
        }
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(
                    descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return result == 0 ? descriptor : -1
    }

    private static func connect(to port: Int) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(
                    descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return result == 0 ? descriptor : -1
    }
}
