package import Timetable

extension LedgerReader {
    /// How many slots of each schedule ended how, and how long the slowest start took from its
    /// due time on; for the summary of a simulation.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func dispositions() throws -> LedgerTable {
        try table(
            """
            SELECT c.schedule, count(s.slot_id) AS slots,
                coalesce(sum(s.disposition = 'started'), 0) AS started,
                coalesce(sum(s.disposition = 'skipped'), 0) AS skipped,
                coalesce(sum(s.disposition = 'coalesced'), 0) AS coalesced,
                coalesce(sum(s.disposition = 'missed'), 0) AS missed,
                coalesce(sum(s.disposition = 'expired'), 0) AS expired,
                coalesce(sum(s.disposition IN ('failed', 'cancelled')), 0) AS failed,
                coalesce(sum(s.disposition = 'held'), 0) AS held,
                coalesce(sum(s.disposition IN ('pending', 'starting', 'unknown')), 0) AS waiting,
                max((r.created_at - s.due_at + 999) / 1000) AS longest_wait_seconds
            FROM schedule_states AS c
            LEFT JOIN slots AS s ON s.schedule = c.schedule
            LEFT JOIN process_runs AS r ON r.run_key = s.run_key AND s.disposition = 'started'
            GROUP BY c.schedule ORDER BY c.schedule
            """)
    }

    /// The first slots that were not started, in the order of their time.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func unstarted(limit: Int) throws -> LedgerTable {
        try table(
            """
            SELECT h.schedule, h.slot_local, h.disposition, h.reason
            FROM slots AS s JOIN history AS h ON h.slot_id = s.slot_id
            WHERE s.disposition <> 'started' ORDER BY s.slot_at, s.schedule LIMIT ?
            """, .int(limit))
    }

    /// Slots with their runs, in the order of their time.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func simulatedSlots(limit: Int) throws -> [SimulatedSlot] {
        try database.rows(
            """
            SELECT s.schedule, s.slot_at, s.utc_offset_seconds, s.disposition, s.reason,
                r.created_at, r.completed_at, s.finish_by_at
            FROM slots AS s LEFT JOIN process_runs AS r ON r.run_key = s.run_key
            ORDER BY s.slot_at, s.schedule LIMIT ?
            """, .int(limit)
        ) { row in
            var slot = SimulatedSlot(
                schedule: row.string(0), slotAt: row.instant(1),
                disposition: Disposition(rawValue: row.string(3)) ?? .pending,
                reason: row.string(4))
            slot.utcOffsetSeconds = Int(row.integer(2))
            slot.startedAt = row.at(5)
            slot.completedAt = row.at(6)
            slot.finishBy = row.at(7)
            return slot
        }
    }

    /// How long runs of a schedule took that succeeded and were created within the time, newest first.
    ///
    /// - Parameters:
    ///   - schedule: its name.
    ///   - from: the first instant.
    ///   - to: the end, itself not included.
    ///   - limit: how many runs at most.
    /// - Returns: milliseconds.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func durations(
        of schedule: String, from: Instant, to: Instant, limit: Int
    ) throws -> [Int64] {
        try DurationRead.of(schedule, created: from..<max(from, to), limit: limit, in: database)
    }
}
