package import Timetable

/// A schedule as the daemon has it, for comparison with a config that is to be loaded.
package struct KnownSchedule: Sendable, Equatable {
    package var name: String
    package var state: ScheduleState
    package var connection: String
    package var baseURL: String
    package var process: String
    /// The rule as the user wrote it.
    package var rule: String
    /// The rule in the form that compiles again.
    package var ruleSource: String
    package var timezone: String
    package var mode: ScheduleMode
    /// `active`, `disabled` or `set aside` schedules have the key of what they last were.
    package var firingKey: String
    /// Slots that wait and have not been started.
    package var pendingSlots: Int64
}

extension LedgerReader {
    /// The schedules that are not removed, by name.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func knownSchedules() throws -> [KnownSchedule] {
        try database.rows(
            """
            SELECT c.schedule, c.state, c.connection, c.base_url, c.process, c.rule, c.rule_source,
                c.timezone, c.mode, c.firing_key,
                (SELECT count(*) FROM slots AS s WHERE s.schedule = c.schedule
                    AND s.ended_at IS NULL AND s.disposition = 'pending')
            FROM schedule_states AS c WHERE c.state <> 'removed' ORDER BY c.schedule
            """
        ) { row in
            KnownSchedule(
                name: row.string(0), state: ScheduleState(rawValue: row.string(1)) ?? .setAside,
                connection: row.string(2), baseURL: row.string(3), process: row.string(4),
                rule: row.string(5), ruleSource: row.string(6), timezone: row.string(7),
                mode: ScheduleMode(rawValue: row.string(8)) ?? .observe,
                firingKey: row.string(9), pendingSlots: row.integer(10))
        }
    }

    /// The content hash of the configuration that the daemon took over last; nil: none yet.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func lastContentHash() throws -> String? {
        try database.first(
            "SELECT content_hash FROM config_revisions ORDER BY revision_id DESC LIMIT 1"
        ) { $0.string(0) }
    }

    /// Up to where every rule slot of a schedule has its row; nil: there is no such schedule.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func cursor(of schedule: String) throws -> Instant? {
        try database.integer(
            "SELECT cursor_at FROM schedule_states WHERE schedule = ?", .text(schedule)
        ).map { Instant(milliseconds: $0) }
    }

    /// History before it may have been removed; nil: none ever was.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func prunedBefore() throws -> Instant? {
        try database.integer("SELECT pruned_before_at FROM daemon").map {
            Instant(milliseconds: $0)
        }
    }

    /// What a name was changed to by `formerly`, and when; nil: it was not.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func renaming(of schedule: String) throws -> (name: String, at: Instant)? {
        try database.first(
            """
            SELECT detail, at FROM audit WHERE action = 'rename' AND subject = ?
            ORDER BY audit_id DESC LIMIT 1
            """, .text(schedule)
        ) { ($0.string(0), Instant(milliseconds: $0.integer(1))) }
    }
}
