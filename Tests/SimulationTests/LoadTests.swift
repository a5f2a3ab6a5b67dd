import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Many runs and many starts: what the issue counts, at its numbers.
@Suite(.serialized) struct LoadTests {
    private static func process(
        _ id: String, _ jobs: [Int64]
    ) -> SandboxProcess {
        SandboxProcess(
            id: id, name: "Process \(id)",
            root: .group(
                name: "All", parallel: false,
                children: jobs.map { milliseconds in
                    .job(
                        SandboxJob(
                            .sendTask, title: "Job",
                            durationMilliseconds: milliseconds...milliseconds))
                }))
    }

    private static func manual(_ name: String, _ process: String) -> Schedule {
        var schedule = Fixture.schedule(name, process: process)
        schedule.trigger = .manual
        schedule.ruleText = "manual"
        schedule.ruleSource = "manual"
        return schedule
    }

    /// Writes the open runs of the sandbox as if they had been followed for six hours.
    private static func followAll(_ fixture: Fixture, except changed: Set<String> = []) throws {
        let now = fixture.simulator.time
        let runs = fixture.simulator.sandbox.runs
        try fixture.simulator.inspect { ledger in
            try ledger.transaction {
                for (index, run) in runs.enumerated() {
                    var facts = RunFacts(
                        runID: run.id, processID: run.process,
                        status: run.status(at: now).raw)
                    facts.createdAt = run.createdAt
                    facts.modifiedAt = run.modified(at: now)
                    facts.userID = run.user
                    facts.counts = Self.json(run.actionCounts(at: now, apiVersion: "2026-01-01"))
                    facts.jobCounts = Self.json(run.jobCounts(at: now))
                    let key = try ledger.insertRun(
                        facts, baseURL: "https://api.example.com", connection: "prod",
                        schedule: nil, slotID: nil, origin: .external,
                        pollGapMilliseconds: 21_600_000, nextPollAt: now, now: now)
                    guard let row = try ledger.run(key) else { continue }
                    try ledger.apply(facts, to: row, outcome: .active, outcomeReason: nil, now: now)
                    // Their reads lie spread over the last six hours.
                    let ago = 21_600_000 * Int64(index) / Int64(runs.count)
                    let polled = now.adding(milliseconds: -ago)
                    try ledger.setPoll(
                        row, nextAt: polled.adding(milliseconds: 21_600_000),
                        gapMilliseconds: 21_600_000, polledAt: polled, failures: 0,
                        changedHint: false)
                }
            }
        }
    }

    private static func json(_ counts: [String: Int64]) -> String {
        "{" + counts.keys.sorted().map { "\"\($0)\":\(counts[$0] ?? 0)" }.joined(separator: ",")
            + "}"
    }

    /// Against one GET a run every 5 minutes, which is 120,000 an hour, at the same lag.
    @Test func tenThousandOpenRunsCostFiftyTimesFewerRequests() throws {
        let count = 10_000
        let fixture = try Fixture((0..<count).map { Self.manual("s\($0)", "q\($0)") }) { scenario in
            scenario.processes = (0..<count).map { number in
                // One in a hundred has a job that ends within the hour that is measured.
                let first = 21_600_000 + 60_000 * Int64(12 + number / 100 % 50)
                return Self.process(
                    "q\(number)", number % 100 == 0 ? [first, 360_000_000] : [360_000_000])
            }
        }
        let simulator = fixture.simulator
        let began = simulator.time.adding(milliseconds: -21_600_000)
        for number in 0..<count {
            simulator.sandbox.startByPerson(process: "q\(number)", user: "person", at: began)
        }
        simulator.sandbox.advance(to: simulator.time)
        try Self.followAll(fixture)
        try simulator.boot()
        // The first list and what it finds belong to the start, not to the hour.
        try fixture.run(untilMinute: 10)
        let before = simulator.sandbox.log.requests
        let operations = simulator.sandbox.log.requestsByOperation
        try fixture.run(untilMinute: 70)
        let requests = simulator.sandbox.log.requests - before
        let lag = try fixture.ask(
            """
            SELECT count(*), max(lag) FROM (SELECT min(seen_at) - modified_at AS lag
                FROM status_history WHERE history_id > \(count) GROUP BY run_key, modified_at)
            """)
        let words = simulator.sandbox.log.requestsByOperation.map {
            "\($0.key) \($0.value - (operations[$0.key] ?? 0))"
        }.sorted().joined(separator: ", ")
        print(
            "10,000 open runs, 1 % changed: \(requests) requests an hour (\(words)), "
                + "\(120_000 / max(1, requests)) times fewer than 120,000; changes and lag \(lag) ms"
        )
        #expect(requests * 50 <= 120_000)
        let numbers = lag[0].split(separator: "|").compactMap { Int64($0) }
        #expect(numbers[0] >= 100)
        #expect(numbers[1] <= 305_000)
        #expect(simulator.errorLines == [])
    }

    /// A server limit of 500 per 60 s that nobody told us of.
    @Test func aLimitThatIsNotKnownIsLearnedAtOnceAndStartsAreOnTime() throws {
        let minute = Fixture.start.milliseconds / 60_000 * 60_000
        var schedules = (0..<200).map {
            Fixture.schedule("s\($0)", every: 1, process: "q\($0)") { $0.overlap = .allow }
        }
        schedules += (0..<2000).map { Self.manual("r\($0)", "r\($0)") }
        let fixture = try Fixture(schedules) { scenario in
            scenario.processes = (0..<200).map { Self.process("q\($0)", [10_000]) }
            scenario.processes += (0..<2000).map { number in
                Self.process(
                    "r\(number)", Array(repeating: 300_000 + Int64(number) * 500, count: 8))
            }
            scenario.rateLimit = RateLimit(requests: 500, windowSeconds: 60)
        }
        let simulator = fixture.simulator
        for number in 0..<2000 {
            simulator.sandbox.startByPerson(
                process: "r\(number)", user: "person", at: simulator.time)
        }
        simulator.sandbox.log.keepsEntries = true
        try simulator.boot()
        // Killed in the middle of the first hint, and of what follows it.
        while simulator.sandbox.log.entries.last?.status != 429,
            simulator.time.milliseconds < minute + 180_000
        {
            try simulator.run(until: simulator.time.adding(milliseconds: 50))
        }
        try #require(simulator.sandbox.log.entries.last?.status == 429)
        try simulator.run(until: simulator.time.adding(milliseconds: 200))
        simulator.kill()
        try simulator.boot()
        try fixture.run(untilMinute: 8)
        let entries = simulator.sandbox.log.entries
        let refused = entries.filter { $0.status == 429 }.map(\.at)
        let first = try #require(refused.first)
        // Requests that were on the wire with the first one are refused with it.
        let later = refused.filter { $0.since(first) > 1_000 }
        print(
            "limit 500 per 60 s: \(entries.count) requests, \(refused.count) refused, "
                + "\(later.count) of them after the first second")
        for (index, at) in later.enumerated() {
            let since = index == 0 ? first : later[index - 1]
            #expect(at.since(since) >= 59_000)
        }
        #expect(simulator.earlyRequests == [])
        try checkStarts(fixture, entries, after: first)
    }

    /// No start later than 2 s past the instant at which the budget had a place for it.
    private func checkStarts(
        _ fixture: Fixture, _ entries: [SandboxLog.Entry], after first: Instant
    ) throws {
        var policy = RatePolicy()
        policy.requests = 500
        let minute = (first.milliseconds / 60_000 + 3) * 60_000
        var worst: Int64 = 0
        var starts = 0
        for due in stride(
            from: minute, to: fixture.simulator.time.milliseconds - 60_000, by: 60_000)
        {
            // What the budget was like when the minute came.
            var budget = RateBudget(policy: policy, tatMicroseconds: 0)
            for entry in entries where entry.at.milliseconds < due {
                budget.replay(1, at: entry.at)
            }
            var now = Instant(milliseconds: due)
            let ours = entries.filter {
                $0.operation == "runProcess" && (due..<due + 60_000).contains($0.at.milliseconds)
            }.map(\.at).sorted()
            #expect(ours.count == 200)
            for at in ours {
                while let place = budget.take(.start, now: now) { now = place }
                worst = max(worst, at.since(now))
                starts += 1
            }
        }
        print("\(starts) starts, the latest \(worst) ms past its budgeted time")
        #expect(starts >= 400)
        #expect(worst <= 2_000)
    }
}
