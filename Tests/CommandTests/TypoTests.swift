import ConfigFixtures
import Testing

/// The commonest typos, each with all that a person reads then: it leads to what was meant.
@Suite struct TypoTests {
    /// What was typed, and what is said.
    private static let verbs: [(typed: String, said: String)] = [
        ("staus", #"carillon: no verb "staus"; did you mean "status"?"#),
        ("help histroy", #"carillon: no help topic "histroy"; did you mean "history"?"#),
        ("frobnicate", #"carillon: no verb "frobnicate"; carillon --help lists them"#),
        ("history clsoe", #"carillon: no schedule "clsoe"; did you mean "close"?"#),
        (
            "history --since yesteday",
            """
            carillon: --since yesteday: not a time; did you mean yesterday? Other forms: \
            yesterday, 07:00, -2h, 2026-03-08, 2026-03-08T07:00 or 2026-03-08T07:00:00Z
            """
        ),
        (
            "history --since 25:00",
            """
            carillon: --since 25:00: not a time; write yesterday, 07:00, -2h, 2026-03-08, \
            2026-03-08T07:00 or 2026-03-08T07:00:00Z
            """
        ),
        (
            "history --disposition faild",
            #"carillon: no disposition "faild"; did you mean "failed"?"#
        ),
        (
            "runs --outcome suceeded",
            #"carillon: no outcome "suceeded"; did you mean "succeeded"?"#
        ),
        (
            "why gll 06:00",
            #"carillon: no schedule "gll" was ever known; did you mean "gl"?"#
        ),
        (
            "why gl 06.00",
            """
            carillon: 06.00: not a time; did you mean 06:00? Other forms: yesterday, 07:00, \
            -2h, 2026-03-08, 2026-03-08T07:00 or 2026-03-08T07:00:00Z
            """
        ), ("show run-tow-2", #"carillon: no run "run-tow-2"; carillon runs lists them"#),
    ]

    @Test(arguments: verbs) func ofAVerbsWords(typed: String, said: String) async throws {
        let fixture = try LedgerFixture()
        let words = typed.split(separator: " ").map(String.init)
        let needsLedger = ["history", "runs", "why", "show"].contains(words[0])
        let run = await carillon(
            arguments: words + (needsLedger ? ["--database", fixture.path] : []))
        #expect([2, 3].contains(run.status))
        #expect(run.output.isEmpty)
        #expect(run.errors == said + "\n")
    }

    /// A line of the config as it should be, as it was typed, and what is said.
    private static let lines: [(right: String, typed: String, said: String)] = [
        (
            "cron = ", "crom = ",
            """
            /c.toml:9:1: warning: schedules.gl-refresh: has no cron, at, every or after: it \
            starts only by hand (carillon trigger)
            /c.toml:11:1: schedules.gl-refresh.crom: unknown key; did you mean "cron"?
            """
        ),
        (
            "America/New_York", "America/NewYork",
            """
            /c.toml:8:12: defaults.timezone: unknown time zone; did you mean \
            "America/New_York"? ("America/NewYork")
            """
        ),
        (
            #"cron = "0 6 * * 1-5""#, #"every = "1 hour""#,
            """
            /c.toml:11:9: schedules.gl-refresh.every: not a duration ("1 hour"); write "90s", \
            "15m", "6h" or "2d"
            """
        ),
        (
            "1-5", "1-8",
            """
            /c.toml:11:8: schedules.gl-refresh.cron: day of week, column 11: 8 is out of range \
            (0-7) ("0 6 * * 1-8")
            """
        ),
        (
            "0 6 * * 1-5", "0 6 * *",
            """
            /c.toml:11:8: schedules.gl-refresh.cron: column 8: there are 4 fields; an \
            expression has 5 (minute hour day month weekday), 6 with seconds first, or 7 with \
            the year last ("0 6 * *")
            """
        ),
        (
            #"connection = "prod""#, #"connection = "prd""#,
            """
            /c.toml:7:14: defaults.connection: no connection of this name ("prd"); did you \
            mean "prod"?
            """
        ),
        (
            "[schedules.", "[schedule.",
            #"/c.toml:9:1: schedule: unknown key; did you mean "schedules"?"#
        ),
        (
            #""0 6 * * 1-5""#, "0 6 * * 1-5",
            """
            /c.toml:11:8: TOML syntax: not a value (0 6 * * 1-5); a text needs quotes, "…"
            """
        ),
        (
            "1-5\"", "1-5",
            """
            /c.toml:11:20: TOML syntax: a text has no closing quote in its line, or holds a \
            control character
            """
        ),
        (
            #"client_secret = { file = "/s" }"#, #"client_secret = "s""#,
            """
            /c.toml:5:1: connections.prod.client_secret: a secret must not stand in the \
            config; give { credential = "NAME" }, { file = "PATH" } or { env = "NAME" }
            """
        ),
        (
            "mode = \"run\"", "mode = \"rum\"",
            """
            /c.toml:12:8: schedules.gl-refresh.mode: unknown value ("rum"), allowed: "run" or \
            "observe"; did you mean "run"?
            """
        ),
        (
            "enabled = true", "enabled = \"yes\"",
            """
            /c.toml:13:11: schedules.gl-refresh.enabled: expected true or false, found a \
            string ("yes")
            """
        ),
    ]

    @Test(arguments: lines) func ofALineOfTheConfig(
        right: String, typed: String, said: String
    ) async throws {
        let config = """
            version = 1
            [connections.prod]
            region = "us"
            client_id = "id"
            client_secret = { file = "/s" }
            [defaults]
            connection = "prod"
            timezone = "America/New_York"
            [schedules.gl-refresh]
            process = "51bcc3ec3d0b4aadb69659e2a7ed767b"
            cron = "0 6 * * 1-5"
            mode = "run"
            enabled = true

            """
        #expect(config.contains(right))
        let host = MemoryHost(["/c.toml": config.replacing(right, with: typed), "/s": "x"])
        let run = await carillon("check", "--quiet", "--config", "/c.toml", host: host)
        #expect(run.status == 2)
        #expect(run.output.isEmpty)
        #expect(run.errors == said + "\n")
    }
}
