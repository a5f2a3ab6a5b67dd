import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// A reload changes what a list must show: looks and lists from before it may lack what is asked now.
@Suite struct ReloadLookTests {
    private static func named(
        _ name: String, _ process: String, edit: (inout Schedule) -> Void = { _ in }
    ) -> Schedule {
        Theatre.schedule(name) {
            $0.process = .name(pattern: "Close \(process)")
            edit(&$0)
        }
    }

    /// A schedule that has just started something, and a reload that adds another one.
    private static func reloaded(adding second: Schedule) throws -> Theatre {
        let first = Theatre.schedule("a") { $0.overlap = .allow }
        let theatre = try Theatre([first])
        try theatre.world.boot()
        try theatre.run(untilMinute: 15, second: 5)
        theatre.world.reload(Theatre.configuration([first, second], hash: "2"))
        return theatre
    }

    @Test func rule9SeesARunThatCameWhileNoScheduleNamedItsProcess() throws {
        // After the restart the followed run of 05:15 leads to p1, and the name that is to come.
        let theatre = try Theatre([Self.named("s", "p1")], runMinutes: 10...10)
        let world = theatre.world
        try world.boot()
        try theatre.run(untilMinute: 20)
        world.kill()
        try world.boot()
        try theatre.run(untilMinute: 26)
        world.sandbox.startByPerson(process: "p1", user: "person", at: world.time)
        try theatre.run(untilMinute: 31)
        #expect(try theatre.told() == "15 started, 30 skipped")
        #expect(world.sandbox.runs.count == 2)
        try theatre.check()
    }

    @Test func aProcessFoundByNameStartsOnTheListThatWasFetchedAhead() throws {
        let theatre = try Theatre([Self.named("s", "p1")])
        let world = theatre.world
        try world.boot()
        try theatre.run(untilMinute: 14, second: 20)
        func lists() -> Int { world.sandbox.log.requestsByOperation["listProcesses"] ?? 0 }
        let before = lists()
        try theatre.run(untilMinute: 15, second: 10)
        let slot = try #require(try theatre.slots().first)
        #expect(slot.disposition == .started, "\(slot.reason)")
        #expect(lists() == before + 1)
        try theatre.check()
    }

    @Test func aNameThatAReloadAddsIsLookedForInANewList() throws {
        let theatre = try Self.reloaded(adding: Self.named("n", "p2"))
        theatre.world.command(.trigger(schedule: "n", uuid: "u", force: false, reason: ""))
        try theatre.run(untilMinute: 16)
        let slot = try #require(try theatre.slots("n").first)
        #expect(slot.disposition == .started, "\(slot.reason)")
        try theatre.check()
    }

    @Test func aProcessThatAReloadAddsIsNotMissedByAListFromBefore() throws {
        let theatre = try Self.reloaded(
            adding: Theatre.schedule("b", every: 60, process: "p2") {
                $0.preflightMilliseconds = 6 * 3_600_000
            })
        try theatre.run(untilMinute: 20)
        #expect(try theatre.alarms(.preflight) == [])
        #expect(try theatre.ask("SELECT state FROM preflights WHERE schedule = 'b'") == ["passed"])
    }

    @Test func rule10TheGapOfAnEditWhileDownKeepsTheOldActiveWindow() throws {
        let from = Instant(seconds: 1_795_496_400 + 3600)
        let theatre = try Theatre([Theatre.schedule { $0.activeFrom = from }])
        let world = theatre.world
        try world.boot()
        try theatre.run(untilMinute: 20)
        world.kill()
        theatre.rest(untilMinute: 91)
        world.reload(
            Theatre.configuration(
                [Theatre.schedule("s", every: 30) { $0.activeFrom = from }], hash: "2"))
        try world.boot()
        try theatre.run(untilMinute: 100)
        #expect(try theatre.told() == "60 missed, 75 missed, 90 missed")
    }
}
