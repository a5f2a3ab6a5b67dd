/// A rule of docs/cluster.md that a negative test switches off, to show that the simulation would miss
/// it.
package enum ClusterGuard: String, Sendable, CaseIterable {
    /// R2: an entry comes only behind the one before it, and only under the lease.
    case checksTheSeq
    /// R1: a turn counts when it is in the log, not before.
    case appendsFirst
    /// R7: what the leader before was starting is in doubt.
    case recoversAtTakeover
    /// R3: an append of unknown fate is asked for again.
    case asksAgain
    /// R7: the leader before may still write for a while.
    case waitsForTheStall
    /// R7: what it wrote in its wall time is read in ours.
    case shiftsTheClock
}
