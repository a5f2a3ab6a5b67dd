package import Engine
package import Sandbox
import Store
package import Timetable

/// A life of a daemon as a seed tells it: schedules, faults, people, deaths; then all is healed.
///
/// Swarm testing: the seed also decides which kinds of trouble there are at all, since a little of
/// everything hides what much of one thing shows.
package struct RandomWorkload {
    /// What came of it.
    package struct Outcome: Sendable {
        package var violations: [String] = []
        package var lives = 0
        package var turns = 0
        package var starts = 0
        package var slots = 0
        /// What happened, for people who look into a seed.
        package var log: [String] = []
    }

    /// What may happen beside turns.
    enum Event {
        case person(process: String)
        case rename(process: String)
        case command(OperatorCommand)
        case reload(EngineConfiguration)
        case clock(milliseconds: Int64)
        case down(milliseconds: Int64)
        case kill
        case resolve
        case revokeTokens
        case disk(Simulator.DiskTrouble?)
        case missing(connection: String, String?)
    }

    package let seed: UInt64
    package let regime: FaultRule.Regime
    package var guards = Guards()
    var dice: Dice
    var events: [(at: Int64, event: Event)] = []
    var lengthMilliseconds: Int64 = 0
    let mortality: RandomScenario.Mortality
    /// Workloads of short lives from here on, two of three; earlier seeds keep their workloads.
    private static let firstDeadlySeed: UInt64 = 100_000
    /// Workloads with gateways in front of the API from here on.
    private static let firstGatewaySeed: UInt64 = 200_000
    /// Workloads with much of a few kinds of trouble from here on, every second one.
    private static let firstKindSeed: UInt64 = 300_000
    /// Workloads with the policies of `drawLaterPolicies` from here on.
    private static let firstPolicySeed: UInt64 = 500_000
    /// Workloads whose schedules have several rules, windows and joins from here on.
    private static let firstCloseSeed: UInt64 = 600_000
    /// Workloads whose disk fails for a while; not the long ones that are recorded as they failed.
    private static let diskSeeds: Range<UInt64> = 700_000..<100_000_000
    /// With what a month-end asks for (`RandomMonthEnd.swift`).
    private static let monthEndSeeds: Range<UInt64> = 800_000..<100_000_000
    /// Rules of wall clocks, deadlines, tags and missing things (`RandomClock.swift`).
    private static let clockSeeds: Range<UInt64> = 900_000..<100_000_000
    /// Schedules that waited for something of the host, as they are when it is there.
    let shelf: [String: Schedule]
    /// The world in which it is played.
    package let simulator: Simulator

    /// Where all workloads begin.
    package static let start = Instant(seconds: 1_795_496_430)

    /// Makes the workload of a seed.
    ///
    /// - Parameters:
    ///   - seed: decides everything.
    ///   - path: where its database will be.
    ///   - guards: negative tests switch some off.
    package init(seed: UInt64, path: String, guards: Guards = Guards()) {
        self.seed = seed
        regime = seed % 4 == 3 ? .breaksWindows : .keepsWindows
        self.guards = guards
        var dice = Dice(seed: seed)
        let isDeadly = seed >= Self.firstDeadlySeed && seed % 3 != 0
        var scenarioOfSeed = RandomScenario(dice: &dice, regime: regime, isDeadly: isDeadly)
        if seed >= Self.firstGatewaySeed {
            var dice = Dice(seed: ~seed)
            scenarioOfSeed.putGatewaysInFront(&dice)
            if seed >= Self.firstKindSeed, seed.isMultiple(of: 2) {
                scenarioOfSeed.putMuchOfAFewKindsInFront(&dice)
            }
            if seed >= Self.firstCloseSeed { scenarioOfSeed.giveSeveralRules(&dice) }
        }
        if seed >= Self.firstPolicySeed {
            var dice = Dice(seed: seed &* 31 &+ 7)
            scenarioOfSeed.drawLaterPolicies(&dice)
        }
        if Self.monthEndSeeds.contains(seed) {
            var dice = Dice(seed: seed &* 43 &+ 17)
            scenarioOfSeed.drawMonthEnd(&dice)
        }
        if Self.clockSeeds.contains(seed) {
            var dice = Dice(seed: seed &* 53 &+ 23)
            scenarioOfSeed.drawClocks(&dice)
        }
        simulator = Simulator(
            path: path, configuration: scenarioOfSeed.configuration,
            sandbox: SandboxState(seed: seed, scenario: scenarioOfSeed.scenario), time: Self.start,
            plan: scenarioOfSeed.plan, recompile: RandomRules.compile)
        simulator.plan.guards = guards
        simulator.reloadAgainMilliseconds = 15_000
        lengthMilliseconds = scenarioOfSeed.lengthMilliseconds
        mortality = scenarioOfSeed.mortality
        events = scenarioOfSeed.events(dice: &dice)
        if seed >= Self.firstPolicySeed {
            var dice = Dice(seed: seed &* 37 &+ 11)
            events = (events + scenarioOfSeed.laterEvents(&dice)).sorted { $0.at < $1.at }
        }
        if Self.monthEndSeeds.contains(seed) {
            var dice = Dice(seed: seed &* 47 &+ 19)
            events = (events + scenarioOfSeed.monthEndEvents(&dice)).sorted { $0.at < $1.at }
        }
        if Self.clockSeeds.contains(seed) {
            var dice = Dice(seed: seed &* 59 &+ 29)
            events = (events + scenarioOfSeed.clockEvents(&dice)).sorted { $0.at < $1.at }
        }
        if Self.diskSeeds.contains(seed) {
            var dice = Dice(seed: seed &* 41 &+ 13)
            events = (events + scenarioOfSeed.diskEvents(&dice)).sorted { $0.at < $1.at }
        }
        shelf = scenarioOfSeed.shelf
        self.dice = dice
    }

    /// Runs it and checks after each life and at the end.
    ///
    /// - Throws: `StoreError`; every other failure is a violation.
    package mutating func play() throws -> Outcome {
        var outcome = Outcome()
        var checker = Checker(regime: regime)
        try begin()
        for (at, event) in events {
            try live(until: Self.start.adding(milliseconds: at), &checker, &outcome)
            guard checker.violations.isEmpty else { return finish(outcome, checker) }
            outcome.log.append("+\(at / 1000) s \("\(event)".prefix(120))")
            try happen(event)
        }
        try live(until: Self.start.adding(milliseconds: lengthMilliseconds), &checker, &outcome)
        guard checker.violations.isEmpty else { return finish(outcome, checker) }
        try heal()
        let healedAt = simulator.wall
        simulator.rest(until: simulator.time)
        try simulator.run(until: simulator.time.adding(milliseconds: 3 * 3_600_000))
        try checker.check(simulator, healedAt: healedAt)
        if seed >= Self.firstKindSeed { try checker.checkWaits(simulator) }
        if Self.clockSeeds.contains(seed) { try checker.checkClose(simulator, healedAt: healedAt) }
        return finish(outcome, checker)
    }

    private func finish(_ outcome: Outcome, _ checker: Checker) -> Outcome {
        var outcome = outcome
        outcome.violations = checker.violations
        outcome.lives = simulator.lives
        outcome.turns = simulator.turns
        outcome.starts = simulator.starts.count
        return outcome
    }

    /// Starts the daemon with a death of its own, or none.
    private mutating func begin() throws {
        simulator.plan.dieAt = nil
        if dice.chance(mortality.deathProbability) {
            // Early deaths are as likely as late ones: recovery dies too.
            let magnitude = dice.below(mortality.magnitudeMax)
            simulator.plan.dieAt = 1 + dice.below(1 << magnitude)
        }
        try simulator.boot()
        // A host tells its daemon at each start what is not there.
        for (connection, why) in simulator.missingFiles.sorted(by: { $0.key < $1.key }) {
            miss(connection, why)
        }
    }

    private mutating func live(
        until end: Instant, _ checker: inout Checker, _ outcome: inout Outcome
    ) throws {
        while simulator.time < end {
            if !simulator.isUp { try begin() }
            // Earlier seeds were never looked at in between.
            let isWatched = seed >= Self.firstKindSeed
            let next = isWatched ? min(end, simulator.time.adding(milliseconds: 300_000)) : end
            if try simulator.run(until: next) {
                if isWatched { try checker.checkWaits(simulator) }
                guard next < end, checker.violations.isEmpty else { return }
                continue
            }
            outcome.log.append(
                "+\(simulator.time.since(Self.start) / 1000) s died at \(simulator.plan.dieAt ?? 0)"
            )
            try checker.check(simulator)
            guard checker.violations.isEmpty else { return }
            // Mostly systemd restarts it at once; sometimes nobody notices for long.
            let pause =
                dice.chance(mortality.restartProbability)
                ? dice.between(0, 5_000)
                : dice.between(5_000, mortality.pauseMillisecondsMax)
            simulator.rest(until: min(end, simulator.time.adding(milliseconds: pause)))
        }
    }

    private mutating func happen(_ event: Event) throws {
        switch event {
        case .person(let process):
            simulator.sandbox.startByPerson(process: process, user: "person", at: simulator.time)
        case .rename(let process):
            simulator.sandbox.renameProcess(
                process, to: "Renamed \(dice.below(100))", at: simulator.time)
        case .command(let command):
            if simulator.isUp { simulator.command(command) }
        case .reload(let configuration):
            simulator.reload(configuration)
        case .clock(let milliseconds):
            simulator.stepClock(byMilliseconds: milliseconds)
        case .down(let milliseconds):
            if simulator.isUp { simulator.post(.stop) }
            try simulator.run(until: simulator.time.adding(milliseconds: 1_000))
            simulator.kill()
            simulator.rest(until: simulator.time.adding(milliseconds: milliseconds))
        case .kill:
            simulator.kill()
        case .resolve:
            try simulator.resolveHeld(restarts: dice.chance(0.5))
        case .revokeTokens:
            simulator.sandbox.revokeTokens()
        case .disk(let trouble):
            simulator.diskTrouble = trouble
        case .missing(let connection, let why):
            miss(connection, why)
        }
    }

    /// A file that a connection needs is not there, or is there again, which the daemon is told.
    private func miss(_ connection: String, _ why: String?) {
        simulator.missingFiles[connection] = why
        guard simulator.isUp else { return }
        simulator.post(
            .trouble(
                Trouble(
                    kind: .waits, subject: AlarmKind.waitingSubject(connection: connection),
                    whatToDo: why)))
        if why == nil { simulator.post(.credentialChanged(connection: connection)) }
    }

    /// The host has all that schedules wait for.
    private func bringBack() {
        var configuration = simulator.configuration
        guard !configuration.waiting.isEmpty else { return }
        configuration.schedules =
            (configuration.schedules
            + configuration.waiting.keys.compactMap { shelf[$0] }).sorted { $0.name < $1.name }
        configuration.waiting = [:]
        configuration.contentHash += "!"
        simulator.reload(configuration)
    }

    /// Faults end, people undo what they paused, the clock is right again.
    private mutating func heal() throws {
        simulator.sandbox.removeFaults()
        simulator.diskTrouble = nil
        simulator.plan.dieAt = nil
        for connection in simulator.missingFiles.keys.sorted() { miss(connection, nil) }
        bringBack()
        if simulator.skewMilliseconds != 0 {
            simulator.stepClock(byMilliseconds: -simulator.skewMilliseconds)
        }
        if !simulator.isUp { try simulator.boot() }
        simulator.command(.resume(schedule: nil))
        for schedule in simulator.configuration.schedules {
            simulator.command(.resume(schedule: schedule.name))
        }
    }
}
