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
        ).compactMap { run, of, workAt in
            try pastRun(run, of: of, workAt: workAt, for: slot, schedule)
        }
        guard case .lastSlot = since else { return }
        facts.pastRuns = try facts.pastRuns.filter {
            try !ledger.isSpent(runID: $0.runID, schedule: schedule.name)
        }
        facts.isFormerUnserved = try isUnserved(slot, schedule)
    }

    /// The slot before has come to nothing, though something was due: not one that a holiday took.
    private func isUnserved(_ slot: SlotRow, _ schedule: Schedule) throws -> Bool {
        guard let former = try ledger.slotBefore(slot), !former.isServed else { return false }
        let occurrence = schedule.nextOccurrence(after: former.slotAt.adding(milliseconds: -1))
        guard let occurrence, occurrence.at == former.slotAt else { return true }
        return occurrence.decision == .run
    }

    private func doneSince(
        _ slot: SlotRow, _ rule: UnlessDone, _ schedule: Schedule
    ) throws -> DoneSince? {
        switch rule.since {
        case .lastSlot: return try ledger.slotBefore(slot).map { .lastSlot($0.slotAt) }
        case .period:
            let local = LocalDateTime(
                localSeconds: slot.slotAt.seconds + Int64(slot.utcOffsetSeconds))
            let first = CivilDate(year: local.date.year, month: local.date.month, day: 1)
            return .month(schedule.zone.beginning(of: first))
        }
    }

    /// What the run counts for; nil: it didn't do what this schedule wants of a run.
    private func pastRun(
        _ run: RunRow, of other: SlotRow?, workAt: Instant?, for slot: SlotRow,
        _ schedule: Schedule
    ) throws -> StartFacts.PastRun? {
        // A later slot of a rule may be served before an earlier one that waits in the ramp.
        if let other, other.kind != .manual, other.slotAt > slot.slotAt { return nil }
        if try run.origin == .external && mayBeStray(run) { return nil }
        var past = StartFacts.PastRun(
            runID: run.runID,
            owner: run.origin == .external ? .user(run.userID) : .schedule(run.schedule),
            end: .succeeded(at: run.completedAt), createdAt: run.createdAt,
            slotAt: workAt)
        // The counts that `outcome` is about may be older than the end that a list has shown.
        if !schedule.outcome.isEmpty,
            try run.lastPolledAt == nil || run.changedHint
                || !follower.runs.hasRead(schedule.outcome.parts, of: run)
        {
            past.end = .unread(since: run.changedAt)
            return past
        }
        // Another's run was judged by other rules, or by none, and our own by those of its time.
        let counts = try ledger.counts(ofRun: run.runKey)
        let judgement = Judgement.judge(
            status: run.status, counts: counts.jobs, actions: counts.actions,
            rules: schedule.outcome, isOverTime: false, isPastDueDate: false,
            parts: try follower.runs.parts(of: run, schedule.outcome))
        return judgement.outcome == .succeeded ? past : nil
    }

    /// A run that nothing claims may be an attempt's whose answer was lost: that attempt's slot's work.
    private func mayBeStray(_ run: RunRow) throws -> Bool {
        guard let created = run.createdAt, let row = try book.connection(run.connection),
            row.userID == nil || run.userID == nil || run.userID == row.userID
        else { return false }
        let clock = ClockOffset(row, at: now) ?? .unknown
        return try !ledger.attempts(
            baseURL: run.baseURL, processID: run.processID,
            exposedFrom: clock.earliest(created), through: clock.latest(created),
            graceMilliseconds: Self.seenSlackMilliseconds
        ).isEmpty
    }
}
