extension CronRule: LocalPattern, DaySource {
    /// Months after which a search ends: the longest gap is 40 years, 12 × 41 months
    /// (docs/cron.md#the-search); of rules with a year field all their months are tried.
    private var longestSearch: Int { years == nil ? 492 : 12 * 231 }

    /// The first matching wall time at or after `local`, in seconds on the wall clock.
    @inline(__always)
    func nextLocal(from local: Int64) -> Int64? {
        let day = dayNumber(ofLocal: local)
        let date = CivilDate(dayNumber: day)
        if months & (1 &<< UInt32(truncatingIfNeeded: date.month)) != 0, matchesYear(date.year) {
            let monthStart = day &- Int64(date.day) &+ 1
            let mask = dayMask(monthStart: monthStart, of: date.month, year: date.year)
            // Bits of this day and later ones, this day at bit 0.
            let rest = mask &>> UInt32(truncatingIfNeeded: date.day)
            if rest & 1 != 0,
                let time = times.next(from: Int(truncatingIfNeeded: local &- day &* 86_400))
            {
                return day &* 86_400 &+ Int64(time)
            }
            let later = rest & ~1
            if later != 0 {
                return (day &+ Int64(later.trailingZeroBitCount)) &* 86_400
                    &+ Int64(times.first)
            }
        }
        guard let later = nextDay(afterMonth: date.month, year: date.year) else { return nil }
        return later &* 86_400 &+ Int64(times.first)
    }

    /// The last matching wall time at or before `local`.
    @inline(__always)
    func previousLocal(through local: Int64) -> Int64? {
        let day = dayNumber(ofLocal: local)
        let date = CivilDate(dayNumber: day)
        if months & (1 &<< UInt32(truncatingIfNeeded: date.month)) != 0, matchesYear(date.year) {
            let monthStart = day &- Int64(date.day) &+ 1
            let mask = dayMask(monthStart: monthStart, of: date.month, year: date.year)
            // Bits of this day and earlier ones, this day at bit 31.
            let rest = mask &<< UInt32(truncatingIfNeeded: 31 &- date.day)
            if rest & 0x8000_0000 != 0,
                let time = times.previous(through: Int(truncatingIfNeeded: local &- day &* 86_400))
            {
                return day &* 86_400 &+ Int64(time)
            }
            let earlier = rest & 0x7FFF_FFFF
            if earlier != 0 {
                return (day &- Int64(earlier.leadingZeroBitCount)) &* 86_400
                    &+ Int64(times.last)
            }
        }
        guard let earlier = previousDay(beforeMonth: date.month, year: date.year) else {
            return nil
        }
        return earlier &* 86_400 &+ Int64(times.last)
    }

    func nextDay(from day: Int64) -> Int64? {
        let date = CivilDate(dayNumber: day)
        if months & (1 << UInt32(date.month)) != 0, matchesYear(date.year) {
            let monthStart = day - Int64(date.day) + 1
            let mask = dayMask(monthStart: monthStart, of: date.month, year: date.year)
            let rest = mask >> UInt32(date.day)
            if rest != 0 { return day + Int64(rest.trailingZeroBitCount) }
        }
        return nextDay(afterMonth: date.month, year: date.year)
    }

    func previousDay(through day: Int64) -> Int64? {
        let date = CivilDate(dayNumber: day)
        if months & (1 << UInt32(date.month)) != 0, matchesYear(date.year) {
            let monthStart = day - Int64(date.day) + 1
            let mask = dayMask(monthStart: monthStart, of: date.month, year: date.year)
            let rest = mask << UInt32(31 - date.day)
            if rest != 0 { return day - Int64(rest.leadingZeroBitCount) }
        }
        return previousDay(beforeMonth: date.month, year: date.year)
    }

    @inline(__always)
    private func matchesYear(_ year: Int) -> Bool {
        guard let years else { return true }
        return years.contains(year)
    }

    @inline(__always)
    private func dayMask(monthStart: Int64, of month: Int, year: Int) -> UInt32 {
        dayMask(
            firstWeekday: CivilDate.weekday(ofDayNumber: monthStart),
            length: CivilDate.length(ofMonth: month, year: year))
    }

    @inline(__always)
    private func dayMask(firstWeekday: Int, length: Int) -> UInt32 {
        if days.hasSpecials { return specialMask(firstWeekday: firstWeekday, length: length) }
        return days.plainMask(firstWeekday: firstWeekday, length: length)
    }

    /// Apart, so that the ordinary path copies nothing.
    @inline(never)
    private func specialMask(firstWeekday: Int, length: Int) -> UInt32 {
        days.mask(firstWeekday: firstWeekday, length: length)
    }

    /// The first matching day in the months after the given one.
    @inline(never)
    private func nextDay(afterMonth month: Int, year: Int) -> Int64? {
        if isNever { return nil }
        var month = month
        var year = year
        for _ in 0..<longestSearch {
            let rest = (months &>> UInt32(truncatingIfNeeded: month)) &>> 1
            if rest != 0 {
                month &+= 1 &+ rest.trailingZeroBitCount
            } else {
                month = months.trailingZeroBitCount
                year &+= 1
            }
            if let years, !years.contains(year) {
                guard let allowed = years.first(from: year) else { return nil }
                year = allowed
                month = months.trailingZeroBitCount
            }
            let length = CivilDate.length(ofMonth: month, year: year)
            let weekday = CivilDate.firstWeekday(ofMonth: month, year: year)
            guard days.matchesShape(firstWeekday: weekday, length: length) else { continue }
            let start = CivilDate(year: year, month: month, day: 1).dayNumber
            let mask = dayMask(firstWeekday: weekday, length: length)
            return start &+ Int64(mask.trailingZeroBitCount) &- 1
        }
        return nil
    }

    /// The last matching day in the months before the given one.
    @inline(never)
    private func previousDay(beforeMonth month: Int, year: Int) -> Int64? {
        if isNever { return nil }
        var month = month
        var year = year
        for _ in 0..<longestSearch {
            let rest = (months &<< UInt32(truncatingIfNeeded: 31 &- month)) &<< 1
            if rest != 0 {
                month &-= 1 &+ rest.leadingZeroBitCount
            } else {
                month = 31 &- months.leadingZeroBitCount
                year &-= 1
            }
            if let years, !years.contains(year) {
                guard let allowed = years.last(through: year) else { return nil }
                year = allowed
                month = 31 &- months.leadingZeroBitCount
            }
            let length = CivilDate.length(ofMonth: month, year: year)
            let weekday = CivilDate.firstWeekday(ofMonth: month, year: year)
            guard days.matchesShape(firstWeekday: weekday, length: length) else { continue }
            let start = CivilDate(year: year, month: month, day: 1).dayNumber
            let mask = dayMask(firstWeekday: weekday, length: length)
            return start &+ 30 &- Int64(mask.leadingZeroBitCount)
        }
        return nil
    }
}
