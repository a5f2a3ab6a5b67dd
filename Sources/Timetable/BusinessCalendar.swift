/// Which days are business days: weekend days and holidays, in no particular zone.
package struct BusinessCalendar: Sendable, Equatable {
    /// The calendar's name in the config, for notes and reasons.
    package let name: String
    /// Weekend days as bits, Sunday at bit 0.
    let weekend: UInt8
    /// The holidays' day numbers, sorted, each once.
    let holidays: [Int32]
    /// The holidays' names, in the same order; empty where there is none.
    let holidayNames: [String]

    /// A day on which no business is done.
    package struct Holiday: Sendable, Hashable {
        /// A whole day, on whatever clock the calendar is used with.
        package var date: CivilDate
        /// What it is called, may be empty.
        package var name: String

        package init(_ date: CivilDate, name: String = "") {
            self.date = date
            self.name = name
        }
    }

    /// Makes a calendar.
    ///
    /// - Parameters:
    ///   - name: its name in the config.
    ///   - weekend: weekdays without business, 0 for Sunday.
    ///   - holidays: the dates without business, in any order; repeats are one.
    /// - Throws: `CalendarError` if no business day is left, or a date is outside 1900...2400.
    package init(
        name: String, weekend: Set<Int> = [0, 6], holidays: [Holiday] = []
    ) throws(CalendarError) {
        guard weekend.allSatisfy((0...6).contains) else {
            throw CalendarError("a weekend day is a number from 0 (Sunday) to 6")
        }
        var mask: UInt8 = 0
        for day in weekend { mask |= 1 << UInt8(day) }
        guard mask != 0x7F else {
            throw CalendarError("calendar \(name): every weekday is a weekend day")
        }
        var names: [Int32: String] = [:]
        for holiday in holidays {
            guard holiday.date.isValid, (1900...2400).contains(holiday.date.year) else {
                throw CalendarError(
                    "calendar \(name): the holiday \(holiday.date.iso8601) isn't a date of the "
                        + "years 1900 to 2400")
            }
            let day = Int32(holiday.date.dayNumber)
            let known = names[day] ?? ""
            names[day] = known.isEmpty ? holiday.name : known
        }
        self.name = name
        self.weekend = mask
        self.holidays = names.keys.sorted()
        holidayNames = self.holidays.map { names[$0] ?? "" }
    }

    /// Saturday and Sunday, and no holidays: what business days mean without a calendar.
    package static let weekdays = BusinessCalendar(plainWeekendNamed: "Monday to Friday")

    private init(plainWeekendNamed name: String) {
        self.name = name
        weekend = 0b100_0001
        holidays = []
        holidayNames = []
    }

    /// The last holiday that the calendar knows: it has nothing to say of later years.
    package var lastKnownDay: CivilDate? {
        holidays.last.map { CivilDate(dayNumber: Int64($0)) }
    }

    /// How many days ahead people are told that the holidays end: time to get the next year's list.
    private static let warningDays: Int64 = 60

    /// From when on people are told that the holidays end; nil: there are none that could.
    package var warnsFrom: CivilDate? {
        lastKnownDay.map { CivilDate(dayNumber: $0.dayNumber - Self.warningDays + 1) }
    }

    /// A warning if the calendar's holidays end within 60 days of the date, or have ended.
    package func endWarning(on today: CivilDate) -> String? {
        guard let last = lastKnownDay, let from = warnsFrom, today >= from else { return nil }
        return "calendar \(name) ends on \(last.iso8601): add the next year's holidays"
    }

    /// The date itself, or the next one on which business is done.
    package func businessDay(onOrAfter date: CivilDate) -> CivilDate {
        CivilDate(dayNumber: nextBusinessDay(from: date.dayNumber))
    }

    /// Whether business is done on the date.
    package func isBusinessDay(_ date: CivilDate) -> Bool { isBusinessDay(date.dayNumber) }

    /// Why no business is done on the date, such as `Christmas Day`; nil on business days.
    package func reason(for date: CivilDate) -> String? { reason(for: date.dayNumber) }

    /// The name of a holiday, empty where it has none; nil on every other day.
    package func holidayName(on date: CivilDate) -> String? {
        holidayIndex(date.dayNumber).map { holidayNames[$0] }
    }

    func isBusinessDay(_ day: Int64) -> Bool {
        weekend & (1 << UInt8(CivilDate.weekday(ofDayNumber: day))) == 0
            && holidayIndex(day) == nil
    }

    func reason(for day: Int64) -> String? {
        if let index = holidayIndex(day) {
            return holidayNames[index].isEmpty ? "holiday" : holidayNames[index]
        }
        let weekday = CivilDate.weekday(ofDayNumber: day)
        return weekend & (1 << UInt8(weekday)) == 0 ? nil : "weekend"
    }

    /// The first business day at or after a day; ends, since holidays do and a weekday is left.
    func nextBusinessDay(from day: Int64) -> Int64 {
        var day = day
        while !isBusinessDay(day) { day += 1 }
        return day
    }

    /// The last business day at or before a day.
    func previousBusinessDay(through day: Int64) -> Int64 {
        var day = day
        while !isBusinessDay(day) { day -= 1 }
        return day
    }

    private func holidayIndex(_ day: Int64) -> Int? {
        var low = 0
        var high = holidays.count
        while low < high {
            let middle = (low + high) / 2
            if Int64(holidays[middle]) < day { low = middle + 1 } else { high = middle }
        }
        return low < holidays.count && Int64(holidays[low]) == day ? low : nil
    }
}

/// Why a calendar, or a file of dates, can't be used.
package struct CalendarError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The line of the file, from 1; nil where the fault isn't in a line.
    package let line: Int?
    /// What is wrong, in words.
    package let message: String

    package init(_ message: String, line: Int? = nil) {
        self.message = message
        self.line = line
    }

    /// The error in one line, `line 12: …`.
    package var description: String { (line.map { "line \($0): " } ?? "") + message }
}

/// What becomes of a slot whose local date is no business day.
package enum OnHoliday: String, Sendable, Equatable {
    /// The slot is in the ledger as skipped.
    case skip
    /// It moves to the next business day, at the same time of day.
    case nextBusinessDay = "next-business-day"
    /// It moves to the business day before.
    case previousBusinessDay = "previous-business-day"
    /// It runs all the same.
    case run
}
