package import Timetable

/// Whether a schedule makes slots.
package enum ScheduleState: String, Sendable {
    case active, disabled, removed
    /// After a failure of our own.
    case setAside = "set aside"
}

/// Whether a schedule starts runs or only keeps the ledger.
package enum ScheduleMode: String, Sendable { case run, observe }

/// The lasting state of a schedule.
package struct ScheduleRow: Sendable, Equatable {
    package var schedule: String
    package var state: ScheduleState
    package var connection: String
    package var baseURL: String
    package var process: String
    package var rule: String
    package var ruleSource: String
    package var timezone: String
    package var mode: ScheduleMode
    package var description: String
    package var tags: String
    package var firingKey: String
    package var revisionID: Int64
    package var effectiveAt: Instant
    package var cursorAt: Instant
    package var nextSlotAt: Instant?
    package var nextDueAt: Instant?
    /// The run that has made the last slots skip, and how many in a row; `setOverlap` writes them.
    package private(set) var overlapRunID: String?
    package private(set) var overlapSkips: Int
    package var asideReason: String?

    static let columns = """
        schedule, state, connection, base_url, process, rule, rule_source, timezone, mode, \
        description, tags, firing_key, revision_id, effective_at, cursor_at, next_slot_at, \
        next_due_at, overlap_run_id, overlap_skips, aside_reason
        """

    /// Makes the row of a schedule whose first slot is still to be found.
    package init(
        schedule: String, state: ScheduleState, connection: String, baseURL: String,
        process: String,
        rule: String, ruleSource: String, timezone: String, mode: ScheduleMode, description: String,
        tags: String, firingKey: String, revisionID: Int64, effectiveAt: Instant
    ) {
        self.schedule = schedule
        self.state = state
        self.connection = connection
        self.baseURL = baseURL
        self.process = process
        self.rule = rule
        self.ruleSource = ruleSource
        self.timezone = timezone
        self.mode = mode
        self.description = description
        self.tags = tags
        self.firingKey = firingKey
        self.revisionID = revisionID
        self.effectiveAt = effectiveAt
        cursorAt = effectiveAt
        overlapSkips = 0
    }

    init(_ row: Row) {
        schedule = row.string(0)
        state = ScheduleState(rawValue: row.string(1)) ?? .setAside
        connection = row.string(2)
        baseURL = row.string(3)
        process = row.string(4)
        rule = row.string(5)
        ruleSource = row.string(6)
        timezone = row.string(7)
        mode = ScheduleMode(rawValue: row.string(8)) ?? .observe
        description = row.string(9)
        tags = row.string(10)
        firingKey = row.string(11)
        revisionID = row.integer(12)
        effectiveAt = row.instant(13)
        cursorAt = row.instant(14)
        nextSlotAt = row.at(15)
        nextDueAt = row.at(16)
        overlapRunID = row.text(17)
        overlapSkips = Int(row.integer(18))
        asideReason = row.text(19)
    }
}

/// A pause or a skip in force.
package struct PauseRow: Sendable, Equatable {
    package var pauseID: Int64
    package var schedule: String?
    package var isSkip: Bool
    package var from: Instant
    package var until: Instant?
    package var reason: String
    package var requestedBy: String

    /// Makes one as the ledger has it; `until` nil: until resumed, `schedule` nil: all schedules.
    package init(
        pauseID: Int64, schedule: String?, isSkip: Bool, from: Instant, until: Instant?,
        reason: String, requestedBy: String
    ) {
        self.pauseID = pauseID
        self.schedule = schedule
        self.isSkip = isSkip
        self.from = from
        self.until = until
        self.reason = reason
        self.requestedBy = requestedBy
    }
}

extension Ledger {
    /// Records a revision of the config.
    ///
    /// - Parameters:
    ///   - contentHash: of the files, names the revision.
    ///   - isReload: false: read at a start of the daemon.
    ///   - summary: what changed, for people.
    ///   - now: the moment of the turn.
    /// - Returns: the revision's id.
    /// - Throws: `StoreError` if the ledger can't be written.
    package func insertRevision(
        contentHash: String, isReload: Bool, summary: String, now: Instant
    ) throws -> Int64 {
        try database.run(
            """
            INSERT INTO config_revisions (content_hash, applied_at, applied_while, summary)
            VALUES (?, ?, ?, ?)
            """, .text(contentHash), .at(now), .text(isReload ? "reload" : "start"),
            .text(summary))
        return database.lastInsertedID
    }

    /// The last revision: its id and content hash.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func lastRevision() throws -> (id: Int64, contentHash: String)? {
        try database.first(
            """
            SELECT revision_id, content_hash FROM config_revisions
            ORDER BY revision_id DESC LIMIT 1
            """
        ) { ($0.integer(0), $0.string(1)) }
    }

    /// All schedules ever seen, by name.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func schedules() throws -> [ScheduleRow] {
        try database.rows(
            "SELECT \(ScheduleRow.columns) FROM schedule_states ORDER BY schedule",
            map: ScheduleRow.init)
    }

    /// The schedule of that name.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func schedule(_ name: String) throws -> ScheduleRow? {
        try database.first(
            "SELECT \(ScheduleRow.columns) FROM schedule_states WHERE schedule = ?", .text(name),
            map: ScheduleRow.init)
    }

    /// Writes a schedule, new or known; what it counts of overlap stays as it is.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func save(_ row: ScheduleRow) throws {
        try database.run(
            """
            INSERT INTO schedule_states (\(ScheduleRow.columns))
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (schedule) DO UPDATE SET state = excluded.state,
                connection = excluded.connection, base_url = excluded.base_url,
                process = excluded.process, rule = excluded.rule,
                rule_source = excluded.rule_source, timezone = excluded.timezone,
                mode = excluded.mode, description = excluded.description, tags = excluded.tags,
                firing_key = excluded.firing_key, revision_id = excluded.revision_id,
                effective_at = excluded.effective_at, cursor_at = excluded.cursor_at,
                next_slot_at = excluded.next_slot_at, next_due_at = excluded.next_due_at,
                aside_reason = excluded.aside_reason
            """, .text(row.schedule), .text(row.state.rawValue), .text(row.connection),
            .text(row.baseURL), .text(row.process), .text(row.rule), .text(row.ruleSource),
            .text(row.timezone), .text(row.mode.rawValue), .text(row.description), .text(row.tags),
            .text(row.firingKey), .int(row.revisionID), .at(row.effectiveAt), .at(row.cursorAt),
            .at(row.nextSlotAt), .at(row.nextDueAt), .text(row.overlapRunID),
            .int(row.overlapSkips), .text(row.asideReason))
    }

    /// Records what a schedule's rule is from now on, for `why`.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func insertScheduleRevision(_ row: ScheduleRow, now: Instant) throws {
        try database.run(
            """
            INSERT OR REPLACE INTO schedule_revisions (schedule, effective_at, revision_id, state,
                rule, timezone, process, firing_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """, .text(row.schedule), .at(now), .int(row.revisionID), .text(row.state.rawValue),
            .text(row.rule), .text(row.timezone), .text(row.process), .text(row.firingKey))
    }

    /// Takes over the history of a schedule under its new name (`formerly`).
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func renameSchedule(_ old: String, to new: String) throws {
        for table in [
            "schedule_states", "slots", "process_runs", "errors", "pause_periods", "after_uses",
            "schedule_revisions", "upcoming_slots", "events",
        ] {
            try database.run(
                "UPDATE \(table) SET schedule = ? WHERE schedule = ?", .text(new), .text(old))
        }
        try renameSums(old, to: new)
        try forgetMarks()
        // One of an earlier schedule with the new name tells nothing any more.
        try database.run(
            """
            UPDATE OR REPLACE alarms SET subject = ?
            WHERE kind IN (SELECT value FROM json_each(?)) AND subject = ?
            """, .text(new), .text(AlarmKind.words(of: .schedule)), .text(old))
        try database.run(
            """
            UPDATE events SET subject = ?1 WHERE is_open = 1 AND subject = ?2
                AND kind IN (SELECT replace(value, ' ', '_') FROM json_each(?3))
            """, .text(new), .text(old), .text(AlarmKind.words(of: .schedule)))
    }

    /// Names of schedules that must be looked at by now.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func schedulesDue(now: Instant, limit: Int) throws -> [String] {
        try database.rows(
            """
            SELECT schedule FROM schedule_states WHERE next_due_at IS NOT NULL AND next_due_at <= ?
            ORDER BY next_due_at, schedule LIMIT ?
            """, .at(now), .int(limit)
        ) { $0.string(0) }
    }

    /// Moves the cursor of a schedule: every slot up to it has its row.
    ///
    /// - Parameters:
    ///   - schedule: its name.
    ///   - cursor: every rule slot at or before it has its row.
    ///   - nextSlotAt: the rule's next instant after the cursor; nil: never again.
    ///   - nextDueAt: when the schedule must be looked at next; nil: never.
    /// - Throws: `StoreError` if the ledger can't be written.
    package func moveCursor(
        schedule: String, to cursor: Instant, nextSlotAt: Instant?, nextDueAt: Instant?
    ) throws {
        try database.run(
            """
            UPDATE schedule_states SET cursor_at = ?, next_slot_at = ?, next_due_at = ?
            WHERE schedule = ?
            """, .at(cursor), .at(nextSlotAt), .at(nextDueAt), .text(schedule))
    }

    /// Sets only when a schedule must be looked at next.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func setNextDue(schedule: String, at instant: Instant?) throws {
        try database.run(
            "UPDATE schedule_states SET next_due_at = ? WHERE schedule = ?", .at(instant),
            .text(schedule))
    }

    /// Counts the overlap skips in a row by one run; nil resets.
    ///
    /// - Parameters:
    ///   - schedule: its name.
    ///   - runID: the run that made the last slot skip; nil: none did.
    ///   - skips: how many slots in a row it has made skip.
    /// - Returns: whether it was something else before.
    /// - Throws: `StoreError` if the ledger can't be written.
    @discardableResult
    package func setOverlap(schedule: String, runID: String?, skips: Int) throws -> Bool {
        try database.run(
            """
            UPDATE schedule_states SET overlap_run_id = ?1, overlap_skips = ?2
            WHERE schedule = ?3 AND (overlap_run_id IS NOT ?1 OR overlap_skips <> ?2)
            """, .text(runID), .int(skips), .text(schedule)) > 0
    }

    /// Schedules of which `attention` says that a run makes their slots skip.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func schedulesWaiting(forRun runID: String) throws -> [String] {
        try database.rows(
            """
            SELECT s.schedule FROM alarms AS a JOIN schedule_states AS s ON s.schedule = a.subject
            WHERE a.kind = 'overlap' AND s.overlap_run_id = ? ORDER BY s.schedule
            """, .text(runID)
        ) { $0.string(0) }
    }

    /// Sets a schedule aside after a failure of our own.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func setAside(schedule: String, reason: String) throws {
        try database.run(
            """
            UPDATE schedule_states SET state = 'set aside', aside_reason = ?, next_due_at = NULL
            WHERE schedule = ?
            """, .text(reason), .text(schedule))
    }

    /// The earliest deadline of a schedule.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func nextScheduleDue() throws -> Instant? {
        try database.integer(
            "SELECT min(next_due_at) FROM schedule_states WHERE next_due_at IS NOT NULL"
        ).map(Instant.init(milliseconds:))
    }

    /// Pauses and skips that cover the instant of a slot, the schedule's own first.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func pauses(schedule: String, covering slotAt: Instant) throws -> [PauseRow] {
        // Each slot asks several times, and nearly never is anything paused.
        guard try slotAt.milliseconds <= lastPauseEnd() else { return [] }
        return try database.rows(
            """
            SELECT pause_id, schedule, kind, from_at, until_at, reason, requested_by
            FROM pause_periods
            WHERE (schedule = ? OR schedule IS NULL) AND from_at <= ?
                AND ((kind = 'skip' AND from_at = ? AND lifted_at IS NULL)
                    OR (kind = 'pause' AND (until_at IS NULL OR until_at > ?)
                        AND (lifted_at IS NULL OR lifted_at > ?)))
            ORDER BY schedule IS NULL, pause_id
            """, .text(schedule), .at(slotAt), .at(slotAt), .at(slotAt), .at(slotAt)
        ) {
            PauseRow(
                pauseID: $0.integer(0), schedule: $0.text(1), isSkip: $0.string(2) == "skip",
                from: $0.instant(3), until: $0.at(4), reason: $0.string(5),
                requestedBy: $0.string(6))
        }
    }

    /// The last millisecond that any pause or skip covers; read once a transaction.
    private func lastPauseEnd() throws -> Int64 {
        if let known = pauseEnd, !database.isInAutocommit { return known }
        let end =
            try database.integer(
                """
                SELECT max(CASE kind WHEN 'skip' THEN coalesce(lifted_at, from_at)
                    ELSE coalesce(lifted_at, until_at, 9223372036854775807) END)
                FROM pause_periods
                """) ?? .min
        pauseEnd = end
        return end
    }

    /// Records a pause (`until` nil: until resumed) or the skip of one slot.
    ///
    /// - Parameters:
    ///   - schedule: its name; nil: all.
    ///   - isSkip: skips the one slot at `from`, instead of pausing.
    ///   - from: the first instant that is covered.
    ///   - until: the last one; nil: until resumed.
    ///   - reason: the person's own words.
    ///   - requestedBy: who asked.
    ///   - now: the moment of the turn.
    /// - Throws: `StoreError` if the ledger can't be written.
    package func insertPause(
        schedule: String?, isSkip: Bool, from: Instant, until: Instant?, reason: String,
        requestedBy: String, now: Instant
    ) throws {
        pauseEnd = nil
        try database.run(
            """
            INSERT INTO pause_periods
                (schedule, kind, from_at, until_at, reason, requested_by, created_at)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """, .text(schedule), .text(isSkip ? "skip" : "pause"), .at(from), .at(until),
            .text(reason), .text(requestedBy), .at(now))
    }

    /// Lifts the pauses of a schedule, or all of them (`schedule` nil).
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func liftPauses(schedule: String?, now: Instant) throws -> Int {
        pauseEnd = nil
        let lift = """
            UPDATE pause_periods SET lifted_at = ?1 WHERE lifted_at IS NULL AND kind = 'pause'
                AND (until_at IS NULL OR until_at > ?1)
            """
        guard let schedule else { return try database.run(lift, .at(now)) }
        return try database.run(lift + " AND schedule = ?2", .at(now), .text(schedule))
    }
}
