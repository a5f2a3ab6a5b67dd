import Store
import Timetable

/// Schedules that wait for others (docs/protocol.md, rule 11).
final class Upstreams: Room, Grounded {
    /// What could not be written for an ended upstream is tried again after that long.
    private static let againMilliseconds: Int64 = 60_000

    /// Ends of an upstream that wait for those of others, at most: more than a year of days.
    static let endsMax = 500
    /// Newest slots of an upstream among which a join looks for them.
    private static let waitingMax = 2_000

    let ground: Ground
    private let lister: Lister
    /// Schedules whose slots or runs have ended and may set off others.
    private var ended: Set<String> = []
    /// Schedules whose slots could not be created, and when they are looked for again.
    private var againAt: [String: Instant] = [:]
    /// When periods of schedules with joins are looked at again; not named: now.
    private var periodsAt: [String: Instant] = [:]
    /// The configuration for which that was found out, and whether any of its schedules joins.
    private var revisionID: Int64?
    private var hasJoins = false
    private static let daysMilliseconds: Int64 = 366 * 86_400_000

    init(_ ground: Ground, lister: Lister) {
        self.ground = ground
        self.lister = lister
    }

    func keep() -> () -> Void {
        let kept = (ended, againAt, periodsAt, revisionID, hasJoins)
        return { [self] in (ended, againAt, periodsAt, revisionID, hasJoins) = kept }
    }

    func clockWasSet(by milliseconds: Int64) {
        againAt = againAt.mapValues { $0.adding(milliseconds: milliseconds) }
        periodsAt = [:]
    }

    var isIdle: Bool { ended.isEmpty && againAt.isEmpty }

    func note(ended schedule: String) { ended.insert(schedule) }

    func createAfterSlots() throws {
        let ended = ended
        self.ended = []
        if revisionID != roster.revisionID {
            (periodsAt, revisionID) = ([:], roster.revisionID)
            hasJoins = roster.schedules.dependents.contains { $0.rule.join != .order }
            try forgetPeriods()
        }
        guard hasJoins || !ended.isEmpty || !againAt.isEmpty else { return }
        for (name, rule) in roster.schedules.dependents {
            if let again = againAt[name] {
                guard again <= now else {
                    book.wake(at: again)
                    continue
                }
            } else if !rule.upstreams.contains(where: ended.contains) {
                guard rule.join != .order else { continue }
                if let at = periodsAt[name], at > now {
                    book.wake(at: at)
                    continue
                }
            }
            againAt[name] = nil
            var nextAt = now.adding(milliseconds: Self.daysMilliseconds)
            defer {
                if rule.join != .order {
                    periodsAt[name] = nextAt
                    book.wake(at: nextAt)
                }
            }
            guard let schedule = roster.schedule(name), let row = try ledger.schedule(name),
                row.state == .active
            else { continue }
            let done = try book.step(
                "look for ended upstream slots of \(name)", schedule: name
            ) {
                while try createAfterSlot(schedule, rule, row: row) {}
                try advanceMarks(schedule, rule, row: row)
                if rule.join != .order, let at = try tellPeriods(schedule, rule, row: row) {
                    nextAt = at
                }
            }
            if !done {
                let again = now.adding(milliseconds: Self.againMilliseconds)
                againAt[name] = again
                book.wake(at: again)
            }
        }
    }

    /// Uses up what came to nothing at the same moment as an end that was used, of a join in its period:
    /// a night of which nothing came is one end, or it would set off a start for each of its slots.
    private func useCompanions(
        of end: UpstreamEnd, _ unused: [UpstreamEnd], _ schedule: Schedule, _ rule: AfterRule,
        row: ScheduleRow, slotID: Int64?
    ) throws {
        guard rule.join != .order else {
            // By order each end has its place beside those of the others: one less of them, and all
            // that come later are with the wrong one.
            guard rule.upstreams.count == 1 else { return }
            return try ledger.useCompanions(
                of: end, by: schedule.name, since: row.effectiveAt, slotID: slotID, now: now)
        }
        let period = rule.period(of: end.slotAt, in: schedule.zone)
        for other in unused
        where other.slotID != end.slotID && !other.hasRun && other.endedAt == end.endedAt
            && rule.period(of: other.slotAt, in: schedule.zone) == period
        {
            try ledger.useEnd(
                other, by: schedule.name, slotID: slotID, note: "ended at the same moment", now: now
            )
        }
    }

    private func advanceMarks(_ schedule: Schedule, _ rule: AfterRule, row: ScheduleRow) throws {
        for upstream in rule.upstreams {
            // A second end of a period that was whole is never used, nor are those of one that
            // never is.
            try ledger.advanceMark(
                of: upstream, for: schedule.name, since: row.effectiveAt,
                waitingMax: rule.join == .order ? nil : Self.waitingMax)
        }
    }

    /// Uses one unused ended slot of each upstream, if there is one.
    ///
    /// - Returns: true if one was used, so that there may be more.
    private func createAfterSlot(
        _ schedule: Schedule, _ rule: AfterRule, row: ScheduleRow
    ) throws -> Bool {
        // Only by the order of ends it is always the oldest one.
        let limit = rule.join == .order ? 1 : Self.endsMax
        var ends: [[UpstreamEnd]] = []
        for upstream in rule.upstreams {
            let unused = try ledger.unusedEnds(
                of: upstream, for: schedule.name, since: row.effectiveAt, limit: limit)
            if unused.isEmpty { return false }
            ends.append(unused)
        }
        guard
            let (used, period) = rule.round(
                of: ends, slotAt: { $0.slotAt }, didSucceed: { $0.didSucceed }, in: schedule.zone),
            let first = used.map(\.endedAt).min()
        else { return false }
        let isExpired =
            rule.withinMilliseconds.map { now > first.adding(milliseconds: $0) } ?? false
        // It fails the condition: with the others of its round it is used up by a skipped slot.
        let failing = rule.on == .success ? used.first { !$0.didSucceed } : nil
        var slotAt = now
        while try !ledger.slots(schedule: schedule.name, at: slotAt).isEmpty {
            slotAt = slotAt.adding(milliseconds: 1)
        }
        let pause = try ledger.pauses(schedule: schedule.name, covering: slotAt).first
        let fate: SlotBirth.Fate =
            if let failing {
                // Never silent (I2): why it was not started has a row of its own.
                .ended(.upstreamFailed(failing.name))
            } else if pause == nil, isExpired {
                .ended(.afterRuleOver(when: used.map(\.name)))
            } else {
                SlotBirth.Fate.decidedAhead(
                    pause, schedule, window: schedule.windows.verdict(at: slotAt))
                    ?? .due(.upstreams(used.map(\.name), of: period))
            }
        var slot = SlotBirth(schedule, row: row).after(
            at: slotAt, upstreamSlotID: used.first?.slotID, fate)
        let slotID = try slots.insert(&slot, of: schedule)
        for end in used {
            try ledger.useEnd(end, by: schedule.name, slotID: slotID, note: "used", now: now)
        }
        for (end, unused) in zip(used, ends) where !end.hasRun {
            try useCompanions(of: end, unused, schedule, rule, row: row, slotID: slotID)
        }
        if slot.disposition == .pending {
            lister.want(look: schedule.connection, .start)
        } else {
            book.tell(.ended(schedule: schedule.name))
            book.wakeSoon()
        }
        return true
    }
}
