package import Timetable

/// A slot that a clock has made and another one unmade.
package struct RemovedSlot: Sendable, Equatable {
    package let slotID: Int64
    package let schedule: String
    package let kind: SlotKind
    package let slotAt: Instant
}

/// What steps of the wall clock change in the ledger (docs/protocol.md, rule 12).
extension Ledger {
    /// Moves every stored wait by a step of the wall clock, since waits run on the monotonic one.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func shiftWaits(by deltaMilliseconds: Int64) throws {
        let delta = SQLValue.int(deltaMilliseconds)
        try database.run("UPDATE hints SET until_at = until_at + ?", delta)
        try database.run(
            """
            UPDATE attempts SET exposure_end_at = exposure_end_at + ?,
                last_absent_at = last_absent_at + ?, began_at = began_at + ?,
                send_by_at = send_by_at + ?, clock_low_ms = clock_low_ms - ?,
                clock_high_ms = clock_high_ms - ?
            WHERE state IN ('starting', 'unknown')
            """, delta, delta, delta, delta, delta, delta)
        try database.run(
            "UPDATE operation_limits SET budget_tat_us = budget_tat_us + ? * 1000", delta)
        try database.run(
            """
            UPDATE connections SET budget_tat_us = budget_tat_us + ? * 1000,
                next_probe_at = next_probe_at + ?, next_token_at = next_token_at + ?,
                next_list_at = next_list_at + ?, clock_skew_ms = clock_skew_ms - ?,
                clock_low_ms = clock_low_ms - ?, clock_high_ms = clock_high_ms - ?,
                clock_read_at = clock_read_at + ?
            """, delta, delta, delta, delta, delta, delta, delta, delta)
        try database.run(
            """
            UPDATE process_runs SET next_poll_at = next_poll_at + ?,
                missing_since_at = missing_since_at + ?
            WHERE next_poll_at IS NOT NULL
            """, delta, delta)
        try database.run(
            """
            UPDATE slots SET next_action_at = next_action_at + ?
            WHERE ended_at IS NULL AND disposition IN ('pending', 'unknown', 'starting')
                AND attempts > 0
            """, delta)
        try database.run(
            """
            UPDATE slots SET look_wanted_since_at = look_wanted_since_at + ?,
                run_wanted_since_at = run_wanted_since_at + ?
            WHERE ended_at IS NULL AND disposition = 'pending'
                AND (look_wanted_since_at IS NOT NULL OR run_wanted_since_at IS NOT NULL)
            """, delta, delta)
        try shiftUnruledSlots(by: delta)
        try database.run(
            """
            UPDATE slots SET next_action_at = min(next_action_at, next_action_at + ?)
            WHERE ended_at IS NULL AND disposition = 'pending' AND attempts = 0
            """, delta)
        try database.run(
            """
            UPDATE deliveries SET next_attempt_at = next_attempt_at + ?
            WHERE next_attempt_at IS NOT NULL
            """, delta)
        try database.run(
            "UPDATE daemon SET catchup_tat_at = catchup_tat_at + ? WHERE catchup_tat_at IS NOT NULL",
            delta)
    }

    /// Moves the slots that no rule has put at an instant, or that a person has decided since: they were
    /// due when somebody asked, or when something ended, and that stays as long ago as it was.
    ///
    /// The instant of a rule's slot is its name, whoever has decided it.
    private func shiftUnruledSlots(by delta: SQLValue) throws {
        try database.run(
            """
            UPDATE slots SET
                due_at = CASE WHEN window IS NULL OR requested_by IS NOT NULL
                    THEN due_at + ?1 ELSE due_at END,
                window_from_at = CASE WHEN window IS NULL OR requested_by IS NOT NULL
                    THEN window_from_at + ?1 ELSE window_from_at END,
                slot_at = CASE WHEN kind = 'rule' OR attempts > 0 OR makes_up_slot_id IS NOT NULL
                        OR EXISTS (SELECT 1 FROM slots AS o
                        WHERE o.schedule = slots.schedule AND o.kind = slots.kind
                            AND o.slot_at = slots.slot_at + ?1)
                    THEN slot_at ELSE slot_at + ?1 END
            WHERE ended_at IS NULL AND disposition IN ('pending', 'starting', 'unknown')
                AND (kind <> 'rule' OR requested_by IS NOT NULL)
            """, delta)
        // What moves back may come to lie before a mark.
        try forgetMarks()
    }

    /// Removes rule slots later than now that wait and were never sent, after the clock was set back.
    ///
    /// - Returns: what was removed, for the audit.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func removeWaitingSlots(after now: Instant) throws -> [RemovedSlot] {
        try removeSlots(
            """
            slot_at > ? AND disposition = 'pending' AND attempts = 0 AND kind = 'rule'
                AND requested_by IS NULL
            """, .at(now))
    }

    /// Removes slots that were never sent and were written by a clock that was ahead: what it made of
    /// them (missed, skipped, coalesced) is still to come.
    ///
    /// Only for a clock that is known to be right: to one that is behind, all history is of the
    /// future. What a person or the API decided stays, and a person's slot that waits is due now. So does
    /// what a person has made up for: that attempt was at its work.
    ///
    /// - Parameters:
    ///   - instant: later than now by more than clocks may differ; what was written after it is of a
    ///     clock that was ahead.
    ///   - now: the moment of the turn.
    /// - Returns: what was removed, for the audit.
    /// - Throws: `StoreError`.
    package func removeSlots(writtenAfter instant: Instant, now: Instant) throws -> [RemovedSlot] {
        try database.run(
            """
            UPDATE slots SET due_at = ?1, window_from_at = ?1, next_action_at = ?1
            WHERE ended_at IS NULL AND disposition = 'pending' AND attempts = 0
                AND (kind = 'manual' OR requested_by IS NOT NULL) AND created_at > ?2
            """, .at(now), .at(instant))
        return try removeSlots(
            """
            created_at > ? AND attempts = 0 AND run_key IS NULL AND kind IN ('rule', 'after')
                AND disposition IN ('pending', 'missed', 'expired', 'skipped', 'coalesced')
                AND requested_by IS NULL
                AND NOT EXISTS (SELECT 1 FROM slots AS m
                    WHERE m.makes_up_slot_id = slots.slot_id
                        AND (m.attempts > 0 OR m.run_key IS NOT NULL))
            """, .at(instant))
    }

    /// Pauses that a clock which was ahead has written, or lifted, were written or lifted now.
    ///
    /// - Parameters:
    ///   - instant: as for `removeSlots`.
    ///   - now: the moment of the turn.
    /// - Throws: `StoreError` if the ledger can't be written.
    package func bringBackPauses(writtenAfter instant: Instant, now: Instant) throws {
        pauseEnd = nil
        try database.run(
            "UPDATE pause_periods SET lifted_at = ?1 WHERE lifted_at > ?2", .at(now), .at(instant))
        try database.run(
            """
            UPDATE pause_periods SET created_at = ?1,
                from_at = CASE kind WHEN 'pause' THEN min(from_at, ?1) ELSE from_at END
            WHERE created_at > ?2
            """, .at(now), .at(instant))
    }

    /// Removes the slots of a condition with one parameter; upstream ends that they had used can be
    /// used again.
    private func removeSlots(
        _ condition: String, _ parameter: SQLValue
    ) throws -> [RemovedSlot] {
        let rows = try database.rows(
            """
            SELECT slot_id, schedule, kind, slot_at FROM slots WHERE \(condition)
            ORDER BY slot_at, schedule
            """, parameter
        ) {
            RemovedSlot(
                slotID: $0.integer(0), schedule: $0.string(1),
                kind: SlotKind(rawValue: $0.string(2)) ?? .rule, slotAt: $0.instant(3))
        }
        guard !rows.isEmpty else { return [] }
        try uncountSlots(condition, parameter)
        let ids = "(SELECT slot_id FROM slots WHERE \(condition))"
        for statement in [
            "UPDATE errors SET slot_id = NULL WHERE slot_id IN \(ids)",
            "DELETE FROM after_uses WHERE upstream_slot_id IN \(ids)",
            "DELETE FROM after_uses WHERE slot_id IN \(ids)",
            "UPDATE slots SET upstream_slot_id = NULL WHERE upstream_slot_id IN \(ids)",
            "DELETE FROM slots WHERE \(condition)",
        ] {
            try database.run(statement, parameter)
        }
        try forgetMarks()
        return rows
    }

    /// They are still to come, so they have not been counted.
    private func uncountSlots(_ condition: String, _ parameter: SQLValue) throws {
        let ended = try database.rows(
            """
            SELECT \(SumPlace.columns), disposition, count(*) FROM slots
            WHERE \(condition) AND ended_at IS NOT NULL GROUP BY 1, 2, 3
            """, parameter
        ) { (SumPlace($0), Disposition(rawValue: $0.string(2)), $0.integer(3)) }
        for case (let place, let disposition?, let count) in ended {
            try self.count(Sum(disposition, times: -count), at: place)
        }
    }
}
