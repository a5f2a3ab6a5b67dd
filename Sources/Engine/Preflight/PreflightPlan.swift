import Store
import Timetable

/// Which slot of a schedule is checked ahead (config key `preflight`), and when.
struct PreflightPlan: Grounded {
    /// Checks of a connection begin at most so far apart.
    private static let spacingMillisecondsMax: Int64 = 30_000

    let ground: Ground

    /// Plans the check of a schedule's next slot, unless one that passed is good for it already.
    ///
    /// What passes is good for every slot up to `preflight` later: a schedule that fires every
    /// minute is not checked every minute.
    func plan(of schedule: Schedule, after cursor: Instant) throws {
        let known = try ledger.preflight(schedule.name)
        guard let lead = schedule.preflightMilliseconds, schedule.mode == .run, schedule.enabled,
            let slotAt = nextStartable(schedule, after: max(cursor, now))
        else {
            if let known { try drop(known) }
            return
        }
        let earliest = max(now, slotAt.adding(milliseconds: -lead))
        // What is wrong is to be told while there is time to mend it.
        let latest = earliest.adding(milliseconds: max(0, slotAt.since(earliest) / 2))
        let window = earliest...latest
        guard let known else { return try begin(schedule, slotAt: slotAt, within: window) }
        let isCovered =
            known.process == subject(of: schedule, slotAt)
            && known.passedAt.map { $0 <= now && slotAt <= $0.adding(milliseconds: lead) } ?? false
        guard !isCovered else { return }
        if known.slotAt == slotAt {
            // The same slot: only a check that has not begun moves with the lead.
            guard known.state == .planned, let at = known.nextAt, !window.contains(at)
            else { return }
            var moved = known
            moved.nextAt = try place(of: schedule, within: window)
            return try ledger.save(moved)
        }
        try clearAlarm(known)
        try begin(schedule, slotAt: slotAt, within: window)
    }

    private func begin(
        _ schedule: Schedule, slotAt: Instant, within window: ClosedRange<Instant>
    ) throws {
        try ledger.save(
            PreflightRow(
                schedule: schedule.name, connection: schedule.connection, slotAt: slotAt,
                nextAt: try place(of: schedule, within: window)))
    }

    /// The first instant of a window, or one behind the last check of the connection in it.
    ///
    /// A thousand slots at one instant would be a thousand checks at one, ahead of the burst of starts.
    /// They are spread so that those of all schedules find room.
    private func place(
        of schedule: Schedule, within window: ClosedRange<Instant>
    ) throws -> Instant {
        let connection = schedule.connection
        guard let last = try ledger.lastPreflight(connection: connection, within: window)
        else { return window.lowerBound }
        let share =
            window.upperBound.since(window.lowerBound)
            / Int64(max(1, roster.checkedAhead(connection)))
        let behind = last.adding(milliseconds: min(share, Self.spacingMillisecondsMax))
        return min(behind, window.upperBound)
    }

    /// The next slot that neither a holiday nor another slot takes; rows of holidays are bounded.
    private func nextStartable(_ schedule: Schedule, after instant: Instant) -> Instant? {
        var instant = instant
        for _ in 0..<100 {
            guard let next = schedule.nextOccurrence(after: instant) else { return nil }
            if next.decision == .run { return next.at }
            instant = next.at
        }
        return nil
    }

    /// The process that a slot will start: its id, or the name that it will be found by.
    func subject(of schedule: Schedule, _ slotAt: Instant) -> String? {
        switch schedule.process {
        case .id(let id): id
        case .name(let pattern):
            NamePattern.expand(
                pattern, slotAt: slotAt,
                offsetSeconds: schedule.zone.offsetSeconds(at: slotAt))
        }
    }

    /// What is wrong as a person reads it.
    ///
    /// - Parameters:
    ///   - problem: what was found.
    ///   - subject: the process that the slot will start: its id, or its name.
    /// - Returns: the words.
    static func words(_ problem: PreflightProblem, of subject: String) -> String {
        let detail = problem.detail
        return switch problem.kind {
        case .unlisted:
            "process \(subject) is not listed: it was deleted, or the grant's user has no access "
                + "to it"
        case .misnamed:
            HoldReason.processName(subject, found: detail.isEmpty ? [] : [detail]).words
        case .invalid: "the process does not validate: \(detail)"
        case .refused: "its validation was refused: \(detail)"
        }
    }

    /// Its slot has passed, or there is none any more.
    func drop(_ check: PreflightRow) throws {
        try clearAlarm(check)
        try ledger.removePreflight(check.schedule)
    }

    func drop(of schedule: String) throws {
        if let check = try ledger.preflight(schedule) { try drop(check) }
    }

    func clearAlarm(_ check: PreflightRow) throws {
        guard check.problem != nil else { return }
        try ledger.clear(kind: .preflight, subject: check.name.description)
    }
}
