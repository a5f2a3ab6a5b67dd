import FoundationEssentials
package import Store
package import Timetable

/// The dashboard's content from the ledger, read over a connection of its own.
///
/// An actor, so that however many browsers ask, one read runs at a time, and a read that is younger
/// than a second answers them all; on a thread of its own, so that a slow disk holds up neither turns
/// nor requests.
package actor LedgerSource: DashboardSource {
    /// A page of that age is shown again instead of being read again.
    static let pageAgeMillisecondsMax: Int64 = 1_000
    /// A page or scrape whose reads take longer is ended; the others wait for it.
    static let readMillisecondsMax: Int64 = 5_000

    private let path: String
    private let now: @Sendable () -> Instant
    private let lastTurnAt: @Sendable () -> Instant?
    private let failure: @Sendable () -> String?
    private let gauges: @Sendable (LedgerReader) -> [MetricFamily]
    private let tokens: @Sendable (LedgerReader) -> [String: Double]
    private let zone: @Sendable (String) -> Zone?
    private let rule: @Sendable (String) -> FiringRule?
    private var latest: DashboardOverview?
    private let executor: any SerialExecutor

    nonisolated package var unownedExecutor: UnownedSerialExecutor {
        // The actor keeps the executor alive for as long as it lives itself.
        unsafe executor.asUnownedSerialExecutor()
    }

    /// Makes a source.
    ///
    /// - Parameters:
    ///   - path: The database.
    ///   - executor: The thread that reads.
    ///   - now: The wall clock.
    ///   - lastTurnAt: When the scheduler completed its last turn; nil: none yet.
    ///   - failure: Why the daemon takes no turns, in words; nil: it does.
    ///   - gauges: Numbers only the running daemon knows, added to `/metrics`; it may read, too.
    ///   - tokens: Starts that the rate budget of each connection lets go at once.
    ///   - zone: The zone of a name; nil: the host doesn't have it.
    ///   - rule: The rule of a stored source; nil: it enumerates nothing.
    package init(
        path: String, executor: any SerialExecutor, now: @escaping @Sendable () -> Instant,
        lastTurnAt: @escaping @Sendable () -> Instant?,
        failure: @escaping @Sendable () -> String? = { nil },
        gauges: @escaping @Sendable (LedgerReader) -> [MetricFamily] = { _ in [] },
        tokens: @escaping @Sendable (LedgerReader) -> [String: Double] = { _ in [:] },
        zone: @escaping @Sendable (String) -> Zone? = { _ in nil },
        rule: @escaping @Sendable (String) -> FiringRule? = { _ in nil }
    ) {
        self.path = path
        self.executor = executor
        self.now = now
        self.lastTurnAt = lastTurnAt
        self.failure = failure
        self.gauges = gauges
        self.tokens = tokens
        self.zone = zone
        self.rule = rule
    }

    /// The read of a page about one thing.
    private func page(_ reader: LedgerReader? = nil) throws -> PageRead {
        PageRead(reader: try reader ?? self.reader(), now: now(), zone: zone)
    }

    /// A connection for one page.
    private func reader() throws -> LedgerReader {
        let (began, now) = (now(), now)
        // A step of the clock ends it, too: one back must not make it last for hours.
        return try LedgerReader(
            path: path,
            isOver: { !(0..<Self.readMillisecondsMax).contains(now().since(began)) })
    }

    /// Whether the scheduler is alive.
    package func health() async -> DashboardHealth {
        DashboardHealth(now: now(), lastTurnAt: lastTurnAt(), failure: failure())
    }

    /// What the front page shows through a filter.
    ///
    /// - Throws: `StoreError` if the database can't be opened or read.
    package func overview(_ filter: OverviewFilter) async throws -> DashboardOverview {
        let instant = now()
        // After a step back of the clock the age is negative, and the page is read again.
        if let latest, latest.filter == filter,
            (0..<Self.pageAgeMillisecondsMax).contains(instant.since(latest.takenAt))
        {
            return latest
        }
        let reader = try reader()
        let page = OverviewRead(reader: reader, now: instant, filter: filter, zone: zone)
        var overview = try page.overview()
        let tokens = tokens(reader)
        for index in overview.connections.indices {
            let starts = tokens[overview.connections[index].name]
            overview.connections[index].startsAtOnce = starts.map { Int64($0) }
        }
        if let failure = failure() { overview.notice = failure }
        latest = overview
        return overview
    }

    /// A schedule with its rule, its slots and its year.
    ///
    /// - Throws: `StoreError` if the database can't be opened or read.
    package func schedule(name: String) async throws -> DashboardSchedule? {
        try page().schedule(name)
    }

    /// A slot with its attempts and errors.
    ///
    /// - Throws: `StoreError` if the database can't be opened or read.
    package func slot(id: Int64) async throws -> DashboardSlot? {
        try page().slot(id)
    }

    /// A connection with what it answers.
    ///
    /// - Throws: `StoreError` if the database can't be opened or read.
    package func connection(name: String) async throws -> DashboardConnection? {
        let reader = try reader()
        return try page(reader).connection(name, tokens: tokens(reader)[name])
    }

    /// The errors before an instant, newest first.
    ///
    /// - Throws: `StoreError` if the database can't be opened or read.
    package func errors(before: Instant?) async throws -> DashboardLog {
        try page().errors(before: before)
    }

    /// What people and the daemon did before an instant, newest first.
    ///
    /// - Throws: `StoreError` if the database can't be opened or read.
    package func audit(before: Instant?) async throws -> DashboardLog {
        try page().audit(before: before)
    }

    /// What the rules give in the next weeks.
    ///
    /// - Throws: `StoreError` if the database can't be opened or read.
    package func calendar() async throws -> DashboardCalendar {
        let rules = try rules(reader())
        return DashboardCalendar(
            rules: rules, now: now(), zone: OverviewRead.mostCommon(rules.map(\.rule.zone)))
    }

    /// The windows that schedules keep, with what they have held back.
    ///
    /// - Throws: `StoreError` if the database can't be opened or read.
    package func windows() async throws -> DashboardWindows {
        let reader = try reader()
        let rules = try rules(reader)
        let now = now()
        var windows = DashboardWindows(rules: rules, now: now)
        for index in windows.windows.indices {
            try windows.windows[index].slots = reader.slots(
                ofWindow: windows.windows[index].name,
                since: now.adding(milliseconds: -DashboardWindows.slotsMilliseconds),
                limit: DashboardWindows.slotsMax)
        }
        return windows
    }

    private func rules(
        _ reader: LedgerReader
    ) throws -> [(schedule: String, rule: FiringRule)] {
        try reader.activeRules().compactMap { stored in
            rule(stored.source).map { (schedule: stored.schedule, rule: $0) }
        }
    }

    /// A run, found by its whole id.
    ///
    /// - Throws: `StoreError` if the database can't be opened or read.
    package func run(id: String) async throws -> DashboardRun? {
        let reader = try reader()
        guard let row = Rows(try reader.run(id)).first, row.text("run_id") == id else { return nil }
        var run = DashboardRun(takenAt: now(), line: row.runLine())
        run.name = row.text("name")
        run.facts = row.facts
        run.jobCounts = row.counts("job_counts")
        run.completedAt = row.instant("completed_at")
        run.treeJSON = Array((try reader.tree(runID: id) ?? "").utf8)
        run.changes = Rows(try reader.statusHistory(runID: id)).reversed().compactMap { change in
            change.instant("seen_at").map { seenAt in
                DashboardRun.Change(
                    seenAt: seenAt, status: change.text("status"), counts: change.counts("counts"))
            }
        }
        return run
    }

    /// The ledger's numbers and the daemon's own.
    ///
    /// - Throws: `StoreError` if the database can't be opened or read.
    package func metrics() async throws -> [MetricFamily] {
        let reader = try reader()
        var readings = try reader.readings(at: now())
        if let status = Rows(try reader.status()).first {
            for (name, column) in [
                ("runs_in_flight", "open_runs"), ("attempts_unknown", "unknown"),
                ("slots_held", "held"), ("attention_items", "attention"),
            ] {
                readings.append(
                    LedgerReading(name, Double(status.integer(column) ?? 0)))
            }
        }
        if let lastTurnAt = lastTurnAt() {
            readings.append(
                LedgerReading(
                    "loop_progress_timestamp_seconds", Double(lastTurnAt.milliseconds) / 1000))
        }
        let slots = Rows(try reader.dispositionCounts()).map { row in
            (row.text("schedule"), row.text("disposition"), row.integer("slots") ?? 0)
        }
        return LedgerMetrics.families(
            readings, slots: slots, schedules: try reader.scheduleNames())
            + gauges(reader)
    }
}
