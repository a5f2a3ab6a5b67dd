package import Timetable

/// The request budget of a connection as GCRA (docs/protocol.md#retry-engine).
///
/// Burst B = keep_for_starts × N, kept for starts; steady rate (N − B)/T. With the theoretical
/// arrival time (TAT) at most (B − 1) increments ahead, no window of T holds more than
/// T/I + (B − 1) + 1 = (N − B) + B = N requests.
package struct RateBudget: Sendable, Equatable {
    /// Who asks: starts may use the burst, everything else waits for the steady rate.
    package enum Priority: Sendable { case start, other }

    /// Theoretical arrival time in Unix microseconds.
    package private(set) var tatMicroseconds: Int64
    /// One request's share of the window, rounded up: never more than N.
    private let incrementMicroseconds: Int64
    private let burst: Int64
    private let requests: Int64

    /// Makes the budget of a policy at a stored arrival time.
    package init(policy: RatePolicy, tatMicroseconds: Int64) {
        let requests = Int64(max(1, policy.requests))
        let kept = (Double(requests) * policy.keepForStarts).rounded(.down)
        // At least one of each, so that neither starts nor polls can be shut out by rounding.
        burst = min(max(1, Int64(kept)), max(1, requests - 1))
        self.requests = requests
        let steady = max(1, requests - burst)
        let window = max(1, policy.perMilliseconds) * 1000
        incrementMicroseconds = (window + steady - 1) / steady
        self.tatMicroseconds = tatMicroseconds
    }

    /// Makes the budget of a connection: what a 429 told replaces the policy's numbers.
    ///
    /// - Parameters:
    ///   - policy: as configured.
    ///   - learnedRequests: how many requests the API lets through in a window; nil: not learned.
    ///   - learnedWindowMilliseconds: that window.
    ///   - tatMicroseconds: the theoretical arrival time, in Unix microseconds.
    package init(
        policy: RatePolicy, learnedRequests: Int64?, learnedWindowMilliseconds: Int64?,
        tatMicroseconds: Int64
    ) {
        var policy = policy
        if let learnedRequests, let learnedWindowMilliseconds {
            policy.requests = Int(clamping: learnedRequests)
            policy.perMilliseconds = learnedWindowMilliseconds
        }
        self.init(policy: policy, tatMicroseconds: tatMicroseconds)
    }

    /// The earliest instant at which a request of that priority may go.
    package func earliest(_ priority: Priority, now: Instant) -> Instant {
        let tolerance = priority == .start ? (burst - 1) * incrementMicroseconds : 0
        let allowed = tatMicroseconds - tolerance
        return now.milliseconds * 1000 >= allowed
            ? now : Instant(milliseconds: (allowed + 999) / 1000)
    }

    /// How many requests of that priority could go at once.
    package func available(_ priority: Priority, now: Instant) -> Int64 {
        let ahead = max(0, tatMicroseconds - now.milliseconds * 1000)
        guard priority == .start else { return ahead == 0 ? 1 : 0 }
        let room = (burst - 1) * incrementMicroseconds - ahead
        return room < 0 ? 0 : room / incrementMicroseconds + 1
    }

    /// Takes one request, or says from when on it may go.
    ///
    /// - Returns: nil if it may go now.
    package mutating func take(_ priority: Priority, now: Instant) -> Instant? {
        // Further ahead than the budget can ever get, also by `replay`: the clock was set back while
        // we were down.
        tatMicroseconds = min(
            tatMicroseconds, now.milliseconds * 1000 + requests * incrementMicroseconds)
        let earliest = earliest(priority, now: now)
        guard earliest <= now else { return earliest }
        tatMicroseconds = max(tatMicroseconds, now.milliseconds * 1000) + incrementMicroseconds
        return nil
    }

    /// When the place after that one is free, if nothing else takes any.
    ///
    /// - Parameters:
    ///   - instant: when a place is free.
    ///   - places: how many places are taken before.
    /// - Returns: the instant.
    package func place(after instant: Instant, _ places: Int64) -> Instant {
        let (micros, overflow) = incrementMicroseconds.multipliedReportingOverflow(by: places)
        return instant.adding(milliseconds: overflow ? 0 : (micros + 999) / 1000)
    }

    /// Counts requests that went out before this budget was known, oldest first: whatever they
    /// were, no window that begins among them will hold more than N.
    package mutating func replay(_ count: Int64, at instant: Instant) {
        let (micros, overflow) = incrementMicroseconds.multipliedReportingOverflow(
            by: min(max(0, count), requests))
        guard !overflow else { return }
        tatMicroseconds = max(tatMicroseconds, instant.milliseconds * 1000) + micros
    }
}
