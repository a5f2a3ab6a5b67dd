import Engine
import ProcessesAPI
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Runs and their followers: docs/protocol.md#status-poller, and their outcomes.
@Suite struct PollRuleTests {
    /// A schedule that only a person starts, and a world in which one has done so.
    private static func started(
        runMinutes: ClosedRange<Int64>, schedule: (inout Schedule) -> Void = { _ in },
        edit: (inout Scenario) -> Void = { _ in }
    ) throws -> Fixture {
        let fixture = try Fixture(
            [
                Fixture.schedule(every: 10_080) {
                    $0.overlap = .allow
                    $0.trigger = .manual
                    schedule(&$0)
                }
            ], runMinutes: runMinutes, edit: edit)
        fixture.simulator.sandbox.log.keepsEntries = true
        try fixture.simulator.boot()
        fixture.simulator.command(.trigger(schedule: "s", uuid: "u", force: false, reason: ""))
        try fixture.run(untilMinute: 1)
        return fixture
    }

    private static func reads(_ fixture: Fixture) -> [Instant] {
        fixture.simulator.sandbox.log.entries.filter { $0.operation == "getProcessRun" }.map(\.at)
    }

    private static func runID(_ fixture: Fixture) throws -> String {
        try #require(fixture.simulator.sandbox.runs.first).id
    }

    // MARK: Pace and lag

    @Test func everyChangeIsSeenWithinFiveMinutes() throws {
        var schedules: [Schedule] = []
        for number in 0..<20 {
            schedules.append(
                Fixture.schedule("s\(number)", every: 720, process: "q\(number)"))
        }
        // Jobs of minutes and of hours, one after the other: changes at all paces of the followers.
        let fixture = try Fixture(schedules) { scenario in
            for number in 0..<20 {
                let jobs = (0..<6).map { job in
                    SandboxNode.job(
                        SandboxJob(
                            .sendTask, title: "Job \(job)",
                            durationMilliseconds: 60_000...(10_000_000 * Int64(job % 3 + 1))))
                }
                scenario.processes.append(
                    SandboxProcess(
                        id: "q\(number)", name: "Process \(number)",
                        root: .group(name: "All", parallel: false, children: jobs)))
            }
        }
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 1440)
        let lag = try fixture.ask(
            """
            SELECT max(lag), count(*) FROM (SELECT min(seen_at) - modified_at AS lag
                FROM status_history WHERE modified_at IS NOT NULL GROUP BY run_key, modified_at)
            """)
        let numbers = lag[0].split(separator: "|").compactMap { Int64($0) }
        #expect(numbers[0] <= 305_000, "\(numbers[0]) ms")
        #expect(numbers[1] > 100, "\(numbers[1])")
        try fixture.check()
    }

    @Test func aRunIsReadInFullAtLeastEveryPollMax() throws {
        let fixture = try Self.started(runMinutes: 20_000...20_000)
        try fixture.run(untilMinute: 15)
        let told = try fixture.ask("SELECT count(*) FROM status_history")
        try fixture.run(untilMinute: 3 * 1440)
        let reads = Self.reads(fixture)
        let gaps = zip(reads, reads.dropFirst()).map { $1.since($0) / 1000 }
        #expect(!gaps.isEmpty && gaps.allSatisfy { $0 <= 6 * 3600 + 60 })
        // The list tells the rest: no more reads than that.
        #expect(reads.count <= 3 * 4 + 5)
        // Nothing changes, nothing is written of it.
        #expect(try fixture.ask("SELECT count(*) FROM status_history") == told)
    }

    @Test func anOlderRunThatTheListCannotShowIsReadByItself() throws {
        let fixture = try Self.started(runMinutes: 600...600)
        fixture.simulator.command(.trigger(schedule: "s", uuid: "v", force: true, reason: ""))
        try fixture.run(untilMinute: 2)
        let older = try Self.runID(fixture)
        try fixture.run(untilMinute: 300)
        fixture.simulator.sandbox.setRunStatus(older, .cancelled, at: fixture.simulator.time)
        try fixture.run(untilMinute: 460)
        #expect(
            try fixture.ask("SELECT status FROM runs WHERE run_id = '\(older)'") == ["cancelled"])
        // Its own pace: half as long again each time, not every five minutes.
        #expect(Self.reads(fixture).count < 40)
    }

    @Test func aListThatDoesNotTellIsNotTrustedAnyMore() throws {
        let fixture = try Fixture(
            [Fixture.schedule(every: 10_080) { $0.poll.maxMilliseconds = 3_600_000 }],
            runMinutes: 1...1
        ) { scenario in
            scenario.freezesModified = true
            let jobs = (0..<20).map { number in
                SandboxNode.job(
                    SandboxJob(
                        .sendTask, title: "Job \(number)",
                        durationMilliseconds: 1_200_000...1_200_000))
            }
            scenario.processes[0].root = .group(name: "All", parallel: false, children: jobs)
        }
        fixture.simulator.sandbox.log.keepsEntries = true
        try fixture.simulator.boot()
        fixture.simulator.command(.trigger(schedule: "s", uuid: "u", force: false, reason: ""))
        try fixture.run(untilMinute: 160)
        #expect(try fixture.alarms(.sweepDistrusted) == ["prod"])
        let before = Self.reads(fixture).count
        let lists = fixture.requests("listProcesses")
        try fixture.run(untilMinute: 400)
        // Every job's end within the pace that the last change set off.
        #expect(Self.reads(fixture).count - before > 20)
        #expect(fixture.requests("listProcesses") == lists)
        #expect(try fixture.ask("SELECT count(*) > 10 FROM status_history") == ["1"])
    }

    @Test func changesWithinOneSecondOfAServerThatWritesWholeSecondsAreNoReasonToDistrust() throws {
        let fixture = try Self.started(
            runMinutes: 1...1, schedule: { $0.poll.minMilliseconds = 250 }
        ) { scenario in
            let jobs = (0..<300).map { number in
                SandboxNode.job(
                    SandboxJob(
                        .sendTask, title: "Job \(number)", durationMilliseconds: 150...150))
            }
            scenario.processes[0].root = .group(name: "All", parallel: false, children: jobs)
        }
        try fixture.run(untilMinute: 4)
        // Some reads showed new counts under the `modified` of the read before.
        let isShown = try fixture.ask(
            """
            SELECT count(*) > 0 FROM status_history a JOIN status_history b
            ON b.run_key = a.run_key AND b.history_id > a.history_id AND b.modified_at = a.modified_at
            AND b.status = a.status AND b.counts <> a.counts
            """)
        #expect(isShown == ["1"])
        #expect(try fixture.alarms(.sweepDistrusted) == [])
        #expect(try fixture.ask("SELECT outcome FROM runs") == ["succeeded"])
    }

    @Test func rulesOnCountsSayWhenTheyDoNotSeeTheWholeTree() throws {
        var rules = OutcomeRules()
        rules.failIf = [
            OutcomeRules.Condition(
                status: "error", ofTotal: false, comparison: .greater, threshold: 0)
        ]
        let fixture = try Self.started(
            runMinutes: 10...10, schedule: { [rules] in $0.outcome = rules }
        ) { scenario in
            // One group more within another than is read.
            for _ in 0..<64 {
                scenario.processes[0].root = .group(
                    name: "Inner", parallel: false, children: [scenario.processes[0].root])
            }
        }
        try fixture.run(untilMinute: 20)
        #expect(try fixture.alarms(.cutTree) == ["s"])
        let words = try fixture.ask("SELECT what_to_do FROM attention WHERE kind = 'cut tree'")
        #expect(words.first?.contains("nested deeper than Carillon reads") == true, "\(words)")
        // A run that is seen as a whole ends it.
        var schedule = fixture.simulator.configuration.schedules[0]
        schedule.process = .id("p2")
        fixture.simulator.reload(Fixture.configuration([schedule], hash: "2"))
        try fixture.run(untilMinute: 21)
        fixture.simulator.command(.trigger(schedule: "s", uuid: "v", force: false, reason: ""))
        try fixture.run(untilMinute: 40)
        #expect(try fixture.alarms(.cutTree) == [])
    }

    // MARK: What vanishes

    @Test func aPermissionThatIsLostIsRecordedOnceAndComesBack() throws {
        let fixture = try Self.started(runMinutes: 20_000...20_000)
        try fixture.run(untilMinute: 10)
        fixture.simulator.sandbox.inject(
            FaultRule(.error(403, acts: false), operation: "getProcessRun"))
        let before = Self.reads(fixture).count
        try fixture.run(untilMinute: 3 * 1440)
        #expect(Self.reads(fixture).count - before <= 13)
        #expect(try fixture.ask("SELECT http_status FROM error_log") == ["403"])
        #expect(try fixture.ask("SELECT status, outcome FROM runs") == ["running|active"])
        #expect(try fixture.alarms(.notReadable) == ["p1"])
        fixture.simulator.sandbox.removeFaults()
        try fixture.run(untilMinute: 3 * 1440 + 370)
        #expect(try fixture.alarms(.notReadable) == [])
    }

    @Test func theRunsOfADeletedProcessAreReadByThemselves() throws {
        let fixture = try Self.started(runMinutes: 600...600)
        try fixture.run(untilMinute: 10)
        fixture.simulator.sandbox.deleteProcess("p1", at: fixture.simulator.time)
        let before = Self.reads(fixture).count
        try fixture.run(untilMinute: 1440)
        #expect(try fixture.ask("SELECT status, outcome FROM runs") == ["complete|succeeded"])
        #expect(Self.reads(fixture).count - before < 30)
        #expect(try fixture.ask("SELECT count(*) FROM error_log") == ["0"])
        try fixture.check()
    }

    // MARK: Ends and what follows them

    @Test func aReopenedRunIsFollowedAgain() throws {
        let fixture = try Self.started(runMinutes: 10...10)
        try fixture.run(untilMinute: 120)
        #expect(try fixture.ask("SELECT outcome FROM runs") == ["succeeded"])
        fixture.simulator.sandbox.setRunStatus(
            try Self.runID(fixture), .running, at: fixture.simulator.time)
        try fixture.run(untilMinute: 190)
        #expect(
            try fixture.ask("SELECT status, completed_at FROM runs WHERE outcome = 'active'")
                == ["running|"]
                || fixture.ask("SELECT count(*) > 2 FROM status_history WHERE status = 'complete'")
                    == ["1"]
        )
        try fixture.run(untilMinute: 400)
        #expect(try fixture.ask("SELECT status, outcome FROM runs") == ["complete|succeeded"])
        let told = try fixture.ask(
            "SELECT DISTINCT status FROM status_history ORDER BY history_id")
        #expect(told.contains("running") && told.contains("complete"))
    }

    @Test func afterTheReopenWindowNobodyLooksAnyMore() throws {
        let fixture = try Self.started(runMinutes: 10...10)
        try fixture.run(untilMinute: 2 * 1440)
        #expect(try fixture.ask("SELECT next_poll_at FROM runs") == [""])
        let before = Self.reads(fixture).count
        try fixture.run(untilMinute: 4 * 1440)
        #expect(Self.reads(fixture).count == before)
    }

    // MARK: Judgements that need a person

    @Test(arguments: ["error", "errorHold"])
    func errorIsInAttentionAndTheRunIsFollowed(status: String) throws {
        let fixture = try Self.started(runMinutes: 60...60)
        fixture.simulator.sandbox.setRunStatus(
            try Self.runID(fixture), RunStatus(status), at: fixture.simulator.time)
        try fixture.run(untilMinute: 10)
        #expect(try fixture.ask("SELECT status, outcome FROM runs") == ["\(status)|attention"])
        let rows = try fixture.ask("SELECT kind, what_to_do FROM attention")
        #expect(rows.count == 1 && rows[0].hasPrefix("run in trouble|status \(status): open"))
        fixture.simulator.sandbox.setRunStatus(
            try Self.runID(fixture), .running, at: fixture.simulator.time)
        try fixture.run(untilMinute: 120)
        #expect(try fixture.ask("SELECT outcome FROM runs") == ["succeeded"])
        #expect(try fixture.ask("SELECT kind FROM attention") == [])
    }

    @Test func aStatusThatNobodyKnowsIsKeptAndTheRunStaysOpenInAttention() throws {
        let fixture = try Self.started(runMinutes: 60...60)
        fixture.simulator.sandbox.setRunStatus(
            try Self.runID(fixture), RunStatus("hibernating"), at: fixture.simulator.time)
        try fixture.run(untilMinute: 10)
        #expect(try fixture.ask("SELECT status, outcome FROM runs") == ["hibernating|attention"])
        #expect(
            try fixture.ask("SELECT count(*) FROM attention WHERE what_to_do LIKE '%hibernating%'")
                == ["1"])
        #expect(try fixture.ask("SELECT is_open FROM process_runs") == ["1"])
        #expect(
            try fixture.ask("SELECT count(*) FROM status_history WHERE status = 'hibernating'")
                != ["0"])
    }

    /// Spellings that the API's maps mix: such a run must not block its schedule for ever.
    @Test(arguments: [
        ("Complete", "complete|succeeded"), ("COMPLETED", "complete|succeeded"),
        ("canceled", "cancelled|cancelled"), ("Cancelled", "cancelled|cancelled"),
    ])
    func anEndInAnotherSpellingIsAnEnd(word: String, told: String) throws {
        let fixture = try Self.started(runMinutes: 60...60)
        fixture.simulator.sandbox.setRunStatus(
            try Self.runID(fixture), RunStatus(word), at: fixture.simulator.time)
        try fixture.run(untilMinute: 10)
        #expect(try fixture.ask("SELECT status || '|' || outcome FROM runs") == [told])
        #expect(try fixture.ask("SELECT is_open FROM process_runs") == ["0"])
    }

    @Test func aRunThatTakesLongerThanItMayIsInAttention() throws {
        let fixture = try Self.started(
            runMinutes: 120...120, schedule: { $0.runWithinMilliseconds = 3_600_000 })
        try fixture.run(untilMinute: 59)
        #expect(try fixture.ask("SELECT outcome FROM runs") == ["active"])
        try fixture.run(untilMinute: 62)
        #expect(try fixture.ask("SELECT outcome FROM runs") == ["attention"])
        #expect(
            try fixture.ask("SELECT what_to_do LIKE 'longer than run_within;%' FROM attention")
                == ["1"])
        try fixture.run(untilMinute: 130)
        #expect(try fixture.ask("SELECT kind FROM attention") == [])
    }

    @Test func aDueDateThatPassesWithoutAnyChangeIsInAttention() throws {
        let fixture = try Self.started(runMinutes: 6000...6000, schedule: { _ in }) {
            $0.processes[0].dueDate = "2026-11-24"
        }
        // The day ends at 24:00 UTC, nineteen hours after 05:00.
        try fixture.run(untilMinute: 19 * 60 - 1)
        #expect(try fixture.ask("SELECT outcome FROM runs") == ["active"])
        try fixture.run(untilMinute: 19 * 60 + 2)
        #expect(
            try fixture.ask("SELECT what_to_do LIKE 'its due date has passed;%' FROM attention")
                == ["1"])
    }

    @Test func rulesOnCountsAreJudgedWhenTheCountsChange() throws {
        var rules = OutcomeRules()
        rules.failIf = [
            .init(status: "error", ofTotal: false, comparison: .greaterOrEqual, threshold: 1)
        ]
        rules.warnIf = [
            .init(status: "cancelled", ofTotal: true, comparison: .greater, threshold: 0.1)
        ]
        let fixture = try Self.started(runMinutes: 60...60, schedule: { $0.outcome = rules })
        let run = try Self.runID(fixture)
        fixture.simulator.sandbox.setRunStatus(run, .error, at: fixture.simulator.time)
        try fixture.run(untilMinute: 10)
        #expect(
            try fixture.ask("SELECT outcome, outcome_reason FROM runs") == [
                "failed|fail_if: error >= 1"
            ])
        fixture.simulator.sandbox.setRunStatus(run, .cancelled, at: fixture.simulator.time)
        try fixture.run(untilMinute: 20)
        #expect(try fixture.ask("SELECT status, outcome FROM runs") == ["cancelled|cancelled"])
        #expect(try fixture.ask("SELECT count(DISTINCT outcome) FROM status_history") == ["3"])
    }

    @Test func bothCountsAreKeptAlsoOfNestedGroupsAndGeneratedJobs() throws {
        let fixture = try Self.started(runMinutes: 60...60, schedule: { _ in }) { scenario in
            let task = SandboxNode.job(
                SandboxJob(.sendTask, title: "Task", durationMilliseconds: 60_000...60_000))
            let letter = SandboxNode.job(
                SandboxJob(
                    .certification, title: "Letter", durationMilliseconds: 600_000...600_000))
            scenario.processes[0].root = .group(
                name: "All", parallel: true,
                children: [
                    task,
                    .group(
                        name: "Inner", parallel: true,
                        children: [
                            .group(name: "Inmost", parallel: true, children: [task, letter])
                        ]),
                ])
        }
        try fixture.run(untilMinute: 5)
        let run = try #require(fixture.simulator.sandbox.runs.first)
        for (scope, counts) in [
            ("jobs", run.jobCounts(at: fixture.simulator.time)),
            ("actions", run.actionCounts(at: fixture.simulator.time, apiVersion: "2026-01-01")),
        ] {
            let expected = counts.map { "\($0.key)|\($0.value)" }.sorted()
            #expect(
                try fixture.ask(
                    "SELECT status, count FROM run_counts WHERE scope = '\(scope)' ORDER BY 1")
                    == expected)
        }
    }
}
