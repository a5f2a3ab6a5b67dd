package import Store
package import Timetable

/// Whether the runs of a schedule met its `finish_by` in a simulation.
package struct SimulatedDeadlines: Sendable, Equatable {
    package var schedule: String
    package var met = 0
    /// Slots whose run finished too late, or not by the end although it was due by then; or that had none.
    package var missed: [SimulatedSlot] = []
    /// Due only after the simulation's end.
    package var open = 0
    /// The longest that a run was late.
    package var worstMilliseconds: Int64 = 0

    /// Judges slots that have a deadline.
    ///
    /// - Parameters:
    ///   - slots: of all schedules.
    ///   - end: of the simulation.
    /// - Returns: one for each schedule that has deadlines, by name.
    package static func judge(_ slots: [SimulatedSlot], end: Instant) -> [SimulatedDeadlines] {
        var found: [String: SimulatedDeadlines] = [:]
        for slot in slots {
            guard let deadline = slot.finishBy else { continue }
            // One that a rule took away has no deadline. One that failed or was missed has not met its own:
            // the ledger calls it void, since the slot's end is told there by itself.
            switch slot.disposition {
            case .skipped, .coalesced, .cancelled: continue
            case .started, .pending, .starting, .unknown, .held, .missed, .expired, .failed: break
            }
            var sum = found[slot.schedule] ?? SimulatedDeadlines(schedule: slot.schedule)
            if let completed = slot.completedAt, completed <= deadline {
                sum.met += 1
            } else if slot.completedAt == nil, deadline > end {
                sum.open += 1
            } else {
                sum.missed.append(slot)
                let late = (slot.completedAt ?? end).since(deadline)
                sum.worstMilliseconds = max(sum.worstMilliseconds, late)
            }
            found[slot.schedule] = sum
        }
        return found.values.sorted { $0.schedule < $1.schedule }
    }

    /// Makes one of a schedule that has no slot yet.
    package init(schedule: String) { self.schedule = schedule }
}
