import Engine
import Sandbox
import Store
import Timetable

/// Rule 21: no schedule starts more than it may.
extension Checker {
    /// Schedules that have started more runs by themselves than `max_runs`.
    ///
    /// - Returns: what is wrong, in words.
    func startsTooMany(_ simulator: Simulator, _ ledger: Ledger) throws -> [String] {
        try ledger.ownStarts().compactMap { name, count in
            guard
                let max = simulator.configuration.schedules.first(where: { $0.name == name })?
                    .maxRuns,
                count > max
            else { return nil }
            return "rule 21: \(name) has started \(count) runs, and may start \(max)"
        }
    }
}

/// Rule 19: what was skipped as done has truly been done.
extension Checker {
    /// Slots that name a run as their work, and what the API knows of it.
    ///
    /// - Returns: what is wrong, in words.
    func untrueDone(_ simulator: Simulator, _ ledger: Ledger) throws -> [String] {
        try ledger.slotsDone().compactMap { slot, runID in
            guard let run = simulator.sandbox.run(runID), run.process == slot.processID,
                run.completed(at: simulator.time) != nil
            else {
                return "rule 19: slot \(slot.slotID) was skipped for run \(runID), which has not "
                    + "succeeded"
            }
            guard !simulator.wasClockSet, let before = try ledger.slotBefore(slot)?.slotAt,
                let schedule = simulator.configuration.schedules.first(where: {
                    $0.name == slot.schedule
                }), schedule.unlessDone?.since == .lastSlot,
                // A Date has whole seconds, so our clock and the server's are compared no better.
                run.createdAt < before.adding(milliseconds: -1000)
            else { return nil }
            return "rule 19: slot \(slot.slotID) was skipped for the older run \(runID)"
        }
    }
}

/// Rule 20: a slot's work is done once, by itself or by what makes up for it.
extension Checker {
    /// Instants of schedules for which more than one run was created, unless a person wanted it so.
    ///
    /// - Parameters:
    ///   - runsBySlot: what the API has created for each slot.
    ///   - simulator: knows what a person has decided.
    ///   - ledger: knows which slot makes up for which.
    /// - Returns: what is wrong, in words.
    /// - Throws: `StoreError` when the file can't be read.
    func worksDoneTwice(
        _ runsBySlot: [Int64: [SandboxRun]], _ simulator: Simulator, _ ledger: Ledger
    ) throws -> [String] {
        var found: [String: [String]] = [:]
        for (slotID, runs) in runsBySlot where !simulator.restartedByPerson.contains(slotID) {
            guard let work = try ledger.work(ofSlot: slotID), !work.isForced else { continue }
            let name = "\(work.kind.rawValue) slot \(work.at.iso8601) of \(work.schedule)"
            found[name, default: []] += runs.map(\.id)
        }
        return found.filter { $1.count > 1 }.map { name, runs in
            "rule 20: the work of the \(name) was done by \(runs.sorted().joined(separator: ", "))"
        }.sorted()
    }
}
