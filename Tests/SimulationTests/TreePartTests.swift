import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Rule 23 of docs/protocol.md: parts of a run's tree.
///
/// Its job is "Check the ledger" in the group "All".
@Suite struct TreePartTests {
    private static func schedule(_ part: TreePart?, status: String = "error") -> Schedule {
        Fixture.schedule {
            $0.outcome.failIf = [
                OutcomeRules.Condition(
                    status: status, ofTotal: false, comparison: .greater, threshold: 0, part: part)
            ]
            $0.overlap = .allow
            $0.poll.minMilliseconds = 30_000
        }
    }

    /// The first run is in error for its job.
    private static func inError(_ part: TreePart?) throws -> Fixture {
        let fixture = try Fixture([schedule(part)], runMinutes: 120...120)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 16)
        let run = try #require(fixture.simulator.sandbox.runs.first).id
        fixture.simulator.sandbox.setRunStatus(run, .error, at: fixture.simulator.time)
        try fixture.run(untilMinute: 29)
        return fixture
    }

    private func outcomes(_ fixture: Fixture) throws -> [String] {
        try fixture.ask("SELECT outcome, outcome_reason FROM process_runs ORDER BY run_key LIMIT 1")
    }

    @Test(arguments: [TreePart.job("Check the ledger"), .group("All")])
    func aRuleOnAPartJudgesIt(part: TreePart) throws {
        let fixture = try Self.inError(part)
        #expect(try outcomes(fixture) == ["failed|fail_if: \(part.words) error > 0"])
        #expect(try fixture.alarms(.missingPart) == [])
        // A list alone brings no tree: after a restart the counts of the last read still judge it.
        fixture.simulator.kill()
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 31)
        #expect(try outcomes(fixture) == ["failed|fail_if: \(part.words) error > 0"])
        // Somebody mends the job.
        let run = try #require(fixture.simulator.sandbox.runs.first).id
        fixture.simulator.sandbox.setRunStatus(run, .running, at: fixture.simulator.time)
        try fixture.run(untilMinute: 44)
        #expect(try outcomes(fixture) == ["active|"])
        try fixture.check()
    }

    /// Half an answer is none: it undoes no judgement, and raises no alarm.
    @Test(arguments: [nil, TreePart.job("Check the ledger"), .group("All")])
    func anAnswerWithoutCountsAndTreeJudgesByTheLastOne(part: TreePart?) throws {
        let fixture = try Self.inError(part)
        let failed = ["failed|fail_if: \(part.map { "\($0.words) " } ?? "")error > 0"]
        #expect(try outcomes(fixture) == failed)
        let counts =
            "SELECT job_counts, counts, tree IS NULL FROM process_runs ORDER BY run_key LIMIT 1"
        let before = try fixture.ask(counts)
        fixture.simulator.sandbox.inject(
            FaultRule(.answer(.withoutTree), operation: "getProcessRun"))
        let run = try #require(fixture.simulator.sandbox.runs.first).id
        // Something is new of the run, so that it is judged.
        fixture.simulator.sandbox.setRunStatus(run, .errorHold, at: fixture.simulator.time)
        try fixture.run(untilMinute: 44)
        #expect(try fixture.ask("SELECT status FROM process_runs LIMIT 1") == ["errorHold"])
        #expect(try outcomes(fixture) == failed)
        #expect(try fixture.ask(counts) == before)
        fixture.simulator.sandbox.removeFaults()
        fixture.simulator.sandbox.setRunStatus(run, .running, at: fixture.simulator.time)
        try fixture.run(untilMinute: 59)
        #expect(try outcomes(fixture) == ["active|"])
        try fixture.check()
    }

    @Test func aPartThatIsNotThereIsToldUntilTheRuleIsMended() throws {
        let fixture = try Self.inError(.job("Chek the ledger"))
        #expect(try outcomes(fixture).first?.hasPrefix("attention|status error") == true)
        #expect(try fixture.alarms(.missingPart) == ["s"])
        let words = try #require(
            try fixture.ask("SELECT sentence FROM attention WHERE kind = 'missing part'").first)
        #expect(words.contains("has no job 'Chek the ledger'"))
        #expect(words.contains("\"Check the ledger\""))
        fixture.simulator.reload(
            Fixture.configuration([Self.schedule(.job("Check the ledger"))], hash: "2"))
        try fixture.run(untilMinute: 50)
        #expect(try fixture.alarms(.missingPart) == [])
        fixture.simulator.reload(
            Fixture.configuration([Self.schedule(.job("Nothing"))], hash: "3"))
        try fixture.run(untilMinute: 65)
        #expect(try fixture.alarms(.missingPart) == ["s"])
        fixture.simulator.reload(Fixture.configuration([Fixture.schedule()], hash: "4"))
        try fixture.run(untilMinute: 66)
        #expect(try fixture.alarms(.missingPart) == [])
    }

    @Test func aJobThatIsPastItsDueDateIsAttentionUntilItIsDone() throws {
        let day: Int64 = 24 * 60
        // Created on 2026-11-24, its job is due on 2026-12-24 and done on 2026-12-26.
        let fixture = try Fixture(
            [Fixture.schedule(every: 100 * day)], runMinutes: (32 * day)...(32 * day))
        try fixture.simulator.boot()
        fixture.simulator.command(.trigger(schedule: "s", uuid: "u", force: false, reason: ""))
        try fixture.run(untilMinute: 30 * day)
        #expect(try outcomes(fixture) == ["active|"])
        try fixture.run(untilMinute: 31 * day)
        #expect(
            try outcomes(fixture) == [
                "attention|the due date of the job \"Check the ledger\", 2026-12-24, has passed"
            ])
        #expect(
            try fixture.ask("SELECT kind FROM event_log ORDER BY event_id DESC LIMIT 1")
                == ["run_warned"])
        fixture.simulator.kill()
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 31 * day + 60)
        #expect(try outcomes(fixture).first?.hasPrefix("attention|the due date") == true)
        try fixture.run(untilMinute: 33 * day)
        #expect(try outcomes(fixture) == ["succeeded|"])
        try fixture.check()
    }
}
