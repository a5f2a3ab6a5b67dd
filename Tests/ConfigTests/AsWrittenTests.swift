import Config
import ConfigFixtures
import Console
import Engine
import Testing
import Timetable

/// Files as people, editors and other programs write them.
@Suite struct AsWrittenTests {
    @Test(arguments: [
        BadInput(
            config(schedule: "retry = {\n  base = \"5s\" }"),
            "16:10: TOML syntax: an inline table, { … }, must stand on one line; write it on one, or "
                + "its keys below a header, [schedules.one.retry]"),
        BadInput(
            config(schedule: "retry = { base = \"5s\", # soon\n cap = \"1m\" }"),
            "16:24: TOML syntax: an inline table, { … }, must stand on one line"),
        BadInput(
            config(schedule: "retry = { base = \"5s\", }"),
            "16:22: TOML syntax: no comma may stand before the } of an inline table; take it out"),
        BadInput(
            config(schedule: "enabled = True"),
            "16:11: TOML syntax: not a value (True); a text needs quotes, \"…\"; did you mean true?"
        ),
        BadInput(config(schedule: "enabled = yes"), "did you mean true?"),
        BadInput(config(schedule: "enabled = FALSE"), "did you mean false?"),
        BadInput(config(schedule: "description = null"), "leave the key out"),
        BadInput(config(schedule: "description = “x”"), "straight ones"),
        BadInput(
            "version = 1\n[[schedules]]\nname = \"gl\"\nprocess = \"p\"\n",
            "2:1: schedules: expected a table of schedules, found an array; each schedule is a table "
                + "with its name in the header, [schedules.gl], in single brackets"),
        BadInput(
            "version = 1\n[[connections]]\nregion = \"us\"\n",
            "2:1: connections: expected a table of connections, found an array; each connection is a "
                + "table with its name in the header, [connections.NAME]"),
        BadInput(
            config(more: "[[schedules.two]]\nprocess = \"p\""),
            "schedules.two: expected a table, found an array; write its header with single brackets, "
                + "[schedules.two]"),
        BadInput(
            "version = 1\n[[daemon]]\nlog = \"info\"\n",
            "2:1: daemon: expected a table, found an array; write its header with single brackets"),
        BadInput(
            "version = 1\n[schedules]\nprocess = \"p\"\n",
            "3:1: schedules.process: a key of a schedule, but the header names none; write "
                + "[schedules.NAME] above it"),
        BadInput(
            config(daemon: "control_socket = \"/\(String(repeating: "x", count: 99))\""),
            "4:18: daemon.control_socket: too long for a Unix socket (100 bytes), at most 99"),
        BadInput(
            config(daemon: "control_socket = \"/\(String(repeating: "x", count: 106))\""),
            "4:18: daemon.control_socket: too long for a Unix socket (107 bytes), at most 99"),
    ])
    func poorWords(input: BadInput) {
        expect(input)
    }

    @Test func aSocketPathThatCanBeBoundIsAccepted() {
        let path = "/" + String(repeating: "x", count: 98)
        #expect(errors(config(daemon: "control_socket = \"\(path)\"")) == [])
    }

    // MARK: Zones

    @Test(arguments: [
        ("US/Eastern", "America/New_York"), ("us/pacific", "America/Los_Angeles"),
        ("Asia/Calcutta", "Asia/Kolkata"), ("EST5EDT", "America/New_York"),
        ("Europe/Kiev", "Europe/Kyiv"), ("Japan", "Asia/Tokyo"), ("Zulu", "UTC"),
    ])
    func anOldNameOfAZoneHasItsPresentOneSaid(old: String, present: String) {
        var host = MemoryHost()
        host.missingZones = [old]
        let found = errors(config(schedule: "timezone = \"\(old)\""), host: host)
        #expect(
            found == [
                "/c/carillon.toml:16:12: schedules.one.timezone: unknown time zone; it is an old name "
                    + "of \"\(present)\": write that, or install the old names (apt-get install "
                    + "tzdata-legacy) (\"\(old)\")"
            ])
    }

    @Test func theHostsOwnListKnowsWhatIsNewerThanTheTable() {
        var host = MemoryHost([
            "/usr/share/zoneinfo/tzdata.zi": "# version 2030a\nZ Europe/Neustadt 1 - CET\n"
                + "L Europe/Neustadt Europe/Altstadt\nL\nL x\nL Europe/Altstadt Europe/Uralt\n"
        ])
        host.missingZones = ["Europe/Kiev"]
        for old in ["Europe/Altstadt", "europe/uralt"] {
            let found = errors(config(schedule: "timezone = \"\(old)\""), host: host)
            #expect(
                found.first?.contains("an old name of \"Europe/Neustadt\": write that") == true,
                "\(found)")
        }
        // The rest is in the table that is compiled in.
        let kiev = errors(config(schedule: "timezone = \"Europe/Kiev\""), host: host)
        #expect(kiev.first?.contains("an old name of \"Europe/Kyiv\"") == true, "\(kiev)")
    }

    /// Every present name of the table is a zone, and tzdata calls none of them by another name.
    @Test func theTableOfOldNamesLeadsToZonesOfThisMachine() throws {
        let table = ZoneLinks(MemoryHost())
        let bytes = (try? HostFiles().read(ZoneLinks.file, limit: 1_048_576)) ?? []
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        where line.hasPrefix("L ") {
            let name = String(line.split(separator: " ").last ?? "")
            guard let known = table.present(name) else { continue }
            #expect(HostFiles().zoneData(named: known) != nil, "\(name): \(known)")
        }
    }

    // MARK: Dates in files

    private func calendar(_ file: String, _ content: String) -> [String] {
        errors(
            config(
                schedule: "calendar = \"c\"", more: "[calendars.c]\nfiles = [\"/h/\(file)\"]"),
            host: MemoryHost(["/h/\(file)": content]))
    }

    @Test(arguments: [
        ("h.csv", "25.12.2026,Christmas\n"), ("h.csv", "12/25/2026\n2026-12-26\n"),
        ("h.csv", "25 Dec 2026\n2026-12-26\n"), ("h.csv", "\u{FEFF}20261225\n2026-12-26\n"),
        ("h.csv", "Dec 25;Christmas\n2026-12-26\n"), ("h.csv", "46381\n2026-12-26\n"),
        ("h.csv", "2026-13-01\n2026-12-26\n"), ("h.csv", ""), ("h.csv", "date,name\n"),
        ("h.csv", "# nothing\n\n"),
        ("h.ics", "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n"),
        (
            "h.ics",
            "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261225\r\nSTATUS:CANCELLED\r\n"
                + "END:VEVENT\r\nEND:VCALENDAR\r\n"
        ),
    ])
    func aFileWithoutReadableDatesIsNoEmptyCalendar(file: String, content: String) {
        let found = calendar(file, content)
        #expect(found.count == 1)
        #expect(found.first?.contains("calendars.c.files[0]: /h/\(file): ") == true, "\(found)")
    }

    @Test(arguments: [
        "2026-12-25\r2026-12-26\r", "date;name\r2026-12-25;Christmas\r2026-12-26;Boxing\r",
        "2026-12-25\r\n2026-12-26", "Holidays 2026\n2026-12-25\n2026-12-26\n",
    ])
    func everyKindOfLineEndIsRead(content: String) throws {
        let loaded = try load(
            config(schedule: "at = { file = \"close.csv\", time = \"05:30\" }"),
            host: MemoryHost(["/c/close.csv": content]))
        #expect(loaded.schedule("one")?.ruleText == "2 dates of close.csv at 05:30")
    }

    @Test func anUnreadableFirstDateLosesNoSlot() {
        let found = errors(
            config(schedule: "at = { file = \"close.csv\", time = \"05:30\" }"),
            host: MemoryHost(["/c/close.csv": "03.12.2026\n2027-01-05\n"]))
        #expect(
            found.first?.hasSuffix(
                "schedules.one.at.file: /c/close.csv: line 1: no date of the form yyyy-mm-dd in this "
                    + "line (03.12.2026)") == true, "\(found)")
    }

    // MARK: Authorities

    private static let pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"

    private func authorities(_ content: String?) -> Result<ConnectionAccess?, ConfigRejected> {
        var host = MemoryHost(["/cred/secret": "s3cret"])
        host.variables["CREDENTIALS_DIRECTORY"] = "/cred"
        host.files["/ca.pem"] = content
        do throws(ConfigRejected) {
            let text = config(connection: "ca_file = \"/ca.pem\"")
            return .success(try load(text, host: host, secrets: .required).access["prod"])
        } catch {
            return .failure(error)
        }
    }

    /// What a reload compares; by the path alone a renewed file was never read again.
    @Test func aRenewedFileOfAuthoritiesIsAnotherAccess() throws {
        let first = try authorities(Self.pem).get()
        #expect(try authorities(Self.pem).get() == first)
        #expect(try authorities(Self.pem + Self.pem).get() != first)
    }

    @Test(arguments: ["", "0\u{1}DER", "-----BEGIN PRIVATE KEY-----\n"])
    func aFileWithoutACertificateIsRefused(content: String) {
        guard case .failure(let refusal) = authorities(content) else {
            Issue.record("accepted")
            return
        }
        #expect(
            "\(refusal)".contains(
                "9:11: connections.prod.ca_file: /ca.pem holds no certificate in PEM form"),
            "\(refusal)")
    }

    // MARK: Active time

    @Test func aDateAsTheLastActiveDayIsActive() throws {
        let loaded = try load(
            config(schedule: "active_from = 2026-12-01\nactive_until = 2026-12-31"))
        let schedule = try #require(loaded.schedule("one"))
        #expect(schedule.active.from == Instant(iso8601: "2026-12-01T00:00:00-05:00"))
        #expect(schedule.active.until == Instant(iso8601: "2026-12-31T23:59:59-05:00"))
    }

    @Test func aDayWithoutAMidnightIsActiveToo() throws {
        // Beirut's clocks go from 00:00 to 01:00.
        let loaded = try load(
            config(
                schedule:
                    "timezone = \"Asia/Beirut\"\nactive_from = \"2026-03-29\"\n"
                    + "active_until = \"2026-03-29\""))
        let schedule = try #require(loaded.schedule("one"))
        #expect(schedule.active.from == Instant(iso8601: "2026-03-29T01:00:00+03:00"))
        #expect(schedule.active.until == Instant(iso8601: "2026-03-29T23:59:59+03:00"))
    }

    // MARK: One process, two connections

    @Test func aProcessReachedTwiceIsWarnedOf() throws {
        let loaded = try load(
            config(
                connection: "base_url = \"https://API.example.com:443\"",
                schedule: "connection = \"prod\"",
                more: """
                    [connections.other]
                    base_url = "https://api.example.com"
                    client_id = "id"
                    client_secret = { credential = "secret" }
                    [schedules.two]
                    process = "51bcc3ec3d0b4aadb69659e2a7ed767b"
                    connection = "other"
                    cron = "0 7 * * *"
                    """))
        #expect(
            loaded.warnings.contains {
                "\($0)".contains(
                    "schedules.two.process: schedule \"one\" starts the same process through connection "
                        + "\"prod\", which is the same API as \"other\" (https://api.example.com)")
            }, "\(loaded.warnings)")
    }

    // MARK: Reload

    private static let known: Set = ["one", "two"]

    @Test(arguments: [
        "", "version = 1\n", "# saved soon\n",
        config().components("[schedules.one]"),
    ])
    func aReloadOfNothingIsRefused(text: String) throws {
        let said = try load(text).objectionToReload(over: Self.known)
        #expect(said?.contains("the files hold no schedule any more, but 2 schedules") == true)
        #expect(said?.contains("emptied or only half saved?") == true)
    }

    @Test func anEmptyTableOfSchedulesIsMeant() throws {
        #expect(try load("version = 1\n[schedules]\n").objectionToReload(over: Self.known) == nil)
    }

    @Test func aFileThatEndsWithinALineTakesNoScheduleAway() throws {
        let half = try load(config().trimmed)
        #expect(half.objectionToReload(over: Self.known)?.contains("ends within a line") == true)
        #expect(half.objectionToReload(over: ["one"]) == nil)
        #expect(try load(config() + "\n").objectionToReload(over: Self.known) == nil)
    }

    @Test func anEmptiedFileBesideTakesNoScheduleAway() throws {
        var host = MemoryHost(["/c/schedules.d/more.toml": ""])
        let said = try load(config() + "\n", host: host).objectionToReload(over: Self.known)
        #expect(said?.contains("/c/schedules.d/more.toml is empty") == true)
        host.files["/c/schedules.d/more.toml"] = nil
        #expect(
            try load(config() + "\n", host: host).objectionToReload(over: Self.known) == nil)
    }
}

extension String {
    /// What stands before a word.
    fileprivate func components(_ word: String) -> String {
        firstRange(of: word).map { String(self[..<$0.lowerBound]) } ?? self
    }

    /// Without line breaks at its end.
    fileprivate var trimmed: String {
        var text = self
        while text.last?.isNewline == true { text.removeLast() }
        return text
    }
}
