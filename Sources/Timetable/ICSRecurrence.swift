/// An RRULE whose smallest step is a day.
///
/// Holiday files hold a few hundred rules over some decades, so days are simply tried one by one
/// instead of being computed: the meaning of each part then is one line.
struct ICSRecurrence {
    private enum Frequency: String {
        case daily = "DAILY"
        case weekly = "WEEKLY"
        case monthly = "MONTHLY"
        case yearly = "YEARLY"
    }

    private var frequency = Frequency.yearly
    private var interval: Int64 = 1
    private var count: Int?
    private var until: ICSTime?
    private var months: Set<Int> = []
    private var monthDays: Set<Int> = []
    private var yearDays: Set<Int> = []
    private var weekdays: [(ordinal: Int?, weekday: Int)] = []
    private var positions: Set<Int> = []
    private var weekStart = 1
    private let line: Int

    /// Parses `FREQ=YEARLY;BYMONTH=11;BYDAY=4TH` and the like.
    init(_ property: ICS.Property, zone: Zone) throws(CalendarError) {
        line = property.line
        var hasFrequency = false
        for part in property.value.split(separator: ";") {
            let pair = part.split(separator: "=", maxSplits: 1).map { trimmed(String($0)) }
            guard pair.count == 2 else { throw damaged(String(part)) }
            let name = pair[0].uppercased()
            if name == "FREQ" {
                guard let value = Frequency(rawValue: pair[1].uppercased()) else {
                    throw damaged(String(part))
                }
                frequency = value
                hasFrequency = true
            } else {
                try take(name, pair[1].uppercased(), zone: zone)
            }
        }
        guard hasFrequency else {
            throw CalendarError("an RRULE without FREQ", line: line)
        }
        try check()
    }

    private mutating func take(
        _ name: String, _ value: String, zone: Zone
    ) throws(CalendarError) {
        switch name {
        case "INTERVAL": interval = Int64(try numbers(value, 1...10_000, negative: false)[0])
        case "COUNT": count = try numbers(value, 1...1_000_000, negative: false)[0]
        case "UNTIL":
            guard let time = ICSTime(value, zone: zone) else { throw damaged("UNTIL=\(value)") }
            until = time
            // A date alone means the whole day.
            if value.utf8.count == 8 { until?.secondOfDay = 86_399 }
        case "BYMONTH": months = Set(try numbers(value, 1...12, negative: false))
        case "BYMONTHDAY": monthDays = Set(try numbers(value, 1...31, negative: true))
        case "BYYEARDAY": yearDays = Set(try numbers(value, 1...366, negative: true))
        case "BYSETPOS": positions = Set(try numbers(value, 1...366, negative: true))
        case "BYDAY":
            for word in value.split(separator: ",") {
                weekdays.append(try weekday(trimmed(String(word))))
            }
        case "WKST": weekStart = try weekday(value).weekday
        default: throw damaged("\(name)=\(value)")
        }
    }

    private func check() throws(CalendarError) {
        let hasOrdinal = weekdays.contains { $0.ordinal != nil }
        if hasOrdinal, frequency == .daily || frequency == .weekly {
            throw CalendarError("BYDAY with a number needs MONTHLY or YEARLY", line: line)
        }
        if !positions.isEmpty, frequency == .daily || frequency == .weekly {
            throw CalendarError("BYSETPOS needs MONTHLY or YEARLY here", line: line)
        }
    }

    private func damaged(_ part: String) -> CalendarError {
        CalendarError("“\(part.prefix(40))” of this RRULE isn't supported", line: line)
    }

    private func numbers(
        _ value: String, _ range: ClosedRange<Int>, negative: Bool
    ) throws(CalendarError) -> [Int] {
        var found: [Int] = []
        for word in value.split(separator: ",") {
            // All ranges begin with 1, and negative numbers count from the end.
            guard let number = Int(trimmed(String(word))), number >= 1 || negative,
                number != 0, (-range.upperBound...range.upperBound).contains(number)
            else { throw damaged(value) }
            found.append(number)
        }
        guard !found.isEmpty else { throw damaged(value) }
        return found
    }

    /// Parses `MO`, `4TH`, `-1MO`.
    private func weekday(_ text: String) throws(CalendarError) -> (ordinal: Int?, weekday: Int) {
        let names = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"]
        guard let weekday = names.firstIndex(of: String(text.suffix(2))) else {
            throw damaged(text)
        }
        let prefix = text.dropLast(2)
        if prefix.isEmpty { return (nil, weekday) }
        guard let ordinal = Int(prefix), ordinal != 0, (-53...53).contains(ordinal) else {
            throw damaged(text)
        }
        return (ordinal, weekday)
    }

    /// The days of the rule from its start on, which itself always counts.
    func days(from start: ICSTime) throws(CalendarError) -> [Int64] {
        let first = CivilDate(dayNumber: start.day)
        let horizon = CivilDate(year: max(ICS.horizonYear, first.year), month: 12, day: 31)
        var days = [start.day]
        var period: [Int64] = []
        var periodName = first
        for day in start.day...horizon.dayNumber {
            let date = CivilDate(dayNumber: day)
            if let until, (day, start.secondOfDay) > (until.day, until.secondOfDay) { break }
            if let count, days.count >= count { break }
            guard isInPeriod(date, day: day, start: start.day), matches(date, start: first) else {
                continue
            }
            guard !positions.isEmpty else {
                if day != start.day { days.append(day) }
                continue
            }
            let isSame =
                date.year == periodName.year
                && (frequency == .yearly || date.month == periodName.month)
            if !isSame {
                period = []
                periodName = date
            }
            // Positions are counted in the whole period, of which the start may have cut a part.
            if period.isEmpty { period = wholePeriod(around: date, start: first) }
            if isChosen(day, of: period), day != start.day { days.append(day) }
        }
        return days
    }

    /// All matching days of the month or year that holds a date.
    private func wholePeriod(around date: CivilDate, start: CivilDate) -> [Int64] {
        let months = frequency == .yearly ? 1...12 : date.month...date.month
        let first = CivilDate(year: date.year, month: months.lowerBound, day: 1).dayNumber
        let length = CivilDate.length(ofMonth: months.upperBound, year: date.year)
        let last = CivilDate(year: date.year, month: months.upperBound, day: length).dayNumber
        return (first...last).filter { matches(CivilDate(dayNumber: $0), start: start) }
    }

    private func isChosen(_ day: Int64, of period: [Int64]) -> Bool {
        guard let index = period.firstIndex(of: day) else { return false }
        return positions.contains(index + 1) || positions.contains(index - period.count)
    }

    /// Whether the interval's step falls on the day's year, month, week or day.
    private func isInPeriod(_ date: CivilDate, day: Int64, start: Int64) -> Bool {
        if interval == 1 { return true }
        let first = CivilDate(dayNumber: start)
        switch frequency {
        case .daily: return (day - start) % interval == 0
        case .weekly:
            let week = { (day: Int64) in floorDivide(day + 4 - Int64(weekStart), 7) }
            return (week(day) - week(start)) % interval == 0
        case .monthly:
            return Int64((date.year - first.year) * 12 + date.month - first.month) % interval == 0
        case .yearly: return Int64(date.year - first.year) % interval == 0
        }
    }

    /// Whether the parts of the rule, or the start's where they are absent, allow the date.
    private func matches(_ date: CivilDate, start: CivilDate) -> Bool {
        let length = CivilDate.length(ofMonth: date.month, year: date.year)
        if !months.isEmpty, !months.contains(date.month) { return false }
        if !monthDays.isEmpty, !monthDays.contains(date.day),
            !monthDays.contains(date.day - length - 1)
        {
            return false
        }
        if !yearDays.isEmpty {
            let day = date.dayOfYear
            let total = CivilDate.isLeap(date.year) ? 366 : 365
            if !yearDays.contains(day), !yearDays.contains(day - total - 1) { return false }
        }
        if !weekdays.isEmpty { return weekdays.contains { matches(date, $0.ordinal, $0.weekday) } }
        guard monthDays.isEmpty, yearDays.isEmpty else { return true }
        switch frequency {
        case .daily: return true
        case .weekly: return date.weekday == start.weekday
        case .monthly: return date.day == start.day
        case .yearly: return date.day == start.day && (!months.isEmpty || date.month == start.month)
        }
    }

    /// Whether the date is the weekday, and its nth of the month or year where a number stands.
    private func matches(_ date: CivilDate, _ ordinal: Int?, _ weekday: Int) -> Bool {
        guard date.weekday == weekday else { return false }
        guard let ordinal else { return true }
        let isInMonth = frequency == .monthly || !months.isEmpty
        let position = isInMonth ? date.day : date.dayOfYear
        let length =
            isInMonth
            ? CivilDate.length(ofMonth: date.month, year: date.year)
            : CivilDate.isLeap(date.year) ? 366 : 365
        return ordinal > 0
            ? (position - 1) / 7 + 1 == ordinal : -((length - position) / 7 + 1) == ordinal
    }
}

extension CivilDate {
    /// The day of the year, 1...366.
    var dayOfYear: Int {
        Int(dayNumber - CivilDate(year: year, month: 1, day: 1).dayNumber) + 1
    }
}
