package import Timetable

/// A message on its way to a target, as stored.
package struct DeliveryRow: Sendable, Equatable {
    package var deliveryID: Int64
    package var receiver: Receiver
    package var createdAt: Instant
    package var attempts: Int
    package var firstAttemptAt: Instant?

    static let columns =
        "delivery_id, target, created_at, attempts, first_attempt_at, heartbeat_of"

    init(_ row: Row) {
        deliveryID = row.integer(0)
        receiver = row.text(5).map { .heartbeat(of: $0) } ?? .target(row.string(1))
        createdAt = row.instant(2)
        attempts = Int(row.integer(3))
        firstAttemptAt = row.at(4)
    }
}

/// The outbox: what is to be told, from the turn that made it until a target has taken it.
extension Ledger {
    /// The message of a target that can still take events: it waits, and was never sent.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func gatheringDelivery(to target: String) throws -> Int64? {
        try database.integer(
            """
            SELECT delivery_id FROM deliveries INDEXED BY deliveries_waiting
            WHERE next_attempt_at IS NOT NULL AND target = ? AND attempts = 0
            """, .text(target))
    }

    /// When a message to the target was last sent for the first time; one later than now is of a clock
    /// that was set back since.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func lastFirstAttempt(to target: String, now: Instant) throws -> Instant? {
        try database.integer(
            """
            SELECT max(first_attempt_at) FROM deliveries
            WHERE target = ? AND first_attempt_at <= ?
            """, .text(target), .at(now)
        ).map(Instant.init(milliseconds:))
    }

    /// Begins a message.
    ///
    /// - Returns: its id.
    /// - Throws: `StoreError` if the ledger can't be written.
    package func insertDelivery(
        to receiver: Receiver, sendAt: Instant, now: Instant
    ) throws -> Int64 {
        let schedule: String? =
            if case .heartbeat(let schedule) = receiver { schedule } else { nil }
        try database.run(
            """
            INSERT INTO deliveries (target, heartbeat_of, created_at, next_attempt_at)
            VALUES (?, ?, ?, ?)
            """, .text(receiver.name), .text(schedule), .at(now), .at(sendAt))
        return database.lastInsertedID
    }

    /// Puts an event into a message.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func add(event eventID: Int64, to deliveryID: Int64) throws {
        try database.run(
            """
            INSERT OR IGNORE INTO delivery_events (delivery_id, kind, event_id)
            SELECT ?, kind, event_id FROM events WHERE event_id = ?
            """, .int(deliveryID), .int(eventID))
    }

    /// Who was told of what the event is the end of, or is about to be.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func targetsToldOfEnd(by eventID: Int64) throws -> [String] {
        try database.rows(
            """
            SELECT DISTINCT d.target FROM events AS e
            JOIN delivery_events AS x ON x.event_id = e.event_id
            JOIN deliveries AS d ON d.delivery_id = x.delivery_id
            WHERE e.ended_by_id = ? ORDER BY d.target
            """, .int(eventID)
        ) { $0.string(0) }
    }

    /// Messages whose next attempt has come, the oldest first.
    ///
    /// While an older one of the same target is tried, a young one goes on gathering: an outage of a
    /// target is few messages, not one a minute.
    ///
    /// - Parameters:
    ///   - now: the moment of the turn.
    ///   - gatherMilliseconds: so long a message gathers behind an older one at most.
    ///   - limit: how many at most.
    /// - Returns: the messages.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func deliveriesDue(
        now: Instant, gatherMilliseconds: Int64, limit: Int
    ) throws -> [DeliveryRow] {
        try database.rows(
            """
            SELECT \(DeliveryRow.columns) FROM deliveries AS d
            WHERE next_attempt_at <= ?1
                AND (created_at <= ?1 - ?2 OR NOT \(Self.isBehindAnother))
            ORDER BY next_attempt_at, delivery_id LIMIT ?3
            """, .at(now), .int(gatherMilliseconds), .int(limit), map: DeliveryRow.init)
    }

    private static let isBehindAnother = """
        EXISTS (SELECT 1 FROM deliveries AS o INDEXED BY deliveries_waiting
            WHERE o.target = d.target AND o.next_attempt_at IS NOT NULL
                AND o.delivery_id < d.delivery_id AND o.attempts > 0)
        """

    /// The message of that id, as long as it waits.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func waitingDelivery(_ deliveryID: Int64) throws -> DeliveryRow? {
        try database.first(
            """
            SELECT \(DeliveryRow.columns) FROM deliveries
            WHERE delivery_id = ? AND state = 'waiting'
            """, .int(deliveryID), map: DeliveryRow.init)
    }

    /// The first events of a message, and how many there are of each kind.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func content(
        of deliveryID: Int64, limit: Int
    ) throws -> (events: [EventRow], counts: [EventKind: Int]) {
        let events = try database.rows(
            """
            SELECT \(EventRow.columns) FROM delivery_events AS x
            JOIN events AS e ON e.event_id = x.event_id
            WHERE x.delivery_id = ? ORDER BY e.event_id LIMIT ?
            """, .int(deliveryID), .int(limit), map: EventRow.init)
        let counts = try database.rows(
            """
            SELECT kind, count(*) FROM delivery_events WHERE delivery_id = ? GROUP BY kind
            """, .int(deliveryID)
        ) { (EventKind(rawValue: $0.string(0)), Int($0.integer(1))) }
        return (events, Dictionary(counts, uniquingKeysWith: +))
    }

    /// Notes that an attempt goes out; should no answer ever come, the next one is at `again`.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func beginDelivery(_ deliveryID: Int64, again: Instant, now: Instant) throws {
        try database.run(
            """
            UPDATE deliveries SET attempts = attempts + 1, began_at = ?1, next_attempt_at = ?2,
                first_attempt_at = coalesce(first_attempt_at, ?1)
            WHERE delivery_id = ?3
            """, .at(now), .at(again), .int(deliveryID))
    }

    /// Notes that an attempt failed, and when the next one is.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func postponeDelivery(_ deliveryID: Int64, until: Instant, why: String) throws {
        try database.run(
            """
            UPDATE deliveries SET began_at = NULL, next_attempt_at = ?, last_error = ?
            WHERE delivery_id = ?
            """, .at(until), .text(why), .int(deliveryID))
    }

    /// How the delivery of a message ended.
    package enum DeliveryEnd: String, Sendable { case delivered, givenUp = "given up", withdrawn }

    /// Ends a message.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func endDelivery(
        _ deliveryID: Int64, _ end: DeliveryEnd, why: String? = nil, now: Instant
    ) throws {
        try database.run(
            """
            UPDATE deliveries SET state = ?, began_at = NULL, next_attempt_at = NULL,
                last_error = coalesce(?, last_error), ended_at = ?
            WHERE delivery_id = ?
            """, .text(end.rawValue), .text(why), .at(now), .int(deliveryID))
    }

    /// Makes the schedules with a heartbeat those of the config.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func setHeartbeats(_ schedules: Set<String>) throws {
        let names = try database.rows("SELECT schedule FROM heartbeats ORDER BY schedule") {
            $0.string(0)
        }
        for name in names where !schedules.contains(name) {
            try database.run("DELETE FROM heartbeats WHERE schedule = ?", .text(name))
        }
        for name in schedules.subtracting(names).sorted() {
            try database.run("INSERT INTO heartbeats (schedule) VALUES (?)", .text(name))
        }
    }

    /// Attempts of an earlier life never get an answer: they are made again now.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func wakeLostDeliveries(now: Instant) throws {
        try database.run(
            """
            UPDATE deliveries SET began_at = NULL, next_attempt_at = min(next_attempt_at, ?)
            WHERE next_attempt_at IS NOT NULL AND began_at IS NOT NULL
            """, .at(now))
    }

    /// The next attempt of any message.
    ///
    /// - Parameter gatherMilliseconds: so long a message gathers behind an older one at most.
    /// - Returns: that instant; nil: none waits.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func nextDelivery(gatherMilliseconds: Int64) throws -> Instant? {
        try database.integer(
            """
            SELECT min(CASE WHEN \(Self.isBehindAnother)
                THEN max(next_attempt_at, created_at + ?1) ELSE next_attempt_at END)
            FROM deliveries AS d WHERE next_attempt_at IS NOT NULL
            """, .int(gatherMilliseconds)
        ).map(Instant.init(milliseconds:))
    }

    /// Lets one message wait, without an attempt.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func restDelivery(_ deliveryID: Int64, until: Instant) throws {
        try database.run(
            "UPDATE deliveries SET began_at = NULL, next_attempt_at = ? WHERE delivery_id = ?",
            .at(until), .int(deliveryID))
    }

    /// Leaves a target alone: its messages wait until then at least, without an attempt.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func restDeliveries(to receiver: Receiver, until: Instant) throws {
        try database.run(
            """
            UPDATE deliveries SET next_attempt_at = max(next_attempt_at, ?1)
            WHERE target = ?2 AND next_attempt_at IS NOT NULL AND began_at IS NULL
            """, .at(until), .text(receiver.name))
    }

    /// Removes messages that ended, and events that came about, before an instant and are over.
    ///
    /// - Returns: true if there may be more.
    /// - Throws: `StoreError` if the ledger can't be written.
    package func pruneNotices(before: Instant, limit: Int) throws -> Bool {
        let deliveries = try database.run(
            """
            DELETE FROM deliveries WHERE delivery_id IN (SELECT delivery_id FROM deliveries
                WHERE ended_at < ? ORDER BY ended_at LIMIT ?)
            """, .at(before), .int(limit))
        let events = try database.run(
            """
            DELETE FROM events WHERE event_id IN (SELECT e.event_id FROM events AS e
                WHERE e.at < ? AND e.is_open = 0 AND NOT EXISTS (SELECT 1
                    FROM delivery_events AS x WHERE x.event_id = e.event_id)
                ORDER BY e.at LIMIT ?)
            """, .at(before), .int(limit))
        return max(deliveries, events) == limit
    }
}
