import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Rules 12 to 14 of docs/protocol.md: the clock, restored files and people.
@Suite struct OperatorRuleTests {
    @Test func rule12AClockSetBackStartsNothingTwice() throws {
        let theatre = try Theatre()
        try theatre.world.boot()
        try theatre.run(untilMinute: 20)
        theatre.world.stepClock(byMilliseconds: -10 * 60_000)
        try theatre.run(untilMinute: 29)
        #expect(try theatre.told() == "15 started")
        #expect(theatre.world.starts.count == 1)
        // An hour back is more than the server's clock allows: no start until it is right again.
        theatre.world.stepClock(byMilliseconds: 10 * 60_000)
        try theatre.run(untilMinute: 31)
        #expect(theatre.world.starts.count == 2)
        try theatre.check()
    }

    @Test func rule12AClockSetForwardIsDownTime() throws {
        let theatre = try Theatre([
            Theatre.schedule {
                $0.missed = .skip
                $0.startWithinMilliseconds = 60_000
            }
        ])
        try theatre.world.boot()
        try theatre.run(untilMinute: 10)
        theatre.world.stepClock(byMilliseconds: 30 * 60_000)
        try theatre.run(untilMinute: 11)
        #expect(try theatre.told() == "15 missed, 30 missed")
        #expect(theatre.world.starts.isEmpty)
    }

    /// What a clock that was ahead made `missed`, `skipped` or `coalesced` is still to come.
    @Test(arguments: [MissedPolicy.skip, .latest, .all], [false, true])
    func rule12AClockThatWasAheadForAWhileCostsNoSlot(missed: MissedPolicy, isKilled: Bool) throws {
        let chain = Theatre.schedule("chain", process: "p2") {
            $0.trigger = .after(AfterRule(upstreams: ["s"], on: .end, withinMilliseconds: nil))
            $0.ruleSource = "after s"
        }
        let theatre = try Theatre([
            Theatre.schedule {
                $0.missed = missed
                $0.overlap = .allow
            }, chain,
        ])
        let world = theatre.world
        try world.boot()
        try theatre.run(untilMinute: 10)
        world.stepClock(byMilliseconds: 8 * 3_600_000)
        try theatre.run(untilMinute: 12)
        #expect(try theatre.slots().count >= 30)
        if isKilled { world.kill() }
        world.stepClock(byMilliseconds: -8 * 3_600_000)
        if isKilled { try world.boot() }
        try theatre.run(untilMinute: 46)
        #expect(try theatre.told() == "15 started, 30 started, 45 started")
        // Each of them set off the chain when it had ended, and none of those that had not come.
        let chained = try theatre.slots("chain")
        #expect(chained.count >= 2 && chained.allSatisfy { $0.slotAt <= world.wall })
        #expect(chained.count { $0.disposition == .started } >= 2)
        #expect(try theatre.ask("PRAGMA foreign_key_check") == [])
        #expect(
            try theatre.ask("SELECT count(*) > 0 FROM audit WHERE action = 'remove slots'") == ["1"]
        )
    }

    /// While no answer bears our clock out, it may as well be behind: then the ledger is right.
    @Test(arguments: [false, true])
    func rule12AClockThatIsBehindForAWhileCostsNoHistory(isKilled: Bool) throws {
        let theatre = try Theatre([Theatre.schedule(every: 60)], runMinutes: 150...150)
        let world = theatre.world
        try world.boot()
        try theatre.run(untilMinute: 250)
        let told = "60 started, 120 skipped, 180 skipped, 240 started"
        #expect(try theatre.told() == told)
        let before = try theatre.ask("SELECT slot_id, reason FROM slots ORDER BY slot_id")
        for years in [-2, 2] {
            if isKilled { world.kill() }
            world.stepClock(byMilliseconds: Int64(years) * 365 * 86_400_000)
            if isKilled { try world.boot() }
            try theatre.run(untilMinute: years < 0 ? 265 : 290)
        }
        #expect(try theatre.told() == told)
        #expect(try theatre.ask("SELECT slot_id, reason FROM slots ORDER BY slot_id") == before)
        try theatre.run(untilMinute: 305)
        #expect(try theatre.told() == told + ", 300 skipped")
        #expect(world.starts.count == 2)
    }

    @Test func rule12NoStartWhileTheClocksDiffer() throws {
        var plan = World.Plan()
        plan.skewMilliseconds = 300_000
        let theatre = try Theatre(plan: plan)
        try theatre.world.boot()
        try theatre.run(untilMinute: 20)
        #expect(try theatre.told() == "15 pending")
        #expect(try theatre.alarms(.clock) == ["prod"])
        theatre.world.stepClock(byMilliseconds: -300_000)
        try theatre.run(untilMinute: 22)
        #expect(try theatre.told() == "15 started")
        #expect(try theatre.alarms(.clock) == [])
    }

    @Test func rule13ARestoredFileSendsNothingForThePast() throws {
        let theatre = try Theatre()
        try theatre.world.boot()
        try theatre.run(untilMinute: 10)
        theatre.world.kill()
        let copy = try theatre.folder.stories.freshDatabase()
        theatre.folder.stories.discard(copy)
        try theatre.world.inspect { try LedgerReader(path: $0.database.path).backup(to: copy) }
        theatre.rest(untilMinute: 40)
        let restored = World(
            path: copy, configuration: theatre.world.configuration,
            sandbox: theatre.world.sandbox, time: theatre.world.time)
        try restored.boot()
        try restored.run(until: theatre.world.time.adding(milliseconds: 6 * 60_000))
        let slots = try restored.inspect { try $0.allSlots(schedule: "s") }
        #expect(slots.map(\.disposition) == [.missed, .missed, .started])
        #expect(slots[0].reason.contains("restored"))
    }

    @Test func rule14TheSameTriggerTwiceAnswersWithTheSameSlot() throws {
        let theatre = try Theatre([Theatre.schedule(every: 1440)])
        try theatre.world.boot()
        try theatre.run(untilMinute: 2)
        for _ in 0..<2 {
            theatre.world.command(
                .trigger(schedule: "s", uuid: "u", force: false, reason: "test"))
            try theatre.run(untilMinute: 3)
        }
        #expect(theatre.world.replies.map(\.exitCode) == [0, 0])
        #expect(theatre.world.replies[0].slotID == theatre.world.replies[1].slotID)
        #expect(theatre.world.starts.count == 1)
    }

    @Test func rule14ARowOfAttentionIsTakenOutOfSightAndAudited() throws {
        let theatre = try Theatre([
            Theatre.schedule {
                $0.missed = .skip
                $0.startWithinMilliseconds = 60_000
            }
        ])
        try theatre.world.boot()
        try theatre.run(untilMinute: 10)
        theatre.world.stepClock(byMilliseconds: 30 * 60_000)
        try theatre.run(untilMinute: 11)
        func look(_ sql: String) throws -> [String] {
            var found: [String] = []
            try theatre.world.inspect { ledger in
                found = try ledger.database.rows(sql) { $0.string(0) }
            }
            return found
        }
        #expect(try look("SELECT id FROM attention WHERE kind = 'missed'") == ["unmade/s"])
        theatre.world.command(.acknowledge(id: "unmade/s", until: nil, reason: "known"))
        theatre.world.command(.acknowledge(id: "s999", until: nil, reason: "known"))
        theatre.world.command(
            .acknowledge(id: "unmade/s", until: Theatre.start, reason: "known"))
        try theatre.run(untilMinute: 12)
        #expect(theatre.world.replies.map(\.exitCode) == [0, 3, 2])
        #expect(try look("SELECT id FROM attention WHERE kind = 'missed'").isEmpty)
        #expect(
            try look("SELECT action || '|' || subject || '|' || reason FROM audit_log").last
                == "ack|missed s|known")
    }

    @Test func rule14ATriggerObeysOverlapUnlessForced() throws {
        let theatre = try Theatre([Theatre.schedule(every: 1440)], runMinutes: 50...50)
        theatre.world.sandbox.startByPerson(process: "p1", user: "person", at: Theatre.start)
        try theatre.world.boot()
        theatre.world.command(.trigger(schedule: "s", uuid: "1", force: true, reason: ""))
        try theatre.run(untilMinute: 3)
        theatre.world.command(.trigger(schedule: "s", uuid: "2", force: false, reason: ""))
        try theatre.run(untilMinute: 4)
        #expect(theatre.world.replies.map(\.exitCode) == [0, 4])
        #expect(theatre.world.starts.count == 1)
    }

    @Test func rule14PauseResumeAndSkip() throws {
        let theatre = try Theatre()
        try theatre.world.boot()
        try theatre.run(untilMinute: 1)
        theatre.world.command(.pause(schedule: "s", until: nil, reason: "close"))
        theatre.world.command(.trigger(schedule: "s", uuid: "1", force: false, reason: ""))
        try theatre.run(untilMinute: 16)
        theatre.world.command(.resume(schedule: "s"))
        theatre.world.command(
            .skip(
                schedule: "s", at: Instant(seconds: 1_795_496_400 + 30 * 60), reason: "holiday"))
        try theatre.run(untilMinute: 46)
        let slots = try theatre.slots().filter { $0.kind == .rule }
        #expect(slots.map(\.disposition) == [.skipped, .skipped, .started])
        #expect(slots[0].reason.contains("paused by tester"))
        #expect(slots[1].reason.contains("skipped once by tester"))
        // The manual slot ignores the pause.
        #expect(theatre.world.starts.count == 2)
        try theatre.check()
    }

    @Test func rule14DrainStartsNothingUntilResumed() throws {
        let theatre = try Theatre()
        try theatre.world.boot()
        theatre.world.command(.drain(reason: "upgrade"))
        try theatre.run(untilMinute: 16)
        #expect(try theatre.told() == "15 pending")
        // Also after a restart.
        theatre.world.kill()
        try theatre.world.boot()
        try theatre.run(untilMinute: 17)
        #expect(try theatre.told() == "15 pending")
        theatre.world.command(.resume(schedule: nil))
        try theatre.run(untilMinute: 18)
        #expect(try theatre.told() == "15 started")
    }

    @Test(arguments: ["run", "drop"])
    func rule14AHeldSlotIsResolved(how: String) throws {
        let theatre = try Theatre([Theatre.schedule { $0.unknownStart = .hold }])
        theatre.world.sandbox.inject(.next(.lostBefore, operation: "runProcess"))
        try theatre.world.boot()
        try theatre.run(untilMinute: 20)
        let held = try #require(try theatre.slots().first)
        #expect(held.disposition == .held)
        if how == "run" {
            let run = theatre.world.sandbox.startByPerson(
                process: "p1", user: "person", at: theatre.world.time)
            theatre.world.command(.resolve(slotID: held.slotID, .run(id: try #require(run))))
        } else {
            theatre.world.command(.resolve(slotID: held.slotID, .drop))
        }
        try theatre.run(untilMinute: 22)
        #expect(
            try theatre.slots().first?.disposition == (how == "run" ? .started : .cancelled))
        #expect(theatre.world.replies.map(\.exitCode) == [0])
    }
}
