extension Instant {
    /// The instant in UTC, `2026-03-08T07:00:00Z`, with milliseconds only where there are any.
    package var iso8601: String { text(offsetSeconds: 0) + "Z" }

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

    private func text(offsetSeconds: Int) -> String {
        let local = LocalDateTime(localSeconds: seconds + Int64(offsetSeconds))
        let remainder = Int(milliseconds % 1000)
        let thousandths = remainder < 0 ? remainder + 1000 : remainder
        return thousandths == 0 ? local.iso8601 : local.iso8601 + "." + padded(thousandths, 3)
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
