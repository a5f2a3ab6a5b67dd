/// A date of the proleptic Gregorian calendar.
package struct CivilDate: Hashable, Comparable, Sendable {
    /// The year; 0 is 1 BC.
    package var year: Int
    /// The month, 1...12.
    package var month: Int
    /// The day of the month, 1...31.
    package var day: Int

    /// Makes a date without checking that it exists.
    package init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// Makes the date that lies the given number of days after 1970-01-01.
    ///
    /// Neri and Schneider's algorithm; right for |dayNumber| below 11 million (30,000 years).
    @inline(__always)
    package init(dayNumber: Int64) {
        let n = UInt32(truncatingIfNeeded: dayNumber &+ CivilDate.epochShift)
        let n1 = 4 &* n &+ 3
        let century = n1 / 146_097
        let n2 = 4 &* ((n1 % 146_097) / 4) &+ 3
        let p2 = 2_939_745 &* UInt64(n2)
        let yearOfCentury = UInt32(truncatingIfNeeded: p2 &>> 32)
        let dayOfYear = UInt32(truncatingIfNeeded: p2) / 2_939_745 / 4
        let n3 = 2141 &* dayOfYear &+ 197_913
        let isNextYear = dayOfYear >= 306
        let march = n3 &>> 16
        year = Int(100 &* century &+ yearOfCentury) &- CivilDate.yearShift &+ (isNextYear ? 1 : 0)
        month = Int(isNextYear ? march &- 12 : march)
        day = Int((n3 & 0xFFFF) / 2141) &+ 1
    }

    /// Days since 1970-01-01.
    @inline(__always)
    package var dayNumber: Int64 {
        let isEarly = month <= 2
        let y = UInt32(truncatingIfNeeded: year &+ CivilDate.yearShift &- (isEarly ? 1 : 0))
        let m = UInt32(truncatingIfNeeded: isEarly ? month &+ 12 : month)
        let century = y / 100
        let yearDays = 1461 &* y / 4 &- century &+ century / 4
        let monthDays = (979 &* m &- 2919) / 32
        let sum = yearDays &+ monthDays &+ UInt32(truncatingIfNeeded: day &- 1)
        return Int64(sum) &- CivilDate.epochShift
    }

    /// Days from the shifted epoch (year -32800) to 1970-01-01: keeps the arithmetic unsigned.
    static let epochShift: Int64 = 719_468 + 146_097 * 82
    /// The years that belong to `epochShift`.
    static let yearShift = 400 * 82

    /// The weekday of a day number, 0 for Sunday.
    @inline(__always)
    package static func weekday(ofDayNumber day: Int64) -> Int {
        // The shifted epoch lies a whole number of weeks and three days after a Sunday.
        Int((UInt32(truncatingIfNeeded: day &+ epochShift) &+ 3) % 7)
    }

    /// The weekday of the first day of a month, without its day number.
    @inline(__always)
    static func firstWeekday(ofMonth month: Int, year: Int) -> Int {
        let isEarly = month <= 2
        let y = UInt32(truncatingIfNeeded: year &+ yearShift &- (isEarly ? 1 : 0))
        // Sakamoto's table 0 3 2 5 0 3 5 1 4 6 2 4, four bits each.
        let table: UInt64 = 0x4264_1530_5230
        let shift = UInt64(truncatingIfNeeded: 4 &* month &- 4)
        let byMonth = UInt32(truncatingIfNeeded: (table &>> shift) & 0xF)
        return Int((y &+ y / 4 &- y / 100 &+ y / 400 &+ byMonth &+ 1) % 7)
    }

    /// The weekday, 0 for Sunday.
    package var weekday: Int { CivilDate.weekday(ofDayNumber: dayNumber) }

    /// Whether the year has a 29 February.
    @inline(__always)
    package static func isLeap(_ year: Int) -> Bool {
        // A century among the fourth years is a multiple of 25; of 400, one of 16 too.
        year & 3 == 0 && (year & 15 == 0 || UInt32(truncatingIfNeeded: year &+ yearShift) % 25 != 0)
    }

    /// The number of days of a month.
    @inline(__always)
    package static func length(ofMonth month: Int, year: Int) -> Int {
        month == 2 ? (isLeap(year) ? 29 : 28) : 30 | (month ^ (month >> 3))
    }

    /// Whether the date exists in the calendar.
    package var isValid: Bool {
        (1...12).contains(month) && day >= 1
            && day <= CivilDate.length(ofMonth: month, year: year)
    }

    /// The date as `2026-03-08`.
    package var iso8601: String {
        var text = ASCIIText()
        text.append(self)
        return text.string
    }

    /// Parses exactly `yyyy-mm-dd`; nil if the text has another form or the date doesn't exist.
    package init?(iso8601 text: String) {
        var reader = DigitReader(text)
        guard let date = reader.date(), reader.isAtEnd else { return nil }
        self = date
    }

    /// Orders dates by time.
    package static func < (left: CivilDate, right: CivilDate) -> Bool {
        (left.year, left.month, left.day) < (right.year, right.month, right.day)
    }
}

/// The quotient rounded towards minus infinity, for a positive divisor.
func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
    let quotient = value / divisor
    return value % divisor < 0 ? quotient &- 1 : quotient
}
