package import Timetable

/// A slot with a deadline whose end is to be forecast, and what is known of its run.
package struct ForecastRow: Sendable, Equatable {
    package var slotID: Int64
    package var schedule: String
    package var disposition: Disposition
    package var dueAt: Instant
    /// By when it must have finished; nil: only its run is limited.
    package var finishByAt: Instant?
    package var runKey: Int64?
    package var runCreatedAt: Instant?
    /// When its run has become too long; nil: never.
    package var runWithinAt: Instant?
    package var isRunOpen: Bool
    package var lastPolledAt: Instant?
    /// Since when it is to be looked at.
    package var forecastAt: Instant

    package init(
        slotID: Int64, schedule: String, disposition: Disposition, dueAt: Instant,
        finishByAt: Instant? = nil, runKey: Int64? = nil, runCreatedAt: Instant? = nil,
        runWithinAt: Instant? = nil, isRunOpen: Bool = false, lastPolledAt: Instant? = nil,
        forecastAt: Instant
    ) {
        self.slotID = slotID
        self.schedule = schedule
        self.disposition = disposition
        self.dueAt = dueAt
        self.finishByAt = finishByAt
        self.runKey = runKey
        self.runCreatedAt = runCreatedAt
        self.runWithinAt = runWithinAt
        self.isRunOpen = isRunOpen
        self.lastPolledAt = lastPolledAt
        self.forecastAt = forecastAt
    }
}

extension Ledger {
    /// Slots that are to be forecast, the oldest first.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func forecastsDue(now: Instant, limit: Int) throws -> [ForecastRow] {
        try database.rows(
            """
            SELECT s.slot_id, s.schedule, s.disposition, s.due_at,
                CASE WHEN s.finish_by_verdict IS NULL THEN s.finish_by_at END, s.run_key,
                coalesce(r.created_at, r.first_seen_at), r.run_within_at, coalesce(r.is_open, 0),
                r.last_polled_at, s.forecast_at
            FROM slots AS s LEFT JOIN process_runs AS r ON r.run_key = s.run_key
            WHERE s.forecast_at <= ? AND s.forecast_at IS NOT NULL
            ORDER BY s.forecast_at, s.slot_id LIMIT ?
            """, .at(now), .int(limit)
        ) { row in
            ForecastRow(
                slotID: row.integer(0), schedule: row.string(1),
                disposition: Disposition(rawValue: row.string(2)) ?? .held, dueAt: row.instant(3),
                finishByAt: row.at(4), runKey: row.int(5), runCreatedAt: row.at(6),
                runWithinAt: row.at(7), isRunOpen: row.integer(8) == 1, lastPolledAt: row.at(9),
                forecastAt: row.instant(10))
        }
    }

    /// Has a slot forecast in this turn, unless that it will be late has been told.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func requestForecast(_ slotID: Int64, now: Instant) throws {
        try database.run(
            "UPDATE slots SET forecast_at = ? WHERE slot_id = ? AND forecast IS NULL", .at(now),
            .int(slotID))
    }

    /// Notes what is expected of a slot.
    ///
    /// - Parameters:
    ///   - slotID: the slot.
    ///   - again: when it is to be looked at again; nil: never.
    ///   - end: when its run is expected to end; nil: nobody can say.
    ///   - words: that it will be late; nil: it won't.
    /// - Throws: `StoreError` if the ledger can't be written.
    package func setForecast(
        _ slotID: Int64, again: Instant?, end: Instant?, words: String?
    ) throws {
        try database.run(
            """
            UPDATE slots SET forecast_at = ?, expected_end_at = ?, forecast = ? WHERE slot_id = ?
            """, .at(again), .at(end), .text(words), .int(slotID))
    }

    /// How long the last runs of a schedule that succeeded took, in milliseconds, newest first.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func durations(of schedule: String, limit: Int) throws -> [Int64] {
        try DurationRead.of(schedule, limit: limit, in: database)
    }

    /// The next instant at which a slot is to be forecast, after one.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func nextForecast(after now: Instant) throws -> Instant? {
        try database.integer(
            "SELECT min(forecast_at) FROM slots WHERE forecast_at > ? AND forecast_at IS NOT NULL",
            .at(now)
        ).map(Instant.init(milliseconds:))
    }
}

extension RandomAccessCollection<Int64> {
    /// Of values in their order, the one that half of them don't exceed; nil: there is none.
    package var middle: Int64? {
        isEmpty ? nil : self[index(startIndex, offsetBy: (count - 1) / 2)]
    }
}

/// One read for the daemon and for pages.
enum DurationRead {
    /// - Parameters:
    ///   - schedule: whose runs that succeeded.
    ///   - created: within this time, the end itself not included.
    ///   - limit: how many are read, the newest ones.
    ///   - database: where.
    /// - Returns: milliseconds, the newest first.
    /// - Throws: `StoreError` if the ledger can't be read.
    static func of(
        _ schedule: String, created: Range<Instant> = always, limit: Int, in database: Database
    ) throws -> [Int64] {
        try database.rows(
            """
            SELECT completed_at - created_at FROM process_runs
            WHERE schedule = ? AND outcome = 'succeeded' AND created_at >= ? AND created_at < ?
            ORDER BY created_at DESC LIMIT ?
            """, .text(schedule), .at(created.lowerBound), .at(created.upperBound), .int(limit)
        ) { $0.int(0) }.compactMap { $0 }.filter { $0 >= 0 }
    }

    static let always = Instant(milliseconds: .min)..<Instant(milliseconds: .max)
}
