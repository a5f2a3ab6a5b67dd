package import Timetable

/// What became of a slot (docs/protocol.md#dispositions).
///
/// Final ones have no way out.
package enum Disposition: String, Sendable, CaseIterable {
    case pending, starting, unknown, held
    case started, skipped, coalesced, missed, expired, failed, cancelled

    /// The slot has ended.
    package var isFinal: Bool {
        switch self {
        case .pending, .starting, .unknown, .held: false
        case .started, .skipped, .coalesced, .missed, .expired, .failed, .cancelled: true
        }
    }
}

/// Where a slot comes from.
package enum SlotKind: String, Sendable {
    case rule, manual, after, boot
}

/// A slot that is about to be written.
package struct NewSlot: Sendable {
    package var schedule: String
    package var kind: SlotKind
    package var slotAt: Instant
    package var dueAt: Instant
    package var utcOffsetSeconds: Int
    package var disposition: Disposition
    package var reason: String
    package var connection: String
    package var baseURL: String
    package var processID: String
    package var processPattern: String?
    package var revisionID: Int64
    package var mode: ScheduleMode
    package var forced = false
    package var triggerUUID: String?
    package var requestedBy: String?
    package var upstreamSlotID: Int64?
    /// The slot of the same instant that came to nothing and that this one makes up for.
    package var makesUpSlotID: Int64?
    /// Its deadlines: to run by then, and to have finished by then.
    package var startBy: Instant?
    package var finishBy: Instant?
    /// Which of its schedule's several rules made it; nil where there is only one.
    package var rule: String?
    /// The window that it falls into; nil: none.
    package var window: String?

    package init(
        schedule: String, kind: SlotKind, slotAt: Instant, dueAt: Instant, utcOffsetSeconds: Int,
        disposition: Disposition, reason: String, connection: String, baseURL: String,
        processID: String, processPattern: String?, revisionID: Int64, mode: ScheduleMode
    ) {
        self.schedule = schedule
        self.kind = kind
        self.slotAt = slotAt
        self.dueAt = dueAt
        self.utcOffsetSeconds = utcOffsetSeconds
        self.disposition = disposition
        self.reason = reason
        self.connection = connection
        self.baseURL = baseURL
        self.processID = processID
        self.processPattern = processPattern
        self.revisionID = revisionID
        self.mode = mode
    }
}

/// A slot as stored.
package struct SlotRow: Sendable, Equatable {
    package var slotID: Int64
    package var schedule: String
    package var kind: SlotKind
    package var slotAt: Instant
    package var dueAt: Instant
    package var utcOffsetSeconds: Int
    package var disposition: Disposition
    package var reason: String
    package var connection: String
    package var baseURL: String
    package var processID: String
    package var processPattern: String?
    package var mode: ScheduleMode
    package var isLate: Bool
    package var attempts: Int
    package var attemptsCounted: Int
    package var nextActionAt: Instant?
    package var lookWantedSince: Instant?
    package var runWantedSince: Instant?
    package var windowFrom: Instant
    package var blockedBy: String?
    package var forced: Bool
    package var runKey: Int64?
    package var endedAt: Instant?
    package var requestedBy: String?
    package var validatedAt: Instant?
    package var upstreamSlotID: Int64?
    /// It has waited past its `start_within` since then.
    package var overdueSince: Instant?
    /// The window that it falls into; nil: none.
    package var window: String?
    /// The slot that came to nothing and that this one makes up for.
    package var makesUpSlotID: Int64?

    static let columns = """
        slot_id, schedule, kind, slot_at, due_at, utc_offset_seconds, disposition, reason, \
        connection, base_url, process_id, process_pattern, mode, is_late, attempts, \
        attempts_counted, next_action_at, look_wanted_since_at, window_from_at, blocked_by, \
        forced, run_key, ended_at, requested_by, validated_at, upstream_slot_id, \
        run_wanted_since_at, overdue_since_at, window, makes_up_slot_id
        """

    static let columnCount = columns.split(separator: ",").count

    init(_ row: Row) {
        slotID = row.integer(0)
        schedule = row.string(1)
        kind = SlotKind(rawValue: row.string(2)) ?? .rule
        slotAt = row.instant(3)
        dueAt = row.instant(4)
        utcOffsetSeconds = Int(row.integer(5))
        disposition = Disposition(rawValue: row.string(6)) ?? .held
        reason = row.string(7)
        connection = row.string(8)
        baseURL = row.string(9)
        processID = row.string(10)
        processPattern = row.text(11)
        mode = ScheduleMode(rawValue: row.string(12)) ?? .observe
        isLate = row.integer(13) == 1
        attempts = Int(row.integer(14))
        attemptsCounted = Int(row.integer(15))
        nextActionAt = row.at(16)
        lookWantedSince = row.at(17)
        windowFrom = row.instant(18)
        blockedBy = row.text(19)
        forced = row.integer(20) == 1
        runKey = row.int(21)
        endedAt = row.at(22)
        requestedBy = row.text(23)
        validatedAt = row.at(24)
        upstreamSlotID = row.int(25)
        runWantedSince = row.at(26)
        overdueSince = row.at(27)
        window = row.text(28)
        makesUpSlotID = row.int(29)
    }

    /// Where it is counted, without asking the ledger for it.
    var sumPlace: SumPlace {
        SumPlace(schedule: schedule, slotAt: slotAt, utcOffsetSeconds: utcOffsetSeconds)
    }

    /// Makes a waiting slot that was never sent, as decisions are asked about one.
    package init(
        slotID: Int64, schedule: String, kind: SlotKind, slotAt: Instant, connection: String,
        baseURL: String, processID: String
    ) {
        self.slotID = slotID
        self.schedule = schedule
        self.kind = kind
        self.slotAt = slotAt
        dueAt = slotAt
        utcOffsetSeconds = 0
        disposition = .pending
        reason = "due"
        self.connection = connection
        self.baseURL = baseURL
        self.processID = processID
        mode = .run
        isLate = false
        attempts = 0
        attemptsCounted = 0
        windowFrom = slotAt
        forced = false
    }
}

extension Row {
    /// The instant of a column; nil for NULL.
    package func at(_ column: Int32) -> Instant? { int(column).map(Instant.init(milliseconds:)) }
    /// The instant of a column that is never NULL.
    package func instant(_ column: Int32) -> Instant { Instant(milliseconds: integer(column)) }
}

extension Ledger {
    /// Writes a slot; nil if one of the same schedule, kind and instant exists already.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func insert(_ slot: NewSlot, now: Instant) throws -> Int64? {
        let final = slot.disposition.isFinal
        let changed = try database.run(
            """
            INSERT INTO slots (schedule, kind, slot_at, due_at, utc_offset_seconds, disposition,
                reason, connection, base_url, process_id, process_pattern, revision_id, mode,
                next_action_at, window_from_at, forced, trigger_uuid, requested_by,
                upstream_slot_id, created_at, ended_at, start_by_at, finish_by_at, forecast_at,
                rule, window, makes_up_slot_id)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
                ?, ?)
            ON CONFLICT (schedule, kind, slot_at) DO NOTHING
            """,
            .text(slot.schedule), .text(slot.kind.rawValue), .at(slot.slotAt), .at(slot.dueAt),
            .int(slot.utcOffsetSeconds), .text(slot.disposition.rawValue), .text(slot.reason),
            .text(slot.connection), .text(slot.baseURL), .text(slot.processID),
            .text(slot.processPattern), .int(slot.revisionID), .text(slot.mode.rawValue),
            .at(final ? nil : max(slot.dueAt, now)), .at(slot.dueAt), .flag(slot.forced),
            .text(slot.triggerUUID), .text(slot.requestedBy), .int(slot.upstreamSlotID),
            .at(now), .at(final ? now : nil), .at(slot.startBy), .at(slot.finishBy),
            .at(final || slot.finishBy == nil ? nil : now), .text(slot.rule),
            .text(slot.window), .int(slot.makesUpSlotID))
        guard changed == 1 else { return nil }
        let slotID = database.lastInsertedID
        try moveMarksBack(for: slot.schedule, to: slot.slotAt)
        if final {
            try count(
                Sum(slot.disposition),
                at: SumPlace(
                    schedule: slot.schedule, slotAt: slot.slotAt,
                    utcOffsetSeconds: slot.utcOffsetSeconds))
        }
        return slotID
    }

    /// The slot of that id.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func slot(_ slotID: Int64) throws -> SlotRow? {
        try database.first(
            "SELECT \(SlotRow.columns) FROM slots WHERE slot_id = ?", .int(slotID),
            map: SlotRow.init)
    }

    /// The slot made by that trigger request, so that a repeat answers with the same slot.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func slot(triggerUUID: String) throws -> SlotRow? {
        try database.first(
            "SELECT \(SlotRow.columns) FROM slots WHERE trigger_uuid = ?", .text(triggerUUID),
            map: SlotRow.init)
    }

    /// The slots of a schedule at that instant, of any kind.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func slots(schedule: String, at instant: Instant) throws -> [SlotRow] {
        try database.rows(
            "SELECT \(SlotRow.columns) FROM slots WHERE schedule = ? AND slot_at = ? ORDER BY slot_id",
            .text(schedule), .at(instant), map: SlotRow.init)
    }

    /// Slots whose deadline has come, in the order of rule 2 (due_at, then schedule name).
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func slotsDue(
        _ disposition: Disposition, now: Instant, limit: Int
    ) throws -> [SlotRow] {
        try database.rows(
            """
            SELECT \(SlotRow.columns) FROM slots
            WHERE next_action_at IS NOT NULL AND next_action_at <= ? AND disposition = ?
            ORDER BY due_at, schedule, slot_id LIMIT ?
            """, .at(now), .text(disposition.rawValue), .int(limit), map: SlotRow.init)
    }

    /// Slots of a schedule that are in the disposition, oldest first.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func openSlots(schedule: String, _ disposition: Disposition) throws -> [SlotRow] {
        try database.rows(
            """
            SELECT \(SlotRow.columns) FROM slots
            WHERE ended_at IS NULL AND schedule = ? AND disposition = ? ORDER BY due_at, slot_id
            """, .text(schedule), .text(disposition.rawValue), map: SlotRow.init)
    }

    /// Slots of a process that have not ended, in the order of rule 2.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func openSlots(baseURL: String, processID: String) throws -> [SlotRow] {
        try database.rows(
            """
            SELECT \(SlotRow.columns) FROM slots
            WHERE ended_at IS NULL AND base_url = ? AND process_id = ?
            ORDER BY due_at, schedule, slot_id
            """, .text(baseURL), .text(processID), map: SlotRow.init)
    }

    /// Processes of slots that have not ended.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func processesOfOpenSlots() throws -> [(baseURL: String, processID: String)] {
        try database.rows(
            """
            SELECT DISTINCT base_url, process_id FROM slots
            WHERE ended_at IS NULL AND process_id <> ''
            """
        ) { ($0.string(0), $0.string(1)) }
    }

    /// Ends a slot; the database refuses an edge that docs/protocol.md#dispositions
    /// does not have.
    ///
    /// - Throws: `StoreError`: `.constraint` for an edge that there isn't, else if the ledger can't be
    ///   written.
    package func end(
        _ slot: SlotRow, _ disposition: Disposition, reason: String, doneBy runID: String? = nil,
        now: Instant
    ) throws {
        let changed = try database.run(
            """
            UPDATE slots SET disposition = ?, reason = ?, next_action_at = NULL, ended_at = ?,
                done_by_run_id = ?
            WHERE slot_id = ?
            """, .text(disposition.rawValue), .text(reason), .at(now), .text(runID),
            .int(slot.slotID))
        try count(Sum(disposition), at: changed == 1 ? slot.sumPlace : nil)
    }

    /// Moves a slot to another disposition that is not final.
    ///
    /// - Throws: `StoreError`: `.constraint` for an edge that there isn't, else if the ledger can't be
    ///   written.
    package func move(
        _ slotID: Int64, _ disposition: Disposition, reason: String, nextActionAt: Instant
    ) throws {
        try database.run(
            """
            UPDATE slots SET disposition = ?, reason = ?, next_action_at = ? WHERE slot_id = ?
            """, .text(disposition.rawValue), .text(reason), .at(nextActionAt), .int(slotID))
    }

    /// Lets a slot wait where it is, with the reason in words.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func wait(_ slotID: Int64, reason: String, until: Instant) throws {
        try database.run(
            "UPDATE slots SET reason = ?, next_action_at = ? WHERE slot_id = ?",
            .text(reason), .at(until), .int(slotID))
    }

    /// Ties a slot to its run: `started`, for ever.
    ///
    /// - Throws: `StoreError`: `.constraint` from a disposition that has no such edge, or if the run is
    ///   another slot's; else if the ledger can't be written.
    package func start(
        _ slot: SlotRow, runKey: Int64, reason: String, lagMilliseconds: Int64, now: Instant
    ) throws {
        let changed = try database.run(
            """
            UPDATE slots SET disposition = 'started', reason = ?, run_key = ?, start_lag_ms = ?,
                next_action_at = NULL, ended_at = ? WHERE slot_id = ?
            """, .text(reason), .int(runKey), .int(lagMilliseconds), .at(now), .int(slot.slotID))
        try count(
            Sum(.started, lagMilliseconds: lagMilliseconds),
            at: changed == 1 ? slot.sumPlace : nil)
    }

    /// The earliest deadline of a slot that has not ended.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func nextSlotAction() throws -> Instant? {
        try database.integer(
            "SELECT min(next_action_at) FROM slots WHERE next_action_at IS NOT NULL"
        ).map(Instant.init(milliseconds:))
    }
}
