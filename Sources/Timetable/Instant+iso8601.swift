extension Instant {
    /// The instant in UTC, `2026-03-08T07:00:00Z`, with milliseconds only where there are any.
    package var iso8601: String { text(offsetSeconds: 0, isUTC: true) }

    /// The instant on a clock with the given offset, `2026-03-08T02:00:00-05:00`.
    ///
    /// Offsets of the time before standard zones have seconds; they are written `-04:56:02`.
    package func iso8601(offsetSeconds: Int) -> String {
        text(offsetSeconds: offsetSeconds) + Instant.offsetText(offsetSeconds)
    }

    /// An offset as `+05:30`, with seconds only where there are any.
    package static func offsetText(_ offsetSeconds: Int) -> String {
        let size = abs(offsetSeconds)
        return (offsetSeconds < 0 ? "-" : "+") + timeOfDayText(size)
    }

    private func text(offsetSeconds: Int, isUTC: Bool = false) -> String {
        let local = LocalDateTime(localSeconds: seconds + Int64(offsetSeconds))
        let remainder = Int(milliseconds % 1000)
        let thousandths = remainder < 0 ? remainder + 1000 : remainder
        var text = ASCIIText()
        text.append(local)
        if thousandths != 0 {
            text.append(UInt8(ascii: "."))
            text.append(thousandths, digits: 3)
        }
        if isUTC { text.append(UInt8(ascii: "Z")) }
        return text.string
    }

    /// Parses `2026-03-08T07:00:00Z` with a required offset; seconds and a fraction may be absent.
    package init?(iso8601 text: String) {
        var reader = DigitReader(text)
        guard let date = reader.date(),
            reader.take(anyOf: [UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: " ")]) != nil,
            let time = reader.secondOfDay(),
            let fraction = reader.fraction(),
            let offset = reader.offset(), reader.isAtEnd
        else { return nil }
        // Four-digit years: nothing here can overflow.
        let local = LocalDateTime(date: date, secondOfDay: time).localSeconds
        milliseconds = (local - Int64(offset)) * 1000 + Int64(fraction)
    }
}

/// Collects ASCII bytes and makes a string of them at once: several times faster than joining.
struct ASCIIText {
    private var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(32) }

    /// The text.
    var string: String { String(decoding: bytes, as: UTF8.self) }

    mutating func append(_ byte: UInt8) { bytes.append(byte) }

    /// Appends a number that is not negative, filled with zeros to at least `digits` digits.
    mutating func append(_ number: Int, digits: Int) {
        var divisor = 1
        for _ in 1..<digits { divisor *= 10 }
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
    }

    /// Appends `2026-03-08T02:30:00`.
    mutating func append(_ time: LocalDateTime) {
        append(time.date)
        append(UInt8(ascii: "T"))
        append(time.hour, digits: 2)
        append(UInt8(ascii: ":"))
        append(time.minute, digits: 2)
        append(UInt8(ascii: ":"))
        append(time.second, digits: 2)
    }

    /// Appends `2026-03-08`.
    mutating func append(_ date: CivilDate) {
        if date.year < 0 { append(UInt8(ascii: "-")) }
        append(abs(date.year), digits: 4)
        append(UInt8(ascii: "-"))
        append(date.month, digits: 2)
        append(UInt8(ascii: "-"))
        append(date.day, digits: 2)
    }
}
