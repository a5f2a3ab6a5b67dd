import JSON
import ProcessesAPI
import Store
import Timetable

/// What reads of the API say of runs, and their judgement (docs/protocol.md#status-poller).
final class Runs: Room, Grounded {
    /// Statuses kept in history as they are, but never a tree larger than this.
    private static let treeBytesMax = 16 << 20

    let ground: Ground
    private let lister: Lister
    /// When due dates were last compared with the day.
    private var dueDatesJudgedAt: Instant?

    init(_ ground: Ground, lister: Lister) {
        self.ground = ground
        self.lister = lister
    }

    func keep() -> () -> Void {
        let kept = dueDatesJudgedAt
        return { [self] in dueDatesJudgedAt = kept }
    }

    /// Enters a run of the slot's process; as an external one it is no slot's yet.
    func insert(_ run: ProcessRun, _ slot: SlotRow, as origin: RunOrigin) throws -> Int64 {
        let isItsOwn = origin != .external
        let gap = roster.pollPolicy(slot.schedule).minMilliseconds
        return try ledger.insertRun(
            Self.facts(
                of: run, TreeReading(run.root, parts: roster.treeParts), processID: slot.processID),
            baseURL: slot.baseURL,
            connection: slot.connection, schedule: isItsOwn ? slot.schedule : nil,
            slotID: isItsOwn ? slot.slotID : nil, origin: origin, pollGapMilliseconds: gap,
            nextPollAt: now.adding(milliseconds: gap), now: now)
    }

    /// Enters the run that a slot's start was answered with, which is its first full read.
    ///
    /// Nearly every one is active, and written at once. Any other is entered like those of lists and
    /// then read: only what changes is told to people.
    ///
    /// - Returns: its key, and whether its read is applied.
    /// - Throws: `StoreError`.
    func begin(
        _ run: ProcessRun, _ slot: SlotRow, as origin: RunOrigin
    ) throws -> (key: Int64, isRead: Bool) {
        let schedule = roster.schedule(slot.schedule)
        let reading = TreeReading(run.root, parts: roster.treeParts)
        var facts = Self.facts(of: run, reading, processID: slot.processID)
        facts.completedAt = nil
        let judgement = Judgement.judge(
            status: facts.status, counts: run.jobCounts, actions: run.statusCounts ?? [:],
            rules: schedule?.outcome ?? OutcomeRules(), isOverTime: false,
            isPastDueDate: isPast(facts.dueDate, schedule: slot.schedule),
            parts: reading.counts, lateJob: lateJob(facts.jobDue, schedule: slot.schedule))
        guard judgement == Judgement(outcome: .active) else {
            return (try insert(run, slot, as: origin), false)
        }
        let policy = roster.pollPolicy(slot.schedule)
        let gap = PollPace.nextGapMilliseconds(
            after: policy.minMilliseconds, changed: true, policy: policy)
        let read = FirstRead(
            actions: Self.sorted(run.statusCounts ?? [:]), jobs: Self.sorted(run.jobCounts),
            runWithinAt: schedule?.runWithinMilliseconds.map { now.adding(milliseconds: $0) },
            atLeastMilliseconds: schedule?.atLeastMilliseconds)
        let key = try ledger.insertRun(
            facts, baseURL: slot.baseURL, connection: slot.connection, schedule: slot.schedule,
            slotID: slot.slotID, origin: origin, pollGapMilliseconds: gap,
            nextPollAt: now.adding(milliseconds: gap), read: read, now: now)
        try wantForecast(slot, schedule)
        try noteCutTree(run, runID: run.id, of: slot.schedule)
        try noteMissingParts(reading, runID: run.id, of: slot.schedule)
        book.tell(.ended(schedule: slot.schedule))
        return (key, true)
    }

    private static func facts(
        of run: ProcessRun, _ reading: TreeReading, processID: String
    ) -> RunFacts {
        var facts = RunFacts(
            runID: run.id, processID: run.process ?? processID, status: run.status.raw)
        facts.name = run.name
        facts.userID = run.createdBy ?? run.managerUser
        facts.counts = run.statusCounts.map(json)
        facts.revision = run.revision
        facts.createdAt = run.created
        facts.modifiedAt = run.modified
        facts.completedAt = run.completed
        facts.dueDate = run.dueDate
        // An answer without a tree tells nothing of what is in it.
        guard run.root != nil else { return facts }
        facts.jobCounts = json(run.jobCounts)
        facts.partCounts = reading.counts.stored
        facts.jobDue = reading.due
        if run.treeJSON.count <= treeBytesMax {
            facts.tree = String(decoding: run.treeJSON, as: UTF8.self)
        }
        return facts
    }

    private static func sorted(_ counts: [String: Int64]) -> [(String, Int64)] {
        counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// A JSON object with sorted keys, so that the same counts are the same text.
    private static func json(_ counts: [String: Int64]) -> String {
        let members = sorted(counts).map { "\(JSONString.quoted($0)):\($1)" }
        return "{\(members.joined(separator: ","))}"
    }

    /// Sets the times a run is measured against once it belongs to a slot.
    func watch(_ runKey: Int64, slot: SlotRow) throws {
        guard let schedule = roster.schedules[slot.schedule] else { return }
        let over = schedule.runWithinMilliseconds.map { now.adding(milliseconds: $0) }
        try ledger.setWatch(runKey, until: nil, runWithinAt: over)
        try ledger.setAtLeast(runKey, milliseconds: schedule.atLeastMilliseconds)
        try wantForecast(slot, schedule)
    }

    private func wantForecast(_ slot: SlotRow, _ schedule: Schedule?) throws {
        guard schedule?.runWithinMilliseconds != nil || schedule?.finishBy != nil else { return }
        try ledger.requestForecast(slot.slotID, now: now)
    }

    /// Applies a full read: status, counts and tree, if anything of it is new.
    func apply(_ run: ProcessRun, to row: RunRow) throws {
        let reading = TreeReading(run.root, parts: roster.treeParts)
        let facts = Self.facts(of: run, reading, processID: row.processID)
        let isNew = row.lastPolledAt == nil
        let countsChanged = row.haveCountsChanged(in: facts)
        let treeChanged = try facts.isFull && hasTreeChanged(reading, of: row)
        let changed =
            isNew || treeChanged || row.outcome == .lost || row.isOther(than: facts)
        if countsChanged, facts.status == row.status, facts.modifiedAt == row.modifiedAt,
            try wasModifiedBeforeLastRead(row)
        {
            // Changed counts under an unchanged `modified`.
            try lister.distrust(row)
        }
        if changed {
            let known = try ledger.counts(ofRun: row.runKey)
            let counts = (
                actions: run.statusCounts ?? known.actions,
                jobs: facts.isFull ? run.jobCounts : known.jobs
            )
            try judge(
                row, facts: facts, counts: counts, parts: facts.isFull ? reading.counts : nil)
            if facts.isFull {
                try noteCutTree(run, runID: row.runID, of: row.schedule)
                try noteMissingParts(reading, runID: row.runID, of: row.schedule)
            }
            if countsChanged || isNew {
                try ledger.setCounts(
                    runKey: row.runKey, actions: Self.sorted(counts.actions),
                    jobs: Self.sorted(counts.jobs))
            }
        }
        try schedulePoll(row, status: facts.status, changed: changed, isFullRead: true)
        // What a list showed as closed counts as an end from now on (rule 11).
        if let schedule = row.schedule { book.tell(.ended(schedule: schedule)) }
    }

    /// `modified` was over when the last read was asked for, so whatever has changed since has a later
    /// one; within its second a server that cuts to whole seconds writes the same again.
    private func wasModifiedBeforeLastRead(_ row: RunRow) throws -> Bool {
        guard let modified = row.modifiedAt, let readAt = row.lastPolledAt else { return false }
        let clock = ClockOffset(try book.connection(row.connection), at: now) ?? .unknown
        let askedAt = readAt.adding(milliseconds: -APIRequest.timeoutMillisecondsDefault)
        return clock.latest(modified) < askedAt
    }

    /// Writes new facts of a run with their judgement, and what follows from them.
    ///
    /// - Parameters:
    ///   - row: the run as the ledger has it.
    ///   - facts: what is new.
    ///   - counts: of a read that has them; nil: those of the last one, as the ledger has them.
    ///   - parts: those of parts of the tree, likewise.
    /// - Throws: `StoreError`.
    func judge(
        _ row: RunRow, facts: RunFacts,
        counts: (actions: [String: Int64], jobs: [String: Int64])? = nil, parts: PartCounts? = nil
    ) throws {
        let counts = try counts ?? ledger.counts(ofRun: row.runKey)
        let rules = row.schedule.flatMap { roster.schedules[$0]?.outcome } ?? OutcomeRules()
        let parts = try parts ?? self.parts(of: row, rules)
        let due = facts.isFull ? facts.jobDue : row.jobDue
        let judgement = Judgement.judge(
            status: facts.status, counts: counts.jobs, actions: counts.actions,
            rules: rules,
            isOverTime: row.runWithinAt.map { now >= $0 } ?? false,
            isPastDueDate: isPast(facts.dueDate ?? row.dueDate, schedule: row.schedule),
            parts: parts, lateJob: lateJob(due, schedule: row.schedule))
        var outcome = judgement
        if row.origin == .external, outcome.outcome == .attention { outcome.reason = nil }
        let wasOpen = row.isOpen
        var written = facts
        // Only an ended run has an end: a reopened one loses it.
        if RunStatus(facts.status).isOpen { written.completedAt = nil }
        try ledger.apply(
            written, to: row, outcome: outcome.outcome, outcomeReason: outcome.reason, now: now)
        guard let fresh = try ledger.run(row.runKey) else { return }
        if wasOpen, !fresh.isOpen {
            try noteClosed(fresh)
            let whose = row.schedule.map { " of \($0)" } ?? " of process \(row.processID)"
            book.log(
                .info, "run \(row.runID)\(whose) is \(fresh.status): \(outcome.outcome.rawValue)")
        }
        if outcome.outcome == .cancelled { try explain(fresh) }
        if !wasOpen, fresh.isOpen {
            book.log(.notice, "run \(row.runID) was reopened and is followed again")
        }
        if outcome.outcome != row.outcome, let schedule = row.schedule {
            book.tell(.ended(schedule: schedule))
            if outcome.outcome == .attention || outcome.outcome == .failed {
                book.log(
                    .warning,
                    "run \(row.runID) of \(schedule): \(outcome.outcome.rawValue), "
                        + (outcome.reason ?? facts.status))
            }
        }
    }

    /// What the last read says of the parts of a tree that rules look at.
    func parts(of row: RunRow, _ rules: OutcomeRules) throws -> PartCounts {
        guard !rules.parts.isEmpty else { return [:] }
        return PartCounts(stored: try ledger.partCounts(ofRun: row.runKey), parts: rules.parts)
    }

    /// Jobs of two parts may change places while the sums stay the same.
    private func hasTreeChanged(_ reading: TreeReading, of row: RunRow) throws -> Bool {
        if reading.due != row.jobDue { return true }
        guard !roster.treeParts.isEmpty else { return false }
        if !reading.counts.isEmpty, try !hasRead(roster.treeParts, of: row) { return true }
        let known = PartCounts(
            stored: try ledger.partCounts(ofRun: row.runKey), parts: roster.treeParts)
        return known != reading.counts.filter { !$0.value.isEmpty }
    }

    /// The job, if the day on which it was due is over in the zone of the schedule.
    private func lateJob(_ job: JobDue?, schedule: String?) -> JobDue? {
        job.flatMap { job in isPast(job.day, schedule: schedule) ? job : nil }
    }

    /// Its due date (a plain date, docs/processes-api.md#runs) ended before now in the zone of
    /// the schedule.
    private func isPast(_ dueDate: String?, schedule: String?) -> Bool {
        guard let dueDate, let day = CivilDate(iso8601: String(dueDate.prefix(10))) else {
            return false
        }
        let offset = schedule.flatMap { roster.schedules[$0]?.zone.offsetSeconds(at: now) } ?? 0
        let today = LocalDateTime(localSeconds: now.seconds + Int64(offset)).date
        return today > day
    }

    /// Compares what a list shows of a run with the ledger, to see whether it needs a full read.
    func compare(_ row: RunRow, with summary: RunSummary) throws {
        // A list that shows a run again contradicts that it is lost.
        let isLost = row.outcome == .lost
        guard isLost || summary.status.raw != row.status || summary.modified != row.modifiedAt
        else { return }
        let isStatusNew = isLost || summary.status.raw != row.status
        if isStatusNew {
            var facts = RunFacts(
                runID: row.runID, processID: row.processID, status: summary.status.raw)
            facts.completedAt = summary.completed
            // `modified` stays as it is: the full read that follows brings both together.
            facts.modifiedAt = row.modifiedAt
            try judge(row, facts: facts)
        }
        guard let fresh = try ledger.run(row.runKey) else { return }
        try ledger.setPoll(
            fresh, nextAt: now,
            gapMilliseconds: roster.pollPolicy(row.schedule).minMilliseconds, changedHint: true)
    }

    /// Sets when a run is looked at again; nil ends it.
    func schedulePoll(
        _ row: RunRow, status: String, changed: Bool, isFullRead: Bool
    ) throws {
        let policy = roster.pollPolicy(row.schedule)
        let gap = PollPace.nextGapMilliseconds(
            after: row.pollGapMilliseconds, changed: changed, policy: policy)
        var next: Instant? = now.adding(milliseconds: gap)
        // In full at least every poll.max, whatever the list says (docs/protocol.md#status-poller).
        if !isFullRead, let polled = row.lastPolledAt, polled <= now {
            next = min(
                now.adding(milliseconds: gap),
                max(now, polled.adding(milliseconds: policy.maxMilliseconds)))
        }
        if !RunStatus(status).isOpen {
            let until =
                changed
                ? now.adding(milliseconds: policy.reopenWindowMilliseconds)
                : row.watchUntil ?? now.adding(milliseconds: policy.reopenWindowMilliseconds)
            if until != row.watchUntil {
                try ledger.setWatch(row.runKey, until: until, runWithinAt: row.runWithinAt)
            }
            if now >= until {
                next = nil
                try explain(row)
            }
        }
        try ledger.setPoll(
            row, nextAt: next, gapMilliseconds: gap, polledAt: isFullRead ? now : nil,
            failures: 0, changedHint: isFullRead ? false : nil)
    }

    /// Marks open runs that have become too long (`run_within`), or whose due date has passed.
    func judgeOverdue() throws {
        for row in try ledger.runsOverTime(now: now) { try set(.overTime, of: row) }
        // Days pass slowly: once a minute is often enough.
        if let last = dueDatesJudgedAt, (0..<60_000).contains(now.since(last)) { return }
        dueDatesJudgedAt = now
        // No zone is further ahead of UTC than 14 hours.
        let latest = LocalDateTime(localSeconds: now.seconds + 14 * 3600).date
        for row in try ledger.runsDue(before: latest.iso8601)
        where isPast(row.dueDate, schedule: row.schedule) {
            try set(.pastDueDate, of: row)
        }
        for row in try ledger.runsWithJobsDue(before: latest.iso8601) {
            guard let job = lateJob(row.jobDue, schedule: row.schedule) else { continue }
            try set(.late(job), of: row)
        }
    }

    private func set(_ judgement: Judgement, of row: RunRow) throws {
        try ledger.setOutcome(
            row.runKey, judgement.outcome, reason: judgement.reason, now: now)
    }

    /// A run started by someone else, or ours whose answer was lost: `external` until claimed.
    func insertExternal(
        _ run: RunSummary, processID: String, _ connection: Connection
    ) throws {
        var facts = RunFacts(runID: run.id, processID: processID, status: run.status.raw)
        facts.name = run.name
        facts.userID = run.createdBy ?? run.managerUser
        facts.createdAt = run.created
        facts.modifiedAt = run.modified
        facts.completedAt = run.completed
        facts.dueDate = run.dueDate
        let policy = PollPolicy()
        let runKey = try ledger.insertRun(
            facts, baseURL: connection.baseURL, connection: connection.name, schedule: nil,
            slotID: nil, origin: .external, pollGapMilliseconds: policy.minMilliseconds,
            nextPollAt: now.adding(milliseconds: policy.minMilliseconds), now: now)
        if let row = try ledger.run(runKey) { try judge(row, facts: facts) }
    }

    /// The API does not know the run any more.
    func lose(_ row: RunRow) throws {
        try set(.lost, of: row)
        if let lost = try ledger.run(row.runKey) { try noteClosed(lost) }
        book.log(.warning, "run \(row.runID) is not known to the API any more (404)")
    }

    /// A run has closed: what it blocked comes up, what waits for its schedule too.
    private func noteClosed(_ run: RunRow) throws {
        try ledger.wakeSlots(baseURL: run.baseURL, processID: run.processID, now: now)
        if let schedule = run.schedule { book.tell(.ended(schedule: schedule)) }
        // It may have blocked a schedule that is not its own.
        for schedule in try ledger.schedulesWaiting(forRun: run.runID) {
            try slots.forgetOverlap(of: schedule)
        }
    }

    /// A run that has an owner, or is over for good, is no possible duplicate any more.
    func explain(_ run: RunRow) throws {
        try ledger.clear(
            kind: .possibleDuplicate,
            subject: AlarmKind.duplicateSubject(run: run.runID, of: run.processID))
    }
}
