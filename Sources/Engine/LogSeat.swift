package import Cluster
import Store
import Synchronization
import Timetable

/// What this node is to the log, for the threads that act by it: the scheduler's, the keeper's, and
/// whoever writes a start (docs/cluster.md).
///
/// Nothing is asked of the log with the lock held.
package final class LogSeat: Sendable {
    private struct State {
        /// Nil: the ledger isn't open yet.
        var member: Member?
        var lives: UInt64 = 0
        var seen: Lease?
        var seenAt: BootTime?
        var clockMilliseconds: Int64?
        var obstacle: LeadObstacle?
        var restsUntil: BootTime?
    }

    /// What a node is, in one word.
    package enum Role: String, Sendable {
        case follower, leader, suspended, fenced, apart
    }

    /// What people see of a node.
    package struct Standing: Sendable, Equatable {
        package var role: Role
        /// Of the lease as it was last seen.
        package var term: Int64
        /// How many entries the ledger has.
        package var seq: Int64
        /// Who held the lease when it was last seen.
        package var leader: String?
        /// How many entries of the log were not in the ledger then.
        package var entriesBehind: Int64
        /// How long the log has told nothing; nil: it never has.
        package var silentMilliseconds: Int64?
        /// Why it must not lead, though it follows.
        package var obstacle: LeadObstacle?
        /// Why it never leads, where it is apart.
        package var apart: LeaseMachine.Apart?
    }

    /// For people.
    package let node: String
    private let timing: LeaseTiming
    private let clock: any SchedulerClock
    /// What tells this host from others, beside the file of its ledger.
    let host: String
    let identify: @Sendable () -> String
    private let state = Mutex(State())

    /// A node that has not opened its ledger.
    ///
    /// - Parameters:
    ///   - node: its name.
    ///   - host: what tells this host from others: names come twice by mistake.
    ///   - leaseMilliseconds: how long a lease lasts.
    ///   - clock: whose monotonic reading is the time since boot.
    ///   - identify: names each of its lives, and each copy of a ledger, like no other.
    package init(
        node: String, host: String = "", leaseMilliseconds: Int64, clock: any SchedulerClock,
        identify: @escaping @Sendable () -> String
    ) {
        self.node = node
        self.host = host
        timing = LeaseTiming(leaseMilliseconds: leaseMilliseconds)
        self.clock = clock
        self.identify = identify
    }

    /// The time since boot.
    package var now: BootTime { BootTime(milliseconds: clock.now().monotonicMilliseconds) }

    /// No wait of the scheduler is longer.
    var turnMilliseconds: Int64 { timing.turnMilliseconds }

    /// A life begins, and follows.
    ///
    /// - Parameters:
    ///   - noted: where its ledger stands.
    ///   - schema: how many migrations the ledger has.
    ///   - known: how many this binary knows.
    func begin(at noted: LogPlace, schema: Int, known: Int) {
        let (now, incarnation) = (now, identify())
        let holder = Holder(incarnation: incarnation, install: noted.install, node: node)
        state.withLock { state in
            state.lives += 1
            state.member = Member(
                holder: holder, timing: timing, place: Member.Place(noted), schema: schema,
                known: known, restsUntil: state.restsUntil, at: now)
        }
    }

    /// What a life asks the API has higher numbers than all before.
    var firstRequestID: UInt64 { state.withLock { $0.lives << 40 | 1 } }

    // MARK: Following

    var poll: LogRequest? { state.withLock { $0.member?.poll } }

    func receive(
        _ answer: LogAnswer, to request: LogRequest, sentAt: BootTime
    ) -> Member.Course {
        let now = clock.now()
        let boot = BootTime(milliseconds: now.monotonicMilliseconds)
        return state.withLock { state in
            switch answer {
            case .read(let lease, _, let at):
                (state.seen, state.seenAt) = (lease, boot)
                state.clockMilliseconds = now.wall.since(at)
            case .taken(let lease): (state.seen, state.seenAt) = (lease, boot)
            case .appended, .renewed, .resigned, .refused, .unknown: break
            }
            return state.member?.receive(
                answer, to: request, sentAt: sentAt, at: boot, wall: now.wall)
                ?? .wait
        }
    }

    func applied(conflict: String?) -> Member.Course {
        let now = now
        return state.withLock { state in
            state.member?.noteAlive(at: now)
            return state.member?.applied(conflict: conflict) ?? .wait
        }
    }

    /// Our wall clock minus the keeper's, as the last answer has it; nil: there was none.
    var clockMilliseconds: Int64? { state.withLock { $0.clockMilliseconds } }

    /// The log has answered, and the ledger has all that it told then; not of one that is apart.
    var isUpToDate: Bool {
        state.withLock { state in
            guard let member = state.member, let seen = state.seen else { return false }
            return member.lease.isFollower && member.place.seq >= seen.seq
        }
    }

    /// Why it must not lead, for people.
    func note(_ obstacle: LeadObstacle?) { state.withLock { $0.obstacle = obstacle } }

    // MARK: Leading

    /// A turn may be taken now; nil: it leads no more, or not yet.
    var mayTurn: Bool? {
        let now = now
        return state.withLock { state in
            guard let member = state.member, !member.isFollowing else { return nil }
            return member.lease.mayTurn(at: now)
        }
    }

    /// The term under which it leads, suspended or not.
    var term: Int64? { state.withLock { $0.member?.lease.tenure?.term } }

    func append(_ changes: [UInt8], _ kind: LogEntry.Kind, wall: Instant) -> LogRequest? {
        state.withLock { $0.member?.append(changes, kind, wall: wall) }
    }

    func receive(append answer: LogAnswer, sentAt: BootTime) -> Member.Fate {
        let now = now
        return state.withLock { state in
            state.member?.noteAlive(at: now)
            return state.member?.receive(append: answer, sentAt: sentAt) ?? .lost
        }
    }

    func committed() { state.withLock { $0.member?.committed() } }

    func noteAlive() {
        let now = now
        state.withLock { $0.member?.noteAlive(at: now) }
    }

    func fence() { state.withLock { $0.member?.fence() } }

    /// Gives the lease up.
    ///
    /// - Parameter rests: takes it back only when others had as long as they would need to take it from a
    ///   leader that has died.
    /// - Returns: what is to be asked; nil: it doesn't lead.
    func resign(rests: Bool) -> LogRequest? {
        let now = now
        return state.withLock { state in
            if rests { state.restsUntil = now.adding(timing.takeMilliseconds) }
            return state.member?.resign()
        }
    }

    /// A start of a term may be written now (R8).
    ///
    /// - Parameter term: under which it was wanted.
    /// - Returns: false: it must not be.
    package func isOpen(term: Int64) -> Bool {
        let now = now
        return state.withLock { $0.member?.lease.isOpen(term: term, at: now) ?? false }
    }

    // MARK: The keeper's

    /// Renews the lease if that is due (R4); not on the scheduler's thread.
    ///
    /// - Parameter log: the keeper's own way to it.
    package func renew(by log: any TurnLog) {
        let sentAt = now
        let request = state.withLock { $0.member?.renewal(at: sentAt) }
        guard case .renew(let tenure)? = request else { return }
        let answer = log.perform(.renew(tenure))
        state.withLock {
            $0.member?.receive(renewal: answer, under: tenure, sentAt: sentAt)
        }
    }

    // MARK: People's

    /// What people see of it; nil: the ledger isn't open yet.
    package var standing: Standing? {
        let now = now
        return state.withLock { state in
            guard var member = state.member else { return nil }
            member.read(now)
            let seen = state.seen
            var standing = Standing(
                role: .follower, term: seen?.term ?? member.place.term, seq: member.place.seq,
                leader: seen?.holder?.node,
                entriesBehind: max(0, (seen?.seq ?? 0) - member.place.seq),
                silentMilliseconds: state.seenAt.map { now.since($0) })
            switch member.lease.state {
            case .follower: standing.obstacle = state.obstacle
            case .leader: standing.role = .leader
            case .suspended: standing.role = .suspended
            case .fenced: standing.role = .fenced
            case .apart(let why): (standing.role, standing.apart) = (.apart, why)
            }
            if member.lease.tenure != nil {
                (standing.leader, standing.entriesBehind) = (node, 0)
                standing.silentMilliseconds = nil
            }
            return standing
        }
    }
}
