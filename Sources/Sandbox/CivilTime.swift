import Timetable

/// A UTC calendar date and time, for the two formats the API writes: ISO 8601 and HTTP dates.
struct CivilTime {
    let year: Int64
    let month: Int64
    let day: Int64
    let hour: Int64
    let minute: Int64
    let second: Int64
    let millisecond: Int64
    /// 0 is Sunday.
    let weekday: Int

    init(_ instant: Instant) {
        let seconds = instant.seconds
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let ofDay = seconds - days * 86_400
        hour = ofDay / 3600
        minute = ofDay / 60 % 60
        second = ofDay % 60
        millisecond = instant.milliseconds - seconds * 1000
        weekday = Int(((days + 4) % 7 + 7) % 7)
        // Days to a date in the Gregorian calendar, counted from 0000-03-01 in eras of 400 years.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`.
    var httpDate: String {
        let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        return "\(weekdays[weekday]), \(two(day)) \(months[Int(month) - 1]) \(padded(year, 4))"
            + " \(two(hour)):\(two(minute)):\(two(second)) GMT"
    }

    /// `2026-03-08T07:00:00Z`, with milliseconds where there are some and they are wanted.
    ///
    /// Written digit by digit: a list of a thousand processes has four thousand of these.
    func iso8601(milliseconds: Bool) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(24)
        func put(_ value: Int64, _ width: Int, _ end: Unicode.Scalar) {
            var divisor: Int64 = width == 4 ? 1000 : width == 3 ? 100 : 10
            while divisor > 0 {
                text.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
                divisor /= 10
            }
            text.append(UInt8(ascii: end))
        }
        let hasFraction = milliseconds && millisecond != 0
        put(year, 4, "-")
        put(month, 2, "-")
        put(day, 2, "T")
        put(hour, 2, ":")
        put(minute, 2, ":")
        put(second, 2, hasFraction ? "." : "Z")
        if hasFraction { put(millisecond, 3, "Z") }
        return String(decoding: text, as: UTF8.self)
    }

    private func two(_ value: Int64) -> String { padded(value, 2) }

    private func padded(_ value: Int64, _ width: Int) -> String {
        let text = String(value)
        return text.count >= width ? text : String(repeating: "0", count: width - text.count) + text
    }
}
