import Dashboard
import Store
import Testing
import Timetable

/// What the front page draws, seen in its markup.
@Suite("The timeline")
struct TimelineTests {
    private static let now = Samples.now

    private static func mark(
        _ result: String, hoursAgo: Double, took minutes: Double? = nil, isOpen: Bool = false
    ) -> SlotMark {
        let at = now.adding(milliseconds: -Int64(hoursAgo * 3_600_000))
        return SlotMark(
            slotID: 7, slotAt: at, result: result, reason: "because",
            startedAt: minutes == nil && !isOpen ? nil : at,
            endedAt: minutes.map { at.adding(milliseconds: Int64($0 * 60_000)) })
    }

    private static func page(_ marks: [SlotMark], next: [Instant] = []) throws -> String {
        var overview = DashboardOverview(takenAt: now)
        var line = ScheduleLine(name: "close", rule: "every 1h", timezone: "UTC")
        line.marks = marks
        line.nextInstants = next
        overview.schedules = [line]
        return try Pages().overview(overview)
    }

    @Test("A run is a bar as long as it took, an open one reaches to now")
    func bars() throws {
        // 890 units are 24 hours, from 190; now is 18 hours after the beginning.
        let ended = try Self.page([Self.mark("succeeded", hoursAgo: 6, took: 120)])
        #expect(ended.contains("<rect class=\"good\" x=\"635.0\" y=\"30.0\" width=\"74.2\""))
        let open = try Self.page([Self.mark("active", hoursAgo: 3, isOpen: true)])
        #expect(open.contains("<rect class=\"live\" x=\"746.3\" y=\"30.0\" width=\"111.3\""))
    }

    @Test(
        "A run from before the hours shown begins at their edge; one that ended before is left out")
    func edges() throws {
        let long = try Self.page([Self.mark("active", hoursAgo: 30, isOpen: true)])
        #expect(long.contains("x=\"190.0\" y=\"30.0\" width=\"667.5\""))
        let over = try Self.page([Self.mark("succeeded", hoursAgo: 30, took: 60)])
        #expect(!over.contains("class=\"timeline\""))
        let missed = try Self.page([Self.mark("missed", hoursAgo: 19)])
        #expect(!missed.contains("class=\"timeline\""))
    }

    @Test(
        "What has no run is a sign: a cross with its word for trouble, a ring for the rest",
        arguments: [
            ("expired", "cross bad", true), ("missed", "cross bad", true),
            ("held", "cross warn", true), ("skipped", "ring off", false),
        ])
    func signs(result: String, drawn: String, hasWord: Bool) throws {
        let html = try Self.page([Self.mark(result, hoursAgo: 1)])
        #expect(html.contains("class=\"\(drawn)\""))
        #expect(html.contains("\(result): because</title>"))
        #expect(html.contains(">\(result)</text>") == hasWord)
    }

    @Test("What is to come is behind the line of now")
    func next() throws {
        let html = try Self.page([], next: [Self.now.adding(milliseconds: 3 * 3_600_000)])
        #expect(html.contains("<line class=\"next\" x1=\"968.8\""))
        #expect(html.contains("<line class=\"now\" x1=\"857.5\""))
        let later = try Self.page([], next: [Self.now.adding(milliseconds: 7 * 3_600_000)])
        #expect(!later.contains("class=\"timeline\""))
    }
}

@Suite("Slots per day")
struct DayBarsTests {
    @Test("Started at the bottom, skipped on it, trouble on top; the strip counts today")
    func bars() throws {
        var overview = DashboardOverview(takenAt: Samples.now)
        let today = CivilDate(year: 2026, month: 11, day: 24)
        overview.today = today
        overview.days = [
            DayTotal(
                date: CivilDate(year: 2026, month: 10, day: 1), started: 9, skipped: 0, trouble: 0),
            DayTotal(
                date: CivilDate(year: 2026, month: 11, day: 23), started: 2, skipped: 0, trouble: 0),
            DayTotal(date: today, started: 4, skipped: 2, trouble: 2),
        ]
        let html = try Pages().overview(overview)
        // 64 units are the eight slots of the largest day.
        for (tone, y, height) in [("good", 40, 32), ("off", 24, 16), ("bad", 8, 16)] {
            let bar = "\"\(tone)\" x=\"1066.5\" y=\"\(y).0\" width=\"32\" height=\"\(height).0\""
            #expect(html.contains(bar), "missing: \(bar)")
        }
        #expect(html.contains("class=\"good\" x=\"1027.0\" y=\"56.0\""))
        #expect(!html.contains("2026-10-01"))
        #expect(html.contains("6 started, 2 skipped, 2 in trouble in four weeks"))
        #expect(html.contains("<b class=\"bad\">2</b> in trouble"))
        overview.days = []
        #expect(try !Pages().overview(overview).contains("Slots per day"))
    }
}

@Suite("The front page's filter")
struct OverviewFilterTests {
    @Test(
        "What can't be understood counts as not given",
        arguments: [("0", 1), ("-3", 1), ("x", 1), ("", 1), ("7", 7), ("99999999999", 100_000)])
    func pages(text: String, page: Int) {
        let filter = OverviewFilter { $0 == "page" ? text : nil }
        #expect(filter.page == page || (text.count > 18 && filter.page == 1))
    }

    @Test("Fields are read, hostile lengths cut")
    func fields() {
        let filter = OverviewFilter {
            ["q": String(repeating: "a", count: 5_000), "tag": "close", "state": "trouble"][$0]
        }
        #expect(filter.text.count == 100)
        #expect(filter.tag == "close")
        #expect(filter.state == .trouble)
        #expect(OverviewFilter { $0 == "state" ? "<b>" : nil }.state == .all)
    }
}
