import Timetable

/// What the calendars of the schedules say of a day: holidays by name, business days by number.
struct CalendarMarks {
    /// Each once, in the order of their names; empty: no schedule knows of business days.
    private let calendars: [BusinessCalendar]
    /// Names of the windows that hold a part of a day, by its number.
    private var windows: [Int64: [String]] = [:]

    /// - Parameters:
    ///   - rules: of all schedules.
    ///   - first: the number of the first day that is shown.
    ///   - last: that of the last one.
    ///   - zone: whose days they are; nil: UTC.
    init(_ rules: [FiringRule], from first: Int64, through last: Int64, zone: Zone?) {
        let zone = zone ?? .utc
        var known: [String: Window] = [:]
        for window in rules.flatMap(\.windows) { known[window.name] = window }
        for name in known.keys.sorted() {
            guard let window = known[name] else { continue }
            // However often it comes again, its first span of each day is enough.
            for day in first..<(last + 1) {
                let begins = zone.beginning(of: CivilDate(dayNumber: day))
                let span = window.spans(notOverAt: begins, count: 1).first
                guard let span, zone.local(at: span.from).date.dayNumber <= day else { continue }
                windows[day, default: []].append("window \(name)")
            }
        }
        var byName: [String: BusinessCalendar] = [:]
        for calendar in rules.flatMap(\.parts).compactMap(\.businessDays) {
            byName[calendar.name] = calendar
        }
        calendars = byName.values.sorted { $0.name < $1.name }
    }

    /// Whether no calendar has a business day on a date.
    ///
    /// - Returns: False if there is no calendar.
    func isClosed(_ date: CivilDate) -> Bool {
        !calendars.isEmpty && calendars.allSatisfy { !$0.isBusinessDay(date) }
    }

    /// What is to be read beside a date.
    ///
    /// - Returns: `Thanksgiving (us-close)`, `business day 3`; which calendars say it stands behind it unless
    ///   all do.
    func words(on date: CivilDate) -> [String] {
        var said: [(words: String, names: [String])] = []
        for calendar in calendars {
            let words = calendar.reason(for: date) ?? "business day \(number(of: date, calendar))"
            if let index = said.firstIndex(where: { $0.words == words }) {
                said[index].names.append(calendar.name)
            } else {
                said.append((words, [calendar.name]))
            }
        }
        let days = said.map { words, names in
            names.count == calendars.count
                ? words : "\(words) (\(names.joined(separator: ", ")))"
        }
        return days + (windows[date.dayNumber] ?? [])
    }

    /// How many business days of the month have begun.
    private func number(of date: CivilDate, _ calendar: BusinessCalendar) -> Int {
        (1...date.day).count { day in
            calendar.isBusinessDay(CivilDate(year: date.year, month: date.month, day: day))
        }
    }
}

extension FiringRule {
    /// The calendar whose days it heeds; nil: it knows no business days.
    fileprivate var businessDays: BusinessCalendar? {
        if case .businessDay = kind { return calendar ?? .weekdays }
        return calendar
    }
}
