import Cluster
import Engine
import ProcessesAPI
import Store
import Timetable

/// One of two hosts: its ledger, what it is to the log, and the daemon while it leads.
final class ClusterNode {
    /// A request that is out, and by which clock's reading it was sent.
    private struct Asked {
        var id: Int
        var request: LogRequest
        var sentAt: BootTime
    }

    static let leaseMilliseconds: Int64 = 6_000
    static let stallMilliseconds: Int64 = 20_000
    private static let answerMilliseconds: Int64 = 3_000
    private static let readsMax = 100
    private static let entriesPerRead = 64

    let index: Int
    let simulator: Simulator
    unowned let world: ClusterWorld
    private(set) var machine: LeaseMachine
    private let install: String
    var clock: BootClock
    /// Lives of the process; what was meant for an earlier one never arrives.
    private(set) var incarnation = 0
    private(set) var process = 0
    var pausedUntil: Instant
    private(set) var isDown = false
    /// The ledger while it follows.
    private var follower: Ledger?
    private(set) var seq: Int64 = 0
    private(set) var chain = Chain.empty
    private var lastEntry: LogEntry?
    private var pending: PendingAppend?
    /// The lease was taken, and the rest of the log is read first.
    private var catchingUp: Tenure?
    private var append: Asked?
    private var renewal: Asked?
    private var reading: Asked?
    private let skewMilliseconds: Int64
    /// Statements after which the follower dies; nil: it doesn't.
    var followerDiesIn: Int?
    private(set) var deaths = 0

    init(
        index: Int, simulator: Simulator, world: ClusterWorld, clock: BootClock
    ) {
        self.index = index
        self.simulator = simulator
        self.world = world
        self.clock = clock
        install = "install-\(index)"
        pausedUntil = world.time
        skewMilliseconds = simulator.skewMilliseconds
        machine = LeaseMachine(
            holder: Holder(incarnation: "\(index).0", install: install, node: "\(index)"),
            timing: LeaseTiming(leaseMilliseconds: Self.leaseMilliseconds))
        simulator.keep = { [unowned self] in keep($0) }
        simulator.wire = { [unowned self] in wire($0, slotID: $1) }
    }

    var now: BootTime { clock.reading(at: world.time) }

    // MARK: Its course

    /// The process starts, or starts to follow.
    func begin() throws {
        isDown = false
        machine = LeaseMachine(
            holder: Holder(
                incarnation: "\(index).\(incarnation)", install: install, node: "\(index)"),
            timing: machine.timing)
        (pending, catchingUp, append, renewal, reading) = (nil, nil, nil, nil, nil)
        simulator.rest(until: world.time)
        let ledger = try Ledger(
            path: simulator.path, pid: nil, now: simulator.wall, durability: .simulated)
        let place = try ledger.logPlace()
        (seq, chain) = (place?.seq ?? 0, place.map { Chain(digits: $0.chain) } ?? .empty)
        ledger.database.willStep = { [weak self] _ in
            guard let self, let left = followerDiesIn else { return }
            followerDiesIn = left - 1
            if left <= 1 { throw Killed() }
        }
        follower = ledger
        world.after(world.dice.between(0, 250), self) { [unowned self] in try tick() }
    }

    /// `kill -9`, and somebody starts it again.
    func die() {
        deaths += 1
        incarnation += 1
        process += 1
        pausedUntil = world.time
        isDown = true
        followerDiesIn = nil
        follower = nil
        simulator.plan.dieAt = nil
        simulator.kill()
        let pause = world.dice.chance(0.6) ? Int64(1_000) : world.dice.between(1_000, 60_000)
        world.note("node \(index) dies")
        world.after(pause, self) { [unowned self] in try begin() }
    }

    /// It leads no more: the turn in hand never was, and what it had wanted isn't awaited.
    private func fence() throws {
        guard machine.tenure != nil || machine.state == .fenced else { return }
        machine.fence()
        world.note("node \(index) is fenced")
        simulator.kill()
        incarnation += 1
        try begin()
    }

    private func tick() throws {
        world.after(LeaseTiming.pollMilliseconds, self) { [unowned self] in try tick() }
        machine.tick(at: now)
        // A request without an answer for so long is given up.
        try expire(append) { try received($0, append: $1) }
        try expire(renewal) { _, _ in renewal = nil }
        try expire(reading) { _, _ in reading = nil }
        if let request = machine.renewal(at: now, aliveAt: now) {
            renewal = ask(request) { node, answer, asked in
                guard node.renewal?.id == asked.id else { return }
                node.renewal = nil
                guard case .renew(let tenure) = asked.request else { return }
                node.machine.receive(answer, under: tenure, sentAt: asked.sentAt)
                if answer == .refused { try node.fence() }
            }
        }
        if machine.tenure == nil || catchingUp != nil, reading == nil { read() }
    }

    private func expire(_ asked: Asked?, _ then: (LogAnswer, Asked) throws -> Void) throws {
        guard let asked, now.since(asked.sentAt) >= Self.answerMilliseconds else { return }
        try then(.unknown, asked)
    }

    private func ask(
        _ request: LogRequest,
        _ receive: @escaping (ClusterNode, LogAnswer, Asked) throws -> Void
    ) -> Asked {
        let asked = Asked(id: world.nextID(), request: request, sentAt: now)
        world.send(request, of: self) { [unowned self] answer in
            try receive(self, answer, asked)
        }
        return asked
    }

    // MARK: Following

    private func read() {
        // While it catches up, the last entry that it has, too: it tells of the other's clock.
        let after = catchingUp == nil ? seq : max(0, seq - 1)
        reading = ask(.read(after: after, limit: Self.entriesPerRead)) { node, answer, asked in
            guard node.reading?.id == asked.id else { return }
            node.reading = nil
            guard case .read(let lease, let entries, let at) = answer else { return }
            do {
                try node.take(in: lease, entries, keeperAt: at)
            } catch is Killed {
                node.die()
            }
        }
    }

    private func take(in lease: Lease, _ entries: [LogEntry], keeperAt: Instant) throws {
        if let last = entries.last { lastEntry = last }
        let new = entries.filter { $0.seq > seq }
        guard try follow(new) else { return }
        if let tenure = catchingUp {
            guard lease.term == tenure.term else { return try fence() }
            if seq < lease.seq { return read() }
            return try lead(tenure, keeperAt: keeperAt)
        }
        guard
            case .take(let request) = machine.see(
                lease, epoch: ClusterWorld.epoch, seq: seq, at: now)
        else { return }
        reading = ask(request) { node, answer, asked in
            guard node.reading?.id == asked.id else { return }
            node.reading = nil
            node.catchingUp = node.machine.receive(taking: answer, sentAt: asked.sentAt)
            if node.catchingUp != nil { node.read() }
        }
    }

    private func follow(_ entries: [LogEntry]) throws -> Bool {
        guard let last = entries.last, let follower else { return true }
        guard case .fits(let end) = Following.judge(entries, after: seq, chain: chain) else {
            machine.part(.broken(seq: seq + 1))
            return false
        }
        let place = LogPlace(
            epoch: ClusterWorld.epoch, install: install, term: last.term, seq: last.seq,
            chain: end.digits)
        if let conflict = try follower.follow(entries.map(\.body), to: place) {
            machine.part(.conflict(seq: seq + 1, words: conflict.words))
            return false
        }
        (seq, chain) = (last.seq, end)
        return true
    }

    private func lead(_ tenure: Tenure, keeperAt: Instant) throws {
        catchingUp = nil
        follower = nil
        setWall()
        simulator.rest(until: world.time)
        let difference = ClockDifference.milliseconds(
            since: lastEntry, wall: simulator.wall, keeper: keeperAt)
        simulator.membership = Membership(
            node: "\(index)",
            stallMilliseconds: world.has(.waitsForTheStall) ? Self.stallMilliseconds : 0,
            clockDifferenceMilliseconds: world.has(.shiftsTheClock) ? difference : 0)
        simulator.plan.guards =
            world.has(.recoversAtTakeover) ? Guards() : Guards(without: .recoversStarting)
        world.note("node \(index) leads term \(tenure.term) from \(seq), clocks \(difference) ms")
        simulator.plan.dieAt = world.dieAt()
        try world.withSandbox(of: self) { try simulator.boot() }
        if !simulator.isUp { die() }
    }

    // MARK: Leading

    func setWall() {
        simulator.skewMilliseconds = skewMilliseconds + clock.driftMilliseconds(at: world.time)
    }

    /// When it takes a turn next; nil: not before something else happens.
    func turnMoment() -> Instant? {
        guard !isDown, catchingUp == nil, pending == nil, machine.tenure != nil, simulator.isUp,
            let moment = simulator.nextMoment()
        else { return nil }
        let at = max(moment, world.time, pausedUntil)
        return machine.mayTurn(at: clock.reading(at: at)) ? at : nil
    }

    func turn() throws {
        setWall()
        // What was due while it stood still happens now; what is due now is no turn in a circle.
        if let due = simulator.nextMoment(), due < world.time {
            simulator.rest(until: world.time)
        }
        let lives = try world.withSandbox(of: self) { try simulator.run(until: world.time) }
        guard lives, simulator.isUp else { return die() }
        if let pending, append == nil { askAppend(pending.request) }
    }

    /// What a turn has changed goes into the log.
    private func keep(_ changes: [UInt8]) -> LogPlace? {
        guard let tenure = machine.tenure else { return nil }
        let entry = LogEntry(
            seq: seq + 1, term: tenure.term, schema: 1, previous: chain, nodeAt: simulator.wall,
            body: changes)
        pending = PendingAppend(entry, under: tenure)
        guard !world.has(.appendsFirst) else { return nil }
        (seq, chain) = (entry.seq, entry.chain)
        return place(of: entry)
    }

    private func place(of entry: LogEntry) -> LogPlace {
        LogPlace(
            epoch: ClusterWorld.epoch, install: install, term: entry.term, seq: entry.seq,
            chain: entry.chain.digits)
    }

    private func askAppend(_ request: LogRequest) {
        append = ask(request) { node, answer, asked in
            guard node.append?.id == asked.id else { return }
            try node.received(answer, append: asked)
        }
    }

    private func received(_ answer: LogAnswer, append asked: Asked) throws {
        append = nil
        guard var pending else { return }
        let step =
            answer == .unknown && !world.has(.asksAgain) ? .kept : pending.receive(answer)
        self.pending = pending
        switch step {
        case .ask(let request): askAppend(request)
        case .lost: try fence()
        case .kept:
            machine.receive(answer, under: pending.tenure, sentAt: asked.sentAt)
            try commit(pending.entry)
        }
    }

    private func commit(_ entry: LogEntry) throws {
        pending = nil
        guard world.has(.appendsFirst) else { return }
        setWall()
        simulator.rest(until: world.time)
        (seq, chain) = (entry.seq, entry.chain)
        do {
            try world.withSandbox(of: self) { try simulator.commit(at: place(of: entry)) }
            if !simulator.isUp { die() }
        } catch is StoreError {
            // The log is ahead of this ledger: another one leads, and this one follows.
            try fence()
        }
    }

    // MARK: The end

    /// It has all of the log, and nothing in hand.
    func isLevel(with log: ModelLog) -> Bool {
        !isDown && pending == nil && seq == log.lease.seq && chain == log.lease.chain
    }

    /// Its ledger as it is.
    func inspect<T>(_ body: (Ledger) throws -> T) throws -> T {
        guard let follower else { return try simulator.inspect(body) }
        let willStep = follower.database.willStep
        follower.database.willStep = nil
        defer { follower.database.willStep = willStep }
        return try body(follower)
    }
}
