package import Timetable

/// What is asked of slots that make up for others (docs/protocol.md, rule 20).
extension Ledger {
    /// The first attempt at a slot's work that was taken for absent: its own, of the slot that it makes up
    /// for, or of another that made up for that one.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func firstAbsentAttempt(atWorkOf slot: SlotRow) throws -> AttemptRow? {
        try database.first(
            """
            SELECT \(AttemptRow.columns) FROM attempts
            WHERE state = 'absent' AND slot_id IN (SELECT ?1 UNION SELECT ?2
                UNION SELECT slot_id FROM slots WHERE makes_up_slot_id = ?2)
            ORDER BY attempt_id LIMIT 1
            """, .int(slot.slotID), .int(slot.makesUpSlotID), map: AttemptRow.init)
    }

    /// Slots that wait, or are held, to make up for one, and were never sent.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func unsentMakeUps(ofSlot slotID: Int64) throws -> [SlotRow] {
        try database.rows(
            """
            SELECT \(SlotRow.columns) FROM slots
            WHERE makes_up_slot_id = ? AND disposition IN ('pending', 'held') AND attempts = 0
            ORDER BY slot_id
            """, .int(slotID), map: SlotRow.init)
    }

    /// When the last run of a process that made up for a slot was over, as far as its last runs tell.
    ///
    /// - Parameters:
    ///   - baseURL: the API.
    ///   - processID: the process.
    ///   - now: what a clock that was ahead has written later doesn't count.
    /// - Returns: when it changed last, by our clock; nil: there is none.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func lastRunMakingUp(
        baseURL: String, processID: String, through now: Instant
    ) throws -> Instant? {
        try database.integer(
            """
            SELECT max(r.changed_at) FROM (
                SELECT slot_id, changed_at FROM process_runs
                WHERE base_url = ?1 AND process_id = ?2 ORDER BY first_seen_at DESC LIMIT 20
            ) AS r JOIN slots AS s ON s.slot_id = r.slot_id
            WHERE s.makes_up_slot_id IS NOT NULL AND r.changed_at <= ?3
            """, .text(baseURL), .text(processID), .at(now)
        ).map(Instant.init(milliseconds:))
    }

    /// Schedules with slots to come that start a process.
    ///
    /// - Parameters:
    ///   - baseURL: the API.
    ///   - process: as `schedule_states` keeps it.
    ///   - name: this schedule, too, whatever it calls its process.
    ///   - end: the next instant of their rules is not later.
    /// - Returns: their names, that of the first slot first.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func schedulesComing(
        baseURL: String, process: String, orNamed name: String, through end: Instant
    ) throws -> [String] {
        try database.rows(
            """
            SELECT schedule FROM schedule_states
            WHERE state = 'active' AND next_slot_at <= ?
                AND (schedule = ? OR (base_url = ? AND process = ?))
            ORDER BY next_slot_at, schedule
            """, .at(end), .text(name), .text(baseURL), .text(process)
        ) { $0.string(0) }
    }

    /// What each run that was asked for is the work of: a slot that makes up for another counts as that one.
    ///
    /// - Parameter slotID: the slot that was sent.
    /// - Returns: schedule, kind and instant of the work, and whether a person wanted it whatever there is;
    ///   nil: there is no such slot.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func work(
        ofSlot slotID: Int64
    ) throws -> (schedule: String, kind: SlotKind, at: Instant, isForced: Bool)? {
        guard let own = try slot(slotID) else { return nil }
        guard let id = own.makesUpSlotID else {
            return (own.schedule, own.kind, own.slotAt, own.forced)
        }
        // One that a clock has unmade comes again at its instant, which was that of the make-up.
        let original = try slot(id)
        return (own.schedule, original?.kind ?? .rule, original?.slotAt ?? own.slotAt, own.forced)
    }
}
