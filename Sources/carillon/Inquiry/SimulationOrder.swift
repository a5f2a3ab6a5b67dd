import Config
import Console
import Simulation
import Timetable

/// What a person wants simulated, as it was written.
struct SimulationOrder {
    let from: String
    let to: String
    let runTakes: String
    let down: [String]
    let clockStep: [String]
    let fault: [String]
    /// A span of history whose runs tell how long runs take, or how long it reaches back; nil: none.
    var runsAs: String?

    private static let daysMax: Int64 = 400

    /// The simulation that the texts mean; times without an offset are local if all schedules have
    /// one zone.
    ///
    /// - Throws: `CommandFailure` with 2 for what can't be read or simulated, with the option.
    func simulation(
        of loaded: LoadedConfiguration, _ host: any HostReading
    ) throws(CommandFailure) -> ConfigSimulation {
        let zone = Self.zone(of: loaded)
        let (begin, end) = try period(zone)
        guard let takes = DurationText.milliseconds(runTakes), takes > 0 else {
            throw CommandFailure(
                .usage,
                "--run-takes \(Printable.escaped(runTakes, limit: 60)): write 90s, 15m or 6h")
        }
        var simulation = ConfigSimulation(
            loaded: loaded, host: host, from: begin, to: end, runMilliseconds: takes)
        try add(to: &simulation, zone)
        for (at, _) in simulation.events where at < begin || at >= end {
            throw CommandFailure(
                .usage, "\(at.iso8601) is not between --from and --to, where it would be simulated")
        }
        return simulation
    }

    /// The span of history that `--runs-as` means: FROM/TO, or 31d back from now; nil: none was given.
    ///
    /// - Throws: `CommandFailure` with 2 for what can't be read.
    func history(
        of loaded: LoadedConfiguration, now: Instant
    ) throws(CommandFailure) -> (from: Instant, to: Instant)? {
        guard let runsAs else { return nil }
        if let back = DurationText.milliseconds(runsAs), back > 0 {
            return (now.adding(milliseconds: -back), now)
        }
        let zone = Self.zone(of: loaded)
        return try said("--runs-as", runsAs) { () throws(FaultPlan.Refusal) in
            guard runsAs.contains("/") || runsAs.contains("..") else {
                throw FaultPlan.Refusal(
                    message: "write FROM/TO, or how long it reaches back: 31d")
            }
            return try FaultPlan.span(
                runsAs,
                time: Self.time(zone, "; or write how long it reaches back, such as 31d"))
        }
    }

    /// That of all schedules; nil where they have several.
    private static func zone(of loaded: LoadedConfiguration) -> Zone? {
        let zones = Set(loaded.engine.schedules.map(\.timezone))
        return zones.count == 1 ? loaded.engine.schedules.first?.zone : nil
    }

    /// Reads a time; a refusal names what was written, and ends with the advice.
    private static func time(
        _ zone: Zone?, _ advice: String = ""
    ) -> (String) throws(FaultPlan.Refusal) -> Instant {
        { text throws(FaultPlan.Refusal) in
            switch TimeArgument.parse(text, zone: zone) {
            case .success(let instant): return instant
            case .failure(let refusal):
                throw FaultPlan.Refusal(
                    message: "\(Printable.escaped(text, limit: 60)): \(refusal.message)" + advice)
            }
        }
    }

    private func period(_ zone: Zone?) throws(CommandFailure) -> (from: Instant, to: Instant) {
        let begin = try TimeArgument.parse(from, zone: zone).said("--from", from)
        let end = try TimeArgument.parse(to, zone: zone).said("--to", to)
        // The times of the API's answers can't be earlier.
        guard begin.milliseconds >= 0 else {
            throw CommandFailure(.usage, "--from: nothing before 1970 can be simulated")
        }
        guard begin < end else { throw CommandFailure(.usage, "--to must be later than --from") }
        guard end.since(begin) <= Self.daysMax * 86_400_000 else {
            throw CommandFailure(.usage, "at most \(Self.daysMax) days can be simulated at once")
        }
        return (begin, end)
    }

    /// What happens meanwhile.
    private func add(
        to simulation: inout ConfigSimulation, _ zone: Zone?
    ) throws(CommandFailure) {
        let time = Self.time(zone)
        for text in down {
            let span = try said("--down", text) { () throws(FaultPlan.Refusal) in
                try FaultPlan.span(text, time: time)
            }
            simulation.events.append((max(span.from, simulation.from), .down(until: span.to)))
        }
        for text in clockStep {
            let step = try said("--clock-step", text) { () throws(FaultPlan.Refusal) in
                try FaultPlan.clockStep(text, time: time)
            }
            simulation.events.append((step.at, .clockStep(milliseconds: step.milliseconds)))
        }
        for text in fault {
            try said("--fault", text) { () throws(FaultPlan.Refusal) in
                try simulation.faults.add(text, from: simulation.from, time: time)
            }
        }
    }

    /// What the work returns, or the option, what was written and why it is refused.
    private func said<Value>(
        _ option: String, _ text: String, _ work: () throws(FaultPlan.Refusal) -> Value
    ) throws(CommandFailure) -> Value {
        do {
            return try work()
        } catch {
            throw CommandFailure(
                .usage, "\(option) \(Printable.escaped(text, limit: 100)): \(error.message)")
        }
    }
}
