import ProcessesAPI
import Store
import Timetable

/// Overlap, processes named by pattern, and validation ahead of a start (rule 9).
extension Clockwork {
    /// The second skip in a row by the same run is in `attention`.
    private static let skipsToReport = 2

    func isBlocked(_ slot: SlotRow, _ schedule: Schedule, look: Look?) throws -> Bool {
        guard schedule.overlap != .allow, !slot.forced else { return false }
        let open = try ledger.openRuns(baseURL: slot.baseURL, processID: slot.processID)
        var blocker: RunRow?
        for run in open {
            guard try isKnownFresh(run, slot, look: look) else { return true }
            // Reading it may have closed it within this turn.
            if let fresh = try ledger.run(run.runKey), fresh.isOpen, fresh.outcome != .lost {
                blocker = blocker ?? fresh
            }
        }
        if let held = try ledger.heldCandidate(baseURL: slot.baseURL, processID: slot.processID),
            held != slot.slotID, blocker == nil
        {
            return try wait(
                slot, "slot \(held) of this process is held without a known run", 60_000)
        }
        guard let blocker else {
            if let former = slot.blockedBy { try unblock(slot, former) }
            if try ledger.setOverlap(schedule: slot.schedule, runID: nil, skips: 0) {
                try ledger.clear(kind: "overlap", subject: slot.schedule)
            }
            return false
        }
        switch schedule.overlap {
        case .allow: return false
        case .skip: try skip(slot, blocker: blocker)
        case .queue: try queue(slot, blocker: blocker)
        }
        return true
    }

    /// The state of a run that would block must be as fresh as the look (rule 1), and seen after the
    /// slot was due: a look fetched ahead may show a run that has ended since.
    private func isKnownFresh(_ run: RunRow, _ slot: SlotRow, look: Look?) throws -> Bool {
        let oldest = max(
            now.adding(milliseconds: -limits.lookAgeMaxMilliseconds), min(slot.dueAt, now))
        if let look, look.runID == run.runID, look.requestedAt >= oldest { return true }
        if let polled = run.lastPolledAt, polled >= oldest, polled <= now { return true }
        let since = slot.runWantedSince ?? now
        if slot.runWantedSince == nil { try ledger.setRunWanted(slot.slotID, since: now) }
        guard let connection = configuration?.connections[slot.connection],
            now < since.adding(milliseconds: connection.lookPatienceMilliseconds)
        else { return true }
        _ = try read(run, connection, priority: .start)
        return try wait(slot, "reading run \(run.runID), which may still be open", 15_000)
    }

    private func unblock(_ slot: SlotRow, _ former: String) throws {
        // The clocks of rule 8 start afresh when the blocker closes.
        try ledger.setBlocked(slot.slotID, by: nil, windowFrom: now)
        book.log(.info, "\(slot.schedule): run \(former) has closed, the queued slot goes on")
    }

    private func skip(_ slot: SlotRow, blocker: RunRow) throws {
        let owner =
            blocker.origin == .external
            ? "started by user \(blocker.userID ?? "unknown")"
            : "of \(blocker.schedule ?? "another schedule")"
        try end(
            slot, .skipped,
            "overlap: run \(blocker.runID) \(owner) is still \(blocker.status)")
        guard slot.kind != .manual, let row = try ledger.schedule(slot.schedule) else { return }
        let skips = row.overlapRunID == blocker.runID ? row.overlapSkips + 1 : 1
        try ledger.setOverlap(schedule: slot.schedule, runID: blocker.runID, skips: skips)
        if skips >= Self.skipsToReport {
            try ledger.raise(
                kind: "overlap", subject: slot.schedule,
                whatToDo: "run \(blocker.runID) has made \(skips) slots in a row skip; close it "
                    + "in Workiva (with autoClose off it may never close by itself)", now: now)
        }
    }

    private func queue(_ slot: SlotRow, blocker: RunRow) throws {
        // One slot waits, the newest; the older ones are coalesced into it.
        for other in try ledger.openSlots(schedule: slot.schedule, .pending)
        where other.kind == slot.kind && other.slotAt > slot.slotAt && other.dueAt <= now {
            return try end(
                slot, .coalesced,
                "the later slot \(other.slotAt.iso8601) waits for run \(blocker.runID) instead"
            )
        }
        for other in try ledger.openSlots(schedule: slot.schedule, .pending)
        where other.kind == slot.kind && other.slotAt < slot.slotAt && other.blockedBy != nil {
            try end(
                other, .coalesced,
                "the later slot \(slot.slotAt.iso8601) waits for run \(blocker.runID) instead")
        }
        if slot.blockedBy != blocker.runID {
            try ledger.setBlocked(slot.slotID, by: blocker.runID, windowFrom: nil)
        }
        _ = try wait(slot, "queued behind run \(blocker.runID) (\(blocker.status))", 60_000)
    }

    /// A run has closed: what it blocked comes up, what waits for its schedule too.
    func noteClosed(_ run: RunRow) throws {
        try ledger.wakeSlots(baseURL: run.baseURL, processID: run.processID, now: now)
        if let schedule = run.schedule { book.tell(.ended(schedule: schedule)) }
        // It may have blocked a schedule that is not its own.
        for schedule in try ledger.schedulesWaiting(forRun: run.runID) {
            try ledger.setOverlap(schedule: schedule, runID: nil, skips: 0)
            try ledger.clear(kind: "overlap", subject: schedule)
        }
    }

    // MARK: Processes named by pattern

    /// The slot with its process; nil while it waits for a look at the names, or is held.
    func resolveProcess(_ slot: SlotRow, _ schedule: Schedule) throws -> SlotRow? {
        guard slot.processID.isEmpty, let pattern = slot.processPattern else { return slot }
        guard
            let name = NamePattern.expand(
                pattern, slotAt: slot.slotAt, offsetSeconds: slot.utcOffsetSeconds)
        else {
            try end(slot, .failed, "the process name pattern \"\(pattern)\" can't be expanded")
            return nil
        }
        guard let listed = memory.processNames[slot.connection],
            (0...limits.lookAgeMaxMilliseconds).contains(now.since(listed.requestedAt))
        else {
            want(look: slot.connection, .start)
            if slot.lookWantedSince == nil { try ledger.setLookWanted(slot.slotID, since: now) }
            _ = try wait(slot, "looking for the process \"\(name)\"", 15_000)
            return nil
        }
        let matches = listed.names.filter { $0.value == name }.keys.sorted()
        guard let id = matches.first, matches.count == 1 else {
            let found =
                matches.isEmpty
                ? "no process has" : "processes \(matches.joined(separator: ", ")) all have"
            try ledger.move(
                slot.slotID, .held,
                reason: "\(found) the name \"\(name)\"; exactly one must",
                nextActionAt: now.adding(milliseconds: Self.reminderMilliseconds))
            return nil
        }
        try ledger.setProcess(slot.slotID, processID: id)
        namedProcesses.insert(ProcessKey(baseURL: slot.baseURL, processID: id))
        return try ledger.slot(slot.slotID)
    }

    // MARK: validate_first

    func isValidated(
        _ slot: SlotRow, _ schedule: Schedule, _ connection: Connection
    ) throws -> Bool {
        guard schedule.validateFirst, slot.validatedAt == nil else { return true }
        guard !memory.validatingSlots.contains(slot.slotID) else {
            return try wait(slot, "the process is being validated", 15_000)
        }
        guard let token = usableToken(connection.name) else {
            try requestToken(connection, .start)
            return try wait(slot, "waiting for an access token", 15_000)
        }
        if let until = try blockedUntil(connection.name, operation: "validateProcess") {
            try ledger.wait(
                slot.slotID,
                reason: "the API asked us to wait until \(until.iso8601) with validations",
                until: until)
            return false
        }
        if let at = try takeStartBudget(connection) {
            try ledger.wait(slot.slotID, reason: "waiting for the rate budget", until: at)
            return false
        }
        memory.validatingSlots.insert(slot.slotID)
        send(
            .validate(process: slot.processID), connection, .validate(slotID: slot.slotID),
            token: token, sendBy: nil)
        return try wait(slot, "the process is being validated", 45_000)
    }

    /// Applies the answer of a validation: errors are recorded with the job they name, and the
    /// start is refused for them.
    func validated(_ slotID: Int64, _ answer: APIAnswer) throws {
        memory.validatingSlots.remove(slotID)
        let failures = memory.validationFailures.removeValue(forKey: slotID) ?? 0
        guard let slot = try ledger.slot(slotID), slot.disposition == .pending else { return }
        switch answer.result {
        case .success(.validation(let problems)) where problems.isEmpty:
            try ledger.setValidated(slotID, at: now)
            _ = try wait(slot, "validated", 0)
        case .success(.validation(let problems)):
            for problem in problems {
                var row = NewError(
                    operation: answer.call.operation,
                    message: problem.message ?? problem.code ?? "validation failed",
                    nextStep: "mend the process in Workiva, then trigger the schedule")
                row.connection = slot.connection
                row.schedule = slot.schedule
                row.slotID = slotID
                row.code = problem.code
                row.target = problem.target
                row.meta = problem.meta
                row.details = problem.details
                _ = try ledger.insert(row, now: now)
            }
            try end(slot, .failed, "the process does not validate: \(problems.count) errors")
        case .success:
            _ = try wait(slot, "the answer to the validation can't be used, asked again", 30_000)
        case .failure(let failure) where Self.lastingRefusals.contains(failure.apiStatus ?? 0):
            try note(
                failure, answer: answer, slot: slot,
                nextStep: "the slot has failed; mend the cause and trigger it")
            try end(slot, .failed, "the process can't be validated: \(failure.summary)")
        case .failure(let failure):
            try note(
                failure, answer: answer, slot: slot,
                nextStep: failure.apiStatus == 401
                    ? Self.nextStep(isTokenRefusedAgain: isRefusedAgain(slot.connection))
                    : "validated again")
            memory.validationFailures[slotID] = failures + 1
            if failure.apiStatus == 401, failures == 0 {
                _ = try wait(slot, "the token was not accepted", 0)
                return
            }
            let delay = Backoff.delayMilliseconds(
                RetryPolicy(), attempt: failures + 2, seed: UInt64(bitPattern: slotID))
            try wait(
                slot, until: now.adding(milliseconds: delay),
                why: "the process could not be validated: \(failure.summary)")
        }
    }
}
