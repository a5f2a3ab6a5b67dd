package import Engine
package import Sandbox
import Store
package import Timetable

/// A life of a daemon as a seed tells it: schedules, faults, people, deaths; then all is healed.
///
/// Swarm testing: the seed also decides which kinds of trouble there are at all, since a little of
/// everything hides what much of one thing shows.
package struct Story {
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
    }

    package let seed: UInt64
    package let regime: FaultRule.Regime
    package var guards = Guards()
    var dice: Dice
    var events: [(at: Int64, event: Event)] = []
    var lengthMilliseconds: Int64 = 0
    let mortality: Stage.Mortality
    /// Stories of short lives from here on, two of three; earlier seeds keep their stories.
    private static let firstDeadlySeed: UInt64 = 100_000
    /// Stories with gateways in front of the API from here on.
    private static let firstGatewaySeed: UInt64 = 200_000
    let world: World

    /// Where all stories begin.
    package static let start = Instant(seconds: 1_795_496_430)

    /// Makes the story of a seed.
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
        var stage = Stage(dice: &dice, regime: regime, isDeadly: isDeadly)
        if seed >= Self.firstGatewaySeed {
            var dice = Dice(seed: ~seed)
            stage.putGatewaysInFront(&dice)
        }
        world = World(
            path: path, configuration: stage.configuration,
            sandbox: SandboxState(seed: seed, scenario: stage.scenario), time: Self.start,
            plan: stage.plan, recompile: Stage.recompile)
        world.plan.guards = guards
        lengthMilliseconds = stage.lengthMilliseconds
        mortality = stage.mortality
        events = stage.events(dice: &dice)
        self.dice = dice
    }

    /// Plays it and checks after each life and at the end.
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
        let healedAt = world.wall
        world.rest(until: world.time)
        try world.run(until: world.time.adding(milliseconds: 3 * 3_600_000))
        try checker.check(world, healedAt: healedAt)
        return finish(outcome, checker)
    }

    private func finish(_ outcome: Outcome, _ checker: Checker) -> Outcome {
        var outcome = outcome
        outcome.violations = checker.violations
        outcome.lives = world.lives
        outcome.turns = world.turns
        outcome.starts = world.starts.count
        return outcome
    }

    /// Starts the daemon with a death of its own, or none.
    private mutating func begin() throws {
        world.plan.dieAt = nil
        if dice.chance(mortality.deathProbability) {
            // Early deaths are as likely as late ones: recovery dies too.
            let magnitude = dice.below(mortality.magnitudeMax)
            world.plan.dieAt = 1 + dice.below(1 << magnitude)
        }
        try world.boot()
    }

    private mutating func live(
        until end: Instant, _ checker: inout Checker, _ outcome: inout Outcome
    ) throws {
        while world.time < end {
            if !world.isUp { try begin() }
            if try world.run(until: end) { return }
            outcome.log.append(
                "+\(world.time.since(Self.start) / 1000) s died at \(world.plan.dieAt ?? 0)")
            try checker.check(world)
            guard checker.violations.isEmpty else { return }
            // Mostly systemd restarts it at once; sometimes nobody notices for long.
            let pause =
                dice.chance(mortality.restartProbability)
                ? dice.between(0, 5_000)
                : dice.between(5_000, mortality.pauseMillisecondsMax)
            world.rest(until: min(end, world.time.adding(milliseconds: pause)))
        }
    }

    private mutating func happen(_ event: Event) throws {
        switch event {
        case .person(let process):
            world.sandbox.startByPerson(process: process, user: "person", at: world.time)
        case .rename(let process):
            world.sandbox.renameProcess(
                process, to: "Renamed \(dice.below(100))", at: world.time)
        case .command(let command):
            if world.isUp { world.command(command) }
        case .reload(let configuration):
            world.reload(configuration)
        case .clock(let milliseconds):
            world.stepClock(byMilliseconds: milliseconds)
        case .down(let milliseconds):
            if world.isUp { world.post(.stop) }
            try world.run(until: world.time.adding(milliseconds: 1_000))
            world.kill()
            world.rest(until: world.time.adding(milliseconds: milliseconds))
        case .kill:
            world.kill()
        case .resolve:
            try world.resolveHeld(restarts: dice.chance(0.5))
        case .revokeTokens:
            world.sandbox.revokeTokens()
        }
    }

    /// Faults end, people undo what they paused, the clock is right again.
    private mutating func heal() throws {
        world.sandbox.removeFaults()
        world.plan.dieAt = nil
        if world.skewMilliseconds != 0 {
            world.stepClock(byMilliseconds: -world.skewMilliseconds)
        }
        if !world.isUp { try world.boot() }
        world.command(.resume(schedule: nil))
        for schedule in world.configuration.schedules {
            world.command(.resume(schedule: schedule.name))
        }
    }
}
