package import Store
package import Timetable

/// The heart of the scheduler: takes inputs and the time, gives effects
/// (docs/protocol.md#the-turn).
///
/// Synchronous and without any clock of its own, so the simulation drives exactly what the daemon
/// runs. Each turn is one transaction; state that matters is in the ledger, `memory` is a cache.
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

    /// Limits of a turn: every loop ends.
    package struct Limits: Sendable {
        package var inputsMax = 512
        package var slotRowsMax = 2000
        /// Few enough that the first starts of a full second are on the wire while the next are
        /// decided, many enough to share a commit.
        package var decisionsMax = 256
        /// Runs that a turn takes up at most; each answer brings another turn.
        package var pollsMax = 32
        /// Runs whose pace a list sets anew at most.
        package var sweptRunsMax = 10_000
        package var preflightsMax = 32
        /// How far ahead of a slot the look is fetched.
        package var lookLeadMilliseconds: Int64 = 30_000
        /// How old a look may be when a start goes out on it.
        package var lookAgeMaxMilliseconds: Int64 = 60_000
        /// An effect not on the wire by then is dropped unsent.
        package var sendWithinMilliseconds: Int64 = 20_000
        package var clockSkewMaxMilliseconds: Int64 = 120_000
        /// Full reads in flight at most; with a list, of 16 MiB each at most: 64 MiB in all
        /// (docs/protocol.md#status-poller).
        package var readsInFlightMax = 3
        /// Keeps the view `upcoming`, which nobody reads in a play of `carillon simulate`.
        package var keepsUpcoming = true

        /// The limits of docs/protocol.md.
        package init() {}
    }

    /// Guards of the protocol that negative tests switch off one by one.
    package struct Guards: Sendable, Equatable {
        package var looksBeforeStart = true
        package var settlesUnknown = true
        package var recoversStarting = true
        package var keepsHints = true
        /// Absence is proven by three looks over `settle_within`, not by the first one.
        package var waitsToSettle = true
        /// A run that was there before the attempt is not taken for the attempt's own.
        package var comparesBaseline = true
        /// A slot from before this start goes out only where no run of ours may be its own already.
        package var looksAfterDownTime = true
        /// A refusal that isn't the API's own decides nothing.
        package var refusesForeignAnswers = true
        /// Instants of the server are compared with ours by all that is known of its clock.
        package var readsClockAsInterval = true

        /// All guards on.
        package init() {}

        /// The guards by name.
        package static let names = [
            "looksBeforeStart", "settlesUnknown", "recoversStarting", "keepsHints",
            "waitsToSettle", "comparesBaseline", "looksAfterDownTime", "refusesForeignAnswers",
            "readsClockAsInterval",
        ]

        /// All guards but one; nil if there is none of that name.
        package init?(without name: String) {
            switch name {
            case "looksBeforeStart": looksBeforeStart = false
            case "settlesUnknown": settlesUnknown = false
            case "recoversStarting": recoversStarting = false
            case "keepsHints": keepsHints = false
            case "waitsToSettle": waitsToSettle = false
            case "comparesBaseline": comparesBaseline = false
            case "looksAfterDownTime": looksAfterDownTime = false
            case "refusesForeignAnswers": refusesForeignAnswers = false
            case "readsClockAsInterval": readsClockAsInterval = false
            default: return nil
            }
        }
    }

    let book: TurnBook
    let gate: Gate
    let lister: Lister
    let follower: Follower
    let settler: Settler
    let resolver: Resolver
    let ledger: Ledger
    package let limits: Limits
    package var guards: Guards {
        get { book.guards }
        set { book.guards = newValue }
    }
    let recompile: @Sendable (String) -> FiringRule?
    let life: Life
    let roster: Roster
    let slots: Slots
    let notices: Notices

    var configuration: EngineConfiguration? { roster.configuration }
    var schedules: [String: Schedule] { roster.schedules }
    var memory = Memory()
    /// Slots whose last answer said how long to wait: what wakes them otherwise is no reason to go
    /// before.
    var backoffs = UndoTable<Int64, (connection: String, until: Instant)>()
    var turn = TurnState()
    /// The ledger was opened anew since the last turn.
    var isFateUnknown = false

    /// What one turn counts.
    struct TurnState {
        var slotRows = 0
        /// Starts that wait for the ramp already: each gets a place of its own.
        var rampWaiting: Int64 = 0
    }
    /// Some old history was removed in this turn; a turn that fails is told by it.
    var isPruning = false

    /// Makes the heart over an open ledger.
    ///
    /// - Parameters:
    ///   - ledger: the only writing connection.
    ///   - pid: goes into the ledger for people.
    ///   - version: of this binary, for people.
    ///   - recompile: turns a stored `rule_source` back into a rule; nil if it can't.
    ///   - limits: bounds of a turn.
    package init(
        ledger: Ledger, pid: Int32, version: String,
        recompile: @escaping @Sendable (String) -> FiringRule?, limits: Limits = Limits()
    ) {
        self.ledger = ledger
        self.recompile = recompile
        self.limits = limits
        book = TurnBook(ledger: ledger, limits: limits)
        life = Life(book: book, pid: pid, version: version)
        roster = Roster(book: book)
        slots = Slots(book: book, roster: roster)
        gate = Gate(book: book)
        lister = Lister(book: book, gate: gate, roster: roster)
        follower = Follower(
            book: book, gate: gate, lister: lister, roster: roster, life: life)
        settler = Settler(
            book: book, roster: roster, slots: slots, lister: lister, runs: follower.runs)
        resolver = Resolver(book: book, gate: gate, settler: settler)
        notices = Notices(book: book, roster: roster)
        let rooms: [any Room] = [life, roster, notices, self]
        for room in rooms { book.join(room) }
    }

    /// Takes one turn: applies the inputs, creates due slots, decides, collects effects.
    ///
    /// - Parameters:
    ///   - inputs: in the order of their arrival, at most `limits.inputsMax`.
    ///   - now: the moment of the turn.
    /// - Returns: the effects, to be released now that they are durable.
    /// - Throws: `StoreError`; nothing of the turn has happened then, take it again with the same
    ///   inputs after `.full` and `.busy`, and end the process after anything else.
    package func take(_ inputs: [Input], now: Now) throws -> Result {
        let changesBefore = ledger.database.totalChanges
        turn = TurnState()
        isPruning = false
        do {
            let result = try book.turn(at: now) {
                try pass(inputs)
                return Result(
                    effects: book.effects, nextDeadline: try nextDeadline(),
                    didWrite: ledger.database.totalChanges != changesBefore)
            }
            isFateUnknown = false
            return result
        } catch {
            if isPruning { postponePruning(at: now.wall) }
            throw error
        }
    }

    /// The order of a turn; a reader follows a slot through it from top to bottom.
    private func pass(_ inputs: [Input]) throws {
        try readClock()
        try recoverUnreleased()
        for input in inputs {
            if configuration == nil, case .configuration = input {
                // Without it there is nothing to go on with: a failure ends the process.
                try ledger.savepoint { try apply(input) }
                continue
            }
            let done = try book.step("apply an input") { try apply(input) }
            if !done, case .answer(let requestID, _) = input { try abandon(requestID) }
        }
        if configuration != nil {
            try createDueSlots()
            try createAfterSlots()
            try settler.settleUnknown()
            try decidePending()
            try slots.remindHeld()
            try settler.recoverUnanswered()
            try checkAhead()
            if !isStopping { try follower.lookAtRuns() }
            try follower.strangers.lookAfterStarts()
            if !isStopping {
                try gate.tend(roster.connections)
                try heed()
                try lister.sendLists()
                try heed()
            }
            if limits.keepsUpcoming { try refreshUpcoming() }
            try pruneHistory()
        }
        try notices.tend(isStopping: life.isStopping)
        try book.saveRows()
        try life.endTurn()
    }

    /// Takes a request out of all books, as if it had never been wanted.
    func forget(_ requestID: UInt64) {
        guard let request = gate.request(requestID) else { return }
        gate.close(requestID)
        switch request.purpose {
        case .start, .token: break
        case .sweep: lister.forget(request.connection)
        case .readRun(let runKey): follower.forget(runKey)
        case .validate(let slotID): memory.validatingSlots.remove(slotID)
        case .preflight(let schedule, _): memory.validatingSchedules.remove(schedule)
        case .nameRun: break
        }
    }

    /// The wall clock's reading of this turn.
    var now: Instant { book.now }

    /// Hands on what lower rooms have told, also what that leads to.
    func heed() throws {
        while book.hasNews { for news in book.takeNews() { try heed(news) } }
    }

    private func heed(_ news: News) throws {
        switch news {
        case .ended(let schedule): memory.endedUpstreams.insert(schedule)
        case .recovered(let connection):
            for slotID in Array(backoffs.keys)
            where backoffs[slotID]?.connection == connection { backoffs[slotID] = nil }
        case .wantsLook(let connection): lister.want(look: connection, .start)
        case .clockAgrees(let instant): try noteClockAgrees(at: instant)
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
        guard configuration != nil, !life.isStopping else { return nil }
        if book.wantsTurnSoon { return now }
        var candidates = book.nextWake.map { [$0] } ?? []
        if let at = try ledger.nextSlotAction() { candidates.append(at) }
        if let at = try ledger.nextScheduleDue() { candidates.append(at) }
        // Runs that are due already wait for a sweep, a hint or the budget, whose instants are
        // among the deadlines; their own would be a hot loop.
        if let at = try ledger.nextPoll(after: now) { candidates.append(at) }
        for name in configuration?.connections.keys.sorted() ?? [] {
            if let at = try ledger.nextPreflight(connection: name, after: now) {
                candidates.append(at)
            }
        }
        if let at = try ledger.nextOverTime(after: now) { candidates.append(at) }
        return candidates.min()
    }
}

extension Clockwork: Room {
    func keep() -> () -> Void {
        let (memory, turn) = (memory, turn)
        let mark = backoffs.mark
        return { [self] in
            self.memory = memory
            self.turn = turn
            backoffs.restore(to: mark)
        }
    }

    func settle() { backoffs.forgetChanges() }
}
