import Cluster
import Store
import Timetable

/// A scheduler whose ledger is a member of a log: it follows until the lease is its own, leads until it
/// is fenced, and follows again (docs/cluster.md, States).
extension Scheduler {
    /// The turn that was in hand is dropped: this life leads no more.
    struct Fenced: Error {}

    /// Under what a life leads.
    private struct Lead {
        var tenure: Tenure
        var clockDifferenceMilliseconds: Int64
    }

    /// How soon a leader looks again whether the log answers (R9).
    private static let suspendedMilliseconds: Int64 = 100

    /// Follows and leads until it is asked to stop.
    ///
    /// - Throws: `StoreError` that only a restart or a person can recover from.
    func run(with shared: SharedLog) async throws {
        let log = shared.connect()
        guard let ledger = try await opened(shared) else { return }
        while true {
            guard try await beginLife(ledger, shared.seat) else { return }
            guard let lead = try await follow(ledger, log, shared.seat) else { return }
            let membership = Membership(
                node: shared.seat.node, stallMilliseconds: shared.stallMilliseconds,
                clockDifferenceMilliseconds: lead.clockDifferenceMilliseconds)
            say(.notice, "leads term \(lead.tenure.term)")
            guard try await migrate(ledger, log, shared.seat) else { continue }
            let clockwork = shared.makeClockwork(
                ledger, membership, shared.seat.firstRequestID)
            refusals = Refusals()
            refusals.noteOpened()
            post = Post(
                seat: shared.seat, log: log, install: try ledger.logPlace()?.install ?? "")
            first = backlog.inputs
            let isOver = try await self.lead(clockwork, shared.seat)
            post = nil
            mustReopen = mustReopen || refusals.mustReopen
            if isOver {
                let isForAnother = isHandingOver && !isAskedToStop
                resign(log, shared.seat, rests: isForAnother)
                guard isForAnother, !Task.isCancelled else { return }
                say(.notice, "leads no more: the lease was handed over")
            } else {
                say(.warning, "leads no more: the lease is another's, or could not be kept")
            }
            (isHandingOver, stopBy) = (false, nil)
        }
    }

    /// All is done that was in hand: nobody is to wait for the lease to end.
    private func resign(_ log: any TurnLog, _ seat: LogSeat, rests: Bool) {
        guard let request = seat.resign(rests: rests) else { return }
        if log.perform(request) != .resigned {
            say(.warning, "the lease could not be given up, and ends by itself")
        }
    }

    func say(_ level: LogLine.Level, _ words: String) {
        observer.release(.log(LogLine(level: level, message: "node: \(words)")))
    }

    // MARK: Following

    private func opened(_ shared: SharedLog) async throws -> Ledger? {
        while true {
            let now = clock.now()
            do {
                let ledger = try shared.openLedger()
                refusals.noteOpened()
                return ledger
            } catch let error as StoreError where error.isPassing {
                let inputs = inbox.take(max: Limits().inputsMax)
                for input in inputs { backlog.note(input) }
                guard await outlast(error, refusals.inputs + inputs, now: now) else { return nil }
            }
        }
    }

    /// A life begins on what the file says, which is opened anew where only the disk tells that.
    ///
    /// - Returns: false: it was asked to stop.
    private func beginLife(_ ledger: Ledger, _ seat: LogSeat) async throws -> Bool {
        while true {
            do {
                if mustReopen { try ledger.reopen(now: clock.now().wall) }
                mustReopen = false
                try begin(ledger, seat)
                return true
            } catch let error as StoreError where error.isPassing {
                note(error)
                observer.storeFailing(error)
                observer.turnCompleted(clock.now())
                guard hear(seat), !Task.isCancelled else { return false }
                await clock.sleep(milliseconds: Self.refusedMilliseconds)
            }
        }
    }

    /// After all but FULL and BUSY only the disk tells what is in the file.
    func note(_ error: StoreError) {
        if error.kind != .full, error.kind != .busy { mustReopen = true }
    }

    static let refusedMilliseconds: Int64 = 1_000
    /// A follower asks itself so often whether it might lead: a thousand schedules are compared.
    private static let judgeMilliseconds: Int64 = 30_000

    private func begin(_ ledger: Ledger, _ seat: LogSeat) throws {
        try ledger.moveIn(as: seat.identify(), on: seat.host)
        guard let place = try ledger.logPlace() else {
            let isRestored = try ledger.daemon().isRestored
            throw StoreError(
                kind: .foreign, attempted: "follow the log", path: ledger.database.path,
                cause: isRestored
                    ? "the ledger is a backup that was put back, and no member of a cluster"
                    : "the ledger is no member of a cluster",
                advice: "put a copy of the leader's in its place (`carillon backup --member`), or "
                    + (isRestored
                        ? "begin a new log with this one by `carillon cluster init --from-backup`"
                        : "make it the first entry of a log by `carillon cluster init`"))
        }
        seat.begin(
            at: place, schema: try ledger.migrationCount(), known: ledger.schema.count)
    }

    /// Takes in what others have done.
    ///
    /// - Returns: nil: it was asked to stop.
    private func follow(
        _ ledger: Ledger, _ log: any TurnLog, _ seat: LogSeat
    ) async throws -> Lead? {
        var said: LeaseMachine.Apart?
        var judged: (plan: String?, at: Int64)?
        while true {
            let now = clock.now()
            do {
                guard hear(seat) else { return nil }
                if let lead = try look(ledger, log, seat) { return lead }
                if seat.isUpToDate, isDue(judged, now) {
                    _ = try obstacle(ledger, seat)
                    judged = (backlog.plan?.contentHash, now.monotonicMilliseconds)
                }
                if let apart = seat.standing?.apart, apart != said {
                    said = apart
                    say(.error, "is apart, and never leads: \(apart.words)")
                }
                observer.storeFailing(nil)
                observer.turnCompleted(now)
            } catch let error as StoreError where error.isPassing {
                observer.storeFailing(error)
                observer.turnCompleted(now)
                note(error)
                await clock.sleep(milliseconds: Self.refusedMilliseconds)
                guard try await beginLife(ledger, seat) else { return nil }
            }
            if Task.isCancelled { return nil }
            await clock.sleep(milliseconds: LeaseTiming.pollMilliseconds)
        }
    }

    /// What people and the surroundings say to a node that follows.
    ///
    /// - Returns: false: it is to stop.
    private func hear(_ seat: LogSeat) -> Bool {
        let leader = seat.standing?.leader
        for input in inbox.take(max: Limits().inputsMax) {
            if case .stop = input { return false }
            backlog.note(input)
            if let reply = Backlog.answer(to: input, leader: leader) { observer.release(reply) }
        }
        return true
    }

    /// One look at the log, and all that it leads to.
    private func look(_ ledger: Ledger, _ log: any TurnLog, _ seat: LogSeat) throws -> Lead? {
        guard let poll = seat.poll else { return nil }
        var course = Member.Course.ask(poll)
        while true {
            switch course {
            case .wait: return nil
            case .fenced:
                try begin(ledger, seat)
                return nil
            case .lead(let tenure, let difference):
                return Lead(tenure: tenure, clockDifferenceMilliseconds: difference)
            case .ask(let request):
                if case .take = request, try !mayLead(ledger, seat) { return nil }
                let sentAt = seat.now
                course = seat.receive(
                    log.perform(request), to: request, sentAt: sentAt)
            case .apply(let entries, let place):
                let install = try ledger.logPlace()?.install ?? ""
                let conflict = try ledger.follow(
                    entries.map(\.body), to: LogPlace(place, install: install))
                observer.turnCompleted(clock.now())
                course = seat.applied(conflict: conflict?.words)
                if inbox.hasStop { return nil }
            case .migrate(let entry, let place):
                let install = try ledger.logPlace()?.install ?? ""
                let conflict = try ledger.migrate(
                    by: entry.body, to: LogPlace(place, install: install),
                    working: living(seat))
                observer.turnCompleted(clock.now())
                course = seat.applied(conflict: conflict)
                if inbox.hasStop { return nil }
            }
        }
    }

    /// What would keep it from leading is told while another one still leads, not when that has died (R6).
    private func isDue(_ judged: (plan: String?, at: Int64)?, _ now: Now) -> Bool {
        guard let judged, judged.plan == backlog.plan?.contentHash else { return true }
        return now.monotonicMilliseconds - judged.at >= Self.judgeMilliseconds
    }

    /// What is in the way beside the lease, told whenever it is another (R6).
    private func obstacle(_ ledger: Ledger, _ seat: LogSeat) throws -> LeadObstacle? {
        let obstacle = try LeadObstacle.judge(
            backlog.plan, ledger, clockMilliseconds: seat.clockMilliseconds)
        let known = seat.standing?.obstacle
        if let obstacle, obstacle != known {
            say(.error, "may not lead: it \(obstacle.words)")
        } else if obstacle == nil, known != nil {
            say(.notice, "may lead again, if the lease comes to it")
        }
        seat.note(obstacle)
        return obstacle
    }

    /// Nothing but the lease is in the way (R6).
    private func mayLead(_ ledger: Ledger, _ seat: LogSeat) throws -> Bool {
        guard try obstacle(ledger, seat) == nil, let place = try ledger.logPlace() else {
            return false
        }
        // A disk that can't be written leads nothing: noting the place again shows it.
        _ = try ledger.follow([], to: place)
        return true
    }

    // MARK: Leading

    /// Takes turns until the lease is lost.
    ///
    /// - Returns: false: it is, and this node follows; true: it was asked to stop.
    private func lead(_ clockwork: Clockwork, _ seat: LogSeat) async throws -> Bool {
        while let mayTurn = seat.mayTurn {
            do {
                if mayTurn {
                    guard try await step(clockwork) else { return true }
                } else if isRefusedByDisk {
                    // It can't write, and nobody is to wait for that.
                    seat.fence()
                } else {
                    guard await suspend(seat) else { return true }
                }
            } catch is Fenced {}
        }
        // A stop that was under way needs no lease.
        return clockwork.isStopping
    }

    /// The hold is over, and the log does not answer: no turn, as with a full disk (R9).
    ///
    /// - Returns: false: it was asked to stop.
    private func suspend(_ seat: LogSeat) async -> Bool {
        let error = StoreError(
            kind: .busy, attempted: "take a turn", path: seat.node,
            cause: "the log of the cluster does not answer, and the lease is over",
            advice: "nothing is sent until it answers")
        let taken = inbox.take(max: Limits().inputsMax)
        for input in taken { backlog.note(input) }
        if taken.contains(where: \.isStop) { isAskedToStop = true }
        let now = clock.now()
        seat.noteAlive()
        for reply in refusals.note(error, refusals.inputs + taken) { observer.release(reply) }
        observer.storeFailing(error)
        observer.turnCompleted(now)
        guard !refusals.isStopped, !Task.isCancelled else { return false }
        await clock.sleep(milliseconds: Self.suspendedMilliseconds)
        return true
    }

    /// A turn that counts when the log has it (R1).
    ///
    /// - Throws: `StoreError` of a turn that never was; `Fenced` if the log does not have it, or the ledger
    ///   couldn't take what the log has.
    func take(
        _ inputs: [Input], _ clockwork: Clockwork, _ post: Post, now: Now
    ) throws -> Clockwork.Result {
        let turn = try clockwork.open(inputs, now: now, provesWrites: refusals.isAny)
        do {
            let result = try keep(turn, clockwork, post, now: now)
            post.seat.noteAlive()
            return result
        } catch let fenced as Fenced {
            for input in inputs {
                // The stop of a life that was to hand over is over with it.
                if case .stop = input, isAskedToStop { inbox.post(input) }
                if let reply = Backlog.doubt(of: input) { observer.release(reply) }
            }
            throw fenced
        }
    }

    /// The last turn of a life that ends by itself.
    func end(_ clockwork: Clockwork, _ post: Post, now: Now) throws {
        guard post.seat.mayTurn == true else { return }
        _ = try keep(try clockwork.openEnd(now: now), clockwork, post, now: now)
        clockwork.emptyLog()
    }

    private func keep(
        _ turn: Clockwork.OpenTurn, _ clockwork: Clockwork, _ post: Post, now: Now
    ) throws -> Clockwork.Result {
        guard !turn.changes.isEmpty else { return try clockwork.commit(turn, at: nil) }
        guard let place = append(turn.changes, .turn, post, now: now) else {
            clockwork.rollBack()
            throw Fenced()
        }
        do {
            let result = try clockwork.commit(turn, at: place)
            post.seat.committed()
            return result
        } catch {
            // The log is ahead of this ledger: another one leads, and this one follows.
            say(.error, "a turn is in the log, and could not be written here: \(error)")
            if let error = error as? StoreError { note(error) }
            post.seat.fence()
            throw Fenced()
        }
    }

    /// Asks until it is known what became of an append (R3).
    ///
    /// - Returns: where the ledger stands with it; nil: it never was, or is not ours to say.
    func append(
        _ changes: [UInt8], _ kind: LogEntry.Kind, _ post: Post, now: Now
    ) -> LogPlace? {
        guard var request = post.seat.append(changes, kind, wall: now.wall) else { return nil }
        while true {
            let sentAt = post.seat.now
            let answer = post.log.perform(request)
            switch post.seat.receive(append: answer, sentAt: sentAt) {
            case .lost: return nil
            case .kept(let place): return LogPlace(place, install: post.install)
            case .ask(let next):
                request = next
                guard answer == .unknown else { continue }
                // It waits, and lives.
                observer.turnCompleted(clock.now())
                if inbox.hasStop || Task.isCancelled {
                    post.seat.fence()
                    return nil
                }
                clock.hold(milliseconds: Self.suspendedMilliseconds)
            }
        }
    }
}
