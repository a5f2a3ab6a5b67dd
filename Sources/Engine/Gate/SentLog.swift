/// Requests of the last hour by second, on the monotonic clock.
struct SentLog {
    private static let secondsMax: Int64 = 3600
    private var seconds: [(at: Int64, count: Int64)] = []

    mutating func note(atMonotonic milliseconds: Int64) {
        let second = milliseconds / 1000
        if let last = seconds.indices.last, seconds[last].at == second {
            seconds[last].count += 1
        } else {
            seconds.append((second, 1))
        }
        if seconds.count > Int(Self.secondsMax) * 2 {
            seconds.removeAll { $0.at < second - Self.secondsMax }
        }
    }

    /// Counts by second, oldest first, with how many milliseconds ago at the least.
    func within(
        milliseconds window: Int64, ofMonotonic now: Int64
    ) -> [(millisecondsAgo: Int64, count: Int64)] {
        seconds.filter { $0.at * 1000 > now - window - 1000 }
            .map { (max(0, now - ($0.at + 1) * 1000), $0.count) }
    }
}
