package import Timetable

/// What the simulation's checker asks of a ledger, and how it makes many of them.
extension Ledger {
    /// Writes a copy, much quicker than migrating a new file; the target must not exist.
    ///
    /// - Throws: `StoreError` if the ledger can't be read, or the target exists or can't be written.
    package func copy(to path: String) throws {
        try database.run("VACUUM INTO ?", .text(path))
    }

    /// The file passed `integrity_check`, and every reference leads somewhere.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func isSound() throws -> Bool {
        let integrity = try database.first("PRAGMA integrity_check") { $0.string(0) }
        let dangling = try database.first("PRAGMA foreign_key_check") { $0.string(0) }
        return integrity == "ok" && dangling == nil
    }

    /// Where the sums that are kept differ from a count of the rows.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func sumDifferences() throws -> [String] {
        try SumCheck(database: database).differences(limit: 5)
    }

    /// Fills the sums from the rows, for a ledger whose rows were written by hand.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func countAgain() throws {
        try database.execute(
            """
            DELETE FROM day_sums WHERE true; DELETE FROM totals WHERE true;
            DELETE FROM error_sums WHERE true
            """)
        let days = try database.rows(Sum.count) { row in
            var sum = Sum.nothing
            for index in sum.values.indices { sum.values[index] = row.integer(Int32(index) + 2) }
            return (SumPlace(schedule: row.string(1), day: row.string(0)), sum)
        }
        for (place, sum) in days { try count(sum, at: place) }
        try database.execute(
            """
            INSERT INTO error_sums SELECT coalesce(http_status, 'none'), count(*) + sum(repeats)
            FROM errors GROUP BY http_status
            """)
    }

    /// Attempts that went out on a look older than allowed (rule 1).
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func attemptsOnOldLooks(maxAgeMilliseconds: Int64) throws -> [Int64] {
        try database.rows(
            """
            SELECT a.attempt_id FROM attempts AS a JOIN looks AS l ON l.look_id = a.baseline_look_id
            WHERE a.began_at - l.requested_at > ? ORDER BY a.attempt_id
            """, .int(maxAgeMilliseconds)
        ) { $0.integer(0) }
    }

    /// Attempts whose baseline is not known although the patience for a look was not over.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func attemptsWithoutLook(withinMilliseconds: Int64) throws -> [Int64] {
        try database.rows(
            """
            SELECT a.attempt_id FROM attempts AS a JOIN slots AS s ON s.slot_id = a.slot_id
            WHERE a.baseline = 'not known' AND a.began_at - s.due_at < ? ORDER BY a.attempt_id
            """, .int(withinMilliseconds)
        ) { $0.integer(0) }
    }

    /// Slots with the run that settling gave them; a person's choice is not among them.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func adoptedRuns() throws -> [(slotID: Int64, runID: String)] {
        try database.rows(
            """
            SELECT s.slot_id, r.run_id FROM slots AS s
            JOIN process_runs AS r ON r.run_key = s.run_key
            WHERE r.origin = 'adopted' AND s.run_named_by IS NULL ORDER BY s.slot_id
            """
        ) { ($0.integer(0), $0.string(1)) }
    }

    /// Attempts that began before their slot was due.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func attemptsBeforeDue() throws -> [Int64] {
        try database.rows(
            """
            SELECT a.attempt_id FROM attempts AS a JOIN slots AS s ON s.slot_id = a.slot_id
            WHERE a.began_at < s.due_at ORDER BY a.attempt_id
            """
        ) { $0.integer(0) }
    }

    /// Rule slots that were sent although the rule that made them took effect later (I3).
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func slotsSentBeforeTheirRule() throws -> [Int64] {
        try database.rows(
            """
            SELECT s.slot_id FROM slots AS s
            JOIN schedule_revisions AS v
                ON v.schedule = s.schedule AND v.revision_id = s.revision_id
            WHERE s.kind = 'rule' AND s.attempts > 0 AND v.state = 'active'
                AND s.slot_at <= v.effective_at
                AND NOT EXISTS (SELECT 1 FROM schedule_revisions AS o
                    WHERE o.schedule = s.schedule AND o.effective_at < s.slot_at)
            ORDER BY s.slot_id
            """
        ) { $0.integer(0) }
    }

    /// Subjects of the alarms of a kind that stand.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func alarms(_ kind: AlarmKind) throws -> [String] {
        try database.rows(
            "SELECT subject FROM alarms WHERE kind = ? ORDER BY subject", .text(kind.rawValue)
        ) { $0.string(0) }
    }

    /// What a schedule's rule was, and from when, oldest first.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func scheduleRevisions(
        _ schedule: String
    ) throws -> [(effectiveAt: Instant, state: ScheduleState, rule: String)] {
        try database.rows(
            """
            SELECT effective_at, state, rule FROM schedule_revisions WHERE schedule = ?
            ORDER BY effective_at, revision_id
            """, .text(schedule)
        ) {
            (
                $0.instant(0), ScheduleState(rawValue: $0.string(1)) ?? .setAside, $0.string(2)
            )
        }
    }

    /// Slots that were due by then and have neither ended nor are held.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func unended(dueBefore instant: Instant) throws -> [SlotRow] {
        try database.rows(
            """
            SELECT \(SlotRow.columns) FROM slots
            WHERE ended_at IS NULL AND disposition <> 'held' AND due_at <= ? ORDER BY slot_id
            """, .at(instant), map: SlotRow.init)
    }

    /// All slots that have not ended and are in the disposition.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func unended(_ disposition: Disposition) throws -> [SlotRow] {
        try database.rows(
            """
            SELECT \(SlotRow.columns) FROM slots WHERE ended_at IS NULL AND disposition = ?
            ORDER BY slot_id
            """, .text(disposition.rawValue), map: SlotRow.init)
    }

    /// Instants of the rule slots of a schedule, in Unix milliseconds.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func ruleSlots(
        schedule: String, after: Instant, through: Instant
    ) throws -> [Int64] {
        try database.rows(
            """
            SELECT slot_at FROM slots WHERE schedule = ? AND kind = 'rule' AND slot_at > ?
                AND slot_at <= ? ORDER BY slot_at
            """, .text(schedule), .at(after), .at(through)
        ) { $0.integer(0) }
    }

    /// The rule slots of a schedule with what made them.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func ruleMarks(
        schedule: String, after: Instant, through: Instant
    ) throws -> [(slotAt: Instant, rule: String, window: String, disposition: Disposition)] {
        try database.rows(
            """
            SELECT slot_at, coalesce(rule, ''), coalesce(window, ''), disposition FROM slots
            WHERE schedule = ? AND kind = 'rule' AND slot_at > ? AND slot_at <= ? ORDER BY slot_at
            """, .text(schedule), .at(after), .at(through)
        ) {
            (
                $0.instant(0), $0.string(1), $0.string(2),
                Disposition(rawValue: $0.string(3)) ?? .held
            )
        }
    }

    /// For each slot of kind `after`, the instants of the slots whose ends have set it off.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func rounds() throws -> [(schedule: String, slotID: Int64, slotAts: [Instant])] {
        let rows = try database.rows(
            """
            SELECT u.schedule, u.slot_id, s.slot_at
            FROM after_uses AS u JOIN slots AS s ON s.slot_id = u.upstream_slot_id
            WHERE u.slot_id IS NOT NULL ORDER BY u.slot_id, s.slot_at
            """
        ) { (schedule: $0.string(0), slotID: $0.integer(1), at: $0.instant(2)) }
        var found: [(schedule: String, slotID: Int64, slotAts: [Instant])] = []
        for row in rows {
            if let last = found.last, last.slotID == row.slotID {
                found[found.count - 1].slotAts.append(row.at)
            } else {
                found.append((row.schedule, row.slotID, [row.at]))
            }
        }
        return found
    }

    /// Slots that more than one attempt says it has started, or whose run says another slot.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func slotsAtOddsWithRuns() throws -> [Int64] {
        try database.rows(
            """
            SELECT s.slot_id FROM slots AS s
            LEFT JOIN process_runs AS r ON r.run_key = s.run_key
            WHERE (s.disposition = 'started' AND r.slot_id IS NOT s.slot_id)
                OR (SELECT count(*) FROM attempts AS a WHERE a.slot_id = s.slot_id
                    AND a.state IN ('started', 'adopted')) > 1
                OR (s.disposition IN ('starting', 'unknown')) <> (SELECT count(*) FROM attempts AS a
                    WHERE a.slot_id = s.slot_id AND a.state IN ('starting', 'unknown'))
            ORDER BY s.slot_id
            """
        ) { $0.integer(0) }
    }

    /// The run was reported as a possible duplicate, whatever has become of it.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func wasReported(_ runID: String) throws -> Bool {
        try database.integer(
            "SELECT 1 FROM errors WHERE message = ? LIMIT 1",
            .text("possible duplicate run \(runID)")) != nil
    }

    /// A run of that id is known, on whatever address.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func knowsRun(_ runID: String) throws -> Bool {
        try database.integer("SELECT count(*) FROM process_runs WHERE run_id = ?", .text(runID))
            ?? 0 > 0
    }

    /// How many slots there are of a disposition.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func count(_ disposition: Disposition) throws -> Int64 {
        try database.integer(
            "SELECT count(*) FROM slots WHERE disposition = ?", .text(disposition.rawValue)) ?? 0
    }

    /// All slots of a schedule in the order of their instants.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func allSlots(schedule: String) throws -> [SlotRow] {
        try database.rows(
            "SELECT \(SlotRow.columns) FROM slots WHERE schedule = ? ORDER BY slot_at, kind",
            .text(schedule), map: SlotRow.init)
    }

    /// Slots that were due to start before an instant, still wait, and aren't in `attention`.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func slotsWaitingUntold(schedule: String, since instant: Instant) throws -> [Int64] {
        try database.rows(
            """
            SELECT slot_id FROM slots WHERE schedule = ? AND due_at < ?
                AND disposition IN ('pending', 'starting', 'unknown')
                AND overdue_since_at IS NULL ORDER BY slot_id
            """, .text(schedule), .at(instant)
        ) { $0.integer(0) }
    }

    /// An error's words name the run: an answer did that can't have been about the request.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func isMentioned(_ runID: String) throws -> Bool {
        try database.integer(
            "SELECT EXISTS (SELECT 1 FROM errors WHERE instr(message, ?))", .text(runID)) == 1
    }

    /// Tables and columns that hold one of the texts, whatever is around it.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func places(mentioning texts: [String]) throws -> [String] {
        let columns = try database.rows(
            """
            SELECT m.name, c.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS c
            WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' ORDER BY 1, 2
            """
        ) { ($0.string(0), $0.string(1)) }
        return try columns.filter { table, column in
            try texts.contains { text in
                let isThere = try database.first(
                    "SELECT 1 FROM \"\(table)\" WHERE instr(\"\(column)\", ?) LIMIT 1",
                    .text(text)
                ) { $0.integer(0) }
                return isThere != nil
            }
        }.map { "\($0.0).\($0.1)" }
    }
}
