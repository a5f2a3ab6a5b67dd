import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Rule 20 of docs/protocol.md where what is made up for may have been started, or be still to come; and
/// what a make-up is to the slots of its day.
@Suite struct MakeUpDoubtTests {
    private func rule(_ fixture: Fixture) throws -> [SlotRow] {
        try fixture.slots().filter { $0.kind == .rule }
    }

    /// A ledger as of 05:50 that is put back at 13:20; the slot of 06:00 was started by its other life.
    private static func putBack(
        _ edit: (inout Schedule) -> Void = { _ in }
    ) throws -> Fixture {
        let schedule = Fixture.schedule(every: 60) {
            $0.missed = .skip
            $0.startWithinMilliseconds = 600_000
            edit(&$0)
        }
        let fixture = try Fixture([schedule], runMinutes: 1...1)
        let simulator = fixture.simulator
        try simulator.boot()
        try fixture.run(untilMinute: 50)
        let copy = simulator.path + "-copy"
        try simulator.inspect { try $0.copy(to: copy) }
        try fixture.run(untilMinute: 65)
        #expect(simulator.starts.count == 1)
        simulator.kill()
        simulator.path = copy
        fixture.rest(untilMinute: 500)
        try simulator.boot()
        try fixture.run(untilMinute: 501)
        return fixture
    }

    @Test(arguments: [false, true])
    func whatAnotherLifeHasStartedIsHeldUnlessAPersonInsists(force: Bool) throws {
        let fixture = try Self.putBack()
        #expect(try rule(fixture).map(\.disposition) == Array(repeating: .missed, count: 8))
        fixture.makeUp(minute: 60, force: force)
        try fixture.run(untilMinute: 510)
        #expect(try fixture.manual().map(\.disposition) == [force ? .started : .held])
        #expect(fixture.simulator.starts.count == (force ? 2 : 1))
        let attention = try fixture.ask("SELECT sentence FROM attention WHERE kind = 'held'")
        #expect(attention.count == (force ? 0 : 1))
        #expect(attention.allSatisfy { $0.contains("no slot claims it") })
    }

    @Test func aLaterRunThatHidesTheOtherLifesRunMakesNoDifference() throws {
        let fixture = try Self.putBack()
        // The slot of 14:00 starts, on a look that has shown the run of 06:00.
        try fixture.run(untilMinute: 545)
        #expect(fixture.simulator.starts.count == 2)
        fixture.makeUp(minute: 60)
        fixture.simulator.command(
            .backfill(
                schedule: "s", from: Fixture.minute(120), through: Fixture.minute(480),
                takesSkipped: true, reason: ""))
        try fixture.run(untilMinute: 580)
        let slots = try fixture.manual()
        #expect(slots.first?.disposition == .held)
        // Nothing was started since these were due but what other slots have.
        #expect(slots.dropFirst().allSatisfy { $0.disposition == .started })
        #expect(slots.count == 8)
    }

    @Test func withoutALookNothingIsMadeUpFor() throws {
        let fixture = try Self.putBack()
        fixture.simulator.sandbox.inject(
            FaultRule(.listing(.without(process: "p1")), operation: "listProcesses"))
        try fixture.run(untilMinute: 503)
        fixture.makeUp(minute: 120)
        try fixture.run(untilMinute: 509)
        #expect(try fixture.manual().map(\.disposition) == [.pending])
        try fixture.run(untilMinute: 515)
        #expect(try fixture.manual().map(\.disposition) == [.held])
        #expect(fixture.simulator.starts.count == 1)
    }

    @Test func aSlotThatComesAgainByTheRightClockIsNotMadeUpForToo() throws {
        let fixture = try Fixture([Fixture.schedule(every: 60)], runMinutes: 1...1)
        let simulator = fixture.simulator
        try simulator.boot()
        try fixture.run(untilMinute: 5)
        simulator.command(.pause(schedule: "s", until: nil, reason: ""))
        try fixture.run(untilMinute: 6)
        simulator.stepClock(byMilliseconds: 7_200_000)
        try fixture.run(untilMinute: 7)
        #expect(try fixture.told() == "60 skipped, 120 skipped")
        simulator.command(.resume(schedule: "s"))
        fixture.makeUp(minute: 60)
        try fixture.run(untilMinute: 8)
        #expect(try fixture.manual().map(\.disposition) == [.pending])
        simulator.stepClock(byMilliseconds: -7_200_000)
        try fixture.run(untilMinute: 20)
        let made = try #require(try fixture.manual().first)
        #expect(made.disposition == .cancelled)
        #expect(made.reason.contains("still to come"))
        try fixture.run(untilMinute: 62)
        #expect(try rule(fixture).map(\.disposition) == [.started])
        #expect(simulator.starts.count == 1)
        try fixture.check()
    }

    @Test func theSecondMakeUpKnowsOfTheFirstOnesAttempt() throws {
        let fixture = try Fixture(
            [
                Fixture.schedule(every: 60) {
                    $0.overlap = .allow
                    $0.retry.maxAttempts = 1
                }
            ], runMinutes: 1...1)
        let simulator = fixture.simulator
        try simulator.boot()
        simulator.command(.pause(schedule: "s", until: nil, reason: ""))
        try fixture.run(untilMinute: 61)
        simulator.command(.resume(schedule: "s"))
        fixture.makeUp(minute: 60)
        // It acts ten minutes after its answer was lost, long after it was taken for absent.
        simulator.sandbox.inject(
            .next(.lostAfter(actsAfterMilliseconds: 600_000), operation: "runProcess"))
        try fixture.run(untilMinute: 69)
        #expect(try fixture.manual().map(\.disposition) == [.expired])
        simulator.sandbox.inject(
            FaultRule(.listing(.without(process: "p1")), operation: "listProcesses"))
        try fixture.run(untilMinute: 70)
        fixture.makeUp(minute: 60, uuid: "v")
        try fixture.run(untilMinute: 75)
        simulator.sandbox.removeFaults()
        try fixture.run(untilMinute: 80)
        #expect(try fixture.manual().map(\.disposition) == [.expired, .held])
        #expect(try fixture.manual().last?.reason.contains("had been taken for absent") == true)
        #expect(simulator.sandbox.runs.count == 1)
    }

    // MARK: What it is to the slots of its day (rule 9)

    /// The slots of 06:00, 07:00 and 08:00 were skipped, since the schedule was paused.
    private static func skipped(_ overlap: OverlapPolicy, runMinutes: Int64) throws -> Fixture {
        let fixture = try Fixture(
            [Fixture.schedule(every: 60) { $0.overlap = overlap }],
            runMinutes: runMinutes...runMinutes)
        try fixture.simulator.boot()
        fixture.simulator.command(.pause(schedule: "s", until: nil, reason: ""))
        try fixture.run(untilMinute: 181)
        fixture.simulator.command(.resume(schedule: "s"))
        return fixture
    }

    /// Two runs of 25 minutes have room between two slots; those of 35 minutes haven't, so that slots wait
    /// for the run of a make-up.
    @Test(arguments: [OverlapPolicy.skip, .queue], [25, 35])
    func aRangeThatIsMadeUpForTakesNoSlotOfItsDay(
        overlap: OverlapPolicy, runMinutes: Int64
    ) throws {
        let fixture = try Self.skipped(overlap, runMinutes: runMinutes)
        fixture.simulator.command(
            .backfill(
                schedule: "s", from: Fixture.minute(0), through: Fixture.minute(180),
                takesSkipped: true,
                reason: ""))
        try fixture.run(untilMinute: 242)
        let due = try #require(try rule(fixture).last)
        #expect(due.slotAt == Fixture.minute(240))
        #expect(due.disposition == (runMinutes == 35 ? .pending : .started))
        try fixture.run(untilMinute: 600)
        let rule = try rule(fixture).filter { $0.slotAt > Fixture.minute(200) }
        #expect(rule.count == 7)
        // The last one may still wait for the run before it, and with "queue" each takes its place.
        #expect(rule.allSatisfy { $0.disposition != .skipped && $0.disposition != .expired })
        #expect(try fixture.manual().map(\.disposition) == [.started, .started, .started])
        try fixture.check()
    }

    @Test(arguments: [OverlapPolicy.skip, .queue])
    func aMakeUpLetsTheSlotThatIsSoonDueGoFirst(overlap: OverlapPolicy) throws {
        let fixture = try Self.skipped(overlap, runMinutes: 10)
        try fixture.run(untilMinute: 238)
        fixture.makeUp(minute: 120)
        try fixture.run(untilMinute: 239)
        let made = try #require(try fixture.manual().first)
        #expect(made.disposition == .pending)
        #expect(made.reason.contains("lets s@2026-11-24T09:00:00Z go first"))
        try fixture.run(untilMinute: 270)
        #expect(try fixture.manual().map(\.disposition) == [.started])
        let first = try #require(try rule(fixture).last)
        #expect(fixture.simulator.starts.map(\.slotID) == [first.slotID, made.slotID])
        try fixture.check()
    }

    @Test func ofAnotherScheduleOnTheProcessToo() throws {
        let other = Fixture.schedule("t", every: 60)
        let fixture = try Fixture(
            [Fixture.schedule(every: 1440), other], runMinutes: 10...10)
        let simulator = fixture.simulator
        try simulator.boot()
        simulator.command(.pause(schedule: "s", until: nil, reason: ""))
        try fixture.run(untilMinute: 1141)
        simulator.command(.resume(schedule: "s"))
        try fixture.run(untilMinute: 1198)
        fixture.makeUp(minute: 1140)
        try fixture.run(untilMinute: 1199)
        #expect(try fixture.manual().map(\.disposition) == [.pending])
        try fixture.run(untilMinute: 1230)
        #expect(try fixture.manual().map(\.disposition) == [.started])
        #expect(try fixture.slots("t").allSatisfy { $0.disposition == .started })
        try fixture.check()
    }

    /// However close the rule's slots are: between two of them there is a turn for it.
    @Test func slotsAtEachFiveMinutesLeaveTimeForIt() throws {
        let fixture = try Fixture([Fixture.schedule(every: 5)], runMinutes: 1...1)
        try fixture.simulator.boot()
        fixture.simulator.command(.pause(schedule: "s", until: nil, reason: ""))
        try fixture.run(untilMinute: 22)
        fixture.simulator.command(.resume(schedule: "s"))
        fixture.simulator.command(
            .backfill(
                schedule: "s", from: Fixture.minute(0), through: Fixture.minute(20),
                takesSkipped: true,
                reason: ""))
        try fixture.run(untilMinute: 59)
        #expect(
            try fixture.manual().map(\.disposition) == [.started, .started, .started, .started])
        let due = try rule(fixture).filter { $0.slotAt > Fixture.minute(22) }
        #expect(due.count == 7)
        #expect(due.allSatisfy { $0.disposition == .started })
        try fixture.check()
    }
}
