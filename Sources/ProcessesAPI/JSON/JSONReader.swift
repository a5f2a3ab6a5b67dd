/// Why a text is not JSON that we read.
struct JSONError: Error, Equatable {
    /// Where it went wrong, in bytes.
    var offset: Int
    var isTooDeep: Bool = false
}

/// Walks once over a JSON text and hands out only what is asked for.
///
/// A reader of our own, because the API's answers need three things of it: a null or a wrong type
/// in any place must cost only that field, parts (`meta`, `details`) are kept as they were
/// received, and a tree of 16 MiB is counted without a value for each of its nodes. Nesting is
/// counted and skipping doesn't recurse, so no text can exhaust the stack.
///
/// The grammar is RFC 8259 with two liberties that keep a run's id readable: bytes that aren't
/// UTF-8 become U+FFFD, and control characters inside strings are taken as they are.
struct JSONReader {
    /// What a value is, judged by its first byte.
    enum Kind {
        case object, array, string, number, bool, null
    }

    let bytes: [UInt8]
    private(set) var position = 0
    private var depth = 0

    /// The deepest nesting that is read.
    static let depthMax = 1_000

    /// Stands before the first value of the text, after a byte order mark if there is one.
    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    /// The kind of the next value.
    mutating func peek() throws(JSONError) -> Kind {
        skipWhitespace()
        guard position < bytes.count else { throw failure() }
        switch bytes[position] {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        default: throw failure()
        }
    }

    /// Only white space may follow.
    mutating func expectEnd() throws(JSONError) {
        skipWhitespace()
        guard position == bytes.count else { throw failure() }
    }

    /// Reads an object; `field` must consume the value of each key.
    ///
    /// A value of another kind is skipped.
    ///
    /// - Returns: Whether there was an object.
    @discardableResult
    mutating func object(
        _ field: (inout JSONReader, String) throws(JSONError) -> Void
    ) throws(JSONError) -> Bool {
        guard try peek() == .object else {
            try skip()
            return false
        }
        try enter()
        if try closes(with: UInt8(ascii: "}")) { return true }
        repeat {
            let key = try key()
            try field(&self, key)
        } while try continues(until: UInt8(ascii: "}"))
        return true
    }

    /// Reads an array; `element` must consume each value.
    ///
    /// A value of another kind is skipped.
    ///
    /// - Returns: Whether there was an array.
    @discardableResult
    mutating func array(
        _ element: (inout JSONReader) throws(JSONError) -> Void
    ) throws(JSONError) -> Bool {
        guard try peek() == .array else {
            try skip()
            return false
        }
        try enter()
        if try closes(with: UInt8(ascii: "]")) { return true }
        repeat {
            try element(&self)
        } while try continues(until: UInt8(ascii: "]"))
        return true
    }

    /// Reads a string; nil for a value of another kind, which is skipped.
    mutating func string() throws(JSONError) -> String? {
        guard try peek() == .string else {
            try skip()
            return nil
        }
        return try text()
    }

    /// Reads a boolean; nil for a value of another kind, which is skipped.
    mutating func bool() throws(JSONError) -> Bool? {
        let kind = try peek()
        let first = bytes[position]
        try skip()
        return kind == .bool ? first == UInt8(ascii: "t") : nil
    }

    /// Reads a whole number that fits; nil for anything else, which is skipped.
    mutating func integer() throws(JSONError) -> Int64? {
        guard try peek() == .number else {
            try skip()
            return nil
        }
        let start = position
        try skip()
        let literal = String(decoding: bytes[start..<position], as: UTF8.self)
        return Int64(literal) ?? Double(literal).flatMap(Int64.init(exactly:))
    }

    /// Reads any value and returns its text as it was received; nil for null.
    mutating func rawText() throws(JSONError) -> String? {
        let kind = try peek()
        let start = position
        try skip()
        return kind == .null ? nil : String(decoding: bytes[start..<position], as: UTF8.self)
    }
}

// MARK: - Skipping

extension JSONReader {
    /// Checks and passes over the next value, without recursion.
    mutating func skip() throws(JSONError) {
        var open: [UInt8] = []
        while true {
            let kind = try peek()
            switch kind {
            case .object, .array:
                let close = kind == .object ? UInt8(ascii: "}") : UInt8(ascii: "]")
                guard depth + open.count < Self.depthMax else { throw tooDeep() }
                position += 1
                skipWhitespace()
                guard position < bytes.count, bytes[position] == close else {
                    open.append(close)
                    if kind == .object { try skipKey() }
                    continue
                }
                position += 1
            case .string: try skipString()
            case .number: try skipNumber()
            case .bool, .null: try skipWord()
            }
            guard try nextAfterValue(&open) else { return }
        }
    }

    /// Behind a value: passes closing brackets and a comma; false when the outermost value ended.
    private mutating func nextAfterValue(_ open: inout [UInt8]) throws(JSONError) -> Bool {
        while let close = open.last {
            skipWhitespace()
            guard position < bytes.count else { throw failure() }
            if bytes[position] == close {
                position += 1
                open.removeLast()
            } else if bytes[position] == UInt8(ascii: ",") {
                position += 1
                if close == UInt8(ascii: "}") { try skipKey() }
                return true
            } else {
                throw failure()
            }
        }
        return false
    }

    private mutating func skipKey() throws(JSONError) {
        skipWhitespace()
        try skipString()
        try expect(UInt8(ascii: ":"))
    }

    private mutating func skipString() throws(JSONError) {
        try expect(UInt8(ascii: "\""))
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\"") { return }
            if byte == UInt8(ascii: "\\") {
                guard position < bytes.count else { throw failure() }
                let escape = bytes[position]
                position += 1
                if escape == UInt8(ascii: "u") {
                    _ = try hexQuad()
                } else if Self.unescaped(escape) == nil {
                    throw failure()
                }
            }
        }
        throw failure()
    }

    private mutating func skipNumber() throws(JSONError) {
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        let first = position
        let digits = skipDigits()
        let hasLeadingZero = digits > 1 && bytes[first] == UInt8(ascii: "0")
        guard digits > 0, !hasLeadingZero else { throw failure() }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            guard skipDigits() > 0 else { throw failure() }
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < bytes.count,
                bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-")
            {
                position += 1
            }
            guard skipDigits() > 0 else { throw failure() }
        }
    }

    private mutating func skipDigits() -> Int {
        let start = position
        while position < bytes.count,
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position])
        {
            position += 1
        }
        return position - start
    }

    private mutating func skipWord() throws(JSONError) {
        for word: StaticString in ["true", "false", "null"] {
            let length = word.utf8CodeUnitCount
            if bytes.count - position >= length,
                String(decoding: bytes[position..<position + length], as: UTF8.self)
                    == word.description
            {
                position += length
                return
            }
        }
        throw failure()
    }
}

// MARK: - Parts

extension JSONReader {
    private func failure() -> JSONError { JSONError(offset: position) }
    private func tooDeep() -> JSONError { JSONError(offset: position, isTooDeep: true) }

    private mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private mutating func expect(_ byte: UInt8) throws(JSONError) {
        skipWhitespace()
        guard position < bytes.count, bytes[position] == byte else { throw failure() }
        position += 1
    }

    private mutating func enter() throws(JSONError) {
        guard depth < Self.depthMax else { throw tooDeep() }
        depth += 1
        position += 1
    }

    private mutating func closes(with close: UInt8) throws(JSONError) -> Bool {
        skipWhitespace()
        guard position < bytes.count else { throw failure() }
        guard bytes[position] == close else { return false }
        position += 1
        depth -= 1
        return true
    }

    private mutating func continues(until close: UInt8) throws(JSONError) -> Bool {
        if try closes(with: close) { return false }
        try expect(UInt8(ascii: ","))
        return true
    }

    private mutating func key() throws(JSONError) -> String {
        skipWhitespace()
        let key = try text()
        try expect(UInt8(ascii: ":"))
        return key
    }

    /// The string that begins here.
    private mutating func text() throws(JSONError) -> String {
        let start = position
        try skipString()
        let content = bytes[(start + 1)..<(position - 1)]
        guard content.contains(UInt8(ascii: "\\")) else {
            return String(decoding: content, as: UTF8.self)
        }
        let end = position
        position = start + 1
        var plain: [UInt8] = []
        plain.reserveCapacity(content.count)
        while position < end - 1 {
            let byte = bytes[position]
            position += 1
            guard byte == UInt8(ascii: "\\") else {
                plain.append(byte)
                continue
            }
            let escape = bytes[position]
            position += 1
            if escape == UInt8(ascii: "u") {
                plain.append(contentsOf: Array(String(try escapedScalar()).utf8))
            } else if let byte = Self.unescaped(escape) {
                plain.append(byte)
            }
        }
        position = end
        return String(decoding: plain, as: UTF8.self)
    }

    /// The scalar behind `\u`, with its low surrogate; U+FFFD for a surrogate that stands alone.
    private mutating func escapedScalar() throws(JSONError) -> Character {
        let high = try hexQuad()
        if let scalar = Unicode.Scalar(high) { return Character(scalar) }
        let afterHigh = position
        if (0xD800..<0xDC00).contains(high), position + 1 < bytes.count,
            bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u")
        {
            position += 2
            let low = try hexQuad()
            if (0xDC00..<0xE000).contains(low) {
                let value = 0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)
                return Unicode.Scalar(value).map(Character.init) ?? "\u{FFFD}"
            }
            position = afterHigh
        }
        return "\u{FFFD}"
    }

    private mutating func hexQuad() throws(JSONError) -> UInt32 {
        guard bytes.count - position >= 4 else { throw failure() }
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Self.hexDigit(bytes[position]) else { throw failure() }
            value = value << 4 | digit
            position += 1
        }
        return value
    }

    private static func hexDigit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }

    private static func unescaped(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): byte
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }
}
