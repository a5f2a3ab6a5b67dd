/// What the calendar makes of a day of a rule.
enum HolidayStatus: Equatable {
    /// A business day of the rule.
    case run
    /// A day without business that runs all the same.
    case runsOnHoliday
    /// A day without business.
    case skipped
    /// A business day that stands for one without business.
    case moved(from: Int64)
    /// A day without business whose slots fall together with those of a business day; `owner`
    /// is the day whose slots run there.
    case coalesced(into: Int64, owner: Int64)
}

/// The days of a rule after the calendar's word: who runs, who moves where, who is skipped.
///
/// A day that isn't a business day moves as a whole, with all its times of day. Where several days
/// move onto one, or onto one that has slots itself, only one of them runs there: the day's own
/// slots, else the nearest moved day. The others keep their place in the ledger, as coalesced.
struct HolidayDays<Source: DaySource>: DaySource {
    let source: Source
    let calendar: BusinessCalendar
    let onHoliday: OnHoliday

    func nextDay(from day: Int64) -> Int64? {
        var match = source.nextDay(from: onHoliday == .nextBusinessDay ? stretch(before: day) : day)
        // Results ascend with their matches, so the first one that isn't too early is the answer.
        while let candidate = match {
            let result = place(of: candidate)
            if result >= day { return result }
            match = source.nextDay(from: candidate + 1)
        }
        return nil
    }

    func previousDay(through day: Int64) -> Int64? {
        let isEarlier = onHoliday == .previousBusinessDay
        var match = source.previousDay(through: isEarlier ? stretch(after: day) : day)
        while let candidate = match {
            let result = place(of: candidate)
            if result <= day { return result }
            match = source.previousDay(through: candidate - 1)
        }
        return nil
    }

    /// What a day of the result is; the day must be one.
    func status(of day: Int64) -> HolidayStatus {
        if calendar.isBusinessDay(day) {
            if source.nextDay(from: day) == day { return .run }
            return .moved(from: owner(of: day) ?? day)
        }
        switch onHoliday {
        case .skip: return .skipped
        case .run: return .runsOnHoliday
        case .nextBusinessDay, .previousBusinessDay:
            let target = target(of: day)
            let isOwn = source.nextDay(from: target) == target
            return .coalesced(into: target, owner: isOwn ? target : owner(of: target) ?? target)
        }
    }

    /// Where the slots of a matching day are: on the day itself, or where it moves to.
    private func place(of match: Int64) -> Int64 {
        guard onHoliday == .nextBusinessDay || onHoliday == .previousBusinessDay,
            !calendar.isBusinessDay(match)
        else { return match }
        let target = target(of: match)
        let isTaken = source.nextDay(from: target) == target || owner(of: target) != match
        return isTaken ? match : target
    }

    /// The business day that a day without business moves to.
    private func target(of day: Int64) -> Int64 {
        onHoliday == .nextBusinessDay
            ? calendar.nextBusinessDay(from: day) : calendar.previousBusinessDay(through: day)
    }

    /// The nearest matching day that moves to a business day.
    private func owner(of target: Int64) -> Int64? {
        if onHoliday == .nextBusinessDay {
            let match = source.previousDay(through: target - 1)
            return match.flatMap { $0 >= stretch(before: target) ? $0 : nil }
        }
        let match = source.nextDay(from: target + 1)
        return match.flatMap { $0 <= stretch(after: target) ? $0 : nil }
    }

    /// The first of the days without business right before a day; the day itself if there is none.
    private func stretch(before day: Int64) -> Int64 {
        calendar.previousBusinessDay(through: day - 1) + 1
    }

    /// The last of the days without business right after a day; the day itself if there is none.
    private func stretch(after day: Int64) -> Int64 {
        calendar.nextBusinessDay(from: day + 1) - 1
    }
}
