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
                run.createdAt.adding(
                    milliseconds: -simulator.sandbox.scenario.clockSkewMilliseconds)
                    < before.adding(milliseconds: -1000)
            else { return nil }
            return "rule 19: slot \(slot.slotID) was skipped for the older run \(runID)"
        }
    }
}
