/// Says a cron expression in English.
///
/// It reads the text once more instead of the compiled masks, so that the words follow what the
/// person wrote (`*/15` is "every 15 minutes", not four numbers). Only accepted expressions come in.
package struct CronWords {
    /// The fields by role, in the text's own spelling.
    private struct Fields {
        var second = "0"
        var minute: String
        var hour: String
        var day: String
        var month: String
        var weekday: String
        var year: String?
    }

    /// Sentences: when it fires, then which day rule applies where both day fields are given.
    package static func sentences(_ text: String) -> [String] {
        let plain = text.lowercased()
        if plain == "@reboot" {
            return ["Once at each start of the daemon (not at a reload); it has no fire times."]
        }
        if plain.hasPrefix("@every") {
            let every = text.dropFirst(6).drop { $0 == " " || $0 == "\t" }
            return ["Every \(every), elapsed time, aligned to 1970-01-01T00:00:00Z."]
        }
        guard let fields = fields(macros[plain] ?? text) else { return [] }
        var first = TimeWords.phrase(
            second: fields.second, minute: fields.minute, hour: fields.hour)
        first += ", " + dayPhrase(fields)
        if let year = fields.year, year != "*" {
            first += ", in the years " + list(year, plainValue)
        }
        first = first.prefix(1).uppercased() + first.dropFirst() + "."
        return [first] + dayRule(fields)
    }

    /// Whether the expression follows the wall clock through clock changes (Debian's rule): a field
    /// of the time of day begins with `*`.
    package static func isWild(_ text: String) -> Bool {
        guard let fields = fields(macros[text.lowercased()] ?? text) else { return false }
        return [fields.second, fields.minute, fields.hour].contains { $0.hasPrefix("*") }
    }

    private static let macros = [
        "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *",
        "@weekly": "0 0 * * 0", "@daily": "0 0 * * *", "@midnight": "0 0 * * *",
        "@hourly": "0 * * * *",
    ]

    private static func fields(_ text: String) -> Fields? {
        let parts = text.split { $0 == " " || $0 == "\t" || $0 == "\r" || $0 == "\r\n" }
            .map(String.init)
        switch parts.count {
        case 5:
            return Fields(
                minute: parts[0], hour: parts[1], day: parts[2], month: parts[3],
                weekday: parts[4])
        case 6, 7:
            return Fields(
                second: parts[0], minute: parts[1], hour: parts[2], day: parts[3],
                month: parts[4], weekday: parts[5], year: parts.count == 7 ? parts[6] : nil)
        default: return nil
        }
    }
}

// MARK: - Days

extension CronWords {
    private static func isAny(_ field: String) -> Bool { field == "*" || field == "?" }

    private static func isBoth(_ fields: Fields) -> Bool {
        fields.weekday.hasPrefix("+") || fields.day.hasPrefix("*") || fields.day.hasPrefix("?")
            || fields.weekday.hasPrefix("*") || fields.weekday.hasPrefix("?")
    }

    private static func dayPhrase(_ fields: Fields) -> String {
        let months =
            isAny(fields.month) ? "" : " in " + list(fields.month, monthName)
        let weekday =
            fields.weekday.hasPrefix("+")
            ? String(fields.weekday.dropFirst()) : fields.weekday
        switch (isAny(fields.day), isAny(weekday)) {
        case (true, true): return months.isEmpty ? "every day" : "every day" + months
        case (false, true): return "on " + days(fields.day, months)
        case (true, false): return "on " + list(weekday, weekdayName) + months
        case (false, false):
            let joint = isBoth(fields) ? ", if that is also " : ", and also on every "
            return "on " + days(fields.day, months) + joint + list(weekday, weekdayName)
                + (isBoth(fields) ? "" : months)
        }
    }

    private static func dayRule(_ fields: Fields) -> [String] {
        let weekday =
            fields.weekday.hasPrefix("+")
            ? String(fields.weekday.dropFirst()) : fields.weekday
        guard !isAny(fields.day), !isAny(weekday) else { return [] }
        if fields.weekday.hasPrefix("+") {
            return ["Day of the month and weekday must both match, because the weekday has a +."]
        }
        if isBoth(fields) {
            return [
                "Day of the month and weekday must both match, because one of the two begins "
                    + "with * (the rule of Debian's cron)."
            ]
        }
        return [
            "Either the day of the month or the weekday is enough, because both are given (the rule "
                + "of Debian's cron); for both at once write +\(weekday)."
        ]
    }

    private static func days(_ field: String, _ months: String) -> String {
        let ofMonth = months.isEmpty ? " of the month" : months
        let words = field.split(separator: ",").map { dayWords(String($0)) }
        let plain = words.allSatisfy { $0.first?.isNumber == true }
        let isSingle = words.count == 1 && !words[0].contains(" ")
        return (plain ? (isSingle ? "day " : "days ") : "") + and(words)
            + (months.isEmpty || plain ? ofMonth : months)
    }

    private static func dayWords(_ item: String) -> String {
        let upper = item.uppercased()
        if upper == "L" { return "the last day" }
        if upper == "LW" || upper == "WL" { return "the last weekday (Monday to Friday)" }
        if upper.hasPrefix("L-") {
            let isWork = upper.hasSuffix("W")
            let number = upper.dropFirst(2).filter(\.isNumber)
            let day = "the day \(number) days before the last one"
            return isWork ? "the working day (Monday to Friday) nearest to " + day : day
        }
        if upper.hasSuffix("W") {
            return "the working day (Monday to Friday) nearest to day \(upper.dropLast())"
        }
        return range(item, plainValue)
    }

    private static func weekdayName(_ text: String) -> String {
        let upper = text.uppercased()
        if let hash = upper.firstIndex(of: "#") {
            let name = weekdayName(String(upper[..<hash]))
            switch upper[upper.index(after: hash)...] {
            case "1": return "the first \(name) of the month"
            case "2": return "the second \(name) of the month"
            case "3": return "the third \(name) of the month"
            case "4": return "the fourth \(name) of the month"
            case "5": return "the fifth \(name) of the month"
            default: return "the last \(name) of the month"
            }
        }
        if upper.count > 1, upper.hasSuffix("L"), Int(upper.dropLast()) != nil || upper.count == 4 {
            return "the last \(weekdayName(String(upper.dropLast()))) of the month"
        }
        let names = [
            "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
        ]
        if let number = Int(upper), names.indices.contains(number) { return names[number] }
        return names.first { $0.uppercased().hasPrefix(upper) } ?? text
    }

    private static func monthName(_ text: String) -> String {
        let names = [
            "January", "February", "March", "April", "May", "June", "July", "August",
            "September", "October", "November", "December",
        ]
        if let number = Int(text), names.indices.contains(number - 1) { return names[number - 1] }
        return names.first { $0.uppercased().hasPrefix(text.uppercased()) } ?? text
    }
}

// MARK: - Lists

extension CronWords {
    static func plainValue(_ text: String) -> String {
        Int(text).map(String.init) ?? (text.uppercased().hasPrefix("H") ? "a hashed value" : text)
    }

    /// A comma list in words.
    static func list(_ field: String, _ value: (String) -> String) -> String {
        and(field.split(separator: ",").map { range(String($0), value) })
    }

    /// One element of a list: a value, a range, steps.
    static func range(_ item: String, _ value: (String) -> String) -> String {
        if item.uppercased().hasPrefix("H") { return hashed(item) }
        let halves = item.split(separator: "/", maxSplits: 1).map(String.init)
        let base = halves[0]
        let ends = base.contains("#") ? [base] : base.split(separator: "-").map(String.init)
        var words: String
        if base == "*" || base == "?" {
            words = "all"
        } else if ends.count == 2 {
            words = value(ends[0]) + " to " + value(ends[1])
        } else {
            words = value(base)
        }
        guard halves.count == 2, let step = Int(halves[1]) else { return words }
        if base == "*" { return "every \(ordinal(step)) one" }
        words = ends.count == 2 ? words : words + " on"
        return "every \(ordinal(step)) from " + words
    }

    private static func hashed(_ item: String) -> String {
        "a value derived from the schedule's name (\(item))"
    }

    static func ordinal(_ number: Int) -> String {
        switch (number % 10, number % 100) {
        case (1, let rest) where rest != 11: "\(number)st"
        case (2, let rest) where rest != 12: "\(number)nd"
        case (3, let rest) where rest != 13: "\(number)rd"
        default: "\(number)th"
        }
    }

    static func and(_ words: [String]) -> String {
        guard words.count > 1, let last = words.last else { return words.joined() }
        return words.dropLast().joined(separator: ", ") + " and " + last
    }
}
