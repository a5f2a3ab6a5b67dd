import Config
import ConfigFixtures
import Engine
import Testing
import Timetable

/// `[windows.NAME]`, and what is said of mistakes in it.
@Suite struct WindowConfigTests {
    private static func window(_ text: String, schedule: String = "") -> String {
        config(schedule: schedule, more: "[windows.freeze]\n" + text)
    }

    @Test(arguments: [
        BadInput(
            window(
                "slots = \"skip\"\ncron = \"0 22 * * 6\"\nlasts = \"4h\"\n"
                    + "span = [{ from = 2026-12-24, until = 2027-01-02 }]"),
            "windows.freeze.span: unknown key; did you mean \"spans\"?"),
        BadInput(
            window("slots = \"skip\""),
            "windows.freeze: says no time; give spans = [{ from = 2026-12-24, until = 2027-01-02 }]"
        ),
        BadInput(
            window("spans = [{ from = 2026-12-24, until = 2027-01-02 }]"),
            "windows.freeze.slots: missing; say what becomes of slots: \"skip\", \"delay\""),
        BadInput(
            window("slots = \"hold\"\nspans = [{ from = 2026-12-24, until = 2027-01-02 }]"),
            "windows.freeze.slots: unknown value (\"hold\"), allowed: \"skip\", \"delay\" or \"run\""
        ),
        BadInput(
            window("slots = \"skip\"\nspans = [{ from = 2026-12-24 }]"),
            "windows.freeze.spans[0].until: missing; a span has from and until, dates or times"),
        BadInput(
            window("slots = \"skip\"\nspans = [{ from = 2027-01-02, until = 2026-12-24 }]"),
            "windows.freeze.spans[0].until: must lie after from (2026-12-24)"),
        BadInput(
            window("slots = \"skip\"\nspans = [{ from = \"christmas\", until = 2026-12-24 }]"),
            "windows.freeze.spans[0].from: "),
        BadInput(
            window("slots = \"skip\"\nspans = { from = 2027-01-02, until = 2026-12-24 }"),
            "windows.freeze.spans: expected an array such as "),
        BadInput(
            window("slots = \"skip\"\ncron = \"0 22 * * 6\""),
            "windows.freeze.lasts: missing; write how long each lasts, lasts = \"4h\""),
        BadInput(
            window("slots = \"skip\"\ncron = \"0 25 * * 6\"\nlasts = \"4h\""),
            "windows.freeze.cron: hour"),
        BadInput(
            window("slots = \"skip\"\ncron = \"@reboot\"\nlasts = \"4h\""),
            "windows.freeze.cron: a window's cron is an expression of fields"),
        BadInput(
            window("slots = \"skip\"\ncron = \"0 22 * * *\"\nlasts = \"24h\""),
            "windows.freeze.lasts: must be shorter than the shortest gap between two times of"),
        BadInput(
            window(
                "slots = \"skip\"\ncron = [\"0 0 * * *\", \"0 12 * * *\"]\nlasts = \"12h\""),
            "windows.freeze.lasts: the times of cron follow on each other without an end, from "
                + "2026-01-01T"),
        BadInput(
            window("slots = \"skip\"\nfiles = [\"none.ics\"]"),
            "windows.freeze.files[0]: /c/none.ics can't be read: no such file"),
        BadInput(
            window(
                "slots = \"skip\"\nby_schedule = { oen = \"run\" }\n"
                    + "spans = [{ from = 2026-12-24, until = 2027-01-02 }]"),
            "windows.freeze.by_schedule.oen: no schedule of this name; did you mean \"one\"?"),
        BadInput(
            window(
                "by_tag = { ledger = \"rnu\" }\nspans = [{ from = 2026-12-24, until = 2027-01-02 }]"
            ),
            "windows.freeze.by_tag.ledger: unknown value (\"rnu\"), allowed: "),
        BadInput(
            window(
                "by_tag = { a = \"run\", b = \"skip\" }\n"
                    + "spans = [{ from = 2026-12-24, until = 2027-01-02 }]",
                schedule: "tags = [\"a\", \"b\"]"),
            "schedules.one: its tags say different things of window freeze; say it in"),
        BadInput(
            config(
                schedule: "after = { schedule = [\"two\", \"three\"], join = \"weekday\" }",
                more: "[schedules.two]\nprocess = \"p\"\nevery = \"1h\"\n"
                    + "[schedules.three]\nprocess = \"p3\"\nevery = \"1h\""),
            "schedules.one.after.join: unknown value (\"weekday\"), allowed: \"order\", \"day\", "
                + "\"business-day\" or \"month\""),
    ])
    func mistakes(input: BadInput) {
        expect(input)
    }

    @Test func scheduleThenTagThenEverybodyDecides() throws {
        let text = config(
            schedule: "tags = [\"ledger\"]",
            more: """
                [schedules.two]
                process = "p"
                every = "1h"
                [schedules.three]
                process = "p3"
                every = "1h"
                tags = ["ledger"]
                [windows.freeze]
                slots = "skip"
                by_tag = { ledger = "delay" }
                by_schedule = { three = "run" }
                spans = [{ from = 2026-12-24, until = 2027-01-02 },
                    { from = 2027-02-01T06:00:00, until = "2027-02-01T08:00:00" }]
                """)
        let loaded = try load(text)
        let at = try #require(Instant(iso8601: "2027-01-03T04:59:59Z"))
        func verdict(_ name: String) throws -> WindowVerdict {
            try #require(loaded.schedule(name)).windows.verdict(at: at)
        }
        // A date is a whole day, its end included.
        let end = try #require(Instant(iso8601: "2027-01-03T05:00:00Z"))
        #expect(try verdict("one") == .delayed("freeze", until: end))
        #expect(try verdict("two") == .skipped("freeze", until: end))
        #expect(try verdict("three") == .started("freeze"))
        // What lets slots start changes nothing of the rule that the ledger compares.
        let three = try #require(loaded.schedule("three"))
        #expect(!three.ruleSource.contains("freeze"))
    }

    @Test func theRuleInTheLedgerKnowsItsWindows() throws {
        var host = MemoryHost()
        host.files["/c/freeze.ics"] =
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20270105\nDTEND;VALUE=DATE:20270107\n"
            + "END:VEVENT\nEND:VCALENDAR\n"
        let text = Self.window(
            """
            slots = "delay"
            files = ["freeze.ics"]
            cron = ["0 22 * * 6"]
            lasts = "8h"
            spans = [{ from = 2026-12-24, until = 2027-01-02 }]
            """)
        let schedule = try #require(try load(text, host: host).schedule("one"))
        guard case .rule(let rule) = schedule.trigger else {
            Issue.record("not a rule")
            return
        }
        let again = try #require(RuleSource.compile(schedule.ruleSource, host: host))
        let start = try #require(Instant(iso8601: "2026-12-20T00:00:00Z"))
        #expect(
            Array(again.occurrences(after: start).prefix(20))
                == Array(rule.occurrences(after: start).prefix(20)))
        #expect(rule.windows.count == 1 && rule.windows[0].spans.count == 2)
    }

    @Test func oneWhoseFileIsMissingMakesItsSchedulesWait() throws {
        let text = Self.window("slots = \"skip\"\nfiles = [\"none.ics\"]")
        let loaded = try load(text, secrets: .awaited)
        #expect(loaded.engine.waiting["one"]?.contains("none.ics can't be read") == true)
    }

    @Test func joinIsAPartOfTheRule() throws {
        func chain(_ join: String) throws -> Schedule {
            let text = config(
                schedule: "after = { schedule = [\"two\", \"three\"]\(join) }",
                more: "[schedules.two]\nprocess = \"p\"\nevery = \"1h\"\n"
                    + "[schedules.three]\nprocess = \"p3\"\nevery = \"1h\"")
            return try #require(try load(text).schedule("one"))
        }
        let plain = try chain("")
        #expect(try chain(", join = \"order\"").ruleSource == plain.ruleSource)
        let month = try chain(", join = \"month\"")
        #expect(month.ruleSource != plain.ruleSource)
        #expect(month.ruleText == "after two and three of the same month")
        guard case .after(let rule) = month.trigger else {
            Issue.record("not after others")
            return
        }
        #expect(rule.join == .month)
    }
}
