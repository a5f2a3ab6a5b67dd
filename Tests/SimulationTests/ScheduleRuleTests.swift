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
        let theatre = try Theatre([
            Theatre.schedule {
                $0.missed = missed
                $0.overlap = .allow
            }
        ])
        try theatre.world.boot()
        try theatre.run(untilMinute: 10)
        theatre.world.kill()
        theatre.rest(untilMinute: 61)
        try theatre.world.boot()
        try theatre.run(untilMinute: 70)
        #expect(try theatre.told() == told)
        try theatre.check()
    }

    @Test func rule8AfterBothWindowsADownDaemonHasMissedAndAnUpOneLetExpire() throws {
        let down = try Theatre([Theatre.schedule(every: 60) { $0.missedWindowMilliseconds = 0 }])
        try down.world.boot()
        try down.run(untilMinute: 10)
        down.world.kill()
        down.rest(untilMinute: 110)
        try down.world.boot()
        try down.run(untilMinute: 111)
        #expect(try down.told() == "60 missed")

        let up = try Theatre([Theatre.schedule(every: 60) { $0.missedWindowMilliseconds = 0 }]) {
            $0.faults = [FaultRule(.lostBefore, operation: "token")]
        }
        try up.world.boot()
        try up.run(untilMinute: 110)
        #expect(try up.told() == "60 expired")
        try up.check()
    }

    @Test func rule9SkipNamesTheRunAndTheSecondSkipIsInAttention() throws {
        let theatre = try Theatre(runMinutes: 50...50)
        try theatre.world.boot()
        let external = theatre.world.sandbox.startByPerson(
            process: "p1", user: "person", at: theatre.world.time)
        try theatre.run(untilMinute: 16)
        let slot = try #require(try theatre.slots().first)
        #expect(slot.disposition == .skipped)
        #expect(slot.reason.contains(try #require(external)))
        #expect(try theatre.alarms(.overlap) == [])
        try theatre.run(untilMinute: 31)
        #expect(try theatre.alarms(.overlap) == ["s"])
        // The blocker is of no schedule of ours, and its end is the end of the trouble all the same.
        try theatre.run(untilMinute: 55)
        #expect(try theatre.alarms(.overlap) == [])
        try theatre.check()
    }

    /// What an edit makes of the alarm of a schedule whose slots skip, while the run goes on.
    @Test(
        arguments: [
            ("renamed", ["new"]), ("removed", []), ("disabled", []), ("allow", []),
            ("queue", []), ("another process", []), ("another rule", ["s"]),
        ] as [(String, [String])])
    func rule9AnEditTakesTheAlarmOfSkippedSlotsAlong(edit: String, alarms: [String]) throws {
        let theatre = try Theatre(runMinutes: 50...50)
        theatre.world.sandbox.startByPerson(
            process: "p1", user: "person", at: Theatre.start)
        try theatre.world.boot()
        try theatre.run(untilMinute: 31)
        #expect(try theatre.alarms(.overlap) == ["s"])
        var edited = Theatre.schedule(
            edit == "renamed" ? "new" : "s", every: edit == "another rule" ? 20 : 15,
            process: edit == "another process" ? "p2" : "p1")
        if edit == "renamed" { edited.formerly = "s" }
        if edit == "disabled" { edited.enabled = false }
        if edit == "allow" { edited.overlap = .allow }
        if edit == "queue" { edited.overlap = .queue }
        theatre.world.reload(
            Theatre.configuration(edit == "removed" ? [] : [edited], hash: "2"))
        try theatre.run(untilMinute: 32)
        #expect(try theatre.alarms(.overlap) == alarms)
        try theatre.run(untilMinute: 59)
        #expect(try theatre.alarms(.overlap) == [])
        try theatre.check()
    }

    @Test func rule9QueueKeepsTheNewestAndStartsItWhenTheRunCloses() throws {
        let theatre = try Theatre(
            [Theatre.schedule { $0.overlap = .queue }], runMinutes: 50...50)
        theatre.world.sandbox.startByPerson(process: "p1", user: "person", at: Theatre.start)
        try theatre.world.boot()
        try theatre.run(untilMinute: 47)
        #expect(try theatre.told() == "15 coalesced, 30 coalesced, 45 pending")
        try theatre.run(untilMinute: 58)
        #expect(try theatre.told() == "15 coalesced, 30 coalesced, 45 started")
        try theatre.check()
    }

    @Test func rule9AllowStartsBesideAnOpenRun() throws {
        let theatre = try Theatre(
            [Theatre.schedule { $0.overlap = .allow }], runMinutes: 50...50)
        try theatre.world.boot()
        try theatre.run(untilMinute: 31)
        #expect(try theatre.told() == "15 started, 30 started")
        try theatre.check()
    }

    @Test func rule10AnEditedRuleFiresNothingOfThePast() throws {
        let theatre = try Theatre([Theatre.schedule(every: 60)])
        try theatre.world.boot()
        try theatre.run(untilMinute: 50)
        theatre.world.reload(Theatre.configuration([Theatre.schedule(every: 20)], hash: "2"))
        try theatre.run(untilMinute: 81)
        #expect(try theatre.told() == "60 started, 80 started")
        try theatre.check()
    }

    @Test func rule10EditedWhileDownTheGapIsMissed() throws {
        let theatre = try Theatre()
        try theatre.world.boot()
        try theatre.run(untilMinute: 20)
        theatre.world.kill()
        theatre.rest(untilMinute: 50)
        theatre.world.reload(Theatre.configuration([Theatre.schedule(every: 60)], hash: "2"))
        try theatre.world.boot()
        try theatre.run(untilMinute: 61)
        #expect(try theatre.told() == "15 started, 30 missed, 45 missed, 60 started")
        try theatre.check()
    }

    @Test func rule10ARemovedScheduleCancelsWhatWaitsAndAFormerNameTakesItOver() throws {
        let theatre = try Theatre(
            [Theatre.schedule { $0.overlap = .queue }], runMinutes: 50...50)
        theatre.world.sandbox.startByPerson(process: "p1", user: "person", at: Theatre.start)
        try theatre.world.boot()
        try theatre.run(untilMinute: 16)
        var renamed = Theatre.schedule("new")
        renamed.formerly = "s"
        renamed.overlap = .queue
        theatre.world.reload(Theatre.configuration([renamed], hash: "2"))
        try theatre.run(untilMinute: 17)
        #expect(try theatre.told("new") == "15 pending")
        theatre.world.reload(Theatre.configuration([], hash: "3"))
        try theatre.run(untilMinute: 18)
        #expect(try theatre.told("new") == "15 cancelled")
        try theatre.check()
    }

    @Test func rule10AnotherProcessCancelsWhatWaitsForTheOldOne() throws {
        let theatre = try Theatre(
            [Theatre.schedule { $0.overlap = .queue }], runMinutes: 50...50)
        theatre.world.sandbox.startByPerson(process: "p1", user: "person", at: Theatre.start)
        try theatre.world.boot()
        try theatre.run(untilMinute: 16)
        theatre.world.reload(
            Theatre.configuration([Theatre.schedule(process: "p2")], hash: "2"))
        try theatre.run(untilMinute: 31)
        #expect(try theatre.told() == "15 cancelled, 30 started")
    }

    @Test func rule11EachUpstreamSlotIsUsedOnceAndAFailureFailsSuccess() throws {
        func after(_ name: String, _ on: AfterRule.Condition) -> Schedule {
            Theatre.schedule(name, process: "p2") {
                $0.trigger = .after(
                    AfterRule(upstreams: ["s"], on: on, withinMilliseconds: nil))
                $0.overlap = .allow
            }
        }
        let theatre = try Theatre([
            Theatre.schedule(), after("onSuccess", .success), after("onEnd", .end),
        ])
        theatre.world.sandbox.inject(
            .next(.error(422, acts: false), operation: "runProcess", process: "p1"))
        try theatre.world.boot()
        try theatre.run(untilMinute: 44)
        #expect(try theatre.told() == "15 failed, 30 started")
        #expect(try theatre.slots("onSuccess").map(\.disposition) == [.skipped, .started])
        #expect(try theatre.slots("onEnd").map(\.disposition) == [.started, .started])
        try theatre.check()
    }

    @Test func rebootFiresOnceAtEachStart() throws {
        var schedule = Theatre.schedule()
        schedule.trigger = .rule(FiringRule(kind: .reboot, zone: .utc))
        schedule.overlap = .allow
        let theatre = try Theatre([schedule])
        try theatre.world.boot()
        try theatre.run(untilMinute: 5)
        theatre.world.reload(Theatre.configuration([schedule], hash: "2"))
        try theatre.run(untilMinute: 10)
        #expect(try theatre.slots().map(\.kind) == [.boot])
        theatre.world.kill()
        try theatre.world.boot()
        try theatre.run(untilMinute: 15)
        #expect(try theatre.slots().map(\.disposition) == [.started, .started])
    }

    @Test func observeKeepsTheWholeLedgerAndSendsNothing() throws {
        let theatre = try Theatre([Theatre.schedule { $0.mode = .observe }])
        try theatre.world.boot()
        try theatre.run(untilMinute: 31)
        #expect(try theatre.told() == "15 skipped, 30 skipped")
        #expect(theatre.world.starts.isEmpty)
    }
}
