import Console
import Engine
import Timetable

extension ScheduleSection {
    /// `after`: a schedule's name, several, or a table with the condition and the time limit.
    func after(_ node: ConfigNode, _ zone: Zone) -> Trigger? {
        let names: [(text: String, node: ConfigNode)]?
        var condition = AfterRule.Condition.success
        var within: Int64?
        if case .table = node.value {
            let table = TableReader(node, known: ["schedule", "on", "within"], problems: problems)
            if table.find("schedule") == nil {
                table.missing("schedule", "missing; name the schedule to wait for")
            }
            names = table.strings("schedule", orSingle: true)
            let words = [
                (word: "success", value: AfterRule.Condition.success), ("end", .end),
            ]
            if let value = table.choice("on", words) { condition = value }
            within = table.duration("within", in: 1000...366 * Self.day)
        } else {
            names = reader.strings("after", orSingle: true)
        }
        guard let names else { return nil }
        guard !names.isEmpty else {
            problems.error(node, "names no schedule to wait for")
            return nil
        }
        var upstreams: [String] = []
        for (name, place) in names {
            if !context.scheduleNames.contains(name) {
                problems.error(
                    place,
                    "no schedule of this name (\(place.shown))"
                        + NearestName.hint(name, in: context.scheduleNames))
            } else if upstreams.contains(name) {
                problems.error(place, "names a schedule twice (\(place.shown))")
            }
            upstreams.append(name)
        }
        let rule = AfterRule(upstreams: upstreams, on: condition, withinMilliseconds: within)
        var text = "after " + Words.and(upstreams)
        if condition == .end { text += " (any end)" }
        if let within { text += " within " + DurationText.text(milliseconds: within) }
        let source = RuleSource(
            rule: "after \(upstreams.joined(separator: ",")) \(condition.rawValue) \(within ?? 0)",
            zone: zone.name)
        return Trigger(trigger: .after(rule), text: text, source: source.text)
    }
}
