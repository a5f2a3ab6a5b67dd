/// A cron expression as written: its fields, its zone prefix, and what it triggers.
package struct CronExpression: Sendable {
    /// The text, without a trailing line end.
    package let text: String
    /// What the text means.
    package let trigger: Trigger
    /// The zone of a `CRON_TZ=` or `TZ=` prefix: a schedule that also has `timezone` is refused.
    package let zoneName: String?
    /// What deserves a second look, in words: steps that skip everything, rules that never fire.
    package let warnings: [String]
    /// The fields of a rule, for explanations; empty for `@every` and `@reboot`.
    let fields: [CronField]

    /// What an expression triggers.
    package enum Trigger: Sendable, Equatable {
        /// A rule of dates and times.
        case cron(CronRule)
        /// `@every`: elapsed time.
        case every(milliseconds: Int64)
        /// `@reboot`: once when the daemon starts.
        case reboot
    }

    /// Parses an expression.
    ///
    /// - Parameters:
    ///   - text: five fields, six with seconds first, seven with the year last; or a macro.
    ///   - name: the schedule's name, which `H` hashes; nil: `H` is refused.
    ///   - dialect: how much of the language is taken.
    /// - Throws: `CronError`, which names the field and the position.
    package init(
        _ text: String, name: String? = nil, dialect: CronDialect = .carillon
    ) throws(CronError) {
        var bytes = Array(text.utf8)
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        try CronExpression.checkCharacters(bytes)
        self.text = String(decoding: bytes, as: UTF8.self)
        var words = CronExpression.words(of: bytes)
        zoneName = try CronExpression.takeZone(from: &words, bytes: bytes, dialect: dialect)
        guard let first = words.first else {
            throw CronError(
                field: nil, position: bytes.count + 1, message: "the expression is empty")
        }
        var parser = CronExpressionParser(bytes: bytes, name: name, dialect: dialect)
        if bytes[first.lowerBound] == UInt8(ascii: "@") {
            (trigger, fields) = try parser.macro(words)
        } else {
            (trigger, fields) = try parser.fields(words)
        }
        if case .cron(let rule) = trigger, rule.isNever {
            parser.warnings.append("this can never fire: no such day exists")
        }
        warnings = parser.warnings
    }

    /// Refuses everything but printable ASCII, blanks and tabs, naming the code point.
    private static func checkCharacters(_ bytes: [UInt8]) throws(CronError) {
        guard bytes.count <= 4096 else {
            throw CronError(
                field: nil, position: 4097, message: "the expression is longer than 4096 bytes")
        }
        let isAllowed = { (byte: UInt8) in byte >= 0x20 && byte < 0x7F || byte == 0x09 }
        guard let bad = bytes.firstIndex(where: { !isAllowed($0) }) else { return }
        let scalar = String(decoding: bytes[bad...], as: UTF8.self).unicodeScalars.first
        let hex = String(scalar?.value ?? 0, radix: 16, uppercase: true)
        let code = String(repeating: "0", count: max(0, 4 - hex.utf8.count)) + hex
        throw CronError(
            field: nil, position: bad + 1,
            message: "the character U+\(code) isn't allowed; fields are ASCII text, separated by "
                + "blanks or tabs")
    }

    /// The ranges of the words between blanks and tabs.
    private static func words(of bytes: [UInt8]) -> [Range<Int>] {
        var words: [Range<Int>] = []
        var start: Int?
        for index in 0...bytes.count {
            let isBlank = index == bytes.count || bytes[index] == 0x20 || bytes[index] == 0x09
            if isBlank, let begin = start {
                words.append(begin..<index)
                start = nil
            } else if !isBlank, start == nil {
                start = index
            }
        }
        return words
    }

    /// Removes a `CRON_TZ=Zone` or `TZ=Zone` word from the front and returns the zone.
    private static func takeZone(
        from words: inout [Range<Int>], bytes: [UInt8], dialect: CronDialect
    ) throws(CronError) -> String? {
        guard let first = words.first else { return nil }
        for prefix in ["CRON_TZ=", "TZ="] where bytes[first].starts(with: prefix.utf8) {
            guard dialect != .strict else {
                throw CronError(
                    field: nil, position: first.lowerBound + 1,
                    message: "the strict dialect doesn't have a zone prefix")
            }
            let zone = bytes[first].dropFirst(prefix.utf8.count)
            guard !zone.isEmpty else {
                throw CronError(
                    field: nil, position: first.upperBound + 1,
                    message: "the name of a zone is missing after \(prefix)")
            }
            words.removeFirst()
            return String(decoding: zone, as: UTF8.self)
        }
        return nil
    }
}
