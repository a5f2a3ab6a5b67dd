import Console
import Engine
import Store
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
    ///
    /// - Parameters:
    ///   - schedule: of the config.
    ///   - from: strictly after it.
    ///   - count: how many at most.
    ///   - usual: how long its runs usually take, in milliseconds; nil: nobody knows.
    /// - Returns: The next first.
    static func rows(
        _ schedule: Schedule, after from: Instant, count: Int, usual: Int64? = nil
    ) -> [Row] {
        guard case .rule(let rule) = schedule.trigger, !rule.isReboot else { return [] }
        var start = from
        // `next` is strict, and a slot at active_from itself counts.
        if let active = schedule.active.from, active > from {
            start = active.adding(milliseconds: -1)
        }
        return rows(
            rule, after: start, count: count, until: schedule.active.until, name: schedule.name,
            dueAt: { schedule.dueAt(of: $0) },
            deadlines: { deadlines(schedule, of: $0) + forecast(schedule, of: $0, usual) })
    }

    /// The next occurrences of all schedules that are enabled, in the order of time.
    ///
    /// - Parameters:
    ///   - schedules: of the config.
    ///   - from: strictly after it.
    ///   - count: how many at most, of all together.
    ///   - usual: how long the runs of a schedule usually take, in milliseconds; nil: nobody knows.
    /// - Returns: The next first.
    static func rows(
        _ schedules: [Schedule], after from: Instant, count: Int, usual: (Schedule) -> Int64?
    ) -> [Row] {
        let all = schedules.filter(\.enabled).flatMap {
            rows($0, after: from, count: count, usual: usual($0))
        }
        return Array(all.sorted { ($0.at, $0.schedule) < ($1.at, $1.schedule) }.prefix(count))
    }

    /// The next occurrences of a rule.
    static func rows(
        _ rule: FiringRule, after from: Instant, count: Int, until: Instant? = nil,
        name: String = "", dueAt: (Instant) -> Instant = { $0 },
        deadlines: (Instant) -> [String] = { _ in [] }
    ) -> [Row] {
        var rows: [Row] = []
        var instant = from
        while rows.count < count, let next = rule.next(after: instant) {
            if let until, next.at > until { break }
            instant = next.at
            rows.append(
                Row(
                    schedule: name, at: next.at,
                    local: next.at.iso8601(offsetSeconds: next.utcOffsetSeconds),
                    decision: next.decision,
                    note: note(next, dueAt: dueAt(next.at), deadlines: deadlines(next.at))))
        }
        return rows
    }

    /// The next fire time in the schedule's zone, or why there is none.
    static func nextText(_ schedule: Schedule, after now: Instant) -> String {
        guard schedule.enabled else { return "disabled" }
        switch schedule.trigger {
        case .manual: return "by hand only"
        case .after(let rule): return "after " + Words.and(rule.upstreams)
        case .rule(let rule):
            if rule.isReboot { return "at the daemon's start" }
            return rows(schedule, after: now, count: 1).first?.local ?? "never again"
        }
    }

    /// Why a rule has no time after an instant, as the end of a sentence about it.
    static func silence(_ rule: FiringRule, after instant: Instant) -> String {
        if rule.isReboot { return "has no fire times: it fires once at each start of the daemon" }
        guard let last = rule.previous(atOrBefore: instant) else {
            return "never fires: no day of the calendar fits it"
        }
        return "fires no more; its last time was "
            + last.at.iso8601(offsetSeconds: last.utcOffsetSeconds)
    }

    /// By when a slot must run and have finished, in its schedule's zone.
    private static func deadlines(_ schedule: Schedule, of slotAt: Instant) -> [String] {
        func local(_ at: Instant) -> String {
            at.iso8601(offsetSeconds: schedule.zone.offsetSeconds(at: at))
        }
        let from = schedule.opening(for: slotAt)
        return [
            schedule.unlessDone?.words,
            schedule.startBy(from).map { "must run by \(local($0))" },
            schedule.finishBy(from).map { "must be finished by \(local($0))" },
        ].compactMap { $0 }
    }

    /// Whether the run of a slot will be in time, if it takes as long as it usually does.
    private static func forecast(
        _ schedule: Schedule, of slotAt: Instant, _ usual: Int64?
    ) -> [String] {
        guard let usual, schedule.finishBy != nil || schedule.runWithinMilliseconds != nil else {
            return []
        }
        let end = schedule.dueAt(of: slotAt).adding(milliseconds: usual)
        let isLate =
            schedule.finishBy(schedule.opening(for: slotAt)).map { end > $0 } ?? false
            || schedule.runWithinMilliseconds.map { usual > $0 } ?? false
        return [
            "usually \(SpanText.text(seconds: usual / 1000))" + (isLate ? ", will be late" : "")
        ]
    }

    private static func note(
        _ occurrence: Occurrence, dueAt: Instant, deadlines: [String]
    ) -> String {
        var notes: [String] = []
        switch occurrence.decision {
        case .run: break
        case .skipped(let reason): notes.append("skipped: \(reason)")
        case .coalesced(let reason): notes.append("coalesced: \(reason)")
        }
        if let note = occurrence.note, !notes.contains(where: { $0.hasSuffix(note) }) {
            notes.append(note)
        }
        if let rule = occurrence.ruleNote { notes.append(rule) }
        let share = dueAt.since(occurrence.window.delayedUntil ?? occurrence.at)
        if share > 0 { notes.append("starts \(Double(share) / 1000) s later (spread)") }
        if case .run = occurrence.decision { notes += deadlines }
        return notes.joined(separator: "; ")
    }
}

extension Schedule {
    /// How long the schedule's runs usually take, as the ledger has it; nil: nobody knows.
    func usualMilliseconds(in reader: LedgerReader) -> Int64? {
        let durations = try? reader.durations(of: name, limit: Forecast.runsMax)
        return Forecast.usual(durations ?? [])
    }
}
