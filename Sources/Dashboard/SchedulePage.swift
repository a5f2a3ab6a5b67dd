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
        next = schedule.next.map {
            Next(
                when: Words.relative($0.at, to: now), local: Words.shortTime($0.local),
                note: $0.note)
        }
        year = YearMap(schedule.days)
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
    let months: [Month]
    let text: String
    let width: String

    private static let step = 14
    private static let names = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    /// The worst of a day gives it its colour.
    private static let order = ["bad", "warn", "live", "good", "off", "calm"]

    /// - Parameter days: that had slots, oldest first.
    init(_ days: [DashboardSchedule.Day]) {
        guard let last = days.last?.date.dayNumber, let first = days.first?.date.dayNumber else {
            (cells, months, text, width) = ([], [], "no slot yet", "0")
            return
        }
        // 1970-01-05, day 4, was a Monday.
        func week(_ day: Int64) -> Int64 { (day - 4 - (day - 4) % 7) / 7 }
        let firstWeek = week(first)
        cells = days.map { day in
            let number = day.date.dayNumber
            let tones = Set(day.results.keys.map(Words.tone))
            let words = day.results.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
            return Cell(
                x: "\((week(number) - firstWeek) * Int64(Self.step))",
                y: "\(16 + (number - 4) % 7 * Int64(Self.step))",
                tone: Self.order.first { tones.contains($0) } ?? "calm",
                title: "\(day.date.iso8601): \(words.joined(separator: ", "))")
        }
        var months: [Month] = []
        for week in firstWeek...week(last) {
            let date = CivilDate(dayNumber: 4 + week * 7 + 6)
            // The week in which a month begins carries its name.
            guard date.day <= 7 else { continue }
            months.append(
                Month(
                    x: "\((week - firstWeek) * Int64(Self.step))",
                    label: Self.names[date.month - 1]))
        }
        self.months = months
        // A month's name may be wider than its last week.
        width = "\((week(last) - firstWeek + 3) * Int64(Self.step))"
        var sums: [String: Int64] = [:]
        for day in days { sums.merge(day.results) { $0 + $1 } }
        text =
            "\(days.count) days with slots: "
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
                tone: Words.tone(run.0.result), href: "/slots/\(run.0.slotID)",
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
