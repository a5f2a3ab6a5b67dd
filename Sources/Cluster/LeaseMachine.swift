/// What a node is, by what the log has told it and its own clock since boot (docs/cluster.md, States).
///
/// Pure: whoever asks hands in the clock's reading and the answers, and performs what it decides.
package struct LeaseMachine: Sendable {
    /// Why a node can't lead.
    package enum Apart: Sendable, Equatable {
        /// The ledger is a member of another log.
        case otherEpoch(String)
        /// The ledger has more entries than the log: the log was put back.
        case ahead(local: Int64, log: Int64)
        /// An entry doesn't follow the ledger's last one, or is no longer there.
        case broken(seq: Int64)
        /// An entry doesn't fit the ledger's rows.
        case conflict(seq: Int64, words: String)
        /// An entry is of a ledger with other migrations (R12).
        case otherSchema(seq: Int64, own: Int, log: Int)
    }

    /// What a node is.
    package enum State: Sendable, Equatable {
        /// Follows; since when the lease has shown the same term and beat.
        case follower(Sighting?)
        /// Leads, and may act until then.
        case leader(Tenure, until: BootTime)
        /// Leads as far as it knows, and may do nothing until the log answers.
        case suspended(Tenure)
        /// Leads no more: what it had in hand is dropped, and it follows next.
        case fenced
        case apart(Apart)
    }

    /// A lease as it was first seen.
    package struct Sighting: Sendable, Equatable {
        var term: Int64
        var beat: Int64
        var since: BootTime
    }

    /// What a follower does with a lease that it has read.
    package enum Move: Sendable, Equatable {
        case wait
        /// Asks for the lease.
        case take(LogRequest)
    }

    package let timing: LeaseTiming
    package let holder: Holder
    package private(set) var state: State = .follower(nil)
    private var lastSent: BootTime?
    /// It has handed the lease over, and takes none before that.
    private let restsUntil: BootTime?

    /// A node that has just started, and follows.
    ///
    /// - Parameters:
    ///   - holder: this life of it.
    ///   - timing: of the lease.
    ///   - restsUntil: when it may ask for the lease at the earliest; nil: now.
    package init(holder: Holder, timing: LeaseTiming, restsUntil: BootTime? = nil) {
        self.holder = holder
        self.timing = timing
        self.restsUntil = restsUntil
    }

    // MARK: A follower (R5, R10, R11)

    /// Takes note of a lease that was read.
    ///
    /// - Parameters:
    ///   - lease: as the answer shows it.
    ///   - epoch: of the ledger.
    ///   - seq: how far the ledger is, with the entries of this answer applied.
    ///   - now: when the answer was received.
    /// - Returns: what to do; to be asked for by a follower only.
    package mutating func see(
        _ lease: Lease, epoch: String, seq: Int64, at now: BootTime
    ) -> Move {
        guard case .follower(let known) = state else { return .wait }
        if lease.epoch != epoch {
            state = .apart(.otherEpoch(lease.epoch))
            return .wait
        }
        if seq > lease.seq {
            state = .apart(.ahead(local: seq, log: lease.seq))
            return .wait
        }
        var sighting = Sighting(term: lease.term, beat: lease.beat, since: now)
        if let known, (known.term, known.beat) == (lease.term, lease.beat) { sighting = known }
        state = .follower(sighting)
        // The file's lock tells that no other process of our own copy lives.
        let isFree = lease.holder.map { $0.install == holder.install } ?? true
        if let restsUntil, now < restsUntil { return .wait }
        guard isFree || now.since(sighting.since) >= timing.takeMilliseconds else { return .wait }
        return .take(
            .take(epoch: epoch, term: lease.term, beat: lease.beat, holder))
    }

    /// The ledger can't follow the log.
    package mutating func part(_ why: Apart) { state = .apart(why) }

    /// What came of asking for the lease.
    ///
    /// - Parameters:
    ///   - answer: of the log.
    ///   - sentAt: when it was asked.
    /// - Returns: the tenure, if it was given to us.
    package mutating func receive(taking answer: LogAnswer, sentAt: BootTime) -> Tenure? {
        guard case .follower(let sighting) = state else { return nil }
        guard case .taken(let lease) = answer, lease.holder == holder else {
            // Not known, or another was faster: it is read, and waited for, from the beginning.
            state = .follower(answer == .unknown ? nil : sighting)
            return nil
        }
        let tenure = Tenure(epoch: lease.epoch, term: lease.term, holder: holder)
        lastSent = sentAt
        state = .leader(tenure, until: sentAt.adding(timing.holdMilliseconds))
        return tenure
    }

    /// It follows, and may lead one day.
    package var isFollower: Bool {
        if case .follower = state { return true }
        return false
    }

    // MARK: A leader (R4, R8, R9)

    /// Under what this node leads, suspended or not.
    package var tenure: Tenure? {
        switch state {
        case .leader(let tenure, _), .suspended(let tenure): tenure
        case .follower, .fenced, .apart: nil
        }
    }

    /// Reads the clock: a hold that is over suspends.
    package mutating func tick(at now: BootTime) {
        if case .leader(let tenure, let until) = state, now >= until {
            state = .suspended(tenure)
        }
    }

    /// A start of a term may be written now.
    package func isOpen(term: Int64, at now: BootTime) -> Bool {
        guard case .leader(let tenure, let until) = state else { return false }
        return tenure.term == term && now < until
    }

    /// A turn may be taken now.
    package func mayTurn(at now: BootTime) -> Bool {
        guard case .leader(_, let until) = state else { return false }
        return now < until
    }

    /// The renewal that is due.
    ///
    /// - Parameters:
    ///   - now: the clock.
    ///   - aliveAt: when a turn last ended, or an append last waited.
    /// - Returns: nil: none is due, or the scheduler is stalled and must lose its lease.
    package mutating func renewal(at now: BootTime, aliveAt: BootTime) -> LogRequest? {
        guard let tenure, now.since(aliveAt) <= timing.aliveMilliseconds,
            lastSent.map({ now.since($0) >= timing.renewMilliseconds }) ?? true
        else { return nil }
        lastSent = now
        return .renew(tenure)
    }

    /// What came of an append or a renewal.
    ///
    /// - Parameters:
    ///   - answer: of the log.
    ///   - tenure: under which it was asked.
    ///   - sentAt: when it was sent; the hold counts from there, since nobody knows when the log heard it.
    package mutating func receive(_ answer: LogAnswer, under tenure: Tenure, sentAt: BootTime) {
        guard self.tenure == tenure else { return }
        switch answer {
        case .appended, .renewed:
            let end = sentAt.adding(timing.holdMilliseconds)
            if case .leader(_, let until) = state, until >= end { return }
            state = .leader(tenure, until: end)
        case .refused: state = .fenced
        case .taken, .read, .resigned, .unknown: break
        }
    }

    /// Gives the lease up: a COMMIT has failed behind an append, or the tenure is known to be over.
    package mutating func fence() {
        if tenure != nil { state = .fenced }
    }

    /// What it had in hand is dropped: it follows.
    package mutating func follow() {
        guard state == .fenced else { return }
        state = .follower(nil)
        lastSent = nil
    }
}
