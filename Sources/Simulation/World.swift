package import Engine
import ProcessesAPI
package import Sandbox
package import Store
package import Timetable

/// Thrown where the simulated daemon dies; it travels through every SAVEPOINT, since each further
/// SQL step throws it again.
struct Killed: Error {}

/// The product's engine and store on a real SQLite file, under virtual clocks, against the
/// sandbox's state machine, with deaths anywhere (style.md section 6).
package final class World {
    /// What the world does to its daemon.
    package struct Plan: Sendable {
        /// Counts SQL steps, released effects and delivered answers; dies at that count.
        package var dieAt: Int?
        package var guards = Clockwork.Guards()
        /// How far our wall clock is ahead of the true time.
        package var skewMilliseconds: Int64 = 0

        /// No deaths, all guards on.
        package init() {}
    }

    private struct Event {
        var at: Int64
        var sequence: Int
        var input: Input
    }

    /// A request for a start, as the outside world saw it.
    package struct StartRequest: Sendable {
        package var slotID: Int64
        package var requestNumber: Int
        package var at: Instant
    }

    package var sandbox: SandboxState
    package var configuration: EngineConfiguration
    package var plan: Plan
    /// The true time; the sandbox's clock.
    package private(set) var time: Instant
    /// What our wall clock is ahead of the true time.
    package var skewMilliseconds: Int64
    /// Every POST that left us, in order.
    package private(set) var starts: [StartRequest] = []
    /// Points at which a death was possible in this life.
    package private(set) var points = 0
    package private(set) var lives = 0
    package private(set) var turns = 0
    /// Log lines of level error that no injected fault explains fail a run.
    package private(set) var errorLines: [String] = []
    package private(set) var replies: [CommandReply] = []

    private let path: String
    private let origin: Instant
    private let recompile: @Sendable (String) -> FiringRule?
    private var ledger: Ledger?
    private var clockwork: Clockwork?
    private var events: [Event] = []
    private var sequence = 0
    private var nextDeadline: Instant?
    private var mustTurn = true

    /// Makes a world whose daemon has not started yet.
    ///
    /// - Parameters:
    ///   - path: the database file; best on /dev/shm.
    ///   - configuration: what the daemon loads at each start.
    ///   - sandbox: the API.
    ///   - time: where the story begins.
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
        skewMilliseconds = plan.skewMilliseconds
    }

    private var wall: Instant { time.adding(milliseconds: skewMilliseconds) }
    private var monotonic: Int64 { time.since(origin) }

    /// The daemon runs.
    package var isUp: Bool { clockwork != nil }

    /// Starts the daemon on what is on disk.
    ///
    /// - Throws: `StoreError`; a death during recovery only ends the life.
    package func boot() throws {
        lives += 1
        points = 0
        do {
            let ledger = try Ledger(path: path, pid: nil, now: wall, durability: .simulated)
            let clockwork = Clockwork(
                ledger: ledger, pid: 1, version: "simulated", recompile: recompile)
            clockwork.guards = plan.guards
            self.ledger = ledger
            self.clockwork = clockwork
            ledger.database.willStep = { [weak self] _ in try self?.pass() }
            post(.configuration(configuration, commandID: nil), afterMilliseconds: 0)
        } catch is Killed {
            kill()
        }
    }

    /// Ends the daemon as `kill -9` does: memory and answers on the wire are lost, the file stays.
    package func kill() {
        clockwork = nil
        ledger?.database.willStep = nil
        ledger = nil
        events = []
        nextDeadline = nil
        mustTurn = true
    }

    /// Gives the daemon an input some time from now.
    package func post(_ input: Input, afterMilliseconds: Int64) {
        sequence += 1
        events.append(
            Event(at: monotonic + max(0, afterMilliseconds), sequence: sequence, input: input))
    }

    /// Lets the world run until an instant, or until the daemon dies.
    ///
    /// - Returns: false if it died.
    @discardableResult
    package func run(until end: Instant) throws -> Bool {
        while let clockwork {
            guard let next = nextMoment(), next <= end else {
                time = max(time, end)
                return true
            }
            time = max(time, next)
            do {
                try turn(clockwork)
            } catch is Killed {
                kill()
                return false
            }
        }
        time = max(time, end)
        return false
    }

    /// Lets time pass with the daemon down.
    package func rest(until end: Instant) { time = max(time, end) }

    private func nextMoment() -> Instant? {
        var moments: [Instant] = []
        if let event = events.map(\.at).min() {
            moments.append(origin.adding(milliseconds: event))
        }
        // The scheduler waits ten seconds at most, and re-reads its clocks then.
        if let nextDeadline {
            moments.append(nextDeadline.adding(milliseconds: -skewMilliseconds))
        }
        if mustTurn { moments.append(time) }
        return moments.min()
    }

    private func turn(_ clockwork: Clockwork) throws {
        let ready = events.filter { $0.at <= monotonic }
            .sorted { ($0.at, $0.sequence) < ($1.at, $1.sequence) }
        events.removeAll { $0.at <= monotonic }
        for _ in ready { try pass() }
        turns += 1
        mustTurn = false
        let result = try clockwork.take(
            ready.map(\.input), now: Now(wall: wall, monotonicMilliseconds: monotonic))
        // At least a millisecond on: a deadline that has come is a turn, not a standstill.
        nextDeadline = result.nextDeadline.map { max($0, wall.adding(milliseconds: 1)) }
        for effect in result.effects {
            try pass()
            release(effect)
        }
    }

    private func release(_ effect: Effect) {
        switch effect {
        case .log(let line):
            if line.level == .error { errorLines.append(line.message) }
        case .reply(_, let reply):
            replies.append(reply)
        case .request(let request):
            perform(request)
        }
    }

    private func perform(_ effect: RequestEffect) {
        let credential = sandbox.scenario.clients.first.map {
            APICredential(clientID: Secret($0.id), clientSecret: Secret($0.secret))
        }
        guard
            let request = try? APIRequest.encoding(
                effect.call, endpoint: effect.endpoint, token: effect.token,
                credential: credential)
        else {
            errorLines.append("request could not be encoded: \(effect.call.operation)")
            return
        }
        let outcome = sandbox.handle(request, at: time)
        if case .startRun = effect.call, let slotID = slotID(of: effect) {
            starts.append(
                StartRequest(slotID: slotID, requestNumber: sandbox.log.requests, at: time))
        }
        let seen = outcome.seen(by: request)
        let answer = APIAnswer.decoding(
            effect.call, endpoint: effect.endpoint, outcome: seen.result,
            receivedAt: wall.adding(milliseconds: seen.afterMilliseconds))
        post(
            .answer(requestID: effect.id, answer),
            afterMilliseconds: max(1, seen.afterMilliseconds))
    }

    private func slotID(of effect: RequestEffect) -> Int64? {
        clockwork?.slotID(ofRequest: effect.id)
    }

    /// A point at which the daemon may die.
    private func pass() throws {
        points += 1
        if let dieAt = plan.dieAt, points >= dieAt { throw Killed() }
    }

    /// Opens the file as it is, with the daemon down, for the checks.
    package func inspect<T>(_ body: (Ledger) throws -> T) throws -> T {
        if let ledger { return try body(ledger) }
        return try body(
            Ledger(path: path, pid: nil, now: wall, durability: .simulated))
    }
}
