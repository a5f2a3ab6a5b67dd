extension FiringRule {
    /// A text that stays the same as long as the same instants are due (docs/protocol.md, rule 10).
    ///
    /// Two spellings of one rule, such as names and numbers, have the same fingerprint.
    package var fingerprint: String {
        var parts: [String] = []
        switch kind {
        case .cron(let rule): parts.append("cron " + rule.fingerprint)
        case .every(let milliseconds): parts.append("every \(milliseconds)")
        case .businessDay(let rule):
            parts.append("business-day \(rule.index) \(rule.months) \(rule.secondOfDay)")
        case .dates(let list):
            let hash = list.days.reduce(fnv1a([])) { hash, day in
                fnv1a((0..<4).map { UInt8(truncatingIfNeeded: day >> (8 * $0)) }, from: hash)
            }
            parts.append("dates \(list.days.count) \(hex(hash)) \(list.secondOfDay)")
        case .reboot: parts.append("reboot")
        }
        parts.append("zone \(zone.name)")
        if dependsOnZone { parts.append("\(hex(zone.contentHash)) dst \(dst.fingerprint)") }
        if let calendar {
            parts.append("calendar \(hex(calendar.contentHash)) \(onHoliday.rawValue)")
        }
        return parts.joined(separator: "; ")
    }

    /// Whether another offset of the zone could move a slot, or change its day.
    private var dependsOnZone: Bool {
        switch kind {
        case .cron, .businessDay, .dates: true
        case .every: calendar != nil
        case .reboot: false
        }
    }

    /// No two neighbouring slots are closer than this; nil where there is at most one slot.
    ///
    /// The bound is exact for the wall clock, and takes the changes of the zone's offset from 1970
    /// on into account: a slot that runs right after a gap may be close to the next one.
    package var shortestGapMilliseconds: Int64? {
        let times: TimesOfDay
        switch kind {
        case .every(let step): return step > 0 ? step : nil
        case .reboot: return nil
        case .cron(let rule): times = rule.times
        case .businessDay(let rule): times = TimesOfDay(secondOfDay: rule.secondOfDay)
        case .dates(let list):
            if list.days.count < 2 { return nil }
            times = TimesOfDay(secondOfDay: list.secondOfDay)
        }
        if isNever { return nil }
        // From a day's last time to the first of the next day, if two such days exist at all.
        let overnight = 86_400 - Int(times.last - times.first)
        var shortest = Int64(min(times.shortestGap ?? overnight, overnight)) * 1000
        for segment in zone.table.segments.dropFirst() {
            guard segment.start > 0, segment.start < 4_102_444_800 else { continue }
            // Only the distances around the change can be shorter than on an ordinary day.
            var last = firing(.atOrBefore(segment.start - 1))?.seconds
            for _ in 0..<2 {
                guard let found = firing(.after(last ?? segment.start - 1))?.seconds else { break }
                if let last { shortest = min(shortest, (found - last) * 1000) }
                last = found
            }
        }
        return shortest
    }
}

extension CronRule {
    /// The masks as text.
    var fingerprint: String {
        let masks: [UInt64] = [
            times.seconds, times.minutes, UInt64(times.hours), UInt64(months),
            UInt64(days.daysOfMonth), UInt64(days.weekdays), days.nthWeekdays,
            UInt64(days.lastWeekdays), UInt64(days.beforeLast), UInt64(days.workdayBeforeLast),
            UInt64(days.nearestWorkday),
        ]
        let flags = (days.needsBoth ? "and" : "or") + (isWild ? " wild" : " fixed")
        let years = years.map { " years " + $0.fingerprint } ?? ""
        return masks.map { String($0, radix: 16) }.joined(separator: " ") + " " + flags + years
    }
}

extension YearSet {
    /// The set as text.
    var fingerprint: String {
        var words: [String] = []
        var year = first(from: 1970)
        while let candidate = year {
            words.append(String(candidate))
            year = first(from: candidate + 1)
        }
        return words.joined(separator: ",")
    }
}

/// The number in 16 hexadecimal digits.
func hex(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
}
