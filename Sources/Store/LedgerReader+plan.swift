/// A schedule as the daemon has it, for comparison with a config that is to be loaded.
package struct KnownSchedule: Sendable, Equatable {
    package var name: String
    package var state: String
    package var connection: String
    package var baseURL: String
    package var process: String
    /// The rule as the user wrote it.
    package var rule: String
    /// The rule in the form that compiles again.
    package var ruleSource: String
    package var timezone: String
    package var mode: String
    /// Slots that wait and have not been started.
    package var pendingSlots: Int64
}

extension LedgerReader {
    /// The schedules that are not removed, by name.
    package func knownSchedules() throws -> [KnownSchedule] {
        try database.rows(
            """
            SELECT c.schedule, c.state, c.connection, c.base_url, c.process, c.rule, c.rule_source,
                c.timezone, c.mode,
                (SELECT count(*) FROM slots AS s WHERE s.schedule = c.schedule
                    AND s.ended_at IS NULL AND s.disposition = 'pending')
            FROM schedules AS c WHERE c.state <> 'removed' ORDER BY c.schedule
            """
        ) { row in
            KnownSchedule(
                name: row.string(0), state: row.string(1), connection: row.string(2),
                baseURL: row.string(3), process: row.string(4), rule: row.string(5),
                ruleSource: row.string(6), timezone: row.string(7), mode: row.string(8),
                pendingSlots: row.integer(9))
        }
    }
}
