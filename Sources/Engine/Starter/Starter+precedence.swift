import Store
import Timetable

/// Which slots a make-up lets go first (rule 20).
extension Starter {
    /// A run that usually takes less is in nobody's way for longer.
    private static let precedenceMillisecondsMin: Int64 = 300_000
    /// Older runs tell nothing of how long the next one takes.
    private static let runsMax = 20

    /// A start of the process that is due, or will be before the run of the make-up has ended, as it looks.
    func readPrecedence(_ facts: inout StartFacts, _ schedule: Schedule) throws {
        let slot = facts.slot
        guard slot.makesUpSlotID != nil, !slot.forced,
            facts.openRuns.isEmpty || schedule.overlap == .allow
        else { return }
        let waiting =
            try ledger.openSlots(baseURL: slot.baseURL, processID: slot.processID)
            + ledger.openSlots(schedule: slot.schedule, .pending)
        let first = waiting.first { other in
            other.disposition == .pending && other.dueAt <= now && !other.isAskedFor
                && other.connection == slot.connection && isBlockedByRuns(other.schedule)
        }
        if let first { return facts.goesFirst = first.name }
        let durations = try ledger.durations(of: slot.schedule, limit: Self.runsMax).sorted()
        let usual = durations.isEmpty ? 0 : durations[durations.count / 2]
        let coming = try ledger.schedulesComing(
            baseURL: slot.baseURL, process: ProcessReference.id(slot.processID).stored,
            orNamed: slot.schedule,
            through: now.adding(
                milliseconds: max(
                    schedule.startWithinMilliseconds, Self.precedenceMillisecondsMin)))
        facts.goesFirst =
            coming.lazy.compactMap { self.soon($0, slot, schedule, usual: usual) }.first
    }

    /// Its slots are skipped, or wait, while a run of the process is open.
    private func isBlockedByRuns(_ name: String) -> Bool {
        guard let schedule = roster.schedule(name) else { return false }
        return schedule.overlap != .allow && schedule.mode == .run
    }

    /// The next slot of a schedule, if it is so close that the make-up's run would be in its way.
    ///
    /// Where runs take more than half of the time between two slots they are in each other's way whatever
    /// one does: a make-up whose own time is over lets nobody go first there but what is due.
    private func soon(
        _ name: String, _ makeUp: SlotRow, _ own: Schedule, usual: Int64
    ) -> SlotName? {
        guard isBlockedByRuns(name), let schedule = roster.schedule(name),
            let next = schedule.nextOccurrence(after: now), next.decision == .run
        else { return nil }
        if case .skipped = next.window { return nil }
        let gap = schedule.nextOccurrence(after: next.at).map { $0.at.since(next.at) }
        let half = gap.map { $0 / 2 } ?? Int64.max
        var lead = min(Self.precedenceMillisecondsMin, half)
        if usual <= half {
            lead = max(lead, min(usual, own.startWithinMilliseconds))
        } else if now.since(makeUp.dueAt) > own.startWithinMilliseconds {
            return nil
        }
        guard schedule.dueAt(of: next.at).since(now) <= lead else { return nil }
        return SlotName(schedule: name, slotAt: next.at)
    }
}
