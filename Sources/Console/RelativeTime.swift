package import Timetable

/// How far an instant is from now, as short as people say it.
package enum RelativeTime {
    /// `now`, `45s ago`, `in 12m`, `3h ago`, `2d ago`; beyond 99 days the date.
    package static func text(_ instant: Instant, now: Instant) -> String {
        let milliseconds = instant.since(now)
        let seconds = Int64(clamping: milliseconds.magnitude / 1000)
        if seconds == 0 { return "now" }
        guard seconds < 8_640_000 else { return String(instant.iso8601.prefix(10)) }
        let span = SpanText.brief(seconds: seconds)
        return milliseconds < 0 ? "\(span) ago" : "in \(span)"
    }

    /// A local time without what goes without saying: the year that is now, seconds that are zero,
    /// the offset.
    ///
    /// - Parameters:
    ///   - iso8601: `2026-06-15T07:00:00-04:00`.
    ///   - now: what the present year is taken from.
    /// - Returns: `06-15 07:00`, `2025-12-31 23:59:30`.
    package static func local(_ iso8601: String, now: Instant) -> String {
        guard iso8601.count >= 19 else { return iso8601 }
        let characters = Array(iso8601.prefix(19))
        let year = String(characters[0..<4])
        let date = String(characters[5..<10])
        let time = String(characters[11..<16])
        let seconds = String(characters[17..<19])
        return (year == now.iso8601.prefix(4) ? "" : year + "-") + date + " " + time
            + (seconds == "00" ? "" : ":" + seconds)
    }
}
