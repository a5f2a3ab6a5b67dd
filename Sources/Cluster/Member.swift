package import Timetable

/// One node's part in the log, as far as the log's answers and its own clock since boot decide it: what
/// it asks next, and what it does with the answer (docs/cluster.md).
///
/// Pure. The daemon performs it on its threads, and the simulation in its world. One lasts until the
/// node dies, or is fenced; the next is made of what the ledger says.
package struct Member: Sendable {
    /// Where a ledger stands in a log.
    package struct Place: Sendable, Equatable {
        package var epoch: String
        /// Of the last entry.
        package var term: Int64
        package var seq: Int64
        package var chain: Chain

        /// A place, as a ledger knows its own.
        package init(epoch: String, term: Int64, seq: Int64, chain: Chain) {
            self.epoch = epoch
            self.term = term
            self.seq = seq
            self.chain = chain
        }
    }

    /// What comes next while it doesn't lead.
    package enum Course: Sendable, Equatable {
        /// Nothing, before the next poll.
        case wait
        case ask(LogRequest)
        /// To be made in the ledger in one transaction that brings it there; then `applied` is called.
        case apply([LogEntry], Place)
        /// A migration, to be made in the ledger, in one transaction too; then `applied` is called.
        case migrate(LogEntry, Place)
        /// The lease is ours, and the ledger has all of the log.
        case lead(Tenure, clockDifferenceMilliseconds: Int64)
        /// Another has taken the lease before the log was read to its end.
        case fenced
    }

    /// What comes of an answer to an append.
    package enum Fate: Sendable, Equatable {
        case ask(LogRequest)
        /// The turn counts: to be committed, there; then `committed` is called.
        case kept(Place)
        /// It never was; the node is fenced.
        case lost
    }

    /// A lease as an answer has shown it, and both wall clocks then.
    private struct View: Sendable {
        var lease: Lease
        var at: BootTime
        var wall: Instant
        var keeperAt: Instant
    }

    private static let entriesPerRead = 64

    /// What it is, and until when.
    package private(set) var lease: LeaseMachine
    package private(set) var place: Place
    /// How many migrations the ledger has, and the binary knows.
    private var schema: Int
    private let known: Int
    private var append: PendingAppend?
    /// The lease was taken, and the rest of the log is read first.
    private var catchingUp: Tenure?
    private var lastEntry: LogEntry?
    /// Entries that are being made, and what came with them.
    private var applying: (place: Place, schema: Int, view: View)?
    /// When the scheduler was last seen to go on.
    private var aliveAt: BootTime

    /// A node that has just started, and follows.
    ///
    /// - Parameters:
    ///   - holder: this life of it.
    ///   - timing: of the lease.
    ///   - place: where its ledger stands.
    ///   - schema: how many migrations the ledger has.
    ///   - known: how many the binary knows; nil: as many.
    ///   - restsUntil: when it may ask for the lease at the earliest; nil: now.
    ///   - now: the clock.
    package init(
        holder: Holder, timing: LeaseTiming, place: Place, schema: Int, known: Int? = nil,
        restsUntil: BootTime? = nil, at now: BootTime
    ) {
        lease = LeaseMachine(holder: holder, timing: timing, restsUntil: restsUntil)
        self.place = place
        self.schema = schema
        self.known = max(known ?? schema, schema)
        aliveAt = now
    }

    // MARK: Following (R5, R10 to R12)

    /// It takes no turns: it follows, catches up, or is apart.
    package var isFollowing: Bool { lease.tenure == nil || catchingUp != nil }

    /// The next look at the log.
    ///
    /// While it catches up, the last entry that it has, too: it tells of the other's clock.
    package var poll: LogRequest {
        .read(
            after: catchingUp == nil ? place.seq : max(0, place.seq - 1),
            limit: Self.entriesPerRead)
    }

    /// Takes an answer in while it doesn't lead.
    ///
    /// - Parameters:
    ///   - answer: of the log.
    ///   - request: what was asked.
    ///   - sentAt: when.
    ///   - now: when the answer was received.
    ///   - wall: our wall clock then.
    /// - Returns: what comes next.
    package mutating func receive(
        _ answer: LogAnswer, to request: LogRequest, sentAt: BootTime, at now: BootTime,
        wall: Instant
    ) -> Course {
        switch (request, answer) {
        case (.read, .read(let lease, let entries, let keeperAt)):
            let view = View(lease: lease, at: now, wall: wall, keeperAt: keeperAt)
            return take(in: view, entries)
        case (.take, _):
            catchingUp = lease.receive(taking: answer, sentAt: sentAt)
            return catchingUp == nil ? .wait : .ask(poll)
        default: return .wait
        }
    }

    private mutating func take(in view: View, _ entries: [LogEntry]) -> Course {
        guard view.lease.epoch == place.epoch else { return look(view) }
        if let last = entries.last { lastEntry = last }
        let new = entries.filter { $0.seq > place.seq }
        guard let first = new.first else {
            // Entries that are not there were taken out as old (R13).
            if place.seq < view.lease.seq { lease.part(.broken(seq: place.seq + 1)) }
            return look(view)
        }
        let turns = Array(new.prefix { $0.kind == .turn && $0.schema == schema })
        let next = turns.isEmpty ? [first] : turns
        let chain: Chain
        switch Following.judge(next, after: place.seq, chain: place.chain) {
        case .fits(let end): chain = end
        case .broken(let seq):
            lease.part(.broken(seq: seq))
            return .wait
        }
        let last = next[next.count - 1]
        let target = Place(epoch: place.epoch, term: last.term, seq: last.seq, chain: chain)
        if turns.isEmpty { return migrate(first, target, view) }
        applying = (target, schema, view)
        return .apply(turns, target)
    }

    /// R12: the next migration is made here, too; an older binary stops before it.
    private mutating func migrate(_ entry: LogEntry, _ target: Place, _ view: View) -> Course {
        guard entry.kind == .migration, entry.schema == schema + 1, entry.schema <= known else {
            lease.part(.otherSchema(seq: entry.seq, own: known, log: entry.schema))
            return .wait
        }
        applying = (target, entry.schema, view)
        return .migrate(entry, target)
    }

    /// The entries that were to be made stand in the ledger, or don't fit it.
    ///
    /// - Parameter conflict: what was in the way, in words; nil: nothing.
    /// - Returns: what comes next.
    package mutating func applied(conflict: String? = nil) -> Course {
        guard let (target, schema, view) = applying else { return .wait }
        applying = nil
        if let conflict {
            lease.part(.conflict(seq: place.seq + 1, words: conflict))
            return .wait
        }
        (place, self.schema) = (target, schema)
        return look(view)
    }

    /// The ledger is as far as the answer.
    private mutating func look(_ view: View) -> Course {
        if let tenure = catchingUp {
            // It may have gone apart on the way.
            guard lease.tenure == tenure else { return .wait }
            guard view.lease.term == tenure.term else {
                fence()
                return .fenced
            }
            guard place.seq >= view.lease.seq else { return .ask(poll) }
            catchingUp = nil
            aliveAt = view.at
            return .lead(
                tenure,
                clockDifferenceMilliseconds: ClockDifference.milliseconds(
                    since: lastEntry, wall: view.wall, keeper: view.keeperAt))
        }
        if view.lease.epoch == place.epoch, view.lease.seq == place.seq,
            view.lease.chain != place.chain
        {
            // As long as ours, and another: it was put back, and has grown again.
            lease.part(.broken(seq: place.seq))
        }
        let move = lease.see(view.lease, epoch: place.epoch, seq: place.seq, at: view.at)
        guard case .take(let request) = move, place.seq == view.lease.seq else {
            // Far behind it reads on at once.
            return lease.isFollower && place.seq < view.lease.seq ? .ask(poll) : .wait
        }
        return .ask(request)
    }

    // MARK: Leading (R1 to R4, R9)

    /// Puts a turn's changes into the log.
    ///
    /// - Parameters:
    ///   - changes: what it has changed, not empty; or which migration was made.
    ///   - kind: which of both.
    ///   - wall: our wall clock.
    /// - Returns: what is to be asked, until a fate is known; nil: it leads no more.
    package mutating func append(
        _ changes: [UInt8], _ kind: LogEntry.Kind = .turn, wall: Instant
    ) -> LogRequest? {
        guard let tenure = lease.tenure else { return nil }
        let entry = LogEntry(
            seq: place.seq + 1, term: tenure.term, kind: kind,
            schema: kind == .migration ? schema + 1 : schema, previous: place.chain,
            nodeAt: wall, body: changes)
        let append = PendingAppend(entry, under: tenure)
        self.append = append
        return append.request
    }

    /// What came of the append that is out.
    ///
    /// - Parameters:
    ///   - answer: to what was asked last.
    ///   - sentAt: when it was asked.
    /// - Returns: what comes of it.
    package mutating func receive(append answer: LogAnswer, sentAt: BootTime) -> Fate {
        // Fenced meanwhile: whatever became of it is read as a follower.
        guard var append, lease.tenure == append.tenure else { return lose() }
        let step = append.receive(answer)
        self.append = append
        switch step {
        case .ask(let request): return .ask(request)
        case .lost: return lose()
        case .kept:
            lease.receive(answer, under: append.tenure, sentAt: sentAt)
            return .kept(Self.place(of: append.entry, in: place.epoch))
        }
    }

    private mutating func lose() -> Fate {
        fence()
        return .lost
    }

    /// An append is out, or its turn isn't committed yet.
    package var isAppending: Bool { append != nil }

    /// The turn that the log has stands in the ledger, too.
    package mutating func committed() {
        guard let append else { return }
        place = Self.place(of: append.entry, in: place.epoch)
        schema = append.entry.schema
        self.append = nil
    }

    private static func place(of entry: LogEntry, in epoch: String) -> Place {
        Place(epoch: epoch, term: entry.term, seq: entry.seq, chain: entry.chain)
    }

    /// The scheduler goes on: a turn has ended, or one waits for its append or for the log.
    package mutating func noteAlive(at now: BootTime) { aliveAt = max(aliveAt, now) }

    /// Reads the clock, for a hold that is over.
    package mutating func read(_ now: BootTime) { lease.tick(at: now) }

    /// Reads the clock, and asks for the renewal that is due.
    package mutating func renewal(at now: BootTime) -> LogRequest? {
        lease.tick(at: now)
        return lease.renewal(at: now, aliveAt: aliveAt)
    }

    /// What came of a renewal.
    package mutating func receive(
        renewal answer: LogAnswer, under tenure: Tenure, sentAt: BootTime
    ) {
        lease.receive(answer, under: tenure, sentAt: sentAt)
    }

    /// Gives the lease up, with nothing in hand: what is to be asked; nil: it doesn't lead.
    ///
    /// From now on nothing is sent, whatever comes of it: who doesn't hear of it waits for the lease's end.
    package mutating func resign() -> LogRequest? {
        guard let tenure = lease.tenure, append == nil else { return nil }
        fence()
        return .resign(tenure)
    }

    /// It leads no more, and nothing of it goes on: the next life follows.
    package mutating func fence() {
        lease.fence()
        (append, catchingUp) = (nil, nil)
    }
}
