package import Store
package import Timetable

/// The heart of the scheduler: takes inputs and the time, gives effects
/// (docs/protocol.md#the-turn).
///
/// Synchronous and without any clock of its own, so the simulation drives exactly what the daemon
/// runs. Each turn is one transaction; state that matters is in the ledger, the rest is a cache.
package final class Clockwork {
    /// What a turn hands to the shell.
    package struct Result: Sendable {
        /// Released in this order, now that the turn is durable.
        package var effects: [Effect]
        /// When the next turn is due at the latest; nil: only an input wakes us.
        package var nextDeadline: Instant?
        /// Something was written.
        package var didWrite: Bool
    }

    let ledger: Ledger
    package let limits: Limits
    let book: TurnBook
    let life: Life
    let roster: Roster
    let slots: Slots
    let gate: Gate
    let lister: Lister
    let follower: Follower
    let settler: Settler
    let resolver: Resolver
    let enumerator: Enumerator
    let upstreams: Upstreams
    let upcoming: Upcoming
    let calendarWatch: CalendarWatch
    let brakes: Brakes
    let clockSteps: ClockSteps
    let preflight: Preflight
    let expiries: Expiries
    let backoffs: Backoffs
    let validations: Validations
    let starter: Starter
    let startAnswers: StartAnswers
    let pruner: Pruner
    let reload: Reload
    let people: Operator
    let notices: Notices
    /// The ledger was opened anew since the last turn.
    var isFateUnknown = false

    /// Makes the heart over an open ledger.
    ///
    /// - Parameters:
    ///   - ledger: the only writing connection.
    ///   - pid: goes into the ledger for people.
    ///   - version: of this binary, for people.
    ///   - recompile: turns a stored `rule_source` back into a rule; nil if it can't.
    ///   - limits: bounds of a turn.
    ///   - guards: of the protocol; negative tests switch one off.
    ///   - membership: of two hosts; nil: there is one.
    ///   - firstRequestID: higher than any of an earlier life of this process.
    package init(
        ledger: Ledger, pid: Int32, version: String,
        recompile: @escaping @Sendable (String) -> FiringRule?, limits: Limits = Limits(),
        guards: Guards = Guards(), membership: Membership? = nil, firstRequestID: UInt64 = 1
    ) {
        self.ledger = ledger
        self.limits = limits
        // From the lowest room to the highest: each is given those that it calls.
        book = TurnBook(ledger: ledger, limits: limits, guards: guards)
        life = Life(book: book, pid: pid, version: version, membership: membership)
        roster = Roster(book: book)
        slots = Slots(book: book, roster: roster)
        let ground = Ground(book: book, life: life, roster: roster, slots: slots)
        gate = Gate(book: book, firstRequestID: firstRequestID)
        lister = Lister(ground, gate: gate)
        follower = Follower(ground, gate: gate, lister: lister)
        settler = Settler(ground: ground, lister: lister, runs: follower.runs)
        resolver = Resolver(ground: ground, gate: gate, settler: settler)
        let plan = PreflightPlan(ground: ground)
        preflight = Preflight(ground, gate: gate, lister: lister, plan: plan)
        expiries = Expiries(ground)
        enumerator = Enumerator(ground, lister: lister, preflights: plan)
        upstreams = Upstreams(ground, lister: lister)
        upcoming = Upcoming(ground)
        calendarWatch = CalendarWatch(ground)
        brakes = Brakes(ground, upcoming: upcoming)
        clockSteps = ClockSteps(ground: ground, lister: lister, enumerator: enumerator)
        backoffs = Backoffs(ground)
        validations = Validations(ground, gate: gate, backoffs: backoffs)
        starter = Starter(
            ground, gate: gate, lister: lister, follower: follower, backoffs: backoffs,
            validations: validations)
        startAnswers = StartAnswers(
            ground: ground, gate: gate, follower: follower, settler: settler, backoffs: backoffs)
        pruner = Pruner(ground)
        reload = Reload(
            ground: ground, gate: gate, lister: lister, settler: settler, preflights: plan,
            enumerator: enumerator, upcoming: upcoming, clockSteps: clockSteps,
            recompile: recompile)
        people = Operator(
            ground: ground, gate: gate, lister: lister, resolver: resolver, upcoming: upcoming,
            pruner: pruner)
        notices = Notices(ground)
        let rooms: [any Room] = [
            life, roster, preflight, expiries, enumerator, upstreams, upcoming, calendarWatch,
            brakes, backoffs, validations, starter, pruner, notices,
        ]
        for room in rooms { book.join(room) }
    }

    /// Takes one turn: applies the inputs, creates due slots, decides, collects effects.
    ///
    /// - Parameters:
    ///   - inputs: in the order of their arrival, at most `limits.inputsMax`.
    ///   - now: the moment of the turn.
    ///   - provesWrites: earlier turns were refused: this one writes, whatever it has to do.
    /// - Returns: the effects, to be released now that they are durable.
    /// - Throws: `StoreError`; nothing of the turn has happened then, take it again with the same
    ///   inputs after `.full` and `.busy`, and end the process after anything else.
    package func take(
        _ inputs: [Input], now: Now, provesWrites: Bool = false
    ) throws -> Result {
        let changesBefore = ledger.database.totalChanges
        do {
            let result = try book.turn(at: now) {
                try outcome(
                    of: inputs, changesBefore: changesBefore, provesWrites: provesWrites)
            }
            isFateUnknown = false
            return result
        } catch {
            pruner.turnFailed(at: now.wall)
            throw error
        }
    }

    func outcome(
        of inputs: [Input], changesBefore: Int, provesWrites: Bool
    ) throws -> Result {
        try pass(inputs)
        try life.endTurn(mustWrite: provesWrites)
        return Result(
            effects: book.effects, nextDeadline: try nextDeadline(),
            didWrite: ledger.database.totalChanges != changesBefore)
    }

    /// The order of a turn; a reader follows a slot through it from top to bottom.
    private func pass(_ inputs: [Input]) throws {
        try clockSteps.read()
        try recoverUnreleased()
        for input in inputs {
            if roster.configuration == nil || isFateUnknown, case .configuration = input {
                // Without it there is nothing to go on with, or the ledger may stand on it already:
                // a failure ends the process.
                try ledger.savepoint { try apply(input) }
                continue
            }
            let done = try book.step("apply an input") { try apply(input) }
            if !done { try refuse(input) }
        }
        let isStopping = life.isStopping
        if roster.configuration != nil {
            if isStopping { try finish() } else { try goOn() }
        }
        try notices.tend(isStopping: isStopping)
        try book.saveRows()
    }

    private func goOn() throws {
        try enumerator.createDueSlots()
        try heed()
        try brakes.pauseTheFailing()
        try upstreams.createAfterSlots()
        try settler.settleUnknown()
        try starter.decidePending()
        try slots.remindHeld()
        try settler.recoverUnanswered()
        try preflight.checkAhead()
        try expiries.warn()
        try follower.lookAtRuns()
        try follower.strangers.lookAfterStarts()
        try gate.tend(roster.connections)
        try heed()
        try lister.sendLists()
        try heed()
        try upcoming.refresh()
        try calendarWatch.tend()
        try pruner.prune()
    }

    /// A daemon that is being stopped begins nothing: what has an answer is settled and told.
    private func finish() throws {
        try heed()
        try settler.settleUnknown()
        try slots.remindHeld()
        try settler.recoverUnanswered()
        try expiries.warn()
        try follower.strangers.lookAfterStarts()
        try calendarWatch.tend()
    }

    /// Whoever waits for what could not be applied hears of it.
    private func refuse(_ input: Input) throws {
        let reply = CommandReply(
            exitCode: 1, message: "it could not be applied, and nothing of it was: carillon errors")
        switch input {
        case .answer(let requestID, _):
            if case .nameRun(_, _, let commandID, _)? = gate.request(requestID)?.purpose {
                book.reply(commandID, reply)
            }
            try abandon(requestID)
        case .command(let id, _, _): book.reply(id, reply)
        case .configuration(_, let id?): book.reply(id, reply)
        case .configuration, .credentialChanged, .trouble, .delivered, .stop: break
        }
    }

    /// Puts attempts in doubt that a COMMIT of unknown fate has left behind.
    ///
    /// No request of theirs was released, so no answer will come. Those on the wire go on.
    private func recoverUnreleased() throws {
        guard isFateUnknown else { return }
        try settler.recoverStarting(except: gate.attemptsOut)
    }

    /// Hands on what lower rooms have told, also what that leads to.
    func heed() throws {
        while book.hasNews { for news in book.takeNews() { try heed(news) } }
    }

    private func heed(_ news: News) throws {
        switch news {
        case .ended(let schedule):
            upstreams.note(ended: schedule)
            brakes.note(ended: schedule)
        case .recovered(let connection): backoffs.end(of: connection)
        case .wantsLook(let connection): lister.want(look: connection, .start)
        case .clockAgrees(let instant): try clockSteps.noteAgreement(at: instant)
        case .shown(let sighting):
            try book.step("apply the list's item \(sighting.look.processID)") {
                lister.looks.note(sighting)
                try follower.note(sighting)
                try settler.settle(sighting.look, sighting.connection)
                try lister.looks.settle(sighting)
            }
        case .listed(let connection, let since): try follower.noteListed(connection, since: since)
        }
    }

    private func nextDeadline() throws -> Instant? {
        // A daemon that is being stopped waits for answers only.
        guard roster.configuration != nil, !isStopping else { return nil }
        let now = book.now
        if book.wantsTurnSoon { return now }
        var candidates = book.nextWake.map { [$0] } ?? []
        if let at = try ledger.nextSlotAction() { candidates.append(at) }
        if let at = try ledger.nextScheduleDue() { candidates.append(at) }
        // Runs that are due already wait for a sweep, a hint or the budget, whose instants are
        // among the deadlines; their own would be a hot loop.
        if let at = try ledger.nextPoll(after: now) { candidates.append(at) }
        for name in roster.connections.keys.sorted() {
            if let at = try ledger.nextPreflight(connection: name, after: now) {
                candidates.append(at)
            }
        }
        if let at = try ledger.nextOverTime(after: now) { candidates.append(at) }
        return candidates.min()
    }

    // MARK: What the shell asks

    /// Opens and checks the ledger anew, after a write of which only the disk knows what became.
    ///
    /// - Throws: `StoreError`; to be tried again if it is passing.
    package func reopen(now: Now) throws {
        try ledger.reopen(now: now.wall)
        isFateUnknown = true
    }

    /// Between turns: gives memory back that only what was done now has needed.
    package func giveBackMemory() { ledger.database.giveBackMemory() }

    /// The daemon is being stopped: no new request goes out.
    package var isStopping: Bool { life.isStopping }

    /// POSTs on the wire, which a stop waits for.
    package var startsInFlight: Int { gate.startsInFlight }

    /// Nothing that rooms know beside the ledger could change what comes next.
    ///
    /// - Parameter monotonicMilliseconds: nothing is asked for before then, so a token that can't be
    ///   used any more by then is as good as none.
    /// - Returns: false if a request is out or wanted, a token can be used, or lists go on.
    package func isAtRest(until monotonicMilliseconds: Int64) -> Bool {
        gate.isIdle && lister.isAtRest && follower.strangers.isAtRest && !book.hasNews
            && upstreams.isIdle && brakes.isIdle && backoffs.isEmpty
            && !gate.hasToken(until: monotonicMilliseconds)
    }

    /// The slot that a start on the wire is for; nil for other requests (the simulation's book).
    package func slotID(ofRequest id: UInt64) -> Int64? {
        guard case .start(_, let slotID)? = gate.request(id)?.purpose else { return nil }
        return slotID
    }

    /// Notes a damage that a turn has met, as far as the file takes it: the next start reads less than
    /// turns do, and would find nothing.
    func noteDamage(_ error: StoreError, now: Now) {
        // One that an opening has found is found by the next one, too.
        guard !ledger.database.isClosed else { return }
        let words =
            "\(error.cause): nothing is started any more; keep the file, and restore a backup made "
            + "by carillon backup"
        life.stop(damage: error.cause)
        try? ledger.transaction {
            try ledger.raise(
                kind: .damaged, subject: ledger.database.path, whatToDo: words, now: now.wall)
            // A life that has not begun yet has no end.
            try ledger.noteUnchecked()
            try life.end(at: now.wall)
        }
    }

    /// Notes how this life ended.
    ///
    /// - Throws: `StoreError` if that can't be written, or of kind `.corrupt` if a damage ended it.
    func close(now: Now) throws {
        try ledger.transaction { try life.end(at: now.wall) }
        if let damage = life.damage { throw ledger.damage(damage) }
        ledger.emptyLog()
    }
}
