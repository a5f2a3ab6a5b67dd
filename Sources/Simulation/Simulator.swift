package import Engine
import ProcessesAPI
package import Sandbox
package import Store
package import Timetable

/// Thrown where the simulated daemon dies; it travels through every SAVEPOINT, since each further
/// SQL step throws it again.
struct Killed: Error {}

/// The product's engine and store on a real SQLite file, under virtual clocks, against the
/// sandbox's state machine, with deaths anywhere (docs/architecture.md).
package final class Simulator {
    /// What the simulator does to its daemon.
    package struct Plan: Sendable {
        /// Counts SQL steps, released effects and delivered answers; dies at that count.
        package var dieAt: Int?
        /// Counts every SQL step, not only BEGIN and COMMIT: within a transaction all deaths leave
        /// the same file.
        package var diesAtEveryStep = true
        package var guards = Guards()
        /// How far our wall clock is ahead of the true time.
        package var skewMilliseconds: Int64 = 0
        /// Which of the sandbox's clients a connection is; the first where it is not named.
        package var clients: [String: Int] = [:]
        /// Bounds of the daemon's turns.
        package var limits = Limits()
        /// The daemon wakes at multiples of this only, so that one turn takes what came meanwhile.
        package var wakesEveryMilliseconds: Int64 = 1
        /// A log line of level error ends a run; a play with faults has some.
        package var endsAtErrors = true
        /// Keeps what the checker compares the ledger with; a play of a year needs none of it.
        package var keepsBook = true

        /// Requests for tokens are among `requestTimes`.
        package var countsTokens = true

        /// No deaths, all guards on.
        package init() {}
    }

    /// A request for a start, as the outside world saw it.
    package struct StartRequest: Sendable {
        package var slotID: Int64
        package var requestNumber: Int
        package var at: Instant
    }

    enum Payload {
        case input(Input)
        /// What comes back of a request, decoded when it arrives: its receiver's clock may be set
        /// in between.
        case exchange(RequestEffect, Result<APIResponse, TransportFailure>)
    }

    struct Event {
        var at: Int64
        var payload: Payload
    }

    package var sandbox: SandboxState
    /// The secret that a connection sends, where it isn't the API's own.
    package var secrets: [String: String] = [:]
    /// Connections that wait for a file of theirs, and why, so that nothing leaves the machine.
    package var missingFiles: [String: String] = [:]
    /// What a transaction that has written something meets at its end: a disk that is full.
    package var diskTrouble: DiskTrouble?
    /// What the daemon tells of its store; nil: it takes turns.
    package internal(set) var storeTrouble: StoreError?
    package var configuration: EngineConfiguration
    package var plan: Plan
    /// The true time; the sandbox's clock.
    package internal(set) var time: Instant
    /// What our wall clock is ahead of the true time.
    package var skewMilliseconds: Int64
    /// Every POST that left us, in order.
    package internal(set) var starts: [StartRequest] = []
    /// Schedules whose windows were edited, which makes other slots of them wait or start.
    var schedulesWithEditedWindows: Set<String> = []
    /// Points at which a death was possible in this life.
    package private(set) var points = 0
    package private(set) var lives = 0
    /// When the life that is lived began.
    private(set) var bootedAt: Instant
    package private(set) var turns = 0
    /// Log lines of level error that no injected fault explains fail a run.
    package internal(set) var errorLines: [String] = []
    package var replies: [CommandReply] = []
    /// Hears each statement of the ledger's, of lives that keep a book.
    package var onStatement: ((String) -> Void)?
    /// What a target says to a message; what it takes is in `delivered`.
    package var receiver: (Delivery) -> DeliveryOutcome = { _ in .taken }
    package internal(set) var delivered: [Delivery] = []
    /// Runs that a list has shown to the daemon: a duplicate among them must have been noticed.
    package internal(set) var listedRuns: Set<String> = []
    /// Runs that a 201 named in a turn that was committed (I6).
    package internal(set) var acknowledgedRuns: Set<String> = []
    /// Slots that a person has decided to start again.
    package internal(set) var restartedByPerson: Set<Int64> = []
    /// Rules by schedule and text, to enumerate what slots there should be: two schedules may say the
    /// same words and mean another zone or calendar.
    var rules: [String: [String: FiringRule]] = [:]
    /// A reload that was refused is asked for again after that long, as one by signal is; nil: never.
    var reloadAgainMilliseconds: Int64?
    static let reloadID: UInt64 = 1
    /// When requests left us, by connection, in true milliseconds.
    package internal(set) var requestTimes: [String: [Int64]] = [:]
    /// Requests that came although a hint had told us to stay away (I4).
    package internal(set) var earlyRequests: [String] = []
    /// What was asked for without a pause.
    var repeatedCalls = RepeatedCalls()
    /// What a hint forbids; no operation: all of the connection.
    struct Ban: Hashable {
        var connection: String
        var operation: String
    }
    /// Until when hints forbid it, in true milliseconds.
    var bans: [Ban: Int64] = [:]
    /// The wall clock was set at some time, so what is compared in wall time may differ.
    package internal(set) var wasClockSet = false

    /// The database file; another one from the next start on, where an older copy is put back.
    package var path: String
    let origin: Instant
    let recompile: @Sendable (String) -> FiringRule?
    var ledger: Ledger?
    var clockwork: Clockwork?
    /// The daemon is up, and waits until its ledger can be opened.
    var isOpening = false
    var events: [Event] = []
    /// Turns that the store has refused, what they were about, and when the next one is tried.
    var refusals = Refusals()
    var keptEvents: [Event] = []
    var retryAt: Instant?
    var changesAtBegin = 0
    /// Keeps what a turn changes in a log, and tells where the ledger stands with it; nil if that is told
    /// later, and the turn stays open until then.
    package var keep: (([UInt8]) -> LogPlace?)?
    /// Takes a request over instead of sending it at once, where it answers true.
    var wire: ((RequestEffect, _ slotID: Int64?) -> Bool)?
    /// What the daemon is told of its place among two hosts.
    package var membership: Membership?
    /// A turn that waits for its log.
    var openTurn: (turn: TakenTurn, open: Clockwork.OpenTurn)?
    private var nextDeadline: Instant?
    private var mustTurn = true
    private var spins = 0
    private static let spinsMax = 200
    private static let errorLinesMax = 1000

    /// Makes a world whose daemon has not started yet.
    ///
    /// - Parameters:
    ///   - path: the database file; best on /dev/shm.
    ///   - configuration: what the daemon loads at each start.
    ///   - sandbox: the API.
    ///   - time: where the workload begins.
    ///   - plan: deaths and guards.
    ///   - recompile: as the daemon's.
    package init(
        path: String, configuration: EngineConfiguration, sandbox: SandboxState, time: Instant,
        plan: Plan = Plan(), recompile: @escaping @Sendable (String) -> FiringRule? = { _ in nil }
    ) {
        self.path = path
        self.configuration = configuration
        self.sandbox = sandbox
        self.time = time
        self.plan = plan
        self.recompile = recompile
        origin = time
        bootedAt = time
        skewMilliseconds = plan.skewMilliseconds
    }

    /// Our wall clock.
    package var wall: Instant { time.adding(milliseconds: skewMilliseconds) }
    var monotonic: Int64 { time.since(origin) }

    /// The daemon runs.
    package var isUp: Bool { clockwork != nil || isOpening }

    /// Starts the daemon on what is on disk.
    ///
    /// - Throws: `StoreError`; a death during recovery only ends the life.
    package func boot() throws {
        repeatedCalls.forget()
        lives += 1
        bootedAt = time
        points = 0
        spins = 0
        noteRules()
        post(.configuration(configuration, commandID: nil), afterMilliseconds: 0)
        isOpening = true
        do {
            try open()
        } catch is Killed {
            kill()
        } catch let error as StoreError where error.isPassing {
            outlast(error, nil)
        }
    }

    /// Sets our wall clock by so much; the daemon notices at its next turn.
    package func stepClock(byMilliseconds milliseconds: Int64) {
        skewMilliseconds += milliseconds
        wasClockSet = true
        mustTurn = true
    }

    /// Ends the daemon as `kill -9` does: memory and answers on the wire are lost, the file stays.
    package func kill() {
        // Hints are kept in wall time: a clock that was set does not tell how long we were down.
        if wasClockSet { bans = [:] }
        ledger?.database.willStep = nil
        // Until then the rooms are kept by what would put them back.
        if openTurn != nil { clockwork?.rollBack() }
        openTurn = nil
        clockwork = nil
        ledger = nil
        isOpening = false
        forgetRefusals()
        events = []
        nextDeadline = nil
        mustTurn = true
    }

    /// Gives the daemon an input some time from now.
    package func post(_ input: Input, afterMilliseconds: Int64 = 0) {
        post(.input(input), afterMilliseconds: afterMilliseconds)
    }

    /// Gives the daemon a person's command.
    package func command(_ command: OperatorCommand) {
        post(.command(id: 7, command, actor: "tester"))
    }

    func post(_ payload: Payload, afterMilliseconds: Int64) {
        let event = Event(at: monotonic + max(0, afterMilliseconds), payload: payload)
        // In the order of their instants, of equal ones in that of their posting.
        var place = events.count
        while place > 0, events[place - 1].at > event.at { place -= 1 }
        events.insert(event, at: place)
    }

    /// Lets the simulator run until an instant, or until the daemon dies.
    ///
    /// - Returns: false if it died.
    /// - Throws: `StoreError` if its file can't be opened or copied: a mistake of the workload.
    @discardableResult
    package func run(until end: Instant) throws -> Bool {
        while isUp {
            guard let next = nextMoment(), next <= end, !isOver else {
                time = max(time, end)
                return true
            }
            let isSpin = next <= time.adding(milliseconds: 1)
            time = max(time, next)
            do {
                if isOpening { try open() }
                if let clockwork { try turn(clockwork, isSpin: isSpin) }
            } catch is Killed {
                kill()
                return false
            } catch let error as StoreError where error.isPassing && isOpening {
                outlast(error, nil)
            }
        }
        time = max(time, end)
        return false
    }

    /// Lets time pass with the daemon down.
    package func rest(until end: Instant) { time = max(time, end) }

    /// The daemon turned in circles: this life goes no further.
    package var isStuck: Bool { spins >= Self.spinsMax }
    private var isOver: Bool { isStuck || plan.endsAtErrors && !errorLines.isEmpty }

    /// When something happens next, by the true time; nil: never, or not before the turn that is open is
    /// over.
    package func nextMoment() -> Instant? {
        if openTurn != nil { return nil }
        if let retryAt { return retryAt }
        var earliest: Instant?
        if let event = events.first { earliest = origin.adding(milliseconds: event.at) }
        if let nextDeadline {
            let at = nextDeadline.adding(milliseconds: -skewMilliseconds)
            earliest = min(earliest ?? at, at)
        }
        if mustTurn { earliest = min(earliest ?? time, time) }
        let step = plan.wakesEveryMilliseconds
        guard step > 1, let earliest, earliest > time else { return earliest }
        // Full seconds of the clock, whenever the simulator began.
        let late = earliest.milliseconds % step
        return late == 0 ? earliest : earliest.adding(milliseconds: step - late)
    }

    private func turn(_ clockwork: Clockwork, isSpin: Bool) throws {
        let now = monotonic
        let ready = Array(
            events.prefix(while: { $0.at <= now }).prefix(plan.limits.inputsMax))
        events.removeFirst(ready.count)
        for _ in ready { try pass() }
        turns += 1
        mustTurn = false
        let inputs = refusals.inputs + ready.map(input)
        let taken = keptEvents + ready
        let turn = TakenTurn(events: taken, inputs: inputs, isSpin: isSpin)
        do {
            guard let result = try take(turn, clockwork) else { return }
            try end(turn, result)
        } catch let error as StoreError where error.isPassing {
            return outlast(error, turn)
        }
    }

    /// A turn counts: what it wanted leaves.
    func end(_ turn: TakenTurn, _ result: Clockwork.Result) throws {
        if plan.keepsBook { noteAcknowledged(turn.events, turn.inputs) }
        noteTaken(didWrite: result.didWrite)
        countSpins(turn.isSpin && turn.inputs.isEmpty && result.effects.isEmpty)
        // At least a millisecond on: a deadline that has come is a turn, not a standstill.
        nextDeadline = result.nextDeadline.map { max($0, wall.adding(milliseconds: 1)) }
        for effect in result.effects {
            try pass()
            release(effect)
        }
    }

    /// A turn that does nothing and wants another one at once is a hot loop.
    private func countSpins(_ isSpin: Bool) {
        spins = isSpin ? spins + 1 : 0
        if spins == Self.spinsMax { noteError("hot loop at \(wall.iso8601)") }
    }

    func noteError(_ line: String) {
        if errorLines.count < Self.errorLinesMax { errorLines.append(line) }
    }

    /// A point at which the daemon may die.
    func pass() throws {
        points += 1
        if let dieAt = plan.dieAt, points >= dieAt { throw Killed() }
    }

    /// Opens the file as it is, with the daemon down, for the checks.
    ///
    /// - Throws: `StoreError` if the file can't be opened; what `body` throws.
    package func inspect<T>(_ body: (Ledger) throws -> T) throws -> T {
        guard let ledger else {
            return try body(
                Ledger(
                    path: path, pid: nil, now: wall, durability: .simulated, isTrusted: true))
        }
        let willStep = ledger.database.willStep
        ledger.database.willStep = nil
        defer { ledger.database.willStep = willStep }
        return try body(ledger)
    }
}
