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

        /// All guards on.
        package init() {}

        /// The guards by name.
        package static let names = [
            "looksBeforeStart", "settlesUnknown", "recoversStarting", "keepsHints",
            "waitsToSettle", "comparesBaseline", "looksAfterDownTime",
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
            default: return nil
            }
        }
    }

    let ledger: Ledger
    package let limits: Limits
    package var guards = Guards()
    let recompile: @Sendable (String) -> FiringRule?
    let pid: Int32
    let version: String

    var configuration: EngineConfiguration?
    var schedules: [String: Schedule] = [:]
    /// Process ids that a schedule names, by base URL: only their external runs are recorded.
    var namedProcesses: Set<ProcessKey> = []
    /// Processes that no schedule names, with runs that are still looked at.
    var followedProcesses: Set<ProcessKey> = []
    var memory = Memory()
    /// The last look at each process that a schedule names or that has an open run.
    ///
    /// Not in `memory`: a copy of a hundred thousand looks for every turn would cost more than the
    /// turn; what a turn changes is noted instead, and put back if it fails.
    private(set) var looks: [ProcessKey: KnownLook] = [:]
    var turn = TurnState()
    /// Users that lists have shown: a cache of words, so a turn that fails may leave it as it is.
    var userIDs: Set<String> = []

    /// What one turn collects.
    struct TurnState {
        var now = Now(wall: Instant(milliseconds: 0), monotonicMilliseconds: 0)
        var effects: [Effect] = []
        var connections: [String: ConnectionRow] = [:]
        var daemon: DaemonRow?
        var slotRows = 0
        var wantsTurnSoon = false
        var deadlines: [Instant] = []
        /// Starts by connection that wait for the budget already, or for the ramp: each gets a
        /// place of its own.
        var startsWaiting: [String: Int64] = [:]
        var rampWaiting: Int64 = 0
        /// Some old history was removed.
        var isPruning = false
        var looksBefore: [ProcessKey: KnownLook?] = [:]
        var allLooksBefore: [ProcessKey: KnownLook]?
    }

    func know(_ look: KnownLook, of key: ProcessKey) {
        let before = looks.updateValue(look, forKey: key)
        if turn.allLooksBefore == nil, turn.looksBefore[key] == nil {
            turn.looksBefore[key] = .some(before)
        }
    }

    func forgetLooks() {
        if turn.allLooksBefore == nil { turn.allLooksBefore = looks }
        looks = [:]
    }

    private func putLooksBack() {
        if let all = turn.allLooksBefore { looks = all }
        for (key, before) in turn.looksBefore { looks[key] = before }
    }

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
        self.pid = pid
        self.version = version
        self.recompile = recompile
        self.limits = limits
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
        let saved = (memory, configuration, schedules, namedProcesses, followedProcesses)
        let changesBefore = ledger.database.totalChanges
        turn = TurnState()
        turn.now = now
        do {
            return try ledger.transaction {
                try pass(inputs)
                return Result(
                    effects: turn.effects, nextDeadline: try nextDeadline(),
                    didWrite: ledger.database.totalChanges != changesBefore)
            }
        } catch {
            (memory, configuration, schedules, namedProcesses, followedProcesses) = saved
            putLooksBack()
            if turn.isPruning { postponePruning() }
            throw error
        }
    }

    /// The order of a turn; a reader follows a slot through it from top to bottom.
    private func pass(_ inputs: [Input]) throws {
        try readClock()
        for input in inputs {
            let done = try step("apply an input") { try apply(input) }
            if !done, case .answer(let requestID, _) = input { try abandon(requestID) }
        }
        if configuration != nil {
            try createDueSlots()
            try createAfterSlots()
            try settleUnknown()
            try decidePending()
            try remindHeld()
            try checkAhead()
            try lookAtRuns()
            try tendConnections()
            try sendSweeps()
            if limits.keepsUpcoming { try refreshUpcoming() }
            try pruneHistory()
        }
        try saveState()
        memory.last = turn.now
    }

    /// Runs one step in a SAVEPOINT: its failure undoes only itself and writes an error row.
    ///
    /// - Throws: only what ended the whole transaction or endangers the file.
    @discardableResult
    func step(
        _ what: String, schedule: String? = nil, slotID: Int64? = nil, _ work: () throws -> Void
    ) throws -> Bool {
        let effects = turn.effects.count
        let connections = turn.connections
        let daemon = turn.daemon
        do {
            try ledger.savepoint(work)
            return true
        } catch let error as StoreError where error.kind != .constraint && error.kind != .other {
            throw error
        } catch {
            // What was not written was not done: no effect of it leaves, no row remembers it.
            for case .request(let request) in turn.effects[effects...] { forget(request.id) }
            turn.effects.removeSubrange(effects...)
            turn.connections = connections
            turn.daemon = daemon
            var row = NewError(
                operation: "turn", message: "could not \(what): \(error)",
                nextStep: "the rest of the turn goes on")
            row.schedule = schedule
            row.slotID = slotID
            _ = try ledger.insert(row, now: now)
            log(.error, "could not \(what): \(error)")
            return false
        }
    }

    /// Takes a request out of all books, as if it had never been wanted.
    func forget(_ requestID: UInt64) {
        guard let request = memory.requests.removeValue(forKey: requestID) else { return }
        switch request.purpose {
        case .start: break
        case .token: memory.tokens[request.connection]?.isRequested = false
        case .sweep: memory.sweeps[request.connection] = nil
        case .readRun(let runKey): memory.readingRuns.remove(runKey)
        case .validate(let slotID): memory.validatingSlots.remove(slotID)
        case .preflight(let schedule, _): memory.validatingSchedules.remove(schedule)
        }
    }

    /// The wall clock's reading of this turn.
    var now: Instant { turn.now.wall }

    func log(_ level: LogLine.Level, _ message: String) {
        turn.effects.append(.log(LogLine(level: level, message: message)))
    }

    /// The row of a connection, read once a turn and written back at its end.
    func connectionRow(_ name: String) throws -> ConnectionRow? {
        if let known = turn.connections[name] { return known }
        let row = try ledger.connection(name)
        turn.connections[name] = row
        return row
    }

    func change(_ name: String, _ edit: (inout ConnectionRow) -> Void) throws {
        guard var row = try connectionRow(name) else { return }
        edit(&row)
        turn.connections[name] = row
    }

    func daemonRow() throws -> DaemonRow {
        if let known = turn.daemon { return known }
        let row = try ledger.daemon()
        turn.daemon = row
        return row
    }

    private func saveState() throws {
        for name in turn.connections.keys.sorted() {
            guard let row = turn.connections[name], row != (try ledger.connection(name)) else {
                continue
            }
            try ledger.save(row)
        }
        if let daemon = turn.daemon, daemon != (try ledger.daemon()) { try ledger.save(daemon) }
        // The life's last turn tells missed from expired; once a minute is exact enough.
        if memory.lifeID != 0, memory.lastTouch.map({ now.since($0) >= 60_000 }) ?? true {
            try ledger.touchLife(memory.lifeID, now: now)
            memory.lastTouch = now
        }
    }

    private func nextDeadline() throws -> Instant? {
        // A daemon that is being stopped waits for answers only.
        guard configuration != nil, !memory.isStopping else { return nil }
        if turn.wantsTurnSoon { return now }
        var candidates = turn.deadlines
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
