package import Timetable

/// An upstream slot that has ended and that a waiting schedule has not used yet.
package struct UpstreamEnd: Sendable, Equatable {
    package var slotID: Int64
    package var schedule: String
    package var slotAt: Instant
    package var endedAt: Instant
    /// Its run succeeded; a slot that ended without a run did not.
    package var didSucceed: Bool
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
    /// ever pairs with don't hide them.
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
                    OR s.done_by_run_id IS NOT NULL, 0)
            FROM slots AS s LEFT JOIN process_runs AS r ON r.run_key = s.run_key
            WHERE s.schedule = ? AND s.ended_at >= ?
                AND (r.run_key IS NULL OR r.outcome IN ('failed', 'lost')
                    OR (r.is_open = 0 AND (r.changed_hint = 0 OR r.poll_failures >= 3)))
                AND s.disposition <> 'coalesced'
                AND NOT EXISTS (SELECT 1 FROM after_uses AS u
                    WHERE u.schedule = ? AND u.upstream_slot_id = s.slot_id)
            ORDER BY end_at \(isOldest ? "ASC" : "DESC"), s.slot_id \(isOldest ? "ASC" : "DESC")
            LIMIT ?
            """, .text(upstream), .at(effectiveAt), .text(schedule), .int(limit)
        ) {
            UpstreamEnd(
                slotID: $0.integer(0), schedule: $0.string(1), slotAt: $0.instant(2),
                endedAt: $0.instant(3), didSucceed: $0.integer(4) == 1)
        }
        return isOldest ? found : found.reversed()
    }

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
    /// - Throws: `StoreError` if the ledger can't be read.
    package func slotsYetToEnd(of upstream: String) throws -> [Instant] {
        try database.rows(
            """
            SELECT slot_at FROM slots WHERE ended_at IS NULL AND schedule = ?1
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
}
