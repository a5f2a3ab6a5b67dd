import Engine
import Timetable

/// Fire times of a schedule, for people: within its active period, with notes.
enum ScheduleTimes {
    /// One fire time in words.
    struct Row {
        var schedule: String
        var at: Instant
        var local: String
        var decision: Occurrence.Decision
        var note: String
    }

    /// The next occurrences of a schedule.
    static func rows(_ schedule: Schedule, after from: Instant, count: Int) -> [Row] {
        guard case .rule(let rule) = schedule.trigger, !rule.isReboot else { return [] }
        var start = from
        // `next` is strict, and a slot at active_from itself counts.
        if let active = schedule.activeFrom, active > from {
            start = active.adding(milliseconds: -1)
        }
        return rows(
            rule, after: start, count: count, until: schedule.activeUntil, name: schedule.name,
            spread: schedule.spreadMilliseconds)
    }

    /// The next occurrences of a rule.
    static func rows(
        _ rule: FiringRule, after from: Instant, count: Int, until: Instant? = nil,
        name: String = "", spread: Int64 = 0
    ) -> [Row] {
        var rows: [Row] = []
        var instant = from
        while rows.count < count, let next = rule.next(after: instant) {
            if let until, next.at >= until { break }
            instant = next.at
            rows.append(
                Row(
                    schedule: name, at: next.at,
                    local: next.at.iso8601(offsetSeconds: next.utcOffsetSeconds),
                    decision: next.decision, note: note(next, spread: spread)))
        }
        return rows
    }

    /// The next fire time in the schedule's zone, or why there is none.
    static func nextText(_ schedule: Schedule, after now: Instant) -> String {
        guard schedule.enabled else { return "disabled" }
        switch schedule.trigger {
        case .manual: return "by hand only"
        case .after(let rule): return "after " + CronWords.and(rule.upstreams)
        case .rule(let rule):
            if rule.isReboot { return "at the daemon's start" }
            return rows(schedule, after: now, count: 1).first?.local ?? "never again"
        }
    }

    private static func note(_ occurrence: Occurrence, spread: Int64) -> String {
        var notes: [String] = []
        switch occurrence.decision {
        case .run: break
        case .skipped(let reason): notes.append("skipped: \(reason)")
        case .coalesced(let reason): notes.append("coalesced: \(reason)")
        }
        if let note = occurrence.note, !notes.contains(where: { $0.hasSuffix(note) }) {
            notes.append(note)
        }
        if spread > 0 {
            notes.append("starts within \(DurationText.text(milliseconds: spread)) (spread)")
        }
        return notes.joined(separator: "; ")
    }
}
