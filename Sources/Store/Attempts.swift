package import Timetable

/// What an attempt's row says of it.
package enum AttemptState: String, Sendable {
    /// On the wire, as far as we know.
    case starting
    /// It may have created a run.
    case unknown
    /// A person must decide.
    case held
    /// Answered with 201 and a readable run id.
    case started
    /// Its run was found by a look, or named by a person.
    case adopted
    case notSent = "not sent"
    /// Refused by the API before any work.
    case refused
    /// Proven not to have created a run.
    case absent
    /// Dropped by a person.
    case withdrawn
}

/// One POST for a slot, as stored.
package struct AttemptRow: Sendable, Equatable {
    package var attemptID: Int64
    package var slotID: Int64
    package var number: Int
    package var state: AttemptState
    package var baseURL: String
    package var processID: String
    package var baseline: Baseline
    package var beganAt: Instant
    package var endedAt: Instant?
    package var exposureEndAt: Instant?
    package var absentLooks: Int
    package var lastAbsentAt: Instant?
    package var candidateRunID: String?
    /// The server's clock minus ours as it was known when the attempt began.
    package var clockLowMilliseconds: Int64?
    package var clockHighMilliseconds: Int64?
    /// Not on the wire by then, it was never sent; nil: not known.
    package var sendByAt: Instant?

    /// Makes an attempt that has just begun.
    package init(
        attemptID: Int64, slotID: Int64, number: Int, baseURL: String, processID: String,
        baseline: Baseline, beganAt: Instant
    ) {
        self.attemptID = attemptID
        self.slotID = slotID
        self.number = number
        state = .starting
        self.baseURL = baseURL
        self.processID = processID
        self.baseline = baseline
        self.beganAt = beganAt
        absentLooks = 0
    }

    static let columns = """
        attempt_id, slot_id, number, state, base_url, process_id, baseline, began_at, ended_at, \
        exposure_end_at, absent_looks, last_absent_at, candidate_run_id, clock_low_ms, clock_high_ms, \
        send_by_at
        """

    init(_ row: Row) {
        attemptID = row.integer(0)
        slotID = row.integer(1)
        number = Int(row.integer(2))
        state = AttemptState(rawValue: row.string(3)) ?? .unknown
        baseURL = row.string(4)
        processID = row.string(5)
        baseline = Baseline(stored: row.string(6))
        beganAt = row.instant(7)
        endedAt = row.at(8)
        exposureEndAt = row.at(9)
        absentLooks = Int(row.integer(10))
        lastAbsentAt = row.at(11)
        candidateRunID = row.text(12)
        clockLowMilliseconds = row.int(13)
        clockHighMilliseconds = row.int(14)
        sendByAt = row.at(15)
    }
}

/// What a process's own item in a list showed.
package struct Look: Sendable, Equatable {
    package var baseURL: String
    package var processID: String
    package var processName: String
    /// When the request that showed it was sent; its age counts from here.
    package var requestedAt: Instant
    package var lookedAt: Instant
    package var serverAt: Instant?
    package var runID: String?
    package var runStatus: String?
    package var runCreatedAt: Instant?
    package var runModifiedAt: Instant?
    package var runUserID: String?

    package init(
        baseURL: String, processID: String, processName: String, requestedAt: Instant,
        lookedAt: Instant, serverAt: Instant?
    ) {
        self.baseURL = baseURL
        self.processID = processID
        self.processName = processName
        self.requestedAt = requestedAt
        self.lookedAt = lookedAt
        self.serverAt = serverAt
    }

    /// The baseline it gives.
    package var baseline: Baseline { runID.map { .run($0) } ?? .noRun }
}

extension Ledger {
    /// That attempt of a slot was refused with 401.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func wasUnauthorized(slotID: Int64, attempt: Int) throws -> Bool {
        try database.integer(
            "SELECT 1 FROM attempts WHERE slot_id = ? AND number = ? AND http_status = 401",
            .int(slotID), .int(attempt)) != nil
    }

    /// Processes of a base URL that have an attempt in doubt: looks at them matter.
    ///
    /// SQLite would rather read every attempt there ever was, so the index is named.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func processesInDoubt(baseURL: String) throws -> Set<String> {
        Set(
            try database.rows(
                """
                SELECT process_id FROM attempts INDEXED BY attempts_one_in_doubt
                WHERE state IN ('starting', 'unknown') AND base_url = ?
                """, .text(baseURL)
            ) { $0.string(0) })
    }

    /// Writes the intent of a POST and moves its slot to `starting`.
    ///
    /// - Throws: `StoreError` of kind `.constraint` if an attempt on the process is in doubt already
    ///   (rule 2, a partial UNIQUE index).
    package func beginAttempt(
        slot: SlotRow, baseline: Baseline, lookID: Int64?, sendBy: Instant,
        clock: (lowMilliseconds: Int64, highMilliseconds: Int64)? = nil, now: Instant
    ) throws -> Int64 {
        try database.run(
            """
            INSERT INTO attempts (slot_id, number, state, base_url, process_id, baseline,
                baseline_look_id, began_at, send_by_at, clock_low_ms, clock_high_ms)
            VALUES (?, ?, 'starting', ?, ?, ?, ?, ?, ?, ?, ?)
            """, .int(slot.slotID), .int(slot.attempts + 1), .text(slot.baseURL),
            .text(slot.processID), .text(baseline.stored), .int(lookID), .at(now), .at(sendBy),
            .int(clock?.lowMilliseconds), .int(clock?.highMilliseconds))
        let attemptID = database.lastInsertedID
        try database.run(
            """
            UPDATE slots SET disposition = 'starting', attempts = attempts + 1,
                reason = ?, next_action_at = ?, look_wanted_since_at = NULL,
                run_wanted_since_at = NULL WHERE slot_id = ?
            """, .text("attempt \(slot.attempts + 1) is out"),
            .at(sendBy.adding(milliseconds: 60_000)), .int(slot.slotID))
        return attemptID
    }

    /// Keeps a look that decides something: the baseline of an attempt, or its settling.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func keep(_ look: Look) throws -> Int64 {
        try database.run(
            """
            INSERT INTO looks (base_url, process_id, process_name, requested_at, looked_at,
                server_at, run_id, run_status, run_created_at, run_modified_at, run_user_id)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, .text(look.baseURL), .text(look.processID), .text(look.processName),
            .at(look.requestedAt), .at(look.lookedAt), .at(look.serverAt), .text(look.runID),
            .text(look.runStatus), .at(look.runCreatedAt), .at(look.runModifiedAt),
            .text(look.runUserID))
        return database.lastInsertedID
    }

    /// The attempt of that id.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func attempt(_ attemptID: Int64) throws -> AttemptRow? {
        try database.first(
            "SELECT \(AttemptRow.columns) FROM attempts WHERE attempt_id = ?", .int(attemptID),
            map: AttemptRow.init)
    }

    /// The last attempt of a slot.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func lastAttempt(slotID: Int64) throws -> AttemptRow? {
        try database.first(
            """
            SELECT \(AttemptRow.columns) FROM attempts WHERE slot_id = ?
            ORDER BY number DESC LIMIT 1
            """, .int(slotID), map: AttemptRow.init)
    }

    /// All attempts of a state that has not been decided, `starting` or `unknown`, oldest first.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func attempts(_ state: AttemptState) throws -> [AttemptRow] {
        try database.rows(
            """
            SELECT \(AttemptRow.columns) FROM attempts INDEXED BY attempts_one_in_doubt
            WHERE state IN ('starting', 'unknown') AND state = ? ORDER BY attempt_id
            """, .text(state.rawValue), map: AttemptRow.init)
    }

    /// The attempt on the process that is `starting` or `unknown`; there is at most one.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func attemptInDoubt(baseURL: String, processID: String) throws -> AttemptRow? {
        try database.first(
            """
            SELECT \(AttemptRow.columns) FROM attempts
            WHERE state IN ('starting', 'unknown') AND base_url = ? AND process_id = ?
            """, .text(baseURL), .text(processID), map: AttemptRow.init)
    }

    /// An earlier attempt of the slot was ambiguous, so a 409 is ambiguous too (rule 4).
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func hadAmbiguousAttempt(slotID: Int64) throws -> Bool {
        try database.integer(
            "SELECT count(*) FROM attempts WHERE slot_id = ? AND state IN ('absent', 'held')",
            .int(slotID)) ?? 0 > 0
    }

    /// Ends an attempt.
    ///
    /// - Parameters:
    ///   - attemptID: the attempt.
    ///   - state: what it ends as.
    ///   - exposureEnd: until when it may still create a run.
    ///   - httpStatus: the answer's status, if there was an answer.
    ///   - errorID: the error it ended with.
    ///   - runKey: its run, if it has one.
    ///   - now: the turn's instant.
    /// - Throws: `StoreError`.
    package func endAttempt(
        _ attemptID: Int64, _ state: AttemptState, exposureEnd: Instant?, httpStatus: Int?,
        errorID: Int64?, runKey: Int64?, now: Instant
    ) throws {
        try database.run(
            """
            UPDATE attempts SET state = ?, ended_at = coalesce(ended_at, ?),
                exposure_end_at = coalesce(?, exposure_end_at),
                http_status = coalesce(?, http_status), error_id = coalesce(?, error_id),
                run_key = coalesce(?, run_key)
            WHERE attempt_id = ?
            """, .text(state.rawValue), .at(now), .at(exposureEnd), .int(httpStatus),
            .int(errorID), .int(runKey), .int(attemptID))
    }

    /// Counts a look that showed exactly the baseline.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func countAbsentLook(_ attemptID: Int64, at requestedAt: Instant) throws {
        try database.run(
            """
            UPDATE attempts SET absent_looks = absent_looks + 1, last_absent_at = ?
            WHERE attempt_id = ?
            """, .at(requestedAt), .int(attemptID))
    }

    /// Notes the run that a held attempt may have created.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func setCandidate(_ attemptID: Int64, runID: String?) throws {
        try database.run(
            "UPDATE attempts SET candidate_run_id = ? WHERE attempt_id = ?", .text(runID),
            .int(attemptID))
    }

    /// Charges an attempt against `retry.max_attempts`.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func countAttempt(slotID: Int64) throws {
        try database.run(
            "UPDATE slots SET attempts_counted = attempts_counted + 1 WHERE slot_id = ?",
            .int(slotID))
    }

    /// Attempts on a process that may have created a run between two instants (rule 7).
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func attempts(
        baseURL: String, processID: String, exposedFrom first: Instant, through last: Instant,
        graceMilliseconds: Int64
    ) throws -> [AttemptRow] {
        try database.rows(
            """
            SELECT \(AttemptRow.columns) FROM attempts
            WHERE base_url = ?1 AND process_id = ?2 AND began_at <= ?3
                AND exposure_end_at >= ?4 - ?5
                AND (exposure_end_at >= ?4 OR state IN ('absent', 'adopted', 'held'))
            ORDER BY attempt_id DESC LIMIT 20
            """, .text(baseURL), .text(processID), .at(last), .at(first),
            .int(graceMilliseconds), map: AttemptRow.init)
    }
}

extension Ledger {
    /// A held slot of the process that names no candidate run: it may have created one we can't see.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func heldCandidate(baseURL: String, processID: String) throws -> Int64? {
        try database.integer(
            """
            SELECT min(s.slot_id) FROM slots AS s JOIN attempts AS a ON a.slot_id = s.slot_id
            WHERE s.ended_at IS NULL AND s.base_url = ? AND s.process_id = ?
                AND s.disposition = 'held' AND a.number = s.attempts
                AND a.candidate_run_id IS NULL AND a.state = 'held'
            """, .text(baseURL), .text(processID))
    }

    /// Another held attempt of the process names the run as its candidate.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func isContested(
        runID: String, baseURL: String, processID: String, slotID: Int64
    ) throws -> Bool {
        try database.integer(
            """
            SELECT count(*) FROM attempts
            WHERE state = 'held' AND base_url = ? AND process_id = ? AND candidate_run_id = ?
                AND slot_id <> ?
            """, .text(baseURL), .text(processID), .text(runID), .int(slotID)) ?? 0 > 0
    }

    /// The newest runs of a process that no slot has, with their creation by the server's clock.
    ///
    /// - Parameters:
    ///   - baseURL: of the process.
    ///   - processID: the process.
    ///   - userID: ours, which the runs must be of; nil: not known, so any.
    /// - Returns: them; older ones can't be rivals of an attempt that is in doubt.
    /// - Throws: `StoreError`.
    package func unclaimedRuns(
        baseURL: String, processID: String, userID: String?
    ) throws -> [(runID: String, createdAt: Instant?)] {
        try database.rows(
            """
            SELECT run_id, created_at FROM process_runs
            WHERE base_url = ?1 AND process_id = ?2 AND slot_id IS NULL
                AND (?3 IS NULL OR user_id IS NULL OR user_id = ?3)
            ORDER BY first_seen_at DESC LIMIT 20
            """, .text(baseURL), .text(processID), .text(userID)
        ) { ($0.string(0), $0.at(1)) }
    }

    /// The slot got its run before the given attempt began, on the same process.
    ///
    /// Two attempts on a process are never in doubt together, so their ids are in the order of
    /// their ends; but a held one may be given its run by a person much later, which tells nothing.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func hadItsRun(slotID: Int64, beforeAttempt attemptID: Int64) throws -> Bool {
        try database.integer(
            """
            SELECT count(*) FROM attempts AS a JOIN slots AS s ON s.slot_id = a.slot_id
            WHERE a.slot_id = ?1 AND a.state IN ('started', 'adopted') AND a.attempt_id < ?2
                AND s.ended_at <= (SELECT began_at FROM attempts WHERE attempt_id = ?2)
            """, .int(slotID), .int(attemptID)) ?? 0 > 0
    }
}
