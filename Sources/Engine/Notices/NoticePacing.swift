package import Store
package import Timetable

/// When messages go out: decided from instants only.
package enum NoticePacing {
    /// So long events of one cause are gathered: a storm is one message.
    package static let gatherMilliseconds: Int64 = 5_000
    /// So far apart are the messages to one target; what happens meanwhile is one message again.
    package static let gapMilliseconds: Int64 = 60_000
    /// So long a message gathers while an older one of its target is tried.
    package static let gatherBehindMilliseconds: Int64 = 15 * 60_000
    /// A message that nobody took for so long, and in so many attempts, is given up: a host that was
    /// down over a weekend has not tried.
    package static let giveUpMilliseconds: Int64 = 24 * 3_600_000
    /// An old heartbeat would tell of a time that is over.
    package static let heartbeatGiveUpMilliseconds: Int64 = 3_600_000
    package static let attemptsMin = 20
    /// An attempt whose answer never comes (the daemon bounds each) is made again after this.
    package static let answerMilliseconds: Int64 = 120_000
    private static let retry: RetryPolicy = {
        var policy = RetryPolicy()
        policy.baseMilliseconds = 10_000
        policy.capMilliseconds = 15 * 60_000
        return policy
    }()
    private static let retryAfterMillisecondsMax: Int64 = 6 * 3_600_000

    /// When a new message is sent.
    ///
    /// - Parameters:
    ///   - now: the moment of the turn.
    ///   - last: when the one before it was; nil: there was none.
    ///   - target: its habits.
    /// - Returns: that instant, later than now.
    package static func firstAttempt(
        now: Instant, last: Instant?, target: NoticePlan.Target
    ) -> Instant {
        var at = now.adding(milliseconds: gatherMilliseconds)
        // One later than now is of a clock that was set back since.
        if let last, last <= now { at = max(at, last.adding(milliseconds: gapMilliseconds)) }
        if let digest = target.digestSecondOfDay { return target.zone.next(digest, after: at) }
        return quietEnd(at: at, target: target) ?? at
    }

    /// When the quiet hours of a target end that an instant lies in; nil: it lies in none.
    package static func quietEnd(at instant: Instant, target: NoticePlan.Target) -> Instant? {
        guard let quiet = target.quiet else { return nil }
        let local = target.zone.local(at: instant)
        let second = local.secondOfDay
        let (from, until) = (quiet.fromSecondOfDay, quiet.untilSecondOfDay)
        let isQuiet =
            from <= until ? (from..<until).contains(second) : second >= from || second < until
        guard isQuiet else { return nil }
        // In an hour that comes twice the end may have been already, and comes once more.
        let today = LocalDateTime(date: local.date, secondOfDay: until)
        return target.zone.instants(ofLocal: today).first { $0 > instant }
            ?? target.zone.next(until, after: instant)
    }

    /// When a message that was not taken is sent again.
    ///
    /// - Parameters:
    ///   - attempts: how many there were.
    ///   - retryAfterMilliseconds: what the target asked for.
    ///   - firstAttemptAt: of this message.
    ///   - seed: tells messages apart.
    ///   - receiver: of this message: a beat tells of an instant, and is over sooner.
    ///   - now: the moment of the turn.
    /// - Returns: that instant; nil: it is given up.
    package static func again(
        attempts: Int, retryAfterMilliseconds: Int64?, firstAttemptAt: Instant, seed: UInt64,
        to receiver: Receiver, now: Instant
    ) -> Instant? {
        let age = now.since(firstAttemptAt)
        let isOver =
            switch receiver {
            case .target: age >= giveUpMilliseconds && attempts >= attemptsMin
            case .heartbeat: age >= heartbeatGiveUpMilliseconds
            }
        if isOver { return nil }
        let backoff = Backoff.delayMilliseconds(retry, attempt: attempts, seed: seed)
        let wish = min(retryAfterMilliseconds ?? 0, retryAfterMillisecondsMax)
        return now.adding(milliseconds: max(backoff, wish))
    }
}
