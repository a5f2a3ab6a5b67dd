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

    let index: Int
    let simulator: Simulator
    unowned let world: ClusterWorld
    /// What it is to the log: the very code that the daemon goes by.
    private(set) var member: Member
    private let install: String
    var clock: BootClock
    /// Lives of the process; what was meant for an earlier one never arrives.
    private(set) var incarnation = 0
    private(set) var process = 0
    var pausedUntil: Instant
    private(set) var isDown = false
    /// The ledger while it follows.
    private var follower: Ledger?
    /// An append that a turn wants.
    private var wanted: LogRequest?
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
        member = Self.member("\(index)", life: 0, install, nil, at: clock.reading(at: world.time))
        simulator.keep = { [unowned self] in keep($0) }
        simulator.wire = { [unowned self] in wire($0, slotID: $1) }
    }

    private static func member(
        _ node: String, life: Int, _ install: String, _ place: LogPlace?, at now: BootTime
    ) -> Member {
        Member(
            holder: Holder(incarnation: "\(node).\(life)", install: install, node: node),
            timing: LeaseTiming(leaseMilliseconds: leaseMilliseconds),
            place: place.map { Member.Place($0) }
                ?? Member.Place(epoch: ClusterWorld.epoch, term: 0, seq: 0, chain: .empty),
            schema: 1, at: now)
    }

    var now: BootTime { clock.reading(at: world.time) }

    // MARK: Its course

    /// The process starts, or starts to follow.
    func begin() throws {
        isDown = false
        (wanted, append, renewal, reading) = (nil, nil, nil, nil)
        simulator.rest(until: world.time)
        let ledger = try Ledger(
            path: simulator.path, pid: nil, now: simulator.wall, durability: .simulated)
        member = Self.member(
            "\(index)", life: incarnation, install, try ledger.logPlace(), at: now)
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
        member.fence()
        world.note("node \(index) is fenced")
        simulator.kill()
        incarnation += 1
        try begin()
    }

    private func tick() throws {
        world.after(LeaseTiming.pollMilliseconds, self) { [unowned self] in try tick() }
        // A request without an answer for so long is given up.
        try expire(append) { try received($0, append: $1) }
        try expire(renewal) { _, _ in renewal = nil }
        try expire(reading) { _, _ in reading = nil }
        member.noteAlive(at: now)
        if let request = member.renewal(at: now) {
            renewal = ask(request) { node, answer, asked in
                guard node.renewal?.id == asked.id else { return }
                node.renewal = nil
                guard case .renew(let tenure) = asked.request else { return }
                node.member.receive(renewal: answer, under: tenure, sentAt: asked.sentAt)
                if node.member.lease.state == .fenced { try node.fence() }
            }
        }
        if member.isFollowing, reading == nil { perform(.ask(member.poll)) }
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

    private func perform(_ course: Member.Course) {
        guard case .ask(let request) = course else { return }
        reading = ask(request) { node, answer, asked in
            guard node.reading?.id == asked.id else { return }
            node.reading = nil
            do {
                try node.received(answer, reading: asked)
            } catch is Killed {
                node.die()
            }
        }
    }

    private func received(_ answer: LogAnswer, reading asked: Asked) throws {
        setWall()
        simulator.rest(until: world.time)
        var course = member.receive(
            answer, to: asked.request, sentAt: asked.sentAt, at: now, wall: simulator.wall)
        if case .apply(let entries, let place) = course, let follower {
            let conflict = try follower.follow(
                entries.map(\.body), to: LogPlace(place, install: install))
            course = member.applied(conflict: conflict?.words)
        }
        switch course {
        // Its nodes are of one version.
        case .wait, .apply, .migrate: break
        case .ask: perform(course)
        case .lead(let tenure, let difference): try lead(tenure, difference)
        case .fenced: try fence()
        }
    }

    private func lead(_ tenure: Tenure, _ difference: Int64) throws {
        follower = nil
        simulator.membership = Membership(
            node: "\(index)",
            stallMilliseconds: world.has(.waitsForTheStall) ? Self.stallMilliseconds : 0,
            clockDifferenceMilliseconds: world.has(.shiftsTheClock) ? difference : 0)
        simulator.plan.guards =
            world.has(.recoversAtTakeover) ? Guards() : Guards(without: .recoversStarting)
        world.note(
            "node \(index) leads term \(tenure.term) from \(member.place.seq), clocks \(difference) ms"
        )
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
        guard !isDown, !member.isFollowing, !member.isAppending, simulator.isUp,
            let moment = simulator.nextMoment()
        else { return nil }
        let at = max(moment, world.time, pausedUntil)
        return member.lease.mayTurn(at: clock.reading(at: at)) ? at : nil
    }

    func turn() throws {
        setWall()
        // What was due while it stood still happens now; what is due now is no turn in a circle.
        if let due = simulator.nextMoment(), due < world.time {
            simulator.rest(until: world.time)
        }
        let lives = try world.withSandbox(of: self) { try simulator.run(until: world.time) }
        guard lives, simulator.isUp else { return die() }
        if let wanted {
            self.wanted = nil
            askAppend(wanted)
        }
    }

    /// What a turn has changed goes into the log.
    private func keep(_ changes: [UInt8]) -> LogPlace? {
        guard let request = member.append(changes, wall: simulator.wall) else { return nil }
        guard world.has(.appendsFirst) else {
            // It counts before anybody has heard of it.
            guard case .kept(let place) = member.receive(append: .appended, sentAt: now) else {
                return nil
            }
            member.committed()
            world.send(request, of: self) { _ in }
            return LogPlace(place, install: install)
        }
        wanted = request
        return nil
    }

    private func askAppend(_ request: LogRequest) {
        append = ask(request) { node, answer, asked in
            guard node.append?.id == asked.id else { return }
            try node.received(answer, append: asked)
        }
    }

    private func received(_ answer: LogAnswer, append asked: Asked) throws {
        append = nil
        let heard = answer == .unknown && !world.has(.asksAgain) ? .appended : answer
        switch member.receive(append: heard, sentAt: asked.sentAt) {
        case .ask(let request): askAppend(request)
        case .lost: try fence()
        case .kept(let place): try commit(at: place)
        }
    }

    private func commit(at place: Member.Place) throws {
        setWall()
        simulator.rest(until: world.time)
        let entry = LogPlace(place, install: install)
        do {
            try world.withSandbox(of: self) {
                try simulator.commit(at: entry) { [unowned self] in member.committed() }
            }
            if !simulator.isUp { die() }
        } catch is StoreError {
            // The log is ahead of this ledger: another one leads, and this one follows.
            try fence()
        }
    }

    // MARK: The end

    /// It has all of the log, and nothing in hand.
    func isLevel(with log: ModelLog) -> Bool {
        !isDown && !member.isAppending && member.place.seq == log.lease.seq
            && member.place.chain == log.lease.chain
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
