package import Timetable

/// Slots that stand for others of their schedule.
extension Ledger {
    /// A later rule slot of the schedule that stands for a late one: waiting, out or started.
    ///
    /// One that a window still holds back stands for none: it may come days later.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func newerStandIn(for slot: SlotRow, now: Instant) throws -> Instant? {
        try database.integer(
            """
            SELECT max(slot_at) FROM slots
            WHERE schedule = ? AND kind = 'rule' AND slot_at > ?
                AND disposition IN ('pending', 'starting', 'unknown', 'started')
                AND (window IS NULL OR due_at <= ?)
            """, .text(slot.schedule), .at(slot.slotAt), .at(now)
        ).map(Instant.init(milliseconds:))
    }

    /// The newest slot after one that a window holds back and up to that window's end: it stands for it.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func laterSlot(
        schedule: String, after slotAt: Instant, through end: Instant
    ) throws -> Instant? {
        try database.integer(
            """
            SELECT max(slot_at) FROM slots
            WHERE schedule = ? AND kind <> 'manual' AND slot_at > ? AND slot_at <= ?
                AND disposition IN ('pending', 'starting', 'unknown', 'started')
            """, .text(schedule), .at(slotAt), .at(end)
        ).map(Instant.init(milliseconds:))
    }

    /// Slots that a window holds back, or has held back, and that were not sent yet.
    ///
    /// - Parameter schedule: whose; nil: everybody's.
    /// - Returns: the oldest first.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func heldBackSlots(schedule: String? = nil) throws -> [SlotRow] {
        try database.rows(
            """
            SELECT \(SlotRow.columns) FROM slots
            WHERE ended_at IS NULL AND window IS NOT NULL AND disposition = 'pending'
                AND attempts = 0 AND (?1 IS NULL OR schedule = ?1)
            ORDER BY slot_at, slot_id
            """, .text(schedule), map: SlotRow.init)
    }

    /// Moves when a slot is due, since the window that held it back is another one.
    ///
    /// - Parameters:
    ///   - slotID: waiting, never sent.
    ///   - window: the window that it falls into now; nil: none.
    ///   - dueAt: when it is due now.
    ///   - reason: in words.
    /// - Throws: `StoreError` if the ledger can't be written.
    package func holdBack(
        _ slotID: Int64, window: String?, until dueAt: Instant, reason: String
    ) throws {
        try database.run(
            """
            UPDATE slots SET window = ?, due_at = ?, window_from_at = ?, next_action_at = ?,
                reason = ? WHERE slot_id = ?
            """, .text(window), .at(dueAt), .at(dueAt), .at(dueAt), .text(reason), .int(slotID))
    }
}
