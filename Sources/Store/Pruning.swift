package import Timetable

/// How far the removal of old history has come.
package struct Pruning: Sendable, Equatable {
    /// What is being looked through.
    enum Place: Sendable, Equatable {
        case trees
        case slots(after: Int64)
        case externalRuns(after: Int64)
        case errors
        case end
    }

    /// What ended earlier goes.
    package let before: Instant
    /// Trees of runs that succeeded and ended earlier go, too; nil: with their runs only.
    package let treesBefore: Instant?
    /// Removed so far.
    package internal(set) var slots = 0
    package internal(set) var runs = 0
    package internal(set) var errors = 0
    /// Trees that were removed from runs that stay.
    package internal(set) var trees = 0
    var place: Place

    /// Begins with the oldest tree or slot.
    package init(before: Instant, treesBefore: Instant? = nil) {
        self.before = before
        self.treesBefore = treesBefore
        place = treesBefore == nil ? .slots(after: 0) : .trees
    }

    /// Everything has been looked through.
    package var isDone: Bool { place == .end }
    /// Rows of slots, runs and errors.
    package var removed: Int { slots + runs + errors }
}

extension Ledger {
    /// Rows that a step looks at, at most: some milliseconds of work.
    private static let pruneRowsMax = 200
    /// Pages that a step gives back to the file system, at most.
    private static let freePagesMax = 512

    /// Removes a little of what ended before an instant.
    ///
    /// What is still needed stays: the newest slot of a schedule, the newest run of a process (the
    /// list still shows it), runs that are still looked at, what `attention` shows, and what keeps
    /// older failures out of it: the newest start and the newest success of a schedule. The last slot
    /// of all stays as well: SQLite would give its id to the next one.
    ///
    /// - Parameters:
    ///   - pruning: how far it has come; take it again until it is done.
    ///   - now: the moment of the turn.
    /// - Throws: `StoreError`.
    package func prune(_ pruning: inout Pruning, now: Instant) throws {
        let before = pruning.removed + pruning.trees
        switch pruning.place {
        case .trees: try pruneTrees(&pruning)
        case .slots(let last): try pruneSlots(&pruning, after: last, now: now)
        case .externalRuns(let last): try pruneExternalRuns(&pruning, after: last, now: now)
        case .errors: try pruneErrors(&pruning)
        case .end: return
        }
        guard pruning.removed + pruning.trees > before else { return }
        try database.execute("PRAGMA incremental_vacuum(\(Self.freePagesMax))")
    }

    /// A run that succeeded keeps its counts and changes; what its jobs were is in the API.
    private func pruneTrees(_ pruning: inout Pruning) throws {
        let removed = try database.run(
            """
            UPDATE process_runs SET tree = NULL WHERE run_key IN (SELECT run_key
                FROM process_runs INDEXED BY process_runs_with_tree
                WHERE tree IS NOT NULL AND outcome = 'succeeded' AND next_poll_at IS NULL
                    AND changed_at < ? ORDER BY changed_at LIMIT ?)
            """, .at(pruning.treesBefore), .int(Self.pruneRowsMax))
        pruning.trees += removed
        if removed < Self.pruneRowsMax { pruning.place = .slots(after: 0) }
    }

    private func pruneSlots(
        _ pruning: inout Pruning, after last: Int64, now: Instant
    ) throws {
        // Ids grow with time, so the first slot that is too young ends the walk; one of a clock that
        // was ahead tells nothing of those behind it.
        let rows = try database.rows(
            """
            SELECT s.slot_id, s.run_key, s.created_at NOT BETWEEN ?2 AND ?4, s.ended_at < ?2
                AND EXISTS (SELECT 1 FROM slots AS n
                    WHERE n.schedule = s.schedule AND n.slot_at > s.slot_at)
                AND s.slot_id < (SELECT max(slot_id) FROM slots)
                AND NOT EXISTS (SELECT 1 FROM attempts AS a
                    WHERE a.slot_id = s.slot_id AND a.state IN ('starting', 'unknown'))
                AND (s.disposition NOT IN ('failed', 'started')
                    OR EXISTS (SELECT 1 FROM slots AS n WHERE n.schedule = s.schedule
                        AND n.disposition = 'started' AND n.ended_at > s.ended_at))
                AND (s.run_key IS NULL OR EXISTS (SELECT 1 FROM process_runs AS r
                    WHERE r.run_key = s.run_key AND \(Self.isRunPast)))
            FROM slots AS s WHERE s.slot_id > ?1 ORDER BY s.slot_id LIMIT ?3
            """, .int(last), .at(pruning.before), .int(Self.pruneRowsMax), .at(now)
        ) { row in
            (
                slotID: row.integer(0), runKey: row.int(1), isOld: row.integer(2) == 1,
                isPrunable: row.integer(3) == 1
            )
        }
        let old = rows.prefix(while: \.isOld)
        for row in old where row.isPrunable {
            try remove(slotID: row.slotID, runKey: row.runKey)
            pruning.slots += 1
            if row.runKey != nil { pruning.runs += 1 }
        }
        let isWhole = old.count == Self.pruneRowsMax
        pruning.place =
            isWhole ? .slots(after: old.last?.slotID ?? last) : .externalRuns(after: 0)
    }

    /// Of a run `r`: it has ended, nobody looks at it any more, and a newer one of its process is
    /// what the list shows.
    private static let isRunPast = """
        r.is_open = 0 AND r.next_poll_at IS NULL AND r.changed_at < ?2
            AND (r.outcome NOT IN ('failed', 'lost', 'succeeded') OR r.origin = 'external'
                OR (r.outcome = 'succeeded' AND r.created_at IS NULL)
                OR EXISTS (SELECT 1 FROM process_runs AS n WHERE n.schedule = r.schedule
                    AND n.outcome = 'succeeded' AND n.created_at > r.created_at))
            AND EXISTS (SELECT 1 FROM process_runs AS n WHERE n.base_url = r.base_url
                AND n.process_id = r.process_id AND n.first_seen_at > r.first_seen_at)
        """

    private func remove(slotID: Int64, runKey: Int64?) throws {
        try database.run("DELETE FROM errors WHERE slot_id = ?", .int(slotID))
        // An end that was used stays used, also when the slot that used it goes.
        try database.run("DELETE FROM after_uses WHERE upstream_slot_id = ?", .int(slotID))
        try database.run(
            "UPDATE after_uses SET slot_id = NULL WHERE slot_id = ?", .int(slotID))
        try database.run(
            "UPDATE slots SET upstream_slot_id = NULL WHERE upstream_slot_id = ?", .int(slotID))
        try database.run(
            """
            DELETE FROM looks WHERE look_id IN
                (SELECT baseline_look_id FROM attempts WHERE slot_id = ?)
            """, .int(slotID))
        try database.run("DELETE FROM attempts WHERE slot_id = ?", .int(slotID))
        if let runKey {
            try database.run(
                "UPDATE process_runs SET slot_id = NULL WHERE run_key = ?", .int(runKey))
        }
        try database.run("DELETE FROM slots WHERE slot_id = ?", .int(slotID))
        if let runKey { try remove(runKey: runKey) }
    }

    private func remove(runKey: Int64) throws {
        try database.run("DELETE FROM errors WHERE run_key = ?", .int(runKey))
        try database.run("DELETE FROM status_history WHERE run_key = ?", .int(runKey))
        try database.run("DELETE FROM status_counts WHERE run_key = ?", .int(runKey))
        try database.run(
            "UPDATE attempts SET run_key = NULL WHERE run_key = ?", .int(runKey))
        try database.run("DELETE FROM process_runs WHERE run_key = ?", .int(runKey))
    }

    /// Runs that no slot of ours ever had.
    private func pruneExternalRuns(
        _ pruning: inout Pruning, after last: Int64, now: Instant
    ) throws {
        let rows = try database.rows(
            """
            SELECT r.run_key, r.first_seen_at NOT BETWEEN ?2 AND ?4,
                r.slot_id IS NULL AND \(Self.isRunPast)
                AND NOT EXISTS (SELECT 1 FROM slots AS s WHERE s.run_key = r.run_key)
            FROM process_runs AS r WHERE r.run_key > ?1 ORDER BY r.run_key LIMIT ?3
            """, .int(last), .at(pruning.before), .int(Self.pruneRowsMax), .at(now)
        ) { (runKey: $0.integer(0), isOld: $0.integer(1) == 1, isPrunable: $0.integer(2) == 1) }
        let old = rows.prefix(while: \.isOld)
        for row in old where row.isPrunable {
            try remove(runKey: row.runKey)
            pruning.runs += 1
        }
        let isWhole = old.count == Self.pruneRowsMax
        pruning.place = isWhole ? .externalRuns(after: old.last?.runKey ?? last) : .errors
    }

    /// Errors of no slot and no run.
    private func pruneErrors(_ pruning: inout Pruning) throws {
        let removed = try database.run(
            """
            DELETE FROM errors WHERE error_id IN (SELECT error_id FROM errors
                WHERE occurred_at < ?1 AND last_at < ?1 AND slot_id IS NULL AND run_key IS NULL
                ORDER BY occurred_at LIMIT ?2)
            """, .at(pruning.before), .int(Self.pruneRowsMax))
        pruning.errors += removed
        if removed < Self.pruneRowsMax { pruning.place = .end }
    }
}
