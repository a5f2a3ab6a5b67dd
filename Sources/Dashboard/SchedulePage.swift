import Store
import Timetable

/// A fact with its name.
struct FactView {
    let label: String
    let value: String
}

/// What the template of a schedule's page names.
struct ScheduleView {
    struct Next {
        let when: String
        let local: String
        let note: String
    }

    let title: String
    let refreshSeconds = 60
    let takenAt: String
    let navigation = Navigation(at: "")
    let heading: String
    let description: String
    let hasDescription: Bool
    let state: String
    let facts: [FactView]
    let next: [Next]
    let year: YearMap
    let hasYear: Bool
    let durations: DurationChart?
    let history: [HistoryView]

    init(_ schedule: DashboardSchedule) {
        let now = schedule.takenAt
        heading = schedule.line.name
        title = heading + " – Carillon"
        takenAt = Words.shortTime(now.iso8601) + " UTC"
        description = schedule.line.description
        hasDescription = !description.isEmpty
        state = schedule.line.state
        facts = schedule.facts.map { FactView(label: $0.label, value: $0.value) }
        // They are written once a minute: some may have passed since.
        next = schedule.next.filter { $0.at > now }.map {
            Next(
                when: Words.relative($0.at, to: now), local: Words.shortTime($0.local),
                note: $0.note)
        }
        year = YearMap(
            schedule.days, today: schedule.line.today ?? CivilDate(ofUTC: now))
        hasYear = !schedule.days.isEmpty
        durations = DurationChart(schedule.line.recent)
        history = schedule.history.map { HistoryView($0, now: now) }
    }
}

/// A year of days, a column a week, Monday at the top.
struct YearMap {
    struct Cell {
        let x: String
        let y: String
        let tone: String
        let title: String
    }

    struct Month {
        let x: String
        let label: String
    }

    let cells: [Cell]
    /// The days without a slot, as one path.
    let free: String
    let months: [Month]
    let text: String
    let width: String

    /// 53 weeks, so that today a year ago is in it.
    private static let weeks: Int64 = 53
    private static let step: Int64 = 20
    private static let top: Int64 = 16
    private static let size = 17
    private static let names = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    /// The worst of a day gives it its colour.
    private static let order: [Tone] = [.bad, .warn, .live, .good, .off, .calm]

    /// - Parameters:
    ///   - days: that had slots, oldest first.
    ///   - today: the last day of the map.
    init(_ days: [DashboardSchedule.Day], today: CivilDate) {
        // 1970-01-05, day 4, was a Monday.
        let firstDay = today.dayNumber - (today.dayNumber - 4) % 7 - (Self.weeks - 1) * 7
        func x(_ day: Int64) -> Int64 { (day - firstDay) / 7 * Self.step }
        func y(_ day: Int64) -> Int64 { Self.top + (day - firstDay) % 7 * Self.step }
        let shown = days.filter { $0.date.dayNumber >= firstDay && $0.date <= today }
        cells = shown.map { day in
            let tones = Set(day.results.keys.map(Tone.init(result:)))
            let words = day.results.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
            return Cell(
                x: "\(x(day.date.dayNumber))", y: "\(y(day.date.dayNumber))",
                tone: (Self.order.first { tones.contains($0) } ?? .calm).rawValue,
                title: "\(day.date.iso8601): \(words.joined(separator: ", "))")
        }
        let used = Set(shown.map(\.date.dayNumber))
        let side = Self.size
        free = (firstDay...today.dayNumber).filter { !used.contains($0) }
            .map { "M\(x($0)) \(y($0))h\(side)v\(side)h-\(side)z" }.joined()
        // A month's name stands over the week of its first day.
        months = (firstDay...today.dayNumber).compactMap { day in
            let date = CivilDate(dayNumber: day)
            return date.day == 1 ? Month(x: "\(x(day))", label: Self.names[date.month - 1]) : nil
        }
        // The last month's name may be wider than its week.
        width = "\((Self.weeks + 1) * Self.step)"
        var sums: [String: Int64] = [:]
        for day in shown { sums.merge(day.results) { $0 + $1 } }
        text =
            (shown.count == 1 ? "1 day with slots: " : "\(shown.count) days with slots: ")
            + sums.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    }
}

/// The durations of the last runs, oldest first, with the middle one and the long ones.
struct DurationChart {
    struct Point {
        let x: String
        let y: String
        let height: String
        let tone: String
        let href: String
        let title: String
    }

    let points: [Point]
    let width: String
    let middleY: String
    let longY: String
    /// `half of them took up to 32 min, 95 % up to 41 min`.
    let text: String

    private static let height = 80.0

    /// Nil without a run that ended.
    ///
    /// - Parameter recent: newest first.
    init?(_ recent: [SlotMark]) {
        let ended = recent.prefix(100).reversed().compactMap { mark in
            mark.seconds.map { (mark, $0) }
        }
        guard !ended.isEmpty else { return nil }
        let seconds = ended.map(\.1)
        let most = Double(max(seconds.max() ?? 1, 1))
        let (middle, long) = (Percentile.of(seconds, 50), Percentile.of(seconds, 95))
        func y(_ value: Int64) -> Double { Self.height - Double(value) / most * (Self.height - 6) }
        points = ended.enumerated().map { index, run in
            Point(
                x: "\(index * 8)", y: number(y(run.1)), height: number(Self.height - y(run.1)),
                tone: Tone(result: run.0.result).rawValue, href: "/slots/\(run.0.slotID)",
                title: "\(Words.shortTime(run.0.slotAt.iso8601)) UTC: \(run.0.result), "
                    + Words.duration(seconds: run.1))
        }
        width = "\(max(ended.count, 40) * 8)"
        (middleY, longY) = (number(y(middle)), number(y(long)))
        text =
            "half of the last \(ended.count) took up to \(Words.duration(seconds: middle)), "
            + "95 % up to \(Words.duration(seconds: long))"
    }
}

/// What the template of a slot's page names.
struct SlotView {
    let title: String
    let refreshSeconds = Pages.refreshSeconds
    let takenAt: String
    let navigation = Navigation(at: "")
    let schedule: String
    let href: String
    let result: String
    let tone: String
    let sentence: String
    let facts: [FactView]
    let run: RunLineView?
    let attempts: [DashboardSlot.Event]
    let errors: [DashboardSlot.Event]

    init(_ slot: DashboardSlot) {
        let line = HistoryView(slot.line, now: slot.takenAt)
        schedule = slot.line.schedule
        title = "\(schedule) \(line.slotLocal) – Carillon"
        takenAt = Words.shortTime(slot.takenAt.iso8601) + " UTC"
        href = "/schedules/" + percentEncoded(schedule)
        (result, tone, run) = (line.result, line.tone, line.run)
        sentence = slot.sentence
        facts = slot.facts.map { FactView(label: $0.label, value: $0.value) }
        attempts = slot.attempts
        errors = slot.errors
    }
}

/// What the template of errors and of the audit names.
struct LogView {
    let title: String
    let heading: String
    let nothing: String
    let refreshSeconds = 60
    let takenAt: String
    let navigation: Navigation
    let events: [DashboardSlot.Event]
    let older: String
    let hasOlder: Bool

    /// - Parameters:
    ///   - log: what is listed.
    ///   - path: of the page.
    ///   - heading: of the page.
    ///   - nothing: what is said of an empty list.
    init(_ log: DashboardLog, path: String, heading: String, nothing: String) {
        self.heading = heading
        self.nothing = nothing
        title = heading + " – Carillon"
        takenAt = Words.shortTime(log.takenAt.iso8601) + " UTC"
        navigation = Navigation(at: path)
        events = log.events
        older = log.olderBefore.map { path + "?before=" + percentEncoded($0.iso8601) } ?? ""
        hasOlder = log.olderBefore != nil
    }
}
