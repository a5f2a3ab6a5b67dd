import ProcessesAPI
import Store
import Timetable

/// Lists of processes: looks for starts, news for the poller, probes of a failing connection.
extension Clockwork {
    /// A list of this many pages and more is cut: a hostile server can't keep us reading.
    private static let pagesMax = 100

    /// Sends the sweeps that this turn wants, where nothing forbids them.
    func sendSweeps() throws {
        guard let configuration, !memory.isStopping else { return }
        for name in turn.sweepsWanted.keys.sorted() {
            guard let priority = turn.sweepsWanted[name],
                let connection = configuration.connections[name]
            else { continue }
            try sendSweep(connection, priority)
        }
    }

    private func sendSweep(
        _ connection: Connection, _ priority: RateBudget.Priority
    ) throws {
        let name = connection.name
        guard memory.sweeps[name] == nil, let row = try connectionRow(name) else { return }
        // With an open breaker only its probes go out.
        if row.breakerOpenedAt != nil, let probe = row.nextProbeAt,
            probe < now.adding(milliseconds: connection.probeEveryMilliseconds)
        {
            return
        }
        if row.nextListAt > now { return turn.deadlines.append(row.nextListAt) }
        if let until = try blockedUntil(name, operation: "listProcesses") {
            return turn.deadlines.append(until)
        }
        guard let token = usableToken(name) else {
            memory.sweepsAwaitingToken[name] = priority
            return try requestToken(connection, priority)
        }
        if let at = try takeBudget(connection, priority) { return turn.deadlines.append(at) }
        memory.sweeps[name] = Sweep(
            requestedAt: turn.now, pageRequestedAt: now, priority: priority)
        send(.listProcesses(next: nil), connection, .sweep, token: token, sendBy: nil)
    }

    /// Applies a page: looks, news of runs, and the next page.
    func receivePage(
        _ connection: Connection, _ request: PendingRequest, _ answer: APIAnswer
    ) throws {
        guard var sweep = memory.sweeps[connection.name] else { return }
        switch answer.result {
        case .success(.page(let page)):
            try noteAccepted(connection)
            let seenBefore = sweep.seen.count
            for summary in page.processes {
                sweep.names[summary.id] = summary.name
                // Offset pages shift under us: an item seen twice in a sweep counts once.
                guard sweep.seen.insert(summary.id).inserted else { continue }
                try step("apply the list's item \(summary.id)") {
                    try receive(
                        summary, connection, requestedAt: request.sentAt.wall, answer: answer)
                }
            }
            sweep.pages += 1
            try ledger.wakeLookers(connection: connection.name, now: now)
            // A page without anything new leads in a circle.
            guard let next = page.nextLink, sweep.pages < Self.pagesMax,
                sweep.seen.count > seenBefore
            else { return try finish(sweep, connection, isComplete: page.nextLink == nil) }
            guard let token = usableToken(connection.name),
                try blockedUntil(connection.name, operation: "listProcesses") == nil,
                try takeBudget(connection, sweep.priority) == nil
            else { return try finish(sweep, connection, isComplete: false) }
            memory.sweeps[connection.name] = sweep
            send(.listProcesses(next: next), connection, .sweep, token: token, sendBy: nil)
        case .success:
            try finish(sweep, connection, isComplete: false)
        case .failure(let failure):
            memory.sweeps[connection.name] = nil
            try note(
                failure, answer: answer, slot: nil, connection: connection.name,
                nextStep: "listed again with a growing gap")
            if failure.httpStatus == 401 {
                try noteUnauthorized(
                    connection, generation: request.tokenGeneration, why: failure.summary)
            } else {
                try noteUnreachable(connection, failure)
            }
            let failures = (try connectionRow(connection.name)?.listFailures ?? 0) + 1
            let gap = Backoff.ceilingMilliseconds(
                base: 2_000, cap: 60_000, attempt: Int(clamping: failures))
            try change(connection.name) {
                $0.listFailures = failures
                $0.nextListAt = self.now.adding(milliseconds: gap)
            }
            turn.deadlines.append(now.adding(milliseconds: gap))
        }
    }

    private func finish(_ sweep: Sweep, _ connection: Connection, isComplete: Bool) throws {
        memory.sweeps[connection.name] = nil
        if isComplete { 
            memory.processNames[connection.name] = (sweep.requestedAt.wall, sweep.names)
        }
        // Two seconds keep a slot whose process is not listed from turning into a hot loop.
        try change(connection.name) {
            $0.listFailures = 0
            $0.nextListAt = self.now.adding(milliseconds: 2_000)
        }
        try ledger.wakeLookers(connection: connection.name, now: now)
        try sweptRuns(connection, sweep: sweep)
    }

    /// One process's own item: this is a look (DESIGN.md section 2).
    private func receive(
        _ summary: ProcessSummary, _ connection: Connection, requestedAt: Instant,
        answer: APIAnswer
    ) throws {
        let key = ProcessKey(baseURL: connection.baseURL, processID: summary.id)
        var look = Look(
            baseURL: connection.baseURL, processID: summary.id, processName: summary.name,
            requestedAt: requestedAt, lookedAt: now, serverAt: answer.serverDate)
        if let run = summary.run {
            look.runID = run.id
            look.runStatus = run.status.raw
            look.runCreatedAt = run.created
            look.runModifiedAt = run.modified
            look.runUserID = run.createdBy ?? run.managerUser
        }
        let isNamed = namedProcesses.contains(key)
        let known = try look.runID.flatMap {
            try ledger.run(baseURL: connection.baseURL, runID: $0)
        }
        guard isNamed || known != nil else { return }
        memory.looks[key] = look
        if let run = summary.run {
            if let known {
                try compare(known, with: run)
            } else {
                try insertExternal(run, processID: summary.id, connection)
            }
            try reportDuplicate(look, connection)
        }
        try settle(look, connection)
    }

    /// A run started by someone else, or ours whose answer was lost: `external` until claimed.
    private func insertExternal(
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

    /// Rule 7: a run of our own user that no slot claims, created inside the exposure of an attempt
    /// that is settled. Attempts of our own user leave no other trace, so a person is told.
    private func reportDuplicate(_ look: Look, _ connection: Connection) throws {
        guard let runID = look.runID, let created = look.runCreatedAt,
            let row = try connectionRow(connection.name), let ours = row.userID,
            look.runUserID == ours,
            try ledger.run(baseURL: look.baseURL, runID: runID)?.slotID == nil,
            try ledger.attemptInDoubt(baseURL: look.baseURL, processID: look.processID) == nil
        else { return }
        let createdOurs = created.adding(milliseconds: -(row.clockSkewMilliseconds ?? 0))
        let attempts = try ledger.attempts(
            baseURL: look.baseURL, processID: look.processID, exposedAt: createdOurs,
            graceMilliseconds: 3_600_000)
        guard let attempt = attempts.first(where: { $0.candidateRunID != runID }),
            let slot = try ledger.slot(attempt.slotID), slot.disposition != .held
        else { return }
        let isNew = try ledger.raise(
            kind: "possible_duplicate", subject: "\(look.processID) \(runID)",
            whatToDo: "run \(runID) of our own user belongs to no slot and was created while attempt "
                + "\(attempt.number) of \(slot.schedule)@\(slot.slotAt.iso8601) could still create "
                + "one; if it is a duplicate, close it in Workiva", now: now)
        guard isNew else { return }
        var error = NewError(
            operation: "runProcess", message: "possible duplicate run \(runID)",
            nextStep: "a person decides, see attention")
        error.connection = connection.name
        error.schedule = slot.schedule
        error.slotID = slot.slotID
        error.attempt = attempt.number
        _ = try ledger.insert(error, now: now)
    }
}
