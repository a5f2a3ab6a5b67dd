import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Rule 20 of docs/protocol.md: what came to nothing is made up for, once.
@Suite struct MakeUpTests {
    /// The slots of 05:15 to 06:00 were skipped, since the schedule was paused.
    private static func skipped(
        _ edit: (inout Schedule) -> Void = { _ in }, runMinutes: ClosedRange<Int64> = 1...1
    ) throws -> Fixture {
        let fixture = try Fixture([Fixture.schedule(edit: edit)], runMinutes: runMinutes)
        try fixture.simulator.boot()
        fixture.simulator.command(.pause(schedule: "s", until: nil, reason: ""))
        try fixture.run(untilMinute: 61)
        fixture.simulator.command(.resume(schedule: "s"))
        try fixture.run(untilMinute: 62)
        #expect(try fixture.told() == "15 skipped, 30 skipped, 45 skipped, 60 skipped")
        return fixture
    }

    /// Asks for all that came to nothing from 05:00 on, skipped slots too.
    private func backfill(_ fixture: Fixture, throughMinute minute: Int64, reason: String = "") {
        fixture.simulator.command(
            .backfill(
                schedule: "s", from: Fixture.minute(0), through: Fixture.minute(minute),
                takesSkipped: true, reason: reason))
    }

    @Test func oneSlotIsMadeUpForOnceAndASecondTryNamesTheFirst() throws {
        let fixture = try Self.skipped()
        fixture.makeUp(minute: 30)
        try fixture.run(untilMinute: 64)
        let slot = try #require(try fixture.manual().first)
        #expect(slot.disposition == .started)
        #expect(slot.slotAt == Fixture.minute(30))
        #expect(
            try fixture.ask(
                "SELECT made.slot_id FROM history AS made JOIN history AS old "
                    + "ON old.slot_id = made.makes_up_slot_id AND old.slot_at = made.slot_at "
                    + "AND old.kind = 'rule'") == [String(slot.slotID)])
        fixture.makeUp(minute: 30)
        fixture.makeUp(minute: 30, uuid: "another")
        try fixture.run(untilMinute: 70)
        let replies = fixture.simulator.replies.suffix(2)
        #expect(replies.map(\.exitCode) == [0, 4])
        #expect(replies.last?.slotID == slot.slotID)
        #expect(
            replies.last?.message.contains("slot \(slot.slotID) makes up for it already") == true)
        #expect(fixture.simulator.sandbox.runs.count == 1)
        try fixture.check()
    }

    @Test func whatStartedOrIsInDoubtIsRefused() throws {
        let fixture = try Fixture([Fixture.schedule { $0.overlap = .allow }], runMinutes: 1...1)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 29)
        fixture.simulator.sandbox.inject(.next(.lostBefore, operation: "runProcess"))
        try fixture.run(untilMinute: 31)
        #expect(try fixture.told() == "15 started, 30 unknown")
        fixture.makeUp(minute: 15)
        fixture.makeUp(minute: 30, uuid: "v")
        fixture.makeUp(minute: 45, uuid: "w")
        fixture.makeUp(minute: 44, uuid: "z")
        try fixture.run(untilMinute: 32)
        let replies = fixture.simulator.replies
        #expect(replies.map(\.exitCode) == [4, 4, 3, 3])
        #expect(replies[0].message.contains("it has its run"))
        #expect(replies[1].message.contains("it is still unknown"))
        #expect(replies[2].message.contains("is still to come"))
        #expect(replies[3].message.contains("had no slot at 2026-11-24T05:44:00Z"))
        #expect(try fixture.manual().isEmpty)
    }

    @Test func itHasTheNameOfItsOwnDate() throws {
        let fixture = try Fixture(
            [Fixture.schedule { $0.process = .name(pattern: "Close {yyyy}-{MM}-{dd}") }]
        ) { scenario in
            scenario.processes[0].name = "Close 2026-11-24"
            scenario.processes[1].name = "Close 2026-11-25"
        }
        try fixture.simulator.boot()
        fixture.simulator.command(.pause(schedule: "s", until: nil, reason: ""))
        try fixture.run(untilMinute: 24 * 60 + 1)
        fixture.simulator.command(.resume(schedule: "s"))
        fixture.makeUp(minute: 30)
        try fixture.run(untilMinute: 24 * 60 + 5)
        #expect(fixture.simulator.sandbox.runs.map(\.process) == ["p1"])
        #expect(try fixture.manual().map(\.processID) == ["p1"])
        try fixture.check()
    }

    @Test(arguments: [OverlapPolicy.skip, .queue, .allow])
    func aRangeStartsOneAfterAnotherAndIsTold(overlap: OverlapPolicy) throws {
        let fixture = try Self.skipped({ $0.overlap = overlap }, runMinutes: 2...2)
        backfill(fixture, throughMinute: 60, reason: "catching up")
        try fixture.run(untilMinute: 74)
        #expect(
            try fixture.manual().map(\.disposition) == [.started, .started, .started, .started])
        let starts = fixture.simulator.starts.map(\.at)
        #expect(zip(starts, starts.dropFirst()).allSatisfy { $1.since($0) >= 2_000 })
        #expect(
            try fixture.ask("SELECT kind, words FROM events WHERE kind = 'backfill'").count == 1)
        #expect(
            try fixture.ask("SELECT detail FROM audit WHERE action = 'backfill'") == [
                "4 slots from 2026-11-24T05:15:00Z to 2026-11-24T06:00:00Z made up for"
            ])
        // Once more finds nothing left to do.
        backfill(fixture, throughMinute: 60)
        try fixture.run(untilMinute: 75, second: 30)
        #expect(fixture.simulator.replies.last?.message.hasPrefix("nothing to make up for") == true)
        try fixture.check()
    }

    @Test func aDeathALostAnswerAndARestartInTheMiddleMakeNoSecondRun() throws {
        let fixture = try Self.skipped(runMinutes: 3...3)
        backfill(fixture, throughMinute: 60)
        fixture.simulator.sandbox.inject(.next(.lostAfter(), operation: "runProcess"))
        try fixture.run(untilMinute: 62, second: 20)
        fixture.simulator.kill()
        fixture.rest(untilMinute: 64)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 70)
        fixture.simulator.kill()
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 100)
        let slots = try fixture.manual()
        #expect(slots.map(\.disposition) == [.started, .started, .started, .started])
        let rule = try fixture.slots().filter { $0.kind == .rule && $0.disposition == .started }
        #expect(fixture.simulator.sandbox.runs.count == 4 + rule.count)
        try fixture.check()
    }

    @Test func aReloadThatRemovesTheScheduleCancelsWhatWaits() throws {
        let fixture = try Self.skipped(runMinutes: 30...30)
        backfill(fixture, throughMinute: 60)
        try fixture.run(untilMinute: 65)
        fixture.simulator.reload(Fixture.configuration([], hash: "2"))
        try fixture.run(untilMinute: 66)
        #expect(
            try fixture.manual().map(\.disposition) == [
                .started, .cancelled, .cancelled, .cancelled,
            ])
        try fixture.check()
    }

    @Test func aRangeThatIsTooLongIsRefusedWhole() throws {
        let fixture = try Fixture([Fixture.schedule(every: 1)])
        try fixture.simulator.boot()
        fixture.simulator.command(.pause(schedule: "s", until: nil, reason: ""))
        try fixture.run(untilMinute: 120)
        backfill(fixture, throughMinute: 110)
        try fixture.run(untilMinute: 121)
        #expect(fixture.simulator.replies.last?.exitCode == 2)
        #expect(fixture.simulator.replies.last?.message.contains("at most 100 go at once") == true)
        #expect(try fixture.manual().isEmpty)
    }

    @Test func aRangeLeavesSkippedSlotsAloneAndNothingStartsWhatWasDone() throws {
        let fixture = try Self.skipped()
        fixture.simulator.command(
            .backfill(
                schedule: "s", from: Fixture.minute(0), through: Fixture.minute(60),
                takesSkipped: false,
                reason: ""))
        try fixture.run(untilMinute: 63)
        #expect(fixture.simulator.replies.last?.message.hasPrefix("nothing to make up for") == true)
        let done = try Fixture(
            [Fixture.schedule { $0.unlessDone = UnlessDone() }], runMinutes: 1...1)
        try done.simulator.boot()
        try done.run(untilMinute: 20)
        done.simulator.sandbox.startByPerson(process: "p1", user: "ann", at: done.simulator.time)
        try done.run(untilMinute: 31)
        #expect(try done.told() == "15 started, 30 skipped")
        done.simulator.command(
            .backfill(
                schedule: "s", from: Fixture.minute(0), through: Fixture.minute(31),
                takesSkipped: true,
                reason: ""))
        done.makeUp(minute: 30)
        try done.run(untilMinute: 33)
        #expect(done.simulator.replies.suffix(2).map(\.exitCode) == [0, 4])
        #expect(done.simulator.replies.last?.message.contains("had done its work") == true)
        #expect(done.simulator.sandbox.runs.count == 2)
    }

    @Test func aRunThatCameAfterItsSlotExpiredIsNotMadeASecondTime() throws {
        let fixture = try Fixture(
            [
                Fixture.schedule(every: 60) {
                    $0.overlap = .allow
                    $0.retry.maxAttempts = 1
                }
            ], runMinutes: 1...1)
        try fixture.simulator.boot()
        // It acts ten minutes after its answer was lost, long after it was taken for absent.
        fixture.simulator.sandbox.inject(
            .next(.lostAfter(actsAfterMilliseconds: 600_000), operation: "runProcess"))
        try fixture.run(untilMinute: 80)
        #expect(try fixture.told() == "60 expired")
        fixture.makeUp(minute: 60)
        backfill(fixture, throughMinute: 60)
        try fixture.run(untilMinute: 85)
        #expect(fixture.simulator.sandbox.runs.count == 1)
        #expect(try fixture.slots().allSatisfy { $0.disposition != .started })
    }

    @Test func aClockThatIsSetLeavesTheInstantOfWhatIsMadeUpFor() throws {
        let fixture = try Self.skipped(runMinutes: 30...30)
        backfill(fixture, throughMinute: 60)
        try fixture.run(untilMinute: 64)
        fixture.simulator.stepClock(byMilliseconds: -30_000)
        try fixture.run(untilMinute: 65)
        #expect(
            try fixture.manual().map(\.slotAt) == [15, 30, 45, 60].map { Fixture.minute($0) })
    }

    /// A later start is no reason to forget the date that somebody asked for.
    @Test func whatWasNotMadeUpForIsToldUntilItIsOrSomebodyHasSeenIt() throws {
        let fixture = try Self.skipped {
            $0.overlap = .allow
            $0.retry.maxAttempts = 1
        }
        func told(of view: String = "attention_all") throws -> [String] {
            try fixture.ask("SELECT id || ' ' || command FROM \(view) WHERE id LIKE 'not-made%'")
        }
        fixture.simulator.sandbox.inject(.next(.lostBefore, operation: "runProcess"))
        fixture.makeUp(minute: 15)
        try fixture.run(untilMinute: 77)
        #expect(try fixture.manual().map(\.disposition) == [.expired])
        #expect(try fixture.told().hasSuffix("75 started"))
        let row = "not-made-up/s carillon trigger s --slot 2026-11-24T05:15:00Z"
        #expect(try told() == [row])
        fixture.simulator.kill()
        try fixture.simulator.boot()
        #expect(try told(of: "attention") == [row])
        fixture.simulator.command(.acknowledge(id: "not-made-up/s", until: nil, reason: "seen"))
        try fixture.run(untilMinute: 79)
        #expect(try told(of: "attention") == [])
        #expect(try told() == [row])
        // A second try that is withdrawn leaves the date as it was.
        fixture.simulator.sandbox.inject(
            FaultRule(.unreachable(isCertificate: false)))
        fixture.makeUp(minute: 15, uuid: "w")
        try fixture.run(untilMinute: 80)
        let second = try #require(try fixture.manual().last)
        #expect(try second.disposition == .pending && told() == [])
        let configuration = fixture.simulator.configuration
        var off = configuration
        off.contentHash = "off"
        for index in off.schedules.indices { off.schedules[index].enabled = false }
        fixture.simulator.reload(off)
        fixture.simulator.sandbox.removeFaults()
        try fixture.run(untilMinute: 81)
        fixture.simulator.reload(configuration)
        try fixture.run(untilMinute: 82)
        #expect(try fixture.slots().first { $0.slotID == second.slotID }?.disposition == .cancelled)
        #expect(try told() == [row])
        fixture.makeUp(minute: 15, uuid: "v")
        try fixture.run(untilMinute: 95)
        #expect(
            try fixture.manual().map(\.disposition) == [.expired, .cancelled, .started])
        #expect(try told() == [])
        try fixture.check()
    }
}
