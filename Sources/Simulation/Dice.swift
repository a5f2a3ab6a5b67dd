/// Chance that a seed decides: the same seed gives the same story on every machine.
package struct Dice: Sendable {
    private var state: UInt64

    /// Makes dice of a seed.
    package init(seed: UInt64) {
        state = seed &* 0x9e37_79b9_7f4a_7c15 &+ 0x1234_5678_9abc_def1
    }

    /// The next 64 bits (SplitMix64).
    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// A number of `0 ..< bound`.
    package mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }

    /// A number of the closed range.
    package mutating func between(_ low: Int64, _ high: Int64) -> Int64 {
        low + Int64(next() % UInt64(max(1, high - low + 1)))
    }

    /// True with that probability.
    package mutating func chance(_ probability: Double) -> Bool {
        Double(next() >> 11) * 0x1p-53 < probability
    }

    /// One of the choices, which must not be empty.
    package mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }
}
