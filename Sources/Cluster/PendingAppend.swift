/// An append that is under way: what is asked next, until it is known what became of it
/// (docs/cluster.md, R3).
package struct PendingAppend: Sendable {
    /// What the answer leads to.
    package enum Step: Sendable, Equatable {
        /// Ask this.
        case ask(LogRequest)
        /// The log has the entry, and the tenure holds: the turn counts.
        case kept
        /// It doesn't, or may not be ours to say: the turn is rolled back, the node fenced.
        case lost
    }

    private enum Stage: Sendable {
        case first, again
        /// The log has moved on: is it by this very entry?
        case reading
        /// It is; a renewal shows that we were not only told so by a server that nobody follows.
        case renewing
    }

    package let entry: LogEntry
    package let tenure: Tenure
    private var stage = Stage.first

    /// An append that has not been asked for yet.
    package init(_ entry: LogEntry, under tenure: Tenure) {
        self.entry = entry
        self.tenure = tenure
    }

    /// What is asked now, for the first time or because the answer isn't known.
    package var request: LogRequest {
        switch stage {
        case .first, .again: .append(entry, tenure)
        case .reading: .read(after: entry.seq - 1, limit: 1)
        case .renewing: .renew(tenure)
        }
    }

    /// Takes an answer to the present request; the same answer twice changes nothing.
    package mutating func receive(_ answer: LogAnswer) -> Step {
        switch (stage, answer) {
        case (.first, .appended), (.again, .appended), (.renewing, .renewed): return .kept
        case (.first, .refused), (.renewing, .refused): return .lost
        case (.first, .unknown): stage = .again
        case (.again, .refused): stage = .reading
        case (.reading, .read(let lease, let entries, _)):
            let isOurs =
                lease.epoch == tenure.epoch
                && entries.first.map { isThis($0) } ?? false
            guard isOurs else { return .lost }
            stage = .renewing
        default: break
        }
        return .ask(request)
    }

    private func isThis(_ other: LogEntry) -> Bool {
        (other.seq, other.term, other.chain) == (entry.seq, entry.term, entry.chain)
            && other.body == entry.body
    }
}
