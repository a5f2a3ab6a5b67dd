import Console
import Timetable

/// A window, and its content in the form that `RuleSource` keeps.
struct CompiledWindow {
    var window: Window
    var source: RuleSource.Window
    var choice: WindowChoice
}

/// What becomes of slots in a window, by schedule or tag.
struct WindowChoice {
    var others: Window.Effect
    var bySchedule: [String: Window.Effect]
    var byTag: [String: Window.Effect]

    /// What it means for a schedule: its own word, then that of its tags, then everybody's.
    ///
    /// - Returns: nil where two tags of the schedule say different things.
    func effect(on schedule: String, tags: [String]) -> Window.Effect? {
        if let own = bySchedule[schedule] { return own }
        let words = Set(tags.compactMap { byTag[$0] })
        return words.count > 1 ? nil : words.first ?? others
    }
}

/// Reads `[windows.NAME]`: times in which slots don't start as usual.
struct WindowSection {
    static let keys = [
        "spans", "cron", "lasts", "files", "timezone", "slots", "by_tag", "by_schedule",
    ]
    private static let effects: [(word: String, value: Window.Effect)] = [
        ("skip", .skip), ("delay", .delay), ("run", .run),
    ]
    private static let spansMax = 10_000

    let defaults: [String: ConfigNode]
    let zones: ZoneShelf
    let files: DateFiles
    let scheduleNames: [String]
    let problems: ConfigProblems

    /// Reads all windows.
    ///
    /// - Returns: the windows, nil for one that is wrong or waits; and what the latter wait for.
    func read(
        _ nodes: [String: ConfigNode]
    ) -> (values: [String: CompiledWindow?], causes: [String: String]) {
        problems.readAll(nodes, read)
    }

    private func read(_ name: String, _ node: ConfigNode) -> CompiledWindow? {
        let fallback = defaults.filter { $0.key == "timezone" }
        let reader = TableReader(
            node, known: Self.keys, fallback: fallback, problems: problems)
        guard node.entries != nil else { return nil }
        let choice = choice(reader)
        guard ["spans", "cron", "files"].contains(where: { reader.own($0) != nil }) else {
            problems.error(
                node.path, at: node.keyPosition,
                "says no time; give spans = [{ from = 2026-12-24, until = 2027-01-02 }], cron with "
                    + "lasts, or files")
            return nil
        }
        guard let zone = reader.zone(zones) else { return nil }
        let errors = problems.errorCount
        var spans = spans(reader, zone)
        let fromFiles = filed(reader, zone)
        spans += fromFiles ?? []
        let crons = recurrences(reader, zone)
        guard problems.errorCount == errors, fromFiles != nil, let choice, let crons else {
            return nil
        }
        guard spans.count <= Self.spansMax else {
            problems.error(node, "has more than \(Self.spansMax) spans")
            return nil
        }
        let source = RuleSource.Window(
            name: name, effect: "", spans: spans, crons: crons.texts, lasts: crons.lasts,
            zone: zone.name)
        let window = Window(
            name: name, effect: .run, spans: spans, recurrences: crons.recurrences)
        // Any year does: a rule's times are alike from year to year.
        if let beginning = window.neverEnds(after: Instant(seconds: 1_767_225_600)),
            let place = reader.find("lasts")
        {
            problems.error(
                place,
                "the times of cron follow on each other without an end, from "
                    + "\(beginning.iso8601) on (\(place.shown))")
            return nil
        }
        return CompiledWindow(window: window, source: source, choice: choice)
    }

    // MARK: When

    private func spans(_ reader: TableReader, _ zone: Zone) -> [Window.Span] {
        guard let node = reader.find("spans") else { return [] }
        guard case .array(let elements) = node.value else {
            return reader.wrongType(
                node, "an array such as [{ from = 2026-12-24, until = 2027-01-02 }]") ?? []
        }
        if elements.isEmpty { problems.error(node, "is empty; leave it out") }
        return elements.compactMap { element in
            let table = TableReader(element, known: ["from", "until"], problems: problems)
            guard element.entries != nil else { return nil }
            for key in ["from", "until"] where table.find(key) == nil {
                problems.error(
                    element.path.appending(key), at: element.valuePosition,
                    "missing; a span has from and until, dates or times")
            }
            guard let from = table.instant("from", in: zone),
                let until = table.instant("until", in: zone, dayMeans: .nextBegin)
            else { return nil }
            guard from < until else {
                if let place = table.find("until") {
                    problems.error(place, "must lie after from (\(place.shown))")
                }
                return nil
            }
            return Window.Span(from: from, until: until)
        }
    }

    /// The days of files, whole; nil where one is waited for.
    private func filed(_ reader: TableReader, _ zone: Zone) -> [Window.Span]? {
        let (days, isWhole) = files.days(reader)
        guard isWhole else { return nil }
        return Set(days.map(\.date.dayNumber)).sorted().map { day in
            Window.Span(
                from: zone.beginning(of: CivilDate(dayNumber: day)),
                until: zone.beginning(of: CivilDate(dayNumber: day + 1)))
        }
    }

    private struct Recurrences {
        var recurrences: [Window.Recurrence] = []
        var texts: [String] = []
        var lasts: Int64 = 0
    }

    private func recurrences(_ reader: TableReader, _ zone: Zone) -> Recurrences? {
        let lasts = reader.duration("lasts", in: 1000...366 * ScheduleSection.day)
        guard let node = reader.find("cron") else {
            if let place = reader.find("lasts") {
                problems.error(place, "belongs to cron; the other forms say their ends themselves")
            }
            return Recurrences()
        }
        guard let expressions = reader.strings("cron", orSingle: true) else { return nil }
        if expressions.isEmpty { problems.error(node, "is empty; leave it out") }
        guard let lasts else {
            if reader.find("lasts") == nil {
                reader.missing("lasts", "missing; write how long each lasts, lasts = \"4h\"")
            }
            return nil
        }
        var found = Recurrences(lasts: lasts)
        for (text, place) in expressions {
            guard let rule = rule(text, place, zone) else { continue }
            if let gap = rule.shortestGapMilliseconds, lasts >= gap,
                let lastsNode = reader.find("lasts")
            {
                problems.error(
                    lastsNode,
                    "must be shorter than the shortest gap between two times of \(place.shown), "
                        + "\(DurationText.text(milliseconds: gap)) (\(lastsNode.shown)): it would "
                        + "never end")
            }
            found.recurrences.append(Window.Recurrence(rule: rule, lastsMilliseconds: lasts))
            found.texts.append(text.split { $0 == " " || $0 == "\t" }.joined(separator: " "))
        }
        return found.recurrences.count == expressions.count ? found : nil
    }

    private func rule(_ text: String, _ place: ConfigNode, _ zone: Zone) -> FiringRule? {
        do {
            let expression = try CronExpression(text)
            guard case .cron(let rule) = expression.trigger, expression.zoneName == nil else {
                problems.error(
                    place,
                    "a window's cron is an expression of fields, in the window's timezone "
                        + "(\(place.shown))")
                return nil
            }
            guard !rule.isNever else {
                problems.error(
                    place, "never begins: no day of any year matches (\(place.shown))")
                return nil
            }
            return FiringRule(kind: .cron(rule), zone: zone)
        } catch {
            problems.error(place, "\(error) (\(place.shown))")
            return nil
        }
    }

    // MARK: What becomes of slots

    private func choice(_ reader: TableReader) -> WindowChoice? {
        let errors = problems.errorCount
        let others = reader.choice("slots", Self.effects)
        let byTag = effects(reader, "by_tag")
        let bySchedule = effects(reader, "by_schedule")
        if let names = reader.find("by_schedule")?.entries {
            for (name, node) in names where !scheduleNames.contains(name) {
                problems.error(
                    node.path, at: node.keyPosition,
                    "no schedule of this name" + NearestName.hint(name, in: scheduleNames))
            }
        }
        if reader.find("slots") == nil, byTag.isEmpty, bySchedule.isEmpty,
            problems.errorCount == errors
        {
            reader.missing(
                "slots",
                "missing; say what becomes of slots: \"skip\", \"delay\" (they start at its end, "
                    + "one for each schedule) or \"run\"")
        }
        guard problems.errorCount == errors else { return nil }
        return WindowChoice(others: others ?? .run, bySchedule: bySchedule, byTag: byTag)
    }

    /// `{ ledger = "run" }`: a word for each name.
    private func effects(_ reader: TableReader, _ key: String) -> [String: Window.Effect] {
        guard let node = reader.find(key) else { return [:] }
        guard let entries = node.entries else {
            return reader.wrongType(node, "a table such as { NAME = \"run\" }") ?? [:]
        }
        let table = TableReader(node, known: Array(entries.keys), problems: problems)
        return Dictionary(
            uniqueKeysWithValues: entries.keys.compactMap { name in
                table.choice(name, Self.effects).map { (name, $0) }
            })
    }
}

extension ScheduleSection {
    /// The windows that a schedule knows; nil if one of them waits or is wrong.
    func windows(tags: [String]) -> [(window: Window, source: RuleSource.Window)]? {
        var found: [(window: Window, source: RuleSource.Window)] = []
        var isWhole = true
        for (name, compiled) in context.windows.sorted(by: { $0.key < $1.key }) {
            guard let compiled else {
                if let cause = context.windowCauses[name] { problems.awaits(cause) }
                isWhole = false
                continue
            }
            guard let effect = compiled.choice.effect(on: self.name, tags: tags) else {
                problems.error(
                    reader.node.path, at: reader.node.keyPosition,
                    "its tags say different things of window \(name); say it in "
                        + "[windows.\(name)] by_schedule = { \(self.name) = … }")
                isWhole = false
                continue
            }
            var source = compiled.source
            source.effect = effect.rawValue
            found.append((compiled.window.with(effect), source))
        }
        return isWhole ? found : nil
    }
}
