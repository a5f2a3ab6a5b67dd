import ProcessesAPI
import Store
import Timetable

/// May this slot go now, and when again: rules 1 to 3, 8 and 9 of docs/protocol.md.
extension Clockwork {
    func decidePending() throws {
        guard !memory.isStopping else { return }
        let due = try ledger.slotsDue(.pending, now: now, limit: limits.decisionsMax)
        if due.count == limits.decisionsMax { book.wakeSoon() }
        for slot in due {
            let done = try book.step(
                "decide \(slot.schedule)@\(slot.slotAt.iso8601)", schedule: slot.schedule,
                slotID: slot.slotID
            ) { try decide(slot) }
            if !done {
                // Nothing was sent for it: a person sees it in error_log, and it comes up again.
                try ledger.wait(
                    slot.slotID, reason: "could not be decided, see error_log",
                    until: now.adding(milliseconds: 60_000))
            }
        }
    }

    private func decide(_ slot: SlotRow) throws {
        guard let schedule = schedules[slot.schedule],
            let connection = configuration?.connections[slot.connection]
        else {
            return try end(slot, .cancelled, "its schedule is no longer in the configuration")
        }
        guard slot.dueAt <= now else {
            return try ledger.wait(slot.slotID, reason: slot.reason, until: slot.dueAt)
        }
        if let until = backoffs[slot.slotID]?.until, until > now {
            return try ledger.wait(slot.slotID, reason: slot.reason, until: until)
        }
        backoffs[slot.slotID] = nil
        guard try !isPaused(slot), try isWithinWindows(slot, schedule) else { return }
        guard let resolved = try resolveProcess(slot, schedule) else { return }
        guard try isConnectionReady(resolved, connection), try isAloneInDoubt(resolved) else {
            // look_patience counts only while nothing but the look is missing.
            if slot.lookWantedSince != nil { try ledger.setLookWanted(slot.slotID, since: nil) }
            return
        }
        guard let baseline = try look(for: resolved, schedule, connection) else { return }
        guard try !isUnclaimedRunAhead(resolved, baseline.look) else { return }
        guard try !isBlocked(resolved, schedule, look: baseline.look) else { return }
        guard try isValidated(resolved, schedule, connection) else { return }
        guard try isWithinRamp(resolved, connection) else { return }
        try begin(resolved, schedule, connection, baseline: baseline)
    }

    /// A pause or skip that came while the slot waited, or while its attempt was in doubt.
    ///
    /// Manual slots ignore pauses (rule 14).
    private func isPaused(_ slot: SlotRow) throws -> Bool {
        guard slot.kind != .manual, slot.requestedBy == nil else { return false }
        let now = now
        let pauses = try ledger.pauses(schedule: slot.schedule, covering: now).filter { !$0.isSkip }
        let skips = try ledger.pauses(schedule: slot.schedule, covering: slot.slotAt)
            .filter(\.isSkip)
        guard let pause = (skips + pauses).first else { return false }
        try end(slot, .skipped, "\(Self.words(for: pause)), while it waited: \(slot.reason)")
        return true
    }

    // MARK: 1. Windows (rule 8)

    private func isWithinWindows(_ slot: SlotRow, _ schedule: Schedule) throws -> Bool {
        if slot.kind == .after, case .after(let rule) = schedule.trigger,
            let within = rule.withinMilliseconds,
            now > slot.slotAt.adding(milliseconds: within)
        {
            try end(slot, .expired, "\"within\" of its after rule is over")
            return false
        }
        // Waiting for a blocking run stops the clocks of rule 8.
        if slot.blockedBy != nil { return true }
        let lateness = Lateness.judge(
            windowFrom: slot.windowFrom, wasMarkedLate: slot.isLate && slot.kind != .manual,
            startWithinMilliseconds: slot.kind == .manual
                ? schedule.missedWindowMilliseconds : schedule.startWithinMilliseconds,
            missedWindowMilliseconds: schedule.missedWindowMilliseconds, now: now)
        switch lateness {
        case .onTime:
            return true
        case .over:
            return try endTooLate(slot, schedule, why: "its missed_window is over")
        case .late:
            if !slot.isLate { try ledger.setLate(slot.slotID) }
            switch schedule.missed {
            case .all: return true
            case .skip: return try endTooLate(slot, schedule, why: "missed = \"skip\"")
            case .latest:
                guard let newer = try ledger.newerStandIn(for: slot) else { return true }
                try end(
                    slot, .coalesced,
                    "the later slot \(newer.iso8601) stands for it (missed = \"latest\")")
                return false
            }
        }
    }

    private func endTooLate(_ slot: SlotRow, _ schedule: Schedule, why: String) throws -> Bool {
        let (disposition, reason) = try tooLate(dueAt: slot.dueAt, schedule: schedule, why: why)
        let last = slot.reason == "due" ? "" : "; last it waited: \(slot.reason)"
        try end(slot, disposition, reason + last)
        return false
    }

    // MARK: 2. Connection: clock, credential, breaker, hints

    private func isConnectionReady(_ slot: SlotRow, _ connection: Connection) throws -> Bool {
        guard let row = try book.connection(connection.name) else { return false }
        if memory.isDraining {
            return try wait(slot, "draining: no new starts until resume --all", 30_000)
        }
        if row.clockBadSince != nil {
            want(look: connection.name, .start)
            return try wait(slot, "our clock and the server's differ by over 120 s", 15_000)
        }
        if let since = row.credentialBadSince {
            return try wait(
                slot, "the credential is not accepted since \(since.iso8601)", 15_000)
        }
        if row.breakerOpenedAt != nil {
            return try wait(slot, "the API can't be reached or fails (circuit open)", 15_000)
        }
        if let until = try blockedUntil(connection.name, operation: "runProcess") {
            try ledger.wait(
                slot.slotID, reason: "the API asked us to wait until \(until.iso8601)",
                until: until)
            return false
        }
        return true
    }

    /// Until when hints forbid an operation on a connection; nil: not at all (I4).
    func blockedUntil(_ connection: String, operation: String) throws -> Instant? {
        guard guards.keepsHints else { return nil }
        return try ledger.hints(connection: connection, now: now)
            .filter { $0.operation.isEmpty || $0.operation == operation }
            .map(\.until).max()
    }

    // MARK: 3. One in doubt (rule 2)

    private func isAloneInDoubt(_ slot: SlotRow) throws -> Bool {
        guard
            let other = try ledger.attemptInDoubt(
                baseURL: slot.baseURL, processID: slot.processID)
        else { return true }
        return try wait(
            slot, "attempt \(other.number) of slot \(other.slotID) on this process is in doubt",
            30_000)
    }

    // MARK: 4. Look (rule 1)

    /// What a start goes out on.
    struct Baseline {
        var look: Look?
        var text: String { look?.baseline ?? "not known" }
    }

    private func look(
        for slot: SlotRow, _ schedule: Schedule, _ connection: Connection
    ) throws -> Baseline? {
        if let look = try freshLook(slot.baseURL, slot.processID) {
            if slot.lookWantedSince != nil { try ledger.setLookWanted(slot.slotID, since: nil) }
            return Baseline(look: look)
        }
        guard guards.looksBeforeStart else { return Baseline(look: nil) }
        want(look: connection.name, .start)
        let since = slot.lookWantedSince ?? now
        if slot.lookWantedSince == nil { try ledger.setLookWanted(slot.slotID, since: now) }
        let patience = since.adding(milliseconds: connection.lookPatienceMilliseconds)
        guard now >= patience else {
            try ledger.wait(
                slot.slotID, reason: "waiting for a look at the process",
                until: min(patience, now.adding(milliseconds: 15_000)))
            return nil
        }
        guard !slot.forced, try wasDownWhenDue(slot) else { return Baseline(look: nil) }
        // Without a look nobody knows whether it was started already: while it is on time it waits.
        let onTimeUntil = slot.windowFrom.adding(milliseconds: schedule.startWithinMilliseconds)
        if now < onTimeUntil {
            _ = try wait(
                slot,
                "waiting for a look: the daemon was down when it was due, and it may have "
                    + "been started", 15_000)
        } else {
            try ledger.move(
                slot.slotID, .held,
                reason: "the daemon was down when it was due, and no look tells whether it was "
                    + "started already",
                nextActionAt: now.adding(milliseconds: Self.reminderMilliseconds))
        }
        return nil
    }

    /// A look that a start may go out on: young enough, and its run is in the ledger.
    ///
    /// Overlap is decided by the ledger's runs; the run of a process that no schedule named when the
    /// list came isn't among them yet.
    private func freshLook(_ baseURL: String, _ processID: String) throws -> Look? {
        guard let look = looks[ProcessKey(baseURL: baseURL, processID: processID)]?.look,
            (0...limits.lookAgeMaxMilliseconds).contains(now.since(look.requestedAt))
        else { return nil }
        if let runID = look.runID, try ledger.run(baseURL: baseURL, runID: runID) == nil {
            return nil
        }
        return look
    }

    /// A run of our own user that no slot claims may be this slot's: started before the ledger was
    /// lost or restored (rule 13), or by an attempt that was proven absent and surfaced after all
    /// (I1: a second start would be a duplicate that we can see coming).
    private func isUnclaimedRunAhead(_ slot: SlotRow, _ look: Look?) throws -> Bool {
        guard let look, let row = try book.connection(slot.connection) else { return false }
        let wasDown = try wasDownWhenDue(slot)
        // What a person has decided in this life was decided with the process in view.
        if slot.forced, !(wasDown && slot.windowFrom <= memory.downUntil ?? now) { return false }
        guard let run = try unclaimedRun(slot, look, row, wasDown: wasDown) else { return false }
        try ledger.move(
            slot.slotID, .held, reason: run,
            nextActionAt: now.adding(milliseconds: Self.reminderMilliseconds))
        return true
    }

    /// The daemon has been down, or the clock was set forward, since the slot was due: on time or
    /// not, another ledger, or this one before it was put back, may have started it.
    private func wasDownWhenDue(_ slot: SlotRow) throws -> Bool {
        guard guards.looksAfterDownTime, let downUntil = memory.downUntil else { return false }
        return try dueSince(slot) < downUntil
    }

    /// Since when a start for the slot can exist: slot_at, or the end that a slot of kind `after`
    /// was born of, which a ledger that was put back sees again.
    private func dueSince(_ slot: SlotRow) throws -> Instant {
        guard slot.kind == .after, let end = try ledger.upstreamEnd(ofSlot: slot.slotID) else {
            return slot.slotAt
        }
        return min(end, slot.slotAt)
    }

    /// Why the run that the look shows, or another one that the ledger knows, may be the slot's own;
    /// nil if there is none.
    private func unclaimedRun(
        _ slot: SlotRow, _ look: Look, _ row: ConnectionRow, wasDown: Bool
    ) throws -> String? {
        let skew = row.clockSkewMilliseconds ?? 0
        let isUnclaimed = try look.runID.map {
            try ledger.run(baseURL: slot.baseURL, runID: $0)?.slotID == nil
        }
        // An unknown user counts as ours: the second start is the worse mistake.
        let isOurs = row.userID == nil || look.runUserID == nil || row.userID == look.runUserID
        if let runID = look.runID, let created = look.runCreatedAt, isUnclaimed == true, isOurs,
            !slot.forced, let absent = try ledger.firstAbsentAttempt(slotID: slot.slotID),
            runID != absent.baseline, created >= absent.beganAt.adding(milliseconds: skew)
        {
            return "run \(runID) was created after attempt \(absent.number), which "
                + "had been taken for absent, and no slot claims it"
        }
        guard wasDown || (slot.isLate && slot.kind == .rule) else { return nil }
        // Both clocks show whole seconds, so the comparison is as good as a second.
        let since = try dueSince(slot).adding(milliseconds: skew - 1000)
        if let runID = look.runID, isUnclaimed == true, isOurs,
            look.runCreatedAt.map({ $0 >= since }) ?? wasDown
        {
            return "run \(runID) of our own user was created after this slot was due, "
                + "and no slot claims it"
        }
        // A later run hides it in the list, but an earlier look has shown it.
        if wasDown,
            try ledger.hasUnclaimedRun(
                baseURL: slot.baseURL, processID: slot.processID, besides: [],
                userID: row.userID, createdFrom: since,
                through: now.adding(milliseconds: skew + 1000))
        {
            return "a run of our own user was created after this slot was due, and no slot claims "
                + "it"
        }
        return nil
    }

    // MARK: 5. Validation and ramp

    /// Late starts, and all of a connection that has just recovered, are ramped.
    private func isRamped(_ slot: SlotRow, _ connection: Connection) throws -> Bool {
        let closed = try book.connection(connection.name)?.breakerClosedAt
        // What had come due by then, and all of the next minute.
        let isRecovering = closed.map { now.since($0) < 60_000 || slot.dueAt <= $0 } ?? false
        return (slot.isLate && slot.kind != .manual) || isRecovering
    }

    private var rampGapMilliseconds: Int64 {
        60_000 / Int64(max(1, configuration?.catchupPerMinute ?? 30))
    }

    /// The ramp has a place; it is taken only by a start that goes out (`takeRampPlace`).
    private func isWithinRamp(_ slot: SlotRow, _ connection: Connection) throws -> Bool {
        guard try isRamped(slot, connection), let next = try book.daemon().catchupTAT, next > now
        else { return true }
        // The ramp goes on per start, so each waiting slot comes up when its place is free.
        let place = next.adding(milliseconds: rampGapMilliseconds * turn.rampWaiting)
        turn.rampWaiting += 1
        try ledger.wait(slot.slotID, reason: "catch-up is ramped", until: place)
        return false
    }

    private func takeRampPlace(_ slot: SlotRow, _ connection: Connection) throws {
        guard try isRamped(slot, connection) else { return }
        var daemon = try book.daemon()
        daemon.catchupTAT = now.adding(milliseconds: rampGapMilliseconds)
        book.save(daemon)
    }

    // MARK: 6. Intent (rule 3)

    private func begin(
        _ slot: SlotRow, _ schedule: Schedule, _ connection: Connection, baseline: Baseline
    ) throws {
        guard let token = usableToken(connection.name) else {
            try requestToken(connection, .start)
            _ = try wait(slot, "waiting for an access token", 15_000)
            return
        }
        if let at = try takeStartBudget(connection) {
            try ledger.wait(slot.slotID, reason: "waiting for the rate budget", until: at)
            return
        }
        try takeRampPlace(slot, connection)
        let lookID = try baseline.look.map { try ledger.keep($0) }
        let sendBy = now.adding(milliseconds: limits.sendWithinMilliseconds)
        let attemptID = try ledger.beginAttempt(
            slot: slot, baseline: baseline.text, lookID: lookID, sendBy: sendBy, now: now)
        send(
            .startRun(
                process: slot.processID, sendCompleteEmail: schedule.sendCompleteEmail),
            connection, .start(attemptID: attemptID, slotID: slot.slotID), token: token,
            sendBy: sendBy)
    }

    // MARK: Helpers

    func end(_ slot: SlotRow, _ disposition: Disposition, _ reason: String) throws {
        try ledger.end(slot.slotID, disposition, reason: reason, now: now)
        book.tell(.ended(schedule: slot.schedule))
        book.log(
            .info, "\(slot.schedule)@\(slot.slotAt.iso8601) \(disposition.rawValue): \(reason)")
    }

    /// Lets a slot wait; always false, so that a guard can return it.
    func wait(_ slot: SlotRow, _ reason: String, _ milliseconds: Int64) throws -> Bool {
        try ledger.wait(slot.slotID, reason: reason, until: now.adding(milliseconds: milliseconds))
        return false
    }

    static let reminderMilliseconds: Int64 = 24 * 3_600_000

    /// A held slot is remembered once a day until a person decides (I5).
    func remindHeld() throws {
        for slot in try ledger.slotsDue(.held, now: now, limit: 100) {
            book.log(
                .warning,
                "\(slot.schedule)@\(slot.slotAt.iso8601) is held: \(slot.reason); "
                    + "carillon resolve \(slot.slotID) --run RUN | --start | --drop")
            try ledger.wait(
                slot.slotID, reason: slot.reason,
                until: now.adding(milliseconds: Self.reminderMilliseconds))
        }
        // An attempt that never came back (its effect was lost with a cancelled task).
        for slot in try ledger.slotsDue(.starting, now: now, limit: 100) {
            guard let attempt = try ledger.lastAttempt(slotID: slot.slotID) else { continue }
            try becomeUnknown(
                slot, attempt, reason: "attempt \(attempt.number) was never answered",
                httpStatus: nil, errorID: nil)
        }
    }
}
