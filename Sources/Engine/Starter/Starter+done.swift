import Store
import Timetable

/// Reads whether the process has been run already (`unless_done`, rule 19).
extension Starter {
    private static let pastRunsMax = 50
    /// A run is first seen after it was created, but for what the clocks differ.
    private static let seenSlackMilliseconds: Int64 = 3_600_000

    func readDone(_ facts: inout StartFacts, _ schedule: Schedule) throws {
        let slot = facts.slot
        guard let rule = schedule.unlessDone, !facts.isAskedFor, !slot.forced,
            let since = try doneSince(slot, rule, schedule)
        else { return }
        facts.doneSince = since
        facts.pastRuns = try ledger.completeRuns(
            baseURL: slot.baseURL, processID: slot.processID,
            since: since.instant.adding(milliseconds: -Self.seenSlackMilliseconds),
            limit: Self.pastRunsMax
        ).compactMap { run, slotAt in try pastRun(run, slotAt: slotAt, schedule) }
    }

    private func doneSince(
        _ slot: SlotRow, _ rule: UnlessDone, _ schedule: Schedule
    ) throws -> DoneSince? {
        switch rule.since {
        case .lastSlot: return try ledger.slotBefore(slot).map { .lastSlot($0) }
        case .period:
            let local = LocalDateTime(
                localSeconds: slot.slotAt.seconds + Int64(slot.utcOffsetSeconds))
            let first = CivilDate(year: local.date.year, month: local.date.month, day: 1)
            return .month(schedule.zone.beginning(of: first))
        }
    }

    /// What the run counts for; nil: it didn't do what this schedule wants of a run.
    private func pastRun(
        _ run: RunRow, slotAt: Instant?, _ schedule: Schedule
    ) throws -> StartFacts.PastRun? {
        var past = StartFacts.PastRun(
            runID: run.runID,
            owner: run.origin == .external ? .user(run.userID) : .schedule(run.schedule),
            end: .succeeded(at: run.completedAt), createdAt: run.createdAt, slotAt: slotAt)
        if run.schedule != schedule.name, !schedule.outcome.isEmpty {
            // Another's run was judged by other rules, or by none.
            guard run.lastPolledAt != nil, !run.changedHint else {
                past.end = .unread
                return past
            }
            let counts = try ledger.counts(ofRun: run.runKey)
            let judgement = Judgement.judge(
                status: run.status, counts: counts.jobs, actions: counts.actions,
                rules: schedule.outcome, isOverTime: false, isPastDueDate: false,
                parts: try follower.runs.parts(of: run, schedule.outcome))
            return judgement.outcome == .succeeded ? past : nil
        }
        return run.outcome == .succeeded ? past : nil
    }
}
