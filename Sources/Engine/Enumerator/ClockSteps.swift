import Store
import Timetable

/// Steps of the wall clock (docs/protocol.md, rule 12).
extension Clockwork {
    /// A difference between wall and monotonic time beyond this is a step, not drift.
    private static let stepMillisecondsMin: Int64 = 1000
    /// A step forward beyond this is down time.
    private static let downMillisecondsMin: Int64 = 60_000

    func readClock() throws {
        let step = life.stepMilliseconds
        guard abs(step) >= Self.stepMillisecondsMin else { return }
        book.log(.warning, "the wall clock was set by \(step) ms")
        try ledger.audit(
            actor: "clock", action: "step", subject: "wall clock", detail: "\(step) ms", now: now)
        // Waits hold on the monotonic clock: what is stored in wall time moves with the step.
        try ledger.shiftWaits(by: step)
        book.forgetRows()
        backoffs.removeAll()
        try life.clockWasSet(by: step, isDownTime: step >= Self.downMillisecondsMin)
        gate.clockWasSet(by: step)
        lister.clockWasSet(by: step)
        if step < 0 {
            memory.isUpcomingStale = true
            shiftPruning(by: step)
            try returnCursors()
        }
        try wantLooksAfterStep(by: step)
    }

    /// Only an answer tells whether the clock is right now, and whether it was ahead before.
    private func wantLooksAfterStep(by step: Int64) throws {
        for name in configuration?.connections.keys.sorted() ?? [] {
            let wasBad = try book.connection(name)?.clockBadSince != nil
            if wasBad || abs(step) >= Self.downMillisecondsMin { lister.want(look: name, .start) }
        }
    }

    /// After a step back: slots that wait go if they are later than now, and cursors return to now.
    ///
    /// What forbids repeats is the UNIQUE slot, not the cursor.
    func returnCursors() throws {
        try withdrawWaitingSlots(because: "after the clock was set back")
        for row in try ledger.schedules() where row.state == .active && row.cursorAt > now {
            guard let schedule = schedules[row.schedule] else { continue }
            try moveCursor(of: schedule, to: returned(row))
        }
    }

    /// No further than to the beginning of its rule: a clock that starts in 1970 finds no slot there.
    func returned(_ row: ScheduleRow) -> Instant { max(now, row.effectiveAt) }

    func withdrawWaitingSlots(because words: String) throws {
        life.doubtClock()
        for slot in try ledger.removeWaitingSlots(after: now) {
            try ledger.audit(
                actor: "clock", action: "remove slot",
                subject: "\(slot.schedule)@\(slot.slotAt.iso8601)",
                detail: "not sent, and later than now \(words)", now: now)
        }
    }

    /// Takes note that a server's clock agrees with ours.
    ///
    /// The first time after a start or a step back, that tells which of two readings was wrong: what
    /// was written later than now is of a clock that was ahead, and slots that it ended without ever
    /// sending them are still to come.
    func noteClockAgrees(at instant: Instant) throws {
        // An answer that came under the clock's former reading says nothing of the present one.
        guard life.clockAgrees(at: instant) else { return }
        let future = now.adding(milliseconds: limits.clockSkewMaxMilliseconds)
        guard let last = try ledger.lastTurnAt(), last > future else { return }
        let removed = try ledger.removeSlots(writtenAfter: future, now: now)
        let bySchedule = Dictionary(grouping: removed, by: \.schedule)
        for (schedule, slots) in bySchedule.sorted(by: { $0.key < $1.key }) {
            guard let first = slots.first?.slotAt, let last = slots.last?.slotAt else { continue }
            // A clock that was ahead by weeks has ended thousands: one entry a schedule.
            try ledger.audit(
                actor: "clock", action: "remove slots", subject: schedule,
                detail: "\(slots.count) from \(first.iso8601) to \(last.iso8601), never sent, and "
                    + "written by a clock that was ahead: they are still to come", now: now)
        }
        if !removed.isEmpty { for name in schedules.keys { book.tell(.ended(schedule: name)) } }
        for var row in try ledger.schedules() where row.state == .active {
            guard let schedule = schedules[row.schedule] else { continue }
            let first = bySchedule[row.schedule]?.first { $0.kind == .rule }?.slotAt
            let cursor = min(now, first?.adding(milliseconds: -1) ?? now)
            if row.effectiveAt > future {
                // Edited under the clock that was ahead.
                row.effectiveAt = now
                try ledger.save(row)
            }
            if row.cursorAt > cursor, first != nil || row.cursorAt > now {
                try moveCursor(of: schedule, to: cursor)
            }
        }
    }
}
