/// What the words of an error message say about waiting and about limits.
///
/// The documented form is "Rate limit of 1000 per 60 seconds exceeded for listJobs requests. Retry
/// request in 10 seconds."; its cousins in other APIs are understood too ("Please try again in
/// 20s"). A wait needs the word, a preposition, a number and a unit in this order, with nothing
/// but harmless words between; everything else is not guessed.
struct MessageHint {
    /// The longest wait that is asked for.
    private(set) var delayMilliseconds: Int64?
    /// What the limit is about, as written: `listJobs`.
    private(set) var operation: String?
    /// The limit that was exceeded.
    private(set) var limit: LearnedLimit?

    private let tokens: [Token]

    /// Only so many characters of a message are read.
    private static let scalarsMax = 8_192

    /// Reads a message.
    init(_ message: String) {
        tokens = Self.tokens(of: message)
        operation = readOperation()
        for index in tokens.indices {
            if let wait = waitMilliseconds(at: index) {
                delayMilliseconds = max(delayMilliseconds ?? 0, wait)
            }
            limit = limit ?? readLimit(at: index)
        }
    }

    private static let fillers: Set<String> = [
        "request", "requests", "your", "the", "this", "that", "it", "again", "operation", "call",
        "later", "please", "same", "query", "job", "only", "once", "more",
    ]
    private static let hedges: Set<String> = ["about", "approximately", "at", "least", "another"]
    private static let nobody: Set<String> = [
        "all", "any", "your", "the", "this", "these", "those", "such", "api", "more", "http",
    ]

    /// Milliseconds of a unit's word.
    private static func unit(_ word: String) -> Int64? {
        switch word {
        case "ms", "msec", "msecs", "millisecond", "milliseconds": 1
        case "s", "sec", "secs", "second", "seconds": 1_000
        case "m", "min", "mins", "minute", "minutes": 60_000
        case "h", "hr", "hrs", "hour", "hours": 3_600_000
        case "d", "day", "days": 86_400_000
        default: nil
        }
    }
}

// MARK: - Waits and limits

extension MessageHint {
    /// "retry … in N unit", "try again after N unit", "wait for N unit", beginning at a token.
    private func waitMilliseconds(at start: Int) -> Int64? {
        var next: Int
        switch word(at: start) {
        case "retry", "try":
            next = start + 1
            while let word = word(at: next), Self.fillers.contains(word), next - start <= 5 {
                next += 1
            }
            guard let preposition = word(at: next), preposition == "in" || preposition == "after"
            else { return nil }
            next += 1
        case "wait":
            next = start + 1
            if word(at: next) == "for" { next += 1 }
        default: return nil
        }
        while let word = word(at: next), Self.hedges.contains(word) { next += 1 }
        return duration(at: &next)
    }

    /// A number and its unit, and further ones of smaller units: "1m30s", "1 hour and 5 minutes".
    private func duration(at next: inout Int) -> Int64? {
        var sum: Int64?
        var smallest = Int64.max
        while case .number(let text)? = token(at: next), let unitWord = word(at: next + 1),
            let unit = Self.unit(unitWord), unit < smallest,
            text.utf8.prefix(while: ASCII.isDigit).count <= 10,
            let part = Decimal.scaled(Substring(text), by: unit)
        {
            // Each part saturates at the longest hint, so that few parts can't overflow.
            sum = min((sum ?? 0) + part, RetryHint.delaySecondsMax * 1000)
            smallest = unit
            next += 2
            if word(at: next) == "and", case .number? = token(at: next + 1) { next += 1 }
        }
        return sum
    }

    /// "limit of 1000 [requests] per [60] seconds", beginning at a token.
    private func readLimit(at start: Int) -> LearnedLimit? {
        guard word(at: start) == "limit" else { return nil }
        var next = start + 1
        if word(at: next) == "of" || word(at: next) == "is" { next += 1 }
        guard case .number(let count)? = token(at: next), let requests = Int(count), requests > 0,
            count.utf8.count <= 10
        else { return nil }
        next += 1
        if let word = word(at: next), ["requests", "request", "calls"].contains(word) { next += 1 }
        guard word(at: next) == "per" || word(at: next) == "every" else { return nil }
        next += 1
        var windowText = "1"
        if case .number(let text)? = token(at: next) {
            windowText = text
            next += 1
        }
        guard let unit = word(at: next).flatMap(Self.unit), windowText.utf8.count <= 10,
            let milliseconds = Decimal.scaled(Substring(windowText), by: unit), milliseconds > 0
        else { return nil }
        return LearnedLimit(
            requests: requests, windowSeconds: (milliseconds + 999) / 1000, operation: operation)
    }

    /// The word between "for" and "requests".
    private func readOperation() -> String? {
        for index in tokens.indices where word(at: index) == "for" {
            guard case .word(let name)? = token(at: index + 1), let after = word(at: index + 2),
                after == "requests" || after == "request",
                !Self.nobody.contains(ASCII.lowercased(name))
            else { continue }
            return name
        }
        return nil
    }
}

// MARK: - Tokens

extension MessageHint {
    private enum Token {
        case word(String)
        case number(String)
        /// Punctuation, which ends every phrase.
        case mark
    }

    private func token(at index: Int) -> Token? {
        tokens.indices.contains(index) ? tokens[index] : nil
    }

    /// The word at an index, in lower case.
    private func word(at index: Int) -> String? {
        guard case .word(let word)? = token(at: index) else { return nil }
        return ASCII.lowercased(word)
    }

    /// Words of letters and digits, numbers with at most one point inside, marks.
    private static func tokens(of message: String) -> [Token] {
        var plain = String.UnicodeScalarView()
        // No-break and thin spaces separate words like any other.
        for scalar in message.unicodeScalars.prefix(scalarsMax) {
            plain.append(scalar.properties.isWhitespace ? " " : scalar)
        }
        let bytes = Array(String(plain).utf8)
        var tokens: [Token] = []
        var index = 0
        while index < bytes.count {
            let start = index
            let byte = bytes[index]
            if ASCII.isDigit(byte) {
                index = endOfNumber(in: bytes, from: index)
                tokens.append(.number(String(decoding: bytes[start..<index], as: UTF8.self)))
            } else if isWordByte(byte) {
                while index < bytes.count, isWordByte(bytes[index]) || ASCII.isDigit(bytes[index]) {
                    index += 1
                    // Units may carry the next number: "1m30s".
                    if index < bytes.count, ASCII.isDigit(bytes[index]),
                        unit(
                            ASCII.lowercased(String(decoding: bytes[start..<index], as: UTF8.self)))
                            != nil
                    {
                        break
                    }
                }
                tokens.append(.word(String(decoding: bytes[start..<index], as: UTF8.self)))
            } else {
                index += 1
                if !isSpace(byte) { tokens.append(.mark) }
            }
        }
        return tokens
    }

    private static func endOfNumber(in bytes: [UInt8], from start: Int) -> Int {
        var index = start
        while index < bytes.count, ASCII.isDigit(bytes[index]) { index += 1 }
        if index + 1 < bytes.count, bytes[index] == UInt8(ascii: "."),
            ASCII.isDigit(bytes[index + 1])
        {
            index += 1
            while index < bytes.count, ASCII.isDigit(bytes[index]) { index += 1 }
        }
        return index
    }

    /// Letters, the underscore, and every byte of a non-ASCII character.
    private static func isWordByte(_ byte: UInt8) -> Bool {
        ASCII.isLetter(byte) || byte == UInt8(ascii: "_") || byte >= 0x80
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte)
    }
}
