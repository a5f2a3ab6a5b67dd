import ProcessesAPI
import Store
import Timetable

/// Attempts in doubt: rules 5 and 6 of docs/protocol.md.
struct Settler: Grounded {
    let ground: Ground
    let lister: Lister
    let runs: Runs

    /// Makes an attempt that may have created a run `unknown`.
    ///
    /// One that is in doubt already, since it was never answered, stays so: a late answer that doesn't
    /// settle it is not another attempt.
    func becomeUnknown(
        _ slot: SlotRow, _ attempt: AttemptRow, _ reason: DoubtReason, httpStatus: Int? = nil,
        errorID: Int64? = nil
    ) throws {
        guard attempt.state != .unknown else { return }
        // Another host may still send what it was about to when it stopped being heard of.
        let stall = reason == .daemonEnded ? life.membership?.stallMilliseconds ?? 0 : 0
        let exposureEnd = now.adding(
            milliseconds: stall + roster.requestWindowMilliseconds(slot.connection))
        try ledger.endAttempt(
            attempt.attemptID, .unknown, exposureEnd: exposureEnd, httpStatus: httpStatus,
            errorID: errorID, runKey: nil, now: now)
        try ledger.countAttempt(slotID: slot.slotID)
        try slots.doubt(slot, reason, attempt: attempt.number, until: exposureEnd)
    }

    /// Rule 5: every attempt found `starting` becomes `unknown` before anything else.
    func recoverStarting(except out: Set<Int64> = []) throws {
        guard book.guards.has(.recoversStarting) else { return try forgetStarting() }
        for attempt in try ledger.attempts(.starting) where !out.contains(attempt.attemptID) {
            guard let slot = try ledger.slot(attempt.slotID) else { continue }
            try becomeUnknown(slot, attempt, .daemonEnded)
        }
    }

    /// An attempt that never came back (its effect was lost with a cancelled task).
    func recoverUnanswered() throws {
        for slot in try ledger.slotsDue(.starting, now: now, limit: 100) {
            guard let attempt = try ledger.lastAttempt(slotID: slot.slotID) else { continue }
            try becomeUnknown(slot, attempt, .neverAnswered)
        }
    }

    /// What a scheduler without rule 5 would do, for the negative test.
    private func forgetStarting() throws {
        for attempt in try ledger.attempts(.starting) {
            try ledger.endAttempt(
                attempt.attemptID, .absent, exposureEnd: now, httpStatus: nil, errorID: nil,
                runKey: nil, now: now)
            try ledger.move(
                attempt.slotID, .pending, reason: "guard off: sent again", nextActionAt: now)
        }
    }

    /// Wants looks for the slots whose exposure has ended; one sweep settles all of a connection.
    func settleUnknown() throws {
        for slot in try ledger.slotsDue(.unknown, now: now, limit: limits.decisionsMax) {
            guard book.guards.has(.settlesUnknown) else {
                if let attempt = try ledger.lastAttempt(slotID: slot.slotID) {
                    try conclude(.provenAbsent, slot, attempt)
                }
                continue
            }
            guard let looker = looker(for: slot) else {
                if let attempt = try ledger.lastAttempt(slotID: slot.slotID) {
                    try hold(
                        slot, attempt,
                        .lost(attempt: attempt.number, .noConnection(baseURL: slot.baseURL)))
                }
                continue
            }
            let again = lister.want(
                look: looker,
                for: .process(ProcessKey(baseURL: slot.baseURL, processID: slot.processID)))
            try tellUndecided(slot, looker: looker)
            try slots.wait(slot, .asBefore, until: again ?? now.adding(milliseconds: 10_000))
        }
    }

    /// A lost answer that no look could settle in all the time a look may take: only a person can
    /// still decide it, and every later start of the process waits for that.
    private func tellUndecided(_ slot: SlotRow, looker: String) throws {
        guard let connection = roster.connection(looker),
            let attempt = try ledger.lastAttempt(slotID: slot.slotID),
            let exposureEnd = attempt.exposureEndAt
        else { return }
        let patience =
            connection.settleWithinMilliseconds + connection.lookPatienceMilliseconds
        guard now >= exposureEnd.adding(milliseconds: patience),
            attempt.lastAbsentAt.map({ now.since($0) > patience }) ?? true
        else { return }
        try ledger.raise(
            kind: .undecided, subject: slot.name.description,
            whatToDo: "the answer to attempt \(attempt.number) was lost at "
                + "\((attempt.endedAt ?? attempt.beganAt).iso8601), and "
                + "\(try whyNoLook(slot, looker, since: exposureEnd)); other starts of the process "
                + "wait for it; check in Workiva whether it has started a run, then: carillon "
                + "resolve \(slot.slotID) --run RUN | --start | --drop", now: now)
    }

    private func whyNoLook(
        _ slot: SlotRow, _ connection: String, since exposureEnd: Instant
    ) throws -> String {
        if let complete = lister.completeAt(connection), complete >= exposureEnd {
            return "the list of processes does not show process \(slot.processID)"
        }
        if (try book.connection(connection)?.listFailures ?? 0) > 0 {
            return "the list of processes can't be read, see: carillon errors"
        }
        return "no list of processes has shown process \(slot.processID) since"
    }

    /// A connection that can look at the slot's process: its own, or another one of its address.
    private func looker(for slot: SlotRow) -> String? {
        let connections = roster.connections
        if connections[slot.connection]?.baseURL == slot.baseURL { return slot.connection }
        return connections.keys.sorted().first { connections[$0]?.baseURL == slot.baseURL }
    }

    /// Judges the attempt in doubt on the process that a look shows, if there is one.
    func settle(_ look: Look, _ connection: Connection) throws {
        guard
            let attempt = try ledger.attemptInDoubt(
                baseURL: look.baseURL, processID: look.processID),
            attempt.state == .unknown, let exposureEnd = attempt.exposureEndAt,
            look.requestedAt >= exposureEnd,
            let slot = try ledger.slot(attempt.slotID), slot.disposition == .unknown
        else { return }
        // Another connection may have looked: user, clock and patience are those of the sender.
        let row = try book.connection(slot.connection)
        let settleWithin =
            roster.connection(slot.connection)?.settleWithinMilliseconds
            ?? connection.settleWithinMilliseconds
        let claimed = try look.runID.flatMap {
            try ledger.run(baseURL: look.baseURL, runID: $0)?.slotID
        }
        var verdict = Settlement.judge(
            look, attempt: attempt, exposureEnd: exposureEnd,
            in: Settlement.Circumstances(
                clock: ClockOffset(of: attempt, row, at: now), ourUserID: row?.userID,
                isClaimed: claimed != nil && claimed != slot.slotID,
                wasKnownBefore: try claimed.map {
                    try ledger.hadItsRun(slotID: $0, beforeAttempt: attempt.attemptID)
                } ?? false,
                isContested: try look.runID.map {
                    try ledger.isContested(
                        runID: $0, baseURL: look.baseURL, processID: look.processID,
                        slotID: slot.slotID)
                } ?? false,
                hasRival: try look.runID.map {
                    try hasRival(
                        $0, attempt,
                        until: min(exposureEnd, actsUntil(attempt, slot) ?? exposureEnd),
                        row)
                } ?? false,
                settleWithinMilliseconds: settleWithin, actsUntil: actsUntil(attempt, slot)))
        if verdict == .absentSoFar, !book.guards.has(.waitsToSettle) { verdict = .provenAbsent }
        if !book.guards.has(.comparesBaseline), let runID = look.runID, claimed == nil {
            verdict = .adopt(runID: runID)
        }
        if verdict != .absentSoFar { _ = try ledger.keep(look) }
        try conclude(verdict, slot, attempt, look: look)
    }

    /// When the API can have acted for an attempt at the latest, however long the daemon was down: it
    /// left us by `send_by` or never, and was given up after the time of a request.
    private func actsUntil(_ attempt: AttemptRow, _ slot: SlotRow) -> Instant? {
        attempt.sendByAt?.adding(
            milliseconds: APIRequest.timeoutMillisecondsDefault
                + (life.membership?.stallMilliseconds ?? 0)
                + roster.requestWindowMilliseconds(slot.connection))
    }

    /// In a file that was put back, what has come of an attempt in doubt isn't known: what has run
    /// since may be anybody's.
    func holdRestored() throws {
        for attempt in try ledger.attempts(.unknown) {
            guard let slot = try ledger.slot(attempt.slotID), slot.disposition == .unknown else {
                continue
            }
            try hold(slot, attempt, .restored(attempt: attempt.number))
        }
    }

    /// The ledger knows another run that may be the attempt's own: seen through a second connection
    /// of the same address, before the one that the look shows hid it.
    private func hasRival(
        _ runID: String, _ attempt: AttemptRow, until: Instant, _ row: ConnectionRow?
    ) throws -> Bool {
        let clock = ClockOffset(of: attempt, row, at: now)
        return try ledger.unclaimedRuns(
            baseURL: attempt.baseURL, processID: attempt.processID, userID: row?.userID
        ).contains { other in
            guard other.runID != runID, other.runID != attempt.baseline.runID,
                let created = other.createdAt
            else { return false }
            return clock.latest(created) >= attempt.beganAt
                && clock.earliest(created) <= until
        }
    }

    private func conclude(
        _ verdict: Settlement, _ slot: SlotRow, _ attempt: AttemptRow, look: Look? = nil
    ) throws {
        switch verdict {
        case .adopt(let runID):
            try adopt(runID: runID, slot, attempt)
        case .hold(let candidate, let reason):
            try hold(slot, attempt, reason, candidate: candidate)
        case .absentSoFar:
            try ledger.countAbsentLook(attempt.attemptID, at: look?.requestedAt ?? now)
            let settle =
                roster.connection(slot.connection)?.settleWithinMilliseconds
                ?? Connection.settleWithinMillisecondsDefault
            let settled = (attempt.exposureEndAt ?? now).adding(milliseconds: settle)
            let step = now.adding(milliseconds: max(1000, settle / 3))
            let next = now < settled ? min(step, settled) : now.adding(milliseconds: 2_000)
            try ledger.wait(slot.slotID, reason: slot.reason, until: next)
        case .provenAbsent:
            try provenAbsent(slot, attempt)
        }
    }

    private func adopt(runID: String, _ slot: SlotRow, _ attempt: AttemptRow) throws {
        guard let run = try ledger.run(baseURL: slot.baseURL, runID: runID) else { return }
        try ledger.claim(
            run.runKey, slotID: slot.slotID, schedule: slot.schedule, origin: .adopted)
        try runs.explain(run)
        try ledger.endAttempt(
            attempt.attemptID, .adopted, exposureEnd: nil, httpStatus: nil, errorID: nil,
            runKey: run.runKey, now: now)
        try slots.start(
            slot, runKey: run.runKey, .found(runID: runID, attempt: attempt.number),
            at: run.createdAt ?? now)
        try runs.watch(run.runKey, slot: slot)
        try afterSettled(slot)
        book.log(.notice, "\(slot.name) adopted run \(runID)")
    }

    /// Ends an attempt in doubt for a person to decide.
    func hold(
        _ slot: SlotRow, _ attempt: AttemptRow, _ reason: HoldReason, candidate: String? = nil
    ) throws {
        try ledger.endAttempt(
            attempt.attemptID, .held, exposureEnd: nil, httpStatus: nil, errorID: nil,
            runKey: nil, now: now)
        try ledger.setCandidate(attempt.attemptID, runID: candidate)
        try slots.hold(slot, reason)
        try afterSettled(slot)
    }

    private func provenAbsent(_ slot: SlotRow, _ attempt: AttemptRow) throws {
        let schedule = roster.schedule(slot.schedule)
        if schedule?.unknownStart == .hold {
            return try hold(slot, attempt, .absent(attempt: attempt.number))
        }
        try ledger.endAttempt(
            attempt.attemptID, .absent, exposureEnd: nil, httpStatus: nil, errorID: nil,
            runKey: nil, now: now)
        if let why = whyNoneFollows(slot, schedule) {
            try slots.end(slot, .absent(attempt: attempt.number, why))
        } else {
            try slots.tryAgain(slot, .attemptAbsent(attempt.number), at: now)
        }
        try afterSettled(slot)
    }

    private func whyNoneFollows(
        _ slot: SlotRow, _ schedule: Schedule?
    ) -> EndReason.NoneFollows? {
        guard let schedule else { return .scheduleGone }
        let lateness = Lateness.judge(
            windowFrom: slot.windowFrom, wasMarkedLate: slot.isLate,
            startWithinMilliseconds: schedule.startWithinMilliseconds,
            missedWindowMilliseconds: schedule.missedWindowMilliseconds, now: now)
        if lateness == .over { return .windowsOver }
        let isUsedUp = schedule.retry.maxAttempts.map { slot.attemptsCounted >= $0 } ?? false
        return isUsedUp ? .attemptsUsedUp : nil
    }

    /// The process is free again for other slots (rule 2).
    private func afterSettled(_ slot: SlotRow) throws {
        book.tell(.ended(schedule: slot.schedule))
        try ledger.clear(kind: .undecided, subject: slot.name.description)
        try ledger.wakeSlots(baseURL: slot.baseURL, processID: slot.processID, now: now)
    }
}
