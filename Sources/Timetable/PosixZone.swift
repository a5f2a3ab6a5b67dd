/// A POSIX TZ rule, the footer of TZif data: what holds after the last listed transition.
struct PosixZone {
    /// When a change happens in a year.
    private enum Day {
        /// `Mm.w.d`: weekday d of week w (5: the last) of month m.
        case weekday(month: Int, week: Int, weekday: Int)
        /// `Jn`: day 1...365, 29 February never counted.
        case julian(Int)
        /// `n`: day 0...365, 29 February counted.
        case zeroBased(Int)
    }

    private struct Change {
        let day: Day
        /// Seconds after local midnight; RFC 9636 allows -167...167 hours.
        let time: Int
    }

    /// Seconds east of UTC in standard time.
    let standardOffset: Int32
    private let summer: (offset: Int32, start: Change, end: Change)?

    /// Parses the rule, such as `EST5EDT,M3.2.0,M11.1.0` or `<-02>2<-01>,M3.5.0/-1,M10.5.0/0`.
    init(_ text: [UInt8]) throws(ZoneError) {
        var reader = Reader(bytes: text)
        guard reader.name(), let west = reader.time(maximumHours: 24) else {
            throw PosixZone.damaged(text)
        }
        standardOffset = Int32(-west)
        if reader.isAtEnd {
            summer = nil
            return
        }
        guard reader.name() else { throw PosixZone.damaged(text) }
        var summerOffset = -west + 3600
        if reader.peek != UInt8(ascii: ",") {
            guard let summerWest = reader.time(maximumHours: 24) else {
                throw PosixZone.damaged(text)
            }
            summerOffset = -summerWest
        }
        guard let start = reader.change(), let end = reader.change(), reader.isAtEnd else {
            throw PosixZone.damaged(text)
        }
        summer = (Int32(summerOffset), start, end)
    }

    private static func damaged(_ text: [UInt8]) -> ZoneError {
        let readable = String(decoding: text.prefix(80), as: UTF8.self)
        return ZoneError(message: "the zone data's footer “\(readable)” can't be read")
    }

    /// Whether clocks change every year.
    var hasSummerTime: Bool { summer != nil }

    /// The two changes of a year in order of time; none in a zone without summer time.
    func transitions(in year: Int) -> [(at: Int64, offset: Int32)] {
        guard let summer else { return [] }
        let begin = PosixZone.localSeconds(of: summer.start, in: year) - Int64(standardOffset)
        let end = PosixZone.localSeconds(of: summer.end, in: year) - Int64(summer.offset)
        let forward = (at: begin, offset: summer.offset)
        let back = (at: end, offset: standardOffset)
        return begin < end ? [forward, back] : [back, forward]
    }

    private static func localSeconds(of change: Change, in year: Int) -> Int64 {
        let first = CivilDate(year: year, month: 1, day: 1).dayNumber
        let day: Int64
        switch change.day {
        case .zeroBased(let number):
            day = first + Int64(number)
        case .julian(let number):
            day = first + Int64(number - 1 + (CivilDate.isLeap(year) && number >= 60 ? 1 : 0))
        case .weekday(let month, let week, let weekday):
            let monthStart = CivilDate(year: year, month: month, day: 1)
            let ahead = (weekday - monthStart.weekday + 7) % 7
            var number = ahead + 7 * (week - 1)
            if number >= CivilDate.length(ofMonth: month, year: year) { number -= 7 }
            day = monthStart.dayNumber + Int64(number)
        }
        return day * 86_400 + Int64(change.time)
    }

    /// Reads the grammar of POSIX TZ strings.
    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        var isAtEnd: Bool { position == bytes.count }
        var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard peek == UInt8(ascii: character) else { return false }
            position += 1
            return true
        }

        /// Skips a zone abbreviation, `EST` or `<+0330>`.
        mutating func name() -> Bool {
            let start = position
            if take("<") {
                while let byte = peek, byte != UInt8(ascii: ">") {
                    _ = byte
                    position += 1
                }
                return take(">")
            }
            while let byte = peek, (byte | 0x20) >= UInt8(ascii: "a"),
                (byte | 0x20) <= UInt8(ascii: "z")
            {
                position += 1
            }
            return position - start >= 3
        }

        mutating func number(_ range: ClosedRange<Int>) -> Int? {
            let start = position
            var value = 0
            while let byte = peek, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
                value = value * 10 + Int(byte - UInt8(ascii: "0"))
                position += 1
                if position - start > 3 { return nil }
            }
            return position > start && range.contains(value) ? value : nil
        }

        /// `[+-]h[h[h]][:mm[:ss]]` as seconds.
        mutating func time(maximumHours: Int) -> Int? {
            let isNegative = take("-")
            if !isNegative { _ = take("+") }
            guard let hours = number(0...maximumHours) else { return nil }
            var seconds = hours * 3600
            if take(":") {
                guard let minutes = number(0...59) else { return nil }
                seconds += minutes * 60
                if take(":") {
                    guard let rest = number(0...59) else { return nil }
                    seconds += rest
                }
            }
            return isNegative ? -seconds : seconds
        }

        /// `,day[/time]`.
        mutating func change() -> Change? {
            guard take(",") else { return nil }
            let day: Day
            if take("M") {
                guard let month = number(1...12), take("."), let week = number(1...5), take("."),
                    let weekday = number(0...6)
                else { return nil }
                day = .weekday(month: month, week: week, weekday: weekday)
            } else if take("J") {
                guard let number = number(1...365) else { return nil }
                day = .julian(number)
            } else {
                guard let number = number(0...365) else { return nil }
                day = .zeroBased(number)
            }
            guard take("/") else { return Change(day: day, time: 7200) }
            guard let time = time(maximumHours: 167) else { return nil }
            return Change(day: day, time: time)
        }
    }
}
