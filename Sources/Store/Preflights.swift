package import Timetable

/// How far the check ahead of a slot has come.
package enum PreflightState: String, Sendable {
    case planned, listing, validating, passed, failed
}

/// What a check ahead of a slot has found wrong.
package struct PreflightProblem: Sendable, Equatable {
    /// What it is.
    package enum Kind: String, Sendable {
        /// No list shows the process.
        case unlisted
        /// Not exactly one process has the name.
        case misnamed
        /// The process does not validate.
        case invalid
        /// The API won't validate it.
        case refused
    }
    package var kind: Kind
    /// What tells it from others of its kind: which processes, or the API's own words.
    package var detail: String

    package init(_ kind: Kind, _ detail: String = "") {
        self.kind = kind
        self.detail = detail
    }
}

/// The check ahead of a schedule's next slot (config key `preflight`).
package struct PreflightRow: Sendable, Equatable {
    package var schedule: String
    package var connection: String
    package var slotAt: Instant
    package var state: PreflightState
    /// When the check goes on; nil: nothing more is asked for this slot.
    package var nextAt: Instant?
    /// The process that passed last (its id, or the name that it was found by), and when.
    package var process: String
    package var passedAt: Instant?
    /// Answers in a row that said nothing.
    package var tries: Int
    /// What is wrong; nil: nothing known.
    package var problem: PreflightProblem?

    /// Makes a check that has not begun.
    package init(schedule: String, connection: String, slotAt: Instant, nextAt: Instant?) {
        self.schedule = schedule
        self.connection = connection
        self.slotAt = slotAt
        self.nextAt = nextAt
        state = .planned
        process = ""
        tries = 0
    }

    fileprivate static let columns = """
        schedule, connection, slot_at, state, next_at, process, passed_at, tries, problem,
        problem_kind
        """

    fileprivate init(_ row: Row) {
        schedule = row.string(0)
        connection = row.string(1)
        slotAt = row.instant(2)
        state = PreflightState(rawValue: row.string(3)) ?? .planned
        nextAt = row.at(4)
        process = row.string(5)
        passedAt = row.at(6)
        tries = Int(row.integer(7))
        problem = row.text(9).flatMap(PreflightProblem.Kind.init).map { kind in
            PreflightProblem(kind, row.string(8))
        }
    }
}

extension Ledger {
    /// The check of a schedule, if it has one.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func preflight(_ schedule: String) throws -> PreflightRow? {
        try database.first(
            "SELECT \(PreflightRow.columns) FROM preflights WHERE schedule = ?", .text(schedule),
            map: PreflightRow.init)
    }

    /// Writes the check of a schedule.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func save(_ row: PreflightRow) throws {
        try database.run(
            """
            INSERT INTO preflights (\(PreflightRow.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (schedule) DO UPDATE SET connection = excluded.connection,
                slot_at = excluded.slot_at, state = excluded.state, next_at = excluded.next_at,
                process = excluded.process, passed_at = excluded.passed_at,
                tries = excluded.tries, problem = excluded.problem,
                problem_kind = excluded.problem_kind
            """, .text(row.schedule), .text(row.connection), .at(row.slotAt),
            .text(row.state.rawValue), .at(row.nextAt), .text(row.process), .at(row.passedAt),
            .int(row.tries), .text(row.problem?.detail ?? ""),
            .text(row.problem?.kind.rawValue))
    }

    /// When the last check of a connection goes on that does so within a time.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func lastPreflight(
        connection: String, within window: ClosedRange<Instant>
    ) throws -> Instant? {
        try database.integer(
            """
            SELECT max(next_at) FROM preflights
            WHERE connection = ? AND next_at IS NOT NULL AND next_at BETWEEN ? AND ?
            """, .text(connection), .at(window.lowerBound), .at(window.upperBound)
        ).map(Instant.init(milliseconds:))
    }

    /// Forgets the check of a schedule.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func removePreflight(_ schedule: String) throws {
        try database.run("DELETE FROM preflights WHERE schedule = ?", .text(schedule))
    }

    /// Checks of a connection that are to go on, the earliest slot first.
    ///
    /// - Parameters:
    ///   - connection: its name.
    ///   - now: the moment of the turn.
    ///   - limit: at most so many.
    /// - Returns: the checks.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func preflightsDue(
        connection: String, now: Instant, limit: Int
    ) throws -> [PreflightRow] {
        try database.rows(
            """
            SELECT \(PreflightRow.columns) FROM preflights
            WHERE connection = ? AND next_at IS NOT NULL AND next_at <= ?
            ORDER BY next_at, slot_at, schedule LIMIT ?
            """, .text(connection), .at(now), .int(limit), map: PreflightRow.init)
    }

    /// The earliest check of a connection that is still to come.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func nextPreflight(connection: String, after now: Instant) throws -> Instant? {
        try database.integer(
            """
            SELECT min(next_at) FROM preflights
            WHERE connection = ? AND next_at IS NOT NULL AND next_at > ?
            """, .text(connection), .at(now)
        ).map(Instant.init(milliseconds:))
    }

    /// Lets the checks of a connection that wait for a list go on: there is one.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func wakePreflights(connection: String, now: Instant) throws {
        try database.run(
            """
            UPDATE preflights SET next_at = ?
            WHERE connection = ? AND next_at > ? AND state = 'listing'
            """, .at(now), .text(connection), .at(now))
    }
}
