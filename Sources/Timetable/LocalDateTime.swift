/// A date and a time of day on a wall clock, in no particular zone.
package struct LocalDateTime: Hashable, Comparable, Sendable {
    /// In the Gregorian calendar, as the zone has it.
    package var date: CivilDate
    /// Seconds since midnight, 0..<86,400.
    package var secondOfDay: Int

    /// Makes a wall time from a date and the second of the day.
    package init(date: CivilDate, secondOfDay: Int) {
        self.date = date
        self.secondOfDay = secondOfDay
    }

    /// Makes a wall time from its parts, without checking them.
    package init(
        year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0
    ) {
        date = CivilDate(year: year, month: month, day: day)
        secondOfDay = hour * 3600 + minute * 60 + second
    }

    /// Makes the wall time that lies the given seconds after 1970-01-01T00:00:00 on the same clock.
    package init(localSeconds: Int64) {
        let day = floorDivide(localSeconds, 86_400)
        let cycles = floorDivide(day, daysPerCycle)
        date = CivilDate(dayNumber: day - cycles * daysPerCycle)
        date.year += Int(cycles) * 400
        secondOfDay = Int(localSeconds - day * 86_400)
    }

    /// Seconds since 1970-01-01T00:00:00 on the same clock.
    package var localSeconds: Int64 {
        date.dayNumber * 86_400 + Int64(secondOfDay)
    }

    /// The hour, 0...23.
    package var hour: Int { secondOfDay / 3600 }
    /// The minute, 0...59.
    package var minute: Int { secondOfDay / 60 % 60 }
    /// The second, 0...59.
    package var second: Int { secondOfDay % 60 }

    /// The wall time as `2026-03-08T02:30:00`.
    package var iso8601: String {
        var text = ASCIIText()
        text.append(self)
        return text.string
    }

    /// The time of day as `02:30`, or `02:30:15` if there are seconds.
    package var timeText: String { timeOfDayText(secondOfDay) }

    /// Parses `yyyy-mm-dd`, or that with `T` or a blank and `hh:mm` or `hh:mm:ss`.
    package init?(iso8601 text: String) {
        var reader = DigitReader(text)
        guard let date = reader.date() else { return nil }
        self.init(date: date, secondOfDay: 0)
        if reader.isAtEnd { return }
        guard reader.take(anyOf: [UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: " ")]) != nil,
            let time = reader.secondOfDay(), reader.isAtEnd
        else { return nil }
        secondOfDay = time
    }

    /// Orders wall times as a clock without changes shows them.
    package static func < (left: LocalDateTime, right: LocalDateTime) -> Bool {
        (left.date, left.secondOfDay) < (right.date, right.secondOfDay)
    }
}

/// Days of 400 Gregorian years, a whole number of weeks: after them the calendar repeats.
let daysPerCycle: Int64 = 146_097
/// Seconds of 400 Gregorian years.
let secondsPerCycle: Int64 = daysPerCycle * 86_400

/// The day number of a wall time within the zone tables' range (years -3000 to 4600).
@inline(__always)
func dayNumber(ofLocal local: Int64) -> Int64 {
    let shifted = UInt64(truncatingIfNeeded: local &+ CivilDate.epochShift &* 86_400)
    return Int64(shifted / 86_400) &- CivilDate.epochShift
}

/// The time of day as `02:30`, or `02:30:15` if there are seconds.
func timeOfDayText(_ seconds: Int) -> String {
    let text = String(seconds / 3600, width: 2) + ":" + String(seconds / 60 % 60, width: 2)
    return seconds % 60 == 0 ? text : text + ":" + String(seconds % 60, width: 2)
}

/// Parses `hh:mm` or `hh:mm:ss`, a schedule's `time`, as seconds since midnight.
package func secondOfDay(fromTimeText text: String) -> Int? {
    var reader = DigitReader(text)
    guard let seconds = reader.secondOfDay(), reader.isAtEnd else { return nil }
    return seconds
}
