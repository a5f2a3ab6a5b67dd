package import Timetable

/// One slot as a mark on a page's drawing: when it was, what became of it, how long its run took.
package struct SlotMark: Sendable, Equatable {
    package var slotID: Int64
    package var slotAt: Instant
    /// The outcome of its run, or its disposition without one.
    package var result: String
    package var reason: String
    /// When its run was created; nil without one.
    package var startedAt: Instant?
    /// When its run ended; nil while it is open, and without one.
    package var endedAt: Instant?

    /// Makes a mark.
    ///
    /// - Parameters:
    ///   - slotID: of the slot.
    ///   - slotAt: the instant that it is for.
    ///   - result: the outcome of its run, or its disposition without one.
    ///   - reason: why, in words.
    ///   - startedAt: when its run was created.
    ///   - endedAt: when its run ended.
    package init(
        slotID: Int64, slotAt: Instant, result: String, reason: String = "",
        startedAt: Instant? = nil, endedAt: Instant? = nil
    ) {
        self.slotID = slotID
        self.slotAt = slotAt
        self.result = result
        self.reason = reason
        self.startedAt = startedAt
        self.endedAt = endedAt
    }

    /// How long its run took in seconds; nil while it is open, and without one.
    package var seconds: Int64? {
        guard let startedAt, let endedAt else { return nil }
        return endedAt.since(startedAt) / 1000
    }
}

/// Reads of the pages: each by an index, each with a bound.
extension LedgerReader {
    /// The slots of a schedule since an instant, newest first.
    ///
    /// - Parameters:
    ///   - schedule: its name.
    ///   - since: slots for earlier instants are left out.
    ///   - limit: how many at most.
    /// - Returns: a mark for each slot.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func marks(schedule: String, since: Instant?, limit: Int) throws -> [SlotMark] {
        try database.rows(
            """
            SELECT s.slot_id, s.slot_at, coalesce(r.outcome, s.disposition),
                coalesce(r.outcome_reason, s.reason), r.created_at, r.completed_at
            FROM slots AS s LEFT JOIN process_runs AS r ON r.run_key = s.run_key
            WHERE s.schedule = ?1 AND s.slot_at >= ?2 ORDER BY s.slot_at DESC LIMIT ?3
            """, .text(schedule), .at(since ?? Instant(milliseconds: 0)), .int(limit)
        ) {
            SlotMark(
                slotID: $0.integer(0), slotAt: $0.instant(1), result: $0.string(2),
                reason: $0.string(3), startedAt: $0.at(4), endedAt: $0.at(5))
        }
    }

    /// How long the last runs of a schedule that succeeded took, in milliseconds, newest first.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func durations(of schedule: String, limit: Int) throws -> [Int64] {
        try DurationRead.of(schedule, limit: limit, in: database)
    }

    /// The answers of a connection by HTTP status; `none`: requests without one.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func answers(of connection: String) throws -> [(status: String, count: Int64)] {
        try database.rows(
            "SELECT http_status, count FROM answer_sums WHERE connection = ? ORDER BY http_status",
            .text(connection)
        ) { ($0.string(0), $0.integer(1)) }
    }

    /// What became of a schedule's slots by day on its own clock.
    ///
    /// - Parameters:
    ///   - schedule: its name.
    ///   - since: slots for earlier instants are left out.
    ///   - limit: the newest slots that are counted at most.
    /// - Returns: columns day, result, slots.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func days(schedule: String, since: Instant, limit: Int) throws -> LedgerTable {
        try table(
            """
            SELECT day, result, count(*) AS slots FROM (
                SELECT date(s.slot_at / 1000 + s.utc_offset_seconds, 'unixepoch') AS day,
                    coalesce(r.outcome, s.disposition) AS result
                FROM slots AS s LEFT JOIN process_runs AS r ON r.run_key = s.run_key
                WHERE s.schedule = ?1 AND s.slot_at >= ?2 ORDER BY s.slot_at DESC LIMIT ?3)
            GROUP BY day, result ORDER BY day, result
            """, .text(schedule), .at(since), .int(limit))
    }

    /// The next instants of a schedule.
    ///
    /// - Parameters:
    ///   - schedule: its name.
    ///   - until: later ones are left out.
    ///   - limit: how many at most.
    /// - Returns: the instants, next one first.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func nextInstants(schedule: String, until: Instant, limit: Int) throws -> [Instant] {
        try database.rows(
            """
            SELECT slot_at FROM upcoming_slots WHERE schedule = ?1 AND slot_at <= ?2
            ORDER BY slot_at LIMIT ?3
            """, .text(schedule), .at(until), .int(limit)
        ) { $0.instant(0) }
    }

    /// The next slot of a schedule on its own clock.
    ///
    /// - Parameters:
    ///   - schedule: its name.
    ///   - instant: the slot's.
    /// - Returns: ISO 8601 with the offset, and the shift or roll in words; nil: it isn't listed yet.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func nextSlot(
        _ schedule: String, at instant: Instant
    ) throws -> (local: String, note: String)? {
        try database.first(
            """
            SELECT utc_offset_seconds, note FROM upcoming_slots WHERE schedule = ?1 AND slot_at = ?2
            """, .text(schedule), .at(instant)
        ) { (instant.iso8601(offsetSeconds: Int($0.integer(0))), $0.string(1)) }
    }

    /// Since when the daemon starts nothing new, to end or to be drained; nil: it isn't.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func drainingSince() throws -> Instant? {
        try database.first("SELECT draining_since_at FROM daemon") { $0.at(0) } ?? nil
    }

    /// The tags of each schedule that has some.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func tags() throws -> [String: [String]] {
        var tags: [String: [String]] = [:]
        try database.step(
            """
            SELECT s.schedule, t.value FROM schedule_states AS s, json_each(s.tags) AS t
            WHERE s.state <> 'removed' AND s.tags <> '[]' ORDER BY s.schedule, t.key
            """, []
        ) { row in
            tags[row.string(0), default: []].append(row.string(1))
            return true
        }
        return tags
    }

    /// All tags that a schedule carries, or carried when it was removed, sorted.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func tagNames() throws -> [String] {
        try database.rows(
            """
            SELECT DISTINCT t.value FROM schedule_states AS s, json_each(s.tags) AS t
            WHERE s.tags <> '[]' ORDER BY 1
            """
        ) { $0.string(0) }
    }

    /// The attempts of a slot, first one first.
    ///
    /// - Parameter slotID: of the slot.
    /// - Returns: a row for each attempt.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func attempts(ofSlot slotID: Int64) throws -> LedgerTable {
        try table(
            """
            SELECT a.number, a.state, a.baseline, a.absent_looks, a.http_status,
                strftime('%Y-%m-%dT%H:%M:%SZ', a.began_at / 1000, 'unixepoch') AS began_at,
                strftime('%Y-%m-%dT%H:%M:%SZ', a.ended_at / 1000, 'unixepoch') AS ended_at,
                e.message, e.code, e.next_step, r.run_id
            FROM attempts AS a LEFT JOIN errors AS e ON e.error_id = a.error_id
                LEFT JOIN process_runs AS r ON r.run_key = a.run_key
            WHERE a.slot_id = ?1 ORDER BY a.number LIMIT 200
            """, .int(slotID))
    }

    /// The errors of a slot (view `error_log`), oldest first.
    ///
    /// - Parameter slotID: of the slot.
    /// - Returns: rows of the view `error_log`.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func errors(ofSlot slotID: Int64) throws -> LedgerTable {
        try table(
            """
            SELECT v.* FROM error_log AS v JOIN errors AS e ON e.error_id = v.error_id
            WHERE e.slot_id = ?1 ORDER BY e.error_id LIMIT 200
            """, .int(slotID))
    }
}

/// A schedule's rule as the ledger keeps it.
package struct ScheduleRule: Sendable {
    package var schedule: String
    /// What the rule is compiled from.
    package var source: String
}

extension LedgerReader {
    /// The rules of all active schedules, by name.
    ///
    /// - Returns: also those that enumerate nothing, such as `after` and manual ones.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func activeRules() throws -> [ScheduleRule] {
        try database.rows(
            """
            SELECT schedule, rule_source FROM schedule_states WHERE state = 'active'
            ORDER BY schedule
            """
        ) { ScheduleRule(schedule: $0.string(0), source: $0.string(1)) }
    }

    /// What became of the slots of each day, over all schedules, each on its own clock.
    ///
    /// - Parameter day: the first one, `2026-11-30`.
    /// - Returns: columns day, started, skipped (with coalesced and cancelled), trouble (missed, expired,
    ///   failed, and runs that failed, are in error or lost), oldest first.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func dayTotals(since day: String) throws -> LedgerTable {
        try table(
            """
            SELECT day, sum(started) AS started, sum(skipped + coalesced + cancelled) AS skipped,
                sum(missed + expired + failed + runs_failed + runs_attention + runs_lost) AS trouble
            FROM day_sums WHERE day >= ?1 GROUP BY day ORDER BY day
            """, .text(day))
    }

    /// What became of the slots of one schedule on each of some days, on its own clock.
    ///
    /// - Parameters:
    ///   - schedule: its name.
    ///   - days: those that are asked for.
    /// - Returns: columns as those of `dayTotals(since:)`, oldest first; a day without a slot has no row.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func dayTotals(schedule: String, days: [CivilDate]) throws -> LedgerTable {
        let list = days.map { "\"\($0.iso8601)\"" }.joined(separator: ",")
        return try table(
            """
            SELECT day, started, skipped + coalesced + cancelled AS skipped,
                missed + expired + failed + runs_failed + runs_attention + runs_lost AS trouble
            FROM day_sums WHERE schedule = ?1 AND day IN (SELECT value FROM json_each(?2))
            ORDER BY day
            """, .text(schedule), .text("[\(list)]"))
    }
}
