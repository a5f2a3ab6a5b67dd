import Engine
import Simulation
import Store
import Testing
import Timetable

/// Rule 11: where the search for ends that a waiting schedule has not used begins.
@Suite struct AfterMarkTests {
    private static func chain() -> Schedule {
        Fixture.schedule("chain", process: "p2") {
            $0.trigger = .after(
                AfterRule(upstreams: ["s"], on: .success, withinMilliseconds: nil, join: .order))
            $0.ruleText = "after s"
            $0.ruleSource = "after s"
            $0.overlap = .allow
        }
    }

    private static func world() throws -> Fixture {
        let hourly = Fixture.schedule(every: 60) { ($0.overlap, $0.missed) = (.allow, .skip) }
        let fixture = try Fixture([hourly, chain()], runMinutes: 1...2)
        try fixture.simulator.boot()
        return fixture
    }

    private static func mark(_ fixture: Fixture) throws -> [String] {
        try fixture.ask(
            "SELECT (slot_at / 1000 - 1795496400) / 60 FROM after_marks WHERE upstream = 's'")
    }

    @Test func itFollowsWhatIsUsedAndStaysAtWhatHasNotEnded() throws {
        let fixture = try Self.world()
        try fixture.run(untilMinute: 6 * 60 + 30)
        #expect(try fixture.slots("chain").count == 6)
        #expect(try Self.mark(fixture) == ["360"])
        // The next run has not ended when the chain is asked for again.
        try fixture.run(untilMinute: 7 * 60, second: 30)
        #expect(try fixture.slots("chain").count == 6)
        fixture.simulator.kill()
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 8 * 60 + 30)
        #expect(try fixture.slots("chain").count == 8)
        #expect(try Self.mark(fixture) == ["480"])
        try fixture.check()
    }

    @Test func aSlotThatIsMadeUpForLaterSetsOffWhatWaitsForIt() throws {
        let fixture = try Self.world()
        try fixture.run(untilMinute: 90)
        fixture.simulator.kill()
        fixture.rest(untilMinute: 5 * 60 - 10)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 6 * 60 + 30)
        let before = try fixture.slots("chain").count
        #expect(try Self.mark(fixture) == ["360"])
        fixture.makeUp(minute: 120)
        try fixture.run(untilMinute: 6 * 60 + 50)
        #expect(try fixture.manual().map(\.disposition) == [.started])
        let chain = try fixture.slots("chain")
        #expect(chain.count == before + 1)
        #expect(chain.last?.disposition == .started)
        try fixture.check()
    }

    /// The upstream was paused while the host was down: nothing came of its slots, all at once.
    @Test(arguments: [AfterRule.Join.order, .day])
    func aNightOfWhichNothingCameSetsOffOneSlotOnly(join: AfterRule.Join) throws {
        var chain = Self.chain()
        chain.trigger = .after(
            AfterRule(upstreams: ["s"], on: .end, withinMilliseconds: nil, join: join))
        let hourly = Fixture.schedule(every: 60) { ($0.overlap, $0.missed) = (.allow, .skip) }
        let fixture = try Fixture([hourly, chain], runMinutes: 1...2)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 90)
        #expect(try fixture.slots("chain").map(\.disposition) == [.started])
        fixture.simulator.command(.pause(schedule: "s", until: nil, reason: "closed"))
        try fixture.run(untilMinute: 100)
        fixture.simulator.kill()
        fixture.rest(untilMinute: 12 * 60 + 10)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 12 * 60 + 30)
        #expect(try fixture.slots().filter { $0.disposition == .skipped }.count == 11)
        #expect(try fixture.slots("chain").map(\.disposition) == [.started, .started])
        // A slot that comes to nothing in its own time is an end of its own.
        try fixture.run(untilMinute: 14 * 60 + 30)
        #expect(try fixture.slots("chain").count == 4)
        try fixture.check()
    }

    /// By order each end has its place beside one of the other upstream, whose runs took place.
    @Test func withSeveralByOrderEachSlotOfSuchANightCounts() throws {
        var chain = Self.chain()
        chain.trigger = .after(
            AfterRule(upstreams: ["s", "t"], on: .end, withinMilliseconds: nil, join: .order))
        let upstreams = ["s", "t"].map {
            Fixture.schedule($0, every: 60) { ($0.overlap, $0.missed) = (.allow, .all) }
        }
        let fixture = try Fixture(upstreams + [chain], runMinutes: 1...2)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 10)
        fixture.simulator.command(.pause(schedule: "s", until: nil, reason: "closed"))
        try fixture.run(untilMinute: 20)
        fixture.simulator.kill()
        fixture.rest(untilMinute: 4 * 60 + 10)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 7 * 60 + 30)
        #expect(try fixture.slots("t").count { $0.disposition == .started } == 7)
        #expect(try fixture.slots("chain").count == 7)
        try fixture.check()
    }
}
