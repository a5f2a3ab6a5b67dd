import Engine
import Sandbox
import Simulation
import Store
import Timetable

/// A config played on a virtual clock: the real engine and store against the sandbox's processes.
struct Rehearsal {
    /// A time in which the daemon is down.
    struct Outage: Equatable {
        var from: Instant
        var to: Instant
    }

    /// What came of it.
    struct Outcome {
        /// `LedgerReader.dispositions`.
        var schedules: LedgerTable
        /// `LedgerReader.unstarted`.
        var unstarted: LedgerTable
        var requests: [Requests]
        /// What the daemon would have logged as an error; the play ended there.
        var errors: [String]
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
    let outages: [Outage]
    /// How long a run of any process takes.
    let runMilliseconds: Int64
    /// Told of each day that has been played.
    var progress: (Instant) -> Void = { _ in }

    /// Plays it on a database in a folder.
    ///
    /// - Throws: `StoreError` when the folder has no room.
    func play(in folder: String) throws -> Outcome {
        let path = folder + "/rehearsal.db"
        let host = host
        let world = World(
            path: path, configuration: loaded.engine,
            sandbox: SandboxState(seed: 1, scenario: scenario()), time: from,
            recompile: { RuleSource.compile($0, host: host) })
        var isDown = false
        for outage in outages.sorted(by: { $0.from < $1.from }) where outage.to > world.time {
            if outage.from > world.time {
                if !isDown, !world.isUp { try world.boot() }
                try run(world, until: min(outage.from, to))
            }
            world.kill()
            world.rest(until: min(outage.to, to))
            isDown = world.time >= to
        }
        if !isDown {
            if !world.isUp { try world.boot() }
            try run(world, until: to)
        }
        world.kill()
        let reader = try LedgerReader(path: path)
        return Outcome(
            schedules: try reader.dispositions(), unstarted: try reader.unstarted(limit: 20),
            requests: requests(world.requestTimes), errors: world.errorLines)
    }

    private func run(_ world: World, until end: Instant) throws {
        while world.time < end {
            try world.run(until: min(end, world.time.adding(milliseconds: 86_400_000)))
            progress(world.time)
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

    // MARK: The processes

    /// Every process that a schedule names, each with one task of the given length.
    private func scenario() -> Scenario {
        var scenario = Scenario()
        scenario.apiVersions = Set(loaded.engine.connections.values.map(\.apiVersion)).sorted()
        scenario.latencyMilliseconds = 200...800
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
        return SandboxProcess(
            id: id, name: name, root: .group(name: "Root", parallel: false, children: [.job(job)]))
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
