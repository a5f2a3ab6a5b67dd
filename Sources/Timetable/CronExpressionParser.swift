/// Parses the words of an expression into fields, and compiles them.
struct CronExpressionParser {
    let bytes: [UInt8]
    let name: String?
    let dialect: CronDialect
    var warnings: [String] = []

    init(bytes: [UInt8], name: String?, dialect: CronDialect) {
        self.bytes = bytes
        self.name = name
        self.dialect = dialect
    }

    private static let macros: [(name: String, expansion: String)] = [
        ("@yearly", "0 0 1 1 *"), ("@annually", "0 0 1 1 *"), ("@monthly", "0 0 1 * *"),
        ("@weekly", "0 0 * * 0"), ("@daily", "0 0 * * *"), ("@midnight", "0 0 * * *"),
        ("@hourly", "0 * * * *"),
    ]

    /// Parses a word that begins with `@`, and the duration of `@every`.
    mutating func macro(
        _ words: [Range<Int>]
    ) throws(CronError) -> (CronExpression.Trigger, [CronField]) {
        let first = words[0]
        let word = String(decoding: bytes[first], as: UTF8.self).lowercased()
        guard dialect != .strict else {
            throw error(at: first.lowerBound, "the strict dialect doesn't have macros (\(word))")
        }
        if word == "@every" {
            guard words.count == 2 else {
                throw error(at: first.upperBound, "@every needs one duration, such as 15m")
            }
            return (.every(milliseconds: try duration(words[1])), [])
        }
        if words.count > 1 {
            throw error(at: words[1].lowerBound, "nothing may follow \(word)")
        }
        if word == "@reboot" { return (.reboot, []) }
        guard let macro = CronExpressionParser.macros.first(where: { $0.name == word }) else {
            let known = CronExpressionParser.macros.map(\.name).joined(separator: " ")
            throw error(
                at: first.lowerBound, "\(word) is unknown; there are \(known) @every @reboot")
        }
        let expansion = try CronExpression(macro.expansion)
        return (expansion.trigger, expansion.fields)
    }

    /// Parses five to seven fields.
    mutating func fields(
        _ words: [Range<Int>]
    ) throws(CronError) -> (CronExpression.Trigger, [CronField]) {
        if dialect == .strict, words.count == 6 || words.count == 7 {
            let extra = words.count == 6 ? "a seconds field" : "seconds and year fields"
            throw error(at: words[0].lowerBound, "the strict dialect doesn't have \(extra)")
        }
        guard (5...7).contains(words.count) else {
            let place = words.count > 7 ? words[7].lowerBound : bytes.count
            throw error(
                at: place,
                "there are \(words.count) fields; an expression has 5 (minute hour day month "
                    + "weekday), 6 with seconds first, or 7 with the year last")
        }
        var kinds: [CronFieldKind] = [.minute, .hour, .dayOfMonth, .month, .weekday]
        if words.count > 5 { kinds.insert(.second, at: 0) }
        if words.count == 7 { kinds.append(.year) }
        var fields = words.count == 5 ? [CronField.zeroSecond] : []
        for (kind, word) in zip(kinds, words) {
            var parser = CronFieldParser(
                kind: kind, dialect: dialect, name: name, bytes: bytes, range: word)
            fields.append(try parser.parse())
            warnings += parser.warnings
        }
        return (.cron(compile(fields)), fields)
    }

    private func compile(_ fields: [CronField]) -> CronRule {
        var rule = CronRule()
        var dayField = CronField(kind: .dayOfMonth)
        var weekdayField = CronField(kind: .weekday)
        for field in fields {
            switch field.kind {
            case .second: rule.times.seconds = field.mask
            case .minute: rule.times.minutes = field.mask
            case .hour: rule.times.hours = UInt32(field.mask)
            case .month: rule.months = UInt32(field.mask)
            case .dayOfMonth: dayField = field
            case .weekday: weekdayField = field
            case .year: rule.years = years(of: field)
            }
            if field.isStar, field.kind.rawValue <= CronFieldKind.hour.rawValue {
                rule.isWild = true
            }
        }
        rule.days.daysOfMonth = UInt32(dayField.mask)
        rule.days.weekdays = UInt8(weekdayField.mask)
        rule.days.needsBoth = dayField.isStar || weekdayField.isStar || weekdayField.needsBoth
        for item in dayField.items + weekdayField.items {
            switch item {
            case .beforeLast(let days): rule.days.beforeLast |= 1 << UInt32(days)
            case .workdayBeforeLast(let days): rule.days.workdayBeforeLast |= 1 << UInt32(days)
            case .nearestWorkday(let day): rule.days.nearestWorkday |= 1 << UInt32(day)
            case .nthWeekday(let weekday, let nth):
                rule.days.nthWeekdays |= 1 << UInt64(7 * (nth - 1) + weekday)
            case .lastWeekday(let weekday): rule.days.lastWeekdays |= 1 << UInt8(weekday)
            case .all, .span: break
            }
        }
        rule.seal()
        return rule
    }

    /// The years of the field; nil for `*`, which has no end.
    private func years(of field: CronField) -> YearSet? {
        if field.items == [.all(step: 1)] { return nil }
        var years = YearSet()
        for item in field.items {
            for year in item.values(of: .year) { years.insert(year) }
        }
        return years
    }

    /// Parses `90s`, `15m`, `6h`, `2d` or a sequence such as `1h30m`, as milliseconds.
    private func duration(_ word: Range<Int>) throws(CronError) -> Int64 {
        var total: Int64 = 0
        var position = word.lowerBound
        while position < word.upperBound {
            let start = position
            var value: Int64 = 0
            while position < word.upperBound, bytes[position] >= 0x30, bytes[position] <= 0x39 {
                value = value * 10 + Int64(bytes[position] - 0x30)
                position += 1
                if value > 1 << 32 { throw error(at: start, "the duration is too long") }
            }
            guard position > start, position < word.upperBound else {
                throw error(at: position, "a duration is a number and s, m, h or d, such as 15m")
            }
            guard let unit = DurationUnit.milliseconds(bytes[position]) else {
                throw error(at: position, "the units of a duration are s, m, h and d")
            }
            position += 1
            // Below 2^32 × 86,400,000 there is no overflow; ten thousand years are enough.
            total += value * unit
            if total > 315_360_000_000_000 { throw error(at: start, "the duration is too long") }
        }
        guard total > 0 else { throw error(at: word.lowerBound, "the duration is zero") }
        return total
    }

    private func error(at position: Int, _ message: String) -> CronError {
        CronError(field: nil, position: position + 1, message: message)
    }
}
