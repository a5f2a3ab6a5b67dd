package import Cluster
package import Store

/// What the scheduler of a node needs beside what one host needs (docs/cluster.md).
package struct SharedLog: Sendable {
    package var seat: LogSeat
    /// The way to the log, made and used on the scheduler's thread.
    package var connect: @Sendable () -> any TurnLog
    package var openLedger: @Sendable () throws -> sending Ledger
    /// The heart of a life that leads, over the ledger that has followed until then.
    package var makeClockwork: @Sendable (Ledger, Membership, _ firstRequestID: UInt64) -> Clockwork
    /// How long after a takeover a leader before may still send what it was about to.
    package var stallMilliseconds: Int64

    /// What a node needs.
    package init(
        seat: LogSeat, stallMilliseconds: Int64, connect: @escaping @Sendable () -> any TurnLog,
        openLedger: @escaping @Sendable () throws -> sending Ledger,
        makeClockwork:
            @escaping @Sendable (Ledger, Membership, _ firstRequestID: UInt64) ->
            Clockwork
    ) {
        self.seat = seat
        self.stallMilliseconds = stallMilliseconds
        self.connect = connect
        self.openLedger = openLedger
        self.makeClockwork = makeClockwork
    }
}
