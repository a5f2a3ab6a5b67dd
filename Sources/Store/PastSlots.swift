package import Timetable

/// A slot of the past, and the one that makes up for it.
package struct PastSlot: Sendable, Equatable {
    package var slotID: Int64
    package var slotAt: Instant
    package var utcOffsetSeconds: Int
    package var disposition: Disposition
    package var reason: String
    /// The slot that makes up for it and has a run, or may still get one; nil: there is none.
    package var madeUpBy: Int64?
    /// The run that had done its work already (`unless_done`).
    package var doneBy: String?

    /// Makes one that nothing makes up for.
    package init(
        slotID: Int64, slotAt: Instant, disposition: Disposition, reason: String
    ) {
        self.slotID = slotID
        self.slotAt = slotAt
        utcOffsetSeconds = 0
        self.disposition = disposition
        self.reason = reason
    }

    fileprivate static func all(
        _ database: Database, schedule: String, from: Instant, through: Instant, limit: Int
    ) throws -> [PastSlot] {
        try database.rows(
            """
            SELECT s.slot_id, s.slot_at, s.utc_offset_seconds, s.disposition, s.reason,
                (SELECT max(m.slot_id) FROM slots AS m WHERE m.makes_up_slot_id = s.slot_id
                    AND m.disposition IN ('pending', 'starting', 'unknown', 'held', 'started')),
                s.done_by_run_id
            FROM slots AS s
            WHERE s.schedule = ? AND s.slot_at BETWEEN ? AND ? AND s.kind <> 'manual'
            ORDER BY s.slot_at, s.slot_id LIMIT ?
            """, .text(schedule), .at(from), .at(through), .int(limit)
        ) { row in
            var slot = PastSlot(
                slotID: row.integer(0), slotAt: row.instant(1),
                disposition: Disposition(rawValue: row.string(3)) ?? .held, reason: row.string(4))
            slot.utcOffsetSeconds = Int(row.integer(2))
            slot.madeUpBy = row.int(5)
            slot.doneBy = row.text(6)
            return slot
        }
    }
}

extension Ledger {
    /// Slots of a schedule that no person has asked for, oldest first.
    ///
    /// - Parameters:
    ///   - schedule: its name.
    ///   - from: the first instant.
    ///   - through: the last one.
    ///   - limit: how many at most.
    /// - Returns: them.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func pastSlots(
        schedule: String, from: Instant, through: Instant, limit: Int
    ) throws -> [PastSlot] {
        try PastSlot.all(database, schedule: schedule, from: from, through: through, limit: limit)
    }

    /// Slots of which more than one run was made, by themselves or by what made up for them.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func slotsMadeUpTwice() throws -> [Int64] {
        try database.rows(
            """
            SELECT m.makes_up_slot_id FROM slots AS m
            WHERE m.makes_up_slot_id IS NOT NULL AND m.run_key IS NOT NULL
            GROUP BY m.makes_up_slot_id
            HAVING count(*) > 1 OR EXISTS (SELECT 1 FROM slots AS s
                WHERE s.slot_id = m.makes_up_slot_id AND s.run_key IS NOT NULL)
            """
        ) { $0.integer(0) }
    }
}

extension LedgerReader {
    /// Slots of a schedule that no person has asked for, oldest first.
    ///
    /// - Parameters:
    ///   - schedule: its name.
    ///   - from: the first instant.
    ///   - through: the last one.
    ///   - limit: how many at most.
    /// - Returns: them.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func pastSlots(
        schedule: String, from: Instant, through: Instant, limit: Int
    ) throws -> [PastSlot] {
        try PastSlot.all(database, schedule: schedule, from: from, through: through, limit: limit)
    }
}
