package import Timetable

/// Where a slot stands in its windows (docs/protocol.md, rule 8).
package enum Lateness: Sendable, Equatable {
    /// It may go as an ordinary start until the instant.
    case onTime(until: Instant)
    /// It follows `missed` until the instant.
    case late(until: Instant)
    /// Both windows are over.
    case over

    /// Judges a slot.
    ///
    /// - Parameters:
    ///   - windowFrom: due_at, or when the blocking run closed.
    ///   - wasMarkedLate: it was found together with a newer one, so it can't be on time.
    ///   - startWithinMilliseconds: on time until then.
    ///   - missedWindowMilliseconds: late until then.
    ///   - now: the turn's instant.
    /// - Returns: on time or late and until when, or over.
    package static func judge(
        windowFrom: Instant, wasMarkedLate: Bool, startWithinMilliseconds: Int64,
        missedWindowMilliseconds: Int64, now: Instant
    ) -> Lateness {
        let onTimeUntil = windowFrom.adding(milliseconds: startWithinMilliseconds)
        let lateUntil = windowFrom.adding(
            milliseconds: max(startWithinMilliseconds, missedWindowMilliseconds))
        if now <= onTimeUntil && !wasMarkedLate { return .onTime(until: onTimeUntil) }
        return now <= lateUntil ? .late(until: lateUntil) : .over
    }
}
