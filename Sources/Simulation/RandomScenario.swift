import Engine
import Sandbox
import Store
import Timetable

/// What a seed puts into the simulation: API, processes, connections, schedules and what will happen.
struct RandomScenario {
    static let processes = ["p1", "p2", "p3"]
    static let minutes: [Int64] = [5, 7, 10, 15, 20, 30, 60]

    var scenario = Scenario()
    var configuration: EngineConfiguration
    var plan = Simulator.Plan()
    var lengthMilliseconds: Int64
    var mortality: Mortality
    private let processCount: Int
    /// Edits give several rules and windows too.
    var hasSeveralRules = false
    /// Edits give rules on parts of runs and other last days, too.
    var drawsMonthEnd = false
    /// Edits give rules and windows of a wall clock, too.
    var drawsClocks = false
    /// Schedules that a host lacked something for, as they were.
    var shelf: [String: Schedule] = [:]

    /// How lives end.
    struct Mortality {
        /// Of a life that ends by itself.
        var deathProbability: Double
        /// It dies at a point below a power of two of that exponent at most.
        var magnitudeMax: Int
        /// Of a pause so short that systemd must have restarted it at once.
        var restartProbability: Double
        var pauseMillisecondsMax: Int64
    }

    /// Makes the scenario.
    ///
    /// - Parameters:
    ///   - dice: of the seed.
    ///   - regime: whether the API keeps its windows.
    ///   - isDeadly: an hour of short lives, instead of an afternoon with a death now and then.
    init(dice: inout Dice, regime: FaultRule.Regime, isDeadly: Bool) {
        lengthMilliseconds = dice.between(20, isDeadly ? 60 : 300) * 60_000
        mortality = Mortality(
            deathProbability: dice.pick([0, 0.3, 0.8, 0.95]), magnitudeMax: 13,
            restartProbability: 0.8, pauseMillisecondsMax: 3 * 3_600_000)
        if isDeadly {
            mortality = Mortality(
                deathProbability: 1, magnitudeMax: dice.pick([5, 7, 9]), restartProbability: 0.9,
                pauseMillisecondsMax: 120_000)
        }
        processCount = 1 + dice.below(Self.processes.count)
        configuration = EngineConfiguration(contentHash: "0", connections: [:], schedules: [])
        setScenario(&dice, regime)
        setConnections(&dice)
        var schedules: [Schedule] = []
        for index in 0...dice.below(5) { schedules.append(schedule(index, &dice)) }
        configuration.schedules = schedules.sorted { $0.name < $1.name }
        configuration.catchupPerMinute = dice.pick([30, 30, 5, 120])
    }

    private mutating func setScenario(_ dice: inout Dice, _ regime: FaultRule.Regime) {
        scenario.latencyMilliseconds = 5...dice.pick([50, 400, 3_000])
        scenario.listDelayMilliseconds = 0...dice.pick([0, 0, 2_000, 8_000])
        scenario.readDelayMilliseconds = 0...dice.pick([0, 0, 20_000])
        scenario.secondRun = dice.pick([.allowed, .allowed, .allowed, .conflictWhileOpen])
        scenario.writesMilliseconds = dice.chance(0.2)
        scenario.clockSkewMilliseconds = dice.pick([0, 0, 0, 3_000, -3_000, 60_000])
        for id in Self.processes.prefix(processCount) {
            let job = SandboxJob(
                .sendTask, title: "Check",
                durationMilliseconds: 10_000...dice.pick([20_000, 240_000, 1_500_000]))
            var process = SandboxProcess(
                id: id, name: "Close \(id)",
                root: .group(name: "All", parallel: false, children: [.job(job)]))
            process.endings.cancelled = dice.pick([0, 0.1])
            process.endings.error = dice.pick([0, 0.1])
            process.endings.healsAfterMilliseconds = 300_000
            scenario.processes.append(process)
        }
        let probability = dice.pick([0, 0.003, 0.01, 0.03, 0.1])
        if probability > 0 {
            scenario.faults = FaultRule.storm(probability: probability, regime: regime)
        }
        if dice.chance(0.2) {
            scenario.rateLimit = RateLimit(requests: 20, windowSeconds: 60)
        }
    }

    /// What stands between us and the API answers for it, all the time or for a while: gateways,
    /// caches, proxies with another address, echoes, zero hints, odd statuses, compression.
    ///
    /// - Parameter dice: Its own, so that nothing else of the seed's workload changes.
    mutating func putGatewaysInFront(_ dice: inout Dice) {
        guard dice.chance(0.6) else { return }
        var window: Range<Int64>?
        if dice.chance(0.5) {
            let begin = dice.between(0, lengthMilliseconds / 2)
            window = begin..<(begin + dice.pick([120_000, 1_200_000, 4_800_000]))
        }
        // There are some forty of them for a start: the last makes every second answer one.
        let probability = dice.pick([0.001, 0.003, 0.008, 0.02])
        scenario.faults += FaultRule.gateways(probability: probability, window: window)
    }

    /// A few kinds of trouble, each much of it: lists of many pages, and what `FaultRule.Kind` names.
    ///
    /// - Parameter dice: Its own, so that nothing else of the seed's workload changes.
    mutating func putMuchOfAFewKindsInFront(_ dice: inout Dice) {
        scenario.pageItemsMax = dice.pick([1, 2, 3, 1000])
        // Processes that no schedule names: before, between and after the others.
        for (id, name) in [("x1", "Audit"), ("x2", "Close p1b"), ("x3", "Tax")].prefix(
            dice.below(4))
        {
            scenario.processes.append(
                SandboxProcess(
                    id: id, name: name,
                    root: .group(name: "All", parallel: false, children: [])))
        }
        // Those of earlier ranges would strike first, and hide what much of one kind shows.
        if dice.chance(0.5) { scenario.faults = [] }
        for kind in FaultRule.Kind.allCases where dice.chance(0.3) {
            var window: Range<Int64>?
            if dice.chance(0.6) {
                let begin = dice.between(0, lengthMilliseconds / 2)
                window = begin..<(begin + dice.pick([120_000, 1_200_000, 4_800_000]))
            }
            scenario.faults += FaultRule.rules(
                of: kind, probability: dice.pick([0.05, 0.2, 0.6]), window: window,
                pick: { Int(truncatingIfNeeded: dice.next() >> 1) % $0 })
        }
    }

    /// Policies of schedules that earlier seeds don't have.
    ///
    /// - Parameter dice: Its own, so that nothing else of the seed's workload changes.
    mutating func drawLaterPolicies(_ dice: inout Dice) {
        for index in configuration.schedules.indices where dice.chance(0.4) {
            configuration.schedules[index].unlessDone = UnlessDone(
                since: dice.chance(0.8) ? .lastSlot : .period,
                author: dice.chance(0.7) ? .anyone : .us)
        }
        for index in configuration.schedules.indices {
            if dice.chance(0.2) {
                configuration.schedules[index].pauseAfterFailures = 1 + dice.below(3)
            }
            if dice.chance(0.2) { configuration.schedules[index].maxRuns = 1 + dice.below(4) }
        }
    }

    private mutating func setConnections(_ dice: inout Dice) {
        var connection = Connection(
            name: "prod", baseURL: "https://api.example.com", apiVersion: "2026-01-01")
        if dice.chance(0.2) {
            connection.rate.requests = 30
            connection.apiVersion = "2026-04-01.processes.preview"
        }
        configuration.connections["prod"] = connection
        guard dice.chance(0.3) else { return }
        // The same API under a second grant, of another user or of the same one.
        connection.name = "second"
        configuration.connections["second"] = connection
        var client = SandboxClient()
        client.id = "second-client"
        if dice.chance(0.5) { client.user = "second-user" }
        scenario.clients.append(client)
        plan.clients["second"] = 1
    }

    private mutating func schedule(_ index: Int, _ dice: inout Dice) -> Schedule {
        let process = Self.processes[dice.below(processCount)]
        let connection =
            configuration.connections["second"] != nil && dice.chance(0.4)
            ? "second" : "prod"
        var schedule = RandomRules.every(
            dice.pick(Self.minutes), name: "s\(index)", process: process, connection: connection)
        if index > 0, dice.chance(0.2) {
            schedule.trigger = .after(
                AfterRule(
                    upstreams: ["s\(dice.below(index))"], on: dice.pick([.success, .end]),
                    withinMilliseconds: dice.pick([nil, 600_000])))
            schedule.ruleText = "after"
            schedule.ruleSource = "after"
        }
        schedule.missed = dice.pick([.latest, .all, .skip])
        schedule.overlap = dice.pick([.skip, .queue, .allow])
        schedule.unknownStart = dice.chance(0.2) ? .hold : .settle
        schedule.onConflict = dice.chance(0.5) ? .retry : .fail
        schedule.startWithinMilliseconds = dice.pick([45, 45, 10, 2]) * 60_000
        schedule.missedWindowMilliseconds = dice.pick([360, 60, 20]) * 60_000
        schedule.retry.maxAttempts = dice.pick([8, 3, nil])
        if dice.chance(0.2) { schedule.spreadMilliseconds = 120_000 }
        if dice.chance(0.1) { schedule.validateFirst = true }
        if dice.chance(0.05) { schedule.mode = .observe }
        if dice.chance(0.1) { schedule.poll.maxMilliseconds = 600_000 }
        return schedule
    }

    // MARK: What happens

    mutating func events(dice: inout Dice) -> [(at: Int64, event: RandomWorkload.Event)] {
        var events: [(at: Int64, event: RandomWorkload.Event)] = []
        let kinds = (0..<9).filter { _ in dice.chance(0.4) }
        guard !kinds.isEmpty else { return [] }
        for _ in 0..<dice.below(12) {
            let at = dice.between(1_000, lengthMilliseconds)
            events.append((at, event(dice.pick(kinds), &dice)))
        }
        return events.sorted { $0.at < $1.at }
    }

    /// Commands that earlier seeds don't have: what came to nothing is made up for.
    ///
    /// - Parameter dice: Its own, so that nothing else of the seed's workload changes.
    /// - Returns: when each comes.
    func laterEvents(_ dice: inout Dice) -> [(at: Int64, event: RandomWorkload.Event)] {
        var events: [(at: Int64, event: RandomWorkload.Event)] = []
        for number in 0..<dice.below(6) {
            let at = dice.between(1_000, lengthMilliseconds)
            let name = "s\(dice.below(6))"
            let past = RandomWorkload.start.adding(milliseconds: dice.between(0, at))
            let slotAt = Instant(seconds: past.seconds / 300 * 300)
            let command: OperatorCommand =
                dice.chance(0.5)
                ? .makeUp(
                    schedule: name, slotAt: slotAt, uuid: "m\(number)", force: dice.chance(0.2),
                    reason: "")
                : .backfill(
                    schedule: name, from: slotAt.adding(milliseconds: -3_600_000), through: slotAt,
                    takesSkipped: dice.chance(0.5), reason: "")
            events.append((at, .command(command)))
        }
        return events
    }

    /// The disk fails for a while, sometimes just as the config is edited; what failed may be written.
    ///
    /// - Parameter dice: Its own, so that nothing else of the seed's workload changes.
    /// - Returns: when each trouble comes and goes.
    mutating func diskEvents(
        _ dice: inout Dice
    ) -> [(at: Int64, event: RandomWorkload.Event)] {
        var events: [(at: Int64, event: RandomWorkload.Event)] = []
        for _ in 0..<dice.below(5) {
            let kind = dice.pick([StoreError.Kind.ioError, .ioError, .full, .busy])
            let trouble = Simulator.DiskTrouble(
                kind, "\(kind)", isWritten: kind == .ioError && dice.chance(0.7))
            let at = dice.between(1_000, lengthMilliseconds)
            events.append((at, .disk(trouble)))
            if dice.chance(0.4) { events.append((at, edit(&dice))) }
            events.append((at + dice.pick([1, 1_000, 12_000, 120_000]), .disk(nil)))
        }
        return events
    }

    private mutating func event(_ kind: Int, _ dice: inout Dice) -> RandomWorkload.Event {
        switch kind {
        case 0: return .person(process: Self.processes[dice.below(processCount)])
        case 1: return .rename(process: Self.processes[dice.below(processCount)])
        case 2: return .command(command(&dice))
        case 3: return edit(&dice)
        case 4: return .clock(milliseconds: step(&dice))
        case 5: return .down(milliseconds: dice.between(1_000, 4 * 3_600_000))
        case 6: return .kill
        case 7: return .resolve
        default: return .revokeTokens
        }
    }

    private func step(_ dice: inout Dice) -> Int64 {
        let size = dice.pick([3_000, 50_000, 600_000, 7_200_000])
        return dice.chance(0.5) ? Int64(size) : -Int64(size)
    }

    private func command(_ dice: inout Dice) -> OperatorCommand {
        let name = "s\(dice.below(configuration.schedules.count))"
        switch dice.below(7) {
        case 0, 1:
            return .trigger(
                schedule: name, uuid: "u\(dice.below(6))", force: dice.chance(0.2), reason: "")
        case 2: return .pause(schedule: dice.chance(0.3) ? nil : name, until: nil, reason: "x")
        case 3: return .resume(schedule: dice.chance(0.5) ? nil : name)
        case 4:
            let at = RandomWorkload.start.adding(
                milliseconds: dice.between(0, lengthMilliseconds) / 300_000 * 300_000)
            return .skip(
                schedule: name, at: Instant(seconds: at.seconds / 300 * 300), reason: "")
        case 5: return .unblock(connection: "prod")
        default: return .drain(reason: "")
        }
    }

    /// Edits pile up: each event has the configuration after all edits before it.
    mutating func edit(_ dice: inout Dice) -> RandomWorkload.Event {
        configuration.contentHash += "+"
        let index = dice.below(configuration.schedules.count)
        if drawsClocks, dice.chance(0.7) {
            editClocks(index, &dice)
            return .reload(configuration)
        }
        switch dice.below(5) {
        case 0:
            let minutes = dice.pick(Self.minutes)
            guard case .rule(let rule) = configuration.schedules[index].trigger, !rule.isReboot
            else { break }
            let several = hasSeveralRules && dice.chance(0.6) ? severalMinutes(&dice) : [minutes]
            RandomRules.set(several, of: &configuration.schedules[index])
        case 1:
            configuration.schedules[index].enabled.toggle()
        case 2:
            configuration.schedules[index].process =
                .id(Self.processes[dice.below(processCount)])
        case 3 where hasSeveralRules && dice.chance(0.7):
            putWindow(&configuration.schedules[index], &dice)
        case 3 where drawsMonthEnd && dice.chance(0.7):
            drawOutcome(of: &configuration.schedules[index], &dice)
            drawDays(of: "prod", &dice)
        case 3:
            configuration.schedules[index].overlap = dice.pick([.skip, .queue, .allow])
        default:
            guard configuration.schedules.count > 1 else { break }
            configuration.schedules.remove(at: index)
        }
        return .reload(configuration)
    }
}
