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
}
