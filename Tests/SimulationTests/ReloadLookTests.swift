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
        Fixture.schedule(name) {
            $0.process = .name(pattern: "Close \(process)")
            edit(&$0)
        }
    }

    /// A schedule that has just started something, and a reload that adds another one.
    private static func reloaded(adding second: Schedule) throws -> Fixture {
        let first = Fixture.schedule("a") { $0.overlap = .allow }
        let fixture = try Fixture([first])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 15, second: 5)
        fixture.simulator.reload(Fixture.configuration([first, second], hash: "2"))
        return fixture
    }

    @Test func rule9SeesARunThatCameWhileNoScheduleNamedItsProcess() throws {
        // After the restart the followed run of 05:15 leads to p1, and the name that is to come.
        let fixture = try Fixture([Self.named("s", "p1")], runMinutes: 10...10)
        let simulator = fixture.simulator
        try simulator.boot()
        try fixture.run(untilMinute: 20)
        simulator.kill()
        try simulator.boot()
        try fixture.run(untilMinute: 26)
        simulator.sandbox.startByPerson(process: "p1", user: "person", at: simulator.time)
        try fixture.run(untilMinute: 31)
        #expect(try fixture.told() == "15 started, 30 skipped")
        #expect(simulator.sandbox.runs.count == 2)
        try fixture.check()
    }

    @Test func aProcessFoundByNameStartsOnTheListThatWasFetchedAhead() throws {
        let fixture = try Fixture([Self.named("s", "p1")])
        let simulator = fixture.simulator
        try simulator.boot()
        try fixture.run(untilMinute: 14, second: 20)
        func lists() -> Int { simulator.sandbox.log.requestsByOperation["listProcesses"] ?? 0 }
        let before = lists()
        try fixture.run(untilMinute: 15, second: 10)
        let slot = try #require(try fixture.slots().first)
        #expect(slot.disposition == .started, "\(slot.reason)")
        #expect(lists() == before + 1)
        try fixture.check()
    }

    @Test func aNameThatAReloadAddsIsLookedForInANewList() throws {
        let fixture = try Self.reloaded(adding: Self.named("n", "p2"))
        fixture.simulator.command(.trigger(schedule: "n", uuid: "u", force: false, reason: ""))
        try fixture.run(untilMinute: 16)
        let slot = try #require(try fixture.slots("n").first)
        #expect(slot.disposition == .started, "\(slot.reason)")
        try fixture.check()
    }

    @Test func aProcessThatAReloadAddsIsNotMissedByAListFromBefore() throws {
        let fixture = try Self.reloaded(
            adding: Fixture.schedule("b", every: 60, process: "p2") {
                $0.preflightMilliseconds = 6 * 3_600_000
            })
        try fixture.run(untilMinute: 20)
        #expect(try fixture.alarms(.preflight) == [])
        #expect(try fixture.ask("SELECT state FROM preflights WHERE schedule = 'b'") == ["passed"])
    }

    @Test func rule10TheGapOfAnEditWhileDownKeepsTheOldActiveWindow() throws {
        let from = Instant(seconds: 1_795_496_400 + 3600)
        let fixture = try Fixture([Fixture.schedule { $0.active.from = from }])
        let simulator = fixture.simulator
        try simulator.boot()
        try fixture.run(untilMinute: 20)
        simulator.kill()
        fixture.rest(untilMinute: 91)
        simulator.reload(
            Fixture.configuration(
                [Fixture.schedule("s", every: 30) { $0.active.from = from }], hash: "2"))
        try simulator.boot()
        try fixture.run(untilMinute: 100)
        #expect(try fixture.told() == "60 missed, 75 missed, 90 missed")
    }
}
