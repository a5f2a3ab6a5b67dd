import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Stories of single slots, driven with virtual clocks; nothing sleeps.
@Suite struct StoryTests {
    @Test func aDueSlotStartsOneRunAndIsFollowedToItsEnd() throws {
        let theatre = try Theatre()
        try theatre.world.boot()
        try theatre.run(untilMinute: 51)
        try theatre.check()
        #expect(try theatre.told() == "15 started, 30 started, 45 started")
        #expect(theatre.world.sandbox.runs.count == 3)
    }

    @Test func anIdleDaemonWithAThousandSchedulesHardlyTurns() throws {
        let schedules = (0..<1000).map { number in
            Theatre.schedule("s\(number)", every: 1440, process: "p\(number)")
        }
        let theatre = try Theatre(schedules)
        try theatre.world.boot()
        try theatre.run(untilMinute: 10)
        let before = theatre.world.turns
        try theatre.run(untilMinute: 600)
        #expect(theatre.world.turns - before < 100)
    }
}
