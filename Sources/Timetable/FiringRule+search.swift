extension FiringRule {
    /// The first occurrence strictly after an instant; nil: proven never again.
    ///
    /// Rules with a calendar, business days and dates end with the year 2400.
    package func next(after instant: Instant) -> Occurrence? {
        found(after: instant).map(judged)
    }

    /// The last occurrence at or before an instant; nil if there was none.
    ///
    /// Rules with a calendar, business days and dates begin with the year 1900.
    package func previous(atOrBefore instant: Instant) -> Occurrence? {
        found(atOrBefore: instant).map(judged)
    }

    /// The occurrence with what windows make of it, if nothing else is decided yet.
    private func judged(_ occurrence: Occurrence) -> Occurrence {
        guard !windows.isEmpty, occurrence.decision == .run else { return occurrence }
        let verdict = windows.verdict(at: occurrence.at)
        guard let words = verdict.words(in: zone) else { return occurrence }
        var judged = occurrence
        judged.window = verdict
        if case .skipped = verdict {
            judged.decision = .skipped(reason: words)
            judged.note = words
        } else {
            judged.note = [occurrence.note, words].compactMap(\.self).joined(separator: "; ")
        }
        return judged
    }

    private func found(after instant: Instant) -> Occurrence? {
        if case .several(let parts) = kind {
            return joined(parts, isFirst: true) { $0.next(after: instant) }
        }
        if case .every(let step) = kind {
            return every(step, number: floorDivide(instant.milliseconds, max(step, 1)) + 1)
        }
        return firing(.after(instant.seconds)).flatMap(occurrence)
    }

    private func found(atOrBefore instant: Instant) -> Occurrence? {
        if case .several(let parts) = kind {
            return joined(parts, isFirst: false) { $0.previous(atOrBefore: instant) }
        }
        if case .every(let step) = kind {
            return every(step, number: floorDivide(instant.milliseconds, max(step, 1)))
        }
        return firing(.atOrBefore(instant.seconds)).flatMap(occurrence)
    }

    /// Where to search from.
    enum Bound {
        case after(Int64)
        case atOrBefore(Int64)
    }

    /// 1899-12-01 and 2401-02-01: around every date that calendars and lists may hold.
    private static let datedBounds: ClosedRange<Int64> = -2_211_667_200...13_603_766_400

    /// The firing that a search finds, before it is told in words.
    func firing(_ bound: Bound) -> Firing? {
        if isNever { return nil }
        switch kind {
        case .every, .reboot, .several:
            return nil
        case .cron(let rule):
            let behaviour = dst.behaviour(isWild: rule.isWild)
            if let calendar {
                return dated(moved(rule, calendar), rule.times, bound, behaviour)
            }
            switch bound {
            case .after(let seconds):
                return rule.firing(afterSeconds: seconds, in: zone.table, behaviour)
            case .atOrBefore(let seconds):
                return rule.firing(atOrBeforeSeconds: seconds, in: zone.table, behaviour)
            }
        case .businessDay(let rule):
            let days = BusinessDays(rule: rule, calendar: calendar ?? .weekdays)
            let times = TimesOfDay(secondOfDay: rule.secondOfDay)
            return dated(days, times, bound, dst.behaviour(isWild: false))
        case .dates(let list):
            let times = TimesOfDay(secondOfDay: list.secondOfDay)
            let behaviour = dst.behaviour(isWild: false)
            guard let calendar else { return dated(list, times, bound, behaviour) }
            return dated(moved(list, calendar), times, bound, behaviour)
        }
    }

    private func moved<Source: DaySource>(
        _ source: Source, _ calendar: BusinessCalendar
    ) -> HolidayDays<Source> {
        HolidayDays(source: source, calendar: calendar, onHoliday: onHoliday)
    }

    /// Searches days whose dates mean themselves: none is mapped by 400-year cycles.
    private func dated(
        _ days: some DaySource, _ times: TimesOfDay, _ bound: Bound, _ behaviour: DSTBehaviour
    ) -> Firing? {
        let walk = ZoneWalk(table: zone.table, behaviour: behaviour)
        let pattern = DayTimes(days: days, times: times)
        let bounds = FiringRule.datedBounds
        switch bound {
        case .after(let seconds):
            guard seconds < bounds.upperBound else { return nil }
            let found = walk.next(pattern, after: max(seconds, bounds.lowerBound))
            return found.flatMap { $0.seconds < bounds.upperBound ? $0 : nil }
        case .atOrBefore(let seconds):
            guard seconds > bounds.lowerBound else { return nil }
            let found = walk.previous(pattern, atOrBefore: min(seconds, bounds.upperBound))
            return found.flatMap { $0.seconds > bounds.lowerBound ? $0 : nil }
        }
    }

    /// What the calendar makes of the day of a firing; nil where no calendar counts.
    private func status(ofDay day: Int64) -> HolidayStatus? {
        guard let calendar else { return nil }
        switch kind {
        case .cron(let rule): return moved(rule, calendar).status(of: day)
        case .dates(let list): return moved(list, calendar).status(of: day)
        case .businessDay, .every, .reboot, .several: return nil
        }
    }

    private func occurrence(of firing: Firing) -> Occurrence? {
        // Beyond the last instant that milliseconds can say there is nothing to fire.
        guard firing.seconds.magnitude < UInt64(Int64.max / 1000) else { return nil }
        let at = Instant(seconds: firing.seconds)
        let offset = zone.offsetSeconds(at: at)
        let shift = shiftNote(firing, offset: offset)
        let day = floorDivide(firing.local, 86_400)
        guard let calendar, let status = status(ofDay: day) else {
            return Occurrence(at: at, utcOffsetSeconds: offset, note: shift)
        }
        let (decision, note) = words(for: status, day: day, calendar: calendar)
        let notes = [note, shift].compactMap(\.self)
        return Occurrence(
            at: at, utcOffsetSeconds: offset, decision: decision,
            note: notes.isEmpty ? nil : notes.joined(separator: "; "))
    }

    /// The nth instant of a rule of elapsed time.
    private func every(_ step: Int64, number: Int64) -> Occurrence? {
        let (milliseconds, overflow) = number.multipliedReportingOverflow(by: step)
        guard step > 0, !overflow else { return nil }
        let at = Instant(milliseconds: milliseconds)
        let offset = zone.offsetSeconds(at: at)
        let day = floorDivide(at.seconds + Int64(offset), 86_400)
        guard let calendar, let reason = calendar.reason(for: day) else {
            return Occurrence(at: at, utcOffsetSeconds: offset)
        }
        let holiday = "\(reason) in calendar \(calendar.name)"
        guard onHoliday != .run else {
            return Occurrence(at: at, utcOffsetSeconds: offset, note: holiday)
        }
        return Occurrence(
            at: at, utcOffsetSeconds: offset, decision: .skipped(reason: holiday), note: holiday)
    }
}
