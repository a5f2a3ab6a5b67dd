/// What makes a schedule's slots: a rule, its zone, its DST policy and its calendar.
package struct FiringRule: Sendable {
    /// The kinds of rules.
    package enum Kind: Sendable, Equatable {
        /// A cron expression.
        case cron(CronRule)
        /// Elapsed time, aligned to the Unix epoch.
        case every(milliseconds: Int64)
        /// The nth business day of a month.
        case businessDay(BusinessDayRule)
        /// Listed dates.
        case dates(DateListRule)
        /// Once when the daemon starts; enumerates nothing.
        case reboot
    }

    /// The rule.
    package let kind: Kind
    /// The zone whose wall clock the rule means.
    package let zone: Zone
    /// What happens around changes of the zone's offset.
    package let dst: DSTPolicy
    /// Which days are business days; nil: all days are alike.
    package let calendar: BusinessCalendar?
    /// What becomes of slots on days without business; counts only with a calendar.
    package let onHoliday: OnHoliday

    /// Makes a rule.
    ///
    /// - Parameters:
    ///   - kind: the rule.
    ///   - zone: the zone whose wall clock the rule means.
    ///   - dst: what happens around changes of the zone's offset.
    ///   - calendar: which days are business days; nil: for business-day rules Monday to Friday.
    ///   - onHoliday: what becomes of slots on days without business. Rules of elapsed time can't
    ///     be moved: for them the rolls mean `skip`.
    package init(
        kind: Kind, zone: Zone, dst: DSTPolicy = .cron, calendar: BusinessCalendar? = nil,
        onHoliday: OnHoliday = .skip
    ) {
        self.kind = kind
        self.zone = zone
        self.dst = dst
        self.calendar = calendar
        self.onHoliday = onHoliday
    }

    /// Whether the rule is `@reboot`.
    package var isReboot: Bool { kind == .reboot }

    /// Whether no instant can ever be due, proven without a search.
    package var isNever: Bool {
        switch kind {
        case .cron(let rule): rule.isNever
        case .every(let milliseconds): milliseconds <= 0
        case .dates(let list): list.days.isEmpty
        case .businessDay, .reboot: false
        }
    }

    /// The first occurrence strictly after an instant; nil: proven never again.
    package func next(after instant: Instant) -> Occurrence? {
        switch kind {
        case .cron(let rule):
            let firing = rule.firing(
                afterSeconds: instant.seconds, in: zone.table, dst.behaviour(isWild: rule.isWild))
            return firing.map {
                Occurrence(
                    at: Instant(seconds: $0.seconds),
                    utcOffsetSeconds: zone.offsetSeconds(at: Instant(seconds: $0.seconds)))
            }
        case .every(let step):
            guard step > 0 else { return nil }
            let (at, overflow) = (floorDivide(instant.milliseconds, step) + 1)
                .multipliedReportingOverflow(by: step)
            return overflow
                ? nil
                : Occurrence(
                    at: Instant(milliseconds: at), utcOffsetSeconds: zone.offsetSeconds(at: instant)
                )
        default: return nil
        }
    }

    /// The last occurrence at or before an instant; nil if there was none.
    package func previous(atOrBefore instant: Instant) -> Occurrence? {
        switch kind {
        case .cron(let rule):
            let firing = rule.firing(
                atOrBeforeSeconds: instant.seconds, in: zone.table,
                dst.behaviour(isWild: rule.isWild))
            return firing.map {
                Occurrence(
                    at: Instant(seconds: $0.seconds),
                    utcOffsetSeconds: zone.offsetSeconds(at: Instant(seconds: $0.seconds)))
            }
        case .every(let step):
            guard step > 0 else { return nil }
            return Occurrence(
                at: Instant(milliseconds: floorDivide(instant.milliseconds, step) * step),
                utcOffsetSeconds: zone.offsetSeconds(at: instant))
        default: return nil
        }
    }

    /// The occurrences after an instant, one by one.
    package func occurrences(after instant: Instant) -> some Sequence<Occurrence> {
        sequence(state: instant) { last in
            guard let next = next(after: last) else { return nil }
            last = next.at
            return next
        }
    }

    /// A text that stays the same as long as the same instants are due.
    package var fingerprint: String { "\(kind) \(zone.name) \(zone.contentHash)" }

    /// No two neighbouring slots are closer; nil where there is at most one.
    package var shortestGapMilliseconds: Int64? {
        if case .every(let step) = kind { return step }
        return 60_000
    }
}
