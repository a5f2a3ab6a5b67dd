package import Timetable

/// An error about to be written.
package struct NewError: Sendable {
    package var operation: String
    package var connection: String?
    package var schedule: String?
    package var slotID: Int64?
    package var attempt: Int?
    package var runKey: Int64?
    package var httpStatus: Int?
    package var code: String?
    package var message: String
    package var target: String?
    package var meta: String?
    package var details: String?
    package var documentationURL: String?
    package var retryAfterSeconds: Int64?
    /// What happens next, in words.
    package var nextStep: String

    package init(
        operation: String, message: String, nextStep: String, connection: String? = nil,
        schedule: String? = nil, slotID: Int64? = nil, attempt: Int? = nil, runKey: Int64? = nil
    ) {
        self.operation = operation
        self.message = message
        self.nextStep = nextStep
        self.connection = connection
        self.schedule = schedule
        self.slotID = slotID
        self.attempt = attempt
        self.runKey = runKey
    }
}

/// The daemon's own state in the ledger.
package struct DaemonRow: Sendable, Equatable {
    package var drainingSince: Instant?
    package var isRestored: Bool
    package var restoredAt: Instant?
    package var catchupTAT: Instant?
    package var upcomingRefreshedAt: Instant?
    /// History before it may have been removed.
    package var prunedBefore: Instant?
}

extension Ledger {
    /// Writes an error; the same one of the same subject only counts up.
    ///
    /// - Parameters:
    ///   - error: what happened.
    ///   - now: the moment of the turn.
    ///   - repeatsWithin: the same error counts as a repeat if the last one is no older, in
    ///     milliseconds; a day after its first occurrence, or after this if it is longer, it is
    ///     written anew.
    /// - Returns: the error's id.
    /// - Throws: `StoreError`.
    @discardableResult
    package func insert(
        _ error: NewError, now: Instant, repeatsWithin: Int64 = 3_600_000
    ) throws -> Int64 {
        let known = try database.integer(
            """
            SELECT error_id FROM errors
            WHERE last_at > ? AND operation = ? AND message = ? AND connection IS ?
                AND slot_id IS ? AND run_key IS ? AND http_status IS ? AND attempt IS ?
                AND occurred_at > ?
            ORDER BY last_at DESC LIMIT 1
            """, .at(now.adding(milliseconds: -repeatsWithin)), .text(error.operation),
            .text(error.message), .text(error.connection), .int(error.slotID),
            .int(error.runKey), .int(error.httpStatus), .int(error.attempt),
            .at(now.adding(milliseconds: -max(repeatsWithin, 86_400_000))))
        if let known {
            try database.run(
                "UPDATE errors SET repeats = repeats + 1, last_at = ? WHERE error_id = ?",
                .at(now), .int(known))
            try countError(httpStatus: error.httpStatus)
            return known
        }
        try database.run(
            """
            INSERT INTO errors (occurred_at, operation, connection, schedule, slot_id, attempt,
                run_key, http_status, code, message, target, meta, details, documentation_url,
                retry_after_seconds, next_step, last_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, .at(now), .text(error.operation), .text(error.connection),
            .text(error.schedule), .int(error.slotID), .int(error.attempt), .int(error.runKey),
            .int(error.httpStatus), .text(error.code), .text(error.message), .text(error.target),
            .text(error.meta), .text(error.details), .text(error.documentationURL),
            .int(error.retryAfterSeconds), .text(error.nextStep), .at(now))
        let errorID = database.lastInsertedID
        try countError(httpStatus: error.httpStatus)
        if let slotID = error.slotID {
            try database.run(
                "UPDATE slots SET last_error_id = ? WHERE slot_id = ?", .int(errorID),
                .int(slotID))
        }
        return errorID
    }

    /// Raises what needs a person; a standing alarm keeps the instant it was raised at.
    ///
    /// - Parameters:
    ///   - kind: one word that stays, for whoever filters.
    ///   - subject: what it is about: one alarm a kind and subject.
    ///   - whatToDo: the cause and the next step, as a sentence.
    ///   - now: the moment of the turn.
    /// - Returns: true if it was not standing yet.
    /// - Throws: `StoreError` if the ledger can't be written.
    @discardableResult
    package func raise(
        kind: AlarmKind, subject: String, whatToDo: String, now: Instant
    ) throws -> Bool {
        let known = try database.integer(
            "SELECT 1 FROM alarms WHERE kind = ? AND subject = ?", .text(kind.rawValue),
            .text(subject))
        try database.run(
            """
            INSERT INTO alarms (kind, subject, since_at, what_to_do) VALUES (?, ?, ?, ?)
            ON CONFLICT (kind, subject) DO UPDATE SET what_to_do = excluded.what_to_do
            """, .text(kind.rawValue), .text(subject), .at(now), .text(whatToDo))
        return known == nil
    }

    /// Clears an alarm whose cause is gone.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func clear(kind: AlarmKind, subject: String) throws {
        try database.run(
            "DELETE FROM alarms WHERE kind = ? AND subject = ?", .text(kind.rawValue),
            .text(subject))
    }

    /// Records who did what, when and why.
    ///
    /// - Parameters:
    ///   - actor: who: a user of the socket, or a part of the daemon.
    ///   - action: the verb.
    ///   - subject: what it was done to.
    ///   - reason: the person's own words.
    ///   - detail: what came of it.
    ///   - now: the moment of the turn.
    /// - Throws: `StoreError` if the ledger can't be written.
    package func audit(
        actor: String, action: String, subject: String, reason: String = "", detail: String = "",
        now: Instant
    ) throws {
        try database.run(
            """
            INSERT INTO audit (at, actor, action, subject, reason, detail)
            VALUES (?, ?, ?, ?, ?, ?)
            """, .at(now), .text(actor), .text(action), .text(subject), .text(reason),
            .text(detail))
    }

    /// Begins a life of the daemon.
    ///
    /// - Parameters:
    ///   - pid: of the process.
    ///   - version: of the binary.
    ///   - node: the host, where two share the ledger.
    ///   - now: the moment of the turn.
    /// - Returns: the life's id.
    /// - Throws: `StoreError` if the ledger can't be written.
    package func beginLife(
        pid: Int32, version: String, node: String = "", now: Instant
    ) throws -> Int64 {
        try database.run(
            "UPDATE daemon SET pid = ?, version = ?", .int(Int64(pid)), .text(version))
        try database.run(
            "INSERT INTO lives (started_at, last_turn_at, node) VALUES (?, ?, ?)", .at(now),
            .at(now), .text(node))
        return database.lastInsertedID
    }

    /// Notes that the daemon was up at an instant.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func touchLife(_ lifeID: Int64, now: Instant) throws {
        try database.run(
            "UPDATE lives SET last_turn_at = max(last_turn_at, ?) WHERE life_id = ?", .at(now),
            .int(lifeID))
    }

    /// Ends a life; how tells the next start what to look at (`Soundness`).
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func endLife(_ lifeID: Int64, _ end: LifeEnd) throws {
        try database.run(
            "UPDATE lives SET ended = ? WHERE life_id = ?", .text(end.rawValue), .int(lifeID))
    }

    /// The daemon was up at that instant, as far as the ledger knows.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func wasUp(at instant: Instant) throws -> Bool {
        try database.integer(
            "SELECT count(*) FROM lives WHERE started_at <= ? AND last_turn_at >= ?",
            .at(instant), .at(instant)) ?? 0 > 0
    }

    /// The last instant at which any life completed a turn.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func lastTurnAt() throws -> Instant? {
        try database.integer("SELECT max(last_turn_at) FROM lives")
            .map(Instant.init(milliseconds:))
    }

    /// The daemon's own state.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func daemon() throws -> DaemonRow {
        try database.first(
            """
            SELECT draining_since_at, restored_mark, restored_at, catchup_tat_at,
                upcoming_refreshed_at, pruned_before_at FROM daemon
            """
        ) {
            DaemonRow(
                drainingSince: $0.at(0), isRestored: $0.integer(1) == 1, restoredAt: $0.at(2),
                catchupTAT: $0.at(3), upcomingRefreshedAt: $0.at(4), prunedBefore: $0.at(5))
        }
            ?? DaemonRow(isRestored: false)
    }

    /// Writes the daemon's own state back.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func save(_ row: DaemonRow) throws {
        try database.run(
            """
            UPDATE daemon SET draining_since_at = ?, restored_mark = ?, restored_at = ?,
                catchup_tat_at = ?, upcoming_refreshed_at = ?, pruned_before_at = ?
            """, .at(row.drainingSince), .flag(row.isRestored), .at(row.restoredAt),
            .at(row.catchupTAT), .at(row.upcomingRefreshedAt), .at(row.prunedBefore))
    }
}
