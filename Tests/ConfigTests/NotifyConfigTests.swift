import Config
import ConfigFixtures
import Engine
import Store
import Testing

/// `[notify.NAME]` and `notify`: what is read of them, and what is said of what is wrong.
@Suite struct NotifyConfigTests {
    private static let ops = """
        [notify.ops]
        kind = "webhook"
        url = { credential = "hook" }

        """

    private static func told(_ text: String) -> String {
        errors(text).first.map { $0.replacing("/c/carillon.toml:", with: "") } ?? "no error"
    }

    private static func target(_ lines: String) -> String {
        config(more: "[notify.ops]\n" + lines)
    }

    @Test func aPlainListIsTheSensibleSet() throws {
        let loaded = try load(config(schedule: "notify = [\"ops\"]", more: Self.ops))
        let route = try #require(loaded.engine.notices.schedules["one"])
        #expect(Set(route.keys) == Set(EventFamily.sensible))
        #expect(route[.failed] == ["ops"] && route[.info] == nil)
        #expect(loaded.notify["ops"]?.kind == .webhook)
        #expect(loaded.engine.notices.connections["prod"]?[.trouble] == ["ops"])
    }

    @Test func aScheduleSaysWhoIsToldOfWhatAndTheDefaultsForTheRest() throws {
        let loaded = try load(
            config(
                defaults: "notify = { late = \"ops\" }",
                schedule: "notify = { failed = [\"ops\"] }",
                more: "[schedules.two]\nprocess = \"p2\"\ncron = \"@daily\"\n" + Self.ops))
        #expect(loaded.engine.notices.schedules["one"] == [.failed: ["ops"]])
        #expect(loaded.engine.notices.schedules["two"] == [.late: ["ops"]])
    }

    @Test func aTargetMayTakeSchedulesByTheirTag() throws {
        let loaded = try load(
            config(schedule: "tags = [\"close\"]", more: Self.ops + "tags = [\"close\", \"x\"]\n"))
        #expect(loaded.engine.notices.schedules["one"]?[.held] == ["ops"])
    }

    /// Its calendar's file isn't there yet; who is told of it, and that it waits, is known.
    @Test func aScheduleThatWaitsForAFileHasItsOwnRoute() throws {
        let loaded = try load(
            config(
                defaults: "notify = { late = \"ops\" }",
                schedule: "notify = { failed = \"ops\" }\ntags = [\"close\"]\ncalendar = \"us\"",
                more: "[calendars.us]\nfiles = [\"later.ics\"]\n" + Self.ops
                    + "[notify.fin]\nkind = \"slack\"\nurl = { credential = \"f\" }\n"
                    + "tags = [\"close\"]\n"),
            secrets: .awaited)
        #expect(loaded.engine.waiting.keys.sorted() == ["one"])
        #expect(loaded.engine.schedules.isEmpty)
        let route = try #require(loaded.engine.notices.schedules["one"])
        #expect(route[.failed] == ["ops", "fin"] && route[.late] == ["fin"])
        #expect(loaded.engine.notices.connections["prod"]?[.trouble] == ["fin"])
    }

    @Test func eachKindHasItsOwnForm() throws {
        let loaded = try load(
            config(
                more: """
                    [notify.signed]
                    kind = "webhook"
                    url = { file = "/u" }
                    sign_with = { env = "KEY" }
                    [notify.mail]
                    kind = "mail"
                    to = ["a@example.com"]
                    from = "c@example.com"
                    command = "/usr/bin/msmtp -t"
                    quiet = { from = "20:00", until = "07:00" }
                    [notify.plain-mail]
                    kind = "mail"
                    to = "a@example.com"
                    from = "c@example.com"
                    digest = "07:30"
                    timezone = "Europe/Berlin"
                    [notify.pager]
                    kind = "command"
                    command = ["/usr/local/bin/page", "two words"]
                    """))
        #expect(loaded.notify["signed"]?.signWith == .environment("KEY"))
        #expect(loaded.notify["mail"]?.command == ["/usr/bin/msmtp", "-t"])
        #expect(loaded.notify["plain-mail"]?.command == ["/usr/sbin/sendmail", "-t", "-oi"])
        #expect(loaded.notify["pager"]?.command == ["/usr/local/bin/page", "two words"])
        let targets = loaded.engine.notices.targets
        #expect(targets["mail"]?.quiet?.fromSecondOfDay == 72_000)
        #expect(targets["mail"]?.zone.name == "America/New_York")
        #expect(targets["plain-mail"]?.digestSecondOfDay == 27_000)
        #expect(targets["plain-mail"]?.zone.name == "Europe/Berlin")
    }

    @Test(arguments: [
        (
            config(schedule: "notify = [\"opps\"]", more: ops),
            "schedules.one.notify[0]: no target of this name (\"opps\"); did you mean \"ops\"?"
        ),
        (config(schedule: "notify = [\"ops\"]"), "there is no target; write [notify.ops]"),
        (
            config(schedule: "notify = { fialed = [\"ops\"] }", more: ops),
            "schedules.one.notify.fialed: unknown key; did you mean \"failed\"?"
        ),
        (
            target("kind = \"wehbook\""),
            "notify.ops.kind: unknown value (\"wehbook\"), allowed: \"webhook\", \"teams\", "
                + "\"slack\", \"mail\" or \"command\"; did you mean \"webhook\"?"
        ),
        (target("url = { env = \"U\" }"), "notify.ops.kind: missing; write kind = \"webhook\""),
        (
            target("kind = \"slack\"\nurl = \"https://hooks.example.com/T0/SECRET\""),
            "notify.ops.url: a secret must not stand in the config; give { credential"
        ),
        (target("kind = \"teams\""), "notify.ops.url: missing; whoever has the address can post"),
        (
            target("kind = \"slack\"\nurl = { env = \"U\" }\nto = [\"a@b.c\"]"),
            "notify.ops.to: is not for kind = \"slack\", but for \"mail\"; remove it or change kind"
        ),
        (
            target("kind = \"mail\"\nto = [\"a@b.c, d\"]\nfrom = \"c@example.com\""),
            "notify.ops.to[0]: not a mail address (\"***@b.c, d\")"
        ),
        (
            target(
                "kind = \"mail\"\nto = \"a@b.c\"\nfrom = \"c@example.com\"\ncommand = \"msmtp -t\""),
            "notify.ops.command: must begin with the absolute path of a program (\"msmtp -t\")"
        ),
        (
            target("kind = \"command\"\ncommand = [\"/p\"]\ndigest = \"7 o'clock\""),
            "notify.ops.digest: not a time of day (\"7 o'clock\"); write \"07:00\""
        ),
        (
            target("kind = \"command\"\ncommand = [\"/p\"]\nquiet = { from = \"20:00\" }"),
            "notify.ops.quiet.until: missing; write quiet = { from"
        ),
        (
            config(more: "[notify]\nkind = \"slack\""),
            "notify.kind: a key of a target, but the header names none; write [notify.NAME] above it"
        ),
    ])
    func mistakesAreSaidWithTheirPlace(text: String, said: String) {
        let told = Self.told(text)
        #expect(told.contains(said), "\(told)")
        #expect(!told.contains("SECRET"))
    }

    /// Whoever mistypes when he is told must not be told at another time, or never.
    @Test(arguments: [
        "digest = \"24:00\"", "digest = \"-01:00\"", "digest = \"07:60\"", "digest = \"\"",
        "digest = \"07:00:00:00\"", "digest = \"\u{0660}7:00\"", "digest = 7",
        "digest = [\"07:00\"]", "digest = \"07:00 \"", "digest = \"+07:00\"",
        "quiet = \"22:00\"", "quiet = { from = \"22:00\", to = \"07:00\" }", "quiet = {}",
        "quiet = { from = \"22:00\", until = \"22:00\" }",
        "quiet = { from = \"22:00\", until = \"31:00\" }",
        "quiet = { from = -1, until = \"07:00\" }", "timezone = \"Mars/Olympus\"",
        "quiet = { from = \"22:00\", until = \"07:00\" }\ndigest = \"07:00\"",
    ])
    func timesThatAreNoneAreRefusedAtTheirPlace(lines: String) {
        let found = errors(Self.target("kind = \"command\"\ncommand = [\"/p\"]\n" + lines))
        #expect(!found.isEmpty)
        #expect(found.contains { $0.contains("notify.ops.") }, "\(found)")
    }

    @Test func aNightMayBeReversedAndAsShortOrLongAsAnybodyLikes() throws {
        for (from, until) in [("22:00", "07:00"), ("07:00", "22:00"), ("00:00", "23:59")] {
            let lines = "quiet = { from = \"\(from)\", until = \"\(until)\" }"
            let text = Self.target("kind = \"command\"\ncommand = [\"/p\"]\n" + lines)
            #expect(try load(text).engine.notices.targets["ops"]?.quiet != nil)
        }
    }

    @Test func anAddressIsJudgedOnceItCanBeRead() {
        for (address, mistake) in [
            ("http://hooks.example.com/x", "only https:// may leave this one"),
            ("hooks.example.com/x", "does not begin with https://"),
        ] {
            let host = MemoryHost(["/u": address, "/id": "x"])
            let text = config(more: "[notify.ops]\nkind = \"slack\"\nurl = { file = \"/u\" }")
                .replacing("{ credential = \"secret\" }", with: "{ file = \"/id\" }")
            do {
                _ = try load(text, host: host, secrets: .required)
                Issue.record("\(address) was taken")
            } catch {
                #expect("\(error)".contains(mistake), "\(error)")
                #expect(!"\(error)".contains("hooks.example.com"))
            }
        }
    }
}

/// Deadlines of a schedule, as they are written.
@Suite struct DeadlineConfigTests {
    @Test func aScheduleHasItsDeadlines() throws {
        let loaded = try load(
            config(schedule: "start_by = \"15m\"\nfinish_by = \"06:00+1d\"\nat_least = \"2m\""))
        let schedule = try #require(loaded.schedule("one"))
        #expect(schedule.startByMilliseconds == 900_000)
        #expect(schedule.finishBy == FinishBy(secondOfDay: 21_600, days: 1))
        #expect(schedule.atLeastMilliseconds == 120_000)
    }

    @Test(arguments: ["25:00", "18:00+1", "18:00+99d", "+1d", "18:00-1d", "18h"])
    func whatIsNoTimeOfADayIsSaid(text: String) {
        let told = errors(config(schedule: "finish_by = \"\(text)\"")).joined()
        #expect(told.contains("schedules.one.finish_by: not a time of day"), "\(told)")
    }
}
