package import Timetable

/// Reads from an answer how long its sender wants to be left alone.
///
/// The result is the largest of all valid candidates, so never sooner than any channel asked:
/// every `Retry-After` (delay or date, several lines or joined by commas), the `retry-after-ms`
/// kind, an exhausted `RateLimit`, and the message. Malformed candidates are none, not zero; past
/// dates are zero, and zero is no hint. `RateLimit` is silent beside a `Retry-After`, as its draft demands.
extension RetryHint {
    /// The hint of an answer; nil if no channel asks for anything.
    ///
    /// - Parameters:
    ///   - headers: The answer's header fields, in any case.
    ///   - message: The text for people in the answer's body.
    ///   - now: Our wall clock, used for dates only if the answer has no readable `Date`.
    /// - Returns: The largest of all candidates.
    package static func parsing(
        headers: [(name: String, value: String)], message: String?, now: Instant
    ) -> RetryHint? {
        let sent = serverDate(headers: headers, now: now) ?? now
        let retryAfter = values(of: "retry-after", in: headers)
            .compactMap { RetryAfterField.milliseconds($0, sentSeconds: sent.seconds) }
        let inMilliseconds =
            millisecondFields
            .flatMap { values(of: $0, in: headers) }
            .compactMap { RetryAfterField.millisecondsField($0) }
        var candidates = retryAfter + inMilliseconds
        if retryAfter.isEmpty {
            let lists = values(of: "ratelimit", in: headers)
            candidates += RateLimitField.exhaustedMilliseconds(lists).map { [$0] } ?? []
        }
        let words = message.map(MessageHint.init)
        candidates += words?.delayMilliseconds.map { [$0] } ?? []
        // A wish for nothing is none: obeyed, it would be a loop without a pause.
        guard let longest = candidates.max(), longest > 0 else { return nil }
        return RetryHint(delayMilliseconds: longest, operation: words?.operation)
    }

    /// The instant of an answer's `Date` header, if it has a readable one.
    package static func serverDate(
        headers: [(name: String, value: String)], now: Instant
    ) -> Instant? {
        for value in values(of: "date", in: headers) {
            if let seconds = HTTPDate.parse(value, now: now.seconds) {
                return Instant(seconds: seconds)
            }
        }
        return nil
    }

    /// Fields in milliseconds that Azure, OpenAI and their followers send.
    private static let millisecondFields = [
        "retry-after-ms", "x-ms-retry-after-ms", "x-retry-after-ms",
    ]

    private static func values(
        of name: String, in headers: [(name: String, value: String)]
    ) -> [Substring] {
        headers
            .filter { ASCII.lowercased(String(ASCII.trimmed(Substring($0.name)))) == name }
            .map { ASCII.trimmed(Substring($0.value)) }
    }
}

/// The value of one `Retry-After` line.
enum RetryAfterField {
    /// The longest delay the value asks for, in milliseconds; nil if it asks for none.
    static func milliseconds(_ value: Substring, sentSeconds: Int64) -> Int64? {
        candidates(value, scale: 1000) { text in
            HTTPDate.parse(text, now: sentSeconds).map { date in
                min(max(date - sentSeconds, 0), RetryHint.delaySecondsMax) * 1000
            }
        }
    }

    /// The same for a field that is defined in milliseconds, and knows no dates.
    static func millisecondsField(_ value: Substring) -> Int64? {
        candidates(value, scale: 1) { _ in nil }
    }

    /// Tries the whole value, then its parts: some proxies join lines by commas, and the dates of
    /// two of the three forms have a comma of their own.
    private static func candidates(
        _ value: Substring, scale: Int64, date: (Substring) -> Int64?
    ) -> Int64? {
        if let whole = Decimal.scaled(value, by: scale) ?? date(value) { return whole }
        let parts = value.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count > 1 else { return nil }
        var found: [Int64] = []
        for (index, part) in parts.enumerated() {
            if let single = Decimal.scaled(ASCII.trimmed(part), by: scale)
                ?? date(ASCII.trimmed(part))
            {
                found.append(single)
            } else if index + 1 < parts.count {
                let pair = value[part.startIndex..<parts[index + 1].endIndex]
                found += date(ASCII.trimmed(pair)).map { [$0] } ?? []
            }
        }
        return found.max()
    }
}

/// Unsigned decimal numbers such as `7`, `007`, `0.493`.
///
/// No sign, exponent, unit or bare point.
enum Decimal {
    /// The number times `scale`, rounded up to a whole one and saturated at the longest hint.
    ///
    /// `scale` is at most the milliseconds of a day.
    static func scaled(_ text: Substring, by scale: Int64) -> Int64? {
        let parts = text.utf8.split(
            separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, !whole.isEmpty, whole.allSatisfy(ASCII.isDigit) else {
            return nil
        }
        let limit = RetryHint.delaySecondsMax * 1000
        var value: Int64 = 0
        for byte in whole {
            value = min(value * 10 + Int64(byte - UInt8(ascii: "0")), limit)
        }
        let (product, overflow) = value.multipliedReportingOverflow(by: scale)
        value = overflow ? limit : min(product, limit)
        guard parts.count == 2 else { return value }
        let fraction = parts[1]
        guard !fraction.isEmpty, fraction.allSatisfy(ASCII.isDigit) else { return nil }
        return min(value + fractionScaled(Array(fraction), by: scale), limit)
    }

    /// `0.fraction × scale`, rounded up; what nine digits don't hold counts as one more.
    private static func fractionScaled(_ fraction: [UInt8], by scale: Int64) -> Int64 {
        var numerator: Int64 = 0
        var denominator: Int64 = 1
        for byte in fraction.prefix(9) {
            numerator = numerator * 10 + Int64(byte - UInt8(ascii: "0"))
            denominator *= 10
        }
        if fraction.dropFirst(9).contains(where: { $0 != UInt8(ascii: "0") }) { numerator += 1 }
        return (numerator * scale + denominator - 1) / denominator
    }
}
