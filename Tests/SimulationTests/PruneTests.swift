import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Old history goes (`keep_history`, `carillon prune`), and nothing that is still needed goes with it.
@Suite struct PruneTests {
    private static let day: Int64 = 24 * 60

    /// Each hour on p1, and a chain behind them on p2; history of a day is kept.
    private static func theatre(keepDays: Int64? = 1) throws -> Theatre {
        let chain = Theatre.schedule("chain", process: "p2") {
            $0.trigger = .after(
                AfterRule(upstreams: ["s"], on: .success, withinMilliseconds: nil))
            $0.ruleSource = "after s"
            $0.overlap = .allow
            $0.poll.reopenWindowMilliseconds = 3_600_000
        }
        let theatre = try Theatre([
            Theatre.schedule(every: 60) {
                $0.overlap = .allow
                $0.poll.reopenWindowMilliseconds = 3_600_000
            }, chain,
        ])
        theatre.world.configuration.keepHistoryMilliseconds = keepDays.map { $0 * 86_400_000 }
        return theatre
    }

    private func count(_ theatre: Theatre, _ table: String) throws -> Int {
        try Int(theatre.ask("SELECT count(*) FROM \(table)")[0]) ?? 0
    }

    @Test func whatEndedLongerAgoIsRemovedOnceADay() throws {
        let theatre = try Self.theatre()
        let world = theatre.world
        try world.boot()
        try theatre.run(untilMinute: 3 * Self.day + 60)
        // A day is kept, and the removal comes once a day.
        let young = world.time.adding(milliseconds: -2 * Self.day * 60_000 - 3_600_000)
        for schedule in ["s", "chain"] {
            let slots = try theatre.slots(schedule)
            #expect(slots.allSatisfy { $0.slotAt >= young }, "\(schedule)")
            #expect(slots.count >= Int(Self.day) / 60)
        }
        let horizon = try #require(try world.inspect { try $0.daemon().prunedBefore })
        #expect(world.time.since(horizon) >= Self.day * 60_000)
        #expect(
            try theatre.ask("SELECT actor, subject FROM audit WHERE action = 'prune'").count >= 2)
        // Nothing of what is gone is left behind.
        #expect(try theatre.ask("PRAGMA foreign_key_check") == [])
        for (table, key) in [
            ("attempts", "slot_id NOT IN (SELECT slot_id FROM slots)"),
            ("looks", "look_id NOT IN (SELECT baseline_look_id FROM attempts)"),
            ("status_history", "run_key NOT IN (SELECT run_key FROM process_runs)"),
            ("process_runs", "slot_id IS NULL"),
        ] {
            #expect(try count(theatre, "\(table) WHERE \(key)") == 0, "\(table)")
        }
        try theatre.check()
    }

    @Test func whatIsGoneIsNotStartedAgain() throws {
        let theatre = try Self.theatre()
        let world = theatre.world
        try world.boot()
        try theatre.run(untilMinute: 2 * Self.day + 90)
        world.kill()
        try world.boot()
        try theatre.run(untilMinute: 2 * Self.day + 110)
        // Each slot of the rule has one run, and each of them one of the chain, also after the restart.
        func runs(_ process: String) -> Int {
            world.sandbox.runs.count { $0.process == process && $0.createdAt <= world.time }
        }
        #expect(runs("p1") == (2 * Int(Self.day) + 60) / 60)
        #expect(runs("p2") == runs("p1"))
        try theatre.check()
    }

    @Test func withoutTheKeyNothingIsRemoved() throws {
        let theatre = try Self.theatre(keepDays: nil)
        try theatre.world.boot()
        try theatre.run(untilMinute: 2 * Self.day + 61)
        #expect(try theatre.slots().count == (2 * Int(Self.day) + 60) / 60)
        #expect(try theatre.world.inspect { try $0.daemon().prunedBefore } == nil)
        try theatre.check()
    }

    @Test func aClockThatIsSetForwardByWeeksMakesNoHistoryOld() throws {
        let theatre = try Self.theatre()
        let world = theatre.world
        try world.boot()
        try theatre.run(untilMinute: 240)
        let before = try count(theatre, "slots WHERE disposition = 'started'")
        world.stepClock(byMilliseconds: 20 * 86_400_000)
        // The next answer says so; starts wait from then on, and history stays.
        try theatre.run(untilMinute: 2 * Self.day)
        #expect(try count(theatre, "slots WHERE disposition = 'started'") >= before)
        world.replies = []
        world.command(.prune(before: world.wall.adding(milliseconds: -86_400_000), reason: ""))
        try theatre.run(untilMinute: 2 * Self.day + 1)
        #expect(world.replies.map(\.exitCode) == [4])
        #expect(world.replies.first?.message.contains("correct the clock") == true)
    }

    /// Six hours apart, so that two days are quickly played; removals come 70 minutes after 05:00,
    /// when the answers of a start have borne the clock out.
    private static func quietTheatre() throws -> Theatre {
        let theatre = try Theatre([
            Theatre.schedule(every: 360) { $0.poll.reopenWindowMilliseconds = 3_600_000 }
        ])
        theatre.world.configuration.keepHistoryMilliseconds = 86_400_000
        return theatre
    }

    /// From now on the disk has no room for statements that begin so.
    @discardableResult
    private static func refuse(_ prefix: String, of world: World) throws -> Ledger {
        let ledger = try world.inspect { $0 }
        ledger.database.willStep = { sql in
            guard sql.hasPrefix(prefix) else { return }
            throw StoreError(
                kind: .full, attempted: "write", path: "", cause: "no room", advice: "")
        }
        return ledger
    }

    @Test func aClockThatWasAheadForAnHourDoesNotEndRemovals() throws {
        let theatre = try Self.quietTheatre()
        let world = theatre.world
        try world.boot()
        try theatre.run(untilMinute: Self.day + 60)
        world.stepClock(byMilliseconds: 20 * 86_400_000)
        try theatre.run(untilMinute: Self.day + 120)
        world.stepClock(byMilliseconds: -20 * 86_400_000)
        #expect(try world.inspect { try $0.daemon().prunedBefore } == nil)
        // A start is answered, which bears the clock out.
        try theatre.run(untilMinute: Self.day + 170)
        world.command(.trigger(schedule: "s", uuid: "u", force: false, reason: ""))
        try theatre.run(untilMinute: Self.day + 240)
        let horizon = try #require(try world.inspect { try $0.daemon().prunedBefore })
        #expect(world.time.since(horizon) >= Self.day * 60_000)
    }

    @Test func aRemovalForWhichTheDiskHasNoRoomKeepsNothingElse() throws {
        let theatre = try Self.quietTheatre()
        let world = theatre.world
        try world.boot()
        try theatre.run(untilMinute: 2 * Self.day + 65)
        let ledger = try Self.refuse("DELETE FROM slots", of: world)
        #expect(throws: StoreError.self) { try theatre.run(untilMinute: 2 * Self.day + 75) }
        // The daemon takes the turn again: without the removal, until an hour later.
        try theatre.run(untilMinute: 2 * Self.day + 125)
        let horizon = try world.inspect { try $0.daemon().prunedBefore }
        ledger.database.willStep = nil
        try theatre.run(untilMinute: 2 * Self.day + 500)
        #expect(try world.inspect { try $0.daemon().prunedBefore } != horizon)
    }

    @Test func aReloadThatKeepsMoreEndsARemovalUnderWay() throws {
        let theatre = try Self.quietTheatre()
        let world = theatre.world
        try world.boot()
        try theatre.run(untilMinute: 2 * Self.day + 65)
        try Self.refuse("DELETE FROM errors WHERE error_id IN", of: world)
        #expect(throws: StoreError.self) { try theatre.run(untilMinute: 2 * Self.day + 75) }
        // The slots are gone, and the errors are to follow in an hour; audit has the day before.
        let told = "SELECT detail FROM audit WHERE action = 'prune'"
        #expect(try theatre.ask(told).count == 1)
        var configuration = world.configuration
        configuration.contentHash = "2"
        configuration.keepHistoryMilliseconds = nil
        world.reload(configuration)
        try theatre.run(untilMinute: 2 * Self.day + 100)
        #expect(try theatre.ask(told).count == 2)
    }

    @Test func aPersonRemovesWhatIsOldEnough() throws {
        let theatre = try Self.theatre(keepDays: nil)
        let world = theatre.world
        try world.boot()
        try theatre.run(untilMinute: 3 * Self.day)
        let horizon = world.time.adding(milliseconds: -Self.day * 60_000)
        world.replies = []
        world.command(.prune(before: world.time.adding(milliseconds: -3_600_000), reason: ""))
        world.command(.prune(before: horizon, reason: "kept for a day"))
        world.command(.prune(before: horizon, reason: ""))
        try theatre.run(untilMinute: 3 * Self.day + 2)
        #expect(world.replies.map(\.exitCode) == [2, 0, 4])
        let slots = try theatre.slots()
        #expect(slots.allSatisfy { $0.slotAt >= horizon.adding(milliseconds: -3_600_000) })
        #expect(slots.count <= Int(Self.day) / 60 + 2)
        let told = try theatre.ask(
            "SELECT actor, reason, detail FROM audit WHERE action = 'prune'")
        #expect(told.count == 1)
        #expect(told[0].hasPrefix("tester|kept for a day|"), "\(told)")
        try theatre.check()
    }

    /// What `attention` shows, what the API's list still shows and what is followed stays.
    @Test func whatIsStillNeededStays() throws {
        let failing = Theatre.schedule("failing", every: 720, process: "gone") {
            $0.overlap = .allow
        }
        let once = Theatre.schedule("once", every: 24 * 60 * 30, process: "p2") { _ in }
        let theatre = try Theatre([
            failing, once, Theatre.schedule(every: 60) { $0.overlap = .allow },
        ])
        let world = theatre.world
        world.configuration.keepHistoryMilliseconds = 86_400_000
        try world.boot()
        // A person's run of the process that nothing else runs on.
        world.sandbox.startByPerson(process: "p2", user: "person", at: world.time)
        try theatre.run(untilMinute: 4 * Self.day)
        // Each of them failed, and none has been made good.
        #expect(try count(theatre, "attention WHERE kind = 'failed'") == 8)
        #expect(try theatre.slots("failing").count == 8)
        #expect(try count(theatre, "process_runs WHERE process_id = 'p2'") == 1)
        #expect(try theatre.slots().count < 3 * Int(Self.day) / 60)
        try theatre.check()
    }
}
