import Timetable

/// A UTC calendar date and time, for the two formats the API writes: ISO 8601 and HTTP dates.
struct CivilTime {
    let date: CivilDate
    let hour: Int
    let minute: Int
    let second: Int
    let millisecond: Int

    /// Times outside the years 1970 to 9999, which neither format can write, are moved into them.
    init(_ instant: Instant) {
        let clamped = min(max(instant.milliseconds, 0), 253_402_300_799_999)
        let seconds = clamped / 1000
        let ofDay = Int(seconds % 86_400)
        date = CivilDate(dayNumber: seconds / 86_400)
        hour = ofDay / 3600
        minute = ofDay / 60 % 60
        second = ofDay % 60
        millisecond = Int(clamped % 1000)
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`.
    var httpDate: String {
        let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        return
            "\(weekdays[date.weekday]), \(two(date.day)) \(months[date.month - 1]) \(padded(date.year, 4))"
            + " \(two(hour)):\(two(minute)):\(two(second)) GMT"
    }

    /// `2026-03-08T07:00:00Z`, with milliseconds where there are some and they are wanted.
    ///
    /// Written digit by digit: a list of a thousand processes has four thousand of these.
    func iso8601(milliseconds: Bool) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(24)
        func put(_ value: Int, _ width: Int, _ end: Unicode.Scalar) {
            var divisor = width == 4 ? 1000 : width == 3 ? 100 : 10
            while divisor > 0 {
                text.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
                divisor /= 10
            }
            text.append(UInt8(ascii: end))
        }
        let hasFraction = milliseconds && millisecond != 0
        put(date.year, 4, "-")
        put(date.month, 2, "-")
        put(date.day, 2, "T")
        put(hour, 2, ":")
        put(minute, 2, ":")
        put(second, 2, hasFraction ? "." : "Z")
        if hasFraction { put(millisecond, 3, "Z") }
        return String(decoding: text, as: UTF8.self)
    }

    private func two(_ value: Int) -> String { padded(value, 2) }

    private func padded(_ value: Int, _ width: Int) -> String {
        let text = String(value)
        return text.count >= width ? text : String(repeating: "0", count: width - text.count) + text
    }
}
