import Dashboard
import Foundation
import Store
import Synchronization
import Testing
import Timetable

/// The pages' content from a real ledger, written row by row.
@Suite("The dashboard's view of the ledger")
struct LedgerSourceTests {
    private let folder: String
    private var path: String { folder + "/carillon.db" }
    /// 2026-11-24T05:40:00Z.
    private let now = Samples.now

    init() throws {
        folder = "/tmp/carillon-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    }

    private func fill(_ statements: String, isCounted: Bool = true) throws {
        let ledger = try Ledger(path: path, pid: nil, now: now)
        try ledger.database.execute(statements)
        if isCounted { try ledger.countAgain() }
    }

    private func source(lastTurnAt: Instant? = nil, tokens: Double? = nil) -> LedgerSource {
        LedgerSource(
            path: path, executor: PageThread(), now: { Samples.now }, lastTurnAt: { lastTurnAt },
            gauges: { _ in
                [MetricFamily("rate_tokens", .gauge, help: "Tokens.", samples: [.init(7)])]
            }, tokens: { _ in tokens.map { ["prod": $0] } ?? [:] })
    }

    /// A schedule with a finished slot, one with a run under way, one that is set aside.
    private static let world = """
        INSERT INTO config_revisions VALUES (1, 'abc123', 0, 'start', 'first');
        INSERT INTO connections (connection, base_url, api_version, requests_sent, breaker_opened_at)
            VALUES ('prod', 'https://x', 'v', 42, 5);
        INSERT INTO schedule_states (schedule, state, connection, base_url, process, rule,
            rule_source, timezone, firing_key, revision_id, effective_at, cursor_at, next_slot_at, description)
            VALUES ('gl-refresh', 'active', 'prod', 'https://x', 'p1', '0 6 * * *', '', 'UTC', 'k', 1,
                0, 0, 1795500000000, 'before breakfast'),
            ('tax', 'set aside', 'prod', 'https://x', 'p2', 'every 1h', '', 'UTC', 'k', 1, 0, 0,
                NULL, '');
        UPDATE schedule_states SET aside_reason = 'its zone is gone' WHERE schedule = 'tax';
        INSERT INTO upcoming_slots VALUES ('gl-refresh', 1795500000000, 3600, 'after the gap', 'z');
        INSERT INTO slots (slot_id, schedule, kind, slot_at, due_at, utc_offset_seconds, disposition,
            reason, connection, base_url, process_id, revision_id, next_action_at, window_from_at,
            created_at, start_lag_ms)
            VALUES (1, 'gl-refresh', 'rule', 1795410000000, 1795410000000, 3600, 'pending', 'due',
                'prod', 'https://x', 'p1', 1, 5, 0, 0, 1500),
            (2, 'tax', 'rule', 1795413600000, 1795413600000, 0, 'pending', 'waits for a look',
                'prod', 'https://x', 'p2', 1, 5, 0, 0, NULL);
        INSERT INTO process_runs (run_key, base_url, run_id, connection, process_id, schedule, slot_id,
            origin, name, status, is_open, outcome, counts, job_counts, created_at,
            modified_at, completed_at, first_seen_at, changed_at, next_poll_at, tree)
            VALUES (1, 'https://x', 'run-1', 'prod', 'p1', 'gl-refresh', 1, 'rule', 'GL refresh',
                'running', 1, 'active', '{"complete":3,"waiting":1}', '{"complete":1}',
                1795410001500, 1795410002000, NULL, 0, 0, 5, '{"root":{"name":"Root","status":"running"}}'),
            (2, 'https://x', 'run-0', 'prod', 'p1', 'gl-refresh', NULL, 'rule', 'GL refresh',
                'complete', 0, 'succeeded', '{"complete":4}', '{}', 1795323600000, 1795323660000,
                1795323690000, 0, 0, NULL, NULL);
        UPDATE slots SET disposition = 'starting' WHERE slot_id = 1;
        UPDATE slots SET disposition = 'started', run_key = 1, next_action_at = NULL, ended_at = 9,
            attempts = 1, reason = 'started on time' WHERE slot_id = 1;
        INSERT INTO status_history (run_key, seen_at, status, outcome, counts, job_counts) VALUES
            (1, 1795410002000, 'waiting', 'active', '{"waiting":4}', '{}'),
            (1, 1795410032000, 'running', 'active', '{"complete":3,"waiting":1}', '{}');
        INSERT INTO alarms VALUES ('clock', 'prod', 1795498000000, 'Set the clock.');
        UPDATE daemon SET draining_since_at = 1795490000000;
        """

    @Test("A connection's page has its own errors, however many others met meanwhile")
    func errorsOfOneConnection() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try fill(Self.world)
        let columns = "(occurred_at, last_at, operation, connection, message, next_step)"
        try fill(
            """
            INSERT INTO errors \(columns) VALUES (1795400000000, 1795400000000, 'token', 'prod',
                'ours', 'none');
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)
            INSERT INTO errors \(columns) SELECT 1795400000000 + i, 1795400000000 + i, 'token',
                'other', 'theirs', 'none' FROM n;
            """, isCounted: false)
        let page = try #require(try await source().connection(name: "prod"))
        #expect(page.errors.count == 1)
        #expect(page.errors.first?.words.contains("ours") ?? false)
    }

    @Test("A target that has taken everything is shown with 0 messages that wait")
    func noMessageWaits() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try fill(
            """
            INSERT INTO deliveries (target, state, created_at, attempts, next_attempt_at, ended_at)
            VALUES ('ops', 'delivered', 1, 1, NULL, 2), ('people', 'waiting', 1, 1, 3, NULL),
                ('ops', 'delivered', 1, 1, NULL, 2), ('pager', 'waiting', 1, 0, 3, NULL);
            """)
        let family = try #require(
            try await source().metrics().first { $0.name == "deliveries_waiting" })
        let waiting = family.samples.map { "\($0.labels[0].1) \(Int($0.value))" }
        #expect(waiting.sorted() == ["ops 0", "pager 0", "people 1"])
    }

    @Test("A pause whose reason speaks of errors is a pause, and a job's status may be in capitals")
    func wordsAreNotColours() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try fill(
            Self.world + """
                INSERT INTO pause_periods (schedule, kind, from_at, created_at, requested_by,
                    reason)
                VALUES ('gl-refresh', 'pause', 1, 1, 'ann', 'errors in the close');
                """)
        let overview = try await source().overview(OverviewFilter())
        let paused = try #require(overview.schedules.first { $0.name == "gl-refresh" })
        #expect(paused.state.contains("errors in the close"))
        #expect(paused.stateTone == .off)
        #expect(overview.schedules.first { $0.name == "tax" }?.stateTone == .warn)
        let job = #"{"root":{"children":[{"job":{"action":"a","status":"ERROR"}}]}}"#
        #expect(RunTree(json: Array(job.utf8)).failures.count == 1)
    }

    @Test("The front page: schedules with their next slot and run, attention, history, notice")
    func overview() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try fill(Self.world)
        let overview = try await source().overview(OverviewFilter())
        #expect(overview.notice.hasPrefix("Draining since 2026-11-24"))

        #expect(overview.schedules.map(\.name) == ["gl-refresh", "tax"])
        let first = try #require(overview.schedules.first)
        #expect(first.rule == "0 6 * * *")
        #expect(first.description == "before breakfast")
        #expect(first.nextSlotAt == Instant(seconds: 1_795_500_000))
        #expect(first.nextSlotLocal.hasSuffix("+01:00"))
        #expect(first.note == "after the gap")
        #expect(first.active?.runID == "run-1")
        #expect(first.active?.counts == ["complete": 3, "waiting": 1])
        #expect(first.last?.disposition == "started")
        let second = try #require(overview.schedules.last)
        #expect(second.state == "set aside: its zone is gone")
        #expect(second.nextSlotAt == nil)
        #expect(second.active == nil)
        #expect(second.last?.disposition == "pending")

        #expect(overview.history.map(\.slotID) == [2, 1])
        let line = try #require(overview.history.last)
        #expect(line.reason == "started on time")
        #expect(line.run?.status == "running")
        #expect(line.slotAt == Instant(seconds: 1_795_410_000))
        #expect(
            overview.attention.contains { $0.kind == "clock" && $0.whatToDo == "Set the clock." })
    }

    @Test("The front page's filter narrows by name, tag and state, and pages hold fifty")
    func filtered() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try fill(
            Self.world + "UPDATE schedule_states SET tags = '[\"close\"]' WHERE schedule = 'tax';")
        func names(_ fields: [String: String]) async throws -> [String] {
            try await source().overview(OverviewFilter { fields[$0] }).schedules.map(\.name)
        }
        #expect(try await names([:]).sorted() == ["gl-refresh", "tax"])
        #expect(try await names(["q": "REFRESH"]) == ["gl-refresh"])
        #expect(try await names(["q": "breakfast"]) == ["gl-refresh"])
        #expect(try await names(["tag": "close"]) == ["tax"])
        #expect(try await names(["state": "running"]) == ["gl-refresh"])
        #expect(try await names(["state": "paused"]) == ["tax"])
        #expect(try await names(["page": "2"]) == [])
        let overview = try await source().overview(OverviewFilter())
        #expect(overview.tags == ["close"])
        #expect(overview.total == 2)
        #expect(overview.connections.map(\.trouble) == ["the API fails, it is tried again"])
        let mark = try #require(overview.schedules.first { $0.name == "gl-refresh" }?.recent.first)
        #expect(mark.result == "active")
        #expect(mark.startedAt == Instant(milliseconds: 1_795_410_001_500))
    }

    @Test("A schedule's page and a slot's page, from the rows")
    func schedulePage() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try fill(Self.world)
        let page = try #require(try await source().schedule(name: "gl-refresh"))
        #expect(page.next.map(\.note) == ["after the gap"])
        #expect(page.history.map(\.slotID) == [1])
        #expect(
            page.days == [
                .init(date: CivilDate(year: 2026, month: 11, day: 23), results: ["active": 1])
            ])
        #expect(try await source().schedule(name: "nope") == nil)
        let slot = try #require(try await source().slot(id: 1))
        #expect(slot.sentence.hasPrefix("The slot of gl-refresh at 2026-11-23T"))
        #expect(slot.line.run?.runID == "run-1")
        #expect(try await source().slot(id: 99) == nil)
        #expect(try await source().errors(before: nil).events.isEmpty)
        #expect(try await source().audit(before: nil).events.isEmpty)
    }

    @Test("A run's page, found by its whole id only")
    func run() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try fill(Self.world)
        let run = try #require(try await source().run(id: "run-1"))
        #expect(run.name == "GL refresh")
        #expect(run.line.status == "running")
        #expect(run.line.counts == ["complete": 3, "waiting": 1])
        #expect(run.jobCounts == ["complete": 1])
        #expect(run.line.createdAt == Instant(milliseconds: 1_795_410_001_500))
        #expect(run.changes.map(\.status) == ["running", "waiting"])
        #expect(RunTree(json: run.treeJSON).nodes.map(\.name) == ["Root"])
        #expect(run.facts.contains { $0 == ("Schedule", "gl-refresh") })
        #expect(try await source().run(id: "run-") == nil)
        #expect(try await source().run(id: "") == nil)
    }

    @Test("A wait that is over is no trouble of a connection, and its page has what it answered")
    func connection() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try fill(Self.world)
        let ends = Samples.now.adding(milliseconds: -1000).milliseconds
        try fill(
            """
            INSERT INTO hints VALUES ('prod', '', \(ends), 3, 0);
            INSERT INTO answer_sums VALUES ('prod', '429', 1), ('other', '200', 5);
            UPDATE connections SET breaker_opened_at = NULL
            """, isCounted: false)
        let page = try #require(try await source().connection(name: "prod"))
        #expect(page.line.trouble == "")
        #expect(page.answers.map(\.status) == ["429"])
        #expect(page.schedules.contains("gl-refresh"))
        #expect(page.facts.contains { $0 == ("Address", "https://x") })
        try fill("UPDATE hints SET until_at = until_at + 60000", isCounted: false)
        let waiting = try #require(try await source().connection(name: "prod"))
        #expect(waiting.line.trouble.hasPrefix("told to wait until 2026-11-24 05:40:59"))
        #expect(try await source().connection(name: "none") == nil)
    }

    @Test("The front page tells breaker, budget and learned limit of a connection apart")
    func pace() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try fill(Self.world)
        try fill(
            "UPDATE connections SET learned_requests = 100, learned_window_ms = 60000",
            isCounted: false)
        func shown(_ tokens: Double?) async throws -> String {
            try Pages().overview(try await source(tokens: tokens).overview(OverviewFilter()))
        }
        #expect(
            try await shown(1.9).contains(
                "breaker open · 1 start at once · learned limit: 100 requests in 1 min"))
        #expect(try await shown(nil).contains("breaker open · learned limit"))
        try fill(
            "UPDATE connections SET breaker_opened_at = NULL, learned_requests = NULL",
            isCounted: false)
        #expect(try await shown(0.4).contains("breaker closed · 0 starts at once<"))
        #expect(try await shown(12).contains("breaker closed · 12 starts at once<"))
    }

    @Test("Deadlines stand on the slot's own clock, with what became of them")
    func deadlines() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try fill(Self.world)
        try fill(
            """
            UPDATE slots SET start_by_at = 1795410900000, start_by_verdict = 'met',
                finish_by_at = 1795420800000 WHERE slot_id = 1
            """, isCounted: false)
        func shown() async throws -> [String] {
            try await source().schedule(name: "gl-refresh")?.history.first?.deadlines ?? []
        }
        #expect(
            try await shown() == [
                "start by 2026-11-23 06:15 +01:00: met", "end by 2026-11-23 09:00 +01:00",
            ])
        let page = try #require(try await source().schedule(name: "gl-refresh"))
        #expect(
            try Pages().schedule(page).contains("<small>start by 2026-11-23 06:15 +01:00: met; "))
        try fill(
            "UPDATE slots SET finish_by_verdict = 'missed', start_by_verdict = 'void' WHERE slot_id = 1",
            isCounted: false)
        #expect(try await shown() == ["end by 2026-11-23 09:00 +01:00: missed"])
    }

    @Test("Metrics carry the names people graph")
    func metrics() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try fill(Self.world)
        // The slot of the run that has ended was removed.
        try fill(
            """
            UPDATE totals SET runs_timed = 1, run_ms = 90000, run_le_120_s = 1, runs_succeeded = 1,
                last_success_at = 1795323690000
            WHERE schedule = 'gl-refresh';
            INSERT INTO answer_sums VALUES ('prod', '200', 40), ('prod', 'none', 2)
            """, isCounted: false)
        let text = PrometheusText.render(
            try await source(lastTurnAt: Instant(milliseconds: 1_795_498_798_500)).metrics())
        for line in [
            "carillon_slots_total{schedule=\"gl-refresh\",disposition=\"started\"} 1",
            "carillon_slots_total{schedule=\"tax\",disposition=\"missed\"} 0",
            "carillon_runs_total{schedule=\"tax\",outcome=\"failed\"} 0",
            "carillon_slots_open{schedule=\"tax\",disposition=\"pending\"} 1",
            "# TYPE carillon_start_lag_seconds histogram",
            "carillon_start_lag_seconds_sum{schedule=\"gl-refresh\"} 1.5",
            "carillon_start_lag_seconds_count{schedule=\"gl-refresh\"} 1",
            "carillon_start_lag_seconds_bucket{schedule=\"gl-refresh\",le=\"1\"} 0",
            "carillon_start_lag_seconds_bucket{schedule=\"gl-refresh\",le=\"2\"} 1",
            "carillon_runs_total{schedule=\"gl-refresh\",outcome=\"succeeded\"} 1",
            "carillon_run_duration_seconds_bucket{schedule=\"gl-refresh\",le=\"120\"} 1",
            "carillon_run_duration_seconds_bucket{schedule=\"gl-refresh\",le=\"+Inf\"} 1",
            "carillon_run_duration_seconds_sum{schedule=\"gl-refresh\"} 90",
            "carillon_runs_in_flight 1", "carillon_attempts_unknown 0", "carillon_overdue_slots 1",
            "carillon_http_requests_total{connection=\"prod\",code=\"200\"} 40",
            "carillon_http_requests_total{connection=\"prod\",code=\"none\"} 2",
            "carillon_breaker_open{connection=\"prod\"} 1",
            "carillon_retry_after_seconds{connection=\"prod\"} 0",
            "carillon_next_fire_timestamp_seconds{schedule=\"gl-refresh\"} 1795500000",
            "carillon_last_success_timestamp_seconds{schedule=\"gl-refresh\"} 1795323690",
            "carillon_loop_progress_timestamp_seconds 1795498798.5",
            "carillon_config_revision_info{content_hash=\"abc123\"} 1", "carillon_rate_tokens 7",
        ] {
            #expect(text.contains(line + "\n"), "missing: \(line)")
        }
    }

    @Test("A page whose reads take longer than it may is ended, whichever way the clock goes")
    func tooLong() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try fill(
            """
            WITH RECURSIVE numbers (n) AS (
                SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000)
            INSERT INTO alarms SELECT 'clock', 'c' || n, n, 'Set the clock.' FROM numbers
            """)
        let steps: [(milliseconds: Int64, kind: StoreError.Kind?)] = [
            (0, nil), (5_000, .interrupted), (-1, .interrupted),
        ]
        for step in steps {
            let clock = Clock(now: Samples.now)
            let source = LedgerSource(
                path: path, executor: PageThread(),
                now: {
                    defer { clock.now = clock.now.adding(milliseconds: step.milliseconds) }
                    return clock.now
                }, lastTurnAt: { nil })
            var kind: StoreError.Kind?
            do {
                _ = try await source.overview(OverviewFilter())
            } catch let error as StoreError {
                kind = error.kind
            }
            #expect(kind == step.kind)
        }
    }

    @Test("An empty ledger has an empty page, and a missing one is an error")
    func emptyAndMissing() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        await #expect(throws: StoreError.self) { try await source().overview(OverviewFilter()) }
        try fill("")
        let overview = try await source().overview(OverviewFilter())
        #expect(overview.schedules.isEmpty && overview.history.isEmpty)
        #expect(try await source().run(id: "run-1") == nil)
        #expect(!PrometheusText.render(try await source().metrics()).isEmpty)
    }

    @Test("Within a second the page is read once, also after a step back of the clock")
    func cache() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try fill(Self.world)
        let clock = Clock(now: Samples.now)
        let source = LedgerSource(
            path: path, executor: PageThread(), now: { clock.now }, lastTurnAt: { nil })
        _ = try await source.overview(OverviewFilter())
        try fill("DELETE FROM alarms")
        for (milliseconds, isFresh) in [(Int64(999), false), (1_000, true), (-60_000, true)] {
            clock.now = Samples.now.adding(milliseconds: milliseconds)
            let overview = try await source.overview(OverviewFilter())
            #expect(overview.attention.contains { $0.kind == "clock" } == !isFresh)
            if isFresh { #expect(overview.takenAt == clock.now) }
        }
    }
}

/// A clock that is set by hand.
private final class Clock: Sendable {
    private let value: Mutex<Instant>

    init(now: Instant) { value = Mutex(now) }

    var now: Instant {
        get { value.withLock { $0 } }
        set { value.withLock { $0 = newValue } }
    }
}
