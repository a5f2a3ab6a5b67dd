extension CronExpression {
    /// The expression in one plain English sentence.
    package var sentence: String {
        switch trigger {
        case .reboot: return "Once, when the daemon starts."
        case .every(let milliseconds):
            return
                "Every \(English.elapsed(milliseconds)) of elapsed time, whatever the clocks show."
        case .cron(let rule):
            let time = timePhrase(rule)
            let day = [dayPhrase(rule), monthPhrase, yearPhrase].compactMap(\.self)
            return time.capitalizedFirst + ", " + day.joined(separator: ", ") + "."
        }
    }

    /// Which day rule applies, where both day fields have a say; nil where only one has.
    package var dayRule: String? {
        guard case .cron = trigger, let days = field(.dayOfMonth), let weekdays = field(.weekday),
            !days.isUnrestricted, !weekdays.isUnrestricted
        else { return nil }
        if weekdays.needsBoth { return "A day must match both day fields (‘+’)." }
        let star = days.isStar ? days : weekdays.isStar ? weekdays : nil
        guard let star else {
            return "A day counts if either day field matches it, as cron always had it; "
                + "write ‘+’ before the weekday for both."
        }
        return "A day must match both day fields, since the \(star.kind.name) begins with ‘*’ "
            + "(Debian's rule)."
    }

    private func field(_ kind: CronFieldKind) -> CronField? {
        fields.first { $0.kind == kind }
    }

    private var hashNote: String { " (chosen by the schedule's name)" }

    private func timePhrase(_ rule: CronRule) -> String {
        guard let second = field(.second), let minute = field(.minute), let hour = field(.hour)
        else { return "" }
        let times = rule.times
        let combinations =
            times.hours.nonzeroBitCount * times.minutes.nonzeroBitCount
            * times.seconds.nonzeroBitCount
        if combinations <= 6, !hour.isUnrestricted {
            let hash = [second, minute, hour].contains { $0.isHashed } ? hashNote : ""
            return "at " + English.list(rule.times.all.map(timeOfDayText)) + hash
        }
        let isWholeMinute = second.items == CronField.zeroSecond.items
        if minute.isUnrestricted, hour.isUnrestricted, !isWholeMinute {
            let isSpelt = second.period == nil
            return unitPhrase(second, "second") + (isSpelt ? " of every minute" : "")
        }
        var phrase = isWholeMinute ? "" : unitPhrase(second, "second") + " of "
        phrase += unitPhrase(minute, "minute", isTail: !isWholeMinute)
        if hour.isUnrestricted {
            let isSpelt = minute.items.count > 1 || minute.period == nil
            return isSpelt ? phrase + " of every hour" : phrase
        }
        if times.minutes == 1, let period = hour.period, isWholeMinute {
            return period == 1 ? "every hour" : "every \(period) hours from midnight"
        }
        return phrase + (minute.period == nil ? " of " : " in ")
            + unitPhrase(hour, "hour", isTail: true)
    }

    /// `every 15 minutes`, `minute 5`, `minutes 0 and 30`, `every minute`.
    private func unitPhrase(_ field: CronField, _ unit: String, isTail: Bool = false) -> String {
        if let period = field.period {
            if period == 1 { return "every \(unit)" }
            return isTail
                ? "every \(English.ordinal(period)) \(unit)"
                : "every \(English.count(period, unit))"
        }
        let values = field.items.map { item in spanPhrase(item, field.kind) { String($0) } }
        let isOne = field.mask.nonzeroBitCount == 1
        let hash = field.isHashed ? hashNote : ""
        return (isTail ? "" : "at ") + unit + (isOne ? " " : "s ") + English.list(values) + hash
    }

    /// The days, `every day` or `on day 13 of the month, or on any Friday`.
    private func dayPhrase(_ rule: CronRule) -> String? {
        guard let days = field(.dayOfMonth), let weekdays = field(.weekday) else { return nil }
        switch (days.isUnrestricted, weekdays.isUnrestricted) {
        case (true, true): return "every day"
        case (false, true): return "on " + monthDayPhrase(days)
        case (true, false):
            // An unrestricted day that isn't a star (1-31) swallows the weekday under OR.
            return rule.days.needsBoth ? weekdayPhrase(weekdays) : "every day"
        case (false, false):
            return rule.days.needsBoth
                ? "on " + monthDayPhrase(days) + ", but only " + weekdayPhrase(weekdays)
                : "on " + monthDayPhrase(days) + " and also " + weekdayPhrase(weekdays)
        }
    }

    private func monthDayPhrase(_ field: CronField) -> String {
        if case .all(let step) = field.items.first, field.items.count == 1 {
            return "every \(English.ordinal(step)) day of the month from the 1st"
        }
        let parts = field.items.map { item -> String in
            switch item {
            case .beforeLast(0): "the last day"
            case .beforeLast(let days): "the day \(English.count(days, "day")) before the last day"
            case .workdayBeforeLast(0): "the last workday"
            case .workdayBeforeLast(let days):
                "the workday nearest to \(English.count(days, "day")) before the last day"
            case .nearestWorkday(let day): "the workday nearest to the \(English.ordinal(day))"
            default: spanPhrase(item, .dayOfMonth) { "the " + English.ordinal($0) }
            }
        }
        let hash = field.isHashed ? hashNote : ""
        return English.list(parts) + " of the month" + hash
    }

    private func weekdayPhrase(_ field: CronField) -> String {
        var isPlain = true
        let parts = field.items.map { item -> String in
            switch item {
            case .nthWeekday(let day, let nth):
                isPlain = false
                return "the \(English.nth(nth)) \(English.weekday(day)) of the month"
            case .lastWeekday(let day):
                isPlain = false
                return "the last \(English.weekday(day)) of the month"
            case .all(let step) where step > 1:
                return English.list(item.values(of: .weekday).map(English.weekday))
            default:
                return spanPhrase(item, .weekday, English.weekday)
            }
        }
        // 0, 7 and SUN are one day, and people write lists that name it twice.
        let once = parts.indices.filter { !parts[..<$0].contains(parts[$0]) }.map { parts[$0] }
        return (isPlain && once.count == 1 && once[0].contains("through") ? "" : "on ")
            + English.list(once) + (field.isHashed ? hashNote : "")
    }

    private var monthPhrase: String? {
        guard let field = field(.month), !field.isUnrestricted else { return nil }
        let parts = field.items.map { item -> String in
            if case .all = item {
                return English.list(item.values(of: .month).map(English.month))
            }
            return spanPhrase(item, .month, English.month)
        }
        return "in " + English.list(parts)
    }

    private var yearPhrase: String? {
        guard let field = field(.year), !field.isUnrestricted else { return nil }
        return "in " + English.list(field.items.map { spanPhrase($0, .year) { String($0) } })
    }

    /// `5`, `5 through 10`, `every 2nd from 5 through 10`.
    private func spanPhrase(
        _ item: CronItem, _ kind: CronFieldKind, _ name: (Int) -> String
    ) -> String {
        switch item {
        case .all(let step) where step == 1: return "any"
        case .all(let step):
            let values = item.values(of: kind)
            if values.count <= 12 { return English.list(values.map(name)) }
            return "every \(English.ordinal(step)) from \(name(values[0]))"
        case .span(let from, let through, _) where from == through: return name(from)
        case .span(let from, let through, 1): return "\(name(from)) through \(name(through))"
        case .span(_, _, let step):
            let values = item.values(of: kind)
            if values.count <= 12 { return English.list(values.map(name)) }
            let last = values[values.count - 1]
            return "every \(English.ordinal(step)) from \(name(values[0])) through \(name(last))"
        default: return ""
        }
    }
}

extension CronField {
    /// Whether every value matches.
    var isUnrestricted: Bool {
        if kind == .year { return items == [.all(step: 1)] }
        let full = kind.fullRange.reduce(UInt64(0)) { $0 | 1 << UInt64($1) }
        return mask == full
    }

    /// The distance of the values where they are even all around the clock, such as 15 for `*/15`.
    var period: Int? {
        let size = kind.fullRange.count
        let values = kind.fullRange.filter { mask & (1 << UInt64($0)) != 0 }
        guard let first = values.first, first == 0, !isHashed, values.count > 1,
            size % values.count == 0
        else { return nil }
        let step = size / values.count
        return values == Array(stride(from: 0, to: size, by: step)) ? step : nil
    }
}

extension TimesOfDay {
    /// All times of the day in order; meant for few.
    var all: [Int] {
        var times: [Int] = []
        var time = next(from: 0)
        while let found = time {
            times.append(found)
            time = found < 86_399 ? next(from: found + 1) : nil
        }
        return times
    }
}

extension English {
    /// A span of time in the largest units that are whole, `1 day and 12 hours`.
    static func elapsed(_ milliseconds: Int64) -> String {
        var rest = milliseconds
        var parts: [String] = []
        for (unit, size) in [
            ("day", Int64(86_400_000)), ("hour", 3_600_000), ("minute", 60_000), ("second", 1000),
            ("millisecond", 1),
        ] where rest >= size {
            parts.append(count(Int(rest / size), unit))
            rest %= size
        }
        return parts.isEmpty ? "0 seconds" : list(parts)
    }
}
