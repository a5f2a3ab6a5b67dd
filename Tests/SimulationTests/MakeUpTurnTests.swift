import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Rules 9 and 20 of docs/protocol.md: make-ups and slots of the rule get their turns, or somebody is told.
@Suite struct MakeUpTurnTests {
    private func slots(
        _ fixture: Fixture, _ kind: SlotKind, of schedule: String = "s"
    ) throws -> [SlotRow] {
        try fixture.slots(schedule).filter { $0.kind == kind }
    }

    /// The first slot of `s` was skipped, since the schedule was paused.
    private static func skipped(
        _ schedules: [Schedule], runMinutes: Int64, untilMinute: Int64
    ) throws -> Fixture {
        let fixture = try Fixture(schedules, runMinutes: runMinutes...runMinutes)
        try fixture.simulator.boot()
        fixture.simulator.command(.pause(schedule: "s", until: nil, reason: ""))
        try fixture.run(untilMinute: untilMinute)
        fixture.simulator.command(.resume(schedule: "s"))
        return fixture
    }

    /// Slots come faster than `start_within`: none of them waits so long that it would say so itself.
    @Test(arguments: [OverlapPolicy.skip, .queue])
    func aRunThatIsLeftOpenDoesNotTakeSlotAfterSlotInSilence(overlap: OverlapPolicy) throws {
        let fixture = try Self.skipped(
            [Fixture.schedule { $0.overlap = overlap }], runMinutes: 20_000, untilMinute: 16)
        fixture.makeUp(minute: 15)
        // With "queue" nothing has started for start_within; with "skip" one slot is too late.
        try fixture.run(untilMinute: 74)
        #expect(try fixture.alarms(.overlap) == [])
        try fixture.run(untilMinute: 91)
        #expect(try fixture.alarms(.overlap) == ["s"])
        let ended = try slots(fixture, .rule).filter { (20...50).contains(Self.minutes($0)) }
        #expect(ended.map(\.disposition) == [.coalesced, .coalesced])
        let words = try fixture.ask("SELECT what_to_do FROM attention WHERE kind = 'overlap'")
        #expect(words.joined().contains("slots in a row from starting; close it in Workiva"))
        fixture.simulator.kill()
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 92)
        #expect(try fixture.alarms(.overlap) == ["s"])
        let run = try #require(try fixture.ask("SELECT run_id FROM process_runs").first)
        fixture.simulator.sandbox.setRunStatus(run, .complete, at: fixture.simulator.time)
        try fixture.run(untilMinute: 104)
        // With "skip" the slots that were on time still are in each other's way.
        let next = try fixture.ask("SELECT what_to_do FROM attention WHERE kind = 'overlap'")
        #expect(!next.joined().contains(run))
        #expect(overlap == .skip || next.isEmpty)
        try fixture.check()
    }

    private static func minutes(_ slot: SlotRow) -> Int64 {
        (slot.slotAt.seconds - 1_795_496_400) / 60
    }

    /// Coalescing is what a queue is for: a run of ordinary length makes nobody look.
    @Test func aQueueThatMovesIsNoTrouble() throws {
        let fixture = try Fixture(
            [Fixture.schedule(every: 5) { $0.overlap = .queue }], runMinutes: 22...22)
        try fixture.simulator.boot()
        for minute in stride(from: Int64(10), through: 100, by: 10) {
            try fixture.run(untilMinute: minute, second: 10)
            #expect(try fixture.alarms(.overlap) == [])
        }
        #expect(try fixture.told().contains("coalesced"))
        try fixture.check()
    }

    /// Two schedules of one process, half an hour from each other: no instant is far from both.
    @Test func betweenTheSlotsOfTwoSchedulesItGetsItsTurn() throws {
        let halfPast = FiringRule(kind: .cron(try CronRule("30 * * * *")), zone: .utc)
        let other = Fixture.schedule("t") { $0.trigger = .rule(halfPast) }
        let fixture = try Self.skipped(
            [Fixture.schedule(every: 60), other], runMinutes: 16, untilMinute: 61)
        try fixture.run(untilMinute: 145)
        fixture.makeUp(minute: 60)
        // For all of start_within it lets those go first whose runs its own would meet.
        try fixture.run(untilMinute: 184)
        #expect(try slots(fixture, .manual).map(\.disposition) == [.pending])
        try fixture.run(untilMinute: 201)
        #expect(try slots(fixture, .manual).map(\.disposition) == [.started])
        try fixture.run(untilMinute: 325)
        let due = try slots(fixture, .rule).dropFirst() + slots(fixture, .rule, of: "t")
        #expect(due.count { $0.disposition == .started } >= 8)
        #expect(due.allSatisfy { $0.disposition == .started })
        try fixture.check()
    }

    /// What can start only when a person has decided of a held slot is in nobody's way until then.
    @Test func whatWaitsForAPersonIsNotLetGoFirst() throws {
        let other = Fixture.schedule("t") { $0.maxRuns = 2 }
        let fixture = try Self.skipped(
            [Fixture.schedule(every: 60), other], runMinutes: 1, untilMinute: 10)
        try fixture.run(untilMinute: 29)
        // The process shows a run of another user, which may hide the lost one.
        fixture.simulator.sandbox.inject(.next(.lostBefore, operation: "runProcess"))
        try fixture.run(untilMinute: 30, second: 10)
        fixture.simulator.sandbox.startByPerson(
            process: "p1", user: "person", at: fixture.simulator.time)
        try fixture.run(untilMinute: 46)
        #expect(
            try slots(fixture, .rule, of: "t").map(\.disposition) == [.started, .held, .pending])
        fixture.simulator.command(.skip(schedule: "s", at: Fixture.minute(60), reason: ""))
        try fixture.run(untilMinute: 70)
        #expect(try fixture.told() == "60 skipped")
        fixture.makeUp(minute: 60)
        try fixture.run(untilMinute: 74)
        #expect(try slots(fixture, .manual).map(\.disposition) == [.started])
        let waiting = try slots(fixture, .rule, of: "t").dropFirst(2)
        #expect(!waiting.isEmpty && waiting.allSatisfy { $0.disposition == .pending })
        // The held one had no run after all: the last run is one of theirs, and goes first.
        let held = try slots(fixture, .rule, of: "t")[1]
        fixture.simulator.command(.resolve(slotID: held.slotID, .drop))
        try fixture.run(untilMinute: 80)
        #expect(try slots(fixture, .rule, of: "t").count { $0.disposition == .started } == 2)
        try fixture.check()
    }

    /// The cursor of the rule is past it already, and its time is still to come.
    @Test func aSlotThatIsBornButNotYetDueGoesFirst() throws {
        let other = Fixture.schedule("t", every: 60) { $0.spreadMilliseconds = 1_800_000 }
        let share = Int64(other.dueAt(of: Fixture.minute(1200)).since(Fixture.minute(1200)) / 1000)
        try #require(share > 240)
        let fixture = try Self.skipped(
            [Fixture.schedule(every: 1440), other], runMinutes: 10, untilMinute: 1141)
        try fixture.run(untilMinute: 1200, second: share - 120)
        #expect(try slots(fixture, .rule, of: "t").last?.disposition == .pending)
        fixture.makeUp(minute: 1140)
        try fixture.run(untilMinute: 1200, second: share - 60)
        let made = try #require(try slots(fixture, .manual).first)
        #expect(made.disposition == .pending)
        #expect(made.reason.contains("lets t@2026-11-25T01:00:00Z go first"))
        try fixture.run(untilMinute: 1255)
        #expect(try slots(fixture, .manual).map(\.disposition) == [.started])
        let last = try #require(try slots(fixture, .rule, of: "t").last)
        #expect(fixture.simulator.starts.suffix(2).map(\.slotID) == [last.slotID, made.slotID])
        try fixture.check()
    }
}
