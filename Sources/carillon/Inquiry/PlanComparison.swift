import Config
import Console
import Engine
import JSON
import Store
import Timetable

/// One schedule's difference between the ledger and the config.
struct PlanChange {
    /// What happens to the schedule.
    enum Kind: String {
        case new
        case removed
        case changed
        case disabled
        case enabled
        case renamed

        var mark: String {
            switch self {
            case .new, .enabled: "+"
            case .removed, .disabled: "-"
            case .changed, .renamed: "~"
            }
        }

        var color: OutputStyle.Color {
            switch self {
            case .new, .enabled: .green
            case .removed, .disabled: .red
            case .changed, .renamed: .yellow
            }
        }
    }

    var schedule: String
    var kind: Kind
    var details: [String] = []
    /// Fire times that go and that appear, UTC.
    var gone: [Instant] = []
    var added: [Instant] = []

    var json: JSONText {
        func times(_ instants: [Instant]) -> JSONText {
            .array(instants.map { .string($0.iso8601) })
        }
        return .object([
            .init("schedule", .string(schedule)), .init("change", .string(kind.rawValue)),
            .init("details", .array(details.map(JSONText.string))),
            .init("fire_times_gone", times(gone)), .init("fire_times_new", times(added)),
        ])
    }
}

/// Compares the schedules of the ledger with those of a config.
struct PlanComparison {
    /// More fire times than that are counted by nobody.
    private static let timesMax = 50_000
    private static let timesShown = 5

    let host: any HostReading
    let from: Instant
    let until: Instant

    func changes(known: [KnownSchedule], loaded: LoadedConfiguration) -> [PlanChange] {
        var old = Dictionary(known.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var changes: [PlanChange] = []
        for schedule in loaded.engine.schedules {
            if let same = old.removeValue(forKey: schedule.name) {
                if let change = change(same, schedule, loaded) { changes.append(change) }
            } else if let former = schedule.formerly, let renamed = old.removeValue(forKey: former)
            {
                var change =
                    change(renamed, schedule, loaded)
                    ?? PlanChange(schedule: schedule.name, kind: .renamed)
                change.kind = .renamed
                change.details.insert("was \(former); its history and slots go with it", at: 0)
                changes.append(change)
            } else {
                changes.append(new(schedule))
            }
        }
        changes += old.values.map(removed)
        return changes.sorted { $0.schedule < $1.schedule }
    }

    private func new(_ schedule: Schedule) -> PlanChange {
        var change = PlanChange(schedule: schedule.name, kind: .new)
        change.details = ["\(schedule.ruleText), \(schedule.timezone)"]
        guard schedule.enabled else {
            change.details.append("disabled: no slots")
            return change
        }
        change.added = times(schedule)
        change.details += words(gone: [], added: change.added, zone: schedule.zone)
        return change
    }

    private func removed(_ known: KnownSchedule) -> PlanChange {
        var change = PlanChange(schedule: known.name, kind: .removed)
        change.details = ["was \(known.rule), \(known.timezone)"] + cancelled(known)
        if known.state == .active { change.gone = times(known) }
        let zone = (try? ZoneShelf(host).zone(known.timezone).get()) ?? .utc
        change.details += words(gone: change.gone, added: [], zone: zone)
        return change
    }

    private func change(
        _ known: KnownSchedule, _ schedule: Schedule, _ loaded: LoadedConfiguration
    ) -> PlanChange? {
        let isActive = known.state != .disabled
        var change = PlanChange(schedule: schedule.name, kind: .changed)
        guard isActive == schedule.enabled else {
            change.kind = schedule.enabled ? .enabled : .disabled
            if schedule.enabled {
                change.details.append("\(schedule.ruleText), \(schedule.timezone)")
                change.added = times(schedule)
            } else {
                change.details += cancelled(known)
                change.gone = times(known)
            }
            change.details += words(gone: change.gone, added: change.added, zone: schedule.zone)
            return change
        }
        let baseURL = loaded.engine.connections[schedule.connection]?.baseURL ?? ""
        compare("process", known.process, schedule.process.stored, &change)
        compare("connection", known.connection, schedule.connection, &change)
        compare("base URL", known.baseURL, baseURL, &change)
        if !change.details.isEmpty { change.details += cancelled(known) }
        compare("rule", known.rule, schedule.ruleText, &change)
        compare("timezone", known.timezone, schedule.timezone, &change)
        compare("mode", known.mode.rawValue, schedule.mode.rawValue, &change)
        if known.ruleSource != schedule.ruleSource, known.rule == schedule.ruleText,
            known.timezone == schedule.timezone
        {
            change.details.append("calendar, on_holiday, dst or windows differ")
        }
        let window = FiringKey(known.firingKey)?.active ?? ActiveWindow()
        compare("active_from", window.from, schedule.active.from, &change)
        compare("active_until", window.until, schedule.active.until, &change)
        if known.ruleSource != schedule.ruleSource || window != schedule.active, isActive {
            let before = Set(times(known))
            let after = Set(times(schedule))
            change.gone = before.subtracting(after).sorted()
            change.added = after.subtracting(before).sorted()
            change.details += words(gone: change.gone, added: change.added, zone: schedule.zone)
            let delays = delayed(schedule)
            let isDelayNew = delays != delayed(known)
            if isDelayNew { change.details.append(delayWords(delays, zone: schedule.zone)) }
            if change.gone.isEmpty, change.added.isEmpty, !isDelayNew {
                change.details.append("the fire times stay the same")
            }
        }
        return change.details.isEmpty ? nil : change
    }

    private func compare(
        _ what: String, _ before: String, _ after: String, _ change: inout PlanChange
    ) {
        if before != after { change.details.append("\(what): \(before) → \(after)") }
    }

    private func compare(
        _ what: String, _ before: Instant?, _ after: Instant?, _ change: inout PlanChange
    ) {
        compare(what, before?.iso8601 ?? "not set", after?.iso8601 ?? "not set", &change)
    }

    private func cancelled(_ known: KnownSchedule) -> [String] {
        known.pendingSlots == 0
            ? [] : ["\(Words.count(Int(known.pendingSlots), "waiting slot")) will be cancelled"]
    }

    private func times(_ known: KnownSchedule) -> [Instant] {
        guard let rule = RuleSource.compile(known.ruleSource, host: host) else { return [] }
        let window = FiringKey(known.firingKey)?.active ?? ActiveWindow()
        return times(rule).filter(window.contains)
    }

    private func times(_ schedule: Schedule) -> [Instant] {
        guard case .rule(let rule) = schedule.trigger else { return [] }
        return times(rule).filter(schedule.active.contains)
    }

    /// What windows hold back, and until when.
    private func delayed(_ schedule: Schedule) -> [Instant: Instant] {
        guard case .rule(let rule) = schedule.trigger else { return [:] }
        return delayed(rule, times(schedule))
    }

    private func delayed(_ known: KnownSchedule) -> [Instant: Instant] {
        guard let rule = RuleSource.compile(known.ruleSource, host: host) else { return [:] }
        return delayed(rule, times(known))
    }

    private func delayed(_ rule: FiringRule, _ times: [Instant]) -> [Instant: Instant] {
        guard !rule.windows.isEmpty else { return [:] }
        var found: [Instant: Instant] = [:]
        for instant in times {
            if let until = rule.windows.verdict(at: instant).delayedUntil { found[instant] = until }
        }
        return found
    }

    private func delayWords(_ delays: [Instant: Instant], zone: Zone) -> String {
        guard let first = delays.min(by: { $0.key < $1.key }) else {
            return "no fire time is held back by a window any more"
        }
        func local(_ at: Instant) -> String {
            at.iso8601(offsetSeconds: zone.offsetSeconds(at: at))
        }
        return "\(Words.count(delays.count, "fire time")) held back by a window, the first of "
            + "\(local(first.key)) until \(local(first.value))"
    }

    private func times(_ rule: FiringRule) -> [Instant] {
        var found: [Instant] = []
        var instant = from
        while found.count < Self.timesMax, let next = rule.next(after: instant), next.at < until {
            instant = next.at
            if next.decision == .run { found.append(next.at) }
        }
        return found
    }

    private func words(gone: [Instant], added: [Instant], zone: Zone) -> [String] {
        func list(_ instants: [Instant], _ word: String) -> [String] {
            guard !instants.isEmpty else { return [] }
            let first = instants.prefix(Self.timesShown).map {
                $0.iso8601(offsetSeconds: zone.offsetSeconds(at: $0))
            }
            let rest = instants.count > Self.timesShown ? " …" : ""
            return [
                "\(Words.count(instants.count, "fire time")) \(word): "
                    + first.joined(separator: ", ") + rest
            ]
        }
        return list(gone, "less") + list(added, "more")
    }
}
