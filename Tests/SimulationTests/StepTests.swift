import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// A step that fails undoes itself, and what it was for is not lost.
@Suite struct StepTests {
    private static func fixture(_ schedules: [Schedule]) throws -> Fixture {
        var plan = Simulator.Plan()
        plan.endsAtErrors = false
        return try Fixture(schedules, plan: plan)
    }

    /// Between two ends of its upstream, so that only the first one can have set it off.
    @Test func anAfterSlotThatCouldNotBeWrittenComesOnceItCan() throws {
        let fixture = try Self.fixture([
            Fixture.schedule(every: 60),
            Fixture.schedule("next", process: "p2") {
                $0.trigger = .after(
                    AfterRule(upstreams: ["s"], on: .end, withinMilliseconds: nil))
            },
        ])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 59)
        try fixture.simulator.inspect {
            try $0.database.execute(
                """
                CREATE TEMP TRIGGER refuse BEFORE INSERT ON slots WHEN NEW.kind = 'after'
                BEGIN SELECT RAISE(ABORT, 'refused by the test'); END
                """)
        }
        try fixture.run(untilMinute: 70)
        #expect(try fixture.told() == "60 started")
        #expect(try fixture.slots("next").isEmpty)
        // Tried again at a bearable pace, not at each turn.
        let refusals = fixture.simulator.errorLines
        #expect((2...12).contains(refusals.count), "\(refusals)")
        try fixture.simulator.inspect { try $0.database.execute("DROP TRIGGER refuse") }
        try fixture.run(untilMinute: 75)
        #expect(try fixture.slots("next").map(\.disposition) == [.started])
    }

    /// The one who watches the files waits for the answer of each reload before it looks again.
    @Test func whoeverAskedForWhatCouldNotBeAppliedHearsOfIt() throws {
        let schedule = Fixture.schedule(every: 60)
        let fixture = try Self.fixture([schedule])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 5)
        try fixture.simulator.inspect {
            try $0.database.execute(
                """
                CREATE TEMP TRIGGER refuse BEFORE INSERT ON audit
                BEGIN SELECT RAISE(ABORT, 'refused by the test'); END
                """)
        }
        fixture.simulator.command(.pause(schedule: "s", until: nil, reason: "close"))
        fixture.simulator.reload(Fixture.configuration([schedule], hash: "2"))
        try fixture.run(untilMinute: 6)
        #expect(fixture.simulator.replies.map(\.exitCode).allSatisfy { $0 == 1 })
        #expect(!fixture.simulator.replies.isEmpty)
        try fixture.simulator.inspect { try $0.database.execute("DROP TRIGGER refuse") }
        fixture.simulator.command(.pause(schedule: "s", until: nil, reason: "close"))
        try fixture.run(untilMinute: 70)
        #expect(fixture.simulator.replies.last?.exitCode == 0)
        #expect(try fixture.told() == "60 skipped")
    }

    /// The disk has the COMMIT, and says that it hasn't: the turn is taken again, a minute later.
    @Test(arguments: [true, false])
    func atRebootFiresOnceThoughNobodyKnowsWhetherItsCommitIsDurable(isDurable: Bool) throws {
        let reboot = FiringRule(kind: .reboot, zone: .utc)
        let fixture = try Self.fixture([
            Fixture.schedule {
                $0.trigger = .rule(reboot)
                $0.ruleText = "@reboot"
                $0.ruleSource = "@reboot"
            }
        ])
        let ledger = try Ledger(
            path: fixture.simulator.path, pid: nil, now: Fixture.start, durability: .simulated)
        let clockwork = Clockwork(
            ledger: ledger, pid: 1, version: "test", recompile: { _ in reboot })
        var isCommitting = true
        ledger.database.willStep = { sql in
            guard sql == "COMMIT", isCommitting else { return }
            isCommitting = false
            if isDurable { try ledger.database.execute("COMMIT") }
            throw StoreError(
                kind: .ioError, attempted: "write the turn", path: "", cause: "the test's",
                advice: "")
        }
        let inputs = [Input.configuration(fixture.simulator.configuration, commandID: nil)]
        func take(_ seconds: Int64) throws {
            let now = Now(
                wall: Fixture.start.adding(milliseconds: seconds * 1000),
                monotonicMilliseconds: seconds * 1000)
            if seconds > 0 { try clockwork.reopen(now: now) }
            _ = try clockwork.take(inputs, now: now)
        }
        #expect(throws: StoreError.self) { try take(0) }
        try take(60)
        #expect(try ledger.allSlots(schedule: "s").map(\.slotAt) == [Fixture.start])
    }
}
