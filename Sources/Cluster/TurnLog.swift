package import Timetable

/// Who holds the lease, or asks for it.
package struct Holder: Sendable, Hashable {
    /// One life of one process: names come back after a death, this doesn't.
    package var incarnation: String
    /// One copy of the ledger, which a single process can have open.
    package var install: String
    /// For people.
    package var node: String

    /// A holder by its names.
    package init(incarnation: String, install: String, node: String) {
        self.incarnation = incarnation
        self.install = install
        self.node = node
    }
}

/// The lease's row.
package struct Lease: Sendable, Equatable {
    package var epoch: String
    package var term: Int64
    /// Nil: nobody, and whoever asks first has it.
    package var holder: Holder?
    /// Grows with each append, renewal and takeover: a sign of life without a clock.
    package var beat: Int64
    /// Where the log stands.
    package var seq: Int64
    package var chain: Chain

    /// The lease of an epoch that nobody has led yet.
    package init(epoch: String) {
        self.epoch = epoch
        term = 0
        beat = 0
        seq = 0
        chain = .empty
    }
}

/// Under what a leader acts: the epoch, its term, and itself.
package struct Tenure: Sendable, Hashable {
    package var epoch: String
    package var term: Int64
    package var holder: Holder

    /// A tenure, as a takeover gave it.
    package init(epoch: String, term: Int64, holder: Holder) {
        self.epoch = epoch
        self.term = term
        self.holder = holder
    }
}

/// What a node asks of the log: the four verbs (docs/cluster.md).
package enum LogRequest: Sendable, Equatable {
    /// The next entry, only under that tenure and only behind the entry before it.
    case append(LogEntry, Tenure)
    /// A sign of life.
    case renew(Tenure)
    /// A sign of death: whoever asks next has the lease, without waiting for it to end.
    case resign(Tenure)
    /// The next term, only where term and beat are as they were seen.
    case take(epoch: String, term: Int64, beat: Int64, Holder)
    /// The lease, and entries behind a number.
    case read(after: Int64, limit: Int)
}

/// What came of it.
package enum LogAnswer: Sendable, Equatable {
    /// The entry is in the log, for good.
    case appended
    case renewed
    /// Nobody holds the lease.
    case resigned
    /// The lease as it is now, held by who asked.
    case taken(Lease)
    /// The lease, the entries asked for, and the keeper's clock.
    case read(Lease, [LogEntry], at: Instant)
    /// Not done, and it won't be: term, holder, number or beat are others.
    case refused
    /// Nobody knows whether it was done, or will be.
    case unknown
}

/// Whoever keeps the log and the lease, for good once it has acknowledged.
package protocol TurnLog: AnyObject {
    /// Carries a request out, or tells that it isn't known; a request is carried out whole or not at all.
    func perform(_ request: LogRequest) -> LogAnswer
}
