/// Parses one field of a cron expression.
struct CronFieldParser {
    let kind: CronFieldKind
    let dialect: CronDialect
    /// The schedule's name for `H`.
    let name: String?
    /// The whole expression; `position` moves from the field's start to its `end`.
    let bytes: [UInt8]
    var position: Int
    let end: Int
    private(set) var warnings: [String] = []

    init(
        kind: CronFieldKind, dialect: CronDialect, name: String?, bytes: [UInt8], range: Range<Int>
    ) {
        self.kind = kind
        self.dialect = dialect
        self.name = name
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    /// Parses the field to its end.
    mutating func parse() throws(CronError) -> CronField {
        var field = CronField(kind: kind)
        if kind == .weekday, peek == UInt8(ascii: "+") {
            try refuseInStrict("‘+’ for AND")
            position += 1
            field.needsBoth = true
        }
        let start = position
        field.isStar = peek == UInt8(ascii: "*") || peek == UInt8(ascii: "?")
        while true {
            field.items.append(try item(&field))
            if position == end { break }
            guard take(",") else { throw unexpected() }
        }
        if dialect == .strict, position - start != 1 {
            // OCPS 1.0 knows no star rule: a field is restricted unless it is exactly `*`.
            field.isStar = false
        }
        return field
    }

    /// Parses one element of the list.
    private mutating func item(_ field: inout CronField) throws(CronError) -> CronItem {
        let start = position
        guard let byte = peek else { throw error("a value is missing", at: start) }
        switch byte {
        case UInt8(ascii: ","):
            throw error("a value is missing before the comma", at: start)
        case UInt8(ascii: "*"):
            position += 1
            return .all(step: try optionalStep(from: kind.fullRange) ?? 1)
        case UInt8(ascii: "?"):
            guard kind == .dayOfMonth || kind == .weekday else {
                throw error("‘?’ is only allowed as a day", at: start)
            }
            try refuseInStrict("‘?’")
            position += 1
            return .all(step: 1)
        case UInt8(ascii: "~"):
            throw error("random values (‘~’) don't exist here; use H", at: start)
        case UInt8(ascii: "/"):
            throw error("a step needs ‘*’, a value or a range before the ‘/’", at: start)
        default:
            break
        }
        if isAlone(UInt8(ascii: "H")) {
            field.isHashed = true
            return try hashed()
        }
        if kind == .dayOfMonth, lowercase(byte) == UInt8(ascii: "l") {
            return try lastDay()
        }
        let value = try value()
        if let special = try special(value, start: start) { return special }
        return try span(from: value, start: start)
    }

    /// Parses what may follow a first value: `-b`, `/n`, or nothing.
    private mutating func span(from value: Int, start: Int) throws(CronError) -> CronItem {
        let first = kind == .weekday && value == 7 ? 0 : value
        guard take("-") else {
            let upper = kind.fullRange.upperBound
            guard peek == UInt8(ascii: "/") else {
                return .span(from: first, through: first, step: 1)
            }
            try refuseInStrict("a step after a single value (‘n/step’)")
            let step = try optionalStep(from: first...max(first, upper)) ?? 1
            if kind == .weekday {
                warnings.append(
                    "day of week: steps from a single day run to Saturday (6) here; other crons "
                        + "count Sunday as 7")
            }
            return .span(from: first, through: max(first, upper), step: step)
        }
        let through = try self.value()
        if peek == UInt8(ascii: "-") { throw error("a range has only two ends", at: position) }
        try checkNoSpecialInRange()
        // 7-2 is 0-2, and 7-7 is 0: Sunday may be written 7 at both ends.
        let lower = kind == .weekday && value == 7 ? 0 : value
        let upper = kind == .weekday && value == 7 && through == 7 ? 0 : through
        guard lower > upper else {
            let step = try optionalStep(from: lower...upper) ?? 1
            return .span(from: lower, through: upper, step: step)
        }
        if kind == .year { throw error("years can't run backwards", at: start) }
        try refuseInStrict("a range that wraps around", at: start)
        let span = lower...(upper + kind.fullRange.count)
        return .span(from: lower, through: upper, step: try optionalStep(from: span) ?? 1)
    }

    private mutating func checkNoSpecialInRange() throws(CronError) {
        guard let byte = peek else { return }
        let letter = lowercase(byte)
        if kind == .dayOfMonth && letter == UInt8(ascii: "w")
            || kind == .weekday && (letter == UInt8(ascii: "l") || letter == UInt8(ascii: "#"))
        {
            throw error("W, L and # don't go with a range", at: position)
        }
    }

    /// Parses `/n`; nil if there is none.
    mutating func optionalStep(from span: ClosedRange<Int>) throws(CronError) -> Int? {
        guard take("/") else { return nil }
        let start = position
        guard let step = try number() else { throw error("a step is a number", at: start) }
        guard step >= 1 else { throw error("a step can't be 0", at: start) }
        guard step <= 1 << 31 else { throw error("the step is too large", at: start) }
        if step > span.upperBound - span.lowerBound {
            warnings.append(
                "\(kind.name): the step \(step) is longer than the range, so only its first "
                    + "value is left")
        }
        return step
    }

    /// Parses a number or a name within the field's range.
    mutating func value() throws(CronError) -> Int {
        let start = position
        if let number = try number() {
            guard kind.range.contains(number) else {
                let range = "\(kind.range.lowerBound)-\(kind.range.upperBound)"
                throw error("\(number) is out of range (\(range))", at: start)
            }
            return number
        }
        return try nameValue()
    }

    /// Parses ASCII digits; nil if there are none.
    mutating func number() throws(CronError) -> Int? {
        let start = position
        var value = 0
        while let byte = peek, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
            // Larger than everything allowed, far from overflow.
            if value > 1 << 40 { throw error("the number is too large", at: start) }
            position += 1
        }
        return position > start ? value : nil
    }

    var peek: UInt8? { position < end ? bytes[position] : nil }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    /// Whether the letter is next (in any case) and no other letter follows.
    func isAlone(_ letter: UInt8) -> Bool {
        guard let byte = peek, lowercase(byte) == lowercase(letter) else { return false }
        return position + 1 == end || !isLetter(bytes[position + 1])
    }

    func isLetter(_ byte: UInt8) -> Bool {
        lowercase(byte) >= UInt8(ascii: "a") && lowercase(byte) <= UInt8(ascii: "z")
    }

    /// The letter in lower case; other bytes unchanged.
    func lowercase(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }

    func error(_ message: String, at position: Int) -> CronError {
        CronError(field: kind.name, position: position + 1, message: message)
    }

    func unexpected() -> CronError {
        guard position < end else { return error("a value is missing at the end", at: position) }
        let rest = String(decoding: bytes[position..<end].prefix(20), as: UTF8.self)
        let hint =
            switch bytes[position] {
            case UInt8(ascii: "~"): "; random values don't exist here, use H"
            case UInt8(ascii: "%"): "; ‘%’ belongs to crontab files"
            default: ""
            }
        return error("“\(rest)” doesn't belong here\(hint)", at: position)
    }

    func refuseInStrict(_ construct: String, at start: Int? = nil) throws(CronError) {
        guard dialect == .strict else { return }
        throw error("the strict dialect doesn't have \(construct)", at: start ?? position)
    }
}
