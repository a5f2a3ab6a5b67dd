import Store
import Timetable

/// Steps of the wall clock (docs/protocol.md, rule 12).
struct ClockSteps: Grounded {
    /// A difference between wall and monotonic time beyond this is a step, not drift.
    private static let stepMillisecondsMin: Int64 = 1000

    let ground: Ground
    let lister: Lister
    let enumerator: Enumerator

    /// Sees whether the clock was set since the last turn.
    func read() throws {
        let step = life.stepMilliseconds
        guard abs(step) >= Self.stepMillisecondsMin else { return }
        book.log(.warning, "the wall clock was set by \(step) ms")
        try move(by: step, "wall clock")
    }

    /// Another host has led before: what it wrote in its wall time is read in ours from now on.
    func readTakeover() throws {
        guard let step = life.membership?.clockDifferenceMilliseconds, step != 0 else { return }
        try move(by: step, "of another host")
    }

    private func move(by step: Int64, _ subject: String) throws {
        try ledger.audit(
            actor: "clock", action: "step", subject: subject, detail: "\(step) ms", now: now)
        // Waits hold on the monotonic clock: what is stored in wall time moves with the step.
        try ledger.shiftWaits(by: step)
        try book.clockWasSet(by: step)
        if step < 0 {
            try withdrawWaitingSlots(because: "after the clock was set back")
            try enumerator.returnCursors()
        }
        // Only an answer tells whether the clock is right now, and whether it was ahead before.
        for name in roster.connections.keys.sorted() {
            let wasBad = try book.connection(name)?.clockBadSince != nil
            guard wasBad || abs(step) >= Life.downMillisecondsMin else { continue }
            lister.want(look: name, .start)
        }
    }

    /// The clock is behind the last turn at the start of a life.
    func readAtStart() throws {
        // Another host's clock that is ahead of ours, as we know, tells nothing of ours.
        let difference = life.membership?.clockDifferenceMilliseconds ?? 0
        guard let last = try ledger.lastTurnAt()?.adding(milliseconds: difference), last > now
        else { return }
        book.log(.warning, "the clock is behind the last turn by \(last.since(now)) ms")
        // Waits count from the last turn then: longer than needed, never shorter.
        try ledger.shiftWaits(by: now.since(last))
        book.forgetRows()
        try withdrawWaitingSlots(because: "at the start")
        for var row in try ledger.schedules() where row.cursorAt > now {
            row.cursorAt = max(now, row.effectiveAt)
            try ledger.save(row)
        }
    }

    /// Slots that wait go if they are later than now.
    private func withdrawWaitingSlots(because words: String) throws {
        life.doubtClock()
        for slot in try ledger.removeWaitingSlots(after: now) {
            try ledger.audit(
                actor: "clock", action: "remove slot",
                subject: slot.name.description,
                detail: "not sent, and later than now \(words)", now: now)
        }
    }

    /// Takes note that a server's clock agrees with ours.
    ///
    /// The first time after a start or a step back, that tells which of two readings was wrong: what
    /// was written later than now is of a clock that was ahead, and slots that it ended without ever
    /// sending them are still to come.
    func noteAgreement(at instant: Instant) throws {
        // An answer that came under the clock's former reading says nothing of the present one.
        guard life.clockAgrees(at: instant) else { return }
        let future = now.adding(milliseconds: limits.clockSkewMaxMilliseconds)
        guard let last = try ledger.lastTurnAt(), last > future else { return }
        try ledger.bringBackPauses(writtenAfter: future, now: now)
        let removed = try ledger.removeSlots(writtenAfter: future, now: now)
        for slot in removed {
            for makeUp in try ledger.unsentMakeUps(ofSlot: slot.slotID) {
                try slots.end(makeUp, .comesAgain)
            }
        }
        let bySchedule = Dictionary(grouping: removed, by: \.schedule)
        for (schedule, slots) in bySchedule.sorted(by: { $0.key < $1.key }) {
            guard let first = slots.first?.slotAt, let last = slots.last?.slotAt else { continue }
            // A clock that was ahead by weeks has ended thousands: one entry a schedule.
            try ledger.audit(
                actor: "clock", action: "remove slots", subject: schedule,
                detail: "\(slots.count) from \(first.iso8601) to \(last.iso8601), never sent, and "
                    + "written by a clock that was ahead: they are still to come", now: now)
        }
        if !removed.isEmpty {
            for name in roster.schedules.keys { book.tell(.ended(schedule: name)) }
        }
        for var row in try ledger.schedules() where row.state == .active {
            let first = bySchedule[row.schedule]?.first { $0.kind == .rule }?.slotAt
            let cursor = min(now, first?.adding(milliseconds: -1) ?? now)
            if row.effectiveAt > future {
                // Edited under the clock that was ahead.
                row.effectiveAt = now
                try ledger.save(row)
            }
            guard row.cursorAt > cursor, first != nil || row.cursorAt > now else { continue }
            if let schedule = roster.schedule(row.schedule) {
                try enumerator.moveCursor(of: schedule, to: cursor)
            } else {
                // It waits for a file or zone: when its next slot is due is found when that is there.
                (row.cursorAt, row.nextDueAt) = (cursor, nil)
                row.nextSlotAt = first ?? row.nextSlotAt
                try ledger.save(row)
            }
        }
    }
}
