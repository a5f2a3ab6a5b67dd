package import Timetable

/// A slot that fell into a window.
package struct WindowSlot: Sendable, Equatable {
    package var slotID: Int64
    package var schedule: String
    /// ISO 8601 with the schedule's own offset.
    package var local: String
    package var disposition: Disposition
    package var reason: String

    package init(
        slotID: Int64, schedule: String, local: String, disposition: Disposition, reason: String
    ) {
        self.slotID = slotID
        self.schedule = schedule
        self.local = local
        self.disposition = disposition
        self.reason = reason
    }
}

extension LedgerReader {
    /// The slots that fell into a window, newest first.
    ///
    /// - Parameters:
    ///   - window: its name.
    ///   - since: slots for earlier instants are left out.
    ///   - limit: how many at most.
    /// - Returns: skipped, held back or started ones, as they are now.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func slots(
        ofWindow window: String, since: Instant, limit: Int
    ) throws -> [WindowSlot] {
        try database.rows(
            """
            SELECT slot_id, schedule, slot_at, utc_offset_seconds, disposition, reason
            FROM slots WHERE window = ?1 AND slot_at >= ?2 ORDER BY slot_at DESC LIMIT ?3
            """, .text(window), .at(since), .int(limit)
        ) { row in
            WindowSlot(
                slotID: row.integer(0), schedule: row.string(1),
                local: row.instant(2).iso8601(offsetSeconds: Int(row.integer(3))),
                disposition: Disposition(rawValue: row.string(4)) ?? .pending,
                reason: row.string(5))
        }
    }
}
