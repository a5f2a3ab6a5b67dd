import Testing
import Timetable

/// iCalendar and CSV files as holiday calendars come.
@Suite struct CalendarFileTests {
    private func ics(_ event: String, zone: Zone = .utc) throws -> [String] {
        let text =
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n"
            + event.split(separator: "\n").joined(separator: "\r\n")
            + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        return try ICS.parse(text, zone: zone).map(\.date.iso8601)
    }

    /// An event's lines and its days, at most the first eight.
    static let events: [(String, [String])] = [
        ("DTSTART;VALUE=DATE:20261225", ["2026-12-25"]),
        ("DTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261226", ["2026-12-25"]),
        ("DTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261227", ["2026-12-25", "2026-12-26"]),
        ("DTSTART;VALUE=DATE:20261225\nDURATION:P2D", ["2026-12-25", "2026-12-26"]),
        ("DTSTART:20261225T000000\nDURATION:PT24H", ["2026-12-25"]),
        ("DTSTART:20261225T000000\nDTEND:20261226T000000", ["2026-12-25"]),
        ("DTSTART:20261225T090000\nDTEND:20261225T170000", ["2026-12-25"]),
        (
            "DTSTART;TZID=America/New_York:20261225T180000\nDTEND;TZID=America/New_York:20261226T060000",
            ["2026-12-25", "2026-12-26"]
        ),
        ("DTSTART;VALUE=DATE:20261225\nSTATUS:CANCELLED", []),
        (
            "DTSTART;VALUE=DATE:20251225\nRRULE:FREQ=YEARLY;COUNT=3",
            ["2025-12-25", "2026-12-25", "2027-12-25"]
        ),
        (
            "DTSTART;VALUE=DATE:20251225\nRRULE:FREQ=YEARLY;UNTIL=20271225",
            ["2025-12-25", "2026-12-25", "2027-12-25"]
        ),
        (
            "DTSTART;VALUE=DATE:20251225\nRRULE:FREQ=YEARLY;UNTIL=20271224T235959Z",
            ["2025-12-25", "2026-12-25"]
        ),
        (
            "DTSTART;VALUE=DATE:20251225\nRRULE:FREQ=YEARLY;COUNT=3\nEXDATE;VALUE=DATE:20261225",
            ["2025-12-25", "2027-12-25"]
        ),
        (
            "DTSTART;VALUE=DATE:20251225\nRDATE;VALUE=DATE:20260105,20260204",
            ["2025-12-25", "2026-01-05", "2026-02-04"]
        ),
        // Thanksgiving, Martin Luther King's day, Memorial Day, Election Day.
        (
            "DTSTART;VALUE=DATE:20251127\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;COUNT=4",
            ["2025-11-27", "2026-11-26", "2027-11-25", "2028-11-23"]
        ),
        (
            "DTSTART;VALUE=DATE:20260119\nRRULE:FREQ=YEARLY;BYDAY=3MO;BYMONTH=1;UNTIL=20280131",
            ["2026-01-19", "2027-01-18", "2028-01-17"]
        ),
        (
            "DTSTART;VALUE=DATE:20260525\nRRULE:FREQ=YEARLY;BYDAY=-1MO;BYMONTH=5;COUNT=3",
            ["2026-05-25", "2027-05-31", "2028-05-29"]
        ),
        (
            "DTSTART;VALUE=DATE:20241105\nRRULE:FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;"
                + "BYMONTHDAY=2,3,4,5,6,7,8;COUNT=3", ["2024-11-05", "2028-11-07", "2032-11-02"]
        ),
        (
            "DTSTART;VALUE=DATE:20240229\nRRULE:FREQ=YEARLY;COUNT=3",
            ["2024-02-29", "2028-02-29", "2032-02-29"]
        ),
        (
            "DTSTART;VALUE=DATE:20260131\nRRULE:FREQ=MONTHLY;COUNT=3",
            ["2026-01-31", "2026-03-31", "2026-05-31"]
        ),
        (
            "DTSTART;VALUE=DATE:20260130\nRRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=4",
            ["2026-01-30", "2026-02-27", "2026-03-31", "2026-04-30"]
        ),
        (
            "DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;COUNT=4",
            ["2026-01-05", "2026-01-07", "2026-01-19", "2026-01-21"]
        ),
        (
            "DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=DAILY;INTERVAL=10;COUNT=3",
            ["2026-01-05", "2026-01-15", "2026-01-25"]
        ),
        (
            "DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=YEARLY;BYYEARDAY=1,-1;COUNT=4",
            ["2026-01-01", "2026-12-31", "2027-01-01", "2027-12-31"]
        ),
        (
            "DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=YEARLY;BYDAY=20MO;COUNT=3",
            ["2026-01-01", "2026-05-18", "2027-05-17"]
        ),
    ]

    @Test("events", arguments: events)
    func event(lines: String, days: [String]) throws {
        #expect(Array(try ics(lines).prefix(8)) == days)
    }

    @Test func rulesWithoutEndGoToTheHorizon() throws {
        let days = try ics("DTSTART;VALUE=DATE:20200101\nRRULE:FREQ=YEARLY")
        #expect(days.count == 81 && days.last == "2100-01-01")
    }

    @Test func timesInUTCAreDaysOfTheZone() throws {
        let zone = try SystemZones.zone("America/New_York")
        let lines = "DTSTART:20261225T050000Z\nDTEND:20261226T050000Z"
        #expect(try ics(lines, zone: zone) == ["2026-12-25"])
        #expect(try ics(lines) == ["2026-12-25", "2026-12-26"])
    }

    @Test func foldedLinesNamesAndReplacedInstances() throws {
        let text = """
            BEGIN:VCALENDAR
            BEGIN:VTIMEZONE
            TZID:America/New_York
            BEGIN:STANDARD
            DTSTART:19701101T020000
            RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11
            END:STANDARD
            END:VTIMEZONE
            BEGIN:VEVENT
            UID:1
            DTSTART;VALUE=DATE:20260101
            RRULE:FREQ=YEARLY;COUNT=3
            SUMMARY;LANGUAGE="en:US":New Year's Day\\, observed in
              many places
            BEGIN:VALARM
            TRIGGER:-PT15M
            DURATION:PT99H
            END:VALARM
            END:VEVENT
            BEGIN:VEVENT
            UID:1
            RECURRENCE-ID;VALUE=DATE:20270101
            DTSTART;VALUE=DATE:20270104
            SUMMARY:New Year moved
            END:VEVENT
            BEGIN:VTODO
            DTSTART:20260505
            END:VTODO
            END:VCALENDAR
            """
        let found = try ICS.parse("\u{FEFF}" + text)
        #expect(found.map(\.date.iso8601) == ["2026-01-01", "2028-01-01", "2027-01-04"])
        #expect(found[0].name == "New Year's Day, observed in many places")
        let calendar = try BusinessCalendar(name: "x", holidays: found)
        #expect(calendar.reason(for: CivilDate(year: 2027, month: 1, day: 4)) == "New Year moved")
        #expect(calendar.isBusinessDay(CivilDate(year: 2027, month: 1, day: 1)))
    }

    static let damaged: [(String, Int?)] = [
        ("", 1), ("hello", 1), ("BEGIN:VCALENDAR\nno colon here", 2),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VEVENT\nEND:VCALENDAR", 2),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:2026\nEND:VEVENT\nEND:VCALENDAR", 3),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260230\nEND:VEVENT\nEND:VCALENDAR", 3),
        (
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260101\nRRULE:FREQ=HOURLY\nEND:VEVENT\nEND:VCALENDAR",
            4
        ),
        (
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260101\nRRULE:COUNT=3\nEND:VEVENT\nEND:VCALENDAR",
            4
        ),
        (
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260101\nRRULE:FREQ=YEARLY;BYWEEKNO=3\nEND:VEVENT\nEND:VCALENDAR",
            4
        ),
        (
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260101\nRRULE:FREQ=YEARLY;COUNT=x\nEND:VEVENT\nEND:VCALENDAR",
            4
        ),
        (
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260101\nRRULE:FREQ=YEARLY;INTERVAL=0\nEND:VEVENT\nEND:VCALENDAR",
            4
        ),
        (
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260102\nDTEND:20260101\nEND:VEVENT\nEND:VCALENDAR",
            2
        ),
        (
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260102\nDURATION:soon\nEND:VEVENT\nEND:VCALENDAR",
            4
        ),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260102\n", nil),
        ("BEGIN:VCALENDAR\nEND:VEVENT\nEND:VCALENDAR", 2),
    ]

    @Test("damaged files name their line", arguments: damaged)
    func damage(text: String, line: Int?) {
        let error = #expect(throws: CalendarError.self) { try ICS.parse(text) }
        #expect(error?.line == line, "\(error?.description ?? "")")
    }

    @Test func mutatedFilesNeverCrash() throws {
        let seed = Array(
            """
            BEGIN:VCALENDAR
            BEGIN:VEVENT
            UID:1
            DTSTART;VALUE=DATE:20260119
            DTEND;VALUE=DATE:20260121
            RRULE:FREQ=YEARLY;BYDAY=3MO;BYMONTH=1;UNTIL=20280131;INTERVAL=1;WKST=SU;BYSETPOS=1
            EXDATE:20270118T000000Z
            DURATION:P1DT3H
            END:VEVENT
            END:VCALENDAR
            """.utf8)
        var random = SplitMix64(seed: 11)
        for _ in 0..<(isLongRun ? 20_000 : 300) {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...5, using: &random) {
                let position = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0...2, using: &random) {
                case 0: bytes[position] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: position)
                default:
                    bytes.insert(
                        bytes[Int.random(in: 0..<bytes.count, using: &random)], at: position)
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            _ = try? BusinessCalendar(name: "x", holidays: ICS.parse(text))
        }
    }

    @Test func csv() throws {
        let text =
            "\u{FEFF}date;name\r\n# a comment\r\n2026-12-25;Christmas Day\r\n\r\n"
            + "\"Boxing, \"\"Day\"\"\",2026-12-26\n 2027-01-01 \n"
        let found = try DatesCSV.parse(text)
        #expect(found.map(\.date.iso8601) == ["2026-12-25", "2026-12-26", "2027-01-01"])
        #expect(found.map(\.name) == ["Christmas Day", "Boxing, \"Day\"", ""])
        let error = #expect(throws: CalendarError.self) {
            try DatesCSV.parse("2026-12-25\n25.12.2026\n")
        }
        #expect(error?.line == 2)
        #expect(throws: CalendarError.self) { try DatesCSV.parse("date\n2026-02-30\n") }
        #expect(throws: CalendarError.self) { try DatesCSV.parse("\"2026-02-03\n") }
        #expect(try DatesCSV.parse("").isEmpty)
    }
}
