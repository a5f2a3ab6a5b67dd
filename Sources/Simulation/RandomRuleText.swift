import Timetable

/// A piece of a workload's rule: what it says of instants, zone, clock changes, holidays or windows.
struct RandomRuleText {
    private let text: String
    private let words: [String]

    init(_ text: String) {
        self.text = text
        words = text.split(separator: " ").map(String.init)
    }

    /// `every 10`, `cron */10 * * * *`, `at -5 21600`: the business day and the second of it, or
    /// `dates 20781 21600`: the day's number.
    var part: FiringRule.Part? {
        kind.map { FiringRule.Part(kind: $0, text: text) }
    }

    private var kind: FiringRule.Kind? {
        let numbers = words.dropFirst().compactMap { Int64($0) }
        switch words.first {
        case "every":
            return numbers.first.map { .every(milliseconds: $0 * 60_000) }
        case "cron":
            let rule = try? CronRule(words.dropFirst().joined(separator: " "))
            return rule.map { .cron($0) }
        case "at" where numbers.count == 2:
            let rule = try? BusinessDayRule(index: Int(numbers[0]), secondOfDay: Int(numbers[1]))
            return rule.map { .businessDay($0) }
        case "dates" where numbers.count == 2:
            let rule = try? DateListRule(
                dates: [CivilDate(dayNumber: numbers[0])], secondOfDay: Int(numbers[1]))
            return rule.map { .dates($0) }
        default: return nil
        }
    }

    /// `in 3600 1795500000 0`: the offset, when it changes, and the one after that.
    var zone: Zone? {
        let numbers = words.dropFirst().compactMap { Int64($0) }
        guard words.first == "in", numbers.count == 3 else { return nil }
        return Zone(
            offsetSeconds: Int(numbers[0]), changingAt: Instant(seconds: numbers[1]),
            to: Int(numbers[2]), name: "Story/\(numbers[0])")
    }

    /// `dst run-after both`.
    var dst: DSTPolicy? {
        guard words.count == 3, words[0] == "dst", let gap = DSTPolicy.Gap(rawValue: words[1]),
            let repeats = DSTPolicy.Repeat(rawValue: words[2])
        else { return nil }
        return .explicit(gap: gap, repeat: repeats)
    }

    /// `off next-business-day 20781 20782`: what becomes of slots of days off, and their numbers.
    var holidays: (calendar: BusinessCalendar, onHoliday: OnHoliday)? {
        guard words.count > 1, words[0] == "off", let onHoliday = OnHoliday(rawValue: words[1])
        else { return nil }
        let days = words.dropFirst(2).compactMap { Int64($0) }
            .map { BusinessCalendar.Holiday(CivilDate(dayNumber: $0)) }
        return (try? BusinessCalendar(name: "close", holidays: days)).map { ($0, onHoliday) }
    }

    /// `delay cron 0 7 * * * for 30`: begins with the instants of a rule, for so many minutes.
    ///
    /// - Parameter rule: whose clock it goes by.
    /// - Returns: named by its words; nil: it is none.
    func window(of rule: FiringRule) -> Window? {
        guard words.count > 4, let effect = Window.Effect(rawValue: words[0]),
            words[words.count - 2] == "for", let minutes = Int64(words[words.count - 1]),
            let begins = RandomRuleText(words[1..<(words.count - 2)].joined(separator: " ")).part
        else { return nil }
        return Window(
            name: text, effect: effect, spans: [],
            recurrences: [
                Window.Recurrence(
                    rule: FiringRule(kind: begins.kind, zone: rule.zone, dst: rule.dst),
                    lastsMilliseconds: minutes * 60_000)
            ])
    }
}
