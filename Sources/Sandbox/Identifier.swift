import Timetable

/// Identifiers as the API makes them: 32 hexadecimal digits.
enum Identifier {
    /// The id of the n-th thing of a kind in a world made from the seed.
    static func make(seed: UInt64, kind: UInt64, number: Int) -> String {
        let high = SplitMix64.mixed(seed ^ (kind &* SplitMix64.step) ^ UInt64(number))
        let low = SplitMix64.mixed(high &+ UInt64(number) &+ kind)
        return String(high, width: 16, radix: 16) + String(low, width: 16, radix: 16)
    }

    /// The id of a node of a run: derived from the run's, so nothing has to be stored.
    static func node(of run: String, index: Int) -> String {
        run.prefix(24) + String(index, width: 8, radix: 16)
    }
}
