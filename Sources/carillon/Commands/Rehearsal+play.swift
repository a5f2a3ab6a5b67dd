import Config
import Engine
import Sandbox
import Simulation
import Store
import Timetable

extension Rehearsal {
    private static let progressEveryMilliseconds: Int64 = 3_600_000
    /// Beside the run: its look, the end of its token, and the lead of the next stretch.
    private static let quietBesideRunMilliseconds: Int64 = 600_000

    /// Plays it on databases in a folder.
    ///
    /// - Throws: `StoreError` when the folder has no room, and what `progress` throws.
    func play(in folder: String) throws -> Outcome {
        let playsAll = !isCalm || isExact || isEveryDay
        let sum = playsAll ? try playThrough(in: folder) : try playStretches(in: folder)
        return Outcome(
            schedules: sum.schedules, unstarted: sum.unstarted, attention: sum.attention,
            requests: requests(sum.requestTimes), errors: sum.errors, looks: looks,
            repeatedMilliseconds: sum.repeatedMilliseconds, isCutShort: sum.isCutShort)
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

    // MARK: In one piece

    private func playThrough(in folder: String) throws -> PlayedSum {
        let world = world(from: from, seed: 1, path: folder + "/rehearsal.db", configuration())
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
        var sum = PlayedSum()
        sum.add(try PlayedPart(ending: world), at: from)
        return sum
    }

    private func world(
        from begin: Instant, seed: UInt64, path: String, _ configuration: EngineConfiguration
    ) -> World {
        var sandbox = SandboxState(seed: seed, scenario: scenario())
        // The windows of the faults count from here.
        sandbox.advance(to: begin)
        let host = host
        return World(
            path: path, configuration: configuration, sandbox: sandbox, time: begin, plan: plan(),
            recompile: { RuleSource.compile($0, host: host) })
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

    // MARK: Equal stretches once

    /// What is known of stretches with the same slots.
    private enum Known {
        /// So much time after its beginning it has come to rest, and that came of it.
        case rests(afterMilliseconds: Int64, PlayedPart)
        /// So much time after its beginning something is still going on.
        case goesOn(afterMilliseconds: Int64)
    }

    /// Plays stretch after stretch, each with a daemon of its own; of equal ones that leave nothing
    /// behind, only the first.
    private func playStretches(in folder: String) throws -> PlayedSum {
        let stretches = StretchCutter(
            schedules: loaded.engine.schedules, from: from, to: to,
            quietMilliseconds: quietMilliseconds
        ).stretches()
        var known: [[Stretch.Mark]: Known] = [:]
        var sum = PlayedSum()
        var index = 0
        while index < stretches.count, !sum.isCutShort {
            try playStretch(&index, of: stretches, in: folder, &known, &sum)
        }
        return sum
    }

    /// Between the last slot of a stretch and the first one of the next.
    private var quietMilliseconds: Int64 { runMilliseconds + Self.quietBesideRunMilliseconds }

    /// Plays a stretch, with as many of the next ones as it takes to come to rest.
    private func playStretch(
        _ index: inout Int, of stretches: [Stretch], in folder: String,
        _ known: inout [[Stretch.Mark]: Known], _ sum: inout PlayedSum
    ) throws {
        // Its daemon starts without a lead, and fires what is to be fired at a start.
        let isFirst = index == 0
        var stretch = stretches[index]
        var world: World?
        while true {
            index += 1
            switch isFirst ? nil : known[stretch.pattern] {
            case .rests(let after, let part)
            where after <= stretch.milliseconds && sum.canRepeat(part):
                sum.add(part, at: stretch.begin, repeatedMilliseconds: stretch.milliseconds)
                return try progress(stretch.end)
            case .goesOn(let after) where after >= stretch.milliseconds && index < stretches.count:
                break
            default:
                let played =
                    world
                    ?? self.world(
                        from: stretch.begin, seed: UInt64(index), path: "\(folder)/\(index).db",
                        isFirst ? configuration() : configurationWithoutReboot())
                world = played
                let restAfter = try run(played, through: stretch)
                guard restAfter != nil || index == stretches.count || played.isStuck else {
                    if !isFirst {
                        known[stretch.pattern] = .goesOn(afterMilliseconds: stretch.milliseconds)
                    }
                    break
                }
                var part = try PlayedPart(ending: played)
                if !isFirst {
                    part.forgetRequests(before: StretchCutter.leadMilliseconds / 2)
                    known[stretch.pattern] = restAfter.map { .rests(afterMilliseconds: $0, part) }
                }
                return sum.add(part, at: stretch.begin)
            }
            stretch = stretch.joined(stretches[index])
        }
    }

    /// Lets a world run to the end of a stretch, or until it has come to rest after the last slot.
    ///
    /// - Returns: when it was at rest, counted from the beginning; nil: not by the end.
    private func run(_ world: World, through stretch: Stretch) throws -> Int64? {
        let last = stretch.marks.map(\.dueMilliseconds).max() ?? 0
        let after = last + quietMilliseconds - StretchCutter.leadMilliseconds
        let quiet = stretch.begin.adding(milliseconds: after)
        if quiet < stretch.end {
            try run(world, until: quiet)
            if try isAtRest(world) { return after }
        }
        try run(world, until: stretch.end)
        return try isAtRest(world) ? stretch.milliseconds : nil
    }

    /// A token that ends before the next stretch's first look is none.
    private func isAtRest(_ world: World) throws -> Bool {
        try world.isAtRest(
            forMilliseconds: StretchCutter.leadMilliseconds - world.plan.limits.lookLeadMilliseconds
        )
    }

    /// For every start but the first, which is the only one in truth.
    private func configurationWithoutReboot() -> EngineConfiguration {
        var configuration = configuration()
        configuration.schedules.removeAll {
            if case .rule(let rule) = $0.trigger { rule.isReboot } else { false }
        }
        return configuration
    }
}
