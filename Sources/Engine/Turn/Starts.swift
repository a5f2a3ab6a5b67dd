import ProcessesAPI
import Store
import Timetable

/// What all that decides of slots has in common: hints, ends, waits, reminders.
extension Clockwork {
    func end(_ slot: SlotRow, _ disposition: Disposition, _ reason: String) throws {
        try ledger.end(slot.slotID, disposition, reason: reason, now: now)
        book.tell(.ended(schedule: slot.schedule))
        book.log(
            .info, "\(slot.schedule)@\(slot.slotAt.iso8601) \(disposition.rawValue): \(reason)")
    }

    static let reminderMilliseconds: Int64 = 24 * 3_600_000

    /// A held slot is remembered once a day until a person decides (I5).
    func remindHeld() throws {
        for slot in try ledger.slotsDue(.held, now: now, limit: 100) {
            book.log(
                .warning,
                "\(slot.schedule)@\(slot.slotAt.iso8601) is held: \(slot.reason); "
                    + "carillon resolve \(slot.slotID) --run RUN | --start | --drop")
            try ledger.wait(
                slot.slotID, reason: slot.reason,
                until: now.adding(milliseconds: Self.reminderMilliseconds))
        }
        // An attempt that never came back (its effect was lost with a cancelled task).
        for slot in try ledger.slotsDue(.starting, now: now, limit: 100) {
            guard let attempt = try ledger.lastAttempt(slotID: slot.slotID) else { continue }
            try becomeUnknown(
                slot, attempt, reason: "attempt \(attempt.number) was never answered",
                httpStatus: nil, errorID: nil)
        }
    }
}
