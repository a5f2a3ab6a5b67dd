import Timetable

/// Full-jitter exponential backoff (docs/protocol.md#retry-engine):
/// `U(0, min(cap, base · 2^(n−1)))`.
///
/// Seeded per slot and attempt, so that the same history gives the same database.
package enum Backoff {
    /// The delay before the next attempt.
    ///
    /// - Parameters:
    ///   - policy: base and cap.
    ///   - attempt: how many attempts were made, from 1.
    ///   - seed: tells slots apart.
    /// - Returns: milliseconds, at least one second, so that no loop is ever hot.
    package static func delayMilliseconds(
        _ policy: RetryPolicy, attempt: Int, seed: UInt64
    ) -> Int64 {
        let ceiling = ceilingMilliseconds(
            base: policy.baseMilliseconds, cap: policy.capMilliseconds, attempt: attempt)
        let draw = mix(seed &+ UInt64(truncatingIfNeeded: attempt) &* SplitMix64.step)
        let share = SplitMix64.unit(draw)
        return max(1000, Int64(Double(ceiling) * share))
    }

    /// `min(cap, base · 2^(n−1))` without overflow.
    package static func ceilingMilliseconds(base: Int64, cap: Int64, attempt: Int) -> Int64 {
        // Cap the exponent: 2^62 of anything is past every cap (polly#2163 overflowed here).
        let exponent = min(max(attempt, 1) - 1, 40)
        let (product, overflow) = max(1, base).multipliedReportingOverflow(by: 1 << exponent)
        return overflow ? max(1, cap) : min(max(1, cap), product)
    }

    /// A well-spread hash of a counter.
    package static func mix(_ value: UInt64) -> UInt64 {
        SplitMix64.mixed(value &+ SplitMix64.step)
    }

    /// The seed of what has a name.
    package static func seed(_ text: String) -> UInt64 { FNV1a.hash(text) }
}
