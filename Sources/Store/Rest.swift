package import Timetable

extension Ledger {
    /// Nothing is under way, waits, or is remembered that could change what comes next: from here a
    /// daemon with an empty ledger would do the same.
    ///
    /// - Parameter now: hints and budgets that end by then count no more.
    /// - Returns: false if anything is.
    /// - Throws: `StoreError`.
    package func isAtRest(now: Instant) throws -> Bool {
        let busy = try database.integer(
            """
            SELECT EXISTS (SELECT 1 FROM slots WHERE ended_at IS NULL)
                OR EXISTS (SELECT 1 FROM process_runs WHERE next_poll_at IS NOT NULL)
                OR EXISTS (SELECT 1 FROM preflights)
                OR EXISTS (SELECT 1 FROM pause_periods)
                OR EXISTS (SELECT 1 FROM hints WHERE until_at > ?1)
                OR EXISTS (SELECT 1 FROM attention)
                OR EXISTS (SELECT 1 FROM operation_limits)
                OR EXISTS (SELECT 1 FROM schedule_states WHERE state = 'set aside')
                OR EXISTS (SELECT 1 FROM daemon
                    WHERE draining_since_at IS NOT NULL OR restored_at IS NOT NULL
                        OR catchup_tat_at > ?1)
                OR EXISTS (SELECT 1 FROM connections
                    WHERE coalesce(clock_bad_since_at, learned_requests, breaker_opened_at,
                            breaker_closed_at, credential_bad_since_at, next_token_at,
                            sweep_distrusted_since_at) IS NOT NULL
                        OR breaker_failures > 0 OR credential_failures > 0 OR list_failures > 0
                        OR budget_tat_us > ?1 * 1000)
            """, .at(now))
        return busy == 0
    }
}
