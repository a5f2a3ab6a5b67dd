/// What needs a person, all of it or what concerns some schedules.
extension LedgerReader {
    /// What needs a person, oldest first (view `attention`).
    ///
    /// - Parameter limit: how many rows at most; nil: all.
    /// - Returns: rows of the view.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func attention(limit: Int? = nil) throws -> LedgerTable {
        try table("SELECT * FROM attention AS v \(Self.oldestFirst) LIMIT ?", .int(limit ?? -1))
    }

    /// What needs a person and concerns what the filter names, oldest first.
    ///
    /// A schedule's rows are its own, those of its connection, and those of its process. Those of the
    /// daemon, the host, a target or a calendar are nobody's: only without a schedule, tag or connection.
    ///
    /// - Parameters:
    ///   - filter: schedule, tag, connection, and the time since when a row stands; no limit.
    ///   - isAcknowledgedToo: what somebody took out of sight, too, and who did (view `attention_all`).
    /// - Returns: rows of the view.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func attention(
        _ filter: LedgerFilter, isAcknowledgedToo: Bool = false
    ) throws -> LedgerTable {
        try table(
            """
            SELECT v.* FROM \(isAcknowledgedToo ? "attention_all" : "attention") AS v
            LEFT JOIN slots AS s ON s.slot_id = CASE WHEN v.id GLOB 's[0-9]*'
                THEN CAST(substr(v.id, 2) AS INTEGER) END
            LEFT JOIN process_runs AS r ON r.run_key = CASE WHEN v.id GLOB 'r[0-9]*'
                THEN CAST(substr(v.id, 2) AS INTEGER) END
            LEFT JOIN events AS e ON e.event_id = CASE WHEN v.id GLOB 'e[0-9]*'
                THEN CAST(substr(v.id, 2) AS INTEGER) END
            LEFT JOIN alarms AS a ON a.kind = v.kind AND a.subject = v.subject
            WHERE (?4 IS NULL OR CAST(strftime('%s', v.since_at) AS INTEGER) * 1000 >= ?4)
                AND (?5 IS NULL OR CAST(strftime('%s', v.since_at) AS INTEGER) * 1000 < ?5)
                AND (coalesce(?1, ?2, ?3) IS NULL
                    OR EXISTS (SELECT 1 FROM schedule_states AS c
                        WHERE (?1 IS NULL OR c.schedule = ?1)
                            AND (?2 IS NULL OR EXISTS (SELECT 1 FROM json_each(c.tags) AS g
                                WHERE g.value = ?2))
                            AND (?3 IS NULL OR ?3 = coalesce(s.connection, r.connection,
                                e.connection, c.connection))
                            AND (c.schedule = coalesce(s.schedule, r.schedule, e.schedule)
                                OR v.id IN ('unmade/' || c.schedule,
                                    'not-made-up/' || c.schedule)
                                OR (a.subject = c.schedule
                                    AND a.kind IN (SELECT value FROM json_each(?6)))
                                OR (substr(a.subject, 1, instr(a.subject, '@') - 1) = c.schedule
                                    AND a.kind IN (SELECT value FROM json_each(?7)))
                                OR (a.subject = c.connection
                                    AND a.kind IN (SELECT value FROM json_each(?8)))
                                OR (a.kind = ?9
                                    AND a.subject IN (c.schedule, ?10 || c.connection))
                                OR (a.subject = c.process
                                    AND a.kind IN (SELECT value FROM json_each(?11)))
                                OR (substr(a.subject, 1, instr(a.subject, ' ') - 1) = c.process
                                    AND a.kind IN (SELECT value FROM json_each(?12)))))
                    -- A connection that no schedule uses any more, and runs of no schedule.
                    OR (?1 IS NULL AND ?2 IS NULL
                        AND (coalesce(s.connection, r.connection, e.connection) = ?3
                            OR (a.subject = ?3 AND a.kind IN (SELECT value FROM json_each(?8)))
                            OR (a.subject = ?10 || ?3 AND a.kind = ?9))))
            \(Self.oldestFirst)
            """,
            .text(filter.schedule), .text(filter.tag), .text(filter.connection), .at(filter.since),
            .at(filter.until), .text(AlarmKind.words(of: .schedule)),
            .text(AlarmKind.words(of: .slot)), .text(AlarmKind.words(of: .connection)),
            .text(AlarmKind.waits.rawValue), .text(AlarmKind.waitingSubject(connection: "")),
            .text(AlarmKind.words(of: .process)), .text(AlarmKind.words(of: .run)))
    }

    /// Of rows of one instant those of slots and runs that came to grief stand first, the rest by id.
    ///
    /// Numbers in ids go by their size. Without its `Z` a whole second sorts before its parts.
    private static let oldestFirst = """
        ORDER BY replace(v.since_at, 'Z', ''),
            v.kind NOT IN ('held', 'failed', 'missed', 'expired') AND v.kind NOT GLOB 'run *',
            rtrim(v.id, '0123456789'), length(v.id), v.id
        """
}
