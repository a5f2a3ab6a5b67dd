import Console
import Engine
import Timetable

extension ScheduleSection {
    /// `after`: a schedule's name, several, or a table with the condition and the time limit.
    func after(_ node: ConfigNode, _ zone: Zone) -> Trigger? {
        let names: [(text: String, node: ConfigNode)]?
        var condition = AfterRule.Condition.success
        var within: Int64?
        var join = AfterRule.Join.order
        var joinWord: String?
        if case .table = node.value {
            let table = TableReader(
                node, known: ["schedule", "on", "within", "join"], problems: problems)
            if table.find("schedule") == nil {
                table.missing("schedule", "missing; name the schedule to wait for")
            }
            names = table.strings("schedule", orSingle: true)
            let words = [
                (word: "success", value: AfterRule.Condition.success), ("end", .end),
            ]
            if let value = table.choice("on", words) { condition = value }
            within = table.duration("within", in: 1000...366 * Self.day)
            guard let found = self.join(table) else { return nil }
            (join, joinWord) = found
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
        if let joinWord, upstreams.count < 2 {
            problems.warning(
                node, "join = \"\(joinWord)\" has no effect with a single schedule to wait for")
        }
        let rule = AfterRule(
            upstreams: upstreams, on: condition, withinMilliseconds: within, join: join)
        var text = "after " + Words.and(upstreams)
        if condition == .end { text += " (any end)" }
        if let joinWord, joinWord != "order" { text += " of the same \(joinWord)" }
        if let within { text += " within " + DurationText.text(milliseconds: within) }
        var source = RuleSource(
            rule: "after \(upstreams.joined(separator: ",")) \(condition.rawValue) \(within ?? 0)",
            zone: zone.name)
        if join != .order { source.rule += " join \(joinWord ?? "")" }
        if case .businessDay = join { source.calendar = calendar()?.value?.source }
        return Trigger(trigger: .after(rule), text: text, source: source.text)
    }

    /// Which ends belong together, and its word; nil if it has errors or its calendar waits.
    private func join(_ table: TableReader) -> (AfterRule.Join, String?)? {
        guard let node = table.find("join") else { return (.order, nil) }
        let words = ["order", "day", "business-day", "month"].map { (word: $0, value: $0) }
        guard let word = table.choice("join", words) else { return nil }
        switch word {
        case "day": return (.day, word)
        case "month": return (.month, word)
        case "business-day":
            guard let calendar = calendar() else { return nil }
            if calendar.value == nil {
                problems.warning(
                    node,
                    "has no calendar: Monday to Friday are its business days, holidays included")
            }
            return (.businessDay(calendar.value?.calendar ?? .weekdays), word)
        default: return (.order, word)
        }
    }
}
