import Config
import ConfigFixtures
import Console
import Store
import Testing
import Timetable

/// `config show`, `diff` and `revisions` as a terminal shows them.
@Suite struct ConfigScreenTests {
    private static let files = [
        "/c/carillon.toml": """
        version = 1
        [connections.prod]
        region = "us"
        client_id = "id"
        client_secret = { file = "/secret" }
        [defaults]
        timezone = "America/New_York"
        [schedules.gl-refresh]
        process = "51bcc3ec3d0b4aadb69659e2a7ed767b"
        cron = "0 6 * * 1-5"

        """,
        "/c/schedules.d/close.toml": """
        [schedules.close]
        process = "0c9a4b7e2f5d4f61a3b8c7d6e5f40312"
        at = { file = "schedules.d/close.csv", time = "05:30" }

        """,
        "/c/schedules.d/close.csv": "2026-12-31\n", "/secret": "x",
    ]

    @Test(arguments: [80, 120])
    func whatRunsAndWhatTheDiskWouldChange(width: Int) async throws {
        let fixture = try LedgerFixture()
        let host = MemoryHost(Self.files)
        try keep(host, in: fixture)
        var newer = host
        newer.files["/c/carillon.toml"] = host.files["/c/carillon.toml"]?
            .replacing("0 6 * * 1-5", with: "30 6 * * 1-5")
        try keep(newer, in: fixture)
        var disk = newer
        disk.files["/c/schedules.d/close.csv"] = "2026-12-30\n2026-12-31\n"
        disk.files["/c/schedules.d/new.toml"] = """
            [schedules.new]
            process = "p"
            every = "1h"

            """
        // The disk's config names no database: the default one would be asked for.
        disk.files["/c/carillon.toml"]? += "[daemon]\ndatabase = \"\(fixture.path)\"\n"
        var text = ""
        for screen in ["show", "show --revision 2", "diff", "diff --from 2 --to 3", "revisions"] {
            let found = await carillon(
                arguments: ["config"] + screen.split(separator: " ").map(String.init) + [
                    "--config", "/c/carillon.toml",
                ], host: disk, style: OutputStyle(width: width, hasColor: false))
            #expect(found.status == 0, "\(screen): \(found.errors)")
            text +=
                "$ carillon config \(screen)\n"
                + found.output.replacing(fixture.path, with: "/var/lib/carillon/carillon.db") + "\n"
        }
        for line in text.split(separator: "\n") {
            #expect(TextWidth.columns(String(line)) <= width, "\(line)")
        }
        try Golden.expect(text, is: "config-\(width).txt")
    }

    private func keep(_ host: MemoryHost, in fixture: LedgerFixture) throws {
        let loaded = try ConfigurationLoader(host: host).load("/c/carillon.toml")
        try fixture.keep(loaded)
    }
}
