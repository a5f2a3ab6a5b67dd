import Engine
import ProcessesAPI
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Rule 19 of docs/protocol.md: a slot whose work is done already.
@Suite struct UnlessDoneTests {
    private static func schedule(
        _ rule: UnlessDone? = UnlessDone(), edit: (inout Schedule) -> Void = { _ in }
    ) -> Schedule {
        Fixture.schedule {
            $0.unlessDone = rule
            edit(&$0)
        }
    }

    /// A person runs `p1` at the minute, which takes a minute.
    private func person(_ fixture: Fixture, atMinute minute: Int64) throws -> String {
        try fixture.run(untilMinute: minute)
        let run = fixture.simulator.sandbox.startByPerson(
            process: "p1", user: "ann", at: fixture.simulator.time)
        return try #require(run)
    }

    @Test func aPersonsRunMakesTheNextSlotSkipAndIsNamed() throws {
        let fixture = try Fixture([Self.schedule()], runMinutes: 1...1)
        try fixture.simulator.boot()
        let run = try person(fixture, atMinute: 20)
        try fixture.run(untilMinute: 46)
        #expect(try fixture.told() == "15 started, 30 skipped, 45 started")
        let slot = try fixture.slots()[1]
        #expect(slot.reason.contains("already done: run \(run) started by user ann succeeded at"))
        #expect(slot.reason.contains("after the slot before, 2026-11-24T05:15:00Z (unless_done)"))
        let named = try fixture.ask(
            "SELECT done_by_run_id FROM history WHERE disposition = 'skipped'")
        #expect(named == [run])
        try fixture.check()
    }

    /// Who did Monday's work by hand has not done Tuesday's, though Tuesday's slot stands for Monday's.
    @Test func theRunForASlotThatALaterOneStandsForIsNotTheLaterOnes() throws {
        let fixture = try Fixture([Self.schedule()], runMinutes: 1...1)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 20)
        fixture.simulator.kill()
        fixture.rest(untilMinute: 35)
        _ = fixture.simulator.sandbox.startByPerson(
            process: "p1", user: "ann", at: fixture.simulator.time)
        fixture.rest(untilMinute: 46)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 61)
        #expect(
            try fixture.told() == "15 started, 30 coalesced, 45 started, 60 started")
        try fixture.check()
    }

    @Test func onlyOursCountIfThatIsWanted() throws {
        let fixture = try Fixture(
            [Self.schedule(UnlessDone(author: .us))], runMinutes: 1...1)
        try fixture.simulator.boot()
        _ = try person(fixture, atMinute: 20)
        try fixture.run(untilMinute: 35)
        fixture.simulator.command(
            .trigger(schedule: "s", uuid: "u", force: false, reason: "at noon"))
        try fixture.run(untilMinute: 46)
        let rule = try fixture.slots().filter { $0.kind == .rule }
        #expect(rule.map(\.disposition) == [.started, .started, .skipped])
        #expect(rule[2].reason.contains("of s succeeded"))
        try fixture.check()
    }

    @Test func aTriggerStartsAllTheSame() throws {
        let fixture = try Fixture([Self.schedule()], runMinutes: 1...1)
        try fixture.simulator.boot()
        _ = try person(fixture, atMinute: 20)
        try fixture.run(untilMinute: 25)
        fixture.simulator.command(.trigger(schedule: "s", uuid: "u", force: false, reason: ""))
        try fixture.run(untilMinute: 29)
        #expect(try fixture.slots().filter { $0.kind == .manual }.map(\.disposition) == [.started])
        try fixture.check()
    }

    @Test func oneSuccessAMonth() throws {
        let rule = UnlessDone(since: .period)
        let fixture = try Fixture([Self.schedule(rule)], runMinutes: 1...1)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 46)
        #expect(try fixture.told() == "15 started, 30 skipped, 45 skipped")
        // Without it the slots start again, and with it anew they don't.
        fixture.simulator.reload(Fixture.configuration([Self.schedule(nil)], hash: "2"))
        try fixture.run(untilMinute: 61)
        fixture.simulator.reload(Fixture.configuration([Self.schedule(rule)], hash: "3"))
        try fixture.run(untilMinute: 76)
        #expect(
            try fixture.told()
                == "15 started, 30 skipped, 45 skipped, 60 started, 75 skipped")
        try fixture.check()
    }

    @Test func theRunOfTheSlotBeforeIsNoneOfThisOneEvenIfItsAnswerWasLost() throws {
        let fixture = try Fixture([Self.schedule()], runMinutes: 1...1)
        fixture.simulator.sandbox.inject(.next(.lostAfter(), operation: "runProcess"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 31)
        #expect(try fixture.told() == "15 started, 30 started")
        #expect(fixture.simulator.sandbox.runs.count == 2)
        try fixture.check()
    }

    @Test func aDeathAndARestartChangeNothingOfIt() throws {
        let fixture = try Fixture([Self.schedule()], runMinutes: 1...1)
        try fixture.simulator.boot()
        let run = try person(fixture, atMinute: 20)
        try fixture.run(untilMinute: 29, second: 50)
        fixture.simulator.kill()
        fixture.rest(untilMinute: 32)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 34)
        #expect(try fixture.told() == "15 started, 30 skipped")
        #expect(try fixture.slots()[1].reason.contains(run))
        try fixture.check()
    }

    @Test func whileTheRunIsOpenTheSlotQueuesAndIsSkippedOnceItHasSucceeded() throws {
        let fixture = try Fixture(
            [Self.schedule { $0.overlap = .queue }], runMinutes: 4...4)
        try fixture.simulator.boot()
        _ = try person(fixture, atMinute: 28)
        try fixture.run(untilMinute: 31)
        #expect(try fixture.told() == "15 started, 30 pending")
        try fixture.run(untilMinute: 36)
        #expect(try fixture.told() == "15 started, 30 skipped")
        try fixture.check()
    }

    @Test func aCancelledRunIsNoSuccess() throws {
        let fixture = try Fixture([Self.schedule()], runMinutes: 1...1)
        try fixture.simulator.boot()
        let run = try person(fixture, atMinute: 20)
        fixture.simulator.sandbox.setRunStatus(
            run, .cancelled, at: fixture.simulator.time.adding(milliseconds: 10_000))
        try fixture.run(untilMinute: 31)
        #expect(try fixture.told() == "15 started, 30 started")
        try fixture.check()
    }

    @Test func itsOwnOutcomeRulesJudgeAPersonsRun() throws {
        for (text, told) in [
            ("complete", "15 started, 30 started"), ("error", "15 started, 30 skipped"),
        ] {
            let fixture = try Fixture(
                [
                    Self.schedule {
                        $0.outcome.failIf = [
                            OutcomeRules.Condition(
                                status: text, ofTotal: false, comparison: .greater, threshold: 0)
                        ]
                    }
                ], runMinutes: 1...1)
            try fixture.simulator.boot()
            _ = try person(fixture, atMinute: 20)
            try fixture.run(untilMinute: 31)
            #expect(try fixture.told() == told)
            try fixture.check()
        }
    }

    @Test func aRunDoesTheWorkOfOneSlotOnly() throws {
        let fixture = try Fixture([Self.schedule()], runMinutes: 1...1)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 28)
        fixture.simulator.kill()
        fixture.rest(untilMinute: 31)
        // After the slot of 30, which was missed so far, a person does its work.
        _ = fixture.simulator.sandbox.startByPerson(
            process: "p1", user: "ann", at: fixture.simulator.time)
        fixture.rest(untilMinute: 33)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 46)
        #expect(try fixture.told() == "15 started, 30 skipped, 45 started")
        try fixture.check()
    }

    @Test func whoMakesUpForASlotThatCameToNothingHasNotDoneTheNextOne() throws {
        let fixture = try Fixture([Self.schedule()], runMinutes: 1...1)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 20)
        fixture.simulator.command(.pause(schedule: "s", until: nil, reason: "ill"))
        try fixture.run(untilMinute: 31)
        fixture.simulator.command(.resume(schedule: "s"))
        _ = try person(fixture, atMinute: 35)
        try fixture.run(untilMinute: 46)
        #expect(try fixture.told() == "15 started, 30 skipped, 45 started")
        try fixture.check()
    }

    @Test func whatAListSaysOfAnEndIsNoVerdictWhileRulesJudgeTheCounts() throws {
        let failed = OutcomeRules.Condition(
            status: "complete", ofTotal: false, comparison: .greater, threshold: 0)
        let fixture = try Fixture(
            [
                Self.schedule(UnlessDone(since: .period)) {
                    $0.overlap = .queue
                    $0.outcome.failIf = [failed]
                }
            ], runMinutes: 20...20)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 39)
        // Its own run has failed by the rule, so nothing is done.
        #expect(try fixture.told() == "15 started, 30 started")
        try fixture.check()
    }

    @Test func aRunThatEndsLongAfterTheSlotBeganToWaitIsReadFirst() throws {
        let never = OutcomeRules.Condition(
            status: "error", ofTotal: false, comparison: .greater, threshold: 0)
        let fixture = try Fixture(
            [
                Self.schedule {
                    $0.overlap = .queue
                    $0.outcome.failIf = [never]
                }
            ], runMinutes: 9...9)
        try fixture.simulator.boot()
        _ = try person(fixture, atMinute: 28)
        try fixture.run(untilMinute: 43)
        #expect(try fixture.told() == "15 started, 30 skipped")
        try fixture.check()
    }

    @Test func whatComesAfterItGoesOnAsAfterASuccess() throws {
        let next = Fixture.schedule("b", process: "p2") {
            $0.trigger = .after(
                AfterRule(upstreams: ["s"], on: .success, withinMilliseconds: nil))
        }
        let fixture = try Fixture([Self.schedule(), next], runMinutes: 1...1)
        try fixture.simulator.boot()
        _ = try person(fixture, atMinute: 20)
        try fixture.run(untilMinute: 35)
        #expect(
            try fixture.ask("SELECT disposition FROM history WHERE schedule = 'b'")
                == ["started", "started"])
        try fixture.check()
    }

    @Test func withoutAListThatShowsItNothingIsSkippedAndTheReasonSaysSo() throws {
        let fixture = try Fixture([Self.schedule()], runMinutes: 1...1)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 19)
        // From here on lists leave the process out, so nobody sees the person's run.
        fixture.simulator.sandbox.inject(
            FaultRule(.listing(.without(process: "p1")), operation: "listProcesses"))
        _ = try person(fixture, atMinute: 20)
        try fixture.run(untilMinute: 35)
        #expect(try fixture.told() == "15 started, 30 started")
        #expect(try fixture.slots()[1].reason.contains("no check was possible"))
        try fixture.check()
    }

    @Test(arguments: [RunStatus.cancelled, .error])
    func whoRunsAgainWhatHasFailedHasNotDoneTheNextSlot(status: RunStatus) throws {
        let fixture = try Fixture([Self.schedule { $0.overlap = .allow }], runMinutes: 1...1)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 15, second: 30)
        let run = try #require(fixture.simulator.sandbox.runs.first).id
        fixture.simulator.sandbox.setRunStatus(run, status, at: fixture.simulator.time)
        _ = try person(fixture, atMinute: 20)
        try fixture.run(untilMinute: 31)
        #expect(try fixture.told() == "15 started, 30 started")
        try fixture.check()
    }

    @Test func aSlotThatWasMadeUpForIsServedAndAPersonsRunIsTheNextOnes() throws {
        let fixture = try Fixture([Self.schedule()], runMinutes: 1...1)
        try fixture.simulator.boot()
        fixture.simulator.command(.pause(schedule: "s", until: nil, reason: ""))
        try fixture.run(untilMinute: 16)
        fixture.simulator.command(.resume(schedule: "s"))
        fixture.simulator.command(
            .makeUp(
                schedule: "s", slotAt: Instant(seconds: 1_795_496_400 + 15 * 60), uuid: "u",
                force: false, reason: ""))
        _ = try person(fixture, atMinute: 20)
        try fixture.run(untilMinute: 31)
        let rule = try fixture.slots().filter { $0.kind == .rule }
        #expect(rule.map(\.disposition) == [.skipped, .skipped])
        #expect(rule.last?.reason.contains("already done") == true)
        #expect(fixture.simulator.sandbox.runs.count == 2)
        try fixture.check()
    }

    /// A rule on a part comes when the run has ended: what its jobs were was not counted by part.
    @Test(arguments: [UnlessDone.Since.lastSlot, .period], ["Check the ledger", "Nothing"])
    func aRuleOnAPartThatCameLaterJudgesTheRunToo(
        since: UnlessDone.Since, title: String
    ) throws {
        let rule = UnlessDone(since: since)
        let fixture = try Fixture([Self.schedule(rule)], runMinutes: 1...1)
        try fixture.simulator.boot()
        if since == .lastSlot { _ = try person(fixture, atMinute: 20) }
        try fixture.run(untilMinute: 25)
        let late = Self.schedule(rule) {
            $0.outcome.failIf = [
                OutcomeRules.Condition(
                    status: "complete", ofTotal: false, comparison: .greater, threshold: 0,
                    part: .job(title))
            ]
        }
        fixture.simulator.reload(Fixture.configuration([late], hash: "2"))
        try fixture.run(untilMinute: 35)
        let told = title == "Nothing" ? "15 started, 30 skipped" : "15 started, 30 started"
        #expect(try fixture.told() == told)
        try fixture.check()
    }
}
