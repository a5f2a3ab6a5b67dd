import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Rules 8 to 11 of docs/protocol.md: windows, overlap, edits and `after`.
@Suite struct ScheduleRuleTests {
    @Test(arguments: [
        (MissedPolicy.latest, "15 coalesced, 30 coalesced, 45 coalesced, 60 started"),
        (.all, "15 started, 30 started, 45 started, 60 started"),
        (.skip, "15 missed, 30 missed, 45 missed, 60 started"),
    ])
    func rule8WithTheDaemonDownLateSlotsFollowMissed(missed: MissedPolicy, told: String) throws {
        let fixture = try Fixture([
            Fixture.schedule {
                $0.missed = missed
                $0.overlap = .allow
            }
        ])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 10)
        fixture.simulator.kill()
        fixture.rest(untilMinute: 61)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 70)
        #expect(try fixture.told() == told)
        try fixture.check()
    }

    @Test func rule8AfterBothWindowsADownDaemonHasMissedAndAnUpOneLetExpire() throws {
        let down = try Fixture([Fixture.schedule(every: 60) { $0.missedWindowMilliseconds = 0 }])
        try down.simulator.boot()
        try down.run(untilMinute: 10)
        down.simulator.kill()
        down.rest(untilMinute: 110)
        try down.simulator.boot()
        try down.run(untilMinute: 111)
        #expect(try down.told() == "60 missed")

        let up = try Fixture([Fixture.schedule(every: 60) { $0.missedWindowMilliseconds = 0 }]) {
            $0.faults = [FaultRule(.lostBefore, operation: "token")]
        }
        try up.simulator.boot()
        try up.run(untilMinute: 110)
        #expect(try up.told() == "60 expired")
        try up.check()
    }

    @Test func rule9SkipNamesTheRunAndTheSecondSkipIsInAttention() throws {
        let fixture = try Fixture(runMinutes: 50...50)
        try fixture.simulator.boot()
        let external = fixture.simulator.sandbox.startByPerson(
            process: "p1", user: "person", at: fixture.simulator.time)
        try fixture.run(untilMinute: 16)
        let slot = try #require(try fixture.slots().first)
        #expect(slot.disposition == .skipped)
        #expect(slot.reason.contains(try #require(external)))
        #expect(try fixture.alarms(.overlap) == [])
        try fixture.run(untilMinute: 31)
        #expect(try fixture.alarms(.overlap) == ["s"])
        // The blocker is of no schedule of ours, and its end is the end of the trouble all the same.
        try fixture.run(untilMinute: 55)
        #expect(try fixture.alarms(.overlap) == [])
        try fixture.check()
    }

    /// What an edit makes of the alarm of a schedule whose slots skip, while the run goes on.
    @Test(
        arguments: [
            ("renamed", ["new"]), ("removed", []), ("disabled", []), ("allow", []),
            ("queue", []), ("another process", []), ("another rule", ["s"]),
        ] as [(String, [String])])
    func rule9AnEditTakesTheAlarmOfSkippedSlotsAlong(edit: String, alarms: [String]) throws {
        let fixture = try Fixture(runMinutes: 50...50)
        fixture.simulator.sandbox.startByPerson(
            process: "p1", user: "person", at: Fixture.start)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 31)
        #expect(try fixture.alarms(.overlap) == ["s"])
        var edited = Fixture.schedule(
            edit == "renamed" ? "new" : "s", every: edit == "another rule" ? 20 : 15,
            process: edit == "another process" ? "p2" : "p1")
        if edit == "renamed" { edited.formerly = "s" }
        if edit == "disabled" { edited.enabled = false }
        if edit == "allow" { edited.overlap = .allow }
        if edit == "queue" { edited.overlap = .queue }
        fixture.simulator.reload(
            Fixture.configuration(edit == "removed" ? [] : [edited], hash: "2"))
        try fixture.run(untilMinute: 32)
        #expect(try fixture.alarms(.overlap) == alarms)
        try fixture.run(untilMinute: 59)
        #expect(try fixture.alarms(.overlap) == [])
        try fixture.check()
    }

    @Test func rule9QueueKeepsTheNewestAndStartsItWhenTheRunCloses() throws {
        let fixture = try Fixture(
            [Fixture.schedule { $0.overlap = .queue }], runMinutes: 50...50)
        fixture.simulator.sandbox.startByPerson(process: "p1", user: "person", at: Fixture.start)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 47)
        #expect(try fixture.told() == "15 coalesced, 30 coalesced, 45 pending")
        try fixture.run(untilMinute: 58)
        #expect(try fixture.told() == "15 coalesced, 30 coalesced, 45 started")
        try fixture.check()
    }

    @Test func rule9AllowStartsBesideAnOpenRun() throws {
        let fixture = try Fixture(
            [Fixture.schedule { $0.overlap = .allow }], runMinutes: 50...50)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 31)
        #expect(try fixture.told() == "15 started, 30 started")
        try fixture.check()
    }

    @Test func rule10AnEditedRuleFiresNothingOfThePast() throws {
        let fixture = try Fixture([Fixture.schedule(every: 60)])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 50)
        fixture.simulator.reload(Fixture.configuration([Fixture.schedule(every: 20)], hash: "2"))
        try fixture.run(untilMinute: 81)
        #expect(try fixture.told() == "60 started, 80 started")
        try fixture.check()
    }

    @Test func rule10EditedWhileDownTheGapIsMissed() throws {
        let fixture = try Fixture()
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 20)
        fixture.simulator.kill()
        fixture.rest(untilMinute: 50)
        fixture.simulator.reload(Fixture.configuration([Fixture.schedule(every: 60)], hash: "2"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 61)
        #expect(try fixture.told() == "15 started, 30 missed, 45 missed, 60 started")
        try fixture.check()
    }

    @Test func rule10ARemovedScheduleCancelsWhatWaitsAndAFormerNameTakesItOver() throws {
        let fixture = try Fixture(
            [Fixture.schedule { $0.overlap = .queue }], runMinutes: 50...50)
        fixture.simulator.sandbox.startByPerson(process: "p1", user: "person", at: Fixture.start)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 16)
        var renamed = Fixture.schedule("new")
        renamed.formerly = "s"
        renamed.overlap = .queue
        fixture.simulator.reload(Fixture.configuration([renamed], hash: "2"))
        try fixture.run(untilMinute: 17)
        #expect(try fixture.told("new") == "15 pending")
        fixture.simulator.reload(Fixture.configuration([], hash: "3"))
        try fixture.run(untilMinute: 18)
        #expect(try fixture.told("new") == "15 cancelled")
        try fixture.check()
    }

    @Test func rule10AnotherProcessCancelsWhatWaitsForTheOldOne() throws {
        let fixture = try Fixture(
            [Fixture.schedule { $0.overlap = .queue }], runMinutes: 50...50)
        fixture.simulator.sandbox.startByPerson(process: "p1", user: "person", at: Fixture.start)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 16)
        fixture.simulator.reload(
            Fixture.configuration([Fixture.schedule(process: "p2")], hash: "2"))
        try fixture.run(untilMinute: 31)
        #expect(try fixture.told() == "15 cancelled, 30 started")
    }

    @Test func rule11EachUpstreamSlotIsUsedOnceAndAFailureFailsSuccess() throws {
        func after(_ name: String, _ on: AfterRule.Condition) -> Schedule {
            Fixture.schedule(name, process: "p2") {
                $0.trigger = .after(
                    AfterRule(upstreams: ["s"], on: on, withinMilliseconds: nil))
                $0.overlap = .allow
            }
        }
        let fixture = try Fixture([
            Fixture.schedule(), after("onSuccess", .success), after("onEnd", .end),
        ])
        fixture.simulator.sandbox.inject(
            .next(.error(422, acts: false), operation: "runProcess", process: "p1"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 44)
        #expect(try fixture.told() == "15 failed, 30 started")
        #expect(try fixture.slots("onSuccess").map(\.disposition) == [.skipped, .started])
        #expect(try fixture.slots("onEnd").map(\.disposition) == [.started, .started])
        try fixture.check()
    }

    @Test func rebootFiresOnceAtEachStart() throws {
        var schedule = Fixture.schedule()
        schedule.trigger = .rule(FiringRule(kind: .reboot, zone: .utc))
        schedule.overlap = .allow
        let fixture = try Fixture([schedule])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 5)
        fixture.simulator.reload(Fixture.configuration([schedule], hash: "2"))
        try fixture.run(untilMinute: 10)
        #expect(try fixture.slots().map(\.kind) == [.boot])
        fixture.simulator.kill()
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 15)
        #expect(try fixture.slots().map(\.disposition) == [.started, .started])
    }

    @Test func observeKeepsTheWholeLedgerAndSendsNothing() throws {
        let fixture = try Fixture([Fixture.schedule { $0.mode = .observe }])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 31)
        #expect(try fixture.told() == "15 skipped, 30 skipped")
        #expect(fixture.simulator.starts.isEmpty)
    }
}
