import Store
package import Timetable

/// What fires on which day, some weeks ahead.
package struct DashboardCalendar: Sendable {
    /// A schedule's instants of one day.
    package struct Entry: Sendable, Equatable {
        package var schedule: String
        /// Times of day on the schedule's own clock, the first ones.
        package var times: [String]
        /// How many there are on that day.
        package var count: Int
        /// Holidays, DST shifts, rolls, in words; empty: none.
        package var note: String
        /// On a holiday that skips it: nothing is started.
        package var isSkipped: Bool
    }

    /// A day and what is on it.
    package struct Day: Sendable, Equatable {
        package var date: CivilDate
        /// Holidays and numbers of business days, in words.
        package var marks: [String]
        /// No calendar of a schedule has a business day.
        package var isClosed: Bool
        package var entries: [Entry]
    }

    package var takenAt: Instant
    /// Every day from today's week on, also those with nothing on them; the first is a Monday.
    package var days: [Day] = []
    package var today: CivilDate

    /// Weeks that are shown.
    static let weeks = 6
    /// Instants of one schedule that are counted at most: one a minute for a week.
    private static let instantsMax = 10_080
    private static let timesMax = 2

    /// Enumerates rules from this moment on.
    ///
    /// - Parameters:
    ///   - rules: by the schedule's name; those that enumerate nothing are left out.
    ///   - now: the first instant.
    ///   - zone: whose date is today; nil: UTC.
    package init(rules: [(schedule: String, rule: FiringRule)], now: Instant, zone: Zone?) {
        takenAt = now
        let local = now.milliseconds / 1000 + Int64(zone?.offsetSeconds(at: now) ?? 0)
        today = LocalDateTime(localSeconds: local).date
        // 1970-01-05, day 4, was a Monday.
        let monday = today.dayNumber - (today.dayNumber - 4) % 7
        let last = monday + Int64(Self.weeks * 7) - 1
        var entries: [Int64: [Entry]] = [:]
        for (schedule, rule) in rules {
            for (day, entry) in Self.entries(of: rule, schedule, after: now, lastDay: last) {
                entries[day, default: []].append(entry)
            }
        }
        let marks = CalendarMarks(rules.map(\.rule), from: monday, through: last, zone: zone)
        days = (monday...last).map { day in
            let date = CivilDate(dayNumber: day)
            return Day(
                date: date, marks: marks.words(on: date), isClosed: marks.isClosed(date),
                entries: (entries[day] ?? []).sorted {
                    ($0.times.first ?? "", $0.schedule) < ($1.times.first ?? "", $1.schedule)
                })
        }
    }

    /// How many there are on a day: as on the last one that is counted to its end, or as many as there
    /// have been since the beginning.
    private static func frequency(
        _ entries: [Int64: Entry], since start: Instant, until end: Instant
    ) -> String {
        let days = entries.keys.sorted()
        if days.count > 2 {
            return "\(Words.grouped(entries[days[days.count - 2]]?.count ?? 0)) a day"
        }
        // As many steps as were counted lie between the first one and the one after the last.
        let elapsed = max(1, end.since(start))
        return "about \(Words.grouped(Int(Int64(instantsMax) * 86_400_000 / elapsed))) a day"
    }

    private static func entries(
        of rule: FiringRule, _ schedule: String, after now: Instant, lastDay: Int64
    ) -> [Int64: Entry] {
        var entries: [Int64: Entry] = [:]
        var left = instantsMax
        var first: Instant?
        for occurrence in rule.occurrences(after: now) {
            let local = LocalDateTime(
                localSeconds: occurrence.at.milliseconds / 1000
                    + Int64(occurrence.utcOffsetSeconds))
            let day = local.date.dayNumber
            guard day <= lastDay else { break }
            let start = first ?? occurrence.at
            first = start
            if left == 0 {
                // Whoever fires that often fires on: said, with how often that is.
                let note = "goes on, " + frequency(entries, since: start, until: occurrence.at)
                // Of the day on which counting ends some are missing.
                entries[day]?.note = note
                for later in (entries[day] == nil ? day : day + 1)..<(lastDay + 1) {
                    entries[later] = Entry(
                        schedule: schedule, times: [], count: 0, note: note, isSkipped: false)
                }
                break
            }
            left -= 1
            var entry =
                entries[day]
                ?? Entry(schedule: schedule, times: [], count: 0, note: "", isSkipped: true)
            var note = occurrence.note ?? ""
            switch occurrence.decision {
            case .run:
                entry.count += 1
                entry.isSkipped = false
                if entry.times.count < timesMax { entry.times.append(local.timeText) }
            case .skipped(let reason), .coalesced(let reason): note = reason
            }
            if entry.note.isEmpty { entry.note = note }
            entries[day] = entry
        }
        return entries
    }
}

/// What the template of the calendar names.
struct CalendarView {
    struct Entry {
        let schedule: String
        let href: String
        let times: String
        let note: String
        let isSkipped: Bool
    }

    struct Day {
        let date: String
        let label: String
        let isToday: Bool
        let isPast: Bool
        let isEmpty: Bool
        let isClosed: Bool
        let marks: String
        let entries: [Entry]
        /// `12 more`, or empty.
        let more: String
    }

    struct Week {
        let days: [Day]
    }

    let title = "Calendar – Carillon"
    let refreshSeconds = 300
    let takenAt: String
    let navigation = Navigation(at: "/calendar")
    let weeks: [Week]

    private static let entriesMax = 8
    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]

    init(_ calendar: DashboardCalendar) {
        takenAt = Words.shortTime(calendar.takenAt.iso8601) + " UTC"
        let days = calendar.days.map { Self.day($0, today: calendar.today) }
        weeks = stride(from: 0, to: days.count, by: 7).map {
            Week(days: Array(days[$0..<min($0 + 7, days.count)]))
        }
    }

    private static func day(_ day: DashboardCalendar.Day, today: CivilDate) -> Day {
        let weekday = CivilDate.weekday(ofDayNumber: day.date.dayNumber)
        let hidden = day.entries.count - entriesMax
        return Day(
            date: day.date.iso8601, label: "\(weekdays[weekday]) \(day.date.day)",
            isToday: day.date == today, isPast: day.date < today, isEmpty: day.entries.isEmpty,
            isClosed: day.isClosed, marks: day.marks.joined(separator: "; "),
            entries: day.entries.prefix(entriesMax).map { entry in
                let rest = entry.count - entry.times.count
                return Entry(
                    schedule: entry.schedule,
                    href: "/schedules/" + percentEncoded(entry.schedule),
                    times: entry.times.joined(separator: " ")
                        + (rest > 0 ? " +\(Words.grouped(rest))" : ""),
                    note: entry.note, isSkipped: entry.isSkipped)
            }, more: hidden > 0 ? "\(hidden) more" : "")
    }
}
