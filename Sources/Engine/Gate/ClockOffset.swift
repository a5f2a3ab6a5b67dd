import Store
package import Timetable

/// What is known of a server's clock: how far it is ahead of ours, at the least and at the most.
///
/// `Date` and `created` are cut to whole seconds and answers take their time, so one answer tells the
/// difference to a second at best. Each answer narrows it; both clocks drift, which widens it again.
package struct ClockOffset: Sendable, Equatable {
    package var lowMilliseconds: Int64
    package var highMilliseconds: Int64

    /// As much as is known before any answer: no start goes out with clocks further apart.
    package static let unknown = ClockOffset(
        lowMilliseconds: -120_000, highMilliseconds: 120_000)

    private static let second: Int64 = 1_000
    /// Two clocks without a time service drift apart by half a millisecond a second at most.
    private static let secondsOfDriftByMillisecond: Int64 = 2_000

    package init(lowMilliseconds: Int64, highMilliseconds: Int64) {
        self.lowMilliseconds = lowMilliseconds
        self.highMilliseconds = highMilliseconds
    }

    /// What one answer tells: it was written some time between the two instants.
    ///
    /// - Parameters:
    ///   - date: its `Date`, cut to whole seconds.
    ///   - sent: when its request was sent, by our clock.
    ///   - received: when it was complete, by our clock.
    package init(date: Instant, sent: Instant, received: Instant) {
        lowMilliseconds = date.since(received)
        highMilliseconds = date.adding(milliseconds: Self.second - 1).since(sent)
    }

    /// What is known of a connection's server now; nil: nothing yet.
    init?(_ row: ConnectionRow?, at now: Instant) {
        guard let row, let low = row.clockLowMilliseconds, let high = row.clockHighMilliseconds,
            let readAt = row.clockReadAt
        else { return nil }
        self = ClockOffset(lowMilliseconds: low, highMilliseconds: high)
            .widened(overMilliseconds: now.since(readAt))
    }

    /// As an attempt met it: what was known then, narrowed by what has been learned since.
    init(of attempt: AttemptRow, _ row: ConnectionRow?, at now: Instant) {
        let later = ClockOffset(row, at: now)?
            .widened(overMilliseconds: now.since(attempt.beganAt))
        guard let low = attempt.clockLowMilliseconds, let high = attempt.clockHighMilliseconds
        else {
            self = later ?? .unknown
            return
        }
        let then = ClockOffset(lowMilliseconds: low, highMilliseconds: high)
        self = later.flatMap(then.intersection) ?? then
    }

    /// The middle, for people.
    package var middleMilliseconds: Int64 {
        lowMilliseconds + (highMilliseconds - lowMilliseconds) / 2
    }

    /// What both say; nil if they contradict each other.
    package func intersection(_ other: ClockOffset) -> ClockOffset? {
        let low = max(lowMilliseconds, other.lowMilliseconds)
        let high = min(highMilliseconds, other.highMilliseconds)
        return low <= high ? ClockOffset(lowMilliseconds: low, highMilliseconds: high) : nil
    }

    /// What either of them says.
    package func hull(_ other: ClockOffset) -> ClockOffset {
        ClockOffset(
            lowMilliseconds: min(lowMilliseconds, other.lowMilliseconds),
            highMilliseconds: max(highMilliseconds, other.highMilliseconds))
    }

    /// What is left of it after so long.
    package func widened(overMilliseconds elapsed: Int64) -> ClockOffset {
        let drift = elapsed.magnitude / UInt64(Self.secondsOfDriftByMillisecond) + 1
        let margin = Int64(clamping: drift)
        return ClockOffset(
            lowMilliseconds: lowMilliseconds - min(margin, 1 << 40),
            highMilliseconds: highMilliseconds + min(margin, 1 << 40))
    }

    /// The earliest instant of our clock that the server's may mean.
    package func earliest(_ written: Instant) -> Instant {
        written.adding(milliseconds: -highMilliseconds)
    }

    /// The latest instant of our clock that the server's may mean: one without milliseconds may have
    /// been cut.
    package func latest(_ written: Instant) -> Instant {
        let isCut = written.milliseconds % Self.second == 0
        return written.adding(milliseconds: (isCut ? Self.second - 1 : 0) - lowMilliseconds)
    }
}
