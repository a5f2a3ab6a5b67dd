import Engine
import Store
import Timetable

extension Checker {
    /// Nothing is started for an instant that a window skips, nor before the end of one that delays it,
    /// and one window makes one start of a schedule at its end.
    ///
    /// - Returns: what is wrong, in words.
    /// - Throws: `StoreError` when the file can't be read.
    func windowViolations(_ simulator: Simulator) throws -> [String] {
        // Starts are noted by the true time, and windows go by our wall clock.
        guard !simulator.wasClockSet else { return [] }
        var violations: [String] = []
        let schedules = Dictionary(
            simulator.configuration.schedules.map { ($0.name, $0) },
            uniquingKeysWith: { first, _ in first })
        var ended: [String: Int64] = [:]
        try simulator.inspect { ledger in
            for start in simulator.starts {
                guard let slot = try ledger.slot(start.slotID), slot.kind != .manual,
                    let schedule = schedules[slot.schedule], !schedule.windows.isEmpty,
                    !simulator.schedulesWithEditedWindows.contains(slot.schedule),
                    !simulator.restartedByPerson.contains(slot.slotID)
                else { continue }
                let at = start.at.adding(milliseconds: simulator.skewMilliseconds)
                switch schedule.windows.verdict(at: slot.slotAt) {
                case .open, .started: continue
                case .skipped(let window, _):
                    violations.append(
                        "window \(window) skips slot \(slot.slotID) of \(slot.schedule), which was "
                            + "started")
                case .delayed(let window, let until):
                    if at < until {
                        violations.append(
                            "slot \(slot.slotID) of \(slot.schedule) was started before the end "
                                + "of window \(window)")
                    }
                    let key = "\(slot.schedule) \(until.milliseconds)"
                    if let other = ended.updateValue(slot.slotID, forKey: key),
                        other != slot.slotID
                    {
                        violations.append(
                            "slots \(other) and \(slot.slotID) of \(slot.schedule) were both "
                                + "started at the end of window \(window)")
                    }
                }
            }
        }
        return violations
    }
}
