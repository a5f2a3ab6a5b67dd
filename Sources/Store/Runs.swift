package import Timetable

/// A run as stored, without its tree.
package struct RunRow: Sendable, Equatable {
    package var runKey: Int64
    package var baseURL: String
    package var runID: String
    package var connection: String
    package var processID: String
    package var schedule: String?
    package var slotID: Int64?
    package var origin: RunOrigin
    package var userID: String?
    package var status: String
    package var isOpen: Bool
    package var outcome: RunOutcome
    package var outcomeReason: String?
    package var counts: String
    package var jobCounts: String
    package var createdAt: Instant?
    package var modifiedAt: Instant?
    package var completedAt: Instant?
    package var lastPolledAt: Instant?
    package var nextPollAt: Instant?
    package var pollGapMilliseconds: Int64
    package var pollFailures: Int
    package var changedHint: Bool
    package var watchUntil: Instant?
    package var runWithinAt: Instant?
    package var dueDate: String?
    package var firstSeenAt: Instant
    package var changedAt: Instant
    /// 404 answers to reads in a row, and since when.
    package var missingReads: Int
    package var missingSince: Instant?
    /// The open job that is due first.
    package var jobDue: JobDue?

    static let columns = """
        run_key, base_url, run_id, connection, process_id, schedule, slot_id, origin, user_id, \
        status, is_open, outcome, outcome_reason, counts, job_counts, created_at, modified_at, \
        completed_at, last_polled_at, next_poll_at, poll_gap_ms, poll_failures, changed_hint, \
        watch_until_at, run_within_at, due_date, first_seen_at, changed_at, missing_reads, \
        missing_since_at, job_due_date, job_due_title
        """

    init(_ row: Row) {
        runKey = row.integer(0)
        baseURL = row.string(1)
        runID = row.string(2)
        connection = row.string(3)
        processID = row.string(4)
        schedule = row.text(5)
        slotID = row.int(6)
        origin = RunOrigin(rawValue: row.string(7)) ?? .external
        userID = row.text(8)
        status = row.string(9)
        isOpen = row.integer(10) == 1
        outcome = RunOutcome(rawValue: row.string(11)) ?? .active
        outcomeReason = row.text(12)
        counts = row.string(13)
        jobCounts = row.string(14)
        createdAt = row.at(15)
        modifiedAt = row.at(16)
        completedAt = row.at(17)
        lastPolledAt = row.at(18)
        nextPollAt = row.at(19)
        pollGapMilliseconds = row.integer(20)
        pollFailures = Int(row.integer(21))
        changedHint = row.integer(22) == 1
        watchUntil = row.at(23)
        runWithinAt = row.at(24)
        dueDate = row.text(25)
        firstSeenAt = row.instant(26)
        changedAt = row.instant(27)
        missingReads = Int(row.integer(28))
        missingSince = row.at(29)
        if let day = row.text(30) { jobDue = JobDue(day: day, title: row.text(31) ?? "") }
    }
}

extension Ledger {
    /// Writes a run that was not known, as active.
    ///
    /// - Parameters:
    ///   - facts: what a list or a read says; of counts and tree nothing is kept without `read`.
    ///   - baseURL: the API that knows it.
    ///   - connection: where it is read.
    ///   - schedule: whose it is; nil: somebody else's.
    ///   - slotID: its slot.
    ///   - origin: where it comes from.
    ///   - pollGapMilliseconds: its pace.
    ///   - nextPollAt: its next look.
    ///   - read: it has just been read in full, and is active: all that is written with it.
    ///   - now: the moment of the turn.
    /// - Returns: its key.
    /// - Throws: `StoreError` if the ledger can't be written.
    package func insertRun(
        _ facts: RunFacts, baseURL: String, connection: String, schedule: String?, slotID: Int64?,
        origin: RunOrigin, pollGapMilliseconds: Int64, nextPollAt: Instant,
        read: FirstRead? = nil, now: Instant
    ) throws -> Int64 {
        try database.run(
            """
            INSERT INTO process_runs (base_url, run_id, connection, process_id, schedule, slot_id,
                origin, name, user_id, status, is_open, outcome, revision, created_at, modified_at,
                completed_at, due_date, first_seen_at, changed_at, next_poll_at, poll_gap_ms,
                last_polled_at, run_within_at, at_least_ms, counts, job_counts, tree, part_counts,
                job_due_date, job_due_title)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'active', ?, ?, ?, ?, ?, ?, ?, ?, ?,
                ?, ?, ?, coalesce(?, '{}'), coalesce(?, '{}'), ?, ?, ?, ?)
            """, .text(baseURL), .text(facts.runID), .text(connection), .text(facts.processID),
            .text(schedule), .int(slotID), .text(origin.rawValue), .text(facts.name),
            .text(facts.userID), .text(facts.status), .flag(facts.isOpen), .int(facts.revision),
            .at(facts.createdAt), .at(facts.modifiedAt), .at(facts.completedAt),
            .text(facts.dueDate), .at(now), .at(now), .at(nextPollAt), .int(pollGapMilliseconds),
            .at(read == nil ? nil : now),
            .at(read?.runWithinAt), .int(read?.atLeastMilliseconds),
            .text(read == nil ? nil : facts.counts), .text(read == nil ? nil : facts.jobCounts),
            .text(read == nil ? nil : facts.tree), .text(read == nil ? nil : facts.partCounts),
            .text(read == nil ? nil : facts.jobDue?.day),
            .text(read == nil ? nil : facts.jobDue?.title))
        let runKey = database.lastInsertedID
        if let read {
            try writeHistory(runKey: runKey, now: now)
            try addCounts(runKey: runKey, actions: read.counts.actions, jobs: read.counts.jobs)
        }
        try countRun(
            from: nil,
            to: RunTally(
                outcome: .active, createdAt: facts.createdAt, completedAt: facts.completedAt),
            slotID: slotID, detectedAt: now)
        return runKey
    }

    /// The run of that key.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func run(_ runKey: Int64) throws -> RunRow? {
        try database.first(
            "SELECT \(RunRow.columns) FROM process_runs WHERE run_key = ?", .int(runKey),
            map: RunRow.init)
    }

    /// The run of that id on a base URL.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func run(baseURL: String, runID: String) throws -> RunRow? {
        try database.first(
            "SELECT \(RunRow.columns) FROM process_runs WHERE base_url = ? AND run_id = ?",
            .text(baseURL), .text(runID), map: RunRow.init)
    }

    /// Runs of a process that are open (overlap); a lost run blocks nothing.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func openRuns(baseURL: String, processID: String) throws -> [RunRow] {
        try database.rows(
            """
            SELECT \(RunRow.columns) FROM process_runs
            WHERE is_open = 1 AND base_url = ? AND process_id = ? AND outcome <> 'lost'
            ORDER BY run_key
            """, .text(baseURL), .text(processID), map: RunRow.init)
    }

    /// Gives an unclaimed run to a slot (settling, `resolve --run`).
    ///
    /// A run that a slot has already stays as it is.
    ///
    /// - Throws: `StoreError`: `.constraint` if the slot has another run, else if the ledger can't
    ///   be written.
    package func claim(
        _ runKey: Int64, slotID: Int64, schedule: String, origin: RunOrigin
    ) throws {
        let claimed = try database.run(
            """
            UPDATE process_runs SET slot_id = ?, schedule = ?, origin = ?
            WHERE run_key = ? AND slot_id IS NULL
            """, .int(slotID), .text(schedule), .text(origin.rawValue), .int(runKey))
        // What was seen of it as somebody else's counts for its slot now.
        guard claimed == 1, let row = try run(runKey) else { return }
        try countRun(from: nil, to: row.tally, slotID: slotID)
    }

    /// Writes what changed of a run and a row of its history.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func apply(
        _ facts: RunFacts, to run: RunRow, outcome: RunOutcome, outcomeReason: String?,
        now: Instant
    ) throws {
        try database.run(
            """
            UPDATE process_runs SET status = ?, is_open = ?, outcome = ?, outcome_reason = ?,
                name = coalesce(?, name), user_id = coalesce(?, user_id),
                counts = coalesce(?, counts), job_counts = coalesce(?, job_counts),
                revision = coalesce(?, revision), created_at = coalesce(?, created_at),
                modified_at = coalesce(?, modified_at), completed_at = ?,
                due_date = coalesce(?, due_date), tree = coalesce(?, tree), changed_at = ?,
                part_counts = coalesce(?, part_counts),
                job_due_date = CASE WHEN ? THEN ? ELSE job_due_date END,
                job_due_title = CASE WHEN ? THEN ? ELSE job_due_title END
            WHERE run_key = ?
            """, .text(facts.status), .flag(facts.isOpen), .text(outcome.rawValue),
            .text(outcomeReason), .text(facts.name), .text(facts.userID), .text(facts.counts),
            .text(facts.jobCounts),
            .int(facts.revision), .at(facts.createdAt), .at(facts.modifiedAt),
            .at(facts.completedAt), .text(facts.dueDate), .text(facts.tree), .at(now),
            .text(facts.partCounts), .flag(facts.isFull), .text(facts.jobDue?.day),
            .flag(facts.isFull), .text(facts.jobDue?.title), .int(run.runKey))
        try countRun(
            from: run.tally,
            to: RunTally(
                outcome: outcome, createdAt: facts.createdAt ?? run.createdAt,
                completedAt: facts.completedAt), slotID: run.slotID, detectedAt: now)
        guard run.lastPolledAt == nil || outcome != run.outcome || run.isOther(than: facts) else {
            return
        }
        try writeHistory(runKey: run.runKey, now: now)
    }

    /// Adds the present status and counts of a run to its history.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func writeHistory(runKey: Int64, now: Instant) throws {
        try database.run(
            """
            INSERT INTO status_history (run_key, seen_at, modified_at, status, outcome, counts,
                job_counts)
            SELECT run_key, ?, modified_at, status, outcome, counts, job_counts
            FROM process_runs WHERE run_key = ?
            """, .at(now), .int(runKey))
    }

    /// Changes only the judgement of a run.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func setOutcome(
        _ runKey: Int64, _ outcome: RunOutcome, reason: String?, now: Instant
    ) throws {
        if let row = try run(runKey) {
            var after = row.tally
            after.outcome = outcome
            try countRun(from: row.tally, to: after, slotID: row.slotID)
        }
        try database.run(
            """
            UPDATE process_runs SET outcome = ?, outcome_reason = ?, changed_at = ?
            WHERE run_key = ?
            """, .text(outcome.rawValue), .text(reason), .at(now), .int(runKey))
        try writeHistory(runKey: runKey, now: now)
    }

    /// Notes that the API doesn't know the run, so many times in a row and since when; 0: it does.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func setMissing(_ runKey: Int64, reads: Int, since: Instant?) throws {
        try database.run(
            "UPDATE process_runs SET missing_reads = ?, missing_since_at = ? WHERE run_key = ?",
            .int(reads), .at(since), .int(runKey))
    }

    /// Sets until when an ended run is looked at again, and when an open one takes too long.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func setWatch(_ runKey: Int64, until: Instant?, runWithinAt: Instant?) throws {
        try database.run(
            """
            UPDATE process_runs SET watch_until_at = ?1, run_within_at = ?2
            WHERE run_key = ?3 AND (watch_until_at IS NOT ?1 OR run_within_at IS NOT ?2)
            """, .at(until), .at(runWithinAt), .int(runKey))
    }

    /// Sets the next look at a run and its pace; what isn't given stays as it is.
    ///
    /// - Parameters:
    ///   - run: as the ledger has it.
    ///   - nextAt: when it is read next; nil: never.
    ///   - gapMilliseconds: its pace.
    ///   - polledAt: when it was read in full.
    ///   - failures: reads in a row that failed.
    ///   - changedHint: a list has shown that something is new.
    /// - Throws: `StoreError` if the ledger can't be written.
    package func setPoll(
        _ run: RunRow, nextAt: Instant?, gapMilliseconds: Int64? = nil, polledAt: Instant? = nil,
        failures: Int? = nil, changedHint: Bool? = nil
    ) throws {
        try database.run(
            """
            UPDATE process_runs SET next_poll_at = ?, poll_gap_ms = ?,
                last_polled_at = coalesce(?, last_polled_at), poll_failures = ?, changed_hint = ?
            WHERE run_key = ?
            """, .at(nextAt), .int(gapMilliseconds ?? run.pollGapMilliseconds), .at(polledAt),
            .int(failures ?? run.pollFailures), .flag(changedHint ?? run.changedHint),
            .int(run.runKey))
    }

    /// Runs whose look is due, the most overdue first.
    ///
    /// - Parameters:
    ///   - connection: where they are read.
    ///   - changed: those that a list has shown changed, or else the others.
    ///   - now: the moment of the turn.
    ///   - limit: how many at most.
    /// - Returns: them.
    /// - Throws: `StoreError`.
    package func runsToPoll(
        connection: String, changed: Bool, now: Instant, limit: Int
    ) throws -> [RunRow] {
        try database.rows(
            """
            SELECT \(RunRow.columns) FROM process_runs
            WHERE next_poll_at IS NOT NULL AND connection = ? AND changed_hint = ?
                AND next_poll_at <= ?
            ORDER BY next_poll_at, run_key LIMIT ?
            """, .text(connection), .flag(changed), .at(now), .int(limit), map: RunRow.init)
    }

    /// A run of the connection is open and not lost: its list must be read now and then.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func hasOpenRuns(connection: String) throws -> Bool {
        try database.integer(
            """
            SELECT 1 FROM process_runs
            WHERE is_open = 1 AND connection = ? AND outcome <> 'lost' LIMIT 1
            """, .text(connection)) != nil
    }

    /// Processes of a base URL that have runs which are still looked at.
    ///
    /// By the index of those: left alone SQLite reads every run of the API, at each start.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func processesOfFollowedRuns(baseURL: String) throws -> [String] {
        try database.rows(
            """
            SELECT DISTINCT process_id FROM process_runs INDEXED BY process_runs_by_poll
            WHERE base_url = ? AND next_poll_at IS NOT NULL
            """, .text(baseURL)
        ) { $0.string(0) }
    }

    /// Open runs in no other trouble whose due date (a plain date) lies before that day.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func runsDue(before day: String) throws -> [RunRow] {
        try database.rows(
            """
            SELECT \(RunRow.columns) FROM process_runs
            WHERE due_date IS NOT NULL AND outcome = 'active' AND due_date < ? AND is_open = 1
            ORDER BY due_date, run_key
            """, .text(day), map: RunRow.init)
    }

    /// Open runs that take longer than their schedule allows and are not marked yet.
    ///
    /// In the order of their index: by `run_key`, SQLite would rather read every run there ever was.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func runsOverTime(now: Instant) throws -> [RunRow] {
        try database.rows(
            """
            SELECT \(RunRow.columns) FROM process_runs
            WHERE is_open = 1 AND run_within_at <= ? AND outcome = 'active'
            ORDER BY run_within_at, run_key
            """, .at(now), map: RunRow.init)
    }

    /// The earliest instant still to come at which an open run takes too long.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func nextOverTime(after now: Instant) throws -> Instant? {
        try database.integer(
            """
            SELECT min(run_within_at) FROM process_runs
            WHERE run_within_at IS NOT NULL AND is_open = 1 AND run_within_at > ?
            """, .at(now)
        ).map(Instant.init(milliseconds:))
    }

    /// The earliest look at a run that is still to come.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func nextPoll(after now: Instant) throws -> Instant? {
        try database.integer(
            "SELECT min(next_poll_at) FROM process_runs WHERE next_poll_at > ?", .at(now)
        ).map(Instant.init(milliseconds:))
    }
}
