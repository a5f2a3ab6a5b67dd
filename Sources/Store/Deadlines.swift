package import Timetable

/// A deadline of a slot.
package enum DeadlineKind: String, Sendable, CaseIterable {
    case start = "start_by"
    case finish = "finish_by"
}

/// What became of a deadline, once its instant has come.
package enum DeadlineVerdict: String, Sendable {
    case met, missed
    /// The slot came to nothing, which is told by itself.
    case void
}

/// A deadline whose instant has come, and what is known of its slot.
package struct DeadlineRow: Sendable, Equatable {
    package var slotID: Int64
    package var kind: DeadlineKind
    package var at: Instant
    package var disposition: Disposition
    package var endedAt: Instant?
    package var runKey: Int64?
    package var runCreatedAt: Instant?
    package var runCompletedAt: Instant?
    package var isRunOpen: Bool
    package var lastPolledAt: Instant?

    package init(
        slotID: Int64, kind: DeadlineKind, at: Instant, disposition: Disposition,
        endedAt: Instant? = nil, runKey: Int64? = nil, runCreatedAt: Instant? = nil,
        runCompletedAt: Instant? = nil, isRunOpen: Bool = false, lastPolledAt: Instant? = nil
    ) {
        self.slotID = slotID
        self.kind = kind
        self.at = at
        self.disposition = disposition
        self.endedAt = endedAt
        self.runKey = runKey
        self.runCreatedAt = runCreatedAt
        self.runCompletedAt = runCompletedAt
        self.isRunOpen = isRunOpen
        self.lastPolledAt = lastPolledAt
    }
}

extension Ledger {
    /// Deadlines whose instant has come and that are not judged yet, the oldest first.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func deadlinesDue(
        _ kind: DeadlineKind, now: Instant, limit: Int
    ) throws -> [DeadlineRow] {
        let name = kind.rawValue
        return try database.rows(
            """
            SELECT s.slot_id, s.\(name)_at, s.disposition, s.ended_at, s.run_key, r.created_at,
                r.completed_at, coalesce(r.is_open, 0), r.last_polled_at
            FROM slots AS s LEFT JOIN process_runs AS r ON r.run_key = s.run_key
            WHERE s.\(name)_at <= ? AND s.\(name)_at IS NOT NULL AND s.\(name)_verdict IS NULL
            ORDER BY s.\(name)_at, s.slot_id LIMIT ?
            """, .at(now), .int(limit)
        ) { row in
            DeadlineRow(
                slotID: row.integer(0), kind: kind, at: row.instant(1),
                disposition: Disposition(rawValue: row.string(2)) ?? .held, endedAt: row.at(3),
                runKey: row.int(4), runCreatedAt: row.at(5), runCompletedAt: row.at(6),
                isRunOpen: row.integer(7) == 1, lastPolledAt: row.at(8))
        }
    }

    /// Judges a deadline, once.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func setDeadline(
        _ slotID: Int64, _ kind: DeadlineKind, _ verdict: DeadlineVerdict
    ) throws {
        try database.run(
            "UPDATE slots SET \(kind.rawValue)_verdict = ? WHERE slot_id = ?",
            .text(verdict.rawValue), .int(slotID))
    }

    /// The next deadline that is to be judged after an instant.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func nextDeadline(after now: Instant) throws -> Instant? {
        try DeadlineKind.allCases.compactMap { kind in
            try database.integer(
                """
                SELECT min(\(kind.rawValue)_at) FROM slots
                WHERE \(kind.rawValue)_at > ? AND \(kind.rawValue)_at IS NOT NULL
                    AND \(kind.rawValue)_verdict IS NULL
                """, .at(now))
        }.min().map(Instant.init(milliseconds:))
    }

    /// Has a run read now, whatever its pace.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func hurryPoll(_ runKey: Int64, now: Instant) throws {
        try database.run(
            """
            UPDATE process_runs SET next_poll_at = ?1, changed_hint = 1
            WHERE run_key = ?2 AND next_poll_at > ?1
            """, .at(now), .int(runKey))
    }

    /// Sets how long a run takes at least if it does what it should; nil: nobody knows.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func setAtLeast(_ runKey: Int64, milliseconds: Int64?) throws {
        try database.run(
            "UPDATE process_runs SET at_least_ms = ?1 WHERE run_key = ?2 AND at_least_ms IS NOT ?1",
            .int(milliseconds), .int(runKey))
    }
}
