import ProcessesAPI
import Store
import Timetable

/// Lists of processes: looks for starts, news for the poller, probes of a failing connection.
extension Clockwork {
    /// A list of this many pages and more is cut: a hostile server can't keep us reading.
    private static let pagesMax = 100

    /// Sends the sweeps that this turn wants, where nothing forbids them.
    func sendSweeps() throws {
        guard let configuration, !life.isStopping else { return }
        for name in memory.sweeps.keys.sorted() {
            guard let connection = configuration.connections[name] else { continue }
            try sendNextPage(connection)
        }
        for name in memory.sweepsWanted.keys.sorted() {
            guard let priority = memory.sweepsWanted[name],
                let connection = configuration.connections[name]
            else { continue }
            try sendSweep(connection, priority)
        }
    }

    private func sendSweep(
        _ connection: Connection, _ priority: RateBudget.Priority
    ) throws {
        let name = connection.name
        // A start that comes to wait for the list that is being read lends it its priority.
        if priority == .start { memory.sweeps[name]?.priority = .start }
        guard memory.sweeps[name] == nil, let row = try book.connection(name) else { return }
        if row.nextListAt > now { return book.wake(at: row.nextListAt) }
        let token: Secret
        switch try gate.admit(.list(priority), connection) {
        case .go(let usable): token = usable
        case .wait(let obstacle):
            if let until = obstacle.until { book.wake(at: until) }
            return
        }
        memory.sweepsWanted[name] = nil
        memory.sweeps[name] = Sweep(
            revisionID: roster.revisionID, requestedAt: book.time, pageRequestedAt: now,
            priority: priority, expectedNames: try expectedNames(name))
        memory.listed[name] = ListPace(
            requestedAt: now, pages: memory.listed[name]?.pages ?? 1, checkedAt: now,
            hasOpenRuns: memory.listed[name]?.hasOpenRuns ?? true,
            completeAt: memory.listed[name]?.completeAt)
        gate.send(.listProcesses(next: nil), connection, .sweep, token: token)
    }

    /// Names of the processes that waiting slots and next slots are for, where a schedule has a
    /// pattern: their looks count, so that such a slot starts on the list that was fetched ahead.
    private func expectedNames(_ connection: String) throws -> Set<String> {
        var names: Set<String> = []
        for schedule in schedules.values where schedule.connection == connection {
            guard case .name(let pattern) = schedule.process else { continue }
            var instants = try ledger.openSlots(schedule: schedule.name, .pending).map(\.slotAt)
            if let next = try ledger.schedule(schedule.name)?.nextSlotAt { instants.append(next) }
            // Its slot can come at any time.
            if case .after = schedule.trigger { instants.append(now) }
            for instant in instants {
                let name = NamePattern.expand(
                    pattern, slotAt: instant,
                    offsetSeconds: schedule.zone.offsetSeconds(at: instant))
                if let name { names.insert(name) }
            }
        }
        return names
    }

    /// Asks for the page that is next, as soon as the budget has a place for it.
    ///
    /// A list that is given up for want of budget would begin anew with its first page, and with
    /// answers that come faster than places never reach its last one.
    private func sendNextPage(_ connection: Connection) throws {
        let name = connection.name
        guard let sweep = memory.sweeps[name], let next = sweep.next else { return }
        let token: Secret
        switch try gate.admit(.page(sweep.priority), connection) {
        case .go(let usable): token = usable
        case .wait(.budget(let until)): return book.wake(at: until)
        case .wait: return try finish(sweep, connection, isComplete: false)
        }
        memory.sweeps[name]?.next = nil
        memory.sweeps[name]?.pageRequestedAt = now
        gate.send(.listProcesses(next: next), connection, .sweep, token: token)
    }

    /// Wants a list for the sake of runs, unless the last one is too fresh.
    func wantSweep(_ name: String) {
        guard let pace = memory.listed[name] else { return want(look: name, .other) }
        let gap = pace.gapMilliseconds(
            pollMinMilliseconds: roster.pollMinMilliseconds(name))
        let next = pace.requestedAt.adding(milliseconds: gap)
        if next <= now { want(look: name, .other) } else { book.wake(at: next) }
    }

    /// With open runs, the list is read every five minutes whatever their own pace: that bounds how
    /// late a change is seen.
    func tendSweep(_ row: ConnectionRow) throws {
        let name = row.connection
        guard row.sweepDistrustedSince == nil else { return }
        let checkedAt = memory.listed[name]?.checkedAt
        let next = checkedAt?.adding(milliseconds: ListPace.gapMillisecondsMax)
        if let next, next > now {
            if memory.listed[name]?.hasOpenRuns == true { book.wake(at: next) }
            return
        }
        if try ledger.hasOpenRuns(connection: name) {
            memory.listed[name]?.hasOpenRuns = true
            return want(look: name, .other)
        }
        if memory.listed[name] == nil {
            memory.listed[name] = ListPace(
                requestedAt: now, pages: 1, checkedAt: now, hasOpenRuns: false)
        }
        memory.listed[name]?.hasOpenRuns = false
        memory.listed[name]?.checkedAt = now
    }

    /// Applies a page: looks, news of runs, and the next page.
    func receivePage(
        _ connection: Connection, _ request: PendingRequest, _ answer: APIAnswer
    ) throws {
        guard var sweep = memory.sweeps[connection.name] else { return }
        switch answer.result {
        case .success(.page(let page)):
            try gate.noteAccepted(connection)
            let seenBefore = sweep.seen.count
            try receive(page, connection, &sweep, request, answer)
            sweep.pages += 1
            try ledger.wakeLookers(connection: connection.name, now: now)
            sweep.foreignLink = page.foreignLink
            // A page without anything new leads in a circle.
            guard let next = page.nextLink, sweep.pages < Self.pagesMax,
                sweep.seen.count > seenBefore,
                page.foreignLink == nil || !memory.unfollowedLinks.contains(connection.name)
            else {
                return try end(
                    sweep, connection, isComplete: page.nextLink == nil && page.foreignLink == nil)
            }
            sweep.next = next
            memory.sweeps[connection.name] = sweep
        case .success:
            try finish(sweep, connection, isComplete: false)
        case .failure(let failure) where sweep.foreignLink != nil && failure.apiStatus != 401:
            // The link led elsewhere, and its path is none on the API's own address.
            memory.unfollowedLinks.insert(connection.name)
            try book.note(
                failure, answer: answer, slot: nil, connection: connection.name,
                nextStep: "the list is taken as far as it goes, see attention")
            try end(sweep, connection, isComplete: false)
        case .failure(let failure):
            try book.note(
                failure, answer: answer, slot: nil, connection: connection.name,
                nextStep: "listed again with a growing gap")
            try gate.noteFailure(connection, request, failure)
            try postponeList(connection)
        }
    }

    /// The list has come to its end, or to one before it: what it didn't show is said once.
    private func end(_ sweep: Sweep, _ connection: Connection, isComplete: Bool) throws {
        let name = connection.name
        if isComplete {
            if memory.incompleteLists.remove(name) != nil || memory.listed[name]?.completeAt == nil
            {
                try ledger.clear(kind: .incompleteList, subject: name)
            }
        } else if memory.incompleteLists.insert(name).inserted {
            let why =
                sweep.foreignLink.map { "its next page is at \($0), which is not the API's own" }
                ?? (sweep.pages >= Self.pagesMax
                    ? "it has more than \(Self.pagesMax) pages" : "its pages lead in a circle")
            book.log(.warning, "the list of \(name) is incomplete: \(why)")
            try ledger.raise(
                kind: .incompleteList, subject: name,
                whatToDo: "the list of processes is read only in part, for \(why); what it shows "
                    + "counts, processes that it doesn't show can't be looked at: set base_url of "
                    + "[connections.\(name)] to the address that the API names", now: now)
        }
        try finish(sweep, connection, isComplete: isComplete)
    }

    /// A list that told nothing is asked for again with a growing gap.
    func postponeList(_ connection: Connection) throws {
        guard let sweep = memory.sweeps.removeValue(forKey: connection.name) else { return }
        let row = try book.connection(connection.name)
        let failures = (row?.listFailures ?? 0) + 1
        // The list is what an open breaker probes with: no gap may outlast the one of its probes.
        let cap =
            row?.breakerOpenedAt.map {
                Breaker.probeGapMilliseconds(connection, openSince: $0, now: now)
            } ?? 60_000
        let gap = Backoff.ceilingMilliseconds(
            base: 2_000, cap: cap, attempt: Int(clamping: failures))
        try book.change(connection.name) {
            $0.listFailures = failures
            $0.nextListAt = self.now.adding(milliseconds: gap)
        }
        book.wake(at: now.adding(milliseconds: gap))
        // What it was fetched ahead for is still to come.
        if sweep.priority == .start { want(look: connection.name, .start) }
    }

    private func finish(_ sweep: Sweep, _ connection: Connection, isComplete: Bool) throws {
        memory.sweeps[connection.name] = nil
        memory.listed[connection.name]?.pages = sweep.pages
        // A list that a reload met half-way lacks what the new configuration wants to know.
        if isComplete, sweep.revisionID == roster.revisionID {
            memory.processNames[connection.name] = (sweep.requestedAt.wall, sweep.names)
            memory.listed[connection.name]?.completeAt = sweep.requestedAt.wall
            try ledger.wakePreflights(connection: connection.name, now: now)
        }
        if (try book.connection(connection.name)?.listFailures ?? 0) > 0 {
            try ledger.clear(kind: .cachedAnswers, subject: connection.name)
        }
        // Two seconds keep a slot whose process is not listed from turning into a hot loop.
        try book.change(connection.name) {
            $0.listFailures = 0
            $0.nextListAt = self.now.adding(milliseconds: 2_000)
        }
        try ledger.wakeLookers(connection: connection.name, now: now)
        try sweptRuns(connection, sweep: sweep)
    }

    private func receive(
        _ page: ProcessPage, _ connection: Connection, _ sweep: inout Sweep,
        _ request: PendingRequest, _ answer: APIAnswer
    ) throws {
        let wantsNames = schedules.values.contains {
            guard case .name = $0.process else { return false }
            return $0.connection == connection.name
        }
        let inDoubt = try ledger.processesInDoubt(baseURL: connection.baseURL)
        let ours = try book.connection(connection.name)?.userID
        for summary in page.processes {
            if wantsNames { sweep.names[summary.id] = summary.name }
            // Offset pages shift under us: an item seen twice in a sweep counts once.
            guard sweep.seen.insert(summary.id).inserted else { continue }
            let key = ProcessKey(baseURL: connection.baseURL, processID: summary.id)
            if sweep.expectedNames.contains(summary.name) { roster.name(key) }
            guard roster.isNamed(key) || roster.isFollowed(key) else { continue }
            var look = look(
                at: summary, connection, requestedAt: request.sentAt.wall, answer: answer)
            // Most runs of a connection are of one user, whose name is kept once.
            if let user = look.runUserID { look.runUserID = user == ours ? ours : kept(user) }
            // Of ten thousand processes hardly one has changed since the last list: the others cost
            // no statement.
            if let known = looks[key], known.isPlain, known.ourUserID == ours,
                known.shows(the: look), !inDoubt.contains(summary.id)
            {
                looks[key] = known.again(at: look)
                continue
            }
            try book.step("apply the list's item \(summary.id)") {
                looks[key] = KnownLook(look: look, isPlain: false)
                try receive(look, summary.run, connection, isNamed: roster.isNamed(key))
                let isPlain = try isPlain(look, ours: ours)
                looks[key] = KnownLook(look: look, isPlain: isPlain, ourUserID: ours)
            }
        }
    }

    /// One copy of a user's id, for as long as not too many users come.
    private func kept(_ user: String) -> String {
        if let known = userIDs.firstIndex(of: user) { return userIDs[known] }
        if userIDs.count < 1000 { userIDs.insert(user) }
        return user
    }

    /// One process's own item: this is a look (docs/protocol.md#words).
    private func look(
        at summary: ProcessSummary, _ connection: Connection, requestedAt: Instant,
        answer: APIAnswer
    ) -> Look {
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
        return look
    }

    private func receive(
        _ look: Look, _ run: RunSummary?, _ connection: Connection, isNamed: Bool
    ) throws {
        if let run {
            if let known = try ledger.run(baseURL: look.baseURL, runID: run.id) {
                try compare(known, with: run)
            } else if isNamed {
                try insertExternal(run, processID: look.processID, connection)
                try noteStranger(look, connection)
            }
            try reportDuplicate(look, connection)
        }
        try settle(look, connection)
    }

    /// The run of the look can't become anybody's: a slot has it, or another user started it.
    private func isPlain(_ look: Look, ours: String?) throws -> Bool {
        guard let runID = look.runID else { return true }
        guard let run = try ledger.run(baseURL: look.baseURL, runID: runID) else { return false }
        if let ours, let user = look.runUserID, user != ours { return true }
        // Without a user of ours nothing is ever a duplicate; once there is one, all looks count.
        if ours == nil { return true }
        return run.slotID != nil
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

    /// Tells a person of a run of our own user that no slot claims (rule 7).
    ///
    /// Created inside the exposure of an attempt that is settled, it may be that attempt's second
    /// run; such attempts leave no other trace.
    private func reportDuplicate(_ look: Look, _ connection: Connection) throws {
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
