import Console
import Engine
import Timetable

/// What makes a schedule's slots: exactly one of `cron`, `at`, `every`, `after`, or nothing.
extension ScheduleSection {
    /// A trigger and the rule as the user wrote it.
    struct Trigger {
        var trigger: ScheduleTrigger
        var text: String
        var source: String
    }

    /// The process: an id, or a name pattern that each slot's date fills in.
    func process() -> ProcessReference? {
        guard let node = reader.find("process") else {
            reader.missing(
                "process", "missing; give the process's id, or { name = \"Close {yyyy}-{MM}\" }")
            return nil
        }
        switch node.value {
        case .string(let id):
            guard Self.isProcessID(id) else {
                problems.error(
                    node,
                    "not a process id (\(node.shown)); an id has 1 to 64 letters, digits, "
                        + "- or _; for a name write { name = … }")
                return nil
            }
            return .id(id)
        case .table:
            let table = TableReader(node, known: ["name"], problems: problems)
            guard let pattern = table.string("name"), let place = table.find("name") else {
                if table.find("name") == nil { table.missing("name", "missing") }
                return nil
            }
            if let mistake = NamePatternText.mistake(pattern) {
                problems.error(place, "\(mistake) (\(place.shown))")
                return nil
            }
            return .name(pattern: pattern)
        default: return reader.wrongType(node, "a process id or { name = \"…\" }")
        }
    }

    private static func isProcessID(_ id: String) -> Bool {
        (1...64).contains(id.utf8.count)
            && id.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    /// The zone: `timezone`, or the `CRON_TZ=` prefix of the schedule's own `cron`.
    func zone() -> Zone? {
        let prefix = cronZone()
        if let prefix, let own = reader.own("timezone") {
            problems.error(
                own, "the cron expression names a zone too (\(prefix.name)); keep one of the two")
            return nil
        }
        guard let prefix else { return reader.zone(context.zones) }
        return reader.zone(prefix.name, at: prefix.node, context.zones)
    }

    /// The trigger.
    ///
    /// - Parameters:
    ///   - zone: the schedule's.
    ///   - windows: times in which its slots don't start as usual.
    /// - Returns: nil if it has errors.
    func trigger(
        _ zone: Zone, _ windows: [(window: Window, source: RuleSource.Window)]
    ) -> Trigger? {
        let present = presentKeys()
        guard let key = present.first, let node = reader.find(key) else {
            checkUnusedRuleKeys()
            problems.warning(
                reader.node.path, at: reader.node.keyPosition,
                "has no cron, at, every or after: it starts only by hand (carillon trigger)")
            return Trigger(
                trigger: .manual, text: "by hand",
                source: RuleSource(rule: "manual", zone: zone.name).text)
        }
        if present.contains("after") {
            guard present.count == 1 else {
                problems.error(
                    reader.node.path, at: reader.node.keyPosition,
                    "\(Words.and(present)) exclude each other; keep one: a schedule that waits for "
                        + "others has no times of its own")
                return nil
            }
            checkUnusedRuleKeys()
            return after(node, zone)
        }
        return rule(present, zone, windows)
    }

    /// The trigger keys that count: the schedule's own, else those of `[defaults]`.
    func presentKeys() -> [String] {
        let own = Self.triggerKeys.filter { reader.own($0) != nil }
        return own.isEmpty ? Self.triggerKeys.filter { reader.find($0) != nil } : own
    }

    func dialect() -> CronDialect {
        let words = [(word: "carillon", value: CronDialect.carillon), ("strict", .strict)]
        return reader.choice("cron_dialect", words) ?? .carillon
    }

    /// Judges keys that have no effect without a rule all the same.
    private func checkUnusedRuleKeys() {
        _ = dialect()
        _ = dst()
        _ = calendar()
        _ = onHoliday(hasCalendar: true)
    }
}
