/// A day counted in business days of a month, at a time of day.
package struct BusinessDayRule: Sendable, Equatable {
    /// 1: the month's first business day; -1: its last.
    package let index: Int
    /// The months, bits 1...12.
    let months: UInt32
    /// The time of day in seconds.
    package let secondOfDay: Int

    /// Makes the rule.
    ///
    /// - Parameters:
    ///   - index: 1...23 from the month's start, or -1...-23 from its end.
    ///   - months: the months, 1...12; nil: all.
    ///   - secondOfDay: the time of day, 0..<86,400.
    /// - Throws: `CalendarError` if an argument is out of range.
    package init(index: Int, months: [Int]? = nil, secondOfDay: Int) throws(CalendarError) {
        guard (1...23).contains(abs(index)) else {
            throw CalendarError("a business day is 1 to 23, or -1 to -23 from the month's end")
        }
        let months = months ?? Array(1...12)
        guard !months.isEmpty, months.allSatisfy((1...12).contains) else {
            throw CalendarError("months are numbers from 1 to 12, at least one")
        }
        guard (0..<86_400).contains(secondOfDay) else {
            throw CalendarError("a time of day lies between 00:00 and 23:59:59")
        }
        self.index = index
        self.months = months.reduce(0) { $0 | 1 << UInt32($1) }
        self.secondOfDay = secondOfDay
    }

    /// Whether some month is long enough to have as many business days, holidays left aside.
    func isPossible(weekend: UInt8) -> Bool {
        for month in 1...12 where months & (1 << UInt32(month)) != 0 {
            for firstWeekday in 0..<7 {
                let days = 0..<CivilDate.length(ofMonth: month, year: 2000)
                let count = days.count { weekend & (1 << UInt8((firstWeekday + $0) % 7)) == 0 }
                if count >= abs(index) { return true }
            }
        }
        return false
    }
}

/// Listed dates at a time of day: a close calendar.
package struct DateListRule: Sendable, Equatable {
    /// The dates' day numbers, sorted, each once.
    let days: [Int32]
    /// The time of day in seconds.
    package let secondOfDay: Int

    /// Makes the rule.
    ///
    /// - Parameters:
    ///   - dates: the dates in any order; repeats are one.
    ///   - secondOfDay: the time of day, 0..<86,400.
    /// - Throws: `CalendarError` if a date isn't in 1900...2400 or the time is out of range.
    package init(dates: [CivilDate], secondOfDay: Int) throws(CalendarError) {
        for date in dates {
            guard date.isValid, (1900...2400).contains(date.year) else {
                throw CalendarError("\(date.iso8601) isn't a date of the years 1900 to 2400")
            }
        }
        guard (0..<86_400).contains(secondOfDay) else {
            throw CalendarError("a time of day lies between 00:00 and 23:59:59")
        }
        days = Set(dates.map { Int32($0.dayNumber) }).sorted()
        self.secondOfDay = secondOfDay
    }

    /// The dates in order.
    package var dates: [CivilDate] { days.map { CivilDate(dayNumber: Int64($0)) } }
}
