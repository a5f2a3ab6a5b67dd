package import Timetable

/// What is noted of a slot beside its disposition: what it waits for, who decided, what was found.
extension Ledger {
    /// Sets what a slot waits for: since when it wants a look (nil: it has one).
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func setLookWanted(_ slotID: Int64, since: Instant?) throws {
        try database.run(
            "UPDATE slots SET look_wanted_since_at = ? WHERE slot_id = ?", .at(since), .int(slotID))
    }

    /// Sets since when a slot waits for a read of the run that may block it.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func setRunWanted(_ slotID: Int64, since: Instant?) throws {
        try database.run(
            "UPDATE slots SET run_wanted_since_at = ? WHERE slot_id = ?", .at(since), .int(slotID))
    }

    /// Marks a slot as late: it goes out as catch-up.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func setLate(_ slotID: Int64) throws {
        try database.run("UPDATE slots SET is_late = 1 WHERE slot_id = ?", .int(slotID))
    }

    /// A person has decided that a slot starts whatever its process shows.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func setForced(_ slotID: Int64) throws {
        try database.run("UPDATE slots SET forced = 1 WHERE slot_id = ?", .int(slotID))
    }

    /// Marks a slot that has waited past its `start_within`.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func setOverdue(_ slotID: Int64, since: Instant) throws {
        try database.run(
            "UPDATE slots SET overdue_since_at = ? WHERE slot_id = ?", .at(since), .int(slotID))
    }

    /// A person has named the run of a slot.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func setRunNamed(_ slotID: Int64, by actor: String) throws {
        try database.run(
            "UPDATE slots SET run_named_by = ? WHERE slot_id = ?", .text(actor), .int(slotID))
    }

    /// Blocks a slot by a run, or frees it: the windows of rule 8 then start afresh.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func setBlocked(_ slotID: Int64, by runID: String?, windowFrom: Instant?) throws {
        try database.run(
            """
            UPDATE slots SET blocked_by = ?, window_from_at = coalesce(?, window_from_at)
            WHERE slot_id = ?
            """, .text(runID), .at(windowFrom), .int(slotID))
    }

    /// A person has decided that a slot goes: its windows start afresh, and it is late no more.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func setDecided(_ slotID: Int64, by actor: String, windowFrom: Instant) throws {
        try database.run(
            """
            UPDATE slots SET requested_by = ?, window_from_at = ?, is_late = 0, blocked_by = NULL,
                overdue_since_at = NULL
            WHERE slot_id = ?
            """, .text(actor), .at(windowFrom), .int(slotID))
    }

    /// Gives a slot the process its name pattern was resolved to.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func setProcess(_ slotID: Int64, processID: String) throws {
        try database.run(
            "UPDATE slots SET process_id = ? WHERE slot_id = ?", .text(processID), .int(slotID))
    }

    /// Remembers that the process of a slot was validated.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func setValidated(_ slotID: Int64, at now: Instant) throws {
        try database.run(
            "UPDATE slots SET validated_at = ? WHERE slot_id = ?", .at(now), .int(slotID))
    }
}
