import Config
import ConfigFixtures
import Console
import Engine
import Foundation
import Store
import Testing
import Timetable
import carillon

/// The configuration that runs, and what becomes of one that is refused.
@Suite struct ConfigCommandTests {
    private static func config(_ fixture: LedgerFixture, cron: String) -> String {
        """
        version = 1
        [daemon]
        database = "\(fixture.path)"
        [connections.c]
        region = "us"
        client_id = "id"
        client_secret = { file = "/s" }
        [schedules.one]
        process = "p"
        timezone = "UTC"
        \(cron)

        """
    }

    /// A ledger that has kept the files of a host, and that host.
    private func kept() throws -> (fixture: LedgerFixture, host: MemoryHost) {
        let fixture = try LedgerFixture()
        let host = MemoryHost([
            "/c.toml": Self.config(fixture, cron: "cron = \"0 6 * * *\""), "/s": "x",
            "/schedules.d/b.toml": """
            [schedules.two]
            process = "q"
            timezone = "UTC"
            at = { file = "/close.csv", time = "05:30" }

            """,
            "/close.csv": "2026-12-31\n",
        ])
        let loaded = try ConfigurationLoader(host: host).load("/c.toml")
        try fixture.keep(loaded)
        return (fixture, host)
    }

    @Test func showPrintsWhatRunsAndDiffWhatTheDiskWouldChange() async throws {
        let (fixture, before) = try kept()
        defer { withExtendedLifetime(fixture) {} }
        var host = before
        let shown = await carillon("config", "show", "--config", "/c.toml", host: host)
        #expect(shown.status == 0, "\(shown.errors)")
        #expect(
            shown.output.hasPrefix(
                "# revision 2, in force since 2026-06-15T07:53:20Z\n# /c.toml\nversion = 1\n"))
        for path in ["# /schedules.d/b.toml\n", "# /close.csv\n2026-12-31\n"] {
            #expect(shown.output.contains(path))
        }
        let same = await carillon(
            "config", "diff", "--exit-code", "--config", "/c.toml", host: host)
        #expect(same.status == 0)
        #expect(same.errors == "no difference\n")
        host.files["/c.toml"] = host.files["/c.toml"]?.replacing("0 6 * * *", with: "0 7 * * *")
        let diff = await carillon(
            "config", "diff", "--exit-code", "--config", "/c.toml", host: host)
        #expect(diff.status == 1)
        #expect(
            diff.output == """
                --- /c.toml
                +++ /c.toml
                @@
                 [schedules.one]
                 process = "p"
                 timezone = "UTC"
                -cron = "0 6 * * *"
                +cron = "0 7 * * *"

                """)
        let revisions = await carillon(
            "config", "revisions", "--json", "--config", "/c.toml", host: host)
        #expect(revisions.output.contains("\"applied_while\": \"reload\""))
        let none = await carillon(
            "config", "show", "--revision", "9", "--config", "/c.toml", host: host)
        #expect(none.status == 3)
    }

    @Test func aRefusedConfigAtTheStartLeavesTheLastAcceptedOneRunning() throws {
        let (fixture, before) = try kept()
        defer { withExtendedLifetime(fixture) {} }
        var host = before
        let now = Instant(seconds: 1_781_510_000)
        func start(strict: Bool = false) throws -> (names: [String], refusal: String?) {
            let found = try AcceptedConfiguration(path: "/c.toml", host: host, isStrict: strict)
                .load(now: now)
            return (found.loaded.engine.schedules.map(\.name), found.refusal)
        }
        #expect(try start().refusal == nil)
        host.files["/schedules.d/b.toml"]? += "nonsense = 1\n"
        host.files["/schedules.d/c.toml"] = "[schedules.three]\n"
        host.files["/close.csv"] = nil
        let found = try start()
        #expect(found.names == ["one", "two"])
        #expect(found.refusal?.contains("schedules.two.nonsense: unknown key") ?? false)
        #expect(throws: ConfigRejected.self) { try start(strict: true) }
        host.files["/c.toml"] = host.files["/c.toml"]?
            .replacing("[daemon]\n", with: "[daemon]\nstrict = true\n")
        #expect(throws: ConfigRejected.self) { try start() }
        // Without a ledger that has kept anything there is nothing to run on.
        let empty = try LedgerFixture()
        host.files["/c.toml"] = Self.config(empty, cron: "corn = 1")
        #expect(throws: ConfigRejected.self) { try start() }
    }

    /// It loads without an error and says less: a start on it would cancel what waits.
    @Test func filesThatSayLessThanBeforeAreRefusedAtTheStart() throws {
        let (fixture, before) = try kept()
        defer { withExtendedLifetime(fixture) {} }
        var host = before
        let now = Instant(seconds: 1_781_510_000)
        func start() throws -> (names: [String], refusal: String?) {
            let found = try AcceptedConfiguration(path: "/c.toml", host: host, isStrict: false)
                .load(now: now)
            return (found.loaded.engine.schedules.map(\.name), found.refusal)
        }
        // The volume with further files isn't mounted.
        host.files["/schedules.d/b.toml"] = nil
        let unmounted = try start()
        #expect(unmounted.names == ["one", "two"])
        #expect(unmounted.refusal?.contains("schedules.d holds no file any more") ?? false)
        // An edit that keeps the names, and one that is meant, are taken.
        host.files["/schedules.d/none.toml"] = "# two is gone\n[schedules]\n"
        #expect(try start().names == ["one"])
        // Emptied by a power cut, but for its first table.
        host = before
        host.files["/schedules.d/b.toml"] = nil
        let text = try #require(host.files["/c.toml"])
        host.files["/c.toml"] = text.components(separatedBy: "[schedules.one]").first
        let emptied = try start()
        #expect(emptied.names == ["one", "two"])
        #expect(emptied.refusal?.contains("hold no schedule any more") ?? false)
        #expect(throws: ConfigRejected.self) {
            try AcceptedConfiguration(path: "/c.toml", host: host, isStrict: true).load(now: now)
        }
    }

    /// The daemon waits for its disk; what it starts on is compared once the ledger can be read.
    @Test func filesAreComparedOnceTheLedgerCanBeRead() throws {
        let (fixture, before) = try kept()
        defer { withExtendedLifetime(fixture) {} }
        var host = before
        let now = Instant(seconds: 1_781_510_000)
        let configuration = AcceptedConfiguration(path: "/c.toml", host: host, isStrict: false)
        try FileManager.default.moveItem(atPath: fixture.path, toPath: fixture.path + "-away")
        #expect(try configuration.load(now: now).compareLater != nil)
        host.files["/schedules.d/b.toml"] = nil
        let unmounted = AcceptedConfiguration(path: "/c.toml", host: host, isStrict: false)
        let choice = try unmounted.load(now: now)
        let compare = try #require(choice.compareLater)
        #expect(choice.refusal == nil)
        // Still not there: waited for.
        let passing = #expect(throws: StoreError.self) { try compare(now) }
        #expect(passing?.isPassing ?? false)
        try FileManager.default.moveItem(atPath: fixture.path + "-away", toPath: fixture.path)
        #expect(throws: ConfigRejected.self) { try compare(now) }
        #expect(try configuration.load(now: now).compareLater == nil)
    }

    /// Only what this very file held for this very ledger is run again.
    @Test func anotherDaemonsConfigAndARestoredOneAreNotRun() throws {
        let (fixture, before) = try kept()
        defer { withExtendedLifetime(fixture) {} }
        var host = before
        let now = Instant(seconds: 1_781_510_000)
        // A second daemon's file, refused, that names the same ledger.
        host.files["/test/c.toml"] = Self.config(fixture, cron: "corn = 1")
        #expect(throws: ConfigRejected.self) {
            try AcceptedConfiguration(path: "/test/c.toml", host: host, isStrict: false)
                .load(now: now)
        }
        host.files["/c.toml"] = Self.config(fixture, cron: "corn = 1")
        #expect(
            try AcceptedConfiguration(path: "/c.toml", host: host, isStrict: false)
                .load(now: now).refusal != nil)
        // The same ledger, put back from a backup: of an unknown time.
        try fixture.change { try $0.database.execute("UPDATE daemon SET restored_mark = 1") }
        #expect(throws: ConfigRejected.self) {
            try AcceptedConfiguration(path: "/c.toml", host: host, isStrict: false).load(now: now)
        }
    }
}
