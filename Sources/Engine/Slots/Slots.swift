package import Store
import Timetable

extension SlotRow {
    /// A person has asked for it, or decided that it is to be started: no pause, brake or policy ends it
    /// (docs/protocol.md, rule 14).
    package var isAskedFor: Bool { kind == .manual || requestedBy != nil }

    /// It makes up for a slot that another ledger may have started, and no person has decided (`--start`,
    /// `--force`) that it goes out all the same (rule 20).
    var isMakeUpInDoubt: Bool { makesUpSlotID != nil && !forced }
}

/// What becomes of slots, whoever decides it: rows, and what people and `after` schedules are told.
struct Slots {
    private static let reminderMilliseconds: Int64 = 24 * 3_600_000

    let book: TurnBook
    let roster: Roster

    private var ledger: Ledger { book.ledger }
    private var now: Instant { book.now }

    /// Writes a slot; of those that a window holds back to one instant only the newest is kept.
    ///
    /// - Parameters:
    ///   - slot: about to be written; one that a later slot stands for ends here.
    ///   - schedule: its schedule.
    /// - Returns: its id; nil if there is one of the same kind and instant already.
    /// - Throws: `StoreError` if the ledger can't be read or written.
    func insert(_ slot: inout NewSlot, of schedule: Schedule) throws -> Int64? {
        let isWaiting = slot.disposition == .pending && slot.kind != .manual
        guard isWaiting, !schedule.windows.isEmpty else {
            return try ledger.insert(slot, now: now)
        }
        let opening = schedule.opening(for: slot.slotAt)
        if let window = slot.window, opening > slot.slotAt,
            let later = try ledger.laterSlot(
                schedule: slot.schedule, after: slot.slotAt, through: opening)
        {
            let reason = EndReason.heldBackWith(later: later, window: window)
            slot.disposition = reason.disposition
            slot.reason = reason.words(before: nil)
        }
        let slotID = try ledger.insert(slot, now: now)
        guard slotID != nil, slot.disposition == .pending else { return slotID }
        for older in try ledger.heldBackSlots(schedule: slot.schedule)
        where older.slotAt < slot.slotAt && schedule.opening(of: older) >= opening
            && !older.isAskedFor
        {
            try end(older, .heldBackWith(later: slot.slotAt, window: older.window ?? ""))
        }
        return slotID
    }

    func end(_ slot: SlotRow, _ reason: EndReason) throws {
        let (disposition, words) = (reason.disposition, reason.words(before: slot.reason))
        try ledger.end(slot, disposition, reason: words, doneBy: reason.doneBy, now: now)
        book.tell(.ended(schedule: slot.schedule))
        // Errors in the log are the scheduler's own: this one did what it should.
        let level: LogLine.Level =
            switch disposition {
            case .failed, .missed, .expired: .warning
            default: .info
            }
        book.log(
            level, "\(slot.name) \(disposition.rawValue): \(words)")
    }

    /// Ends what waits of a schedule, but what a person has asked for or decided.
    ///
    /// - Returns: how many slots that were.
    @discardableResult
    func endWaiting(of schedule: String, _ reason: EndReason) throws -> Int {
        let waiting = try ledger.openSlots(schedule: schedule, .pending).filter { !$0.isAskedFor }
        for slot in waiting { try end(slot, reason) }
        return waiting.count
    }

    /// Lets a slot wait, and tells a person once it has waited past its `start_within`, whatever for.
    func wait(_ slot: SlotRow, _ reason: WaitReason, until: Instant) throws {
        try ledger.wait(
            slot.slotID, reason: reason.words ?? slot.reason,
            until: try noteOverdue(slot, until: until))
    }

    /// Marks a slot that has waited too long, for the view `attention`.
    ///
    /// - Returns: when it comes up again: in time to be marked.
    func noteOverdue(_ slot: SlotRow, until: Instant) throws -> Instant {
        guard slot.overdueSince == nil, let schedule = roster.schedule(slot.schedule) else {
            return until
        }
        let overdue = slot.dueAt.adding(milliseconds: schedule.startWithinMilliseconds + 1)
        guard overdue <= now else { return min(until, overdue) }
        try ledger.setOverdue(slot.slotID, since: overdue)
        return until
    }

    /// Its attempt is over, and another one may follow from the instant on.
    func tryAgain(_ slot: SlotRow, _ reason: WaitReason, at instant: Instant) throws {
        try ledger.move(
            slot.slotID, .pending, reason: reason.words ?? slot.reason, nextActionAt: instant)
    }

    /// It has its run, which was created at the instant.
    func start(
        _ slot: SlotRow, runKey: Int64, _ reason: StartedReason, at created: Instant
    ) throws {
        try ledger.start(
            slot, runKey: runKey, reason: reason.words,
            lagMilliseconds: max(0, created.since(slot.dueAt)), now: now)
    }

    /// Nobody knows whether it has a run, until a look tells: not before the instant.
    func doubt(
        _ slot: SlotRow, _ reason: DoubtReason, attempt number: Int, until instant: Instant
    ) throws {
        let words = reason.words(attempt: number)
        try ledger.move(
            slot.slotID, .unknown, reason: "\(words); checking whether it has created a run",
            nextActionAt: instant)
        book.log(.warning, "\(slot.name) unknown: \(words)")
    }

    /// A person must decide.
    func hold(_ slot: SlotRow, _ reason: HoldReason) throws {
        try ledger.move(
            slot.slotID, .held, reason: reason.words,
            nextActionAt: now.adding(milliseconds: Self.reminderMilliseconds))
        book.log(.warning, "\(slot.name) held: \(reason.words)")
    }

    /// No run makes slots of the schedule skip any more: what it counts begins anew.
    func forgetOverlap(of schedule: String) throws {
        if try ledger.setOverlap(schedule: schedule, runID: nil, skips: 0) {
            try ledger.clear(kind: .overlap, subject: schedule)
        }
    }

    /// A held slot is remembered once a day until a person decides (I5).
    func remindHeld() throws {
        for slot in try ledger.slotsDue(.held, now: now, limit: 100) {
            book.log(
                .warning,
                "\(slot.name) is held: \(slot.reason); "
                    + "carillon resolve \(slot.slotID) --run RUN | --start | --drop")
            try ledger.wait(
                slot.slotID, reason: slot.reason,
                until: now.adding(milliseconds: Self.reminderMilliseconds))
        }
    }
}
