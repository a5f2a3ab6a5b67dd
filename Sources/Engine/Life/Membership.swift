/// What a life is told where two hosts share one ledger, and it was this one's turn to lead
/// (docs/cluster.md).
package struct Membership: Sendable, Equatable {
    /// Goes into the ledger, for people.
    package var node: String
    /// How long after a takeover a host that led before may still send what it was about to.
    package var stallMilliseconds: Int64
    /// Our wall clock minus that of the host whose turn was the last.
    package var clockDifferenceMilliseconds: Int64

    /// A host that leads.
    package init(
        node: String, stallMilliseconds: Int64, clockDifferenceMilliseconds: Int64 = 0
    ) {
        self.node = node
        self.stallMilliseconds = stallMilliseconds
        self.clockDifferenceMilliseconds = clockDifferenceMilliseconds
    }
}
