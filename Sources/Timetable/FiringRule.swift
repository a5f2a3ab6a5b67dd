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
        /// The instants of all of them, each once; none of them is `reboot` or itself several.
        case several([Part])
    }

    /// One of several rules.
    package struct Part: Sendable, Equatable {
        /// What it is.
        package let kind: Kind
        /// What people call it: the expression, or `3rd business day at 05:30`.
        package let text: String

        /// Makes one of a kind and its words for people.
        package init(kind: Kind, text: String) {
            self.kind = kind
            self.text = text
        }
    }

    /// In which of its forms the rule is written.
    package let kind: Kind
    /// The zone whose wall clock the rule means.
    package let zone: Zone
    /// What happens around changes of the zone's offset.
    package let dst: DSTPolicy
    /// Which days are business days; nil: all days are alike.
    package let calendar: BusinessCalendar?
    /// What becomes of slots on days without business; counts only with a calendar.
    package let onHoliday: OnHoliday
    /// Times in which slots don't start as usual.
    package var windows: [Window] = []

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
        case .businessDay(let rule):
            !rule.isPossible(weekend: (calendar ?? .weekdays).weekend)
        case .reboot: false
        case .several(let parts): parts.allSatisfy { rule(of: $0).isNever }
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

    /// The occurrences at or before an instant, the latest first.
    package func occurrences(backFrom instant: Instant) -> some Sequence<Occurrence> {
        sequence(state: instant) { last in
            guard let found = previous(atOrBefore: last) else { return nil }
            last = found.at.adding(milliseconds: -1)
            return found
        }
    }
}
