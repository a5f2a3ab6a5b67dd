import ProcessesAPI
import Store
import Timetable

/// Which runs to look at next (DESIGN.md section 7); starts go first by the budget's priorities.
extension Clockwork {
    /// A failed look comes again after this, growing to `poll.max`.
    private static let lostPollMilliseconds: Int64 = 6 * 3_600_000

    func lookAtRuns() throws {
        guard let configuration, !memory.isStopping else { return }
        try judgeOverdue()
        for name in configuration.connections.keys.sorted() {
            guard let connection = configuration.connections[name],
                let row = try connectionRow(name), row.breakerOpenedAt == nil
            else { continue }
            let due = try ledger.runsToPoll(connection: name, now: now, limit: limits.pollsMax)
            for run in due {
                if needsFullRead(run, row) {
                    guard try read(run, connection, priority: .other) else { break }
                } else {
                    want(look: name, .other)
                }
            }
            // The next try is set by the sweep's answer; a sweep that can't go out sets its own.
            if !due.isEmpty { turn.deadlines.append(now.adding(milliseconds: 5_000)) }
        }
    }

    /// A sweep can't tell of this run, or its safety read is due.
    private func needsFullRead(_ run: RunRow, _ connection: ConnectionRow) -> Bool {
        if run.changedHint || connection.sweepDistrustedSince != nil { return true }
        let policy = pollPolicy(run.schedule)
        guard let polled = run.lastPolledAt,
            now.since(polled) < policy.maxMilliseconds
        else { return true }
        let key = ProcessKey(baseURL: run.baseURL, processID: run.processID)
        // Not seen yet in this life: the sweep will tell whether it can show the run.
        guard let look = memory.looks[key] else { return false }
        return look.runID != run.runID
    }

    /// Reads a run in full unless one of the limits forbids it.
    ///
    /// - Returns: false if no further read can go out on this connection now.
    func read(
        _ run: RunRow, _ connection: Connection, priority: RateBudget.Priority
    ) throws -> Bool {
        guard !memory.readingRuns.contains(run.runKey) else { return true }
        guard memory.readingRuns.count < limits.readsInFlightMax else {
            turn.deadlines.append(now.adding(milliseconds: 5_000))
            return false
        }
        if let until = try blockedUntil(connection.name, operation: "getProcessRun") {
            turn.deadlines.append(until)
            return false
        }
        guard let token = usableToken(connection.name) else {
            try requestToken(connection, priority)
            return false
        }
        if let at = try takeBudget(connection, priority) {
            turn.deadlines.append(at)
            return false
        }
        memory.readingRuns.insert(run.runKey)
        // While it is out it isn't due; its answer sets the real instant.
        try ledger.setPoll(
            run.runKey, nextAt: now.adding(milliseconds: 60_000),
            gapMilliseconds: run.pollGapMilliseconds, polledAt: nil, failures: run.pollFailures,
            changedHint: run.changedHint)
        send(
            .getRun(id: run.runID), connection, .readRun(runKey: run.runKey), token: token,
            sendBy: nil)
        return true
    }

    /// Applies the answer of a full read; a poll that fails is never a run that failed.
    func receiveRun(
        _ runKey: Int64, _ connection: Connection, _ request: PendingRequest, _ answer: APIAnswer
    ) throws {
        guard let row = try ledger.run(runKey) else { return }
        switch answer.result {
        case .success(.run(let run)) where run.id == row.runID:
            try noteAccepted(connection)
            try applyRead(run, Self.facts(of: run, processID: row.processID), to: row)
            if let slot = try row.slotID.flatMap({ try ledger.slot($0) }),
                slot.schedule != row.schedule
            {
                return
            }
        case .success:
            try delayPoll(row, why: "the answer does not show the run", answer: answer)
        case .failure(let failure):
            try noteFailure(connection, request, failure)
            if failure.httpStatus == 404 { return try lose(row, failure, answer) }
            try note(
                failure, answer: answer, slot: nil, connection: connection.name, runKey: runKey,
                nextStep: "read again with a growing gap; the run itself is not judged by it")
            try delayPoll(row, why: nil, answer: answer, after: failure)
        }
        try ledger.wakeLookers(connection: connection.name, now: now)
    }

    private func delayPoll(
        _ row: RunRow, why: String?, answer: APIAnswer, after failure: APIFailure? = nil
    ) throws {
        if let why {
            var error = NewError(
                operation: answer.call.operation, message: why, nextStep: "read again later")
            error.connection = row.connection
            error.runKey = row.runKey
            _ = try ledger.insert(error, now: now)
        }
        let policy = pollPolicy(row.schedule)
        let failures = row.pollFailures + 1
        // A permission that is lost (403) is followed at a slow pace from the start.
        let isSlow = failure?.httpStatus == 403
        let gap =
            isSlow
            ? policy.maxMilliseconds
            : Backoff.ceilingMilliseconds(
                base: policy.minMilliseconds, cap: policy.maxMilliseconds, attempt: failures)
        try ledger.setPoll(
            row.runKey, nextAt: now.adding(milliseconds: gap),
            gapMilliseconds: row.pollGapMilliseconds, polledAt: nil, failures: failures,
            changedHint: row.changedHint)
    }

    /// 404 on a run: replication may lag for a minute after the start, later it is lost.
    private func lose(_ row: RunRow, _ failure: APIFailure, _ answer: APIAnswer) throws {
        guard now.since(row.firstSeenAt) > 60_000 else {
            return try delayPoll(row, why: nil, answer: answer, after: failure)
        }
        if row.outcome != .lost {
            try note(
                failure, answer: answer, slot: nil, connection: row.connection,
                runKey: row.runKey,
                nextStep: "the run is not found any more; it is looked for at a slow pace")
            try ledger.setOutcome(
                row.runKey, .lost, reason: "the API does not know the run any more (404)",
                now: now)
            if let lost = try ledger.run(row.runKey) { try noteClosed(lost) }
        }
        try ledger.setPoll(
            row.runKey, nextAt: now.adding(milliseconds: Self.lostPollMilliseconds),
            gapMilliseconds: row.pollGapMilliseconds, polledAt: now,
            failures: row.pollFailures + 1, changedHint: false)
    }

    /// After a sweep: runs that were due and shown unchanged wait for their next look.
    func sweptRuns(_ connection: Connection, sweep: Sweep) throws {
        let due = try ledger.runsToPoll(
            connection: connection.name, now: now, limit: limits.pollsMax * 20)
        for run in due where !run.changedHint && !memory.readingRuns.contains(run.runKey) {
            let key = ProcessKey(baseURL: run.baseURL, processID: run.processID)
            guard let look = memory.looks[key], look.runID == run.runID,
                look.requestedAt >= sweep.requestedAt.wall
            else {
                if memory.looks[key] == nil {
                    // The list does not show its process at all: read it by itself.
                    try ledger.setPoll(
                        run.runKey, nextAt: now, gapMilliseconds: run.pollGapMilliseconds,
                        polledAt: nil, failures: run.pollFailures, changedHint: true)
                }
                continue
            }
            if needsSafetyRead(run) { continue }
            try schedulePoll(run, status: run.status, changed: false, isFullRead: false)
        }
    }

    private func needsSafetyRead(_ run: RunRow) -> Bool {
        guard let polled = run.lastPolledAt else { return true }
        return now.since(polled) >= pollPolicy(run.schedule).maxMilliseconds
    }
}
