import Timetable

/// Reads the three date forms of RFC 9110 section 5.6.7.
///
/// Lenient where it costs nothing (case, a wrong weekday, `UTC` or `+0000` for `GMT`), strict in
/// everything that would be a guess: other zones, missing parts, days that don't exist.
enum HTTPDate {
    private static let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    private static let longDays = [
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
    ]
    private static let months = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ]

    /// The Unix seconds of a date; `now` (Unix seconds) places the two-digit years.
    static func parse(_ text: some StringProtocol, now: Int64) -> Int64? {
        let bytes = Array(text.utf8)
        return fixdate(bytes) ?? rfc850(bytes, now: now) ?? asctime(bytes)
    }

    /// The preferred form, `Mon, 23 Nov 2026 12:02:00 GMT`.
    private static func fixdate(_ bytes: [UInt8]) -> Int64? {
        var scan = ByteScan(bytes)
        guard scan.index(in: days) != nil, scan.take(","), scan.take(" "),
            let day = scan.number(digits: 2), scan.take(" "),
            let month = scan.index(in: months), scan.take(" "),
            let year = scan.number(digits: 4), scan.take(" ")
        else { return nil }
        var time = CivilTime(year: year, month: month + 1, day: day)
        guard readClock(&scan, into: &time), scan.take(" "), readZone(&scan) else { return nil }
        return time.unixSeconds
    }

    /// The obsolete form of RFC 850, `Monday, 23-Nov-26 12:02:00 GMT`.
    private static func rfc850(_ bytes: [UInt8], now: Int64) -> Int64? {
        var scan = ByteScan(bytes)
        guard scan.index(in: longDays) != nil, scan.take(","), scan.take(" "),
            let day = scan.number(digits: 2), scan.take("-"),
            let month = scan.index(in: months), scan.take("-"),
            let yearOfCentury = scan.number(digits: 2), scan.take(" ")
        else { return nil }
        var time = CivilTime(year: 0, month: month + 1, day: day)
        guard readClock(&scan, into: &time), scan.take(" "), readZone(&scan) else { return nil }
        return resolve(time, yearOfCentury: yearOfCentury, now: now)
    }

    /// The form of C's asctime, `Mon Nov 23 12:02:00 2026`, always UTC.
    ///
    /// One-digit days are padded with a space.
    private static func asctime(_ bytes: [UInt8]) -> Int64? {
        var scan = ByteScan(bytes)
        guard scan.index(in: days) != nil, scan.take(" "),
            let month = scan.index(in: months), scan.take(" "),
            let day = scan.take(" ") ? scan.number(digits: 1) : scan.number(digits: 2),
            scan.take(" ")
        else { return nil }
        var time = CivilTime(year: 0, month: month + 1, day: day)
        guard readClock(&scan, into: &time), scan.take(" "),
            let year = scan.number(digits: 4), scan.isAtEnd
        else { return nil }
        time.year = year
        return time.unixSeconds
    }

    private static func readClock(_ scan: inout ByteScan, into time: inout CivilTime) -> Bool {
        guard let hour = scan.number(digits: 2), scan.take(":"),
            let minute = scan.number(digits: 2), scan.take(":"),
            let second = scan.number(digits: 2)
        else { return false }
        (time.hour, time.minute, time.second) = (hour, minute, second)
        return true
    }

    private static func readZone(_ scan: inout ByteScan) -> Bool {
        (scan.take(word: "gmt") || scan.take(word: "utc") || scan.take(word: "+0000"))
            && scan.isAtEnd
    }

    /// "More than 50 years in the future" means the latest past year with the same two digits.
    private static func resolve(_ time: CivilTime, yearOfCentury: Int64, now: Int64) -> Int64? {
        // Within the years that a clock can show.
        let clock = LocalDateTime(localSeconds: min(max(now, -62_000_000_000), 250_000_000_000))
        var horizon = CivilTime(
            year: Int64(clock.date.year) + 50, month: Int64(clock.date.month),
            day: Int64(clock.date.day))
        if horizon.unixSeconds == nil { horizon.day = 28 }  // 29 February, in a year without one
        guard let horizonDay = horizon.unixSeconds else { return nil }
        let limit = horizonDay + Int64(clock.secondOfDay)
        var time = time
        time.year = (horizon.year / 100) * 100 + yearOfCentury
        if time.year > horizon.year { time.year -= 100 }
        guard let seconds = time.unixSeconds else { return nil }
        guard seconds > limit else { return seconds }
        time.year -= 100
        return time.unixSeconds
    }
}
