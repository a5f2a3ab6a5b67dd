import Engine
import ProcessesAPI
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Much of one kind of trouble, and answers that are to other requests.
@Suite struct FaultKindTests {
    @Test(arguments: FaultRule.Kind.allCases)
    func anHourOfOneKindStartsNothingTwiceAndLosesNothing(kind: FaultRule.Kind) throws {
        var dice = Dice(seed: 7)
        let fixture = try Fixture(
            [
                Fixture.schedule("a", every: 5) { $0.missed = .all },
                Fixture.schedule("b", every: 7, process: "p2") {
                    $0.overlap = .queue
                    $0.validateFirst = true
                },
            ]
        ) { $0.pageItemsMax = 1 }
        let simulator = fixture.simulator
        for _ in 0..<4 {
            for rule in FaultRule.rules(
                of: kind, probability: 0.3, window: 0..<3_600_000,
                pick: { Int(dice.below($0)) })
            {
                simulator.sandbox.inject(rule)
            }
        }
        try simulator.boot()
        try fixture.run(untilMinute: 25)
        simulator.kill()
        try simulator.boot()
        try fixture.run(untilMinute: 62)
        simulator.sandbox.removeFaults()
        let healedAt = simulator.wall
        try fixture.run(untilMinute: 150)
        try simulator.resolveHeld(restarts: false)
        try fixture.run(untilMinute: 200)
        var checker = Checker()
        try checker.check(simulator, healedAt: healedAt)
        #expect(checker.violations == [])
        #expect(simulator.starts.count > 20)
    }

    @Test func theAnswerToAnotherProcessesStartIsNotTakenForOurs() throws {
        let fixture = try Fixture(
            [Fixture.schedule(), Fixture.schedule("t", process: "p2")], runMinutes: 20...20)
        // p1 is started first; what p2's start is answered with names p1's run, and p2's own is there.
        var rule = FaultRule(.answer(.replayed), operation: "runProcess", process: "p2")
        rule.times = 1
        fixture.simulator.sandbox.inject(rule)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 22)
        try fixture.check()
        #expect(try fixture.told() == "15 started")
        #expect(try fixture.told("t") == "15 started")
        let reason = try fixture.slots("t")[0].reason
        #expect(reason.contains("its run") && reason.contains("was found"), "\(reason)")
        #expect(fixture.simulator.sandbox.runs.count == 2)
    }

    @Test func anAnswerThatNamesAnOlderRunOfTheProcessIsNotTakenForOurs() throws {
        let fixture = try Fixture([Fixture.schedule { $0.overlap = .allow }], runMinutes: 90...90)
        let simulator = fixture.simulator
        // The first run belongs to no slot: its answer is lost, and a person drops the slot.
        simulator.sandbox.inject(.next(.lostAfter(), operation: "runProcess"))
        try simulator.boot()
        try fixture.run(untilMinute: 15, second: 10)
        simulator.command(.resolve(slotID: try fixture.slots()[0].slotID, .drop))
        var fault = Fault.answer(.replayed)
        fault.effect = .nothing
        simulator.sandbox.inject(.next(fault, operation: "runProcess"))
        try fixture.run(untilMinute: 44)
        // The second answer named it: nothing was started, which looks prove, and it is sent again.
        #expect(try fixture.told() == "15 cancelled, 30 started")
        #expect(simulator.starts.count == 3)
        let runs = simulator.sandbox.runs
        #expect(runs.count == 2)
        #expect(
            try fixture.ask("SELECT run_id FROM process_runs WHERE slot_id IS NOT NULL")
                == [runs[1].id])
    }

    /// An answer that comes when the attempt is in doubt already, and is none to it.
    @Test func aLateAnswerThatSettlesNothingIsNoSecondAttempt() throws {
        let fixture = try Fixture(
            [Fixture.schedule(), Fixture.schedule("t", process: "p2")], runMinutes: 20...20)
        let simulator = fixture.simulator
        var late = Fault.answer(.replayed)
        late.delayMilliseconds = 30_000
        var rule = FaultRule(late, operation: "runProcess", process: "p2")
        rule.times = 1
        simulator.sandbox.inject(rule)
        try simulator.boot()
        try fixture.run(untilMinute: 15, second: 10)
        // As where the task that awaits it is late: its time is over before the answer comes.
        try simulator.inspect { ledger in
            try ledger.wait(
                try #require(try fixture.slots("t").first).slotID, reason: "attempt 1 is out",
                until: simulator.time)
        }
        simulator.command(.resume(schedule: nil))
        try fixture.run(untilMinute: 15, second: 20)
        let doubt = "SELECT exposure_end_at FROM attempts WHERE state = 'unknown'"
        let before = try fixture.ask(doubt)
        #expect(before.count == 1)
        try fixture.run(untilMinute: 15, second: 35)
        #expect(
            try fixture.ask("SELECT operation FROM errors WHERE message LIKE '%answered with run%'")
                == ["runProcess"])
        #expect(try fixture.ask(doubt) == before)
        #expect(try fixture.slots("t")[0].attemptsCounted == 1)
        try fixture.run(untilMinute: 25)
        #expect(try fixture.told("t") == "15 started")
        #expect(simulator.sandbox.runs.count == 2)
        try fixture.check()
    }

    @Test func anAnswerOutOfACacheStartsNothing() throws {
        let fixture = try Fixture(runMinutes: 1...1)
        var fault = Fault()
        fault.headers = [("Age", "3600")]
        fixture.simulator.sandbox.inject(.next(fault, operation: "runProcess"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 15, second: 10)
        let reason = try fixture.slots()[0].reason
        #expect(reason.contains("out of a cache, 3600 s old"), "\(reason)")
        try fixture.run(untilMinute: 25)
        // It had created one all the same.
        #expect(try fixture.told() == "15 started")
        #expect(fixture.simulator.sandbox.runs.count == 1)
        try fixture.check()
    }
}
