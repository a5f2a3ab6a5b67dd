import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// A step that fails undoes itself, and what it was for is not lost.
@Suite struct StepTests {
    private static func theatre(_ schedules: [Schedule]) throws -> Theatre {
        var plan = World.Plan()
        plan.endsAtErrors = false
        return try Theatre(schedules, plan: plan)
    }

    /// Between two ends of its upstream, so that only the first one can have set it off.
    @Test func anAfterSlotThatCouldNotBeWrittenComesOnceItCan() throws {
        let theatre = try Self.theatre([
            Theatre.schedule(every: 60),
            Theatre.schedule("next", process: "p2") {
                $0.trigger = .after(
                    AfterRule(upstreams: ["s"], on: .end, withinMilliseconds: nil))
            },
        ])
        try theatre.world.boot()
        try theatre.run(untilMinute: 59)
        try theatre.world.inspect {
            try $0.database.execute(
                """
                CREATE TEMP TRIGGER refuse BEFORE INSERT ON slots WHEN NEW.kind = 'after'
                BEGIN SELECT RAISE(ABORT, 'refused by the test'); END
                """)
        }
        try theatre.run(untilMinute: 70)
        #expect(try theatre.told() == "60 started")
        #expect(try theatre.slots("next").isEmpty)
        // Tried again at a bearable pace, not at each turn.
        let refusals = theatre.world.errorLines
        #expect((2...12).contains(refusals.count), "\(refusals)")
        try theatre.world.inspect { try $0.database.execute("DROP TRIGGER refuse") }
        try theatre.run(untilMinute: 75)
        #expect(try theatre.slots("next").map(\.disposition) == [.started])
    }
}
