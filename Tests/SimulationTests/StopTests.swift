import Engine
import ProcessesAPI
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Rule 21 of docs/protocol.md: `pause_after` and `max_runs`.
@Suite struct StopTests {
    private static func failing(_ failures: Int? = 2) -> Schedule {
        Fixture.schedule {
            $0.pauseAfterFailures = failures
            $0.overlap = .allow
        }
    }

    private func refuseStarts(_ fixture: Fixture) {
        fixture.simulator.sandbox.inject(
            FaultRule(.error(422, acts: false), operation: "runProcess"))
    }

    @Test func failuresInARowPauseItAndAPersonResumesIt() throws {
        let fixture = try Fixture([Self.failing()])
        refuseStarts(fixture)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 46)
        #expect(try fixture.told() == "15 failed, 30 failed, 45 skipped")
        #expect(try fixture.alarms(.paused) == ["s"])
        let slot = try #require(try fixture.slots().last)
        #expect(slot.reason.contains("paused by pause_after"))
        #expect(slot.reason.contains("2 failures in a row, the last one: slot"))
        #expect(
            try fixture.ask("SELECT command FROM attention WHERE kind = 'paused'")
                == ["carillon resume s"])
        #expect(try fixture.ask("SELECT count(*) FROM events WHERE kind = 'paused'") == ["1"])
        // The count begins anew.
        fixture.simulator.command(.resume(schedule: "s"))
        try fixture.run(untilMinute: 61)
        #expect(try fixture.alarms(.paused) == [])
        #expect(try fixture.told() == "15 failed, 30 failed, 45 skipped, 60 failed")
        fixture.simulator.sandbox.removeFaults()
        try fixture.run(untilMinute: 100)
        #expect(try fixture.told().hasSuffix("60 failed, 75 started, 90 started"))
        try fixture.check()
    }

    @Test func aSuccessEndsTheRowAndADeathLosesNothingOfIt() throws {
        let fixture = try Fixture([Self.failing()], runMinutes: 1...1)
        fixture.simulator.sandbox.inject(
            .next(.error(422, acts: false), operation: "runProcess"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 44)
        refuseStarts(fixture)
        try fixture.run(untilMinute: 45, second: 10)
        #expect(try fixture.told() == "15 failed, 30 started, 45 failed")
        fixture.simulator.kill()
        fixture.rest(untilMinute: 50)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 76)
        #expect(try fixture.told() == "15 failed, 30 started, 45 failed, 60 failed, 75 skipped")
        fixture.simulator.kill()
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 91)
        #expect(try fixture.told().hasSuffix("75 skipped, 90 skipped"))
        try fixture.check()
    }

    @Test func runsInErrorCountAndCancelledOnesDoNot() throws {
        let fixture = try Fixture([Self.failing()], runMinutes: 20...20)
        try fixture.simulator.boot()
        for (minute, status) in [(16, RunStatus.error), (31, .cancelled), (46, .error)] {
            try fixture.run(untilMinute: Int64(minute))
            let run = try #require(fixture.simulator.sandbox.runs.last).id
            fixture.simulator.sandbox.setRunStatus(run, status, at: fixture.simulator.time)
        }
        try fixture.run(untilMinute: 61)
        #expect(try fixture.told() == "15 started, 30 started, 45 started, 60 skipped")
        let slot = try #require(try fixture.slots().last)
        #expect(slot.reason.contains("is in error"))
        try fixture.check()
    }

    @Test func aReloadThatAddsItCountsWhatWasBefore() throws {
        let fixture = try Fixture([Self.failing(nil)])
        refuseStarts(fixture)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 46)
        fixture.simulator.reload(Fixture.configuration([Self.failing(3)], hash: "2"))
        try fixture.run(untilMinute: 47)
        #expect(try fixture.alarms(.paused) == ["s"])
        // Without the key the pause stays a person's to lift; without the schedule the alarm goes.
        fixture.simulator.reload(Fixture.configuration([Self.failing(nil)], hash: "3"))
        try fixture.run(untilMinute: 61)
        #expect(try fixture.told().hasSuffix("45 failed, 60 skipped"))
        fixture.simulator.reload(Fixture.configuration([], hash: "4"))
        try fixture.run(untilMinute: 62)
        #expect(try fixture.alarms(.paused) == [])
    }

    @Test func afterItsLastRunTheScheduleHasEnded() throws {
        let fixture = try Fixture([Fixture.schedule { $0.maxRuns = 2 }], runMinutes: 1...1)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 46)
        #expect(try fixture.told() == "15 started, 30 started, 45 skipped")
        #expect(
            try #require(try fixture.slots().last).reason
                == "max_runs (2) is reached: the schedule has ended")
        // A person's trigger is not concerned, a restart changes nothing, a higher number does.
        fixture.simulator.command(.trigger(schedule: "s", uuid: "u", force: false, reason: ""))
        try fixture.run(untilMinute: 50)
        fixture.simulator.kill()
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 61)
        fixture.simulator.reload(
            Fixture.configuration([Fixture.schedule { $0.maxRuns = 4 }], hash: "2"))
        try fixture.run(untilMinute: 91)
        let rule = try fixture.slots().filter { $0.kind == .rule }.map(\.disposition)
        #expect(rule == [.started, .started, .skipped, .skipped, .started, .skipped])
        #expect(try fixture.slots().contains { $0.kind == .manual && $0.disposition == .started })
        try fixture.check()
    }

    @Test func whileALostAnswerMayBeTheLastRunTheNextSlotWaits() throws {
        let other = Fixture.schedule(every: 1) {
            $0.maxRuns = 1
            $0.overlap = .allow
            $0.process = .id("p1")
        }
        let fixture = try Fixture([other], runMinutes: 1...1)
        fixture.simulator.sandbox.inject(.next(.lostBefore, operation: "runProcess"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 2, second: 10)
        #expect(try fixture.told() == "1 unknown, 2 pending")
        #expect(
            try #require(try fixture.slots().last).reason.contains("may have started the last run"))
        try fixture.run(untilMinute: 10)
        #expect(fixture.simulator.sandbox.runs.count == 1)
        #expect(try fixture.slots().count { $0.disposition == .started } == 1)
        try fixture.check()
    }

    /// The slot of 05:15 has a run, that of 05:30 is held, and a person has decided to start it: it waits,
    /// since starts are drained.
    private static func decided(_ failures: Int?) throws -> (Fixture, run: String, slotID: Int64) {
        let fixture = try Fixture(
            [
                Fixture.schedule {
                    $0.pauseAfterFailures = failures
                    $0.overlap = .allow
                    $0.unknownStart = .hold
                    $0.poll.maxMilliseconds = 60_000
                }
            ], runMinutes: 60...60)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 29)
        fixture.simulator.sandbox.inject(.next(.lostBefore, operation: "runProcess"))
        try fixture.run(untilMinute: 40)
        #expect(try fixture.told() == "15 started, 30 held")
        let slotID = try #require(try fixture.slots().last).slotID
        fixture.simulator.command(.drain(reason: ""))
        fixture.simulator.command(.resolve(slotID: slotID, .start))
        try fixture.run(untilMinute: 41)
        #expect(try fixture.told() == "15 started, 30 pending")
        return (fixture, try #require(fixture.simulator.sandbox.runs.first).id, slotID)
    }

    /// One host alone has nobody to hand over to, and goes on.
    @Test func oneHostHandsOverToNobody() throws {
        let fixture = try Fixture([Fixture.schedule()], runMinutes: 1...1)
        try fixture.simulator.boot()
        fixture.simulator.command(.handOver(reason: ""))
        try fixture.run(untilMinute: 16)
        #expect(fixture.simulator.replies.map(\.exitCode) == [4])
        #expect(
            fixture.simulator.replies.first?.message
                == "there is no other host: the config has no [cluster]")
        #expect(try fixture.told() == "15 started")
    }

    @Test func aBrakeEndsNoSlotThatAPersonHasDecidedToStart() throws {
        let (fixture, run, slotID) = try Self.decided(1)
        fixture.simulator.sandbox.setRunStatus(run, .error, at: fixture.simulator.time)
        try fixture.run(untilMinute: 44)
        #expect(try fixture.alarms(.paused) == ["s"])
        #expect(try fixture.told() == "15 started, 30 pending")
        fixture.simulator.command(.resume(schedule: nil))
        try fixture.run(untilMinute: 44, second: 50)
        #expect(try fixture.told() == "15 started, 30 started")
        #expect(try fixture.slots().last?.slotID == slotID)
    }

    @Test func aPauseEndsNoSlotThatAPersonHasDecidedToStart() throws {
        let (fixture, _, _) = try Self.decided(nil)
        fixture.simulator.command(.pause(schedule: "s", until: nil, reason: ""))
        try fixture.run(untilMinute: 42)
        #expect(try fixture.told() == "15 started, 30 pending")
        fixture.simulator.command(.resume(schedule: nil))
        try fixture.run(untilMinute: 43)
        #expect(try fixture.told() == "15 started, 30 started")
    }

    /// A pause outlasts its schedule's being disabled, and so does what says that it is paused.
    @Test(arguments: [2, nil])
    func itsPauseIsToldWhereverItIsInForce(later: Int?) throws {
        let fixture = try Fixture([Self.failing()])
        refuseStarts(fixture)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 46)
        #expect(try fixture.alarms(.paused) == ["s"])
        var disabled = Self.failing(later)
        disabled.enabled = false
        fixture.simulator.reload(Fixture.configuration([disabled], hash: "2"))
        try fixture.run(untilMinute: 47)
        #expect(try fixture.alarms(.paused) == [])
        fixture.simulator.reload(Fixture.configuration([Self.failing(later)], hash: "3"))
        try fixture.run(untilMinute: 48)
        #expect(try fixture.alarms(.paused) == ["s"])
        let words = try #require(
            try fixture.ask("SELECT sentence FROM attention WHERE kind = 'paused'").first)
        #expect(words.contains("2 failures in a row"))
        // A life that finds the row gone tells it, too, and only once.
        fixture.simulator.kill()
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 49)
        #expect(try fixture.alarms(.paused) == ["s"])
        fixture.simulator.command(.resume(schedule: "s"))
        try fixture.run(untilMinute: 50)
        #expect(try fixture.alarms(.paused) == [])
        #expect(try fixture.ask("SELECT count(*) FROM events WHERE kind = 'paused'") == ["2"])
    }
}
