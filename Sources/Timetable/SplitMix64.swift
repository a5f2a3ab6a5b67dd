/// SplitMix64, chance that a seed decides: small, fast, and the same on every machine.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64
    /// The step of the state: 2^64 divided by the golden ratio.
    package static let step: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// Makes the sequence of a seed.
    package init(seed: UInt64) { state = seed }

    /// The next 64 bits.
    package mutating func next() -> UInt64 {
        state &+= Self.step
        return Self.mixed(state)
    }

    /// A number of the range; the tiny bias of the modulo doesn't matter here.
    ///
    /// - Returns: The lower bound where the range has more than 2^63 numbers.
    package mutating func next(in range: ClosedRange<Int64>) -> Int64 {
        let (span, overflow) = range.upperBound.subtractingReportingOverflow(range.lowerBound)
        guard !overflow, span < Int64.max else { return range.lowerBound }
        return range.lowerBound + Int64(next() % UInt64(span + 1))
    }

    /// A number of `0 ..< 1`, in steps of 2^-53.
    package mutating func nextUnit() -> Double { Self.unit(next()) }

    /// 64 bits as a number of `0 ..< 1`.
    package static func unit(_ bits: UInt64) -> Double { Double(bits >> 11) * 0x1p-53 }

    /// The finaliser alone, also good as a hash of a few mixed numbers.
    package static func mixed(_ value: UInt64) -> UInt64 {
        var bits = value
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }
}
