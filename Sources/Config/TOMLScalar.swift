/// The grammar of TOML 1.0 for values that are no strings, arrays or tables.
///
/// TOMLKit's toml++ 3.4 parses these too, but meets some wrong ones with an assertion, which ends
/// the process (`2026-12-25Tx`); so only right ones may reach it.
enum TOMLScalar {
    /// Whether the text is a boolean, number, date or time.
    static func isValid(_ text: ArraySlice<UInt8>) -> Bool {
        switch String(decoding: text, as: UTF8.self) {
        case "true", "false", "inf", "+inf", "-inf", "nan", "+nan", "-nan": return true
        default: break
        }
        return isPrefixedInteger(text) || isNumber(text) || isDateOrTime(text)
    }

    /// What to write instead of a text that is no value.
    static func advice(_ text: String) -> String {
        let quotes = "a text needs quotes, \"…\""
        switch text.lowercased() {
        case "true", "yes", "on": return quotes + "; did you mean true?"
        case "false", "no", "off": return quotes + "; did you mean false?"
        case "null", "nil", "none", "~":
            return quotes + "; TOML has no null: leave the key out"
        default: break
        }
        let curved = "“”„‟«»‘’‚`´".unicodeScalars
        let isCurved = text.unicodeScalars.first.map(curved.contains) ?? false
        return isCurved ? quotes + ", and straight ones" : quotes
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    /// `0xff`, `0o7`, `0b1`, underscores between digits.
    private static func isPrefixedInteger(_ text: ArraySlice<UInt8>) -> Bool {
        guard text.count > 2, text.first == UInt8(ascii: "0") else { return false }
        let digits = text.dropFirst(2)
        switch text[text.startIndex + 1] {
        case UInt8(ascii: "x"):
            return areDigits(digits) { byte in
                isDigit(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
            }
        case UInt8(ascii: "o"): return areDigits(digits) { (0x30...0x37).contains($0) }
        case UInt8(ascii: "b"): return areDigits(digits) { $0 == 0x30 || $0 == 0x31 }
        default: return false
        }
    }

    /// `-17`, `3.14`, `6e-2`; no leading zeros in the whole part.
    private static func isNumber(_ text: ArraySlice<UInt8>) -> Bool {
        var rest = text
        if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest.removeFirst() }
        let whole = rest.prefix { isDigit($0) || $0 == UInt8(ascii: "_") }
        guard areDigits(whole, isDigit), whole.count == 1 || whole.first != UInt8(ascii: "0") else {
            return false
        }
        rest = rest[whole.endIndex...]
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            let fraction = rest.prefix { isDigit($0) || $0 == UInt8(ascii: "_") }
            guard areDigits(fraction, isDigit) else { return false }
            rest = rest[fraction.endIndex...]
        }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest.removeFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") {
                rest.removeFirst()
            }
            return areDigits(rest, isDigit)
        }
        return rest.isEmpty
    }

    /// At least one digit, underscores only between two of them.
    private static func areDigits(
        _ text: ArraySlice<UInt8>, _ isOne: (UInt8) -> Bool
    ) -> Bool {
        guard let first = text.first, let last = text.last, isOne(first), isOne(last) else {
            return false
        }
        var wasUnderscore = false
        for byte in text {
            let isUnderscore = byte == UInt8(ascii: "_")
            if isUnderscore ? wasUnderscore : !isOne(byte) { return false }
            wasUnderscore = isUnderscore
        }
        return true
    }

    /// `2026-12-25`, `05:30:00.5`, both with a `T` or a blank between, and an offset.
    private static func isDateOrTime(_ text: ArraySlice<UInt8>) -> Bool {
        var rest = text
        if fits(rest.prefix(10), "dddd-dd-dd") {
            rest = rest.dropFirst(10)
            if rest.isEmpty { return true }
            guard let mark = rest.popFirst(), [0x54, 0x74, 0x20].contains(mark) else {
                return false
            }
            guard let zone = afterTime(rest) else { return false }
            return zone.isEmpty || zone.elementsEqual([0x5A]) || zone.elementsEqual([0x7A])
                || fits(zone, "+dd:dd") || fits(zone, "-dd:dd")
        }
        return afterTime(rest)?.isEmpty ?? false
    }

    /// What follows a time of day; nil if there is none.
    private static func afterTime(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard fits(text.prefix(8), "dd:dd:dd") else { return nil }
        var rest = text.dropFirst(8)
        guard rest.first == UInt8(ascii: ".") else { return rest }
        rest.removeFirst()
        let fraction = rest.prefix(while: isDigit)
        // toml++ keeps nanoseconds; longer fractions are cut there.
        return fraction.isEmpty ? nil : rest[fraction.endIndex...]
    }

    /// Whether the text has the form, where `d` stands for a digit.
    private static func fits(_ text: ArraySlice<UInt8>, _ form: StaticString) -> Bool {
        let pattern = Array("\(form)".utf8)
        return text.count == pattern.count
            && zip(text, pattern).allSatisfy { byte, mark in
                mark == UInt8(ascii: "d") ? isDigit(byte) : byte == mark
            }
    }
}
