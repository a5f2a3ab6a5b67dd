package import Timetable

/// What `unless_done` asks of runs and slots.
extension Ledger {
    /// A slot before another.
    package struct FormerSlot: Sendable {
        package var slotAt: Instant
        /// Its work is done, or under way.
        ///
        /// Done by a run of its own, of what made up for it, or of somebody else's that it was
        /// skipped for.
        package var isServed: Bool
    }

    /// Of a run `r`: it has not failed, was not cancelled or lost, and is not in error.
    private static let hasServed = """
        (r.outcome IN ('succeeded', 'active')
            OR (r.outcome = 'attention' AND r.status NOT IN ('error', 'errorHold')))
        """

    /// The slot before a slot, of the same schedule and kind, whatever became of it.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func slotBefore(_ slot: SlotRow) throws -> FormerSlot? {
        try database.first(
            """
            SELECT s.slot_at, s.done_by_run_id IS NOT NULL
                OR EXISTS (SELECT 1 FROM process_runs AS r
                    WHERE r.run_key = s.run_key AND \(Self.hasServed))
                OR EXISTS (SELECT 1 FROM slots AS m JOIN process_runs AS r ON r.run_key = m.run_key
                    WHERE m.makes_up_slot_id = s.slot_id AND \(Self.hasServed))
            FROM slots AS s
            WHERE s.schedule = ? AND s.kind = ? AND s.slot_at < ?
            ORDER BY s.slot_at DESC LIMIT 1
            """, .text(slot.schedule), .text(slot.kind.rawValue), .at(slot.slotAt)
        ) { FormerSlot(slotAt: $0.instant(0), isServed: $0.integer(1) == 1) }
    }

    /// Whether a run has done the work of a slot of the schedule, which was skipped for it.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func isSpent(runID: String, schedule: String) throws -> Bool {
        try database.integer(
            "SELECT 1 FROM slots WHERE done_by_run_id = ? AND schedule = ? LIMIT 1",
            .text(runID), .text(schedule)) != nil
    }

    /// Complete runs of a process that were first seen since the instant, the newest first.
    ///
    /// - Parameters:
    ///   - baseURL: the API.
    ///   - processID: the process.
    ///   - since: by our clock.
    ///   - limit: how many at most.
    /// - Returns: them, each with the slot that it was started for, and the instant of the work.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func completeRuns(
        baseURL: String, processID: String, since: Instant, limit: Int
    ) throws -> [(run: RunRow, slot: SlotRow?, workAt: Instant?)] {
        let runs = try database.rows(
            """
            SELECT \(RunRow.columns) FROM process_runs INDEXED BY process_runs_by_process
            WHERE base_url = ? AND process_id = ? AND first_seen_at >= ? AND status = 'complete'
            ORDER BY first_seen_at DESC LIMIT ?
            """, .text(baseURL), .text(processID), .at(since), .int(limit), map: RunRow.init)
        return try runs.map { run in
            guard let own = try run.slotID.flatMap({ try slot($0) }) else { return (run, nil, nil) }
            // What makes up for another is that one's work, also where its own instant was moved.
            let original = try own.makesUpSlotID.flatMap { try slot($0) }
            return (run, own, original?.slotAt ?? own.slotAt)
        }
    }

    /// Slots that a run had done already, for the checker.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func slotsDone() throws -> [(slot: SlotRow, runID: String)] {
        try database.rows(
            """
            SELECT \(SlotRow.columns), done_by_run_id FROM slots
            WHERE done_by_run_id IS NOT NULL ORDER BY slot_id
            """
        ) { (SlotRow($0), $0.string(Int32(SlotRow.columnCount))) }
    }
}
