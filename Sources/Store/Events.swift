package import Timetable

/// What an event tells of, by the word that stays: one of a slot, of a run, or that of an alarm.
package struct EventKind: RawRepresentable, Hashable, Sendable {
    package var rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }

    package static let slotFailed = EventKind(rawValue: "slot_failed")
    package static let slotExpired = EventKind(rawValue: "slot_expired")
    package static let slotMissed = EventKind(rawValue: "slot_missed")
    package static let slotHeld = EventKind(rawValue: "slot_held")
    /// A person has decided for a held slot.
    package static let slotResolved = EventKind(rawValue: "slot_resolved")
    /// It has waited past its `start_within`.
    package static let slotWaiting = EventKind(rawValue: "slot_waiting")
    /// It did not run by its `start_by`.
    package static let startByMissed = EventKind(rawValue: "start_by_missed")
    /// Its run has not finished by its `finish_by`.
    package static let finishByMissed = EventKind(rawValue: "finish_by_missed")
    /// Its run, or the one that hasn't started, is expected to miss its `finish_by` or `run_within`.
    package static let lateForecast = EventKind(rawValue: "late_forecast")
    package static let runFailed = EventKind(rawValue: "run_failed")
    package static let runInError = EventKind(rawValue: "run_in_error")
    package static let runLost = EventKind(rawValue: "run_lost")
    package static let runOverTime = EventKind(rawValue: "run_over_time")
    /// A `warn_if` rule, its due date, or a status that nobody knows.
    package static let runWarned = EventKind(rawValue: "run_warned")
    /// It succeeded sooner than its `at_least`.
    package static let runFast = EventKind(rawValue: "run_fast")
    /// Of schedules with a heartbeat only, as `run_succeeded`.
    package static let runStarted = EventKind(rawValue: "run_started")
    package static let runSucceeded = EventKind(rawValue: "run_succeeded")
    /// The end of one or more troubles.
    package static let recovered = EventKind(rawValue: "recovered")
    package static let catchupDone = EventKind(rawValue: "catchup_done")
    /// A person makes up for a range of slots.
    package static let backfill = EventKind(rawValue: "backfill")

    /// The event that an alarm's rise is.
    package init(_ alarm: AlarmKind) {
        rawValue = String(alarm.rawValue.map { $0 == " " ? "_" : $0 })
    }
}

/// An event as stored.
package struct EventRow: Sendable, Equatable {
    package var eventID: Int64
    package var at: Instant
    package var kind: EventKind
    package var subject: String
    package var words: String
    package var schedule: String?
    package var connection: String?
    package var slotID: Int64?
    package var runID: String?
    /// The trouble it tells of lasts.
    package var isOpen: Bool

    static let columns = """
        e.event_id, coalesce(e.at, 0), e.kind, e.subject, e.words, e.schedule, e.connection, \
        e.slot_id, (SELECT run_id FROM process_runs AS r WHERE r.run_key = e.run_key), e.is_open
        """

    init(_ row: Row) {
        eventID = row.integer(0)
        at = row.instant(1)
        kind = EventKind(rawValue: row.string(2))
        subject = row.string(3)
        words = row.string(4)
        schedule = row.text(5)
        connection = row.text(6)
        slotID = row.int(7)
        runID = row.text(8)
        isOpen = row.integer(9) == 1
    }

    /// Makes an event as messages are composed of one.
    package init(
        eventID: Int64, at: Instant, kind: EventKind, subject: String, words: String,
        schedule: String? = nil, connection: String? = nil
    ) {
        self.eventID = eventID
        self.at = at
        self.kind = kind
        self.subject = subject
        self.words = words
        self.schedule = schedule
        self.connection = connection
        isOpen = false
    }
}

extension Ledger {
    /// Gives the events of this turn their instant, which the triggers that wrote them don't know.
    ///
    /// - Returns: them, in the order they came about.
    /// - Throws: `StoreError` if the ledger can't be written.
    package func takeEvents(now: Instant) throws -> [EventRow] {
        let events = try database.rows(
            "SELECT \(EventRow.columns) FROM events AS e WHERE e.at IS NULL ORDER BY e.event_id",
            map: EventRow.init)
        guard !events.isEmpty else { return [] }
        try database.run("UPDATE events SET at = ? WHERE at IS NULL", .at(now))
        return events.map { event in
            var event = event
            event.at = now
            return event
        }
    }
}
