import Store
import Timetable

/// Reads what start decisions depend on; nothing is written or sent.
extension Starter {
    func startFacts(of slot: SlotRow) throws -> StartFacts {
        var facts = StartFacts(
            now: now, slot: slot, schedule: roster.schedule(slot.schedule),
            connection: roster.connection(slot.connection))
        facts.backoffUntil = backoffs.until(slot)
        facts.looksBeforeStart = book.guards.has(.looksBeforeStart)
        guard let schedule = facts.schedule, let connection = facts.connection, slot.dueAt <= now,
            facts.backoffUntil.map({ $0 <= now }) ?? true
        else { return facts }
        if !facts.isAskedFor { facts.pause = try pauseInForce(slot) }
        if schedule.maxRuns != nil, !facts.isAskedFor {
            facts.runsUsed = try ledger.runsUsed(schedule: slot.schedule)
        }
        try readWindows(&facts, schedule)
        facts.naming = naming(of: slot)
        guard facts.naming == .known else { return facts }
        guard let row = try book.connection(connection.name) else {
            facts.connection = nil
            return facts
        }
        facts.way = try way(row)
        facts.inDoubt = try ledger.attemptInDoubt(
            baseURL: slot.baseURL, processID: slot.processID
        ).map { ($0.number, $0.slotID) }
        guard facts.way == .open, facts.inDoubt == nil else { return facts }
        try readLook(&facts, row)
        try readOverlap(&facts, schedule)
        try readPrecedence(&facts, schedule)
        try readDone(&facts, schedule)
        facts.isValidating = validations.isOut(slot)
        // What had come due by then, and all of the next minute.
        facts.isRecovering =
            row.breakerClosedAt.map { now.since($0) < 60_000 || slot.dueAt <= $0 } ?? false
        if facts.isRamped { facts.rampPlace = try rampPlace() }
        return facts
    }

    /// A skip of the slot, or a pause that came while it waited or while its attempt was in doubt.
    private func pauseInForce(_ slot: SlotRow) throws -> PauseRow? {
        let now = now
        return try ledger.pauses(schedule: slot.schedule, covering: slot.slotAt)
            .first(where: \.isSkip)
            ?? ledger.pauses(schedule: slot.schedule, covering: now).first { !$0.isSkip }
    }

    private func readWindows(_ facts: inout StartFacts, _ schedule: Schedule) throws {
        switch facts.lateness {
        case .onTime?, nil: return
        case .late?:
            if schedule.missed == .latest {
                facts.newerStandIn = try ledger.newerStandIn(
                    for: facts.slot, now: now)
            }
        case .over?: break
        }
        facts.wasUpWhenOnTime = try life.uptime(
            dueAt: facts.slot.dueAt, startWithinMilliseconds: schedule.startWithinMilliseconds)
    }

    private func naming(of slot: SlotRow) -> StartFacts.Naming {
        guard slot.processID.isEmpty, let pattern = slot.processPattern else { return .known }
        guard
            let name = NamePattern.expand(
                pattern, slotAt: slot.slotAt, offsetSeconds: slot.utcOffsetSeconds)
        else { return .notExpandable(pattern: pattern) }
        guard let listed = lister.names(slot.connection),
            (0...limits.lookAgeMaxMilliseconds).contains(now.since(listed.requestedAt))
        else { return .notListed(name: name) }
        return .listed(name: name, processIDs: listed.processes(named: name))
    }

    private func way(_ row: ConnectionRow) throws -> StartFacts.Way {
        if life.isDraining { return .draining }
        guard let connection = roster.connection(row.connection) else { return .open }
        switch try gate.obstacle(to: .start, connection) {
        case .asked(let until): return .askedToWait(until: until)
        case .breaker: return .unreachable
        case .clock: return .clockDiffers
        case .credential(let since): return .credentialRefused(since: since)
        case .token, .budget, nil: return .open
        }
    }

    // MARK: Looks (rules 1 and 13)

    private func readLook(_ facts: inout StartFacts, _ row: ConnectionRow) throws {
        let slot = facts.slot
        facts.ourUserID = row.userID
        facts.clock = ClockOffset(row, at: now) ?? .unknown
        facts.downUntil = book.guards.has(.looksAfterDownTime) ? life.downUntil : nil
        facts.look = try freshLook(slot.baseURL, slot.processID)
        try readDueSince(&facts)
        guard let look = facts.look else { return }
        facts.isShownRunClaimed =
            try look.runID.map {
                try ledger.run(baseURL: slot.baseURL, runID: $0)?.slotID != nil
            } ?? false
        if slot.attempts > 0 || slot.makesUpSlotID != nil {
            facts.absentAttempt = try ledger.firstAbsentAttempt(atWorkOf: slot)
            facts.absentClock = facts.absentAttempt.map { ClockOffset(of: $0, row, at: now) }
        }
        guard facts.mayHaveStarted else { return }
        // A later run hides it in the list, but an earlier look has shown it.
        let (clock, dueSince) = (facts.clock, facts.dueSince)
        facts.hasHiddenRun = try ledger.unclaimedRuns(
            baseURL: slot.baseURL, processID: slot.processID, userID: row.userID
        ).contains { run in run.createdAt.map { clock.latest($0) >= dueSince } ?? false }
    }

    /// Since when a start for it can exist, beside what its own row says.
    private func readDueSince(_ facts: inout StartFacts) throws {
        let slot = facts.slot
        var origin = slot
        if slot.isMakeUpInDoubt, let id = slot.makesUpSlotID {
            // Its own instant is moved where several make up for one slot.
            guard let original = try ledger.slot(id) else { return }
            origin = original
            facts.dueSince = min(original.slotAt, facts.dueSince)
        }
        // A ledger that was put back sees the end again that a slot of kind `after` was born of.
        guard origin.kind == .after, facts.downUntil != nil,
            let end = try ledger.upstreamEnd(ofSlot: origin.slotID)
        else { return }
        facts.dueSince = min(end, facts.dueSince)
    }

    /// A look that a start may go out on: young enough, and its run is in the ledger.
    ///
    /// Overlap is decided by the ledger's runs; the run of a process that no schedule named when the
    /// list came isn't among them yet.
    private func freshLook(_ baseURL: String, _ processID: String) throws -> Look? {
        guard let look = lister.looks[ProcessKey(baseURL: baseURL, processID: processID)],
            (0...limits.lookAgeMaxMilliseconds).contains(now.since(look.requestedAt))
        else { return nil }
        if let runID = look.runID, try ledger.run(baseURL: baseURL, runID: runID) == nil {
            return nil
        }
        return look
    }

    // MARK: Overlap (rule 9)

    private func readOverlap(_ facts: inout StartFacts, _ schedule: Schedule) throws {
        let slot = facts.slot
        guard schedule.overlap != .allow || schedule.unlessDone != nil, !slot.forced else { return }
        facts.openRuns = try ledger.openRuns(baseURL: slot.baseURL, processID: slot.processID)
            .map { run in
                try StartFacts.OpenRun(
                    runID: run.runID, status: run.status,
                    owner: run.origin == .external ? .user(run.userID) : .schedule(run.schedule),
                    isFresh: isFresh(run, slot, look: facts.look),
                    wasOpenWhenDue: wasSeen(run, since: slot.dueAt, look: facts.look),
                    makesUp: run.slotID.flatMap { try ledger.slot($0) }?.makesUpSlotID != nil)
            }
        guard facts.openRuns.isEmpty else {
            guard schedule.overlap == .queue, slot.makesUpSlotID == nil else { return }
            return facts.laterQueued = try ledger.openSlots(schedule: slot.schedule, .pending)
                .first {
                    $0.kind == slot.kind && $0.slotAt > slot.slotAt && $0.dueAt <= now
                        && $0.makesUpSlotID == nil
                }?.slotAt
        }
        facts.heldSlotID = try ledger.heldCandidate(
            baseURL: slot.baseURL, processID: slot.processID)
    }

    /// The state of a run that would block must be as fresh as the look (rule 1), and seen after the
    /// slot was due: a look fetched ahead may show a run that has ended since.
    private func isFresh(_ run: RunRow, _ slot: SlotRow, look: Look?) -> Bool {
        let oldest = max(
            now.adding(milliseconds: -limits.lookAgeMaxMilliseconds), min(slot.dueAt, now))
        return wasSeen(run, since: oldest, look: look)
    }

    /// A look shows it, or it was read, at the instant or later.
    private func wasSeen(_ run: RunRow, since instant: Instant, look: Look?) -> Bool {
        if let look, look.runID == run.runID, look.requestedAt >= instant { return true }
        guard let polled = run.lastPolledAt else { return false }
        return polled >= instant && polled <= now
    }
}
