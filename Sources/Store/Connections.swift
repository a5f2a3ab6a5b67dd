package import Timetable

/// A connection's lasting state: user, server clock, limits, breaker, credential, sweeps.
package struct ConnectionRow: Sendable, Equatable {
    package var connection: String
    package var baseURL: String
    package var userID: String?
    package var clockSkewMilliseconds: Int64?
    package var clockBadSince: Instant?
    package var learnedRequests: Int64?
    package var learnedWindowMilliseconds: Int64?
    package var budgetTATMicroseconds: Int64
    package var requestsSent: Int64
    package var breakerFailures: Int64
    package var breakerOpenedAt: Instant?
    package var breakerClosedAt: Instant?
    package var nextProbeAt: Instant?
    package var credentialBadSince: Instant?
    package var credentialFailures: Int64
    package var nextTokenAt: Instant?
    package var sweepDistrustedSince: Instant?
    package var listFailures: Int64
    package var nextListAt: Instant
    /// The server's clock minus ours, at the least and at the most, and when that was read.
    package var clockLowMilliseconds: Int64?
    package var clockHighMilliseconds: Int64?
    package var clockReadAt: Instant?

    static let columns = """
        connection, base_url, user_id, clock_skew_ms, clock_bad_since_at, learned_requests, \
        learned_window_ms, budget_tat_us, requests_sent, breaker_failures, breaker_opened_at, \
        breaker_closed_at, next_probe_at, credential_bad_since_at, credential_failures, \
        next_token_at, sweep_distrusted_since_at, list_failures, next_list_at, clock_low_ms, \
        clock_high_ms, clock_read_at
        """

    init(_ row: Row) {
        connection = row.string(0)
        baseURL = row.string(1)
        userID = row.text(2)
        clockSkewMilliseconds = row.int(3)
        clockBadSince = row.at(4)
        learnedRequests = row.int(5)
        learnedWindowMilliseconds = row.int(6)
        budgetTATMicroseconds = row.integer(7)
        requestsSent = row.integer(8)
        breakerFailures = row.integer(9)
        breakerOpenedAt = row.at(10)
        breakerClosedAt = row.at(11)
        nextProbeAt = row.at(12)
        credentialBadSince = row.at(13)
        credentialFailures = row.integer(14)
        nextTokenAt = row.at(15)
        sweepDistrustedSince = row.at(16)
        listFailures = row.integer(17)
        nextListAt = row.instant(18)
        clockLowMilliseconds = row.int(19)
        clockHighMilliseconds = row.int(20)
        clockReadAt = row.at(21)
    }
}

/// A rate-limit hint that is still running.
package struct HintRow: Sendable, Equatable {
    /// The only operation it blocks; empty: all of the connection.
    package var operation: String
    package var until: Instant
    package var delaySeconds: Int64
}

extension Ledger {
    /// Writes a connection of the config, keeping what was learned of it.
    ///
    /// What was learned belongs to the address: another base URL starts afresh. Whose runs are ours
    /// belongs to the client, too: a user that another client acted for is forgotten, and one that is
    /// not known counts as ours until the next start tells. So does what was held against the
    /// credential: another client's is tried at once.
    ///
    /// - Parameters:
    ///   - name: the connection.
    ///   - baseURL: its API, in the one spelling of the ledger.
    ///   - apiVersion: as the config has it.
    ///   - client: which client of the API it is, as the config has it; empty: it isn't told.
    /// - Returns: whether the config had it before, and not the last one: what was wrong with it may
    ///   still be in force, but nothing in `attention` says so.
    /// - Throws: `StoreError` if the ledger can't be written.
    @discardableResult
    package func upsertConnection(
        name: String, baseURL: String, apiVersion: String, client: String = ""
    ) throws -> Bool {
        let isBack = try connection(name) != nil && !isConfigured(connection: name)
        try database.run(
            """
            INSERT INTO connections (connection, base_url, api_version, client)
            VALUES (?, ?, ?, ?)
            ON CONFLICT (connection) DO UPDATE SET api_version = excluded.api_version,
                removed_at = NULL,
                user_id = CASE WHEN base_url = excluded.base_url AND client IS excluded.client
                    THEN user_id END,
                next_token_at = CASE WHEN client IS excluded.client THEN next_token_at END,
                credential_failures = CASE WHEN client IS excluded.client
                    THEN credential_failures ELSE 0 END,
                client = excluded.client,
                clock_skew_ms = CASE WHEN base_url = excluded.base_url THEN clock_skew_ms END,
                clock_read_at = CASE WHEN base_url = excluded.base_url THEN clock_read_at END,
                base_url = excluded.base_url
            """, .text(name), .text(baseURL), .text(apiVersion), .text(client))
        return isBack
    }

    /// Whether the config that was in force last had the connection.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func isConfigured(connection name: String) throws -> Bool {
        try database.integer(
            "SELECT 1 FROM connections WHERE connection = ? AND removed_at IS NULL", .text(name))
            != nil
    }

    /// The connections of the config before, that have not been removed yet, at an address.
    ///
    /// - Returns: their names, sorted.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func connections(at baseURL: String) throws -> [String] {
        try database.rows(
            """
            SELECT connection FROM connections WHERE base_url = ? AND removed_at IS NULL
            ORDER BY connection
            """, .text(baseURL), map: { $0.string(0) })
    }

    /// A connection has got another name: what is known of its way and its limits stays known.
    ///
    /// - Parameters:
    ///   - name: the new one, written already.
    ///   - former: the name before.
    ///   - keepsUser: it is the same client for certain; a user that isn't known is learned again.
    /// - Throws: `StoreError` if the ledger can't be written.
    package func succeed(_ name: String, to former: String, keepsUser: Bool) throws {
        let columns = """
            clock_skew_ms, clock_bad_since_at, learned_requests, learned_window_ms, \
            budget_tat_us, breaker_failures, breaker_opened_at, breaker_closed_at, \
            next_probe_at, credential_bad_since_at, credential_failures, next_token_at, \
            sweep_distrusted_since_at, list_failures, next_list_at\(keepsUser ? ", user_id" : "")
            """
        try database.run(
            """
            UPDATE connections SET (\(columns)) =
                (SELECT \(columns) FROM connections WHERE connection = ?) WHERE connection = ?
            """, .text(former), .text(name))
        try database.run(
            """
            INSERT INTO hints (connection, operation, until_at, delay_seconds, noted_at)
            SELECT ?, operation, until_at, delay_seconds, noted_at FROM hints WHERE connection = ?
            ON CONFLICT (connection, operation) DO UPDATE SET
                delay_seconds = excluded.delay_seconds,
                until_at = max(until_at, excluded.until_at), noted_at = excluded.noted_at
            """, .text(name), .text(former))
        try database.run(
            """
            INSERT OR REPLACE INTO operation_limits
            SELECT ?, operation, requests, window_ms, budget_tat_us, learned_at
            FROM operation_limits WHERE connection = ?
            """, .text(name), .text(former))
        try database.run(
            """
            UPDATE OR IGNORE alarms SET subject = ? WHERE subject = ?
                AND kind IN (SELECT value FROM json_each(?))
            """, .text(name), .text(former), .text(AlarmKind.words(of: .connection)))
    }

    /// The addresses of all connections that there ever were.
    ///
    /// - Returns: each once, sorted.
    /// - Throws: `StoreError`.
    package func baseURLs() throws -> [String] {
        try database.rows(
            "SELECT DISTINCT base_url FROM connections ORDER BY base_url", map: { $0.string(0) })
    }

    /// Writes an address in another spelling wherever it is compared.
    ///
    /// A run that is known under both keeps both rows: which of them a slot claims can't be undone.
    ///
    /// - Parameters:
    ///   - known: the spelling in the ledger.
    ///   - spelling: the one that takes its place.
    /// - Throws: `StoreError`.
    package func respell(baseURL known: String, as spelling: String) throws {
        for table in ["connections", "process_runs", "looks", "attempts"] {
            try database.run(
                "UPDATE OR IGNORE \(table) SET base_url = ? WHERE base_url = ?", .text(spelling),
                .text(known))
        }
        // Ended slots are found by their runs.
        try database.run(
            "UPDATE slots SET base_url = ? WHERE base_url = ? AND ended_at IS NULL",
            .text(spelling), .text(known))
    }

    /// Marks the connections that the config no longer has; what was wrong with them is over.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func removeConnections(except names: [String], now: Instant) throws {
        for known in try database.rows(
            "SELECT connection FROM connections WHERE removed_at IS NULL", map: { $0.string(0) })
        where !names.contains(known) {
            try database.run(
                "UPDATE connections SET removed_at = ? WHERE connection = ?", .at(now),
                .text(known))
        }
        try database.run(
            """
            DELETE FROM alarms WHERE kind IN (SELECT value FROM json_each(?))
                AND subject NOT IN (SELECT connection FROM connections WHERE removed_at IS NULL)
            """, .text(AlarmKind.words(of: .connection)))
    }

    /// The state of a connection.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func connection(_ name: String) throws -> ConnectionRow? {
        try database.first(
            "SELECT \(ConnectionRow.columns) FROM connections WHERE connection = ?", .text(name),
            map: ConnectionRow.init)
    }

    /// Writes the state of a connection back.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func save(_ row: ConnectionRow) throws {
        try database.run(
            """
            UPDATE connections SET user_id = ?, clock_skew_ms = ?, clock_bad_since_at = ?,
                learned_requests = ?, learned_window_ms = ?, budget_tat_us = ?, requests_sent = ?,
                breaker_failures = ?, breaker_opened_at = ?, breaker_closed_at = ?,
                next_probe_at = ?, credential_bad_since_at = ?, credential_failures = ?,
                next_token_at = ?, sweep_distrusted_since_at = ?, list_failures = ?,
                next_list_at = ?, clock_low_ms = ?, clock_high_ms = ?, clock_read_at = ?
            WHERE connection = ?
            """, .text(row.userID), .int(row.clockSkewMilliseconds), .at(row.clockBadSince),
            .int(row.learnedRequests), .int(row.learnedWindowMilliseconds),
            .int(row.budgetTATMicroseconds), .int(row.requestsSent), .int(row.breakerFailures),
            .at(row.breakerOpenedAt), .at(row.breakerClosedAt), .at(row.nextProbeAt),
            .at(row.credentialBadSince), .int(row.credentialFailures), .at(row.nextTokenAt),
            .at(row.sweepDistrustedSince), .int(row.listFailures), .at(row.nextListAt),
            .int(row.clockLowMilliseconds), .int(row.clockHighMilliseconds), .at(row.clockReadAt),
            .text(row.connection))
    }

    /// The hints of a connection that are still running.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func hints(connection: String, now: Instant) throws -> [HintRow] {
        try database.rows(
            """
            SELECT operation, until_at, delay_seconds FROM hints
            WHERE connection = ? AND until_at > ? ORDER BY operation
            """, .text(connection), .at(now)
        ) {
            HintRow(
                operation: $0.string(0), until: $0.instant(1), delaySeconds: $0.integer(2))
        }
    }

    /// Notes a hint; one that ends later stays as it is, hints are never shortened.
    ///
    /// - Parameters:
    ///   - connection: its name.
    ///   - operation: the one that is blocked; empty: all of the connection.
    ///   - until: in our wall time, so that restarts obey it.
    ///   - delaySeconds: as the answer asked, for people.
    ///   - now: the moment of the turn.
    /// - Throws: `StoreError` if the ledger can't be written.
    package func noteHint(
        connection: String, operation: String, until: Instant, delaySeconds: Int64, now: Instant
    ) throws {
        try database.run(
            """
            INSERT INTO hints (connection, operation, until_at, delay_seconds, noted_at)
            VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (connection, operation) DO UPDATE SET
                delay_seconds = CASE WHEN excluded.until_at > until_at
                    THEN excluded.delay_seconds ELSE delay_seconds END,
                until_at = max(until_at, excluded.until_at), noted_at = excluded.noted_at
            """, .text(connection), .text(operation), .at(until), .int(delaySeconds), .at(now))
    }

    /// Lifts all hints of a connection (`carillon unblock`).
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func liftHints(connection: String) throws -> Int {
        try database.run("DELETE FROM hints WHERE connection = ?", .text(connection))
    }
}
