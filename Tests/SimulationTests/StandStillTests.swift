import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Nothing stands still in silence: what can't be read is told, and asked for at a bearable pace.
@Suite struct StandStillTests {
    /// A run that takes days has begun at 05:15, and the fault lasts from 05:16 on.
    private static func broken(_ rules: [FaultRule], slots: Int64 = 1440) throws -> Fixture {
        let fixture = try Fixture([Fixture.schedule(every: slots)], runMinutes: 20_000...20_000)
        try fixture.simulator.boot()
        fixture.simulator.command(.trigger(schedule: "s", uuid: "u", force: false, reason: ""))
        try fixture.run(untilMinute: 16)
        for rule in rules {
            var rule = rule
            rule.times = 1_000_000
            fixture.simulator.sandbox.inject(rule)
        }
        return fixture
    }

    private static let unseen = FaultRule(
        .listing(.without(process: "p1")), operation: "listProcesses")

    private static func reads(_ fault: Fault) -> FaultRule {
        FaultRule(fault, operation: "getProcessRun")
    }

    @Test(arguments: [
        (Fault.foreign(404, acts: false), "not readable"),
        (.error(500, acts: false), "not readable"),
        (.gateway(200, .html, acts: false), "not readable"),
        (.gateway(502, .html, acts: false), "not readable"),
        (.answer(.garbage), "not readable"), (.answer(.truncated), "not readable"),
        // Lists that are complete and don't show it agree with the API's own word.
        (.error(404, acts: false), "run lost"),
    ])
    func aRunThatNoReadTellsOfIsInAttentionUntilOneDoes(fault: Fault, kind: String) throws {
        let fixture = try Self.broken([Self.reads(fault), Self.unseen])
        try fixture.run(untilMinute: 21)
        #expect(try fixture.alarms(.notReadable) == [])
        try fixture.run(untilMinute: 50)
        let kinds = try fixture.ask(
            "SELECT kind FROM attention WHERE kind IN ('not readable', 'run lost')")
        #expect(kinds.contains(kind))
        fixture.simulator.sandbox.removeFaults()
        // What is lost is looked for every six hours.
        try fixture.run(untilMinute: kind == "run lost" ? 50 + 370 : 50 + 40)
        #expect(
            try fixture.ask(
                "SELECT kind FROM attention WHERE kind IN ('not readable', 'run lost')") == [])
    }

    @Test func theRowOfARunThatCannotBeReadSaysSinceWhenAndWhy() throws {
        let fixture = try Self.broken([Self.reads(.gateway(502, .html, acts: false)), Self.unseen])
        try fixture.run(untilMinute: 50)
        let words = try fixture.ask("SELECT sentence FROM attention WHERE kind = 'not readable'")
        #expect(words.first?.contains("has not been read since 2026-11-24T05:") == true)
        #expect(words.first?.contains("502") == true)
    }

    @Test(arguments: [
        Fault.error(403, acts: false), .gateway(200, .html, acts: false), .error(500, acts: false),
        .foreign(404, acts: false),
    ])
    func listsThatCannotBeReadAreToldAndRunsAreReadByThemselves(fault: Fault) throws {
        let fixture = try Fixture([Fixture.schedule(every: 1440)], runMinutes: 40...40)
        try fixture.simulator.boot()
        fixture.simulator.command(.trigger(schedule: "s", uuid: "u", force: false, reason: ""))
        try fixture.run(untilMinute: 2)
        var rule = FaultRule(fault, operation: "listProcesses")
        rule.times = 1_000_000
        fixture.simulator.sandbox.inject(rule)
        // The run has ended at 05:40, and poll.max would have shown it six hours later.
        try fixture.run(untilMinute: 110)
        #expect(try fixture.ask("SELECT status, outcome FROM runs") == ["complete|succeeded"])
        let told = try fixture.ask(
            "SELECT kind, subject FROM attention WHERE kind IN ('incomplete list', 'unreachable')")
        #expect(told.contains("incomplete list|prod") || told.contains("unreachable|prod"))
        fixture.simulator.sandbox.removeFaults()
        fixture.simulator.command(.trigger(schedule: "s", uuid: "v", force: false, reason: ""))
        try fixture.run(untilMinute: 125)
        #expect(try fixture.alarms(.incompleteList) == [])
        #expect(try fixture.alarms(.unreachable) == [])
    }

    @Test(arguments: [404, 405, 410, 422])
    func aTokenThatIsRefusedInAnyWayIsTold(status: Int) throws {
        let fixture = try Fixture([Fixture.schedule(every: 1440)])
        var rule = FaultRule(.error(status, acts: false), operation: "token")
        rule.times = 1_000_000
        fixture.simulator.sandbox.inject(rule)
        try fixture.simulator.boot()
        fixture.simulator.command(.trigger(schedule: "s", uuid: "u", force: false, reason: ""))
        try fixture.run(untilMinute: 10)
        #expect(try fixture.alarms(.credential) + fixture.alarms(.unreachable) == ["prod"])
        fixture.simulator.sandbox.removeFaults()
        try fixture.run(untilMinute: 20)
        #expect(try fixture.alarms(.credential) + fixture.alarms(.unreachable) == [])
    }

    /// It was set by an hour; nothing has failed for so long.
    @Test func aClockThatIsSetMakesAShortTroubleNoLongOne() throws {
        let fixture = try Self.broken([
            FaultRule(.gateway(502, .html, acts: false), operation: "listProcesses"),
            Self.reads(.gateway(502, .html, acts: false)),
        ])
        try fixture.run(untilMinute: 19)
        fixture.simulator.stepClock(byMilliseconds: 3_600_000)
        try fixture.run(untilMinute: 23)
        #expect(try fixture.alarms(.incompleteList) + fixture.alarms(.notReadable) == [])
        try fixture.run(untilMinute: 40)
        #expect(try fixture.alarms(.incompleteList) == ["prod"])
        let words = try fixture.ask("SELECT sentence FROM attention WHERE kind = 'incomplete list'")
        #expect(words.joined().contains("has not been read since 2026-11-24T06:"))
    }

    @Test func aListThatNeverShowsTheProcessIsAskedForWithGrowingGaps() throws {
        let fixture = try Fixture()
        fixture.simulator.sandbox.inject(.next(.lostAfter(), operation: "runProcess"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 15, second: 10)
        #expect(try fixture.told() == "15 unknown")
        fixture.simulator.sandbox.inject(Self.unseen)
        try fixture.run(untilMinute: 20)
        let before = fixture.requests("listProcesses")
        try fixture.run(untilMinute: 80)
        // Once a minute for the lost answer, and once for each of the slots that come to wait.
        #expect(fixture.requests("listProcesses") - before <= 75)
        fixture.simulator.sandbox.removeFaults()
        try fixture.run(untilMinute: 82)
        #expect(try fixture.told().hasPrefix("15 started"))
    }

    /// The gap has grown to a minute where a lost answer is never shown; a lost one of another connection is
    /// settled, and its slots start, as if nothing were.
    @Test func whatTheListsOfOneConnectionNeverShowHoldsUpNoOther() throws {
        let fixture = try Fixture(runMinutes: 1...2)
        var other = Fixture.schedule("t", every: 20, process: "p2") { $0.overlap = .allow }
        other.connection = "second"
        var configuration = Fixture.configuration([Fixture.schedule(), other], hash: "2")
        configuration.connections["second"] = Connection(
            name: "second", baseURL: "https://api.example.com", apiVersion: "2026-01-01")
        fixture.simulator.reload(configuration)
        fixture.simulator.sandbox.inject(.next(.lostAfter(), operation: "runProcess"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 15, second: 10)
        #expect(try fixture.told() == "15 unknown")
        fixture.simulator.sandbox.inject(Self.unseen)
        try fixture.run(untilMinute: 59)
        fixture.simulator.sandbox.inject(.next(.lostAfter(), operation: "runProcess"))
        try fixture.run(untilMinute: 60, second: 10)
        #expect(try fixture.told("t") == "20 started, 40 started, 60 unknown")
        try fixture.run(untilMinute: 64)
        #expect(try fixture.told("t") == "20 started, 40 started, 60 started")
        try fixture.run(untilMinute: 121)
        #expect(try fixture.slots("t").allSatisfy { $0.disposition == .started })
        #expect(
            try fixture.ask(
                "SELECT count(*) <= 1 FROM history WHERE schedule = 't' AND start_lag_seconds > 5")
                == ["1"])
        #expect(try fixture.told().hasPrefix("15 unknown"))
    }

    @Test func aSlotWhoseProcessNoListShowsAsksForFewOfThem() throws {
        let fixture = try Fixture()
        fixture.simulator.sandbox.inject(Self.unseen)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 14)
        let before = fixture.requests("listProcesses")
        try fixture.run(untilMinute: 17, second: 20)
        // It goes out after look_patience, two minutes: 2, 4, 8, 16, 32 and 60 s apart.
        #expect(fixture.requests("listProcesses") - before <= 10)
        #expect(try fixture.told() == "15 started")
    }

    /// Whoever asked was told to ask again later; the turn after that had nothing to write, got
    /// through, and the monitor said that all was well.
    @Test func aFullDiskIsHealedByAWriteNotByATurnThatWritesNothing() throws {
        let fixture = try Fixture([Fixture.schedule(every: 1440)])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 1)
        fixture.simulator.diskTrouble = Simulator.DiskTrouble(.full, "full")
        fixture.simulator.command(.trigger(schedule: "s", uuid: "u", force: false, reason: ""))
        for second in stride(from: Int64(1), to: 600, by: 7) {
            try fixture.run(untilMinute: 1, second: second)
            #expect(fixture.simulator.storeTrouble != nil, "after \(second) s")
        }
        fixture.simulator.diskTrouble = nil
        try fixture.run(untilMinute: 12)
        #expect(fixture.simulator.storeTrouble == nil)
    }
}
