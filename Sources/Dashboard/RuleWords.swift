import Timetable

/// A schedule's rules as a person reads them.
enum RuleWords {
    /// - Parameters:
    ///   - rules: as the user wrote them; several are parted by `; `.
    ///   - schedule: its name, from which `H` draws.
    /// - Returns: Cron expressions in words, without their full stops; any other rule as it is.
    static func of(_ rules: String, schedule: String) -> String {
        var rest = rules[...]
        var words: [String] = []
        while let end = rest.firstIndex(of: ";"), rest[end...].hasPrefix("; ") {
            words.append(one(String(rest[..<end]), schedule))
            rest = rest[end...].dropFirst(2)
        }
        words.append(one(String(rest), schedule))
        return words.joined(separator: "; ")
    }

    private static func one(_ rule: String, _ schedule: String) -> String {
        guard let sentence = try? CronExpression(rule, name: schedule).sentence else { return rule }
        return sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
    }
}
