import Console
import Timetable

/// Several rules in one schedule: lists in `cron` and `at`, and `cron`, `at` and `every` side by side.
package enum RuleMix {
    /// More rules than that are a mistake of whoever writes the file, and each costs at each slot.
    static let rulesMax = 50

    /// Why `@reboot` is no rule among others: its slots are of another kind.
    package static let rebootMistake =
        "@reboot can't stand beside other rules; give it a schedule of its own"
}

extension ScheduleSection {
    /// The rule of `cron`, `at` and `every`, however many; nil if it has errors.
    func rule(
        _ keys: [String], _ zone: Zone, _ windows: [(window: Window, source: RuleSource.Window)]
    ) -> Trigger? {
        let dst = dst()
        let calendar = calendar()
        let nodes = keys.flatMap { key in ruleNodes(key).map { (key: key, node: $0) } }
        guard nodes.count <= RuleMix.rulesMax else {
            problems.error(
                nodes[RuleMix.rulesMax].node,
                "is one rule too many: a schedule has \(RuleMix.rulesMax) at most")
            return nil
        }
        var rules: [Kind] = []
        for (key, node) in nodes {
            guard let rule = kind(key, node) else { continue }
            if case .reboot = rule.kind, nodes.count > 1 {
                problems.error(node, "\(RuleMix.rebootMistake) (\(node.shown))")
            } else if rules.contains(where: { $0.source == rule.source }) {
                problems.error(node, "is there twice (\(node.shown)); keep one")
            } else {
                rules.append(rule)
                check(rule, node, zone, dst, calendar?.value)
            }
        }
        let onHoliday = onHoliday(hasCalendar: calendar?.value != nil || calendar == nil)
        guard rules.count == nodes.count, let first = rules.first, let dst, let calendar else {
            return nil
        }
        let kind: FiringRule.Kind =
            rules.count == 1
            ? first.kind
            : .several(
                rules.map {
                    FiringRule.Part(kind: $0.kind, text: RuleSource.words($0.source))
                })
        var rule = FiringRule(
            kind: kind, zone: zone, dst: dst, calendar: calendar.value?.calendar,
            onHoliday: onHoliday)
        rule.windows = windows.map(\.window)
        guard !rule.parts.contains(where: \.isNever) else { return nil }
        return Trigger(
            trigger: .rule(rule), text: rules.map(\.text).joined(separator: "; "),
            source: source(rule, rules.map(\.source), calendar.value, windows.map(\.source)).text)
    }

    /// The nodes of a key's rules: a list's elements, or the one value.
    private func ruleNodes(_ key: String) -> [ConfigNode] {
        guard let node = reader.find(key) else { return [] }
        guard key != "every", case .array(let elements) = node.value else { return [node] }
        if elements.isEmpty { problems.error(node, "is empty: it would never fire") }
        return elements
    }

    /// What is wrong or doubtful with one rule, told where it stands.
    private func check(
        _ rule: Kind, _ node: ConfigNode, _ zone: Zone, _ dst: DSTPolicy?,
        _ calendar: CompiledCalendar?
    ) {
        if case .businessDay = rule.kind, calendar == nil, reader.find("calendar") == nil {
            problems.warning(
                node, "has no calendar: Monday to Friday are its business days, holidays included")
        }
        let alone = FiringRule(
            kind: rule.kind, zone: zone, dst: dst ?? .cron, calendar: calendar?.calendar)
        if alone.isNever {
            problems.error(node, "never fires: no day of any year matches (\(node.shown))")
        }
    }

    private func source(
        _ rule: FiringRule, _ sources: [String], _ calendar: CompiledCalendar?,
        _ windows: [RuleSource.Window]
    ) -> RuleSource {
        var source = RuleSource(rules: sources, zone: rule.zone.name)
        let crons = sources.filter { $0.hasPrefix("cron ") }
        if !crons.isEmpty {
            let dialect = dialect()
            if dialect != .carillon { source.dialect = dialect.rawValue }
            // Only `H` needs the name; without it a renamed schedule keeps its rule.
            let needsName = crons.contains {
                (try? CronExpression(String($0.dropFirst(5)), dialect: dialect)) == nil
            }
            if needsName { source.name = name }
        }
        // One that lets slots start changes nothing of them.
        let effective = windows.filter { $0.effect != Window.Effect.run.rawValue }
        if !effective.isEmpty { source.windows = effective }
        if rule.dst != .cron { source.dst = RuleSource.text(rule.dst) }
        if let calendar {
            source.calendar = calendar.source
            source.onHoliday = rule.onHoliday.rawValue
        }
        return source
    }

    /// The zone that the schedule's cron expressions name, if all of its rules are in it.
    func cronZone() -> (name: String, node: ConfigNode)? {
        let rules = presentKeys().flatMap { key in
            ruleNodes(key).map { (zone: key == "cron" ? zoneName($0) : nil, node: $0) }
        }
        guard let first = rules.first(where: { $0.zone != nil }), let zone = first.zone else {
            return nil
        }
        if let other = rules.first(where: { $0.zone != zone }) {
            problems.error(
                other.node,
                "another rule of this schedule names the zone \(zone): all of them are in one; "
                    + "write timezone = \"\(zone)\" instead (\(other.node.shown))")
        }
        return (zone, first.node)
    }

    private func zoneName(_ node: ConfigNode) -> String? {
        guard case .string(let text) = node.value else { return nil }
        return (try? CronExpression(text, name: name, dialect: dialect()))?.zoneName
    }
}
