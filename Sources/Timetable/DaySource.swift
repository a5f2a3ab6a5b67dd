/// A set of days that can be searched in both directions.
protocol DaySource {
    /// The first day of the set at or after a day number; nil if there is none.
    func nextDay(from day: Int64) -> Int64?
    /// The last day of the set at or before a day number; nil if there is none.
    func previousDay(through day: Int64) -> Int64?
}

extension DateListRule: DaySource {
    func nextDay(from day: Int64) -> Int64? {
        let index = firstIndex(from: day)
        return index < days.count ? Int64(days[index]) : nil
    }

    func previousDay(through day: Int64) -> Int64? {
        let index = firstIndex(from: day + 1)
        return index > 0 ? Int64(days[index - 1]) : nil
    }

    private func firstIndex(from day: Int64) -> Int {
        var low = 0
        var high = days.count
        while low < high {
            let middle = (low + high) / 2
            if Int64(days[middle]) < day { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// The nth business days of months, by a calendar.
struct BusinessDays: DaySource {
    let rule: BusinessDayRule
    let calendar: BusinessCalendar

    /// Months that are tried: a month without the 23rd business day is followed by one that has it
    /// within a few years, unless the calendar leaves too few; then this ends the search.
    private static let longestSearch = 12 * 41

    func nextDay(from day: Int64) -> Int64? {
        var date = CivilDate(dayNumber: day)
        for _ in 0..<BusinessDays.longestSearch {
            if let found = businessDay(year: date.year, month: date.month), found >= day {
                return found
            }
            date.month += 1
            if date.month == 13 { (date.year, date.month) = (date.year + 1, 1) }
        }
        return nil
    }

    func previousDay(through day: Int64) -> Int64? {
        var date = CivilDate(dayNumber: day)
        for _ in 0..<BusinessDays.longestSearch {
            if let found = businessDay(year: date.year, month: date.month), found <= day {
                return found
            }
            date.month -= 1
            if date.month == 0 { (date.year, date.month) = (date.year - 1, 12) }
        }
        return nil
    }

    /// The month's nth business day; nil if the month isn't meant or hasn't as many.
    private func businessDay(year: Int, month: Int) -> Int64? {
        guard rule.months & (1 << UInt32(month)) != 0 else { return nil }
        let first = CivilDate(year: year, month: month, day: 1).dayNumber
        let last = first + Int64(CivilDate.length(ofMonth: month, year: year)) - 1
        var left = abs(rule.index)
        var day = rule.index > 0 ? first : last
        while first <= day, day <= last {
            if calendar.isBusinessDay(day) {
                left -= 1
                if left == 0 { return day }
            }
            day += rule.index > 0 ? 1 : -1
        }
        return nil
    }
}

/// Days of a source at times of day.
struct DayTimes<Source: DaySource>: LocalPattern {
    let days: Source
    let times: TimesOfDay

    func nextLocal(from local: Int64) -> Int64? {
        let day = floorDivide(local, 86_400)
        guard let found = days.nextDay(from: day) else { return nil }
        if found > day { return found * 86_400 + Int64(times.first) }
        if let time = times.next(from: Int(local - day * 86_400)) {
            return day * 86_400 + Int64(time)
        }
        return days.nextDay(from: day + 1).map { $0 * 86_400 + Int64(times.first) }
    }

    func previousLocal(through local: Int64) -> Int64? {
        let day = floorDivide(local, 86_400)
        guard let found = days.previousDay(through: day) else { return nil }
        if found < day { return found * 86_400 + Int64(times.last) }
        if let time = times.previous(through: Int(local - day * 86_400)) {
            return day * 86_400 + Int64(time)
        }
        return days.previousDay(through: day - 1).map { $0 * 86_400 + Int64(times.last) }
    }
}
