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
    private static func fixture(keepDays: Int64? = 1) throws -> Fixture {
        let chain = Fixture.schedule("chain", process: "p2") {
            $0.trigger = .after(
                AfterRule(upstreams: ["s"], on: .success, withinMilliseconds: nil))
            $0.ruleSource = "after s"
            $0.overlap = .allow
            $0.poll.reopenWindowMilliseconds = 3_600_000
        }
        let fixture = try Fixture([
            Fixture.schedule(every: 60) {
                $0.overlap = .allow
                $0.poll.reopenWindowMilliseconds = 3_600_000
            }, chain,
        ])
        fixture.simulator.configuration.keepHistoryMilliseconds = keepDays.map { $0 * 86_400_000 }
        return fixture
    }

    private func count(_ fixture: Fixture, _ table: String) throws -> Int {
        try Int(fixture.ask("SELECT count(*) FROM \(table)")[0]) ?? 0
    }

    @Test func whatEndedLongerAgoIsRemovedOnceADay() throws {
        let fixture = try Self.fixture()
        let simulator = fixture.simulator
        try simulator.boot()
        try fixture.run(untilMinute: 3 * Self.day + 60)
        // A day is kept, and the removal comes once a day.
        let young = simulator.time.adding(milliseconds: -2 * Self.day * 60_000 - 3_600_000)
        for schedule in ["s", "chain"] {
            let slots = try fixture.slots(schedule)
            #expect(slots.allSatisfy { $0.slotAt >= young }, "\(schedule)")
            #expect(slots.count >= Int(Self.day) / 60)
        }
        let horizon = try #require(try simulator.inspect { try $0.daemon().prunedBefore })
        #expect(simulator.time.since(horizon) >= Self.day * 60_000)
        #expect(
            try fixture.ask("SELECT actor, subject FROM audit WHERE action = 'prune'").count >= 2)
        // Nothing of what is gone is left behind.
        #expect(try fixture.ask("PRAGMA foreign_key_check") == [])
        for (table, key) in [
            ("attempts", "slot_id NOT IN (SELECT slot_id FROM slots)"),
            ("looks", "look_id NOT IN (SELECT baseline_look_id FROM attempts)"),
            ("status_history", "run_key NOT IN (SELECT run_key FROM process_runs)"),
            ("process_runs", "slot_id IS NULL"),
        ] {
            #expect(try count(fixture, "\(table) WHERE \(key)") == 0, "\(table)")
        }
        try fixture.check()
    }

    @Test func whatIsGoneIsNotStartedAgain() throws {
        let fixture = try Self.fixture()
        let simulator = fixture.simulator
        try simulator.boot()
        try fixture.run(untilMinute: 2 * Self.day + 90)
        simulator.kill()
        try simulator.boot()
        try fixture.run(untilMinute: 2 * Self.day + 110)
        // Each slot of the rule has one run, and each of them one of the chain, also after the restart.
        func runs(_ process: String) -> Int {
            simulator.sandbox.runs.count { $0.process == process && $0.createdAt <= simulator.time }
        }
        #expect(runs("p1") == (2 * Int(Self.day) + 60) / 60)
        #expect(runs("p2") == runs("p1"))
        try fixture.check()
    }

    @Test func withoutTheKeyNothingIsRemoved() throws {
        let fixture = try Self.fixture(keepDays: nil)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 2 * Self.day + 61)
        #expect(try fixture.slots().count == (2 * Int(Self.day) + 60) / 60)
        #expect(try fixture.simulator.inspect { try $0.daemon().prunedBefore } == nil)
        try fixture.check()
    }

    @Test func aClockThatIsSetForwardByWeeksMakesNoHistoryOld() throws {
        let fixture = try Self.fixture()
        let simulator = fixture.simulator
        try simulator.boot()
        try fixture.run(untilMinute: 240)
        let before = try count(fixture, "slots WHERE disposition = 'started'")
        simulator.stepClock(byMilliseconds: 20 * 86_400_000)
        // The next answer says so; starts wait from then on, and history stays.
        try fixture.run(untilMinute: 2 * Self.day)
        #expect(try count(fixture, "slots WHERE disposition = 'started'") >= before)
        simulator.replies = []
        simulator.command(
            .prune(before: simulator.wall.adding(milliseconds: -86_400_000), reason: ""))
        try fixture.run(untilMinute: 2 * Self.day + 1)
        #expect(simulator.replies.map(\.exitCode) == [4])
        #expect(simulator.replies.first?.message.contains("correct the clock") == true)
    }

    /// Six hours apart, so that two days are quickly played; removals come 70 minutes after 05:00,
    /// when the answers of a start have borne the clock out.
    private static func quietFixture() throws -> Fixture {
        let fixture = try Fixture([
            Fixture.schedule(every: 360) { $0.poll.reopenWindowMilliseconds = 3_600_000 }
        ])
        fixture.simulator.configuration.keepHistoryMilliseconds = 86_400_000
        return fixture
    }

    /// A disk that has no room for the statements that begin so.
    private final class FullDisk {
        let ledger: Ledger
        private(set) var refusals = 0

        init(for prefix: String, under simulator: Simulator) throws {
            ledger = try simulator.inspect { $0 }
            ledger.database.willStep = { [weak self] sql in
                guard sql.hasPrefix(prefix) else { return }
                self?.refusals += 1
                throw StoreError(
                    kind: .full, attempted: "write", path: "", cause: "no room", advice: "")
            }
        }
    }

    @Test func aClockThatWasAheadForAnHourDoesNotEndRemovals() throws {
        let fixture = try Self.quietFixture()
        let simulator = fixture.simulator
        try simulator.boot()
        try fixture.run(untilMinute: Self.day + 60)
        simulator.stepClock(byMilliseconds: 20 * 86_400_000)
        try fixture.run(untilMinute: Self.day + 120)
        simulator.stepClock(byMilliseconds: -20 * 86_400_000)
        #expect(try simulator.inspect { try $0.daemon().prunedBefore } == nil)
        // A start is answered, which bears the clock out.
        try fixture.run(untilMinute: Self.day + 170)
        simulator.command(.trigger(schedule: "s", uuid: "u", force: false, reason: ""))
        try fixture.run(untilMinute: Self.day + 240)
        let horizon = try #require(try simulator.inspect { try $0.daemon().prunedBefore })
        #expect(simulator.time.since(horizon) >= Self.day * 60_000)
    }

    @Test func aRemovalForWhichTheDiskHasNoRoomKeepsNothingElse() throws {
        let fixture = try Self.quietFixture()
        let simulator = fixture.simulator
        try simulator.boot()
        try fixture.run(untilMinute: 2 * Self.day + 65)
        let disk = try FullDisk(for: "DELETE FROM slots", under: simulator)
        try fixture.run(untilMinute: 2 * Self.day + 75)
        #expect(disk.refusals == 1)
        // The daemon takes the turn again: without the removal, until an hour later.
        try fixture.run(untilMinute: 2 * Self.day + 125)
        let horizon = try simulator.inspect { try $0.daemon().prunedBefore }
        disk.ledger.database.willStep = nil
        try fixture.run(untilMinute: 2 * Self.day + 500)
        #expect(try simulator.inspect { try $0.daemon().prunedBefore } != horizon)
    }

    @Test func aReloadThatKeepsMoreEndsARemovalUnderWay() throws {
        let fixture = try Self.quietFixture()
        let simulator = fixture.simulator
        try simulator.boot()
        try fixture.run(untilMinute: 2 * Self.day + 65)
        let disk = try FullDisk(for: "DELETE FROM errors WHERE error_id IN", under: simulator)
        try fixture.run(untilMinute: 2 * Self.day + 75)
        #expect(disk.refusals == 1)
        // The slots are gone, and the errors are to follow in an hour; audit has the day before.
        let told = "SELECT detail FROM audit WHERE action = 'prune'"
        #expect(try fixture.ask(told).count == 1)
        var configuration = simulator.configuration
        configuration.contentHash = "2"
        configuration.keepHistoryMilliseconds = nil
        simulator.reload(configuration)
        try fixture.run(untilMinute: 2 * Self.day + 100)
        #expect(try fixture.ask(told).count == 2)
    }

    @Test func aPersonRemovesWhatIsOldEnough() throws {
        let fixture = try Self.fixture(keepDays: nil)
        let simulator = fixture.simulator
        try simulator.boot()
        try fixture.run(untilMinute: 3 * Self.day)
        let horizon = simulator.time.adding(milliseconds: -Self.day * 60_000)
        simulator.replies = []
        simulator.command(
            .prune(before: simulator.time.adding(milliseconds: -3_600_000), reason: ""))
        simulator.command(.prune(before: horizon, reason: "kept for a day"))
        simulator.command(.prune(before: horizon, reason: ""))
        try fixture.run(untilMinute: 3 * Self.day + 2)
        #expect(simulator.replies.map(\.exitCode) == [2, 0, 4])
        let slots = try fixture.slots()
        #expect(slots.allSatisfy { $0.slotAt >= horizon.adding(milliseconds: -3_600_000) })
        #expect(slots.count <= Int(Self.day) / 60 + 2)
        let told = try fixture.ask(
            "SELECT actor, reason, detail FROM audit WHERE action = 'prune'")
        #expect(told.count == 1)
        #expect(told[0].hasPrefix("tester|kept for a day|"), "\(told)")
        try fixture.check()
    }

    /// What `attention` shows, what the API's list still shows and what is followed stays.
    @Test func whatIsStillNeededStays() throws {
        let failing = Fixture.schedule("failing", every: 720, process: "gone") {
            $0.overlap = .allow
        }
        let once = Fixture.schedule("once", every: 24 * 60 * 30, process: "p2") { _ in }
        let fixture = try Fixture([
            failing, once, Fixture.schedule(every: 60) { $0.overlap = .allow },
        ])
        let simulator = fixture.simulator
        simulator.configuration.keepHistoryMilliseconds = 86_400_000
        try simulator.boot()
        // A person's run of the process that nothing else runs on.
        simulator.sandbox.startByPerson(process: "p2", user: "person", at: simulator.time)
        try fixture.run(untilMinute: 4 * Self.day)
        // Each of them failed, and none has been made good.
        #expect(try count(fixture, "attention WHERE kind = 'failed'") == 8)
        #expect(try fixture.slots("failing").count == 8)
        #expect(try count(fixture, "process_runs WHERE process_id = 'p2'") == 1)
        #expect(try fixture.slots().count < 3 * Int(Self.day) / 60)
        try fixture.check()
    }
}
