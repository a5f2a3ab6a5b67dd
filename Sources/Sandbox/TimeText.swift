import Timetable

/// The two forms in which the API writes times: ISO 8601 and HTTP dates, both in UTC.
enum TimeText {
    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// `2026-03-08T07:00:00Z`, with milliseconds where there are some and they are wanted.
    static func iso8601(_ instant: Instant, milliseconds: Bool) -> String {
        let written = writable(instant)
        return (milliseconds ? written : Instant(seconds: written.seconds)).iso8601
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`.
    static func httpDate(_ instant: Instant) -> String {
        let time = LocalDateTime(localSeconds: writable(instant).seconds)
        let date = time.date
        let clock = [time.hour, time.minute, time.second].map { String($0, width: 2) }
        return "\(weekdays[date.weekday]), \(String(date.day, width: 2)) \(months[date.month - 1])"
            + " \(String(date.year, width: 4)) \(clock.joined(separator: ":")) GMT"
    }

    /// Times outside the years 1970 to 9999, which neither form can write, are moved into them.
    private static func writable(_ instant: Instant) -> Instant {
        Instant(milliseconds: min(max(instant.milliseconds, 0), 253_402_300_799_999))
    }
}
