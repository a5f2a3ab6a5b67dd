import Store
import Testing
import Timetable

/// What the removal of old history looks at.
@Suite struct PruningTests {
    private let scratch: Scratch
    private let ledger: Ledger

    init() throws {
        scratch = try Scratch()
        ledger = try Ledger(
            path: scratch.path, pid: nil, now: Scratch.now, durability: .simulated)
    }

    private func minute(_ minute: Int64) -> Instant {
        Scratch.now.adding(milliseconds: minute * 60_000)
    }

    /// Ends a slot as failed, or as started with a closed run of an outcome.
    @discardableResult
    private func end(
        _ slotID: Int64, minute end: Int64, createdMinute: Int64 = 0, outcome: RunOutcome? = nil
    ) throws -> Int64 {
        let (db, at) = (ledger.database, SQLValue.at(minute(end)))
        try db.run(
            "UPDATE slots SET created_at = ? WHERE slot_id = ?", .at(minute(createdMinute)),
            .int(slotID))
        guard let outcome else {
            try db.run(
                """
                UPDATE slots SET disposition = 'failed', next_action_at = NULL, ended_at = ?
                WHERE slot_id = ?
                """, at, .int(slotID))
            return slotID
        }
        try db.run(
            """
            INSERT INTO process_runs (base_url, run_id, connection, process_id, schedule, slot_id,
                origin, status, is_open, outcome, created_at, first_seen_at, changed_at)
            SELECT base_url, 'r' || slot_id, connection, process_id, schedule, slot_id, 'rule',
                'complete', 0, ?, ?, ?, ? FROM slots WHERE slot_id = ?
            """, .text(outcome.rawValue), at, at, at, .int(slotID))
        let runKey = db.lastInsertedID
        try db.run("UPDATE slots SET disposition = 'starting' WHERE slot_id = ?", .int(slotID))
        try db.run(
            """
            UPDATE slots SET disposition = 'started', run_key = ?, next_action_at = NULL,
                ended_at = ? WHERE slot_id = ?
            """, .int(runKey), at, .int(slotID))
        return slotID
    }

    private func prune(beforeMinute before: Int64) throws -> Pruning {
        var pruning = Pruning(before: minute(before))
        for _ in 0..<100 where !pruning.isDone {
            try ledger.prune(&pruning, now: minute(100_000))
        }
        #expect(pruning.isDone)
        return pruning
    }

    private func attention() throws -> [String] {
        try ledger.database.rows("SELECT kind || ' ' || subject FROM attention") { $0.string(0) }
    }

    /// The first slot waited, and was started after the second one had failed; so was its run's
    /// success later than the failure of the third one's.
    @Test func aFailureThatWasMadeGoodDoesNotComeBack() throws {
        let slots = try (0..<4).map { try ledger.addSlot(at: minute(Int64($0))) }
        try end(slots[0], minute: 30, outcome: .succeeded)
        try end(slots[1], minute: 10)
        try end(slots[2], minute: 20, outcome: .failed)
        try end(slots[3], minute: 15)
        // The process goes on for another schedule, so that no run of these is its newest.
        let other = try ledger.addSlot(at: minute(0), schedule: "other")
        try end(other, minute: 40, outcome: .succeeded)
        #expect(try attention() == [])
        _ = try prune(beforeMinute: 1_000)
        #expect(try attention() == [])
        #expect(try ledger.slot(slots[0]) != nil)
        #expect(try ledger.slot(slots[1]) == nil)
    }

    /// Made while the clock was ahead by years, it lies between slots that have become old.
    @Test func aSlotOfAClockThatWasAheadDoesNotEndTheWalk() throws {
        let slots = try (0..<4).map { try ledger.addSlot(at: minute(Int64($0))) }
        for (index, slot) in slots.enumerated() {
            let far: Int64 = index == 1 ? 5_000_000 : 0
            try end(slot, minute: far + Int64(index), createdMinute: far, outcome: .cancelled)
        }
        #expect(try prune(beforeMinute: 1_000).slots == 2)
        #expect(try ledger.slot(slots[1]) != nil)
    }

    /// Most of a ledger's bytes, of which nothing is asked any more.
    @Test func treesOfRunsThatSucceededGoFirst() throws {
        let slots = try (0..<3).map { try ledger.addSlot(at: minute(Int64($0))) }
        try end(slots[0], minute: 10, outcome: .succeeded)
        try end(slots[1], minute: 20, outcome: .failed)
        try end(slots[2], minute: 900, outcome: .succeeded)
        try ledger.database.execute("UPDATE process_runs SET tree = '{}', next_poll_at = NULL")
        var pruning = Pruning(before: minute(-1), treesBefore: minute(500))
        while !pruning.isDone { try ledger.prune(&pruning, now: minute(1_000)) }
        #expect(pruning.trees == 1 && pruning.removed == 0)
        let left = try ledger.database.rows(
            "SELECT tree IS NULL FROM process_runs ORDER BY slot_id"
        ) { $0.integer(0) }
        #expect(left == [1, 0, 0])
    }

    /// A schedule that fails each minute for a month has 43,200 slots that each ask for it.
    @Test func whetherAFailureWasMadeGoodIsAskedOfAnIndex() throws {
        let plan = try ledger.database.rows("EXPLAIN QUERY PLAN SELECT * FROM attention") {
            $0.string(3)
        }.joined(separator: "\n")
        #expect(plan.contains("slots_started (schedule=?)"))
        #expect(plan.contains("slots_failed (schedule=? AND ended_at>?)"))
        #expect(plan.contains("process_runs_succeeded (schedule=?)"))
        #expect(plan.contains("process_runs_in_trouble (schedule=? AND created_at>?)"))
    }
}
