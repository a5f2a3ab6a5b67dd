import Store
import Timetable

/// Which slot of a schedule is checked ahead (config key `preflight`), and when.
struct PreflightPlan: Grounded {
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
        let nextAt = max(now, slotAt.adding(milliseconds: -lead))
        guard let known else {
            return try ledger.save(
                PreflightRow(
                    schedule: schedule.name, connection: schedule.connection, slotAt: slotAt,
                    nextAt: nextAt))
        }
        let isCovered =
            known.process == subject(of: schedule, slotAt)
            && known.passedAt.map { $0 <= now && slotAt <= $0.adding(milliseconds: lead) } ?? false
        guard !isCovered else { return }
        if known.slotAt == slotAt {
            // The same slot: only a check that has not begun moves with the lead.
            guard known.state == .planned, known.nextAt != nextAt else { return }
            var moved = known
            moved.nextAt = nextAt
            return try ledger.save(moved)
        }
        try clearAlarm(known)
        try ledger.save(
            PreflightRow(
                schedule: schedule.name, connection: schedule.connection, slotAt: slotAt,
                nextAt: nextAt))
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

    /// Its slot has passed, or there is none any more.
    func drop(_ check: PreflightRow) throws {
        try clearAlarm(check)
        try ledger.removePreflight(check.schedule)
    }

    func drop(of schedule: String) throws {
        if let check = try ledger.preflight(schedule) { try drop(check) }
    }

    func clearAlarm(_ check: PreflightRow) throws {
        guard !check.problem.isEmpty else { return }
        try ledger.clear(kind: .preflight, subject: Self.alarmSubject(check))
    }

    static func alarmSubject(_ check: PreflightRow) -> String {
        "\(check.schedule)@\(check.slotAt.iso8601)"
    }
}
