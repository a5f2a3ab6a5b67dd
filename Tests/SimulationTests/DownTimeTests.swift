import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// What was due while this ledger was not looked after: somebody else may have started it (rule 13).
@Suite struct DownTimeTests {
    /// A ledger that is put back as it was at 05:10, after the slot of 05:15 was started.
    private func putBack(
        _ fixture: Fixture, atMinute minute: Int64, before: Int64 = 10
    ) throws {
        let simulator = fixture.simulator
        try simulator.boot()
        try fixture.run(untilMinute: before)
        let copy = simulator.path + "-copy"
        try simulator.inspect { try $0.copy(to: copy) }
        try fixture.run(untilMinute: minute)
        simulator.kill()
        simulator.path = copy
        try simulator.boot()
    }

    @Test func anOlderLedgerPutBackStartsNothingAgainThoughItIsOnTime() throws {
        let fixture = try Fixture([Fixture.schedule { $0.overlap = .allow }])
        try putBack(fixture, atMinute: 20)
        try fixture.run(untilMinute: 25)
        // The ledger knows no user of ours yet: an unknown one counts as ours.
        #expect(try fixture.told() == "15 held")
        #expect(fixture.simulator.starts.count == 1)
        let slot = try #require(try fixture.slots().first)
        #expect(slot.reason.contains("no slot claims it"))
    }

    @Test func aPersonDecidesAndTheNextSlotIsNotHeld() throws {
        let fixture = try Fixture([Fixture.schedule { $0.overlap = .allow }])
        try putBack(fixture, atMinute: 20)
        try fixture.run(untilMinute: 22)
        let held = try #require(try fixture.slots().first)
        fixture.simulator.command(.resolve(slotID: held.slotID, .start))
        try fixture.run(untilMinute: 32)
        #expect(try fixture.told() == "15 started, 30 started")
    }

    @Test func aShortDownTimeWithoutSuchARunHoldsNothing() throws {
        let fixture = try Fixture()
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 14)
        fixture.simulator.kill()
        fixture.rest(untilMinute: 16)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 18)
        #expect(try fixture.told() == "15 started")
        try fixture.check()
    }

    @Test func aSlotThatFollowsAnotherIsNotStartedAgainEither() throws {
        let chain = Fixture.schedule("chain", process: "p2") {
            $0.trigger = .after(AfterRule(upstreams: ["s"], on: .end, withinMilliseconds: nil))
            $0.ruleSource = "after s"
            $0.overlap = .allow
        }
        let fixture = try Fixture([Fixture.schedule(every: 60), chain], runMinutes: 2...2)
        // Started at 06:00 and ended at 06:02, when the chain started; the copy is of 06:01.
        try putBack(fixture, atMinute: 70, before: 61)
        try fixture.run(untilMinute: 75)
        #expect(fixture.simulator.starts.count == 2)
        #expect(try fixture.slots("chain").map(\.disposition) == [.held])
    }

    @Test func withoutALookTheSlotWaitsAndIsThenAPersonsToDecide() throws {
        let fixture = try Fixture([Fixture.schedule(every: 60) { $0.overlap = .allow }])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 59)
        fixture.simulator.kill()
        fixture.simulator.sandbox.inject(
            FaultRule(.listing(.without(process: "p1")), operation: "listProcesses"))
        fixture.rest(untilMinute: 61)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 70)
        #expect(try fixture.told() == "60 pending")
        try fixture.run(untilMinute: 110)
        #expect(try fixture.told() == "60 held")
        #expect(fixture.simulator.starts.isEmpty)
    }

    @Test func aStepForwardIsDownTimeForThisToo() throws {
        // A machine put back to an earlier state: its clock jumps to the true time.
        let fixture = try Fixture([Fixture.schedule { $0.overlap = .allow }])
        let simulator = fixture.simulator
        simulator.stepClock(byMilliseconds: -100_000)
        try simulator.boot()
        try fixture.run(untilMinute: 15, second: 30)
        // Our clock shows 05:13:50; the machine's other life has started the slot of 05:15.
        _ = simulator.sandbox.startByPerson(
            process: "p1", user: simulator.sandbox.scenario.clients[0].user, at: simulator.time)
        simulator.stepClock(byMilliseconds: 100_000)
        try fixture.run(untilMinute: 18)
        #expect(try fixture.told() == "0 started, 15 held")
        #expect(simulator.starts.count == 1)
    }

    @Test(arguments: [MissedPolicy.latest, .skip, .all])
    func aSlotStillOnTimeBySpreadIsNeitherMissedNorCoalesced(missed: MissedPolicy) throws {
        // Up to 14 minutes of spread: at 05:00 plus the share of the second slot, it is not due yet.
        let schedule = Fixture.schedule {
            $0.missed = missed
            $0.overlap = .allow
            $0.spreadMilliseconds = 14 * 60_000
        }
        let fixture = try Fixture([schedule])
        let simulator = fixture.simulator
        try simulator.boot()
        try fixture.run(untilMinute: 10)
        simulator.kill()
        func due(_ minute: Int64) -> Instant {
            schedule.dueAt(of: Instant(seconds: 1_795_496_400 + minute * 60))
        }
        // Between a slot's due_at and the next one's there is a moment after the next slot_at.
        let minute = try #require(
            stride(from: Int64(15), to: 600, by: 15).first {
                due($0 + 15) > Instant(seconds: 1_795_496_400 + ($0 + 15) * 60 + 120)
            })
        simulator.rest(until: Instant(seconds: 1_795_496_400 + (minute + 15) * 60 + 60))
        try simulator.boot()
        try simulator.run(until: due(minute + 15).adding(milliseconds: 120_000))
        let slots = try fixture.slots().suffix(2)
        #expect(slots.map(\.disposition) == [.started, .started])
        #expect(slots.map(\.isLate) == [false, false])
    }

    @Test func aSlotThatWaitedForALookIsWokenAtTheStart() throws {
        let fixture = try Fixture { scenario in
            scenario.faults = [
                FaultRule(.listing(.without(process: "p1")), operation: "listProcesses")
            ]
        }
        let simulator = fixture.simulator
        try simulator.boot()
        try fixture.run(untilMinute: 15, second: 3)
        #expect(try fixture.told() == "15 pending")
        simulator.kill()
        simulator.sandbox.removeFaults()
        try simulator.boot()
        try fixture.run(untilMinute: 15, second: 7)
        #expect(try fixture.told() == "15 started")
    }

    @Test func aClockADayAheadMakesNoManualSlotMissed() throws {
        let fixture = try Fixture([Fixture.schedule(every: 1440)])
        let simulator = fixture.simulator
        try simulator.boot()
        try fixture.run(untilMinute: 1)
        simulator.command(.trigger(schedule: "s", uuid: "u", force: false, reason: ""))
        simulator.command(.drain(reason: "so that it waits"))
        try fixture.run(untilMinute: 2)
        simulator.stepClock(byMilliseconds: 86_400_000)
        simulator.command(.resume(schedule: nil))
        try fixture.run(untilMinute: 4)
        func manual() throws -> [SlotRow] { try fixture.slots().filter { $0.kind == .manual } }
        #expect(try manual().map(\.disposition) == [.pending])
        let lists = fixture.requests("listProcesses")
        simulator.stepClock(byMilliseconds: -86_400_000)
        try fixture.run(untilMinute: 4, second: 20)
        // A look at once, and it is due now, not tomorrow.
        #expect(fixture.requests("listProcesses") > lists)
        #expect(try manual().map(\.disposition) == [.started])
        #expect(try manual().map { $0.slotAt <= simulator.wall } == [true])
    }
}
