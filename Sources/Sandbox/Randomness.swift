/// SplitMix64: small, fast, and the same on every platform.
struct SplitMix64: Sendable {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mixed(state)
    }

    /// A number of the range; the tiny bias of the modulo doesn't matter here.
    mutating func next(in range: ClosedRange<Int64>) -> Int64 {
        let (span, overflow) = range.upperBound.subtractingReportingOverflow(range.lowerBound)
        guard !overflow, span < Int64.max else { return range.lowerBound }
        return range.lowerBound + Int64(next() % UInt64(span + 1))
    }

    /// A number of `0 ..< 1`.
    mutating func nextUnit() -> Double {
        Double(next() >> 11) / Double(1 << 53)
    }

    /// The finalizer, also good as a hash of a few mixed numbers.
    static func mixed(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// FNV-1a over the bytes: `Hasher` is seeded per process, this one isn't.
    static func hash(_ text: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
        }
        return hash
    }
}

/// Identifiers as the API makes them: 32 hexadecimal digits.
enum Identifier {
    /// The id of the n-th thing of a kind in a world made from the seed.
    static func make(seed: UInt64, kind: UInt64, number: Int) -> String {
        let high = SplitMix64.mixed(seed ^ (kind &* 0x9E37_79B9_7F4A_7C15) ^ UInt64(number))
        let low = SplitMix64.mixed(high &+ UInt64(number) &+ kind)
        return hex(high, digits: 16) + hex(low, digits: 16)
    }

    /// The id of a node of a run: derived from the run's, so nothing has to be stored.
    static func node(of run: String, index: Int) -> String {
        run.prefix(24) + hex(UInt64(index), digits: 8)
    }

    static func hex(_ value: UInt64, digits: Int) -> String {
        let text = String(value, radix: 16)
        return text.count >= digits
            ? String(text.suffix(digits))
            : String(repeating: "0", count: digits - text.count) + text
    }
}
