import Timetable

/// A date and time of day in UTC, checked against the calendar.
struct CivilTime {
    var year: Int64
    var month: Int64
    var day: Int64
    var hour: Int64 = 0
    var minute: Int64 = 0
    /// Up to 60: a leap second is read as the next second.
    var second: Int64 = 0

    /// Unix seconds; nil if there is no such day or time.
    var unixSeconds: Int64? {
        let date = CivilDate(year: Int(year), month: Int(month), day: Int(day))
        guard date.isValid, (0...23).contains(hour), (0...59).contains(minute),
            (0...60).contains(second)
        else { return nil }
        return date.dayNumber * 86_400 + hour * 3_600 + minute * 60 + second
    }
}

/// Reads the date-times of the API's bodies: ISO 8601, as loosely as the documents disagree.
enum APIDateTime {
    /// An instant; a missing offset means UTC (the documents say so), a plain date its midnight.
    static func parse(_ text: String) -> Instant? {
        var scan = ByteScan(text.utf8)
        guard let year = scan.number(digits: 4), scan.take("-"), let month = scan.number(digits: 2),
            scan.take("-"), let day = scan.number(digits: 2)
        else { return nil }
        var time = CivilTime(year: year, month: month, day: day)
        var milliseconds: Int64 = 0
        var offsetSeconds: Int64 = 0
        if !scan.isAtEnd {
            guard scan.take("T") || scan.take("t") || scan.take(" "),
                let hour = scan.number(digits: 2), scan.take(":"),
                let minute = scan.number(digits: 2)
            else { return nil }
            (time.hour, time.minute) = (hour, minute)
            if scan.take(":") {
                guard let second = scan.number(digits: 2) else { return nil }
                time.second = second
                guard let fraction = scan.fraction() else { return nil }
                milliseconds = fraction
            }
            guard let offset = scan.offset(), scan.isAtEnd else { return nil }
            offsetSeconds = offset
        }
        guard let seconds = time.unixSeconds else { return nil }
        return Instant(milliseconds: (seconds - offsetSeconds) * 1000 + milliseconds)
    }
}

/// A cursor over ASCII text, for the small fixed formats of this room.
struct ByteScan {
    private let bytes: [UInt8]
    private var position = 0

    /// Stands before the first byte.
    init(_ bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes)
    }

    var isAtEnd: Bool { position == bytes.count }

    /// Passes the character if it comes next.
    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard position < bytes.count, UInt32(bytes[position]) == scalar.value else { return false }
        position += 1
        return true
    }

    /// Passes the word if it comes next, whatever its case; `word` is lower case.
    mutating func take(word: String) -> Bool {
        let expected = Array(word.utf8)
        guard bytes.count - position >= expected.count else { return false }
        for (index, byte) in expected.enumerated()
        where ASCII.lowercased(bytes[position + index]) != byte {
            return false
        }
        position += expected.count
        return true
    }

    /// The index of the word that comes next, which is passed.
    mutating func index(in words: [String]) -> Int64? {
        for (index, word) in words.enumerated() where take(word: word) {
            return Int64(index)
        }
        return nil
    }

    /// A number of exactly so many ASCII digits.
    mutating func number(digits: Int) -> Int64? {
        guard bytes.count - position >= digits else { return nil }
        var value: Int64 = 0
        for byte in bytes[position..<position + digits] {
            guard ASCII.isDigit(byte) else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        position += digits
        return value
    }

    /// The milliseconds of an optional fraction (`.123456` or `,5`), cut off; nil if malformed.
    mutating func fraction() -> Int64? {
        guard take(".") || take(",") else { return 0 }
        var milliseconds: Int64 = 0
        var weight: Int64 = 100
        let start = position
        while position < bytes.count, ASCII.isDigit(bytes[position]) {
            milliseconds += Int64(bytes[position] - UInt8(ascii: "0")) * weight
            weight /= 10
            position += 1
        }
        return position > start ? milliseconds : nil
    }

    /// The seconds of an optional UTC offset: none, `Z`, `+hh:mm`, `+hhmm` or `+hh`.
    mutating func offset() -> Int64? {
        if isAtEnd || take("Z") || take("z") { return 0 }
        let sign: Int64
        if take("+") { sign = 1 } else if take("-") { sign = -1 } else { return nil }
        guard let hours = number(digits: 2), hours <= 18 else { return nil }
        if isAtEnd { return sign * hours * 3_600 }
        _ = take(":")
        guard let minutes = number(digits: 2), minutes < 60 else { return nil }
        return sign * (hours * 3_600 + minutes * 60)
    }
}

/// The few character classes that Unicode's own would widen: `isNumber` takes full-width digits.
enum ASCII {
    static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(lowercased(byte))
    }

    static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    static func lowercased(_ text: String) -> String {
        String(decoding: text.utf8.map(lowercased), as: UTF8.self)
    }

    /// The text without the optional white space (space, tab) of a header field's value.
    static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while let first = text.utf8.first, first == 0x20 || first == 0x09 {
            text = text[text.utf8.index(after: text.startIndex)...]
        }
        while let last = text.utf8.last, last == 0x20 || last == 0x09 {
            text = text[..<text.utf8.index(before: text.endIndex)]
        }
        return text
    }
}
