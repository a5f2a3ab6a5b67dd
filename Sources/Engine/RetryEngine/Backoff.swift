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
        let draw = mix(seed &+ UInt64(truncatingIfNeeded: attempt) &* 0x9e37_79b9_7f4a_7c15)
        let share = Double(draw >> 11) * 0x1p-53
        return max(1000, Int64(Double(ceiling) * share))
    }

    /// `min(cap, base · 2^(n−1))` without overflow.
    package static func ceilingMilliseconds(base: Int64, cap: Int64, attempt: Int) -> Int64 {
        // Cap the exponent: 2^62 of anything is past every cap (polly#2163 overflowed here).
        let exponent = min(max(attempt, 1) - 1, 40)
        let (product, overflow) = max(1, base).multipliedReportingOverflow(by: 1 << exponent)
        return overflow ? max(1, cap) : min(max(1, cap), product)
    }

    /// SplitMix64's finaliser: a well-spread hash of a counter.
    package static func mix(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9e37_79b9_7f4a_7c15
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// FNV-1a of a text, the seed of what has a name.
    package static func seed(_ text: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return hash
    }
}
