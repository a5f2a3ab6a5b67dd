import Timetable

/// Chance that a seed decides: the same seed gives the same workload on every machine.
package struct Dice: Sendable {
    private var random: SplitMix64

    /// Makes dice of a seed.
    package init(seed: UInt64) {
        random = SplitMix64(seed: seed &* SplitMix64.step &+ 0x1234_5678_9abc_def1)
    }

    /// The next 64 bits.
    package mutating func next() -> UInt64 { random.next() }

    /// A number of `0 ..< bound`.
    package mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }

    /// A number of the closed range.
    package mutating func between(_ low: Int64, _ high: Int64) -> Int64 {
        low + Int64(next() % UInt64(max(1, high - low + 1)))
    }

    /// True with that probability.
    package mutating func chance(_ probability: Double) -> Bool {
        random.nextUnit() < probability
    }

    /// One of the choices, which must not be empty.
    package mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }
}
