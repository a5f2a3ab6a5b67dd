package import Cluster
package import Timetable

/// The log and the lease as docs/cluster.md wants them kept: one request after another, each whole or
/// not at all, and for good.
package final class ModelLog: TurnLog {
    package private(set) var lease: Lease
    package private(set) var entries: [LogEntry] = []
    /// When each term began, by the true time, and who held it; the first is term 1.
    private(set) var tenures: [(tenure: Tenure, at: Instant)] = []
    /// The keeper's clock: the true time.
    package var now: Instant
    /// Off in a negative test: an append is taken from anybody, at any number.
    private let checksTheSeq: Bool

    /// An empty log.
    ///
    /// - Parameters:
    ///   - epoch: its name.
    ///   - now: the keeper's clock.
    ///   - checksTheSeq: off in a negative test.
    package init(epoch: String, now: Instant, checksTheSeq: Bool = true) {
        lease = Lease(epoch: epoch)
        self.now = now
        self.checksTheSeq = checksTheSeq
    }

    /// Carries a request out.
    package func perform(_ request: LogRequest) -> LogAnswer {
        switch request {
        case .append(let entry, let tenure): return append(entry, tenure)
        case .renew(let tenure):
            guard isHeld(tenure) else { return .refused }
            lease.beat += 1
            return .renewed
        case .resign(let tenure):
            guard isHeld(tenure) else { return .refused }
            lease.beat += 1
            lease.holder = nil
            return .resigned
        case .take(let epoch, let term, let beat, let holder):
            guard (lease.epoch, lease.term, lease.beat) == (epoch, term, beat) else {
                return .refused
            }
            lease.term += 1
            lease.beat += 1
            lease.holder = holder
            tenures.append(
                (Tenure(epoch: epoch, term: lease.term, holder: holder), at: now))
            return .taken(lease)
        case .read(let after, let limit):
            let first = min(max(0, Int(after)), entries.count)
            let last = min(entries.count, first + limit)
            return .read(lease, Array(entries[first..<last]), at: now)
        }
    }

    private func isHeld(_ tenure: Tenure) -> Bool {
        lease.epoch == tenure.epoch && lease.term == tenure.term && lease.holder == tenure.holder
    }

    private func append(_ entry: LogEntry, _ tenure: Tenure) -> LogAnswer {
        var entry = entry
        if checksTheSeq {
            guard isHeld(tenure), lease.seq == entry.seq - 1, lease.chain == entry.previous else {
                return .refused
            }
        } else {
            entry.seq = lease.seq + 1
        }
        entry.at = now
        entries.append(entry)
        lease.seq = entry.seq
        lease.chain = entry.chain
        lease.beat += 1
        return .appended
    }
}
