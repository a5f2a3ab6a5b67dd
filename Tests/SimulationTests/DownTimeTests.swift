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
        _ theatre: Theatre, atMinute minute: Int64, before: Int64 = 10
    ) throws {
        let world = theatre.world
        try world.boot()
        try theatre.run(untilMinute: before)
        let copy = world.path + "-copy"
        try world.inspect { try $0.copy(to: copy) }
        try theatre.run(untilMinute: minute)
        world.kill()
        world.path = copy
        try world.boot()
    }

    @Test func anOlderLedgerPutBackStartsNothingAgainThoughItIsOnTime() throws {
        let theatre = try Theatre([Theatre.schedule { $0.overlap = .allow }])
        try putBack(theatre, atMinute: 20)
        try theatre.run(untilMinute: 25)
        // The ledger knows no user of ours yet: an unknown one counts as ours.
        #expect(try theatre.told() == "15 held")
        #expect(theatre.world.starts.count == 1)
        let slot = try #require(try theatre.slots().first)
        #expect(slot.reason.contains("no slot claims it"))
    }

    @Test func aPersonDecidesAndTheNextSlotIsNotHeld() throws {
        let theatre = try Theatre([Theatre.schedule { $0.overlap = .allow }])
        try putBack(theatre, atMinute: 20)
        try theatre.run(untilMinute: 22)
        let held = try #require(try theatre.slots().first)
        theatre.world.command(.resolve(slotID: held.slotID, .start))
        try theatre.run(untilMinute: 32)
        #expect(try theatre.told() == "15 started, 30 started")
    }

    @Test func aShortDownTimeWithoutSuchARunHoldsNothing() throws {
        let theatre = try Theatre()
        try theatre.world.boot()
        try theatre.run(untilMinute: 14)
        theatre.world.kill()
        theatre.rest(untilMinute: 16)
        try theatre.world.boot()
        try theatre.run(untilMinute: 18)
        #expect(try theatre.told() == "15 started")
        try theatre.check()
    }

    @Test func aSlotThatFollowsAnotherIsNotStartedAgainEither() throws {
        let chain = Theatre.schedule("chain", process: "p2") {
            $0.trigger = .after(AfterRule(upstreams: ["s"], on: .end, withinMilliseconds: nil))
            $0.ruleSource = "after s"
            $0.overlap = .allow
        }
        let theatre = try Theatre([Theatre.schedule(every: 60), chain], runMinutes: 2...2)
        // Started at 06:00 and ended at 06:02, when the chain started; the copy is of 06:01.
        try putBack(theatre, atMinute: 70, before: 61)
        try theatre.run(untilMinute: 75)
        #expect(theatre.world.starts.count == 2)
        #expect(try theatre.slots("chain").map(\.disposition) == [.held])
    }

    @Test func withoutALookTheSlotWaitsAndIsThenAPersonsToDecide() throws {
        let theatre = try Theatre([Theatre.schedule(every: 60) { $0.overlap = .allow }])
        try theatre.world.boot()
        try theatre.run(untilMinute: 59)
        theatre.world.kill()
        theatre.world.sandbox.inject(
            FaultRule(.listing(.without(process: "p1")), operation: "listProcesses"))
        theatre.rest(untilMinute: 61)
        try theatre.world.boot()
        try theatre.run(untilMinute: 70)
        #expect(try theatre.told() == "60 pending")
        try theatre.run(untilMinute: 110)
        #expect(try theatre.told() == "60 held")
        #expect(theatre.world.starts.isEmpty)
    }

    @Test func aStepForwardIsDownTimeForThisToo() throws {
        // A machine put back to an earlier state: its clock jumps to the true time.
        let theatre = try Theatre([Theatre.schedule { $0.overlap = .allow }])
        let world = theatre.world
        world.stepClock(byMilliseconds: -100_000)
        try world.boot()
        try theatre.run(untilMinute: 15, second: 30)
        // Our clock shows 05:13:50; the machine's other life has started the slot of 05:15.
        _ = world.sandbox.startByPerson(
            process: "p1", user: world.sandbox.scenario.clients[0].user, at: world.time)
        world.stepClock(byMilliseconds: 100_000)
        try theatre.run(untilMinute: 18)
        #expect(try theatre.told() == "0 started, 15 held")
        #expect(world.starts.count == 1)
    }

    @Test(arguments: [MissedPolicy.latest, .skip, .all])
    func aSlotStillOnTimeBySpreadIsNeitherMissedNorCoalesced(missed: MissedPolicy) throws {
        // Up to 14 minutes of spread: at 05:00 plus the share of the second slot, it is not due yet.
        let schedule = Theatre.schedule {
            $0.missed = missed
            $0.overlap = .allow
            $0.spreadMilliseconds = 14 * 60_000
        }
        let theatre = try Theatre([schedule])
        let world = theatre.world
        try world.boot()
        try theatre.run(untilMinute: 10)
        world.kill()
        func due(_ minute: Int64) -> Instant {
            schedule.dueAt(of: Instant(seconds: 1_795_496_400 + minute * 60))
        }
        // Between a slot's due_at and the next one's there is a moment after the next slot_at.
        let minute = try #require(
            stride(from: Int64(15), to: 600, by: 15).first {
                due($0 + 15) > Instant(seconds: 1_795_496_400 + ($0 + 15) * 60 + 120)
            })
        world.rest(until: Instant(seconds: 1_795_496_400 + (minute + 15) * 60 + 60))
        try world.boot()
        try world.run(until: due(minute + 15).adding(milliseconds: 120_000))
        let slots = try theatre.slots().suffix(2)
        #expect(slots.map(\.disposition) == [.started, .started])
        #expect(slots.map(\.isLate) == [false, false])
    }

    @Test func aSlotThatWaitedForALookIsWokenAtTheStart() throws {
        let theatre = try Theatre { scenario in
            scenario.faults = [
                FaultRule(.listing(.without(process: "p1")), operation: "listProcesses")
            ]
        }
        let world = theatre.world
        try world.boot()
        try theatre.run(untilMinute: 15, second: 3)
        #expect(try theatre.told() == "15 pending")
        world.kill()
        world.sandbox.removeFaults()
        try world.boot()
        try theatre.run(untilMinute: 15, second: 7)
        #expect(try theatre.told() == "15 started")
    }

    @Test func aClockADayAheadMakesNoManualSlotMissed() throws {
        let theatre = try Theatre([Theatre.schedule(every: 1440)])
        let world = theatre.world
        try world.boot()
        try theatre.run(untilMinute: 1)
        world.command(.trigger(schedule: "s", uuid: "u", force: false, reason: ""))
        world.command(.drain(reason: "so that it waits"))
        try theatre.run(untilMinute: 2)
        world.stepClock(byMilliseconds: 86_400_000)
        world.command(.resume(schedule: nil))
        try theatre.run(untilMinute: 4)
        func manual() throws -> [SlotRow] { try theatre.slots().filter { $0.kind == .manual } }
        #expect(try manual().map(\.disposition) == [.pending])
        let lists = theatre.requests("listProcesses")
        world.stepClock(byMilliseconds: -86_400_000)
        try theatre.run(untilMinute: 4, second: 20)
        // A look at once, and it is due now, not tomorrow.
        #expect(theatre.requests("listProcesses") > lists)
        #expect(try manual().map(\.disposition) == [.started])
        #expect(try manual().map { $0.slotAt <= world.wall } == [true])
    }
}
