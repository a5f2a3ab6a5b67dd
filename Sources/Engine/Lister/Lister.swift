import ProcessesAPI
import Store
import Timetable

/// Lists of processes: looks for starts, news for the poller, probes of a failing connection.
final class Lister: Room, Grounded {
    /// A list of this many pages and more is cut: a hostile server can't keep us reading.
    private static let pagesMax = 100
    /// So long after the last read of a run out of a cache, answers are fresh again.
    private static let cachedReadMilliseconds: Int64 = 600_000
    private static let distrustMilliseconds: Int64 = 86_400_000

    let looks: Looks
    let ground: Ground
    private let gate: Gate
    private var state = ListState()

    init(_ ground: Ground, gate: Gate) {
        self.ground = ground
        self.gate = gate
        looks = Looks(ground)
        book.join(looks)
        book.join(self)
    }

    func keep() -> () -> Void {
        let kept = state
        return { [self] in state = kept }
    }

    // MARK: What lists have told

    /// When the last list was asked for that was read to its end.
    func completeAt(_ connection: String) -> Instant? { state.paces[connection]?.completeAt }

    func names(_ connection: String) -> ListedNames? { state.names[connection] }

    /// No list is wanted, on its way or due by the clock.
    var isAtRest: Bool {
        state.sweeps.isEmpty && state.wanted.isEmpty
            && !state.paces.values.contains(where: \.hasOpenRuns)
    }

    // MARK: Configurations and clocks

    /// Another configuration is in force: the last lists may lack what it asks for.
    func configurationChanged() {
        state.names = [:]
        state.unlisted = [:]
        for name in state.paces.keys { state.paces[name]?.completeAt = nil }
        for name in state.sweeps.keys { state.sweeps[name]?.isOfFormerConfiguration = true }
    }

    /// The wall clock was set by so much.
    func clockWasSet(by milliseconds: Int64) {
        looks.forgetAll()
        state.names = [:]
        state.unlisted = [:]
        state.paces = [:]
        for name in state.unread.keys { state.unread[name]?.move(byMilliseconds: milliseconds) }
        for name in state.sweeps.keys {
            let requestedAt = state.sweeps[name]?.requestedAt.wall ?? now
            state.sweeps[name]?.requestedAt.wall = requestedAt.adding(milliseconds: milliseconds)
        }
    }

    // MARK: What is wanted

    /// A list of the connection is wanted with at least that priority.
    func want(look connection: String, _ priority: RateBudget.Priority) {
        if state.wanted[connection] != .start { state.wanted[connection] = priority }
    }

    /// Wants a list that shows what a slot waits for: at once, and after lists that didn't show it with
    /// growing gaps, since each of them may be a hundred pages.
    ///
    /// - Returns: when to ask again, of what is not asked for now because of such a gap.
    func want(look connection: String, for sought: Sought) -> Instant? {
        // Its own list is being read: what that shows is known at its end.
        if state.sweeps[connection]?.sought.contains(sought) ?? false { return nil }
        if let next = state.next(for: sought, connection, after: now) { return next }
        state.sought[connection, default: []].insert(sought)
        want(look: connection, .start)
        return nil
    }

    /// Wants a list for the sake of runs, unless the last one is too fresh.
    func wantForRuns(_ name: String) {
        guard let pace = state.paces[name] else { return want(look: name, .other) }
        let gap = pace.gapMilliseconds(pollMinMilliseconds: roster.pollMinMilliseconds(name))
        let next = pace.requestedAt.adding(milliseconds: gap)
        if next <= now { want(look: name, .other) } else { book.wake(at: next) }
    }

    /// An answer came out of a cache: lists alone don't end that if a read of a run did.
    func noteCached(_ connection: String, isRead: Bool) {
        state.fresh.remove(connection)
        if isRead { state.cachedReads[connection] = book.time.monotonicMilliseconds }
    }

    private func noteFresh(_ name: String) throws {
        guard !state.fresh.contains(name) else { return }
        if let read = state.cachedReads[name],
            book.time.monotonicMilliseconds - read < Self.cachedReadMilliseconds
        {
            return
        }
        state.fresh.insert(name)
        try ledger.clear(kind: .cachedAnswers, subject: name)
    }

    /// Lists that didn't show a change are tried again after a day: what hid it may be gone.
    private func trustAgain(_ row: ConnectionRow, since: Instant) throws -> Bool {
        guard since.adding(milliseconds: Self.distrustMilliseconds) <= now else { return false }
        try book.change(row.connection) { $0.sweepDistrustedSince = nil }
        try ledger.clear(kind: .sweepDistrusted, subject: row.connection)
        return true
    }

    /// Lists that didn't show a change, of a connection that is configured again.
    func remind(_ connection: Connection) throws {
        guard let since = try book.connection(connection.name)?.sweepDistrustedSince else { return }
        try reportDistrust(
            connection.name, "lists have not shown what changed, since \(since.iso8601)")
    }

    /// A run has shown that lists can't be relied on.
    func distrust(_ row: RunRow) throws {
        guard try book.connection(row.connection)?.sweepDistrustedSince == nil else { return }
        try book.change(row.connection) { $0.sweepDistrustedSince = self.now }
        book.log(
            .warning, "\(row.connection): counts change without `modified`, reading runs one by one"
        )
        try reportDistrust(
            row.connection, "run \(row.runID) changed its counts without changing `modified`")
    }

    private func reportDistrust(_ connection: String, _ why: String) throws {
        try ledger.raise(
            kind: .sweepDistrusted, subject: connection,
            whatToDo: "\(why); runs are read one by one from now on, which costs more requests",
            now: now)
    }

    /// With open runs, the list is read every five minutes whatever their own pace: that bounds how
    /// late a change is seen.
    func tend(_ row: ConnectionRow) throws {
        let (name, now) = (row.connection, now)
        if let since = row.sweepDistrustedSince, try !trustAgain(row, since: since) { return }
        let checkedAt = state.paces[name]?.checkedAt
        let next = checkedAt?.adding(milliseconds: ListPace.gapMillisecondsMax)
        if let next, next > now {
            if state.paces[name]?.hasOpenRuns == true { book.wake(at: next) }
            return
        }
        if try ledger.hasOpenRuns(connection: name) {
            state.paces[name]?.hasOpenRuns = true
            return want(look: name, .other)
        }
        if state.paces[name] == nil {
            state.paces[name] = ListPace(
                requestedAt: now, pages: 1, checkedAt: now, hasOpenRuns: false)
        }
        state.paces[name]?.hasOpenRuns = false
        state.paces[name]?.checkedAt = now
    }

    // MARK: Sending

    /// Sends the lists that this turn wants, where nothing forbids them.
    func sendLists() throws {
        for name in state.sweeps.keys.sorted() {
            guard let connection = roster.connections[name] else { continue }
            try sendNextPage(connection)
        }
        for name in state.wanted.keys.sorted() {
            guard let priority = state.wanted[name], let connection = roster.connections[name]
            else { continue }
            try sendList(connection, priority)
        }
    }

    private func sendList(_ connection: Connection, _ priority: RateBudget.Priority) throws {
        let (name, now) = (connection.name, now)
        // A start that comes to wait for the list that is being read lends it its priority.
        if priority == .start { state.sweeps[name]?.priority = .start }
        guard state.sweeps[name] == nil, let row = try book.connection(name) else { return }
        if row.nextListAt > now { return book.wake(at: row.nextListAt) }
        guard let pass = try gate.pass(.list(priority), connection) else { return }
        state.wanted[name] = nil
        state.sweeps[name] = Sweep(
            requestedAt: book.time, priority: priority, expectedNames: try expectedNames(name),
            sought: state.sought.removeValue(forKey: name) ?? [])
        state.paces[name] = ListPace(
            requestedAt: now, pages: state.paces[name]?.pages ?? 1, checkedAt: now,
            hasOpenRuns: state.paces[name]?.hasOpenRuns ?? true,
            completeAt: state.paces[name]?.completeAt)
        gate.send(.listProcesses(next: nil), pass, .sweep)
    }

    /// Asks for the page that is next, as soon as the budget has a place for it.
    ///
    /// A list that is given up for want of budget would begin anew with its first page, and with
    /// answers that come faster than places never reach its last one.
    private func sendNextPage(_ connection: Connection) throws {
        let name = connection.name
        guard let sweep = state.sweeps[name], let next = sweep.next else { return }
        let pass: Gate.Pass
        switch try gate.admit(.page(sweep.priority), connection) {
        case .go(let admitted): pass = admitted
        case .wait(.budget(let until)): return book.wake(at: until)
        case .wait: return try finish(sweep, connection, isComplete: false)
        }
        state.sweeps[name]?.next = nil
        gate.send(.listProcesses(next: next), pass, .sweep)
    }

    // MARK: Answers

    /// The answer to a page is lost, or of no use.
    func forget(_ connection: String) { state.sweeps[connection] = nil }

    /// Applies a page: looks, and the next page; what its items tell is news.
    func receive(_ connection: Connection, _ request: PendingRequest, _ answer: APIAnswer) throws {
        guard var sweep = state.sweeps[connection.name] else { return }
        switch answer.result {
        case .success(.page(let page)):
            try gate.noteAccepted(connection)
            let seenBefore = sweep.seen.count
            try take(page, connection, &sweep, request, answer)
            sweep.pages += 1
            try ledger.wakeLookers(connection: connection.name, now: now)
            sweep.foreignLink = page.foreignLink
            // A page without anything new leads in a circle.
            guard let next = page.nextLink, sweep.pages < Self.pagesMax,
                sweep.seen.count > seenBefore,
                page.foreignLink == nil || !state.unfollowedLinks.contains(connection.name)
            else {
                return try end(
                    sweep, connection, isComplete: page.nextLink == nil && page.foreignLink == nil)
            }
            sweep.next = next
            state.sweeps[connection.name] = sweep
        case .success:
            try finish(sweep, connection, isComplete: false)
        case .failure(let failure) where sweep.foreignLink != nil && failure.apiStatus != 401:
            // The link led elsewhere, and its path is none on the API's own address.
            state.unfollowedLinks.insert(connection.name)
            try book.note(
                failure, answer: answer, slot: nil, connection: connection.name,
                nextStep: "the list is taken as far as it goes, see: carillon attention")
            try end(sweep, connection, isComplete: false)
        case .failure(let failure):
            try book.note(
                failure, answer: answer, slot: nil, connection: connection.name,
                nextStep: "listed again with a growing gap")
            try gate.noteFailure(connection, request, failure)
            try postpone(connection)
            try tellUnread(connection.name, failure.summary)
        }
    }

    /// Offset pages shift under us: an item seen twice in a list counts once.
    private func take(
        _ page: ProcessPage, _ connection: Connection, _ sweep: inout Sweep,
        _ request: PendingRequest, _ answer: APIAnswer
    ) throws {
        let wantsNames = roster.schedules.values.contains {
            guard case .name = $0.process else { return false }
            return $0.connection == connection.name
        }
        let inDoubt = try ledger.processesInDoubt(baseURL: connection.baseURL)
        let ours = try book.connection(connection.name)?.userID
        for item in page.processes {
            if wantsNames { sweep.names[item.id] = item.name }
            guard sweep.seen.insert(item.id).inserted else { continue }
            if sweep.expectedNames.contains(item.name) {
                roster.name(ProcessKey(baseURL: connection.baseURL, processID: item.id))
            }
            let sighting = looks.take(
                item, connection, ours: ours, isInDoubt: inDoubt.contains(item.id),
                requestedAt: request.sentAt.wall, serverAt: answer.serverDate)
            if let sighting { book.tell(.shown(sighting)) }
        }
    }

    /// The list has come to its end, or to one before it: what it didn't show is said once.
    private func end(_ sweep: Sweep, _ connection: Connection, isComplete: Bool) throws {
        let name = connection.name
        let wasUnread = state.unread.removeValue(forKey: name)?.isTold ?? false
        if isComplete {
            if state.incomplete.remove(name) != nil || wasUnread
                || state.paces[name]?.completeAt == nil
            {
                try ledger.clear(kind: .incompleteList, subject: name)
            }
        } else if state.incomplete.insert(name).inserted || wasUnread {
            let why =
                sweep.foreignLink.map { "its next page is at \($0), which is not the API's own" }
                ?? (sweep.pages >= Self.pagesMax
                    ? "it has more than \(Self.pagesMax) pages" : "its pages lead in a circle")
            book.log(.warning, "the list of \(name) is incomplete: \(why)")
            try ledger.raise(
                kind: .incompleteList, subject: name,
                whatToDo: "the list of processes is read only in part, for \(why); what it shows "
                    + "counts, processes that it doesn't show can't be checked: set base_url of "
                    + "[connections.\(name)] to the address that the API names", now: now)
        }
        try finish(sweep, connection, isComplete: isComplete)
    }

    /// A list that told nothing is asked for again with a growing gap.
    func postpone(_ connection: Connection) throws {
        guard let sweep = state.sweeps.removeValue(forKey: connection.name) else { return }
        let row = try book.connection(connection.name)
        let failures = (row?.listFailures ?? 0) + 1
        // The list is what an open breaker probes with, at a pace of its own.
        let next = now.adding(
            milliseconds: Backoff.ceilingMilliseconds(
                base: 2_000, cap: row?.breakerOpenedAt == nil ? 60_000 : 1_000,
                attempt: Int(clamping: failures)))
        try book.change(connection.name) {
            $0.listFailures = failures
            $0.nextListAt = next
        }
        book.wake(at: next)
        // What it was fetched ahead for is still to come.
        if sweep.priority == .start { want(look: connection.name, .start) }
        state.sought[connection.name, default: []].formUnion(sweep.sought)
    }

    /// Lists that fail for so long are told, unless all of the connection fails, which is told too.
    private func tellUnread(_ name: String, _ why: String) throws {
        let unread = state.unread[name, default: Unread(since: now)]
        state.unread[name] = unread
        guard unread.isLong(at: now), try book.connection(name)?.breakerOpenedAt == nil else {
            return
        }
        state.unread[name]?.isTold = true
        try ledger.raise(
            kind: .incompleteList, subject: name,
            whatToDo: "the list of processes has not been read since \(unread.since.iso8601) "
                + "(\(why)); starts go out unchecked after look_patience, lost answers can't "
                + "be settled, and runs are read one by one; Carillon goes on asking",
            now: now)
    }

    private func finish(_ sweep: Sweep, _ connection: Connection, isComplete: Bool) throws {
        let (name, now) = (connection.name, now)
        state.sweeps[name] = nil
        noteUnlisted(sweep, name)
        // A list was read: one that failed before is not the first of many any more.
        if state.unread[name]?.isTold == false { state.unread[name] = nil }
        state.paces[name]?.pages = sweep.pages
        if isComplete, !sweep.isOfFormerConfiguration {
            state.names[name] = ListedNames(requestedAt: sweep.requestedAt.wall, byID: sweep.names)
            state.paces[name]?.completeAt = sweep.requestedAt.wall
            try ledger.wakePreflights(connection: name, now: now)
        }
        try noteFresh(name)
        // Two seconds keep a slot whose process is not listed from turning into a hot loop.
        try book.change(name) {
            $0.listFailures = 0
            $0.nextListAt = now.adding(milliseconds: 2_000)
        }
        try ledger.wakeLookers(connection: name, now: now)
        book.tell(.listed(connection: name, since: sweep.requestedAt.wall))
    }

    /// What the list didn't show that it was sent for is asked for again with a growing gap.
    private func noteUnlisted(_ sweep: Sweep, _ connection: String) {
        var unlisted = state.unlisted[connection, default: [:]].filter {
            ListState.unlistedMemoryMilliseconds.contains($0.value.ageMilliseconds(at: now))
        }
        for sought in sweep.sought {
            let isShown =
                switch sought {
                case .process(let key):
                    looks[key].map { $0.requestedAt >= sweep.requestedAt.wall } ?? false
                case .name(let name): sweep.names.values.contains(name)
                }
            if isShown {
                unlisted[sought] = nil
            } else {
                unlisted[sought, default: GrowingGap(at: now)].note(now)
            }
        }
        state.unlisted[connection] = unlisted.isEmpty ? nil : unlisted
    }
}
