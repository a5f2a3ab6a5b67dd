/// Time since the machine was started, while it sleeps, too (`CLOCK_BOOTTIME`), in milliseconds.
///
/// The only clock by which a lease is judged: no wall clock, which people and servers set.
package struct BootTime: Sendable, Hashable, Comparable {
    package var milliseconds: Int64

    /// A reading of the clock.
    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package static func < (left: BootTime, right: BootTime) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// So much later.
    package func adding(_ milliseconds: Int64) -> BootTime {
        BootTime(milliseconds: self.milliseconds + milliseconds)
    }

    /// How much later than another reading.
    package func since(_ other: BootTime) -> Int64 { milliseconds - other.milliseconds }
}

/// How long everything about a lease lasts (docs/cluster.md, R4 and R5).
package struct LeaseTiming: Sendable, Equatable {
    /// How often a follower reads.
    package static let pollMilliseconds: Int64 = 250

    package let leaseMilliseconds: Int64

    /// The timing of a lease of that length.
    package init(leaseMilliseconds: Int64) { self.leaseMilliseconds = leaseMilliseconds }

    /// How long a leader may act after the sending of what was last acknowledged.
    package var holdMilliseconds: Int64 { leaseMilliseconds * 9 / 10 }
    /// How long a follower waits for a sign of life: longer than the hold, by two clocks that differ.
    package var takeMilliseconds: Int64 { leaseMilliseconds * 11 / 10 }
    package var renewMilliseconds: Int64 { leaseMilliseconds / 4 }
    /// A scheduler whose last turn is older must lose its lease: nothing is renewed.
    package var aliveMilliseconds: Int64 { leaseMilliseconds * 2 }
    /// No wait for a turn is longer, so that one that lives is seen to live.
    package var turnMilliseconds: Int64 { leaseMilliseconds / 2 }
}
