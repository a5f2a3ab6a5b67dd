import Config
import ConfigFixtures
import Engine
import Foundation
import Store
import Testing
import Timetable
import carillon

/// `carillon plan`: what a reload would change.
@Suite struct PlanTests {
    private func plan(_ schedules: String, _ more: String...) async throws -> (Int32, String) {
        let fixture = try LedgerFixture()
        let host = MemoryHost([
            "/c.toml": """
            version = 1
            [daemon]
            database = "\(fixture.path)"
            [connections.prod]
            region = "us"
            client_id = "id"
            client_secret = { env = "S" }
            \(schedules)
            """
        ])
        let run = await carillon(
            arguments: ["plan", "--config", "/c.toml"] + more, host: host,
            now: "2026-06-15T12:00:00Z")
        return (run.status, run.output + run.errors)
    }

    @Test func newChangedAndRemovedSchedulesAreListed() async throws {
        let (status, text) = try await plan(
            """
            [schedules.gl]
            process = "p1"
            timezone = "UTC"
            cron = "30 6 * * *"
            [schedules.fresh]
            process = "p3"
            timezone = "UTC"
            cron = "0 0 1 * *"
            """)
        #expect(status == 0)
        #expect(text.contains("- close: removed\n    was 0 7 * * *, America/New_York\n"))
        #expect(text.contains("1 waiting slot will be cancelled"))
        #expect(
            text.contains("+ fresh: new\n    0 0 1 * *, UTC\n    1 fire time more: 2026-07-01T"))
        #expect(text.contains("~ gl: changed\n    rule: 0 6 * * * → 30 6 * * *\n"))
    }

    /// An edit of the schedule `gl` and what the plan says of it; the daemon has `0 6 * * *`, UTC,
    /// weekdays only by its calendar's weekend.
    static let edits: [(edit: String, config: String, said: [String])] = [
        ("nothing", gl(), ["nothing would change: the daemon has these files already"]),
        (
            "rule", gl(rule: "cron = \"0 7 * * *\""),
            [
                "~ gl: changed", "rule: 0 6 * * * → 0 7 * * *", "22 fire times less",
                "22 fire times more",
            ]
        ),
        (
            "zone", gl(zone: "Europe/Berlin"),
            ["timezone: UTC → Europe/Berlin", "22 fire times less: 2026-06-16T08:00:00+02:00"]
        ),
        (
            "calendar's content", gl(holidays: "holidays = [2026-06-19]"),
            [
                "calendar, on_holiday, dst or windows differ",
                "1 fire time less: 2026-06-19T06:00:00+00:00",
            ]
        ),
        (
            "dst", gl(extra: "dst = { gap = \"skip\", repeat = \"last\" }"),
            ["calendar, on_holiday, dst or windows differ", "the fire times stay the same"]
        ),
        (
            "active time", gl(extra: "active_until = 2026-06-30T00:00:00Z"),
            ["active_until: not set → 2026-06-30T00:00:00Z", "12 fire times less"]
        ),
        (
            "disable", gl(extra: "enabled = false"), ["- gl: disabled", "22 fire times less"]
        ),
        (
            "rename with formerly", gl(name: "load", extra: "formerly = \"gl\""),
            ["~ load: renamed", "was gl; its history and slots go with it"]
        ),
        (
            "rename without it", gl(name: "load"),
            ["- gl: removed", "22 fire times less", "+ load: new", "22 fire times more"]
        ),
        (
            "add", gl() + "[schedules.more]\nprocess = \"p2\"\ntimezone = \"UTC\"\nevery = \"1d\"",
            ["+ more: new", "30 fire times more"]
        ),
        (
            "process", gl(process: "p9"), ["~ gl: changed", "process: p1 → p9"]
        ),
        ("a policy", gl(extra: "overlap = \"queue\""), ["in other settings, or in comments only"]),
    ]

    private static func gl(
        name: String = "gl", process: String = "p1", rule: String = "cron = \"0 6 * * *\"",
        zone: String = "UTC", holidays: String = "", extra: String = ""
    ) -> String {
        """
        [calendars.work]
        weekend = ["saturday", "sunday"]
        \(holidays)
        [schedules.\(name)]
        process = "\(process)"
        timezone = "\(zone)"
        calendar = "work"
        \(rule)
        \(extra)

        """
    }

    private static func file(_ schedules: String, database: String) -> String {
        """
        version = 1
        [daemon]
        database = "\(database)"
        [connections.prod]
        region = "us"
        client_id = "id"
        client_secret = { env = "S" }
        \(schedules)
        """
    }

    /// The daemon's own turn takes the first config over; the plan compares the edited one with that.
    @Test(arguments: edits)
    func eachKindOfEditSaysWhatChanges(edit: String, config: String, said: [String]) async throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("carillon-plan-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("carillon.db").path
        let now = try #require(Instant(iso8601: "2026-06-15T12:00:00Z"))
        let before = MemoryHost(["/c.toml": Self.file(Self.gl(), database: path)])
        let clockwork = Clockwork(
            ledger: try Ledger(path: path, pid: nil, now: now, durability: .simulated), pid: 1,
            version: "test", recompile: { RuleSource.compile($0, host: before) })
        _ = try clockwork.take(
            [
                .configuration(
                    try ConfigurationLoader(host: before).load("/c.toml").engine, commandID: nil)
            ], now: Now(wall: now, monotonicMilliseconds: 0))
        let run = await carillon(
            arguments: ["plan", "--config", "/c.toml"],
            host: MemoryHost(["/c.toml": Self.file(config, database: path)]),
            now: "2026-06-15T12:00:00Z")
        #expect(run.status == 0, "\(edit): \(run.errors)")
        for words in said { #expect(run.output.contains(words), "\(edit) said: \(run.output)") }
    }

    @Test func errorsInTheFilesEndWithTwo() async throws {
        #expect(try await plan("[schedules.gl]\nx = 1").0 == 2)
    }

    @Test func jsonListsTheChanges() async throws {
        let (_, text) = try await plan(
            "[schedules.fresh]\nprocess = \"p3\"\ntimezone = \"UTC\"\nevery = \"1d\"", "--json")
        let changes = try #require(
            try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]])
        #expect(changes.map { $0["schedule"] as? String } == ["close", "fresh", "gl"])
    }
}
