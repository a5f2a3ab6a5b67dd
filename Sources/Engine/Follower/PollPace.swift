/// The pace of looks at a run: geometric from `poll.min` to `poll.max`
/// (docs/protocol.md#status-poller).
package enum PollPace {
    /// The gap after a look.
    ///
    /// - Parameters:
    ///   - gap: the gap before it, milliseconds.
    ///   - changed: the look showed a change: back to `poll.min`.
    ///   - policy: the schedule's `poll`.
    /// - Returns: the gap after it, milliseconds.
    package static func nextGapMilliseconds(
        after gap: Int64, changed: Bool, policy: PollPolicy
    ) -> Int64 {
        guard !changed else { return policy.minMilliseconds }
        let grown = gap.multipliedReportingOverflow(by: 3)
        let next = grown.overflow ? policy.maxMilliseconds : grown.partialValue / 2
        return min(max(next, policy.minMilliseconds), policy.maxMilliseconds)
    }
}
