import Console

/// Where every key and value of a TOML text stands.
///
/// TOMLKit's nodes carry no positions, so this scan of the same text supplies them. It checks
/// nothing that TOMLKit checks, but must never trap or hang, whatever it is given. The one thing it
/// does look for is text that toml++ 3.4 can't bear (`hazard`).
struct TOMLPositions {
    /// What the scan knows of one path.
    struct Place {
        var keyLine: Int
        var keyColumn: Int
        var valueLine: Int
        var valueColumn: Int
        /// The value's text as written, empty for tables and array-of-table elements.
        var raw = ""
    }

    /// Text that must not reach toml++: where, where it begins in bytes, and what is wrong.
    struct Hazard {
        var place: Place
        var offset: Int
        var message: String
    }

    /// Places by path; tables are at their header, or at the first key that implies them.
    private(set) var places: [ConfigPath: Place] = [:]
    /// The first place that TOMLKit must not be shown.
    ///
    /// toml++ 3.4 checks some things by an assertion instead of an error: `[=]` (a header without a
    /// key), `[ } ]` (an array's element that is no value) and `2026-12-25Tx` end the process in a
    /// debug build and are undefined behaviour in a release build. Found by fuzzing.
    private(set) var hazard: Hazard?
    /// Whether a string holds an escaped NUL, which would cut the value short in TOMLKit.
    private(set) var hasEscapedNUL = false

    private let bytes: [UInt8]
    private var index = 0
    private var line = 1
    private var column = 1
    private var depth = 0
    /// toml++ refuses deeper nesting; the scan must not run out of stack before.
    private static let depthMax = 260
    private var elementCounts: [ConfigPath: Int] = [:]

    /// Scans the text.
    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
        scanDocument()
    }

    private mutating func scanDocument() {
        var table = ConfigPath()
        while true {
            skipBlanks(newlines: true)
            guard let byte = current else { return }
            let start = index
            if byte == UInt8(ascii: "[") {
                table = scanHeader()
            } else {
                scanKeyValue(in: table)
            }
            // Accepted text always moves on; anything else is stepped over.
            if index == start { advance() }
        }
    }

    private mutating func scanHeader() -> ConfigPath {
        let place = here
        let offset = index
        advance()
        skipBlanks(newlines: false)
        let isElement = current == UInt8(ascii: "[")
        if isElement {
            advance()
            skipBlanks(newlines: false)
        }
        if hazard == nil, let byte = current, !Self.canFollowBracket(byte) {
            hazard = Hazard(
                place: place, offset: offset, message: "a table's header needs a name, [name]")
        }
        let keys = scanKeys()
        skipBlanks(newlines: false)
        while current == UInt8(ascii: "]") { advance() }
        var path = ConfigPath()
        for (number, key) in keys.enumerated() {
            path = path.appending(key)
            let isLast = number == keys.count - 1
            if isLast, isElement {
                let element = elementCounts[path, default: 0]
                elementCounts[path] = element + 1
                remember(path, place)
                path = path.appending(index: element)
            } else if let count = elementCounts[path] {
                remember(path, place)
                path = path.appending(index: count - 1)
            }
            // `[a]` after `[a.b]` is the better place for `a` than the header that implied it.
            if isLast { places[path] = place } else { remember(path, place) }
        }
        return path
    }

    private static func canFollowBracket(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
            UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "]"):
            true
        default: false
        }
    }

    private mutating func scanKeyValue(in table: ConfigPath) {
        let place = here
        var path = table
        let keys = scanKeys()
        for (number, key) in keys.enumerated() {
            path = path.appending(key)
            if number < keys.count - 1 { remember(path, place) }
        }
        skipBlanks(newlines: false)
        guard current == UInt8(ascii: "=") else { return }
        advance()
        skipBlanks(newlines: false)
        scanValue(path, key: place)
    }

    private mutating func scanValue(_ path: ConfigPath, key: Place) {
        let start = index
        var place = key
        place.valueLine = line
        place.valueColumn = column
        depth += 1
        switch current {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): _ = scanString()
        case UInt8(ascii: "[") where depth < Self.depthMax: scanArray(path)
        case UInt8(ascii: "{") where depth < Self.depthMax: scanInlineTable(path)
        default:
            scanScalar()
            refuseScalar(bytes[start..<index], path, place, start)
        }
        depth -= 1
        place.raw = text(from: start)
        places[path] = place
    }

    private mutating func scanArray(_ path: ConfigPath) {
        advance()
        var element = 0
        while true {
            skipBlanks(newlines: true)
            guard let byte = current else { return }
            if byte == UInt8(ascii: "]") { return advance() }
            if byte == UInt8(ascii: ",") {
                advance()
                continue
            }
            let start = index
            if hazard == nil, byte == UInt8(ascii: "}") || byte >= 0x80 {
                hazard = Hazard(
                    place: here, offset: start, message: "expected a value or the array's end")
            }
            scanValue(path.appending(index: element), key: here)
            element += 1
            if index == start { advance() }
        }
    }

    private mutating func scanInlineTable(_ path: ConfigPath) {
        advance()
        var comma: (place: Place, offset: Int)?
        while true {
            skipBlanks(newlines: false)
            guard let byte = current else { return }
            switch byte {
            case 0x0A, 0x0D, UInt8(ascii: "#"):
                // TOML 1.1 allows both, and editors and other tools write them.
                refuse(
                    here, index,
                    "an inline table, { … }, must stand on one line; write it on one, or its keys "
                        + "below a header, [\(path)]")
                skipBlanks(newlines: true)
            case UInt8(ascii: "}"):
                if let comma {
                    refuse(
                        comma.place, comma.offset,
                        "no comma may stand before the } of an inline table; take it out")
                }
                return advance()
            case UInt8(ascii: ","):
                comma = (here, index)
                advance()
            default:
                comma = nil
                let start = index
                scanKeyValue(in: path)
                if index == start { advance() }
            }
        }
    }

    /// Notes the first text that is not to be shown to toml++.
    private mutating func refuse(_ place: Place, _ offset: Int, _ message: String) {
        guard hazard == nil else { return }
        hazard = Hazard(place: place, offset: offset, message: message)
    }

    private mutating func refuseScalar(
        _ text: ArraySlice<UInt8>, _ path: ConfigPath, _ place: Place, _ start: Int
    ) {
        // An empty one (`a = ` and the line's end) is an error that toml++ words well.
        guard !text.isEmpty, !TOMLScalar.isValid(text) else { return }
        var found = place
        found.keyLine = place.valueLine
        found.keyColumn = place.valueColumn
        let word = String(decoding: text, as: UTF8.self)
        let shown =
            Withheld.isSecret(path)
            ? "" : " (\(Printable.escaped(Withheld.withoutLogin(word), limit: 40)))"
        refuse(found, start, "not a value\(shown); \(TOMLScalar.advice(word))")
    }

    /// Numbers, booleans, dates: up to a delimiter, without trailing blanks.
    private mutating func scanScalar() {
        let stops: Set<UInt8> = [0x0A, 0x0D, 0x23, 0x2C, 0x5D, 0x7D]
        var end = index
        var probe = index
        while probe < bytes.count, !stops.contains(bytes[probe]) {
            probe += 1
            if bytes[probe - 1] != 0x20, bytes[probe - 1] != 0x09 { end = probe }
        }
        while index < end { advance() }
    }

    private mutating func scanKeys() -> [String] {
        var keys: [String] = []
        while true {
            skipBlanks(newlines: false)
            if current == UInt8(ascii: "\"") || current == UInt8(ascii: "'") {
                keys.append(scanString())
            } else {
                let start = index
                let stops: Set<UInt8> = [
                    0x20, 0x09, 0x0A, 0x0D, 0x2E, 0x3D, 0x5D, 0x5B, 0x23, 0x2C, 0x7D,
                ]
                while let byte = current, !stops.contains(byte) { advance() }
                keys.append(text(from: start))
            }
            skipBlanks(newlines: false)
            guard current == UInt8(ascii: ".") else { return keys }
            advance()
        }
    }
}

extension TOMLPositions {
    /// Steps over a string of any of the four kinds and returns its content.
    private mutating func scanString() -> String {
        guard let quote = current else { return "" }
        let isBasic = quote == UInt8(ascii: "\"")
        let isMultiline = byte(at: 1) == quote && byte(at: 2) == quote
        for _ in 0..<(isMultiline ? 3 : 1) { advance() }
        var content: [UInt8] = []
        while let byte = current {
            if byte == quote, !isMultiline {
                advance()
                break
            }
            if byte == quote, self.byte(at: 1) == quote, self.byte(at: 2) == quote {
                // Up to two quotes may stand right before the closing three.
                while current == quote { advance() }
                break
            }
            if isBasic, byte == UInt8(ascii: "\\") {
                content += scanEscape()
            } else {
                content.append(byte)
                advance()
            }
        }
        return String(decoding: content, as: UTF8.self)
    }

    private mutating func scanEscape() -> [UInt8] {
        advance()
        guard let letter = current else { return [] }
        advance()
        switch letter {
        case UInt8(ascii: "b"): return [8]
        case UInt8(ascii: "t"): return [9]
        case UInt8(ascii: "n"): return [10]
        case UInt8(ascii: "f"): return [12]
        case UInt8(ascii: "r"): return [13]
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            let start = index
            for _ in 0..<(letter == UInt8(ascii: "u") ? 4 : 8) where current != nil { advance() }
            let code = UInt32(text(from: start), radix: 16) ?? 0xFFFD
            if code == 0 { hasEscapedNUL = true }
            return Array(String(Unicode.Scalar(code) ?? "\u{FFFD}").utf8)
        default: return [letter]
        }
    }

    private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    private func byte(at offset: Int) -> UInt8? {
        index + offset < bytes.count ? bytes[index + offset] : nil
    }

    private var here: Place {
        Place(keyLine: line, keyColumn: column, valueLine: line, valueColumn: column)
    }

    private func text(from start: Int) -> String {
        String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func remember(_ path: ConfigPath, _ place: Place) {
        if places[path] == nil { places[path] = place }
    }

    private mutating func advance() {
        guard index < bytes.count else { return }
        let byte = bytes[index]
        index += 1
        if byte == 0x0A {
            line += 1
            column = 1
        } else if index < bytes.count, bytes[index] & 0xC0 == 0x80 {
            // Inside a scalar of several bytes: one column in all.
        } else {
            column += 1
        }
    }

    private mutating func skipBlanks(newlines: Bool) {
        while let byte = current {
            switch byte {
            case 0x20, 0x09: advance()
            case 0x0A, 0x0D:
                guard newlines else { return }
                advance()
            case UInt8(ascii: "#"):
                guard newlines else { return }
                while let next = current, next != 0x0A {
                    _ = next
                    advance()
                }
            default: return
            }
        }
    }
}
