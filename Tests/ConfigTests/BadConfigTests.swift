import Config
import ConfigFixtures
import Testing

/// One bad input and what must be said about it.
struct BadInput: Sendable, CustomTestStringConvertible {
    var text: String
    /// `LINE:COL: key.path: message`, or the beginning of that.
    var said: String

    init(_ text: String, _ said: String) {
        self.text = text
        self.said = said
    }

    var testDescription: String { said }
}

@Suite struct BadConfigTests {
    @Test(arguments: [
        BadInput(
            config(daemon: "databse = \"/x\""),
            "4:1: daemon.databse: unknown key; did you mean \"database\"?"),
        BadInput(
            config(daemon: "database = \"x.db\""),
            "4:12: daemon.database: must be an absolute path (\"x.db\")"),
        BadInput(
            config(daemon: "database = 5"),
            "4:12: daemon.database: expected a string, found an integer (5)"),
        BadInput(
            config(daemon: "http = \"0.0.0.0:8471\""),
            "4:8: daemon.http: must be a loopback address (\"0.0.0.0:8471\")"),
        BadInput(
            config(daemon: "http = \"127.evil.com:8471\""), "4:8: daemon.http: must be a loopback"),
        BadInput(
            config(daemon: "http = \"8471\""),
            "4:8: daemon.http: not an address (\"8471\"); write \"127.0.0.1:8471\""),
        BadInput(
            config(daemon: "http = \"127.0.0.1:70000\""), "4:8: daemon.http: not an address"),
        BadInput(
            config(daemon: "log = \"verbose\""),
            "4:7: daemon.log: unknown value (\"verbose\"), allowed: \"trace\", \"debug\""),
        BadInput(
            config(daemon: "log = \"wraning\""), "did you mean \"warning\"?"),
        BadInput(
            config(daemon: "keep_history = 90"),
            "4:16: daemon.keep_history: expected a duration; write \"90s\", \"15m\", \"6h\" or \"2d\","
                + " found an integer (90)"),
        BadInput(
            config(daemon: "keep_history = \"1s\""),
            "4:16: daemon.keep_history: out of range (\"1s\"), allowed: 1d to 3650000d"),
        BadInput(
            config(daemon: "catchup_per_minute = 0"),
            "4:22: daemon.catchup_per_minute: out of range (0), allowed: 1 to 100000"),
        BadInput(
            config(daemon: "control_socket = \"/\(String(repeating: "x", count: 120))\""),
            "4:18: daemon.control_socket: too long for a Unix socket (121 bytes), at most 99"),
        BadInput(
            config(top: "schedule = 1"),
            "2:1: schedule: unknown key; did you mean \"schedules\"?"),
        BadInput(
            config().replacing("version = 1", with: "version = 2"),
            "1:11: version: this Carillon reads version 1 of the config (2)"),
    ])
    func daemon(input: BadInput) {
        expect(input)
    }

    @Test(arguments: [
        BadInput(
            config(connection: "region = \"usa\""),
            "9:10: connections.prod.region: unknown value (\"usa\"), allowed: \"us\", \"eu\" or "
                + "\"apac\"; did you mean \"us\"?"),
        BadInput(
            config(connection: "base_url = \"http://api.example.com\""),
            "9:12: connections.prod.base_url: http:// is allowed only to this machine"),
        BadInput(
            config(connection: "base_url = \"ftp://x\""),
            "9:12: connections.prod.base_url: must begin with https://"),
        BadInput(
            config(connection: "base_url = \"https://u:p@x\""),
            "9:12: connections.prod.base_url: must not hold a user or password"),
        BadInput(
            config(connection: "base_url = \"https://x/y\""),
            "9:12: connections.prod.base_url: must be scheme, host and port only"),
        BadInput(
            config(connection: "base_url = \"https://exämple.com\""),
            "9:12: connections.prod.base_url: no valid host and port"),
        BadInput(
            config(connection: "region = \"us\"\nbase_url = \"https://x\""),
            "10:12: connections.prod.base_url: region and base_url exclude each other"),
        BadInput(
            config(connection: "rate = { requests = 0 }"),
            "9:21: connections.prod.rate.requests: out of range (0), allowed: 1 to 10000000"),
        BadInput(
            config(connection: "rate = { keep_for_starts = 1.5 }"),
            "9:28: connections.prod.rate.keep_for_starts: out of range (1.5), allowed: 0 to 0.95"),
        BadInput(
            config(connection: "rate = { keep_for_start = 0.5 }"),
            "9:10: connections.prod.rate.keep_for_start: unknown key; did you mean "
                + "\"keep_for_starts\"?"),
        BadInput(
            config(connection: "api_version = \"a\\nb\""),
            "9:15: connections.prod.api_version: not an API version"),
        BadInput(
            config(connection: "proxy = \"proxy:3128\""),
            "9:9: connections.prod.proxy: not a proxy (\"proxy:3128\"); write \"http://host:port\""),
        BadInput(
            config(connection: "request_window = \"29\""),
            "9:18: connections.prod.request_window: not a duration (\"29\"); write \"90s\""),
        BadInput(
            config().replacing("{ credential = \"secret\" }", with: "\"hunter2\""),
            "7:1: connections.prod.client_secret: a secret must not stand in the config; give "),
        BadInput(
            config().replacing("{ credential = \"secret\" }", with: "{ }"),
            "7:17: connections.prod.client_secret: expected exactly one of "),
        BadInput(
            config().replacing("{ credential = \"secret\" }", with: "{ file = \"s\" }"),
            "7:26: connections.prod.client_secret.file: must be an absolute path"),
        BadInput(
            config().replacing("{ credential = \"secret\" }", with: "{ credential = \"../x\" }"),
            "7:17: connections.prod.client_secret: a credential's name has no \"/\""),
        BadInput(
            config().replacing("client_id = \"id\"", with: ""),
            "5:1: connections.prod.client_id: missing"),
        BadInput(
            config(connection: "regoin = \"eu\""),
            "9:1: connections.prod.regoin: unknown key; did you mean \"region\"?"),
    ])
    func connections(input: BadInput) {
        expect(input)
    }

    @Test(arguments: [
        BadInput(
            config(schedule: "corn = \"0 6 * * *\""),
            "16:1: schedules.one.corn: unknown key; did you mean \"cron\"?"),
        BadInput(
            config(schedule: "cron = \"0 25 * * *\""), "16:8: schedules.one.cron: "),
        BadInput(
            config(schedule: "cron = \"0 0 30 2 *\""),
            "16:8: schedules.one.cron: never fires: no day of any year matches"),
        BadInput(
            config(schedule: "cron = 5"),
            "16:8: schedules.one.cron: expected a string or an array of strings, found an integer (5)"
        ),
        BadInput(
            config(schedule: "timezone = \"America/New_Yrok\""),
            "16:12: schedules.one.timezone: unknown time zone; did you mean \"America/New_York\"? "
                + "(\"America/New_Yrok\")"),
        BadInput(
            config(schedule: "timezone = \"berlin\""), "did you mean \"Europe/Berlin\"?"),
        BadInput(
            config(schedule: "timezone = \"../../etc/passwd\""),
            "16:12: schedules.one.timezone: unknown time zone"),
        BadInput(
            config(schedule: "timezone = \"UTC\"\ncron = \"CRON_TZ=Asia/Tokyo 0 6 * * *\""),
            "16:12: schedules.one.timezone: the cron expression names a zone too (Asia/Tokyo)"),
        BadInput(
            config().replacing("timezone = \"America/New_York\"", with: ""),
            "13:1: schedules.one.timezone: missing; write timezone = "),
        BadInput(
            config(schedule: "cron = \"0 6 * * *\"\nafter = \"one\""),
            "13:1: schedules.one: cron and after exclude each other; keep one"),
        BadInput(
            config(schedule: "cron = [\"0 6 * * *\", \"0 25 * * *\"]"),
            "16:22: schedules.one.cron[1]: "),
        BadInput(
            config(schedule: "cron = [\"0 6 * * *\", \"0 0 30 2 *\"]"),
            "16:22: schedules.one.cron[1]: never fires: no day of any year matches"),
        BadInput(
            config(schedule: "cron = [\"0 6 * * *\", \"0  6 * * *\"]"),
            "16:22: schedules.one.cron[1]: is there twice (\"0  6 * * *\"); keep one"),
        BadInput(
            config(schedule: "cron = [\"0 6 * * *\", 7]"),
            "16:22: schedules.one.cron[1]: expected a string or an array of strings, found"),
        BadInput(
            config(schedule: "cron = [\"0 6 * * *\", \"@reboot\"]"),
            "16:22: schedules.one.cron[1]: @reboot can't stand beside other rules"),
        BadInput(
            config(schedule: "cron = []"), "16:8: schedules.one.cron: is empty"),
        BadInput(
            config(schedule: "cron = [\"CRON_TZ=Asia/Tokyo 0 6 * * *\", \"0 9 L * *\"]"),
            "16:41: schedules.one.cron[1]: another rule of this schedule names the zone Asia/Tokyo"),
        BadInput(
            config(schedule: "every = [\"15m\", \"1h\"]"),
            "16:9: schedules.one.every: is one duration; for others give schedules of their own"),
        BadInput(
            config(
                schedule: "at = [{ business_day = 3, time = \"05:30\" }, "
                    + "{ business_day = 1, time = \"05:30\", month = [1] }]"),
            "schedules.one.at[1].month: unknown key; did you mean \"months\"?"),
        BadInput(
            config(schedule: "cron = \"0 6 * * *\"\nevery = \"1h\"\nspread = \"2h\""),
            "18:10: schedules.one.spread: must be shorter than the shortest gap between two slots, "
                + "1h (\"2h\")"),
        BadInput(
            config(schedule: "every = \"0s\""),
            "16:9: schedules.one.every: out of range (\"0s\"), allowed: 1s to 366d"),
        BadInput(
            config(schedule: "at = { business_day = 0, time = \"05:30\" }"),
            "16:23: schedules.one.at.business_day: out of range (0)"),
        BadInput(
            config(schedule: "at = { business_day = 3, time = \"25:30\" }"),
            "16:33: schedules.one.at.time: not a time of day (\"25:30\"); write \"05:30\""),
        BadInput(
            config(schedule: "at = { business_day = 3 }"),
            "16:6: schedules.one.at.time: missing; write time = \"05:30\""),
        BadInput(
            config(schedule: "at = { time = \"05:30\" }"),
            "16:6: schedules.one.at: expected exactly one of business_day, dates or file"),
        BadInput(
            config(schedule: "at = { business_day = 3, time = \"05:30\", months = [13] }"),
            "schedules.one.at.months[0]: out of range (13), allowed: 1 to 12"),
        BadInput(
            config(schedule: "at = { dates = [\"2026-02-30\"], time = \"05:30\" }"),
            "schedules.one.at.dates[0]: not a date (\"2026-02-30\")"),
        BadInput(
            config(schedule: "at = { dates = [], time = \"05:30\" }"),
            "schedules.one.at.dates: is empty"),
        BadInput(
            config(schedule: "at = { file = \"close.csv\", time = \"05:30\" }"),
            "schedules.one.at.file: /c/close.csv can't be read: no such file"),
        BadInput(
            config(schedule: "connection = \"prdo\""),
            "16:14: schedules.one.connection: no connection of this name (\"prdo\"); did you mean "
                + "\"prod\"?"),
        BadInput(
            config(schedule: "calendar = \"us\"", more: "[calendars.us-close]"),
            "16:12: schedules.one.calendar: no calendar of this name (\"us\")"),
        BadInput(
            config(schedule: "missed = \"lates\""),
            "16:10: schedules.one.missed: unknown value (\"lates\"), allowed: \"latest\", \"all\" or "
                + "\"skip\"; did you mean \"latest\"?"),
        BadInput(
            config(schedule: "overlap = true"),
            "16:11: schedules.one.overlap: expected \"skip\", \"queue\" or \"allow\", found a "
                + "boolean (true)"),
        BadInput(
            config(schedule: "enabled = \"yes\""),
            "16:11: schedules.one.enabled: expected true or false, found a string (\"yes\")"),
        BadInput(
            config(schedule: "spread = \"1d\""),
            "16:10: schedules.one.spread: must be shorter than the shortest gap between two slots"),
        BadInput(
            config(schedule: "every = \"15m\"\nspread = \"15m\""),
            "17:10: schedules.one.spread: must be shorter than the shortest gap between two slots, "
                + "15m (\"15m\")"),
        BadInput(
            config(schedule: "dst = \"skip\""), "16:7: schedules.one.dst: "),
        BadInput(
            config(schedule: "dst = { gap = \"run\", repeat = \"first\" }"),
            "16:15: schedules.one.dst.gap: unknown value (\"run\"), allowed: \"run-after\" or \"skip\""
        ),
        BadInput(
            config(defaults: "heartbeat = { env = \"HC\" }"),
            "12:1: defaults.heartbeat: belongs to a schedule, each has an address of its own"),
        BadInput(
            config(schedule: "active_from = 2026-03-08T02:30:00"),
            "16:15: schedules.one.active_from: does not exist in America/New_York"),
        BadInput(
            config(schedule: "active_from = 2026-11-01T01:30:00"),
            "16:15: schedules.one.active_from: exists twice in America/New_York, where the clocks "
                + "go back; write 2026-11-01T01:30:00-04:00 or 2026-11-01T01:30:00-05:00"),
        BadInput(
            config(schedule: "active_from = 2026-02-01\nactive_until = 2026-01-01"),
            "17:16: schedules.one.active_until: must lie after active_from"),
        BadInput(
            config(schedule: "retry = { base = \"10m\", cap = \"5m\" }"),
            "16:18: schedules.one.retry.base: base (10m) must not be longer than cap (5m)"),
        BadInput(
            config(schedule: "poll = { min = \"7h\" }"),
            "16:16: schedules.one.poll.min: min (7h) must not be longer than max (6h)"),
        BadInput(
            config(schedule: "outcome = { fail_if = \"error\" }"),
            "16:23: schedules.one.outcome.fail_if: not a condition (\"error\")"),
        BadInput(
            config(schedule: "tags = \"a\""),
            "16:8: schedules.one.tags: expected an array, found a string"),
        BadInput(
            config(schedule: "tags = [\"a\", 5]"),
            "16:14: schedules.one.tags[1]: expected a string, found an integer (5)"),
        BadInput(
            config(schedule: "formerly = \"one\""),
            "16:12: schedules.one.formerly: names a schedule that still exists"),
        BadInput(
            config(
                schedule: "after = \"two\"",
                more: "[schedules.two]\nprocess = \"p\"\nafter = \"one\""),
            "16:1: schedules.one.after: waits for itself: one → two → one"),
        BadInput(
            config(schedule: "after = { schedule = \"oen\" }"),
            "16:22: schedules.one.after.schedule: no schedule of this name (\"oen\"); did you mean "
                + "\"one\"?"),
        BadInput(
            config(
                schedule: "after = { schedule = \"two\", on = \"failure\" }",
                more: "[schedules.two]\nprocess = \"p\"\nevery = \"1h\""),
            "16:34: schedules.one.after.on: unknown value (\"failure\"), allowed: \"success\" or "
                + "\"end\""),
        BadInput(
            config().replacing("process = \"51bcc3ec3d0b4aadb69659e2a7ed767b\"", with: ""),
            "13:1: schedules.one.process: missing"),
        BadInput(
            config().replacing("\"51bcc3ec3d0b4aadb69659e2a7ed767b\"", with: "\"../x\""),
            "14:11: schedules.one.process: not a process id (\"../x\")"),
        BadInput(
            config().replacing(
                "\"51bcc3ec3d0b4aadb69659e2a7ed767b\"", with: "{ name = \"Close {year}\" }"),
            "14:20: schedules.one.process.name: holds {year}, which is no part of a date"),
    ])
    func schedules(input: BadInput) {
        expect(input)
    }

    @Test func allErrorsAreReportedTogetherInTheOrderOfTheFile() {
        let found = errors(
            config(daemon: "lgo = 1", connection: "regoin = 2", schedule: "crno = 3\nmissed = 4"))
        #expect(
            found.map { String($0.prefix { $0 != " " }) } == [
                "/c/carillon.toml:4:1:", "/c/carillon.toml:9:1:", "/c/carillon.toml:16:1:",
                "/c/carillon.toml:17:10:",
            ])
    }

    @Test func aBadDefaultIsReportedOnce() {
        let found = errors(
            config(
                defaults: "missed = 5",
                more: "[schedules.two]\nprocess = \"p\"\ncron = \"0 0 * * *\""))
        #expect(found.count == 1)
        #expect(found.first?.contains("12:10: defaults.missed: ") == true)
    }

    @Test func theLiteralSecretIsNeverRepeated() {
        let found = errors(
            config().replacing("{ credential = \"secret\" }", with: "\"hunter2\""))
        #expect(!found.joined().contains("hunter2"))
    }

    @Test func duplicateNamesAcrossFilesNameBothPlaces() {
        var host = MemoryHost()
        host.files["/c/schedules.d/b.toml"] =
            "\n[schedules.one]\nprocess = \"p\"\ncron = \"0 0 * * *\"\n"
        #expect(
            errors(config(), host: host) == [
                "/c/schedules.d/b.toml:2:1: schedules.one: a schedule of this name is already "
                    + "defined at /c/carillon.toml:13:1; rename one of the two"
            ])
    }

    @Test func theDaemonTableBelongsIntoTheMainFile() {
        var host = MemoryHost()
        host.files["/c/schedules.d/b.toml"] = "[daemon]\nlog = \"info\"\n"
        #expect(
            errors(config(), host: host) == [
                "/c/schedules.d/b.toml:1:1: daemon: belongs into the main file, not into schedules.d"
            ])
    }

    @Test func aMissingFileIsNamed() {
        let host = MemoryHost()
        #expect(throws: ConfigRejected.self) {
            try ConfigurationLoader(host: host).load("/none/carillon.toml")
        }
    }
}

/// The text is refused with the words, and with nothing else.
func expect(_ input: BadInput, at location: SourceLocation = #_sourceLocation) {
    let found = errors(input.text)
    let isSaid = found.contains { $0.contains(input.said) }
    #expect(isSaid, "said: \(found)", sourceLocation: location)
    // One mistake, one message: nothing follows from an error but itself.
    #expect(found.count == 1, "said: \(found)", sourceLocation: location)
}
