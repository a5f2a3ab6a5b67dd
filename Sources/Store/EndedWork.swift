package import Timetable

/// A slot that started, or was refused for good, and what its run is judged.
package struct EndedWork: Sendable, Equatable {
    /// The run of a slot that started.
    package struct Run: Sendable, Equatable {
        package var runID: String
        package var outcome: RunOutcome
        package var status: String

        /// As the ledger has it.
        package init(runID: String, outcome: RunOutcome, status: String) {
            self.runID = runID
            self.outcome = outcome
            self.status = status
        }
    }

    package var slotID: Int64
    package var reason: String
    /// Nil: it was refused.
    package var run: Run?

    /// As the ledger has it.
    package init(slotID: Int64, reason: String, run: Run?) {
        self.slotID = slotID
        self.reason = reason
        self.run = run
    }
}

/// What `pause_after` and `max_runs` count.
extension Ledger {
    /// Slots of a schedule that started or failed since the instant, the newest first.
    ///
    /// - Parameters:
    ///   - schedule: its name.
    ///   - since: not this instant itself; nil: all of its history.
    ///   - limit: how many at most.
    /// - Returns: them with their runs.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func endedWork(
        schedule: String, since: Instant?, limit: Int
    ) throws -> [EndedWork] {
        let from = since ?? Instant(milliseconds: -1)
        func slots(_ disposition: String) throws -> [(Int64, EndedWork)] {
            try database.rows(
                """
                SELECT s.ended_at, s.slot_id, s.reason, r.run_id, r.outcome, r.status
                FROM slots AS s LEFT JOIN process_runs AS r ON r.run_key = s.run_key
                WHERE s.schedule = ? AND s.disposition = '\(disposition)' AND s.ended_at > ?
                ORDER BY s.ended_at DESC, s.slot_id DESC LIMIT ?
                """, .text(schedule), .at(from), .int(limit)
            ) { row in
                let run = row.text(3).map { runID in
                    EndedWork.Run(
                        runID: runID, outcome: RunOutcome(rawValue: row.string(4)) ?? .active,
                        status: row.string(5))
                }
                return (
                    row.integer(0),
                    EndedWork(slotID: row.integer(1), reason: row.string(2), run: run)
                )
            }
        }
        let all = try slots("started").filter { $0.1.run != nil } + slots("failed")
        return all.sorted { ($0.0, $0.1.slotID) > ($1.0, $1.1.slotID) }.prefix(limit).map(\.1)
    }

    /// When a pause of this very schedule was last lifted; nil: never.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func lastResumed(schedule: String) throws -> Instant? {
        try database.integer(
            "SELECT max(lifted_at) FROM pause_periods WHERE schedule = ? AND kind = 'pause'",
            .text(schedule)
        ).map(Instant.init(milliseconds:))
    }

    /// Pauses of schedules that an actor has made, and that nobody has lifted.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func pausesInForce(
        by actor: String, at now: Instant
    ) throws -> [(schedule: String?, reason: String)] {
        try database.rows(
            """
            SELECT schedule, reason FROM pause_periods
            WHERE kind = 'pause' AND requested_by = ?1 AND from_at <= ?2
                AND lifted_at IS NULL AND (until_at IS NULL OR until_at > ?2)
            ORDER BY schedule, pause_id
            """, .text(actor), .at(now)
        ) { ($0.text(0), $0.string(1)) }
    }

    /// How many runs a schedule has started in all, also of slots that were removed since; and its
    /// slots that may have started one.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func runsUsed(schedule: String) throws -> (started: Int, undecided: Int) {
        // The plus keeps SQLite from reading all slots of the schedule instead of the open ones of all.
        let undecided = try database.integer(
            """
            SELECT count(*) FROM slots WHERE ended_at IS NULL AND +schedule = ?
                AND disposition IN ('starting', 'unknown', 'held')
            """, .text(schedule))
        // What has started in this very transaction is written at its end.
        let started =
            try StartedRuns.count(database, schedule: schedule) + sums.started(of: schedule)
        return (started, Int(undecided ?? 0))
    }

    /// Schedules with the number of runs that their own slots started, without a person's doing.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func ownStarts() throws -> [(schedule: String, count: Int)] {
        try database.rows(
            """
            SELECT schedule, count(*) FROM slots
            WHERE disposition = 'started' AND kind <> 'manual' AND requested_by IS NULL
            GROUP BY schedule ORDER BY schedule
            """
        ) { ($0.string(0), Int($0.integer(1))) }
    }
}

extension LedgerReader {
    /// How many runs a schedule has started in all, also of slots that were removed since.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func startedRuns(schedule: String) throws -> Int {
        try StartedRuns.count(database, schedule: schedule)
    }
}

private enum StartedRuns {
    static func count(_ database: Database, schedule: String) throws -> Int {
        Int(
            try database.integer(
                "SELECT started FROM totals WHERE schedule = ?", .text(schedule)) ?? 0)
    }
}
