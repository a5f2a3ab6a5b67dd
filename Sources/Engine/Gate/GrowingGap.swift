import Timetable

/// Asks in a row that told nothing, and when to ask again: with gaps that grow.
struct GrowingGap {
    private static let timesMax = 1_000

    private(set) var times = 0
    private(set) var since: Instant
    private var at: Instant

    init(at now: Instant) { (at, since) = (now, now) }

    mutating func note(_ now: Instant) {
        times = min(times + 1, Self.timesMax)
        at = now
    }

    /// How long ago it was asked last; below zero after a step back of the clock.
    func ageMilliseconds(at now: Instant) -> Int64 { now.since(at) }

    /// When it may be asked again.
    ///
    /// - Parameters:
    ///   - now: the moment of the turn.
    ///   - gaps: the first and the longest, in milliseconds.
    /// - Returns: the instant; nil: at once.
    func next(after now: Instant, gaps: ClosedRange<Int64>) -> Instant? {
        // After a step back of the clock the gap would last for as long as the step.
        guard at <= now else { return nil }
        let next = at.adding(
            milliseconds: Backoff.ceilingMilliseconds(
                base: gaps.lowerBound, cap: gaps.upperBound, attempt: times))
        return next > now ? next : nil
    }

    /// The same after a step of the clock.
    func moved(byMilliseconds milliseconds: Int64) -> GrowingGap {
        var moved = self
        moved.at = at.adding(milliseconds: milliseconds)
        moved.since = since.adding(milliseconds: milliseconds)
        return moved
    }
}
