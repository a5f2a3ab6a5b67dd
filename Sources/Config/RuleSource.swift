package import Console
import FoundationEssentials
package import Timetable

/// A schedule's rule as canonical text: part of the firing key, kept in the ledger, and enough to
/// compile the rule again after it was edited while the daemon was down.
///
/// The zone's data is not in it, only its name: a tzdata update is no edit of the config.
package struct RuleSource: Codable, Equatable, Sendable {
    /// The calendar's content.
    struct Calendar: Codable, Equatable, Sendable {
        var name: String
        var weekend: [Int]
        /// `2026-12-25`, or that with a blank and the holiday's name.
        var holidays: [String]
    }

    /// A window, with what it means for the schedule.
    struct Window: Codable, Equatable, Sendable {
        var name: String
        /// `skip` or `delay`.
        var effect: String
        /// `2026-12-24T05:00:00Z/2027-01-02T05:00:00Z`, the end outside.
        var spans: [String]
        var crons: [String]
        /// How long each of `crons` lasts, in milliseconds.
        var lasts: Int64
        var zone: String
    }

    /// The only rule, or `several`.
    ///
    /// `cron EXPR`, `every MILLISECONDS`, `business-day INDEX SECOND MONTHS`, `dates SECOND DATES`,
    /// or, for what enumerates nothing, `after …` and `manual`.
    var rule: String
    /// Several rules, each as `rule` has one, sorted: their order in the file says nothing.
    var rules: [String]?
    /// The schedule's name, where `H` in the expression makes the rule depend on it.
    var name: String?
    var dialect: String?
    var zone: String
    /// `cron`, or `GAP REPEAT`.
    var dst: String?
    var calendar: Calendar?
    var onHoliday: String?
    var windows: [Window]?

    /// Keeps one rule that enumerates nothing, or is the only one.
    init(rule: String, zone: String) {
        self.rule = rule
        self.zone = zone
    }

    /// Keeps one rule or several.
    init(rules: [String], zone: String) {
        self.init(rule: rules.count == 1 ? rules[0] : "several", zone: zone)
        if rules.count > 1 { self.rules = rules.sorted() }
    }

    /// The canonical text: JSON with its keys in order.
    var text: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings and numbers only: nothing here can fail to encode.
        guard let data = try? encoder.encode(self) else { return "" }
        return String(decoding: data, as: UTF8.self)
    }

    /// Compiles the rule that a text describes.
    ///
    /// - Parameters:
    ///   - text: What `Schedule.ruleSource` held when the rule was in force.
    ///   - host: Where zones are read.
    /// - Returns: The rule; nil if it enumerates nothing or can't be compiled any more.
    package static func compile(_ text: String, host: any HostReading) -> FiringRule? {
        let zones = ZoneShelf(host)
        guard let source = try? JSONDecoder().decode(RuleSource.self, from: Data(text.utf8)),
            case .success(let zone) = zones.zone(source.zone),
            let kind = source.kind
        else { return nil }
        var calendar: BusinessCalendar?
        if let content = source.calendar {
            guard let made = content.calendar else { return nil }
            calendar = made
        }
        var rule = FiringRule(
            kind: kind, zone: zone, dst: source.policy, calendar: calendar,
            onHoliday: source.onHoliday.flatMap(OnHoliday.init) ?? .skip)
        let windows = source.windows ?? []
        rule.windows = windows.compactMap { $0.window(zones: zones) }
        return rule.windows.count == windows.count ? rule : nil
    }

    private var kind: FiringRule.Kind? {
        guard let rules else { return kind(rule) }
        let parts = rules.compactMap { rule in
            kind(rule).map { FiringRule.Part(kind: $0, text: Self.words(rule)) }
        }
        return parts.count == rules.count ? .several(parts) : nil
    }

    /// What people call one of several rules, as far as its canonical form tells.
    static func words(_ rule: String) -> String {
        let words = rule.split(separator: " ").map(String.init)
        switch words.first {
        case "cron": return words.dropFirst().joined(separator: " ")
        case "every" where words.count == 2:
            return "every " + DurationText.text(milliseconds: Int64(words[1]) ?? 0)
        case "business-day" where words.count == 4:
            return RuleWords.businessDay(
                Int(words[1]) ?? 0, second: Int(words[2]) ?? 0,
                months: words[3] == "*" ? nil : words[3].split(separator: ",").map(String.init))
        case "dates" where words.count == 3:
            let count = words[2].split(separator: ",").count
            return RuleWords.dates(count, second: Int(words[1]) ?? 0)
        default: return rule
        }
    }

    private func kind(_ rule: String) -> FiringRule.Kind? {
        let words = rule.split(separator: " ", maxSplits: 1).map(String.init)
        guard words.count == 2 else { return nil }
        switch words[0] {
        case "cron":
            let dialect = dialect.flatMap(CronDialect.init) ?? .carillon
            return (try? CronExpression(words[1], name: name, dialect: dialect))?.trigger.kind
        case "every": return Int64(words[1]).map { .every(milliseconds: $0) }
        case "business-day":
            let parts = words[1].split(separator: " ")
            guard parts.count == 3, let index = Int(parts[0]), let second = Int(parts[1]) else {
                return nil
            }
            let months =
                parts[2] == "*" ? nil : parts[2].split(separator: ",").compactMap { Int($0) }
            let rule = try? BusinessDayRule(index: index, months: months, secondOfDay: second)
            return rule.map { .businessDay($0) }
        case "dates":
            let parts = words[1].split(separator: " ")
            guard parts.count == 2, let second = Int(parts[0]) else { return nil }
            let dates = parts[1].split(separator: ",").compactMap { CivilDate(iso8601: String($0)) }
            return (try? DateListRule(dates: dates, secondOfDay: second)).map { .dates($0) }
        default: return nil
        }
    }

    private var policy: DSTPolicy {
        let words = (dst ?? "cron").split(separator: " ").map(String.init)
        guard words.count == 2, let gap = DSTPolicy.Gap(rawValue: words[0]),
            let again = DSTPolicy.Repeat(rawValue: words[1])
        else { return .cron }
        return .explicit(gap: gap, repeat: again)
    }

    /// The policy as `dst` keeps it.
    static func text(_ policy: DSTPolicy) -> String {
        switch policy {
        case .cron: "cron"
        case .explicit(let gap, let again): "\(gap.rawValue) \(again.rawValue)"
        }
    }
}

extension RuleSource.Window {
    /// Keeps a window's content.
    init(
        name: String, effect: String, spans: [Timetable.Window.Span], crons: [String],
        lasts: Int64, zone: String
    ) {
        let sorted = Timetable.Window(name: name, effect: .run, spans: spans).spans
        self.init(
            name: name, effect: effect,
            spans: sorted.map { "\($0.from.iso8601)/\($0.until.iso8601)" }, crons: crons,
            lasts: lasts, zone: zone)
    }

    /// The window; nil if it can't be compiled any more.
    func window(zones: ZoneShelf) -> Timetable.Window? {
        guard let effect = Timetable.Window.Effect(rawValue: effect),
            case .success(let zone) = zones.zone(zone)
        else { return nil }
        let dated = spans.compactMap { text -> Timetable.Window.Span? in
            let ends = text.split(separator: "/").compactMap { Instant(iso8601: String($0)) }
            return ends.count == 2 ? .init(from: ends[0], until: ends[1]) : nil
        }
        let recurrences = crons.compactMap { text -> Timetable.Window.Recurrence? in
            guard let rule = try? CronRule(text) else { return nil }
            return .init(
                rule: FiringRule(kind: .cron(rule), zone: zone), lastsMilliseconds: lasts)
        }
        guard dated.count == spans.count, recurrences.count == crons.count else { return nil }
        return Timetable.Window(
            name: name, effect: effect, spans: dated, recurrences: recurrences)
    }
}

extension RuleSource.Calendar {
    /// Keeps a calendar's content, holidays in order.
    init(name: String, weekend: Set<Int>, holidays: [BusinessCalendar.Holiday]) {
        self.name = name
        self.weekend = weekend.sorted()
        self.holidays = holidays.sorted { ($0.date, $0.name) < ($1.date, $1.name) }.map { holiday in
            holiday.name.isEmpty
                ? holiday.date.iso8601 : holiday.date.iso8601 + " " + holiday.name
        }
    }

    var calendar: BusinessCalendar? {
        let days = holidays.compactMap { text -> BusinessCalendar.Holiday? in
            let words = text.split(separator: " ", maxSplits: 1).map(String.init)
            guard let first = words.first, let date = CivilDate(iso8601: first) else { return nil }
            return BusinessCalendar.Holiday(date, name: words.count == 2 ? words[1] : "")
        }
        return try? BusinessCalendar(name: name, weekend: Set(weekend), holidays: days)
    }
}

extension CronExpression.Trigger {
    /// The same as a kind of firing rule.
    package var kind: FiringRule.Kind {
        switch self {
        case .cron(let rule): .cron(rule)
        case .every(let milliseconds): .every(milliseconds: milliseconds)
        case .reboot: .reboot
        }
    }
}
