import Cluster
import Engine
import Sandbox
import Store
import Timetable

/// A story of two nodes as a seed tells it: faults of hosts, of the way to the log and of the API; then
/// all is healed, and what docs/cluster.md promises is looked at.
package struct ClusterWorkload {
    /// What came of it.
    package struct Outcome: Sendable {
        package var violations: [String] = []
        package var takeovers = 0
        package var deaths = 0
        package var starts = 0
        package var turns = 0
        /// What happened, for people who look into a seed.
        package var log: [String] = []
    }

    private static let begin = RandomWorkload.start
    private static let troubleMilliseconds: Int64 = 300_000
    private static let healMilliseconds: Int64 = 420_000
    private let seed: UInt64
    private let off: ClusterGuard?
    private let paths: [String]

    /// Makes the story of a seed.
    ///
    /// - Parameters:
    ///   - seed: decides everything.
    ///   - paths: two databases of one content, migrated.
    ///   - off: what a negative test switches off.
    package init(seed: UInt64, paths: [String], without off: ClusterGuard? = nil) {
        self.seed = seed
        self.paths = paths
        self.off = off
    }

    /// Plays it.
    ///
    /// - Throws: `StoreError`; every other failure is a violation.
    package func play() throws -> Outcome {
        var dice = Dice(seed: seed)
        let (isAskew, skew) = (dice.chance(0.5), dice.pick([5_000, -5_000] as [Int64]))
        let configuration = configuration(&dice)
        let sandbox = sandbox(&dice, isHostile: isAskew)
        let world = ClusterWorld(
            begin: Self.begin, dice: Dice(seed: ~seed), sandbox: sandbox, off: off)
        world.deathProbability = dice.chance(0.5) ? 0.6 : 0
        world.pauseBeforeWrite = dice.chance(0.5) ? 0.06 : 0.3
        let drifts = dice.chance(0.5)
        for (index, path) in paths.enumerated() {
            var plan = Simulator.Plan()
            plan.endsAtErrors = false
            // Half of the worlds have two clocks that are as far apart as they may be.
            plan.skewMilliseconds =
                isAskew ? (index == 0 ? skew : -skew) : dice.between(-5_000, 5_000)
            let simulator = Simulator(
                path: path, configuration: configuration,
                sandbox: SandboxState(seed: 0, scenario: Scenario()),
                time: Self.begin, plan: plan, recompile: RandomRules.compile)
            // Two clocks are as good as one that is set at each takeover.
            simulator.wasClockSet = true
            let clock = BootClock(
                start: Self.begin, driftPerMille: drifts ? dice.between(-10, 10) : 0)
            try world.add(
                ClusterNode(index: index, simulator: simulator, world: world, clock: clock))
        }
        for _ in 0..<dice.between(2, 8) { plan(fault: &dice, world) }
        // Of their own, so that a seed's other faults stay what they are.
        var disks = Dice(seed: seed ^ 0xD15C)
        for _ in 0..<disks.between(0, 3) { plan(fullDisk: &disks, world) }
        try world.run(until: Self.begin.adding(milliseconds: Self.troubleMilliseconds))
        try world.checkPrefixes()
        world.heal()
        let healedAt = world.time
        try world.run(until: world.time.adding(milliseconds: Self.healMilliseconds))
        try end(world)
        return try outcome(world, healedAt: healedAt)
    }

    // MARK: The world

    private func configuration(_ dice: inout Dice) -> EngineConfiguration {
        var connection = Connection(
            name: "prod", baseURL: "https://api.example.com", apiVersion: "2026-01-01")
        connection.requestWindowMilliseconds = 10_000
        connection.settleWithinMilliseconds = 40_000
        let schedules = (1...3).map { number in
            var schedule = RandomRules.every(
                dice.between(1, 3), name: "s\(number)", process: "p\(number)",
                connection: "prod")
            schedule.poll.maxMilliseconds = 300_000
            schedule.overlap = .allow
            return schedule
        }
        return EngineConfiguration(
            contentHash: "1", connections: ["prod": connection], schedules: schedules)
    }

    /// isHostile: loses many answers, acts and lists as late as it may.
    private func sandbox(_ dice: inout Dice, isHostile: Bool) -> SandboxState {
        var scenario = Scenario()
        scenario.latencyMilliseconds = 20...400
        // As late as `settle_within` allows by two clocks that are 1 % apart.
        scenario.listDelayMilliseconds =
            isHostile ? 37_000...38_000 : dice.chance(0.5) ? 34_000...38_000 : 0...9_000
        scenario.processes = (1...3).map { number in
            let job = SandboxJob(
                .sendTask, title: "Check", durationMilliseconds: 15_000...25_000)
            return SandboxProcess(
                id: "p\(number)", name: "Close \(number)",
                root: .group(name: "All", parallel: false, children: [.job(job)]))
        }
        if isHostile || dice.chance(0.5) {
            let late = isHostile ? 8_500 : dice.between(0, 9_000)
            var lost = FaultRule(
                .lostAfter(actsAfterMilliseconds: late), operation: "runProcess")
            lost.probability = isHostile ? 0.6 : 0.15
            scenario.faults = [lost]
        }
        return SandboxState(seed: seed, scenario: scenario)
    }

    /// A leader's COMMITs fail behind their appends for a while, with or without being in the file.
    private func plan(fullDisk dice: inout Dice, _ world: ClusterWorld) {
        let at = dice.between(5_000, Self.troubleMilliseconds - 50_000)
        let (index, length) = (dice.below(2), dice.between(10, 8_000))
        let trouble = dice.pick([
            Simulator.DiskTrouble(.full, "the disk is full"),
            Simulator.DiskTrouble(.ioError, "the sync failed", isWritten: true),
            Simulator.DiskTrouble(.ioError, "the write failed"),
        ])
        world.after(at, nil) { [unowned world] in
            world.note("node \(index) can't write: \(trouble.error.cause), for \(length) ms")
            world.nodes[index].simulator.diskTrouble = trouble
            world.after(length, nil) { [unowned world] in
                world.nodes[index].simulator.diskTrouble = nil
            }
        }
    }

    private func plan(fault dice: inout Dice, _ world: ClusterWorld) {
        let at = dice.between(5_000, Self.troubleMilliseconds - 50_000)
        let index = dice.below(2)
        let length = dice.pick([
            dice.between(100, 3_000), dice.between(3_000, 20_000), dice.between(20_000, 60_000),
        ])
        let kind = dice.below(10)
        let (isFrozen, cut) = (dice.chance(0.5), dice.pick(ClusterNetwork.Cut.allCases))
        let steps = 1 + dice.below(60)
        world.after(at, nil) { [unowned world] in
            let node = world.nodes[index]
            let until = world.time.adding(milliseconds: length)
            switch kind {
            case 0..<3:
                // The watchdog ends most stops that aren't the whole host's.
                node.pause(isFrozen ? length : min(length, 25_000), isFrozen: isFrozen)
            case 3..<6:
                world.note("node \(index) is cut: \(cut) for \(length) ms")
                world.network.cut(index, cut, until: until)
            case 6, 7: if !node.isDown { node.die() }
            case 8: node.followerDiesIn = steps
            default:
                world.note("the log is down for \(length) ms")
                for other in 0..<2 { world.network.cut(other, .requests, until: until) }
            }
        }
    }

    // MARK: The end

    /// Nobody takes a turn any more, and whoever follows reads to the end.
    private func end(_ world: ClusterWorld) throws {
        for _ in 0..<40 {
            world.isEnding = true
            try world.run(until: world.time.adding(milliseconds: 500))
            if world.nodes.allSatisfy({ $0.isLevel(with: world.log) }) { return }
        }
        guard world.violations.isEmpty else { return }
        for node in world.nodes where !node.isLevel(with: world.log) {
            world.violate(
                "C5: node \(node.index) has \(node.member.place.seq) of \(world.log.lease.seq) turns"
            )
        }
    }

    private func outcome(_ world: ClusterWorld, healedAt: Instant) throws -> Outcome {
        world.checkTerms()
        try world.checkPrefixes()
        var violations = world.violations
        if violations.isEmpty {
            try compare(world, &violations)
            try checkSlots(world, healedAt: healedAt, &violations)
        }
        return Outcome(
            violations: violations, takeovers: world.log.tenures.count,
            deaths: world.nodes.map(\.deaths).reduce(0, +),
            starts: world.nodes.map(\.simulator.starts.count).reduce(0, +),
            turns: world.nodes.map(\.simulator.turns).reduce(0, +), log: world.notes)
    }

    private func compare(_ world: ClusterWorld, _ violations: inout [String]) throws {
        let rows = try world.nodes.map { node in try node.inspect { try $0.rowsOfAllTables() } }
        for table in rows[0].keys.sorted() where rows[0][table] != rows[1][table] {
            violations.append("C5: the ledgers differ in \(table)")
        }
    }

    /// I1 and I2, by the ledger that all have, and by what has left either node.
    private func checkSlots(
        _ world: ClusterWorld, healedAt: Instant, _ violations: inout [String]
    ) throws {
        guard let node = world.nodes.first(where: { $0.simulator.isUp }) else {
            violations.append("nobody leads at the end")
            return
        }
        let simulator = node.simulator
        for other in world.nodes where other !== node {
            simulator.starts += other.simulator.starts
            simulator.acknowledgedRuns.formUnion(other.simulator.acknowledgedRuns)
            simulator.listedRuns.formUnion(other.simulator.listedRuns)
            simulator.errorLines += other.simulator.errorLines
        }
        try world.withSandbox(of: node) {
            var checker = Checker()
            try checker.check(
                simulator,
                healedAt: healedAt.adding(milliseconds: simulator.skewMilliseconds))
            violations += checker.violations
        }
    }
}

extension WorkloadFolder {
    /// Plays two nodes on databases of their own.
    ///
    /// - Parameters:
    ///   - seed: decides everything.
    ///   - off: what a negative test switches off.
    /// - Returns: what came of it.
    /// - Throws: `StoreError`.
    package func playNodes(
        _ seed: UInt64, without off: ClusterGuard? = nil
    ) throws -> ClusterWorkload.Outcome {
        let paths = [try freshDatabase(), try freshDatabase()]
        defer { for path in paths { discard(path) } }
        return try ClusterWorkload(seed: seed, paths: paths, without: off).play()
    }
}
