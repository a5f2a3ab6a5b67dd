/// The days that a cron expression means, as a function of a month's shape.
struct CronDays: Sendable, Equatable {
    /// Plain days of the month, bits 1...31.
    var daysOfMonth: UInt32 = 0
    /// Plain weekdays as bits, Sunday at bit 0.
    var weekdays: UInt8 = 0
    /// Whether both day fields must match (Debian: one of them begins with `*`; or `+`).
    var needsBoth = false
    /// `D#N`: bit 7 × (N − 1) + D.
    var nthWeekdays: UInt64 = 0
    /// `DL`: the last such weekday, bits 0...6.
    var lastWeekdays: UInt8 = 0
    /// `L-n`: n days before the last day, bit n.
    var beforeLast: UInt32 = 0
    /// `L-nW`: the workday nearest to that day, bit n.
    var workdayBeforeLast: UInt32 = 0
    /// `nW`: the workday nearest to day n, bit n.
    var nearestWorkday: UInt32 = 0
    /// The weekday bits repeated seven times, so that a shift lays them over a month.
    private var weekdayPattern: UInt64 = 0
    /// Whether any of the rare forms is used.
    private(set) var hasSpecials = false
    /// The shapes of months that have a matching day: bit (length − 28) × 7 + first weekday.
    private var shapes: UInt32 = 0

    /// Computes what follows from the other fields.
    mutating func seal() {
        weekdayPattern = UInt64(weekdays & 0x7F) &* 0x0000_0408_1020_4081
        hasSpecials =
            nthWeekdays != 0 || lastWeekdays != 0 || beforeLast != 0 || workdayBeforeLast != 0
            || nearestWorkday != 0
        for length in 28...31 {
            for weekday in 0..<7 where mask(firstWeekday: weekday, length: length) != 0 {
                shapes |= 1 << UInt32((length - 28) * 7 + weekday)
            }
        }
    }

    /// The matching days of a month as bits 1...31, where none of the rare forms is used.
    ///
    /// - Parameters:
    ///   - firstWeekday: the weekday of the month's first day, 0 for Sunday.
    ///   - length: the number of days of the month.
    /// - Returns: the days as bits.
    @inline(__always)
    func plainMask(firstWeekday: Int, length: Int) -> UInt32 {
        let shift = UInt64(truncatingIfNeeded: firstWeekday)
        let byWeekday = UInt32(truncatingIfNeeded: (weekdayPattern &>> shift) &<< 1)
        let inMonth = (UInt32(2) &<< UInt32(truncatingIfNeeded: length)) &- 2
        return (needsBoth ? daysOfMonth & byWeekday : daysOfMonth | byWeekday) & inMonth
    }

    /// The matching days of a month as bits 1...31.
    ///
    /// - Parameters:
    ///   - firstWeekday: the weekday of the month's first day, 0 for Sunday.
    ///   - length: the number of days of the month.
    /// - Returns: the days as bits.
    func mask(firstWeekday: Int, length: Int) -> UInt32 {
        guard hasSpecials else { return plainMask(firstWeekday: firstWeekday, length: length) }
        let shift = UInt64(truncatingIfNeeded: firstWeekday)
        let byWeekday =
            UInt32(truncatingIfNeeded: (weekdayPattern &>> shift) &<< 1)
            | specialWeekdays(firstWeekday: firstWeekday, length: length)
        let byDay = daysOfMonth | specialDays(firstWeekday: firstWeekday, length: length)
        let inMonth = (UInt32(2) &<< UInt32(truncatingIfNeeded: length)) &- 2
        return (needsBoth ? byDay & byWeekday : byDay | byWeekday) & inMonth
    }

    /// Whether a month of this shape has a matching day.
    @inline(__always)
    func matchesShape(firstWeekday: Int, length: Int) -> Bool {
        let bit = (length &- 28) &* 7 &+ firstWeekday
        return shapes & (1 &<< UInt32(truncatingIfNeeded: bit)) != 0
    }

    /// The days that `L`, `L-n`, `nW` and `L-nW` mean.
    private func specialDays(firstWeekday: Int, length: Int) -> UInt32 {
        var result: UInt32 = 0
        var rest = beforeLast
        while rest != 0 {
            let day = length - rest.trailingZeroBitCount
            if day >= 1 { result |= 1 << UInt32(day) }
            rest &= rest - 1
        }
        var workdays = nearestWorkday
        rest = workdayBeforeLast
        while rest != 0 {
            let day = length - rest.trailingZeroBitCount
            if day >= 1 { workdays |= 1 << UInt32(day) }
            rest &= rest - 1
        }
        while workdays != 0 {
            let day = workdays.trailingZeroBitCount
            if day <= length {
                let nearest = CronDays.workday(
                    nearestTo: day, firstWeekday: firstWeekday, length: length)
                result |= 1 << UInt32(nearest)
            }
            workdays &= workdays - 1
        }
        return result
    }

    /// The Monday-to-Friday day nearest to a day, without leaving the month.
    private static func workday(nearestTo day: Int, firstWeekday: Int, length: Int) -> Int {
        switch (firstWeekday + day - 1) % 7 {
        case 6: day == 1 ? 3 : day - 1
        case 0: day == length ? day - 2 : day + 1
        default: day
        }
    }

    /// The days that `D#N` and `DL` mean.
    private func specialWeekdays(firstWeekday: Int, length: Int) -> UInt32 {
        var result: UInt32 = 0
        var rest = nthWeekdays
        while rest != 0 {
            let bit = rest.trailingZeroBitCount
            let day = 1 + (bit % 7 - firstWeekday + 7) % 7 + 7 * (bit / 7)
            if day <= length { result |= 1 << UInt32(day) }
            rest &= rest - 1
        }
        var last = lastWeekdays
        while last != 0 {
            let weekday = last.trailingZeroBitCount
            let lastDayWeekday = (firstWeekday + length - 1) % 7
            result |= 1 << UInt32(length - (lastDayWeekday - weekday + 7) % 7)
            last &= last - 1
        }
        return result
    }
}
