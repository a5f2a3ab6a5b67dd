package import ProcessesAPI
package import Timetable

/// A Processes API as a value: requests and instants in, answers out, nothing else.
///
/// The same seed, scenario and calls give the same bytes. Instants are the true time of the
/// sandbox's world, never a client's clock; they don't go back.
package struct SandboxState: Sendable {
    let seed: UInt64
    /// The world; limits, delays and skew may be changed at any time.
    package var scenario: Scenario
    /// All requests so far.
    package var log = SandboxLog()
    /// All runs ever created, in the order of their requests; some may lie in the future.
    package internal(set) var runs: [SandboxRun] = []
    /// The last instant that was seen.
    package private(set) var now = Instant(milliseconds: .min)

    var processes: [ListedProcess] = []
    var processIndex: [String: Int] = [:]
    var runIndex: [String: Int] = [:]
    var tokens: [String: Token] = [:]
    var tokensIssued = 0
    var random: SplitMix64
    /// By operation, or all under one name.
    var windows: [String: RateWindow] = [:]
    /// Indices of the processes in the order of their names, until one is added or renamed.
    var nameOrder: [Int]?
    /// An answer has repeated what it was sent.
    package private(set) var hasEchoed = false
    /// The last good answer of each operation, for what repeats it.
    var lastReplies: [String: Reply] = [:]
    private var armed: [ArmedFault] = []
    private var faultsArmed = 0
    private var startedAt: Instant?

    /// A process with what the API keeps of it.
    struct ListedProcess: Sendable {
        var process: SandboxProcess
        var blueprint: Blueprint
        var modified: Instant
        var revision: Int64 = 1
        var isDeleted = false
        /// In the order of their creation, which is not always that of their requests.
        var runs: [Int] = []
    }

    /// An access token that was handed out.
    struct Token: Sendable {
        let client: SandboxClient
        let scopes: [String]
        let expires: Instant
    }

    package init(seed: UInt64, scenario: Scenario) {
        self.seed = seed
        self.scenario = scenario
        random = SplitMix64(seed: seed)
        for process in scenario.processes { add(process) }
        for rule in scenario.faults { inject(rule) }
    }

    /// What must not be seen of it anywhere: its clients' secrets and the tokens that are good.
    package var secrets: [String] { scenario.clients.map(\.secret) + tokens.keys.sorted() }

    /// Takes one request and says what becomes of it.
    package mutating func handle(_ request: APIRequest, at now: Instant) -> SandboxOutcome {
        advance(to: now)
        let address = Address(request.url)
        let route = Route(method: request.method, path: address.path)
        log.arrived(operation: route.operation, at: self.now)
        let process = process(of: route)
        let struck = strike(route, process)
        let fault = struck ?? Fault()
        if fault.revokesTokens { tokens.removeAll() }
        if case .echo = fault.answer { hasEchoed = true }
        let milliseconds = max(0, random.next(in: scenario.latencyMilliseconds))
            .addingSaturating(max(0, fault.delayMilliseconds))
        let inquiry = Inquiry(request: request, address: address, route: route, fault: fault)
        var reply = Reply(status: 200)
        if case .happens(let delay) = fault.effect {
            reply = perform(inquiry, at: self.now.adding(milliseconds: max(0, delay)))
        }
        let outcome = disguise(reply, inquiry, afterMilliseconds: milliseconds)
        if reply.status < 300, !reply.body.isEmpty { lastReplies[route.operation] = reply }
        let shown = outcome.response?.status
        // A hint in a body that nobody could read, or that nobody waited for, told nobody.
        let isReadable =
            fault.answer == .normal && milliseconds < Int64(request.timeoutMilliseconds)
        log.answered(
            .init(
                number: log.requests, at: self.now, operation: route.operation, process: process,
                status: shown, run: reply.run, isFaulted: struck != nil,
                hint: fault.hint ?? (isReadable ? reply.hint : nil)),
            afterMilliseconds: milliseconds)
        return outcome
    }

    /// Lets time pass; it never goes back.
    package mutating func advance(to instant: Instant) {
        if startedAt == nil { startedAt = instant }
        now = max(now, instant)
    }

    /// Arms a fault; of several that match a request, the one armed first strikes.
    package mutating func inject(_ rule: FaultRule) {
        faultsArmed += 1
        armed.append(
            ArmedFault(rule: rule, seed: SplitMix64.mixed(seed &+ UInt64(faultsArmed))))
    }

    /// Disarms all faults: from now on nothing goes wrong.
    package mutating func removeFaults() {
        armed.removeAll()
    }

    private mutating func strike(_ route: Route, _ process: String?) -> Fault? {
        let elapsed = now.since(startedAt ?? now)
        for index in armed.indices {
            let strikes = armed[index].strikes(
                operation: route.operation, process: process, sinceStartMilliseconds: elapsed)
            guard strikes else { continue }
            let fault = armed[index].rule.fault
            if armed[index].isSpent { armed.remove(at: index) }
            return fault
        }
        return nil
    }

    private func process(of route: Route) -> String? {
        switch route {
        case .getProcess(let id), .validate(let id), .run(let id): id
        case .getRun(let id): runIndex[id].map { runs[$0].process }
        case .token, .listProcesses, .unknown: nil
        }
    }
}

/// A request with everything that was found out about it.
struct Inquiry {
    let request: APIRequest
    let address: Address
    let route: Route
    let fault: Fault
    /// The value of `X-Version`.
    let version: String?

    init(request: APIRequest, address: Address, route: Route, fault: Fault) {
        self.request = request
        self.address = address
        self.route = route
        self.fault = fault
        version = request.header("x-version")
    }

    /// The shape in which bodies are written.
    var shape: APIVersion { APIVersion(version ?? "") }
}

/// The API's true answer, before anything happens to it on its way.
struct Reply: Sendable {
    var status: Int
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []
    /// The run that was created.
    var run: String?
    var hint: SandboxHint?
}

extension Int64 {
    func addingSaturating(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
}
