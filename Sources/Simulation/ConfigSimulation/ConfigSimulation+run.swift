import Config
import Engine
import Sandbox
import Store
import Timetable

extension ConfigSimulation {
    private static let progressEveryMilliseconds: Int64 = 3_600_000
    /// Beside the run: its look, the end of its token, and the lead of the next segment.
    private static let quietBesideRunMilliseconds: Int64 = 600_000

    /// Simulates it on databases in a folder.
    ///
    /// - Throws: `StoreError` when the folder has no room, and what `progress` throws.
    package func run(in folder: String) throws -> Outcome {
        let runsWhole = !isCalm || isExact || isEveryDay || keepsSlots || !durations.isEmpty
        let sum = runsWhole ? try runWhole(in: folder) : try runSegments(in: folder)
        return Outcome(
            schedules: sum.schedules, unstarted: sum.unstarted, attention: sum.attention,
            requests: requests(sum.requestTimes), slots: sum.slots, errors: sum.errors,
            looks: looks,
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

    private func runWhole(in folder: String) throws -> OutcomeSum {
        let simulator = simulator(
            from: from, seed: 1, path: folder + "/simulation.db", configuration())
        for event in events.sorted(by: { $0.at < $1.at }) where event.at < to {
            try run(simulator, until: event.at)
            switch event.what {
            case .clockStep(let milliseconds):
                simulator.stepClock(byMilliseconds: milliseconds)
            case .down(let until):
                simulator.kill()
                simulator.rest(until: min(until, to))
            }
        }
        try run(simulator, until: to)
        var sum = OutcomeSum()
        let kept = keepsSlots ? slotsMax : 0
        sum.add(try SegmentOutcome(ending: simulator, slotsMax: kept), at: from)
        return sum
    }

    private func simulator(
        from begin: Instant, seed: UInt64, path: String, _ configuration: EngineConfiguration
    ) -> Simulator {
        var sandbox = SandboxState(seed: seed, scenario: scenario())
        // The windows of the faults count from here.
        sandbox.advance(to: begin)
        let host = host
        return Simulator(
            path: path, configuration: configuration, sandbox: sandbox, time: begin, plan: plan(),
            recompile: { RuleSource.compile($0, host: host) })
    }

    private func run(_ simulator: Simulator, until end: Instant) throws {
        guard simulator.time < end else { return }
        if !simulator.isUp { try simulator.boot() }
        while simulator.time < end {
            let before = simulator.time
            try simulator.run(
                until: min(end, before.adding(milliseconds: Self.progressEveryMilliseconds)))
            try progress(simulator.time)
            guard simulator.time > before else { return }
        }
    }

    // MARK: Equal segments once

    /// What is known of segments with the same slots.
    private enum Known {
        /// So much time after its beginning it has come to rest, and that came of it.
        case rests(afterMilliseconds: Int64, SegmentOutcome)
        /// So much time after its beginning something is still going on.
        case goesOn(afterMilliseconds: Int64)
    }

    /// Simulates segment after segment, each with a daemon of its own; of equal ones that leave nothing
    /// behind, only the first.
    private func runSegments(in folder: String) throws -> OutcomeSum {
        let segments = Segmentation(
            schedules: loaded.engine.schedules, from: from, to: to,
            quietMilliseconds: quietMilliseconds
        ).segments()
        var known: [[Segment.Mark]: Known] = [:]
        var sum = OutcomeSum()
        var index = 0
        while index < segments.count, !sum.isCutShort {
            try runSegment(&index, of: segments, in: folder, &known, &sum)
        }
        return sum
    }

    /// Between the last slot of a segment and the first one of the next.
    private var quietMilliseconds: Int64 { runMilliseconds + Self.quietBesideRunMilliseconds }

    /// Simulates a segment, with as many of the next ones as it takes to come to rest.
    private func runSegment(
        _ index: inout Int, of segments: [Segment], in folder: String,
        _ known: inout [[Segment.Mark]: Known], _ sum: inout OutcomeSum
    ) throws {
        // Its daemon starts without a lead, and fires what is to be fired at a start.
        let isFirst = index == 0
        var segment = segments[index]
        var simulator: Simulator?
        while true {
            index += 1
            switch isFirst ? nil : known[segment.pattern] {
            case .rests(let after, let part)
            where after <= segment.milliseconds && sum.canRepeat(part):
                sum.add(part, at: segment.begin, repeatedMilliseconds: segment.milliseconds)
                return try progress(segment.end)
            case .goesOn(let after) where after >= segment.milliseconds && index < segments.count:
                break
            default:
                let current =
                    simulator
                    ?? self.simulator(
                        from: segment.begin, seed: UInt64(index), path: "\(folder)/\(index).db",
                        isFirst ? configuration() : configurationWithoutReboot())
                simulator = current
                let restAfter = try run(current, through: segment)
                guard restAfter != nil || index == segments.count || current.isStuck else {
                    if !isFirst {
                        known[segment.pattern] = .goesOn(afterMilliseconds: segment.milliseconds)
                    }
                    break
                }
                var part = try SegmentOutcome(ending: current)
                if !isFirst {
                    part.forgetRequests(before: Segmentation.leadMilliseconds / 2)
                    known[segment.pattern] = restAfter.map { .rests(afterMilliseconds: $0, part) }
                }
                return sum.add(part, at: segment.begin)
            }
            segment = segment.joined(segments[index])
        }
    }

    /// Lets a world run to the end of a segment, or until it has come to rest after the last slot.
    ///
    /// - Returns: when it was at rest, counted from the beginning; nil: not by the end.
    private func run(_ simulator: Simulator, through segment: Segment) throws -> Int64? {
        let last = segment.marks.map(\.dueMilliseconds).max() ?? 0
        let after = last + quietMilliseconds - Segmentation.leadMilliseconds
        let quiet = segment.begin.adding(milliseconds: after)
        if quiet < segment.end {
            try run(simulator, until: quiet)
            if try isAtRest(simulator) { return after }
        }
        try run(simulator, until: segment.end)
        return try isAtRest(simulator) ? segment.milliseconds : nil
    }

    /// A token that ends before the next segment's first look is none.
    private func isAtRest(_ simulator: Simulator) throws -> Bool {
        try simulator.isAtRest(
            forMilliseconds: Segmentation.leadMilliseconds
                - simulator.plan.limits.lookLeadMilliseconds
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
