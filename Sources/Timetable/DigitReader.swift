/// Reads fixed-width decimal digits and single characters from ASCII text.
struct DigitReader {
    private let bytes: [UInt8]
    private(set) var position = 0

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    var isAtEnd: Bool { position == bytes.count }

    /// The next byte without consuming it.
    var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// Consumes the byte if it is next.
    mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        position += 1
        return true
    }

    /// Consumes one of the bytes and returns it, if one of them is next.
    mutating func take(anyOf choices: [UInt8]) -> UInt8? {
        guard let byte = peek, choices.contains(byte) else { return nil }
        position += 1
        return byte
    }

    /// Consumes exactly `count` digits.
    mutating func digits(_ count: Int) -> Int? {
        guard position + count <= bytes.count else { return nil }
        var value = 0
        for byte in bytes[position..<position + count] {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        position += count
        return value
    }

    /// Consumes `yyyy-mm-dd` of a date that exists.
    mutating func date() -> CivilDate? {
        guard let year = digits(4), take(UInt8(ascii: "-")),
            let month = digits(2), take(UInt8(ascii: "-")),
            let day = digits(2)
        else { return nil }
        let date = CivilDate(year: year, month: month, day: day)
        return date.isValid ? date : nil
    }

    /// Consumes `hh:mm` or `hh:mm:ss` (a second of 60 is refused) as seconds of the day.
    mutating func secondOfDay() -> Int? {
        guard let hour = digits(2), take(UInt8(ascii: ":")), let minute = digits(2),
            hour < 24, minute < 60
        else { return nil }
        guard take(UInt8(ascii: ":")) else { return hour * 3600 + minute * 60 }
        guard let second = digits(2), second < 60 else { return nil }
        return hour * 3600 + minute * 60 + second
    }

    /// Consumes `.` or `,` and digits as milliseconds, further digits dropped; 0 if there is none.
    mutating func fraction() -> Int? {
        guard take(anyOf: [UInt8(ascii: "."), UInt8(ascii: ",")]) != nil else { return 0 }
        var milliseconds = 0
        var count = 0
        while let digit = digits(1) {
            count += 1
            if count <= 3 { milliseconds = milliseconds * 10 + digit }
        }
        guard count > 0 else { return nil }
        for _ in 0..<max(0, 3 - count) { milliseconds *= 10 }
        return milliseconds
    }

    /// Consumes `Z`, `+hh`, `+hhmm`, `+hh:mm` or `+hh:mm:ss` (or `-`) as seconds east of UTC.
    mutating func offset() -> Int? {
        if take(anyOf: [UInt8(ascii: "Z"), UInt8(ascii: "z")]) != nil { return 0 }
        guard let sign = take(anyOf: [UInt8(ascii: "+"), UInt8(ascii: "-")]),
            let hours = digits(2), hours < 24
        else { return nil }
        var seconds = hours * 3600
        let hasColon = take(UInt8(ascii: ":"))
        if let minutes = digits(2) {
            guard minutes < 60 else { return nil }
            seconds += minutes * 60
            if hasColon, take(UInt8(ascii: ":")) {
                guard let rest = digits(2), rest < 60 else { return nil }
                seconds += rest
            }
        } else if hasColon {
            return nil
        }
        return sign == UInt8(ascii: "-") ? -seconds : seconds
    }
}
