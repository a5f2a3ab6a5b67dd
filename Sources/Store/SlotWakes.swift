package import Timetable

/// What lets waiting slots come up before their own deadline: news of what they wait for.
extension Ledger {
    /// Wakes at a start what was never sent and what waits for a look.
    ///
    /// Looks don't outlive a life, and what the others wait for may have come. What an answer has told
    /// to wait goes on waiting.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func wakeAtStart(now: Instant) throws {
        try database.run(
            """
            UPDATE slots SET next_action_at = ?
            WHERE next_action_at > ? AND disposition = 'pending' AND due_at <= ?
                AND (attempts = 0 OR look_wanted_since_at IS NOT NULL
                    OR run_wanted_since_at IS NOT NULL)
            """, .at(now), .at(now), .at(now))
    }

    /// Wakes all waiting slots of a connection (its state has changed).
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func wakeSlots(connection: String, now: Instant) throws {
        try database.run(
            """
            UPDATE slots SET next_action_at = ?
            WHERE next_action_at > ? AND disposition = 'pending' AND connection = ?
                AND due_at <= ?
            """, .at(now), .at(now), .text(connection), .at(now))
    }

    /// Wakes the waiting slots of a schedule (what it needed is there).
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func wakeSlots(schedule: String, now: Instant) throws {
        try database.run(
            """
            UPDATE slots SET next_action_at = ?
            WHERE ended_at IS NULL AND schedule = ? AND disposition = 'pending'
                AND next_action_at > ? AND due_at <= ?
            """, .at(now), .text(schedule), .at(now), .at(now))
    }

    /// Wakes the waiting slots of a process (an attempt was settled, a blocker closed).
    ///
    /// - Parameters:
    ///   - baseURL: of the process.
    ///   - processID: the process.
    ///   - slotID: not this one, whose own answer has just told it how long to wait.
    ///   - now: the moment of the turn.
    /// - Throws: `StoreError`.
    package func wakeSlots(
        baseURL: String, processID: String, except slotID: Int64? = nil, now: Instant
    ) throws {
        try database.run(
            """
            UPDATE slots SET next_action_at = ?
            WHERE ended_at IS NULL AND base_url = ? AND process_id = ?
                AND disposition = 'pending' AND next_action_at > ? AND due_at <= ?
                AND slot_id IS NOT ?
            """, .at(now), .text(baseURL), .text(processID), .at(now), .at(now),
            .int(slotID))
    }

    /// Wakes the slots of a connection that wait for a look.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func wakeLookers(connection: String, now: Instant) throws {
        try database.run(
            """
            UPDATE slots SET next_action_at = ?
            WHERE ended_at IS NULL AND disposition = 'pending' AND connection = ?
                AND (look_wanted_since_at IS NOT NULL OR run_wanted_since_at IS NOT NULL)
                AND next_action_at > ? AND due_at <= ?
            """, .at(now), .text(connection), .at(now), .at(now))
    }
}
