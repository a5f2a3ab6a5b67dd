package import Config
package import Console
package import Engine
import Sandbox
package import Store
package import Timetable

/// A config simulated on a virtual clock: the real engine and store against the sandbox's processes.
package struct ConfigSimulation {
    /// What happens beside the schedules.
    package enum Event: Equatable {
        /// The daemon is killed, and started again then.
        case down(until: Instant)
        /// The host's wall clock is set by so much; the API's stays right.
        case clockStep(milliseconds: Int64)
    }

    /// What came of it.
    package struct Outcome {
        /// `LedgerReader.dispositions`.
        package var schedules: LedgerTable
        /// `LedgerReader.unstarted`.
        package var unstarted: LedgerTable
        /// `LedgerReader.attention` as the simulation's end left it.
        package var attention: LedgerTable
        package var requests: [Requests]
        /// Each slot with its run, in the order of time; none unless they were asked for.
        package var slots: [SimulatedSlot]
        /// What the daemon would have logged as an error.
        package var errors: [String]
        /// How runs were looked at, in words.
        package var looks: String
        /// So much time was not simulated, since an equal part had been.
        package var repeatedMilliseconds: Int64
        /// Before the end the daemon turned in circles.
        package var isCutShort: Bool

        /// How many slots were not started, those that `unstarted` leaves out among them.
        package var unstartedCount: Int64 {
            schedules.rows.indices.reduce(0) { sum, row in
                func count(_ column: String) -> Int64 {
                    guard case .integer(let count) = schedules.value(column, row: row) else {
                        return 0
                    }
                    return count
                }
                return sum + count("slots") - count("started")
            }
        }

        /// That there are more slots than were kept with their runs, in words; nil: all were, or none.
        package var slotsLeftOut: String? {
            let total = schedules.rows.indices.reduce(0) { sum, row in
                guard case .integer(let count) = schedules.value("slots", row: row) else {
                    return sum
                }
                return sum + Int(count)
            }
            guard let last = slots.last, total > slots.count else { return nil }
            return "Only the first \(slots.count) of \(total) slots, those up to "
                + "\(last.slotAt.iso8601), are drawn and judged by their finish_by: "
                + "simulate a shorter time."
        }

        /// The time that was not simulated, to the next day: its parts are as long as the quiet times
        /// make them.
        package var repeatedDays: Int {
            let days = (repeatedMilliseconds + 43_200_000) / 86_400_000
            return repeatedMilliseconds > 0 ? max(1, Int(days)) : 0
        }
    }

    /// What a connection was asked.
    package struct Requests {
        package var connection: String
        package var count: Int
        /// The most within one window of its rate limit.
        package var busiest: Int
        package var limit: RatePolicy
    }

    package let loaded: LoadedConfiguration
    package let host: any HostReading
    package let from: Instant
    package let to: Instant
    /// In any order; two times down may touch.
    package var events: [(at: Instant, what: Event)] = []
    package var faults = FaultPlan()
    /// How long a run of any process takes.
    package var runMilliseconds: Int64
    /// What runs of a schedule took in truth: each run draws one of them; none: `runMilliseconds`.
    package var durations: [String: [Int64]] = [:]
    /// Keeps each slot with its run.
    package var keepsSlots = false
    /// So many of them are kept, the first ones: a bound of memory.
    package var slotsMax = 200_000
    /// Looks as often as the config says, not as seldom as a simulation may.
    package var isExact = false
    /// Simulates days that are equal to others, too.
    package var isEveryDay = false
    /// Told of the time that has been simulated.
    ///
    /// Throws to end the simulation.
    package var progress: (Instant) throws -> Void = { _ in }

    /// Makes the simulation of a config, without events or faults.
    ///
    /// - Parameters:
    ///   - loaded: the config.
    ///   - host: where zones are read.
    ///   - from: the first instant.
    ///   - to: the end, later than the first instant.
    ///   - runMilliseconds: how long a run of any process takes.
    package init(
        loaded: LoadedConfiguration, host: any HostReading, from: Instant, to: Instant,
        runMilliseconds: Int64
    ) {
        self.loaded = loaded
        self.host = host
        self.from = from
        self.to = to
        self.runMilliseconds = runMilliseconds
    }

    private static let answersAfterMilliseconds: Int64 = 500

    // MARK: Pace

    func plan() -> Simulator.Plan {
        var plan = Simulator.Plan()
        plan.endsAtErrors = false
        plan.keepsBook = false
        plan.limits.keepsUpcoming = false
        guard !isExact else { return plan }
        plan.wakesEveryMilliseconds = 1000
        plan.limits.readsInFlightMax = 512
        plan.countsTokens = !isCalm
        return plan
    }

    /// The config with polls that cost less: a run is looked at once, when it has ended.
    func configuration() -> EngineConfiguration {
        var configuration = loaded.engine
        // Nobody is to be told of what only a simulation has seen.
        configuration.notices = NoticePlan()
        // Its ledger is thrown away; a daemon that removes history asks for the server's clock first.
        configuration.keepHistoryMilliseconds = nil
        guard !isExact else { return configuration }
        for index in configuration.schedules.indices {
            configuration.schedules[index].poll.minMilliseconds = lookAfterMilliseconds
            configuration.schedules[index].poll.maxMilliseconds = lookAfterMilliseconds * 4
            configuration.schedules[index].poll.reopenWindowMilliseconds = 0
            // Nothing that it could find goes wrong.
            if isCalm { configuration.schedules[index].preflightMilliseconds = nil }
        }
        return configuration
    }

    /// When a run is looked at, counted from its start.
    var lookAfterMilliseconds: Int64 { runMilliseconds + 5_000 }

    /// Nothing can come between a start and its answer.
    var isCalm: Bool {
        events.isEmpty && faults.rules.isEmpty && faults.limit == nil && faults.failingRuns == 0
    }

    /// How runs were looked at, in words.
    var looks: String {
        guard !isExact else { return "Runs were looked at as often as the config says." }
        let left = isCalm ? ", checks ahead of slots (preflight) were left out" : ""
        return "Runs were looked at once, when they had ended\(left): the daemon will make more "
            + "requests than are counted here; --exact polls as configured."
    }

    // MARK: The processes

    /// Every process that a schedule names, each with one task of the given length.
    func scenario() -> Scenario {
        var scenario = Scenario()
        scenario.apiVersions = Set(loaded.engine.connections.values.map(\.apiVersion)).sorted()
        scenario.latencyMilliseconds =
            isExact ? 200...800 : Self.answersAfterMilliseconds...Self.answersAfterMilliseconds
        scenario.rateLimit = faults.limit
        scenario.faults = faults.rules
        var ids: Set<String> = []
        var names: Set<String> = []
        var took: [String: [Int64]] = [:]
        for schedule in loaded.engine.schedules {
            switch schedule.process {
            case .id(let id):
                ids.insert(id)
                took[id, default: []] += durations[schedule.name] ?? []
            case .name(let pattern):
                let own = self.names(pattern, schedule.zone)
                names.formUnion(own)
                for name in own { took[name, default: []] += durations[schedule.name] ?? [] }
            }
        }
        scenario.processes =
            ids.sorted().map { process($0, name: $0, took[$0] ?? []) }
            + names.sorted().enumerated().map {
                process("named-\($0 + 1)", name: $1, took[$1] ?? [])
            }
        return scenario
    }

    private func process(_ id: String, name: String, _ took: [Int64]) -> SandboxProcess {
        var job = SandboxJob(
            .sendTask, title: "Work", durationMilliseconds: runMilliseconds...runMilliseconds)
        job.drawnMilliseconds = took
        var process = SandboxProcess(
            id: id, name: name, root: .group(name: "Root", parallel: false, children: [.job(job)]))
        process.endings.error = faults.failingRuns
        process.endings.complete = 1 - faults.failingRuns
        return process
    }

    /// What a pattern can become on any day of the simulation.
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
