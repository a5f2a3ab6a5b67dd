import Config
import ConfigFixtures
import Engine
import Testing
import Timetable

/// The canonical text of a rule compiles to the same rule again.
@Suite struct RuleSourceTests {
    static let rules = [
        "cron = \"0 6 * * 1-5\"",
        "cron = \"H H * * *\"",
        "cron = \"0\\t6 * *  MON\"\ncron_dialect = \"strict\"",
        "cron = \"CRON_TZ=Asia/Tokyo 30 2 L * *\"",
        "cron = \"@every 90s\"", "cron = \"@daily\"", "cron = \"@reboot\"",
        "cron = \"30 2 * * *\"\ndst = { gap = \"skip\", repeat = \"both\" }",
        "cron = \"0 6 * * *\"\ncalendar = \"c\"\non_holiday = \"next-business-day\"",
        "every = \"15m\"",
        "at = { business_day = -2, time = \"05:30\", months = [1, 4] }\ncalendar = \"c\"",
        "at = { business_day = 3, time = 05:30:15 }",
        "at = { dates = [2030-12-31, 2027-01-04], time = \"05:30\" }",
        "at = { file = \"close.csv\", time = \"05:30\" }",
        "cron = [\"0 6 * * 1-5\", \"0 9 L * *\"]",
        "cron = [\"H 6 * * *\", \"CRON_TZ=America/New_York  0 9 L * *\"]".replacing(
            "CRON_TZ=America/New_York ", with: ""),
        "cron = [\"CRON_TZ=Asia/Tokyo 30 2 * * *\", \"CRON_TZ=Asia/Tokyo 0 2 L * *\"]",
        "cron = \"0 6 * * 1-5\"\nevery = \"7h\"\nat = [{ business_day = -1, time = \"17:00\" }, "
            + "{ dates = [2027-01-04], time = \"05:30\" }]\ncalendar = \"c\"\n"
            + "on_holiday = \"previous-business-day\"",
    ]

    static func load(_ rule: String, name: String = "one") throws -> Schedule {
        let host = MemoryHost([
            "c.toml": """
            version = 1
            [connections.c]
            region = "us"
            client_id = "id"
            client_secret = { env = "S" }
            [calendars.c]
            weekend = ["friday", "saturday"]
            holidays = [2026-12-25, 2027-01-01]
            files = ["more.csv", "more.ics"]
            [defaults]
            timezone = "America/New_York"
            [schedules.\(name)]
            process = "p"
            \(rule)
            """,
            "more.csv": "date,name\n2026-07-04,Independence Day\n",
            "more.ics": "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20260619\n"
                + "SUMMARY:Juneteenth\nEND:VEVENT\nEND:VCALENDAR\n",
            "close.csv": "2030-12-31,year end\n",
        ])
        let loaded = try ConfigurationLoader(host: host).load("c.toml")
        return try #require(loaded.schedule(name))
    }

    @Test(arguments: rules)
    func compilesToTheSameRule(text: String) throws {
        let schedule = try Self.load(text)
        guard case .rule(let rule) = schedule.trigger else {
            Issue.record("not a rule")
            return
        }
        let again = try #require(RuleSource.compile(schedule.ruleSource, host: MemoryHost()))
        #expect(again.zone == rule.zone && again.calendar == rule.calendar)
        let start = Instant(seconds: 1_790_000_000)
        #expect(
            Array(again.occurrences(after: start).prefix(20))
                == Array(rule.occurrences(after: start).prefix(20)))
    }

    @Test func aNewNameIsNoNewRuleUnlessItIsHashed() throws {
        let one = try Self.load("cron = \"0 6 * * *\"")
        #expect(try Self.load("cron = \"0 6 * * *\"", name: "two").ruleSource == one.ruleSource)
        let hashed = try Self.load("cron = \"H 6 * * *\"")
        #expect(try Self.load("cron = \"H 6 * * *\"", name: "two").ruleSource != hashed.ruleSource)
    }

    @Test func theOrderOfRulesAndAListOfOneSayNothing() throws {
        let one = try Self.load("cron = \"0 6 * * *\"").ruleSource
        #expect(try Self.load("cron = [\"0 6 * * *\"]").ruleSource == one)
        let two = try Self.load("cron = [\"0 6 * * *\", \"0 9 L * *\"]")
        #expect(
            try Self.load("cron = [\"0 9 L * *\", \"0 6 * * *\"]").ruleSource == two.ruleSource)
        #expect(two.ruleSource != one)
        #expect(two.ruleText == "0 6 * * *; 0 9 L * *")
    }

    @Test(arguments: ["", "{}", "{\"rule\":\"manual\",\"zone\":\"UTC\"}", "nonsense"])
    func whatIsNoRuleAnswersNil(text: String) {
        #expect(RuleSource.compile(text, host: MemoryHost()) == nil)
    }
}
