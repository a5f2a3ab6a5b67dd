import ProcessesAPI
import Store
import Timetable

/// Runs that lists show and no slot claims.
extension Clockwork {
    /// What an item of a list says of the run that its process shows.
    func note(_ sighting: Sighting) throws {
        guard let run = sighting.run else { return }
        let (look, connection) = (sighting.look, sighting.connection)
        if let known = try ledger.run(baseURL: look.baseURL, runID: run.id) {
            try compare(known, with: run)
        } else if sighting.isNamed {
            try insertExternal(run, processID: look.processID, connection)
            try noteStranger(look, connection)
        }
        try reportDuplicate(look, connection)
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

    /// Tells a person of a run of our own user that no slot claims (rule 7).
    ///
    /// Created inside the exposure of an attempt that is settled, it may be that attempt's second
    /// run; such attempts leave no other trace.
    func reportDuplicate(_ look: Look, _ connection: Connection) throws {
        guard let runID = look.runID, let created = look.runCreatedAt,
            let row = try book.connection(connection.name), let ours = row.userID,
            look.runUserID == ours,
            try ledger.run(baseURL: look.baseURL, runID: runID)?.slotID == nil,
            try ledger.attemptInDoubt(baseURL: look.baseURL, processID: look.processID) == nil
        else { return }
        // Also one that was perhaps created then: a person looks.
        let clock = ClockOffset(row, at: now) ?? .unknown
        let attempts = try ledger.attempts(
            baseURL: look.baseURL, processID: look.processID,
            exposedFrom: clock.earliest(created), through: clock.latest(created),
            graceMilliseconds: 3_600_000)
        guard let attempt = attempts.first(where: { $0.candidateRunID != runID }),
            let slot = try ledger.slot(attempt.slotID), slot.disposition != .held
        else { return }
        let isNew = try ledger.raise(
            kind: .possibleDuplicate, subject: "\(look.processID) \(runID)",
            whatToDo:
                "run \(runID) of our own user belongs to no slot and was created while attempt "
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
