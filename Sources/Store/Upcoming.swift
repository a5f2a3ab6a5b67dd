package import Timetable

/// A line of `upcoming`.
package struct UpcomingSlot: Sendable, Equatable {
    package var slotAt: Instant
    package var utcOffsetSeconds: Int
    package var note: String

    package init(slotAt: Instant, utcOffsetSeconds: Int, note: String) {
        self.slotAt = slotAt
        self.utcOffsetSeconds = utcOffsetSeconds
        self.note = note
    }
}

/// The view `upcoming`: the next slots of each schedule, as the daemon last computed them.
extension Ledger {
    /// Replaces the lines of `upcoming` of a schedule.
    ///
    /// - Parameters:
    ///   - schedule: its name.
    ///   - slots: the lines, in any order.
    ///   - zoneDataHash: of the zone data they were computed with.
    /// - Throws: `StoreError` if the ledger can't be written.
    package func setUpcoming(
        schedule: String, _ slots: [UpcomingSlot], zoneDataHash: String
    ) throws {
        try database.run("DELETE FROM upcoming_slots WHERE schedule = ?", .text(schedule))
        try addUpcoming(schedule: schedule, slots, zoneDataHash: zoneDataHash)
    }

    /// The lines of `upcoming` of a schedule.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func upcoming(schedule: String) throws -> [UpcomingSlot] {
        try database.rows(
            """
            SELECT slot_at, utc_offset_seconds, note FROM upcoming_slots WHERE schedule = ?
            ORDER BY slot_at
            """, .text(schedule)
        ) {
            UpcomingSlot(
                slotAt: $0.instant(0), utcOffsetSeconds: Int($0.integer(1)), note: $0.string(2))
        }
    }

    /// The content hash of the zone data that the lines of `upcoming` were computed with.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func upcomingZoneDataHash(schedule: String) throws -> String? {
        try database.first(
            "SELECT zone_data_hash FROM upcoming_slots WHERE schedule = ? LIMIT 1",
            .text(schedule)
        ) { $0.string(0) }
    }

    /// The schedules of which a line of `upcoming` has passed, by name.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func schedulesWithPassedUpcoming(now: Instant) throws -> [String] {
        try database.rows(
            """
            SELECT DISTINCT schedule FROM upcoming_slots INDEXED BY upcoming_by_time
            WHERE slot_at <= ? ORDER BY schedule
            """, .at(now)
        ) { $0.string(0) }
    }

    /// Drops the lines of `upcoming` that have passed and adds later ones at the end.
    ///
    /// - Parameters:
    ///   - schedule: its name.
    ///   - now: lines at or before it are dropped.
    ///   - slots: later ones, added at the end.
    ///   - zoneDataHash: of the zone data they were computed with.
    /// - Throws: `StoreError` if the ledger can't be written.
    package func moveUpcoming(
        schedule: String, past now: Instant, adding slots: [UpcomingSlot], zoneDataHash: String
    ) throws {
        try database.run(
            "DELETE FROM upcoming_slots WHERE schedule = ? AND slot_at <= ?",
            .text(schedule), .at(now))
        try addUpcoming(schedule: schedule, slots, zoneDataHash: zoneDataHash)
    }

    private func addUpcoming(
        schedule: String, _ slots: [UpcomingSlot], zoneDataHash: String
    ) throws {
        for slot in slots {
            try database.run(
                """
                INSERT OR REPLACE INTO upcoming_slots (schedule, slot_at, utc_offset_seconds, note,
                    zone_data_hash) VALUES (?, ?, ?, ?, ?)
                """, .text(schedule), .at(slot.slotAt), .int(slot.utcOffsetSeconds),
                .text(slot.note), .text(zoneDataHash))
        }
    }
}
