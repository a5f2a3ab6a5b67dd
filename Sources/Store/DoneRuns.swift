package import Timetable

/// What `unless_done` asks of runs and slots.
extension Ledger {
    /// A slot before another.
    package struct FormerSlot: Sendable {
        package var slotAt: Instant
        /// A run was started for it, or has done its work, or a later slot stands for it.
        package var isServed: Bool
    }

    /// The slot before a slot, of the same schedule and kind, whatever became of it.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func slotBefore(_ slot: SlotRow) throws -> FormerSlot? {
        try database.first(
            """
            SELECT slot_at, run_key IS NOT NULL OR done_by_run_id IS NOT NULL
                OR disposition = 'coalesced'
            FROM slots
            WHERE schedule = ? AND kind = ? AND slot_at < ? ORDER BY slot_at DESC LIMIT 1
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
