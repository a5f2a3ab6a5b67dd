import Engine
import Timetable

/// The rules that workloads have: one or several of elapsed time or of the wall clock, and windows.
///
/// What stands in the ledger is enough to compile them again: `every 10; every 15 @skip 0 60000`,
/// `cron */10 * * * *; at -5 21600 | in 3600 1795500000 0 | off skip 20781 @delay cron 0 7 * * * for 30`.
enum RandomRules {
    static func every(
        _ minutes: Int64, name: String, process: String, connection: String
    ) -> Schedule {
        var schedule = Schedule(
            name: name, process: .id(process), connection: connection, trigger: .manual,
            ruleText: "", zone: .utc)
        set([minutes], of: &schedule)
        return schedule
    }

    /// Gives a schedule the rule, or the rules, of so many minutes; its windows stay.
    static func set(_ minutes: [Int64], of schedule: inout Schedule) {
        set(minutes.map { "every \($0)" }.joined(separator: "; "), of: &schedule)
    }

    /// Gives a schedule other windows.
    static func set(_ windows: [Window], of schedule: inout Schedule) {
        schedule.windows = windows
        if case .after = schedule.trigger { return }
        dress(&schedule)
    }

    /// Gives a schedule a rule in the words of `compile`; its zone comes with it.
    static func set(_ text: String, of schedule: inout Schedule) {
        schedule.ruleText = text
        dress(&schedule)
    }

    /// Gives a schedule windows in the words of `compile`.
    ///
    /// - Parameters:
    ///   - windows: their words.
    ///   - ground: the zone and what else the clock of windows goes by, in the same words.
    ///   - schedule: gets them.
    static func set(windows: [String], ground: [String], of schedule: inout Schedule) {
        let rule = (["every 5"] + ground).joined(separator: " | ")
        schedule.windows = windows.compactMap { compile("\(rule) @\($0)")?.windows.first }
        dress(&schedule)
    }

    private static func dress(_ schedule: inout Schedule) {
        let windows = schedule.windows.flatMap { window in
            // One that comes again is named by its words.
            window.spans.isEmpty
                ? [" @\(window.name)"]
                : window.spans.map {
                    " @\(window.effect.rawValue) \($0.from.milliseconds) \($0.until.milliseconds)"
                }
        }
        schedule.ruleSource = schedule.ruleText + windows.joined()
        guard let rule = compile(schedule.ruleSource) else { return }
        schedule.trigger = .rule(rule)
        schedule.windows = rule.windows
        schedule.zone = rule.zone
        schedule.timezone = rule.zone.name
    }

    /// Compiles the only rules that workloads have.
    static let compile: @Sendable (String) -> FiringRule? = { source in
        let words = source.split(separator: " @").map(String.init)
        let pieces = (words.first ?? "").split(separator: " | ").map(String.init)
        let parts = (pieces.first ?? "").split(separator: "; ").map { RandomRuleText(String($0)) }
        let kinds = parts.compactMap(\.part)
        guard let first = kinds.first, kinds.count == parts.count else { return nil }
        let ground = pieces.dropFirst().map(RandomRuleText.init)
        let off = ground.lazy.compactMap(\.holidays).first
        var rule = FiringRule(
            kind: kinds.count == 1 ? first.kind : .several(kinds),
            zone: ground.lazy.compactMap(\.zone).first ?? .utc,
            dst: ground.lazy.compactMap(\.dst).first ?? .cron, calendar: off?.calendar,
            onHoliday: off?.onHoliday ?? .skip)
        let bare = rule
        rule.windows = words.dropFirst().compactMap {
            window($0) ?? RandomRuleText($0).window(of: bare)
        }
        return rule
    }

    private static func window(_ text: String) -> Window? {
        let words = text.split(separator: " ")
        guard words.count == 3, let effect = Window.Effect(rawValue: String(words[0])),
            let from = Int64(words[1]), let until = Int64(words[2])
        else { return nil }
        return window(
            effect, from: Instant(milliseconds: from), until: Instant(milliseconds: until))
    }

    static func window(_ effect: Window.Effect, from: Instant, until: Instant) -> Window {
        Window(
            name: "w-\(effect.rawValue)", effect: effect,
            spans: [Window.Span(from: from, until: until)])
    }
}

extension RandomScenario {
    /// Some schedules have several rules or a window, at the start and after edits.
    ///
    /// - Parameter dice: Its own, so that nothing else of the seed's workload changes.
    mutating func giveSeveralRules(_ dice: inout Dice) {
        hasSeveralRules = true
        for index in configuration.schedules.indices {
            if case .rule = configuration.schedules[index].trigger, dice.chance(0.6) {
                RandomRules.set(severalMinutes(&dice), of: &configuration.schedules[index])
            }
            if dice.chance(0.5) { putWindow(&configuration.schedules[index], &dice) }
            if index > 0 { joinUpstreams(&configuration.schedules[index], index, &dice) }
        }
    }

    /// Some wait for two others, in one of the ways to join them.
    private func joinUpstreams(_ schedule: inout Schedule, _ index: Int, _ dice: inout Dice) {
        guard case .after(var rule) = schedule.trigger, dice.chance(0.6) else { return }
        let other = "s\(dice.below(index))"
        if !rule.upstreams.contains(other) { rule.upstreams.append(other) }
        rule.join = dice.pick([.order, .day, .businessDay(.weekdays), .month])
        schedule.trigger = .after(rule)
    }

    /// Two or three of them; the hour of one is the hour of another.
    func severalMinutes(_ dice: inout Dice) -> [Int64] {
        var minutes = Set([dice.pick(Self.minutes), dice.pick(Self.minutes)])
        if dice.chance(0.3) { minutes.insert(60) }
        return minutes.sorted()
    }

    /// Another window, two of them, or none any more.
    func putWindow(_ schedule: inout Schedule, _ dice: inout Dice) {
        let windows = (0..<dice.below(3)).map { _ in
            let from = RandomWorkload.start.adding(
                milliseconds: dice.between(0, lengthMilliseconds) / 60_000 * 60_000)
            return RandomRules.window(
                dice.pick([.skip, .delay, .delay, .run]), from: from,
                until: from.adding(milliseconds: dice.between(1, 90) * 60_000))
        }
        RandomRules.set(windows, of: &schedule)
    }
}
