import ProcessesAPI
import Store
import Timetable

/// Which runs to look at next (docs/protocol.md#status-poller); starts go first by the budget's
/// priorities.
final class Follower: Room, Grounded {
    /// A run is lost when the API has said so often, over so long, and no list has shown it since.
    private static let missingReadsMin = 3
    /// The gaps between reads that told a start nothing.
    private static let untoldMilliseconds: ClosedRange<Int64> = 1_000...30_000
    private static let missingMillisecondsMin: Int64 = 600_000
    /// Where no list is possible, its own word must do after so long.
    private static let missingUnlistedMillisecondsMin: Int64 = 86_400_000
    /// A run that is gone is looked for at this pace.
    private static let lostPollMilliseconds: Int64 = 6 * 3_600_000
    /// Refusals that asking again won't change: followed at `poll.max` from the first one.
    private static let lastingReadRefusals = Gate.lastingRefusals.subtracting([404])
    /// A run that so many reads over so long have told nothing of is in `attention`.
    private static let untoldReadsMin = 3
    private static let untoldMillisecondsMin: Int64 = 600_000
    private static let untoldMemoryMilliseconds: Int64 = 3_600_000
    /// So many lists in a row that failed: runs are read by themselves meanwhile.
    private static let failedListsMin: Int64 = 3
    /// The same refusal of the same run is one row for so long.
    private static let repeatsWithinMilliseconds: Int64 = 30 * 86_400_000

    let runs: Runs
    let strangers: Strangers
    let ground: Ground
    private let gate: Gate
    private let lister: Lister
    /// Runs that are being read in full.
    private var reading: Set<Int64> = []
    /// Runs whose last reads told nothing, by key.
    ///
    /// Such as a 404, a 403, another run's body.
    private var untold: [Int64: GrowingGap] = [:]

    init(_ ground: Ground, gate: Gate, lister: Lister) {
        self.ground = ground
        self.gate = gate
        self.lister = lister
        runs = Runs(ground, lister: lister)
        strangers = Strangers(ground, lister: lister)
        let rooms: [any Room] = [runs, strangers, self]
        for room in rooms { book.join(room) }
    }

    func keep() -> () -> Void {
        let kept = (reading, untold)
        return { [self] in (reading, untold) = kept }
    }

    func clockWasSet(by milliseconds: Int64) {
        untold = untold.mapValues { $0.moved(byMilliseconds: milliseconds) }
    }

    /// There is a process of that id: a schedule names it, or lists have shown it.
    func isKnown(_ process: ProcessKey) -> Bool {
        roster.isNamed(process) || lister.looks[process] != nil
    }

    func lookAtRuns() throws {
        try runs.judgeOverdue()
        let connections = roster.connections
        for name in connections.keys.sorted() {
            guard let connection = connections[name], let row = try book.connection(name),
                row.breakerOpenedAt == nil
            else { continue }
            try lookAtRuns(of: connection, row)
            try lister.tend(row)
        }
    }

    private func lookAtRuns(of connection: Connection, _ row: ConnectionRow) throws {
        // What a list has shown changed goes before what is only due again.
        var canRead = true
        for run in try ledger.runsToPoll(
            connection: connection.name, changed: true, now: now, limit: limits.pollsMax)
        where canRead {
            canRead = try read(run, connection, priority: .other)
        }
        for run in try ledger.runsToPoll(
            connection: connection.name, changed: false, now: now, limit: limits.pollsMax)
        {
            if !needsFullRead(run, row) {
                lister.wantForRuns(connection.name)
            } else if canRead {
                canRead = try read(run, connection, priority: .other)
            }
        }
    }

    /// A sweep can't tell of this run, or its safety read is due.
    private func needsFullRead(_ run: RunRow, _ connection: ConnectionRow) -> Bool {
        if connection.sweepDistrustedSince != nil || needsSafetyRead(run) { return true }
        if connection.listFailures >= Self.failedListsMin { return true }
        let key = ProcessKey(baseURL: run.baseURL, processID: run.processID)
        // Not seen yet in this life: the sweep will tell whether it can show the run.
        guard let look = lister.looks[key] else { return false }
        return look.runID != run.runID
    }

    /// Reads a run in full unless one of the limits forbids it.
    ///
    /// - Returns: false if no further read can go out on this connection now.
    func read(
        _ run: RunRow, _ connection: Connection, priority: RateBudget.Priority
    ) throws -> Bool {
        guard !reading.contains(run.runKey) else { return true }
        guard reading.count < limits.readsInFlightMax else {
            book.wake(at: now.adding(milliseconds: 5_000))
            return false
        }
        guard let pass = try gate.pass(.read(priority), connection) else { return false }
        reading.insert(run.runKey)
        // While it is out it isn't due; its answer sets the real instant.
        try ledger.setPoll(run, nextAt: now.adding(milliseconds: 60_000))
        gate.send(.getRun(id: run.runID), pass, .readRun(runKey: run.runKey))
        return true
    }

    /// Reads a run that a slot waits for: at once, and after reads that told nothing with growing
    /// gaps, since each answer wakes its slots and they would ask without a pause.
    ///
    /// - Returns: when to ask again, of a run that is not read now because of such a gap.
    func readForStart(_ run: RunRow, _ connection: Connection) throws -> Instant? {
        if let next = untold[run.runKey]?.next(after: now, gaps: Self.untoldMilliseconds) {
            return next
        }
        _ = try read(run, connection, priority: .start)
        return nil
    }

    /// The read is over.
    func forget(_ runKey: Int64) { reading.remove(runKey) }

    /// Applies the answer of a full read; a poll that fails is never a run that failed.
    func receive(
        _ runKey: Int64, _ connection: Connection, _ request: PendingRequest, _ answer: APIAnswer
    ) throws {
        guard let row = try ledger.run(runKey) else { return }
        switch answer.result {
        case .success(.run(let run)) where run.id == row.runID:
            try gate.noteAccepted(connection)
            // A list that shows the run meanwhile takes `pollFailures` back.
            let wasUntold = untold.removeValue(forKey: runKey) != nil
            try runs.apply(run, to: row)
            if row.missingReads > 0 { try ledger.setMissing(runKey, reads: 0, since: nil) }
            if row.pollFailures > 0 || wasUntold {
                try ledger.clear(kind: .notReadable, subject: row.processID)
            }
        case .success:
            noteUntold(row)
            let why = "the answer does not show the run"
            try delay(row, why: why, answer: answer)
            try tellUntold(row, why)
        case .failure(let failure):
            noteUntold(row)
            try gate.noteFailure(connection, request, failure)
            if failure.apiStatus == 404 {
                try miss(row, connection, failure, answer)
            } else {
                try readFailed(row, connection, failure, answer)
            }
            try tellUntold(row, failure.summary)
        }
        try ledger.wakeLookers(connection: connection.name, now: now)
    }

    private func noteUntold(_ row: RunRow) {
        // A read that failed long ago, between others' lists that showed the run, begins nothing.
        let memory = max(
            Self.untoldMemoryMilliseconds,
            3 * roster.pollPolicy(row.schedule).maxMilliseconds)
        if let former = untold[row.runKey], former.ageMilliseconds(at: now) > memory {
            untold[row.runKey] = nil
        }
        untold[row.runKey, default: GrowingGap(at: now)].note(now)
    }

    /// A run that nobody can tell of for so long: it may have ended, or wait for somebody, unseen.
    private func tellUntold(_ row: RunRow, _ why: String) throws {
        guard row.isOpen, row.outcome != .lost, row.origin != .external,
            let former = untold[row.runKey], former.times >= Self.untoldReadsMin,
            now.since(former.since) >= Self.untoldMillisecondsMin
        else { return }
        try ledger.raise(
            kind: .notReadable, subject: row.processID,
            whatToDo: "run \(row.runID) of \(row.schedule ?? "this process") has not been "
                + "read since \(former.since.iso8601) (\(why)); what it does isn't known, and it "
                + "still blocks other starts of its process; Carillon goes on asking; if that "
                + "lasts, check in Workiva whether the run is still there", now: now)
    }

    private func readFailed(
        _ row: RunRow, _ connection: Connection, _ failure: APIFailure, _ answer: APIAnswer
    ) throws {
        let isLasting = Self.lastingReadRefusals.contains(failure.apiStatus ?? 0)
        let isToken = failure.apiStatus == 401
        try book.note(
            failure, answer: answer, slot: nil, connection: connection.name, runKey: row.runKey,
            nextStep: isToken
                ? gate.nextStep(afterRefusalOf: connection.name)
                : isLasting
                    ? "asked again at poll.max; the run itself is not judged by it"
                    : "read again with a growing gap; the run itself is not judged by it",
            repeatsWithin: isLasting ? Self.repeatsWithinMilliseconds : 3_600_000)
        if isLasting, row.origin != .external {
            try ledger.raise(
                kind: .notReadable, subject: row.processID,
                whatToDo: "run \(row.runID) of \(row.schedule ?? "this process") can't be read any "
                    + "more (\(failure.summary)); give the grant's user access to the process",
                now: now)
        }
        // Once: where other calls are accepted, this one's refusals would be a loop without a pause.
        if isToken, row.pollFailures == 0 {
            return try ledger.setPoll(row, nextAt: now, failures: 1)
        }
        try delay(row, why: nil, answer: answer, after: failure)
    }

    func delay(
        _ row: RunRow, why: String?, answer: APIAnswer, after failure: APIFailure? = nil
    ) throws {
        if let why {
            try ledger.insert(
                NewError(
                    operation: answer.call.operation, message: why, nextStep: "read again later",
                    connection: row.connection, runKey: row.runKey), now: now)
        }
        let policy = roster.pollPolicy(row.schedule)
        let failures = row.pollFailures + 1
        let isSlow = Self.lastingReadRefusals.contains(failure?.apiStatus ?? 0)
        let gap =
            isSlow
            ? policy.maxMilliseconds
            : Backoff.ceilingMilliseconds(
                base: policy.minMilliseconds, cap: policy.maxMilliseconds, attempt: failures)
        try ledger.setPoll(row, nextAt: now.adding(milliseconds: gap), failures: failures)
    }

    /// The API's own 404 on a run.
    ///
    /// A lagging replica says so too, and rights that are being changed: the run goes on blocking
    /// others until several answers over a time agree and no list has shown it since. One that has
    /// ended keeps its end.
    private func miss(
        _ row: RunRow, _ connection: Connection, _ failure: APIFailure, _ answer: APIAnswer
    ) throws {
        let key = ProcessKey(baseURL: row.baseURL, processID: row.processID)
        let shown = lister.looks[key]
        let isShown =
            shown?.runID == row.runID
            && row.missingSince.map { since in shown.map { $0.requestedAt >= since } ?? false }
                ?? false
        let since = row.missingSince ?? now
        let reads = row.missingReads + 1
        try ledger.setMissing(row.runKey, reads: reads, since: isShown ? now : since)
        let isLost =
            row.isOpen && !isShown && reads >= Self.missingReadsMin
            && now.since(since) >= missingMillisecondsMin(connection, since: since)
        try book.note(
            failure, answer: answer, slot: nil, connection: row.connection, runKey: row.runKey,
            nextStep: row.isOpen
                ? "read again; lost only after answers like this for ten minutes that no list "
                    + "contradicts, and then looked for at a slow pace"
                : "the run has ended and keeps its end",
            repeatsWithin: Self.repeatsWithinMilliseconds)
        if isShown, reads >= Self.missingReadsMin, row.isOpen, row.origin != .external {
            try ledger.raise(
                kind: .notReadable, subject: row.processID,
                whatToDo: "run \(row.runID) of \(row.schedule ?? "this process") can't be read any "
                    + "more (\(failure.summary)), though the list shows it; give the grant's user "
                    + "access to the process", now: now)
        }
        if row.isOpen, row.outcome != .lost {
            guard isLost else {
                lister.wantForRuns(connection.name)
                return try delay(row, why: nil, answer: answer, after: failure)
            }
            untold[row.runKey] = nil
            try runs.lose(row)
            // The list may show it again just as before: that is news then.
            lister.looks.expectNews(of: key)
        }
        let isWatched = row.isOpen || row.watchUntil.map { now < $0 } ?? false
        try ledger.setPoll(
            row, nextAt: isWatched ? now.adding(milliseconds: Self.lostPollMilliseconds) : nil,
            polledAt: now, failures: row.pollFailures + 1, changedHint: false)
    }

    /// How long a run must be missing: a day, unless a whole list has been read meanwhile.
    private func missingMillisecondsMin(_ connection: Connection, since: Instant) -> Int64 {
        let isListed = lister.completeAt(connection.name).map { $0 >= since } ?? false
        return isListed ? Self.missingMillisecondsMin : Self.missingUnlistedMillisecondsMin
    }

    /// After a sweep: runs that were due and shown unchanged wait for their next look.
    func noteListed(_ connection: String, since: Instant) throws {
        let due = try ledger.runsToPoll(
            connection: connection, changed: false, now: now, limit: limits.sweptRunsMax)
        for run in due where !reading.contains(run.runKey) && !needsSafetyRead(run) {
            let key = ProcessKey(baseURL: run.baseURL, processID: run.processID)
            if let look = lister.looks[key], look.requestedAt >= since {
                // Shown with another run: `needsFullRead` knows, it is read by itself.
                guard look.runID == run.runID else { continue }
                try runs.schedulePoll(run, status: run.status, changed: false, isFullRead: false)
            } else {
                // The list does not show its process (any more): it is read by itself.
                try ledger.setPoll(run, nextAt: now, changedHint: true)
            }
        }
    }

    /// What an item of a list says of the run that its process shows.
    func note(_ sighting: Sighting) throws {
        guard let run = sighting.run else { return }
        let (look, connection) = (sighting.look, sighting.connection)
        if let known = try ledger.run(baseURL: look.baseURL, runID: run.id) {
            try runs.compare(known, with: run)
        } else if sighting.isNamed {
            try runs.insertExternal(run, processID: look.processID, connection)
            try strangers.note(look, connection)
        }
        try strangers.reportDuplicate(look, connection)
    }

    private func needsSafetyRead(_ run: RunRow) -> Bool {
        guard let polled = run.lastPolledAt else { return true }
        return now.since(polled) >= roster.pollPolicy(run.schedule).maxMilliseconds || polled > now
    }
}
