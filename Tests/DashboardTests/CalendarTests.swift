import Dashboard
import Store
import Testing
import Timetable

@Suite("The calendar")
struct CalendarTests {
    /// Tuesday, 2026-11-24T05:40:00Z.
    private static let now = Samples.now

    private static func daily(_ text: String, calendar: BusinessCalendar? = nil) throws
        -> FiringRule
    {
        guard case .cron(let rule) = try CronExpression(text).trigger else {
            throw CronError(field: nil, position: 1, message: "not a rule of fields")
        }
        return FiringRule(kind: .cron(rule), zone: .utc, calendar: calendar, onHoliday: .skip)
    }

    @Test("Six weeks from this week's Monday, each day with what is left of it")
    func weeks() throws {
        let calendar = DashboardCalendar(
            rules: [("gl", try Self.daily("0 5,6,7,8 * * *"))], now: Self.now, zone: nil)
        #expect(calendar.days.count == 42)
        #expect(calendar.days.first?.date == CivilDate(year: 2026, month: 11, day: 23))
        #expect(calendar.days[0].entries.isEmpty)
        let today = try #require(calendar.days[1].entries.first)
        #expect(today.times == ["06:00", "07:00"])
        #expect(today.count == 3)
        #expect(calendar.days.dropFirst(2).allSatisfy { $0.entries.first?.count == 4 })
        let html = try Pages().calendar(calendar)
        #expect(html.contains("<b>06:00 07:00 +1</b> gl"))
        #expect(html.contains("class=\"today\" aria-current=\"date\""))
    }

    @Test("A holiday that skips a schedule is on its day, with its name")
    func holiday() throws {
        let thanksgiving = BusinessCalendar.Holiday(
            CivilDate(year: 2026, month: 11, day: 26), name: "Thanksgiving")
        let us = try BusinessCalendar(name: "us", holidays: [thanksgiving])
        let calendar = DashboardCalendar(
            rules: [("close", try Self.daily("0 6 * * *", calendar: us))], now: Self.now, zone: nil)
        let entry = try #require(calendar.days[3].entries.first)
        #expect(entry.isSkipped)
        #expect(entry.note.contains("Thanksgiving"))
        #expect(entry.times.isEmpty)
        #expect(try Pages().calendar(calendar).contains("class=\"entry skipped\""))
    }

    @Test("Holidays and business days are marked, each calendar's where they differ")
    func marks() throws {
        let thanksgiving = BusinessCalendar.Holiday(
            CivilDate(year: 2026, month: 11, day: 26), name: "Thanksgiving")
        let us = try BusinessCalendar(name: "us", holidays: [thanksgiving])
        let de = try BusinessCalendar(name: "de")
        let rules = [
            ("a", try Self.daily("0 6 * * *", calendar: us)),
            ("b", try Self.daily("0 7 * * *", calendar: de)),
        ]
        let calendar = DashboardCalendar(rules: rules, now: Self.now, zone: nil)
        // Monday 23 is the 16th weekday of November 2026.
        #expect(calendar.days[0].marks == ["business day 16"])
        #expect(calendar.days[3].marks == ["business day 19 (de)", "Thanksgiving (us)"])
        #expect(calendar.days[4].marks == ["business day 20 (de)", "business day 19 (us)"])
        #expect(calendar.days[5].marks == ["weekend"])
        #expect(calendar.days.prefix(7).map(\.isClosed).firstIndex(of: true) == 5)
        #expect(calendar.days[8].marks == ["business day 1"])
        let html = try Pages().calendar(calendar)
        #expect(html.contains("<small>business day 19 (de); Thanksgiving (us)</small></time>"))
        let plain = DashboardCalendar(
            rules: [("gl", try Self.daily("0 6 * * *"))], now: Self.now, zone: nil)
        #expect(plain.days.allSatisfy { $0.marks.isEmpty && !$0.isClosed })
        // Business days of several rules without a calendar are weekdays.
        let parts = try [3, -1].map { index in
            FiringRule.Part(
                kind: .businessDay(try BusinessDayRule(index: index, secondOfDay: 0)),
                text: "business day \(index)")
        }
        let several = FiringRule(kind: .several(parts), zone: .utc)
        let weekdays = DashboardCalendar(rules: [("c", several)], now: Self.now, zone: nil)
        #expect(weekdays.days[0].marks == ["business day 16"])
    }

    @Test("A rule that fires every second ends the page's work, not the page")
    func often() {
        let often = FiringRule(kind: .every(milliseconds: 1_000), zone: .utc)
        let calendar = DashboardCalendar(rules: [("tick", often)], now: Self.now, zone: nil)
        #expect(calendar.days.flatMap(\.entries).map(\.count).reduce(0, +) == 10_080)
        // It is no calendar without it.
        #expect(calendar.days.dropFirst(2).allSatisfy { $0.entries.map(\.schedule) == ["tick"] })
    }

    /// A freeze from the 26th at 18:00 to the 28th at 00:00, for which slots are skipped or not.
    private static func window(_ effect: Window.Effect) -> Window {
        Window(
            name: "freeze", effect: effect,
            spans: [
                .init(
                    from: Instant(seconds: 1_795_716_000), until: Instant(seconds: 1_795_824_000))
            ])
    }

    @Test("Windows are marked on their days, also those that let slots start")
    func windows() throws {
        var rule = try Self.daily("0 6 1 * *")
        rule.windows = [Self.window(.run)]
        let calendar = DashboardCalendar(rules: [("gl", rule)], now: Self.now, zone: nil)
        let marked = calendar.days.filter { $0.marks.contains("window freeze") }
        #expect(marked.map(\.date.day) == [26, 27])
        #expect(try Pages().calendar(calendar).contains("href=\"/windows\""))
    }

    @Test("A window of each hour, or of every other minute, is marked to the last day")
    func oftenOpen() throws {
        for (expression, minutes) in [("0 * * * *", 20), ("*/2 * * * *", 1)] as [(String, Int64)] {
            var rule = try Self.daily("0 6 1 * *")
            let begins = FiringRule(kind: .cron(try CronRule(expression)), zone: .utc)
            rule.windows = [
                Window(
                    name: "busy", effect: .delay, spans: [],
                    recurrences: [.init(rule: begins, lastsMilliseconds: minutes * 60_000)])
            ]
            let calendar = DashboardCalendar(rules: [("gl", rule)], now: Self.now, zone: nil)
            #expect(calendar.days.allSatisfy { $0.marks == ["window busy"] })
        }
    }

    @Test("Large numbers are read by thousands")
    func thousands() throws {
        let minutely = FiringRule(kind: .every(milliseconds: 60_000), zone: .utc)
        let calendar = DashboardCalendar(rules: [("tick", minutely)], now: Self.now, zone: nil)
        let html = try Pages().calendar(calendar)
        #expect(html.contains(" +1,438") && html.contains("goes on, 1,440 a day"))
        #expect(!html.contains("1440"))
    }

    @Test("The windows' page says when they are, whose they are and what they do")
    func windowsPage() throws {
        var rule = try Self.daily("0 6 * * *")
        rule.windows = [Self.window(.skip)]
        var other = rule
        other.windows = [Self.window(.delay)]
        var page = DashboardWindows(rules: [("gl", rule), ("tax", other)], now: Self.now)
        #expect(page.windows.map(\.name) == ["freeze"])
        page.windows[0].slots = [
            WindowSlot(
                slotID: 7, schedule: "gl", local: "2026-11-27T06:00:00+00:00",
                disposition: .skipped, reason: "in window freeze")
        ]
        let html = try Pages().windows(page)
        #expect(html.contains("<b>2026-11-26 18:00</b> to <b>2026-11-28 00:00</b>"))
        #expect(html.contains("begins in 2 d 12 h"))
        #expect(html.contains("gl</a> <span class=\"dim\">slots are skipped"))
        #expect(html.contains("tax</a> <span class=\"dim\">slots wait for its end"))
        #expect(html.contains("href=\"/slots/7\""))
        let none = try Pages().windows(DashboardWindows(rules: [], now: Self.now))
        #expect(none.contains("No schedule keeps a window."))
    }

    @Test("A rule that fires too often to be counted says how often", arguments: [1_000, 60_000])
    func oftenInWords(milliseconds: Int64) throws {
        let rule = FiringRule(kind: .every(milliseconds: milliseconds), zone: .utc)
        let calendar = DashboardCalendar(rules: [("tick", rule)], now: Self.now, zone: nil)
        let words = try #require(calendar.days.last?.entries.first?.note)
        let often = milliseconds == 1_000 ? "about 86,400" : "1,440"
        #expect(words == "goes on, \(often) a day")
    }
}
