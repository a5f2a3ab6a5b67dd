import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Rules 1 to 7 of docs/protocol.md: look, start, doubt and its settling.
@Suite struct StartRuleTests {
    @Test func rule1LooksThenStarts() throws {
        let fixture = try Fixture()
        fixture.simulator.sandbox.log.keepsEntries = true
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 16)
        let operations = fixture.simulator.sandbox.log.entries.map(\.operation)
        let start = try #require(operations.firstIndex(of: "runProcess"))
        #expect(operations[..<start].contains("listProcesses"))
        let slot = try #require(try fixture.slots().first)
        #expect(!slot.reason.contains("no check was possible"))
        try fixture.check()
    }

    /// A run that is active is written with its first read at once, any other is entered and then read.
    @Test func aRunIsEnteredAlikeHoweverItIsJudgedFirst() throws {
        func edit(_ schedule: inout Schedule) {
            schedule.runWithinMilliseconds = 7_200_000
            schedule.atLeastMilliseconds = 60_000
        }
        let fixture = try Fixture(
            [
                Fixture.schedule("a", process: "p1", edit: edit),
                Fixture.schedule("b", process: "p2") { schedule in
                    edit(&schedule)
                    schedule.outcome.warnIf = [
                        OutcomeRules.Condition(
                            status: "total", ofTotal: false, comparison: .greater, threshold: 0)
                    ]
                },
            ], runMinutes: 20...20
        ) { $0.latencyMilliseconds = 50...50 }
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 15, second: 10)
        #expect(
            try fixture.ask("SELECT outcome FROM process_runs ORDER BY schedule")
                == ["active", "attention"])
        let columns = """
            origin, status, counts, job_counts, revision, created_at, modified_at, completed_at,
            due_date, first_seen_at, last_polled_at, changed_at, next_poll_at, poll_gap_ms,
            poll_failures, changed_hint, watch_until_at, run_within_at, missing_reads, at_least_ms
            """
        #expect(try fixture.ask("SELECT DISTINCT \(columns) FROM process_runs").count == 1)
        let counts = try fixture.ask(
            "SELECT count(*) FROM status_counts GROUP BY scope, status, count")
        #expect(!counts.isEmpty && Set(counts) == ["2"])
        #expect(
            try fixture.ask(
                "SELECT count(*), count(DISTINCT status || job_counts) FROM status_history")
                == ["2|1"])
        try fixture.check()
    }

    @Test func rule1WithoutAnyLookTheStartGoesOutAfterThePatienceAndSaysSo() throws {
        let fixture = try Fixture { scenario in
            scenario.faults = [
                FaultRule(.listing(.without(process: "p1")), operation: "listProcesses")
            ]
        }
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 20)
        let slot = try #require(try fixture.slots().first)
        #expect(slot.disposition == .started)
        #expect(slot.reason.contains("no check was possible"))
        try fixture.check()
    }

    @Test func rule1ALookFromBeforeALongWaitIsNotTakenForPatience() throws {
        // Queued behind a run for half an hour: the start after it still looks first.
        let fixture = try Fixture(
            [Fixture.schedule { $0.overlap = .queue }], runMinutes: 40...40)
        fixture.simulator.sandbox.startByPerson(process: "p1", user: "person", at: Fixture.start)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 44)
        let slot = try #require(try fixture.slots().last)
        #expect(slot.disposition == .started)
        #expect(!slot.reason.contains("no check was possible"))
        try fixture.check()
    }

    @Test func rule2OneInDoubtPerProcessAndTheOthersWaitInTheirOrder() throws {
        let fixture = try Fixture([
            Fixture.schedule("a") { $0.overlap = .allow },
            Fixture.schedule("b") { $0.overlap = .allow },
        ])
        fixture.simulator.sandbox.inject(.next(.lostAfter(), operation: "runProcess"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 15, second: 20)
        #expect(try fixture.told("a") == "15 unknown")
        #expect(try fixture.told("b") == "15 pending")
        try fixture.run(untilMinute: 20)
        #expect(try fixture.told("a") == "15 started")
        #expect(try fixture.told("b") == "15 started")
        try fixture.check()
    }

    @Test func rule4ACertainRefusalFailsTheSlot() throws {
        let fixture = try Fixture()
        fixture.simulator.sandbox.inject(
            .next(.error(422, acts: false), operation: "runProcess"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 16)
        #expect(try fixture.told() == "15 failed")
        try fixture.check()
    }

    @Test(arguments: [
        Fault.lostAfter(), .error(500, acts: true), .error(408, acts: true),
        .foreign(502, acts: true), .foreign(503, acts: true), .foreign(504, acts: true),
        .slow(40_000), .answer(.garbage), .answer(.empty), .answer(.truncated),
        .answer(.withoutID), .answer(.cut),
    ])
    func rule4EverythingElseIsAmbiguousAndItsRunIsAdopted(fault: Fault) throws {
        let fixture = try Fixture(runMinutes: 10...10)
        fixture.simulator.sandbox.inject(.next(fault, operation: "runProcess"))
        try fixture.simulator.boot()
        // A slow one is given up after 35 s.
        try fixture.run(untilMinute: 15, second: fault.delayMilliseconds > 0 ? 40 : 20)
        #expect(try fixture.told() == "15 unknown")
        try fixture.run(untilMinute: 20)
        #expect(try fixture.told() == "15 started")
        #expect(fixture.simulator.sandbox.runs.count == 1)
        try fixture.check()
    }

    @Test func rule4A409AfterAnAmbiguousAttemptMayBeItsEcho() throws {
        let fixture = try Fixture([Fixture.schedule { $0.overlap = .allow }])
        fixture.simulator.sandbox.inject(.next(.lostBefore, operation: "runProcess"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 16)
        fixture.simulator.sandbox.inject(.next(.error(409, acts: false), operation: "runProcess"))
        try fixture.run(untilMinute: 18)
        let slot = try #require(try fixture.slots().first)
        #expect(slot.disposition == .unknown)
        #expect(slot.attempts == 2)
    }

    @Test func rule5AnAttemptFoundOutAtTheStartIsInDoubt() throws {
        let fixture = try Fixture(runMinutes: 10...10) { $0.latencyMilliseconds = 5_000...5_000 }
        try fixture.simulator.boot()
        try fixture.simulator.run(until: Instant(seconds: 1_795_496_400 + 15 * 60 + 3))
        #expect(try fixture.told() == "15 starting")
        fixture.simulator.kill()
        try fixture.simulator.boot()
        try fixture.simulator.run(until: fixture.simulator.time.adding(milliseconds: 10))
        #expect(try fixture.told() == "15 unknown")
        try fixture.run(untilMinute: 20)
        #expect(try fixture.told() == "15 started")
        #expect(fixture.simulator.sandbox.runs.count == 1)
    }

    @Test func rule6ProvenAbsentIsSentAgain() throws {
        let fixture = try Fixture()
        fixture.simulator.sandbox.inject(.next(.lostBefore, operation: "runProcess"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 17)
        #expect(try fixture.told() == "15 unknown")
        try fixture.run(untilMinute: 20)
        let slot = try #require(try fixture.slots().first)
        #expect(slot.disposition == .started)
        #expect(slot.attempts == 2)
        try fixture.check()
    }

    @Test func rule6ARunOfSomebodyElseHoldsTheSlotAndAPersonDecides() throws {
        let fixture = try Fixture([Fixture.schedule { $0.overlap = .allow }])
        try fixture.simulator.boot()
        // A first start teaches us our own user.
        try fixture.run(untilMinute: 29)
        fixture.simulator.sandbox.inject(.next(.lostBefore, operation: "runProcess"))
        try fixture.simulator.run(until: Instant(seconds: 1_795_496_400 + 30 * 60 + 10))
        fixture.simulator.sandbox.startByPerson(
            process: "p1", user: "somebody", at: fixture.simulator.time)
        try fixture.run(untilMinute: 33)
        let held = try #require(try fixture.slots().last)
        #expect(held.disposition == .held)
        #expect(held.reason.contains("somebody"))
        fixture.simulator.command(.resolve(slotID: held.slotID, .start))
        try fixture.run(untilMinute: 35)
        #expect(try fixture.told() == "15 started, 30 started")
        try fixture.check()
    }

    @Test func rule6UnknownStartHoldNeverSendsAgain() throws {
        let fixture = try Fixture([Fixture.schedule { $0.unknownStart = .hold }])
        fixture.simulator.sandbox.inject(.next(.lostBefore, operation: "runProcess"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 20)
        #expect(try fixture.told() == "15 held")
        #expect(fixture.simulator.starts.count == 1)
    }

    @Test func rule6ASlotOfAScheduleThatIsGoneStillSettles() throws {
        let fixture = try Fixture(runMinutes: 10...10)
        fixture.simulator.sandbox.inject(.next(.lostAfter(), operation: "runProcess"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 16)
        fixture.simulator.reload(Fixture.configuration([], hash: "2"))
        try fixture.run(untilMinute: 20)
        #expect(try fixture.told() == "15 started")
    }

    @Test func rule7ALateRunIsReportedAsAPossibleDuplicate() throws {
        let fixture = try Fixture([Fixture.schedule { $0.overlap = .allow }])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 29)
        fixture.simulator.sandbox.inject(
            .next(.lostAfter(actsAfterMilliseconds: 300_000), operation: "runProcess"))
        try fixture.run(untilMinute: 44)
        #expect(try fixture.alarms(.possibleDuplicate).count == 1)
    }

    @Test func rule6ARunFromAfterTheExposureIsNotOurs() throws {
        // The very first start: our user is not known yet. The daemon dies under it, and while it
        // is down a person starts the process too, whose run hides ours in the list.
        let fixture = try Fixture([Fixture.schedule { $0.overlap = .allow }])
        let simulator = fixture.simulator
        try simulator.boot()
        simulator.sandbox.inject(
            .next(.lostAfter(), operation: "runProcess"))
        try fixture.run(untilMinute: 15, second: 5)
        simulator.kill()
        fixture.rest(untilMinute: 25)
        simulator.sandbox.startByPerson(process: "p1", user: "person", at: simulator.time)
        try simulator.boot()
        try fixture.run(untilMinute: 29)
        let slot = try #require(try fixture.slots().first)
        #expect(slot.disposition == .held)
        #expect(slot.reason.contains("could still act"))
        try fixture.check()
    }

    @Test(arguments: [OverlapPolicy.queue, .skip, .allow])
    func aRunThatSurfacesBeforeTheSecondAttemptHoldsIt(overlap: OverlapPolicy) throws {
        // Taken for absent at 05:32:30; the second attempt meets a hint of two minutes, in which
        // the first one's run appears.
        let fixture = try Fixture([Fixture.schedule { $0.overlap = overlap }])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 29)
        fixture.simulator.sandbox.inject(
            .next(.lostAfter(actsAfterMilliseconds: 200_000), operation: "runProcess"))
        try fixture.run(untilMinute: 31)
        fixture.simulator.sandbox.inject(
            .next(
                .rateLimited(operation: "runProcess", seconds: 120, header: true),
                operation: "runProcess"))
        try fixture.run(untilMinute: 44)
        let slot = try #require(try fixture.slots().last)
        #expect(slot.attempts == 2)
        #expect(slot.disposition == .held)
        #expect(slot.reason.contains("which had been taken for absent"))
        #expect(fixture.simulator.sandbox.runs.count == 2)
        // A list showed the run before its slot was held for it: a possible duplicate until a person
        // gives it to the slot.
        let run = try #require(fixture.simulator.sandbox.runs.last).id
        #expect(try fixture.alarms(.possibleDuplicate) == ["p1 \(run)"])
        fixture.simulator.command(.resolve(slotID: slot.slotID, .run(id: run)))
        try fixture.run(untilMinute: 44, second: 1)
        #expect(fixture.simulator.replies.map(\.exitCode) == [0])
        #expect(try fixture.alarms(.possibleDuplicate) == [])
        #expect(try fixture.alarms(.undecided) == [])
    }
}
