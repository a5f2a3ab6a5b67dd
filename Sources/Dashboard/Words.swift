package import Timetable

/// Times and statuses as people read them.
package enum Words {
    /// `in 3 h 12 min`, `45 s ago`, `now`.
    package static func relative(_ instant: Instant, to now: Instant) -> String {
        let milliseconds = instant.since(now)
        if milliseconds > -1000 && milliseconds < 1000 { return "now" }
        // Half a second more than what is left is still "in 3 s": round away from zero.
        let seconds = Int64(clamping: (milliseconds.magnitude + 500) / 1000)
        let words = duration(seconds: seconds)
        return milliseconds > 0 ? "in \(words)" : "\(words) ago"
    }

    /// The two most significant units: `45 s`, `3 min 20 s`, `3 h 12 min`, `5 d 4 h`.
    package static func duration(seconds: Int64) -> String {
        SpanText.text(seconds: seconds)
    }

    /// `2026-03-08T07:00:00-05:00` → `2026-03-08 07:00`; seconds stay where they aren't zero.
    package static func shortTime(_ iso8601: String) -> String {
        let bytes = Array(iso8601.utf8)
        guard bytes.count >= 19, bytes[10] == UInt8(ascii: "T") else { return iso8601 }
        let day = String(decoding: bytes[0..<10], as: UTF8.self)
        let time = String(decoding: bytes[11..<19], as: UTF8.self)
        return day + " " + (time.hasSuffix(":00") ? String(time.dropLast(3)) : time)
    }

    /// `1,440`: three digits at a time.
    static func grouped(_ number: Int) -> String {
        var digits = String(number.magnitude)
        var groups: [Substring] = []
        while digits.count > 3 {
            groups.insert(digits.suffix(3), at: 0)
            digits = String(digits.dropLast(3))
        }
        return (number < 0 ? "-" : "") + ([Substring(digits)] + groups).joined(separator: ",")
    }

    /// What a person must know before anything else of a daemon that drains; empty: it doesn't.
    static func draining(since instant: Instant?) -> String {
        guard let instant else { return "" }
        return "Draining since \(shortTime(instant.iso8601)) UTC: nothing new is started. "
            + "`carillon resume --all` undoes it."
    }
}

/// Counts by status as the segments of a bar, 100 units wide.
package struct CountsBar: Sendable {
    /// A stretch of the bar.
    package struct Segment: Sendable, Equatable {
        package let tone: String
        package let label: String
        package let start: String
        package let width: String
    }

    package let segments: [Segment]
    /// `2 error · 5 running · 12 complete`: the bar for those who don't see it.
    package let text: String
    /// Share of what has ended, in whole per cent.
    package let percent: Int64

    /// Order on the bar: what is done first, so that the bar fills from the left.
    private static let order: [Tone] = [.good, .off, .bad, .warn, .live, .calm]

    /// Makes the bar; counts of zero or less have no place on it.
    package init(_ counts: [String: Int64]) {
        let present = counts.filter { $0.value > 0 }.map { (status: $0.key, count: $0.value) }
            .sorted { left, right in
                let leftRank = Self.rank(left.status)
                let rightRank = Self.rank(right.status)
                return leftRank == rightRank ? left.status < right.status : leftRank < rightRank
            }
        // Counts come from outside: their sum must not trap.
        let total = present.reduce(0.0) { $0 + Double($1.count) }
        var start = 0.0
        var segments: [Segment] = []
        for (status, count) in present {
            let width = Double(count) / total * 100
            segments.append(
                Segment(
                    tone: Tone(status: status).rawValue, label: "\(count) \(status)",
                    start: Self.decimal(start), width: Self.decimal(width)))
            start += width
        }
        self.segments = segments
        text = segments.map(\.label).joined(separator: " · ")
        let ended = present.filter { [.good, .off].contains(Tone(status: $0.status)) }
            .reduce(0.0) { $0 + Double($1.count) }
        percent = total > 0 ? Int64((ended / total * 100).rounded(.down)) : 0
    }

    private static func rank(_ status: String) -> Int {
        order.firstIndex(of: Tone(status: status)) ?? order.count
    }

    /// Two decimals without a formatter.
    private static func decimal(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        let fraction = hundredths % 100
        return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)"
    }
}
