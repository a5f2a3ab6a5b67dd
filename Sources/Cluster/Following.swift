package import Timetable

/// Whether entries of the log follow where a ledger stands (docs/cluster.md, R10).
package enum Following: Sendable, Equatable {
    /// They do; the last one's chain, or the ledger's where there is none.
    case fits(Chain)
    /// The entry of that number doesn't.
    case broken(seq: Int64)

    /// Judges entries behind a number and a chain.
    package static func judge(
        _ entries: [LogEntry], after seq: Int64, chain: Chain
    ) -> Following {
        var (seq, chain) = (seq, chain)
        for entry in entries {
            seq += 1
            guard entry.seq == seq, entry.previous == chain,
                entry.chain == chain.followed(by: entry.body)
            else { return .broken(seq: seq) }
            chain = entry.chain
        }
        return .fits(chain)
    }
}

/// What two hosts' wall clocks differ by, each compared with the keeper's.
package enum ClockDifference {
    /// Compares our wall clock with that of the leader before us.
    ///
    /// - Parameters:
    ///   - last: the log's last entry, with both clocks of its turn: it came in later than it was sent.
    ///   - wall: our wall clock when an answer of the keeper was received.
    ///   - keeper: its clock when it gave the answer, which was earlier.
    /// - Returns: ours minus theirs in milliseconds, too much rather than too little, so that no wait is
    ///   cut short.
    package static func milliseconds(
        since last: LogEntry?, wall: Instant, keeper: Instant
    ) -> Int64 {
        guard let last else { return 0 }
        return wall.since(keeper) - last.nodeAt.since(last.at)
    }
}
