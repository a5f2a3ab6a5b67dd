import Store
import Timetable

/// What overlap does beside its decision: counts lost slots, lets one slot of a queue wait (rule 9).
extension Starter {
    /// The second slot in a row that the same run takes away is in `attention`.
    private static let lossesToReport = 2

    /// Nothing is in the slot's way any more.
    func noteUnblocked(_ slot: SlotRow) throws {
        if let former = slot.blockedBy {
            try setBlocker(of: slot, to: nil)
            book.log(.info, "\(slot.schedule): run \(former) has closed, the queued slot goes on")
        }
        try slots.forgetOverlap(of: slot.schedule)
    }

    /// A run has taken a slot away: it was skipped for it, or has waited for its end in vain.
    func countLoss(of slot: SlotRow, to runID: String) throws {
        guard slot.kind != .manual, let row = try ledger.schedule(slot.schedule) else { return }
        let losses = row.overlapRunID == runID ? row.overlapSkips + 1 : 1
        try ledger.setOverlap(schedule: slot.schedule, runID: runID, skips: losses)
        guard losses >= Self.lossesToReport else { return }
        let run = try ledger.run(baseURL: slot.baseURL, runID: runID)
        // That slots are coalesced is what a queue is for, unless nothing starts for too long.
        if let schedule = roster.schedule(slot.schedule), schedule.overlap == .queue, let run,
            now.since(run.firstSeenAt) <= schedule.startWithinMilliseconds
        {
            return
        }
        try ledger.raise(
            kind: .overlap, subject: slot.schedule,
            whatToDo: "run \(runID) has kept \(losses) slots in a row from starting; "
                + (run?.missingSince.map {
                    "the API has not known it since \($0.iso8601) (404), and it blocks until "
                        + "that has lasted ten minutes and no list shows it"
                } ?? "close it in Workiva (with autoClose off it may never close by itself)"),
            now: now)
    }

    /// One slot waits, the newest; the older ones are coalesced into it.
    func queue(_ slot: SlotRow, behind blocker: Blocker) throws {
        let reason = EndReason.laterWaits(slot.slotAt, runID: blocker.runID)
        for other in try ledger.openSlots(schedule: slot.schedule, .pending)
        where other.kind == slot.kind && other.slotAt < slot.slotAt && other.blockedBy != nil
            && slot.makesUpSlotID == nil && other.makesUpSlotID == nil
        {
            try slots.end(other, reason)
            try countLoss(of: other, to: blocker.runID)
        }
        try setBlocker(of: slot, to: blocker)
        try slots.wait(slot, .queued(blocker), until: now.adding(milliseconds: 60_000))
    }

    /// The clocks of rule 8 stand still behind a run, and start afresh when it closes.
    func setBlocker(of slot: SlotRow, to blocker: Blocker?) throws {
        guard slot.blockedBy != blocker?.runID else { return }
        try ledger.setBlocked(
            slot.slotID, by: blocker?.runID, windowFrom: blocker == nil ? now : nil)
    }
}
