import Engine
import Sandbox
import Simulation
import Store
import Timetable

/// A config played on a virtual clock: the real engine and store against the sandbox's processes.
struct Rehearsal {
    /// What happens beside the schedules.
    enum Happening: Equatable {
        /// The daemon is killed, and started again then.
        case down(until: Instant)
        /// The host's wall clock is set by so much; the API's stays right.
        case clockStep(milliseconds: Int64)
    }

    /// What came of it.
    struct Outcome {
        /// `LedgerReader.dispositions`.
        var schedules: LedgerTable
        /// `LedgerReader.unstarted`.
        var unstarted: LedgerTable
        /// `LedgerReader.attention` as the play's end left it.
        var attention: LedgerTable
        var requests: [Requests]
        /// What the daemon would have logged as an error.
        var errors: [String]
        /// How runs were looked at, in words.
        var looks: String
        /// Before the end the daemon turned in circles.
        var isCutShort: Bool
    }

    /// What a connection was asked.
    struct Requests {
        var connection: String
        var count: Int
        /// The most within one window of its rate limit.
        var busiest: Int
        var limit: RatePolicy
    }

    let loaded: LoadedConfiguration
    let host: any HostReading
    let from: Instant
    let to: Instant
    /// In any order; two times down may touch.
    var happenings: [(at: Instant, what: Happening)] = []
    var faults = PlayedFaults()
    /// How long a run of any process takes.
    var runMilliseconds: Int64
    /// Looks as often as the config says, not as seldom as a play may.
    var isExact = false
    /// Told of the time that has been played.
    ///
    /// Throws to end the play.
    var progress: (Instant) throws -> Void = { _ in }

    private static let looksEveryMilliseconds: Int64 = 6 * 3_600_000
    private static let answersAfterMilliseconds: Int64 = 500
    private static let progressEveryMilliseconds: Int64 = 6 * 3_600_000

    /// Plays it on a database in a folder.
    ///
    /// - Throws: `StoreError` when the folder has no room, and what `progress` throws.
    func play(in folder: String) throws -> Outcome {
        let path = folder + "/rehearsal.db"
        let host = host
        var sandbox = SandboxState(seed: 1, scenario: scenario())
        // The windows of the faults count from here.
        sandbox.advance(to: from)
        let world = World(
            path: path, configuration: configuration(), sandbox: sandbox, time: from, plan: plan(),
            recompile: { RuleSource.compile($0, host: host) })
        for happening in happenings.sorted(by: { $0.at < $1.at }) where happening.at < to {
            try run(world, until: happening.at)
            switch happening.what {
            case .clockStep(let milliseconds):
                world.stepClock(byMilliseconds: milliseconds)
            case .down(let until):
                world.kill()
                world.rest(until: min(until, to))
            }
        }
        try run(world, until: to)
        let isCutShort = world.isStuck
        world.kill()
        let reader = try LedgerReader(path: path)
        return Outcome(
            schedules: try reader.dispositions(), unstarted: try reader.unstarted(limit: 20),
            attention: try reader.attention(), requests: requests(world.requestTimes),
            errors: world.errorLines, looks: looks, isCutShort: isCutShort)
    }

    private func run(_ world: World, until end: Instant) throws {
        guard world.time < end else { return }
        if !world.isUp { try world.boot() }
        while world.time < end {
            let before = world.time
            try world.run(
                until: min(end, before.adding(milliseconds: Self.progressEveryMilliseconds)))
            try progress(world.time)
            guard world.time > before else { return }
        }
    }

    private func requests(_ times: [String: [Int64]]) -> [Requests] {
        times.sorted { $0.key < $1.key }.map { name, times in
            let limit = loaded.engine.connections[name]?.rate ?? RatePolicy()
            var busiest = 0
            var first = 0
            for (index, time) in times.enumerated() {
                while times[first] <= time - limit.perMilliseconds { first += 1 }
                busiest = max(busiest, index - first + 1)
            }
            return Requests(
                connection: name, count: times.count, busiest: busiest, limit: limit)
        }
    }

    // MARK: Pace

    private func plan() -> World.Plan {
        var plan = World.Plan()
        plan.endsAtErrors = false
        plan.keepsBook = false
        plan.limits.keepsUpcoming = false
        guard !isExact else { return plan }
        plan.wakesEveryMilliseconds = 1000
        plan.limits.readsInFlightMax = 512
        guard isCalm else { return plan }
        // Nobody else starts runs here, and a run that might block is read anew all the same, so an
        // older look leads to the same decision. Where an answer can be lost it would not: settling
        // compares with the run that the look showed.
        plan.limits.lookAgeMaxMilliseconds = Self.looksEveryMilliseconds
        plan.limits.lookLeadMilliseconds = 0
        return plan
    }

    /// The config with polls that cost less: a run is looked at once it has ended where another slot
    /// waits for that, otherwise after hours.
    private func configuration() -> EngineConfiguration {
        var configuration = loaded.engine
        guard !isExact else { return configuration }
        var awaited: Set<String> = []
        var queued: [ProcessReference] = []
        for schedule in configuration.schedules {
            if case .after(let rule) = schedule.trigger { awaited.formUnion(rule.upstreams) }
            if schedule.overlap == .queue { queued.append(schedule.process) }
        }
        let soon = runMilliseconds + 5_000
        for index in configuration.schedules.indices {
            let schedule = configuration.schedules[index]
            let isAwaited = awaited.contains(schedule.name) || queued.contains(schedule.process)
            let gap = isAwaited ? soon : max(soon, Self.looksEveryMilliseconds)
            configuration.schedules[index].poll.minMilliseconds = gap
            configuration.schedules[index].poll.maxMilliseconds = gap * 4
            configuration.schedules[index].poll.reopenWindowMilliseconds = 0
        }
        return configuration
    }

    /// Nothing can come between a start and its answer.
    private var isCalm: Bool {
        happenings.isEmpty && faults.rules.isEmpty && faults.limit == nil
    }

    private var looks: String {
        guard !isExact else { return "Runs were looked at as often as the config says." }
        let hours = Self.looksEveryMilliseconds / 3_600_000
        return "Runs were looked at after \(hours) hours, sooner where a slot waited for them: the "
            + "daemon will make more requests than are counted here; --exact plays its own polls."
    }

    // MARK: The processes

    /// Every process that a schedule names, each with one task of the given length.
    private func scenario() -> Scenario {
        var scenario = Scenario()
        scenario.apiVersions = Set(loaded.engine.connections.values.map(\.apiVersion)).sorted()
        scenario.latencyMilliseconds =
            isExact ? 200...800 : Self.answersAfterMilliseconds...Self.answersAfterMilliseconds
        scenario.rateLimit = faults.limit
        scenario.faults = faults.rules
        var ids: Set<String> = []
        var names: Set<String> = []
        for schedule in loaded.engine.schedules {
            switch schedule.process {
            case .id(let id): ids.insert(id)
            case .name(let pattern): names.formUnion(self.names(pattern, schedule.zone))
            }
        }
        scenario.processes =
            ids.sorted().map { process($0, name: $0) }
            + names.sorted().enumerated().map { process("named-\($0 + 1)", name: $1) }
        return scenario
    }

    private func process(_ id: String, name: String) -> SandboxProcess {
        let job = SandboxJob(
            .sendTask, title: "Work", durationMilliseconds: runMilliseconds...runMilliseconds)
        var process = SandboxProcess(
            id: id, name: name, root: .group(name: "Root", parallel: false, children: [.job(job)]))
        process.endings.error = faults.failingRuns
        process.endings.complete = 1 - faults.failingRuns
        return process
    }

    /// What a pattern can become on any day of the play.
    private func names(_ pattern: String, _ zone: Zone) -> Set<String> {
        var names: Set<String> = []
        var day = from
        // A day more: the last local day may begin after the last step.
        while day <= to.adding(milliseconds: 86_400_000) {
            let offset = zone.offsetSeconds(at: day)
            if let name = NamePattern.expand(pattern, slotAt: day, offsetSeconds: offset) {
                names.insert(name)
            }
            day = day.adding(milliseconds: 43_200_000)
        }
        return names
    }
}
