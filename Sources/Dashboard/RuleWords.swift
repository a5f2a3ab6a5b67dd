import Timetable

/// A schedule's rule as a person reads it.
enum RuleWords {
    /// - Parameters:
    ///   - rule: as the user wrote it.
    ///   - schedule: its name, from which `H` draws.
    /// - Returns: A cron expression in words, without its full stop; any other rule as it is.
    static func of(_ rule: String, schedule: String) -> String {
        guard let sentence = try? CronExpression(rule, name: schedule).sentence else { return rule }
        return sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
    }

    /// Whether the words differ from what was written.
    static func isOther(_ rule: String, schedule: String) -> Bool {
        of(rule, schedule: schedule) != rule
    }
}
