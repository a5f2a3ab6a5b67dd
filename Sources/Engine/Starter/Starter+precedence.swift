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
        guard slot.isMakeUpInDoubt,
            facts.openRuns.isEmpty || schedule.overlap == .allow
        else { return }
        let waiting = try
            (ledger.openSlots(baseURL: slot.baseURL, processID: slot.processID)
            + ledger.openSlots(schedule: slot.schedule, .pending)).filter { other in
                try other.disposition == .pending && !other.isAskedFor
                    && other.connection == slot.connection && isInRunsWay(other.schedule)
            }
        if let due = waiting.first(where: { $0.dueAt <= now }) {
            return facts.goesFirst = due.name
        }
        // Where several schedules share a process there may be no instant that is far from all of them:
        // what has been let go first for so long is let go no more.
        guard try now.since(lastTurn(of: slot)) <= schedule.startWithinMilliseconds else { return }
        let durations = try ledger.durations(of: slot.schedule, limit: Self.runsMax)
        let usual = durations.sorted().middle ?? 0
        // The rule's cursor is past what is born already, and due when a window or `spread` says so.
        let born = waiting.first { other in
            roster.schedule(other.schedule).map { theirs in
                other.dueAt.since(now)
                    <= lead(before: other.slotAt, of: theirs, schedule, usual: usual)
            } ?? false
        }
        if let born { return facts.goesFirst = born.name }
        let coming = try ledger.schedulesComing(
            baseURL: slot.baseURL, process: ProcessReference.id(slot.processID).stored,
            orNamed: slot.schedule,
            through: now.adding(
                milliseconds: max(
                    schedule.startWithinMilliseconds, Self.precedenceMillisecondsMin)))
        for name in coming {
            facts.goesFirst = try soon(name, schedule, usual: usual)
            if facts.goesFirst != nil { return }
        }
    }

    /// When it was asked for, or the last run of its kind on the process was over: the members of a range
    /// wait for each other, which is no reason to be in anybody's way.
    private func lastTurn(of slot: SlotRow) throws -> Instant {
        let last = try ledger.lastRunMakingUp(
            baseURL: slot.baseURL, processID: slot.processID, through: now)
        return max(slot.dueAt, last ?? slot.dueAt)
    }

    /// Its slots are skipped, or wait, while a run of the process is open; none of them starts where it
    /// has had all its runs, or a person must first say whether it has (rule 21).
    private func isInRunsWay(_ name: String) throws -> Bool {
        guard let schedule = roster.schedule(name), schedule.overlap != .allow,
            schedule.mode == .run
        else { return false }
        guard let max = schedule.maxRuns else { return true }
        let used = try ledger.runsUsed(schedule: name)
        return used.started + used.undecided < max
    }

    /// The next slot of a schedule, if it is so close that the make-up's run would be in its way.
    private func soon(_ name: String, _ own: Schedule, usual: Int64) throws -> SlotName? {
        guard try isInRunsWay(name), let schedule = roster.schedule(name),
            let next = schedule.nextOccurrence(after: now), next.decision == .run
        else { return nil }
        if case .skipped = next.window { return nil }
        let lead = lead(before: next.at, of: schedule, own, usual: usual)
        guard schedule.dueAt(of: next.at).since(now) <= lead else { return nil }
        return SlotName(schedule: name, slotAt: next.at)
    }

    /// How long before a slot no make-up starts.
    ///
    /// Where runs take more than half of the time between two slots they are in each other's way whatever
    /// one does, and five minutes have to do.
    private func lead(
        before slotAt: Instant, of schedule: Schedule, _ own: Schedule, usual: Int64
    ) -> Int64 {
        let gap = schedule.nextOccurrence(after: slotAt).map { $0.at.since(slotAt) }
        let half = gap.map { $0 / 2 } ?? Int64.max
        let least = min(Self.precedenceMillisecondsMin, half)
        return usual <= half ? max(least, min(usual, own.startWithinMilliseconds)) : least
    }
}
