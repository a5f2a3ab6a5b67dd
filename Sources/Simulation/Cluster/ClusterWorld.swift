import Cluster
import Engine
import Sandbox
import Store
import Timetable

/// Two nodes, one API, one log, and what happens between them, in the order of its instants.
final class ClusterWorld {
    /// To whom something happens.
    private enum Target {
        case nobody
        /// A node, as long as it neither dies nor is fenced.
        case life(ClusterNode, Int)
        /// What a process has begun, until it dies.
        case process(ClusterNode, Int)

        var node: ClusterNode? {
            switch self {
            case .nobody: nil
            case .life(let node, _), .process(let node, _): node
            }
        }

        var isThere: Bool {
            switch self {
            case .nobody: true
            case .life(let node, let incarnation): node.incarnation == incarnation
            case .process(let node, let process): node.process == process
            }
        }
    }

    /// Something that happens at an instant; of equal ones in the order of their planning.
    private struct Event {
        var at: Instant
        var target: Target
        var act: () throws -> Void
    }

    static let epoch = "epoch"

    private(set) var time: Instant
    var dice: Dice
    let log: ModelLog
    var sandbox: SandboxState
    private(set) var nodes: [ClusterNode] = []
    var network = ClusterNetwork()
    /// How likely a host stops right between the look at the clock and the write.
    var pauseBeforeWrite = 0.06
    /// How likely a life ends at some statement.
    var deathProbability = 0.0
    private(set) var violations: [String] = []
    /// What happened, for people who look into a seed.
    private(set) var notes: [String] = []
    private var events: [Event] = []
    private var numbers = 0
    private let off: ClusterGuard?
    /// No leader takes a turn any more: all that is left is to follow.
    var isEnding = false
    let begin: Instant

    init(begin: Instant, dice: Dice, sandbox: SandboxState, off: ClusterGuard?) {
        time = begin
        self.begin = begin
        self.dice = dice
        self.sandbox = sandbox
        self.off = off
        log = ModelLog(
            epoch: Self.epoch, now: begin, checksTheSeq: off != .checksTheSeq)
    }

    func has(_ rule: ClusterGuard) -> Bool { off != rule }

    func add(_ node: ClusterNode) throws {
        nodes.append(node)
        try node.begin()
    }

    // MARK: Time

    func nextID() -> Int {
        numbers += 1
        return numbers
    }

    /// Plans something for a life of a node, or for what a process that was fenced has left behind.
    func after(
        _ milliseconds: Int64, _ node: ClusterNode?, survivesFence: Bool = false,
        _ act: @escaping () throws -> Void
    ) {
        var target = Target.nobody
        if let node {
            target =
                survivesFence
                ? .process(node, node.process) : .life(node, node.incarnation)
        }
        insert(Event(at: time.adding(milliseconds: milliseconds), target: target, act: act))
    }

    private func insert(_ event: Event) {
        var place = events.count
        while place > 0, events[place - 1].at > event.at { place -= 1 }
        events.insert(event, at: place)
    }

    /// Lets everything happen up to an instant.
    ///
    /// - Throws: `StoreError` if a ledger can't be opened: a mistake of the workload.
    func run(until end: Instant) throws {
        while violations.isEmpty {
            let turning = nodes.compactMap { node in
                isEnding ? nil : node.turnMoment().map { (at: $0, node: node) }
            }.min { $0.at < $1.at }
            let next = [events.first?.at, turning?.at].compactMap(\.self).min()
            guard let next, next <= end else { break }
            time = max(time, next)
            if let turning, turning.at <= events.first?.at ?? turning.at {
                try turning.node.turn()
            } else if !events.isEmpty {
                try happen(events.removeFirst())
            }
        }
        time = max(time, end)
    }

    private func happen(_ event: Event) throws {
        guard event.target.isThere else { return }
        if let node = event.target.node, node.pausedUntil > time {
            // A stopped process hears of it when it goes on, in an order that nobody promises.
            var event = event
            event.at = node.pausedUntil.adding(milliseconds: dice.between(0, 20))
            return insert(event)
        }
        try event.act()
    }

    // MARK: Between node and log

    func send(
        _ request: LogRequest, of node: ClusterNode,
        _ receive: @escaping (LogAnswer) throws -> Void
    ) {
        guard
            let there = network.requestMilliseconds(of: node.index, at: time, &dice)
        else { return }
        // What is on its way arrives, whatever has become of its sender.
        after(there, nil) { [unowned self, unowned node] in
            log.now = time
            let answer = log.perform(request)
            guard let back = network.answerMilliseconds(of: node.index, at: time, &dice) else {
                return
            }
            after(back, node) { try receive(answer) }
        }
    }

    func withSandbox<T>(of node: ClusterNode, _ body: () throws -> T) rethrows -> T {
        swap(&node.simulator.sandbox, &sandbox)
        defer { swap(&node.simulator.sandbox, &sandbox) }
        return try body()
    }

    /// After how many points a life that begins now ends; nil: it goes on.
    func dieAt() -> Int? {
        guard !isHealed, dice.chance(deathProbability) else { return nil }
        return 1 + dice.below(1 << (4 + dice.below(10)))
    }

    /// Nothing more goes wrong.
    private(set) var isHealed = false

    func heal() {
        isHealed = true
        network.heal()
        pauseBeforeWrite = 0
        sandbox.removeFaults()
        for node in nodes {
            node.followerDiesIn = nil
            node.simulator.plan.dieAt = nil
        }
    }

    // MARK: What must hold

    func note(_ words: String) {
        if notes.count < 500 { notes.append("+\(time.since(begin)) ms \(words)") }
    }

    func violate(_ words: String) {
        violations.append("\(words), +\(time.since(begin)) ms")
    }

    /// C3: an effect leaves only of a turn that the log has.
    func checkReleased(seq: Int64, chain: Chain, node: Int) {
        guard log.entries.indices.contains(Int(seq) - 1), log.entries[Int(seq) - 1].chain == chain
        else { return violate("C3: node \(node) released a start of turn \(seq)") }
    }

    /// C4: nothing is written later than a takeover and the stall window.
    func checkWritten(term: Int64, node: Int) {
        guard let next = log.tenures.first(where: { $0.tenure.term > term }),
            time.since(next.at) > ClusterNode.stallMilliseconds
        else { return }
        violate("C4: node \(node) wrote a start of term \(term) too late")
    }

    /// C2: one holder a term, and no entry of a lower term behind one of a higher.
    func checkTerms() {
        let terms = log.tenures.map(\.tenure.term)
        if Set(terms).count != terms.count { violate("C2: a term was taken twice") }
        let written = log.entries.map(\.term)
        if written != written.sorted() { violate("C2: an entry of a lower term follows") }
        if log.entries.map(\.seq) != (0..<log.entries.count).map({ Int64($0) + 1 }) {
            violate("C2: the log has a gap")
        }
    }

    /// C1: each ledger is a prefix of the log, and no node has gone apart.
    func checkPrefixes() throws {
        for node in nodes where !node.isDown {
            if case .apart(let why) = node.member.lease.state {
                violate("C1: node \(node.index) is apart: \(why)")
            }
            guard let place = try node.inspect({ try $0.logPlace() }) else { continue }
            let index = Int(place.seq) - 1
            guard log.entries.indices.contains(index),
                log.entries[index].chain.digits == place.chain
            else {
                violate("C1: node \(node.index) has turn \(place.seq), which the log has not")
                continue
            }
        }
    }
}
