import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Rules 12 to 14 of docs/protocol.md: the clock, restored files and people.
@Suite struct OperatorRuleTests {
    /// At 05:11 the clock has just been set to 05:41, and the slots in between are missed.
    private static func missed() throws -> Fixture {
        let fixture = try Fixture([
            Fixture.schedule {
                $0.missed = .skip
                $0.startWithinMilliseconds = 60_000
            }
        ])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 10)
        fixture.simulator.stepClock(byMilliseconds: 30 * 60_000)
        try fixture.run(untilMinute: 11)
        return fixture
    }

    @Test func rule12AClockSetBackStartsNothingTwice() throws {
        let fixture = try Fixture()
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 20)
        fixture.simulator.stepClock(byMilliseconds: -10 * 60_000)
        try fixture.run(untilMinute: 29)
        #expect(try fixture.told() == "15 started")
        #expect(fixture.simulator.starts.count == 1)
        // An hour back is more than the server's clock allows: no start until it is right again.
        fixture.simulator.stepClock(byMilliseconds: 10 * 60_000)
        try fixture.run(untilMinute: 31)
        #expect(fixture.simulator.starts.count == 2)
        try fixture.check()
    }

    @Test func rule12AClockSetForwardIsDownTime() throws {
        let fixture = try Self.missed()
        #expect(try fixture.told() == "15 missed, 30 missed")
        #expect(fixture.simulator.starts.isEmpty)
    }

    /// What a clock that was ahead made `missed`, `skipped` or `coalesced` is still to come.
    @Test(arguments: [MissedPolicy.skip, .latest, .all], [false, true])
    func rule12AClockThatWasAheadForAWhileCostsNoSlot(missed: MissedPolicy, isKilled: Bool) throws {
        let chain = Fixture.schedule("chain", process: "p2") {
            $0.trigger = .after(AfterRule(upstreams: ["s"], on: .end, withinMilliseconds: nil))
            $0.ruleSource = "after s"
        }
        let fixture = try Fixture([
            Fixture.schedule {
                $0.missed = missed
                $0.overlap = .allow
            }, chain,
        ])
        let simulator = fixture.simulator
        try simulator.boot()
        try fixture.run(untilMinute: 10)
        simulator.stepClock(byMilliseconds: 8 * 3_600_000)
        try fixture.run(untilMinute: 12)
        #expect(try fixture.slots().count >= 30)
        if isKilled { simulator.kill() }
        simulator.stepClock(byMilliseconds: -8 * 3_600_000)
        if isKilled { try simulator.boot() }
        try fixture.run(untilMinute: 46)
        #expect(try fixture.told() == "15 started, 30 started, 45 started")
        // Each of them set off the chain when it had ended, and none of those that had not come.
        let chained = try fixture.slots("chain")
        #expect(chained.count >= 2 && chained.allSatisfy { $0.slotAt <= simulator.wall })
        #expect(chained.count { $0.disposition == .started } >= 2)
        #expect(try fixture.ask("PRAGMA foreign_key_check") == [])
        #expect(
            try fixture.ask("SELECT count(*) > 0 FROM audit WHERE action = 'remove slots'") == ["1"]
        )
    }

    /// Its zone is missing while it is found out that the clock had been ahead.
    @Test(arguments: [false, true])
    func rule12WhatWaitsForItsZoneLosesNoSlotByAClockThatWasAhead(isInFlight: Bool) throws {
        let fixture = try Fixture([Fixture.schedule { ($0.missed, $0.overlap) = (.skip, .allow) }])
        let simulator = fixture.simulator
        let with = simulator.configuration
        try simulator.boot()
        try fixture.run(untilMinute: 10)
        simulator.stepClock(byMilliseconds: 8 * 3_600_000)
        try fixture.run(untilMinute: 12)
        #expect(try fixture.slots().count >= 30)
        simulator.kill()
        if !isInFlight { simulator.stepClock(byMilliseconds: -8 * 3_600_000) }
        // Another schedule asks the API, whose answers bear the clock out.
        var without = Fixture.configuration(
            [Fixture.schedule("other", every: 5, process: "p2")], hash: "2")
        without.waiting["s"] = "unknown time zone"
        simulator.reload(without)
        try simulator.boot()
        if isInFlight {
            try fixture.run(untilMinute: 13)
            simulator.stepClock(byMilliseconds: -8 * 3_600_000)
        }
        try fixture.run(untilMinute: 25)
        simulator.reload(
            Fixture.configuration(with.schedules + without.schedules, hash: "3"))
        try fixture.run(untilMinute: 46)
        let told = try fixture.told()
        #expect(told == "15 started, 30 started, 45 started")
    }

    @Test func whatAPersonPausedUnderAClockThatWasAheadIsPausedNow() throws {
        let fixture = try Fixture()
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 5)
        fixture.simulator.stepClock(byMilliseconds: 7_200_000)
        try fixture.run(untilMinute: 6)
        fixture.simulator.command(.pause(schedule: "s", until: nil, reason: ""))
        try fixture.run(untilMinute: 7)
        fixture.simulator.stepClock(byMilliseconds: -7_200_000)
        try fixture.run(untilMinute: 31)
        #expect(try fixture.told() == "15 skipped, 30 skipped")
        // And what he resumes under such a clock is resumed.
        fixture.simulator.stepClock(byMilliseconds: 7_200_000)
        try fixture.run(untilMinute: 32)
        fixture.simulator.command(.resume(schedule: "s"))
        try fixture.run(untilMinute: 33)
        fixture.simulator.stepClock(byMilliseconds: -7_200_000)
        try fixture.run(untilMinute: 46)
        #expect(try fixture.told() == "15 skipped, 30 skipped, 45 started")
        try fixture.check()
    }

    /// While no answer bears our clock out, it may as well be behind: then the ledger is right.
    @Test(arguments: [false, true])
    func rule12AClockThatIsBehindForAWhileCostsNoHistory(isKilled: Bool) throws {
        let fixture = try Fixture([Fixture.schedule(every: 60)], runMinutes: 150...150)
        let simulator = fixture.simulator
        try simulator.boot()
        try fixture.run(untilMinute: 250)
        let told = "60 started, 120 skipped, 180 skipped, 240 started"
        #expect(try fixture.told() == told)
        let before = try fixture.ask("SELECT slot_id, reason FROM slots ORDER BY slot_id")
        for years in [-2, 2] {
            if isKilled { simulator.kill() }
            simulator.stepClock(byMilliseconds: Int64(years) * 365 * 86_400_000)
            if isKilled { try simulator.boot() }
            try fixture.run(untilMinute: years < 0 ? 265 : 290)
        }
        #expect(try fixture.told() == told)
        #expect(try fixture.ask("SELECT slot_id, reason FROM slots ORDER BY slot_id") == before)
        try fixture.run(untilMinute: 305)
        #expect(try fixture.told() == told + ", 300 skipped")
        #expect(simulator.starts.count == 2)
    }

    @Test func rule12NoStartWhileTheClocksDiffer() throws {
        var plan = Simulator.Plan()
        plan.skewMilliseconds = 300_000
        let fixture = try Fixture(plan: plan)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 20)
        #expect(try fixture.told() == "15 pending")
        #expect(try fixture.alarms(.clock) == ["prod"])
        fixture.simulator.stepClock(byMilliseconds: -300_000)
        try fixture.run(untilMinute: 22)
        #expect(try fixture.told() == "15 started")
        #expect(try fixture.alarms(.clock) == [])
    }

    @Test func rule13ARestoredFileSendsNothingForThePast() throws {
        let fixture = try Fixture()
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 10)
        fixture.simulator.kill()
        let copy = try fixture.folder.workloads.freshDatabase()
        fixture.folder.workloads.discard(copy)
        try fixture.simulator.inspect { try LedgerReader(path: $0.database.path).backup(to: copy) }
        fixture.rest(untilMinute: 40)
        let restored = Simulator(
            path: copy, configuration: fixture.simulator.configuration,
            sandbox: fixture.simulator.sandbox, time: fixture.simulator.time)
        try restored.boot()
        try restored.run(until: fixture.simulator.time.adding(milliseconds: 6 * 60_000))
        let slots = try restored.inspect { try $0.allSlots(schedule: "s") }
        #expect(slots.map(\.disposition) == [.missed, .missed, .started])
        #expect(slots[0].reason.contains("restored"))
    }

    @Test func rule14TheSameTriggerTwiceAnswersWithTheSameSlot() throws {
        let fixture = try Fixture([Fixture.schedule(every: 1440)])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 2)
        for _ in 0..<2 {
            fixture.simulator.command(
                .trigger(schedule: "s", uuid: "u", force: false, reason: "test"))
            try fixture.run(untilMinute: 3)
        }
        #expect(fixture.simulator.replies.map(\.exitCode) == [0, 0])
        #expect(fixture.simulator.replies[0].slotID == fixture.simulator.replies[1].slotID)
        #expect(fixture.simulator.starts.count == 1)
    }

    @Test func rule14ARowOfAttentionIsTakenOutOfSightAndAudited() throws {
        let fixture = try Self.missed()
        func look(_ sql: String) throws -> [String] {
            var found: [String] = []
            try fixture.simulator.inspect { ledger in
                found = try ledger.database.rows(sql) { $0.string(0) }
            }
            return found
        }
        #expect(try look("SELECT id FROM attention WHERE kind = 'missed'") == ["unmade/s"])
        fixture.simulator.command(.acknowledge(id: "unmade/s", until: nil, reason: "known"))
        fixture.simulator.command(.acknowledge(id: "s999", until: nil, reason: "known"))
        fixture.simulator.command(
            .acknowledge(id: "unmade/s", until: Fixture.start, reason: "known"))
        try fixture.run(untilMinute: 12)
        #expect(fixture.simulator.replies.map(\.exitCode) == [0, 3, 2])
        #expect(try look("SELECT id FROM attention WHERE kind = 'missed'").isEmpty)
        #expect(
            try look("SELECT action || '|' || subject || '|' || reason FROM audit_log").last
                == "ack|missed s|known")
    }

    @Test func rule14ATriggerObeysOverlapUnlessForced() throws {
        let fixture = try Fixture([Fixture.schedule(every: 1440)], runMinutes: 50...50)
        fixture.simulator.sandbox.startByPerson(process: "p1", user: "person", at: Fixture.start)
        try fixture.simulator.boot()
        fixture.simulator.command(.trigger(schedule: "s", uuid: "1", force: true, reason: ""))
        try fixture.run(untilMinute: 3)
        fixture.simulator.command(.trigger(schedule: "s", uuid: "2", force: false, reason: ""))
        try fixture.run(untilMinute: 4)
        #expect(fixture.simulator.replies.map(\.exitCode) == [0, 4])
        #expect(fixture.simulator.starts.count == 1)
    }

    @Test func rule14PauseResumeAndSkip() throws {
        let fixture = try Fixture()
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 1)
        fixture.simulator.command(.pause(schedule: "s", until: nil, reason: "close"))
        fixture.simulator.command(.trigger(schedule: "s", uuid: "1", force: false, reason: ""))
        try fixture.run(untilMinute: 16)
        fixture.simulator.command(.resume(schedule: "s"))
        fixture.simulator.command(
            .skip(
                schedule: "s", at: Instant(seconds: 1_795_496_400 + 30 * 60), reason: "holiday"))
        try fixture.run(untilMinute: 46)
        let slots = try fixture.slots().filter { $0.kind == .rule }
        #expect(slots.map(\.disposition) == [.skipped, .skipped, .started])
        #expect(slots[0].reason.contains("paused by tester"))
        #expect(slots[1].reason.contains("skipped once by tester"))
        // The manual slot ignores the pause.
        #expect(fixture.simulator.starts.count == 2)
        try fixture.check()
    }

    @Test func rule14DrainStartsNothingUntilResumed() throws {
        let fixture = try Fixture()
        try fixture.simulator.boot()
        fixture.simulator.command(.drain(reason: "upgrade"))
        try fixture.run(untilMinute: 16)
        #expect(try fixture.told() == "15 pending")
        // Also after a restart.
        fixture.simulator.kill()
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 17)
        #expect(try fixture.told() == "15 pending")
        fixture.simulator.command(.resume(schedule: nil))
        try fixture.run(untilMinute: 18)
        #expect(try fixture.told() == "15 started")
    }

    @Test(arguments: ["run", "drop"])
    func rule14AHeldSlotIsResolved(how: String) throws {
        let fixture = try Fixture([Fixture.schedule { $0.unknownStart = .hold }])
        fixture.simulator.sandbox.inject(.next(.lostBefore, operation: "runProcess"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 20)
        let held = try #require(try fixture.slots().first)
        #expect(held.disposition == .held)
        if how == "run" {
            let run = fixture.simulator.sandbox.startByPerson(
                process: "p1", user: "person", at: fixture.simulator.time)
            fixture.simulator.command(.resolve(slotID: held.slotID, .run(id: try #require(run))))
        } else {
            fixture.simulator.command(.resolve(slotID: held.slotID, .drop))
        }
        try fixture.run(untilMinute: 22)
        #expect(
            try fixture.slots().first?.disposition == (how == "run" ? .started : .cancelled))
        #expect(fixture.simulator.replies.map(\.exitCode) == [0])
    }
}
