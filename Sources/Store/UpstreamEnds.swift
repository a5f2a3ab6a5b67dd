package import Timetable

/// An upstream slot that has ended and that a waiting schedule has not used yet.
package struct UpstreamEnd: Sendable, Equatable {
    package var slotID: Int64
    package var schedule: String
    package var slotAt: Instant
    package var endedAt: Instant
    /// Its run succeeded; a slot that ended without a run did not.
    package var didSucceed: Bool
    /// A run ended it, ours or one that had done the work.
    package var hasRun: Bool
}

extension Ledger {
    /// When the last of the upstream slots ended that a slot of kind `after` was made for.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func upstreamEnd(ofSlot slotID: Int64) throws -> Instant? {
        try database.integer(
            """
            SELECT max(CASE WHEN r.run_key IS NULL THEN s.ended_at
                ELSE coalesce(r.completed_at, r.changed_at) END)
            FROM after_uses AS u JOIN slots AS s ON s.slot_id = u.upstream_slot_id
            LEFT JOIN process_runs AS r ON r.run_key = s.run_key
            WHERE u.slot_id = ?
            """, .int(slotID)
        ).map(Instant.init(milliseconds:))
    }

    /// Ends of an upstream schedule that the waiting one has not used, the oldest first.
    ///
    /// With a limit of one it is the oldest one; else they are the newest, so that ends that nothing
    /// ever pairs with don't hide them. Only slots from the mark on are read, so that it costs what is
    /// waiting, not what there ever was.
    ///
    /// A started slot ends with its run (closed, or judged as failed or lost); every other slot
    /// with its disposition. A run that a list showed as closed counts once it was read in full, since
    /// `outcome` rules judge the counts that only a full read brings.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func unusedEnds(
        of upstream: String, for schedule: String, since effectiveAt: Instant, limit: Int
    ) throws -> [UpstreamEnd] {
        let isOldest = limit == 1
        let found = try database.rows(
            """
            SELECT s.slot_id, s.schedule, s.slot_at,
                CASE WHEN r.run_key IS NULL THEN s.ended_at
                    ELSE coalesce(r.completed_at, r.changed_at) END AS end_at,
                coalesce(r.outcome = 'succeeded'
                    OR (r.outcome = 'attention' AND r.is_open = 0)
                    OR s.done_by_run_id IS NOT NULL, 0),
                s.run_key IS NOT NULL OR s.done_by_run_id IS NOT NULL
            FROM slots AS s LEFT JOIN process_runs AS r ON r.run_key = s.run_key
            WHERE s.schedule = ?1 AND s.slot_at >= \(Self.mark) AND s.ended_at >= ?3
                AND (r.run_key IS NULL OR r.outcome IN ('failed', 'lost')
                    OR (r.is_open = 0 AND (r.changed_hint = 0 OR r.poll_failures >= 3)))
                AND s.disposition <> 'coalesced'
                AND NOT EXISTS (SELECT 1 FROM after_uses AS u
                    WHERE u.schedule = ?2 AND u.upstream_slot_id = s.slot_id)
            ORDER BY end_at \(isOldest ? "ASC" : "DESC"), s.slot_id \(isOldest ? "ASC" : "DESC")
            LIMIT ?4
            """, .text(upstream), .text(schedule), .at(effectiveAt), .int(limit)
        ) {
            UpstreamEnd(
                slotID: $0.integer(0), schedule: $0.string(1), slotAt: $0.instant(2),
                endedAt: $0.instant(3), didSucceed: $0.integer(4) == 1,
                hasRun: $0.integer(5) == 1)
        }
        return isOldest ? found : found.reversed()
    }

    /// The mark of upstream ?1 and waiting schedule ?2 for ends since ?3.
    private static let mark = """
        coalesce((SELECT m.slot_at FROM after_marks AS m
            WHERE m.upstream = ?1 AND m.schedule = ?2 AND m.since_at <= ?3), 0)
        """

    /// Moves the mark behind the slots of an upstream that a waiting schedule will not use any more.
    ///
    /// - Parameters:
    ///   - upstream: the schedule whose slots end.
    ///   - schedule: waits for it.
    ///   - effectiveAt: ends before don't count.
    ///   - waitingMax: so many of its newest slots are looked at, however long earlier ones wait,
    ///     and earlier ones that go on or make up for an old date; nil: all that wait.
    /// - Throws: `StoreError` if the ledger can't be read or written.
    package func advanceMark(
        of upstream: String, for schedule: String, since effectiveAt: Instant, waitingMax: Int?
    ) throws {
        let waiting = try database.integer(
            """
            SELECT s.slot_at FROM slots AS s
            WHERE s.schedule = ?1 AND s.slot_at >= \(Self.mark)
                AND (s.ended_at IS NULL OR (s.ended_at >= ?3 AND s.disposition <> 'coalesced'
                    AND NOT EXISTS (SELECT 1 FROM after_uses AS u
                        WHERE u.schedule = ?2 AND u.upstream_slot_id = s.slot_id)))
            ORDER BY s.slot_at LIMIT 1
            """, .text(upstream), .text(schedule), .at(effectiveAt))
        // The next slot comes later than the newest one, or moves the mark back.
        let found = try waiting ?? newest(upstream, but: 0)
        guard let found else { return }
        var slotAt = found
        if let floor = try waitingMax.flatMap({ try newest(upstream, but: $0) }), floor > found {
            slotAt = try kept(upstream, for: schedule, since: effectiveAt, before: floor) ?? floor
        }
        try database.run(
            """
            INSERT INTO after_marks (upstream, schedule, since_at, slot_at) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (upstream, schedule) DO UPDATE
            SET since_at = excluded.since_at, slot_at = excluded.slot_at
            WHERE (since_at, slot_at) <> (excluded.since_at, excluded.slot_at)
            """, .text(upstream), .text(schedule), .at(effectiveAt),
            .int(slotAt))
    }

    /// When the first slot was due that a floor must not hide: it or its run goes on, or it made up for
    /// an old date, so that it is new though its instant isn't.
    private func kept(
        _ upstream: String, for schedule: String, since effectiveAt: Instant, before floor: Int64
    ) throws -> Int64? {
        try database.integer(
            """
            SELECT s.slot_at FROM slots AS s LEFT JOIN process_runs AS r ON r.run_key = s.run_key
            WHERE s.schedule = ?1 AND s.slot_at >= \(Self.mark) AND s.slot_at < ?4
                AND (s.ended_at IS NULL
                    OR (r.is_open = 1 AND r.outcome NOT IN ('failed', 'lost'))
                    OR (s.makes_up_slot_id IS NOT NULL AND s.ended_at >= ?3
                        AND s.disposition <> 'coalesced'
                        AND NOT EXISTS (SELECT 1 FROM after_uses AS u
                            WHERE u.schedule = ?2 AND u.upstream_slot_id = s.slot_id)))
            ORDER BY s.slot_at LIMIT 1
            """, .text(upstream), .text(schedule), .at(effectiveAt), .int(floor))
    }

    /// When the newest slot of a schedule was due but for some; nil: there are no more than those.
    private func newest(_ schedule: String, but count: Int) throws -> Int64? {
        try database.integer(
            "SELECT slot_at FROM slots WHERE schedule = ? ORDER BY slot_at DESC LIMIT 1 OFFSET ?",
            .text(schedule), .int(count))
    }

    /// A slot that is made for an instant before the marks of its schedule moves them back to it.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    func moveMarksBack(for schedule: String, to slotAt: Instant) throws {
        try database.run(
            "UPDATE after_marks SET slot_at = ?2 WHERE upstream = ?1 AND slot_at > ?2",
            .text(schedule), .at(slotAt))
    }

    /// Begins all searches anew, when ends that were used may be free again.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    func forgetMarks() throws { try database.run("DELETE FROM after_marks WHERE true") }

    /// When a schedule has started something last; nil: never.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func lastStart(of schedule: String) throws -> Instant? {
        try database.integer(
            "SELECT max(ended_at) FROM slots WHERE schedule = ? AND disposition = 'started'",
            .text(schedule)
        ).map(Instant.init(milliseconds:))
    }

    /// When the upstream slots were due whose ends a waiting schedule has used, the newest ones.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func usedEnds(by schedule: String, limit: Int) throws -> [Instant] {
        try database.rows(
            """
            SELECT s.slot_at FROM after_uses AS u JOIN slots AS s ON s.slot_id = u.upstream_slot_id
            WHERE u.schedule = ? ORDER BY u.upstream_slot_id DESC LIMIT ?
            """, .text(schedule), .int(limit)
        ) { $0.instant(0) }
    }

    /// When the slots of an upstream were due that have not ended as `unusedEnds` means it.
    ///
    /// The plus keeps SQLite from reading all slots of the upstream instead of the open ones of all.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func slotsYetToEnd(of upstream: String) throws -> [Instant] {
        try database.rows(
            """
            SELECT slot_at FROM slots WHERE ended_at IS NULL AND +schedule = ?1
            UNION ALL
            SELECT s.slot_at FROM process_runs AS r JOIN slots AS s ON s.slot_id = r.slot_id
            WHERE r.next_poll_at IS NOT NULL AND +r.schedule = ?1
                AND r.outcome NOT IN ('failed', 'lost')
                AND (r.is_open = 1 OR (r.changed_hint = 1 AND r.poll_failures < 3))
            """, .text(upstream)
        ) { $0.instant(0) }
    }

    /// Uses an end up: each upstream slot counts once.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func useEnd(
        _ end: UpstreamEnd, by schedule: String, slotID: Int64?, note: String, now: Instant
    ) throws {
        try database.run(
            """
            INSERT OR IGNORE INTO after_uses (schedule, upstream_slot_id, slot_id, used_at, note)
            VALUES (?, ?, ?, ?, ?)
            """, .text(schedule), .int(end.slotID), .int(slotID), .at(now), .text(note))
    }

    /// Uses up what ended without a run at the same moment as an end that was used: a night of slots of
    /// which nothing came is one end, or what waits for them would start once for each.
    ///
    /// The plus keeps SQLite from reading all slots that have no run.
    ///
    /// - Parameters:
    ///   - end: was used for `slotID`.
    ///   - schedule: waits for it.
    ///   - effectiveAt: ends before don't count.
    ///   - slotID: the waiting schedule's slot.
    ///   - now: the moment of the turn.
    /// - Throws: `StoreError` if the ledger can't be written.
    package func useCompanions(
        of end: UpstreamEnd, by schedule: String, since effectiveAt: Instant, slotID: Int64?,
        now: Instant
    ) throws {
        try database.run(
            """
            INSERT OR IGNORE INTO after_uses (schedule, upstream_slot_id, slot_id, used_at, note)
            SELECT ?2, s.slot_id, ?5, ?6, 'ended at the same moment' FROM slots AS s
            WHERE s.schedule = ?1 AND s.slot_at >= \(Self.mark) AND s.ended_at = ?4
                AND +s.run_key IS NULL AND s.done_by_run_id IS NULL
                AND s.disposition <> 'coalesced'
            """, .text(end.schedule), .text(schedule), .at(effectiveAt), .at(end.endedAt),
            .int(slotID), .at(now))
    }
}
