import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// An answer that was lost and can't be settled, since no look at its process is possible any more.
///
/// Every later start of the process waits for it, so a person must hear of it.
@Suite struct UndecidedTests {
    private static func lost(_ rule: FaultRule) throws -> Fixture {
        let fixture = try Fixture()
        fixture.simulator.sandbox.inject(.next(.lostAfter(), operation: "runProcess"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 15, second: 10)
        #expect(try fixture.told() == "15 unknown")
        fixture.simulator.sandbox.inject(rule)
        return fixture
    }

    @Test(arguments: [
        (
            FaultRule(.listing(.without(process: "p1")), operation: "listProcesses"),
            "does not show process p1"
        ),
        (FaultRule(.error(403, acts: false), operation: "listProcesses"), "can't be read"),
        (
            FaultRule(.unreachable(isCertificate: false), operation: "listProcesses"),
            "can't be read"
        ),
    ])
    func aLostAnswerThatNoLookSettlesIsInAttention(rule: FaultRule, why: String) throws {
        let fixture = try Self.lost(rule)
        // The exposure ends 29 s after the loss, settle_within and look_patience take 2 min each.
        try fixture.run(untilMinute: 19)
        #expect(try fixture.alarms(.undecided) == [])
        try fixture.run(untilMinute: 22)
        #expect(try fixture.alarms(.undecided) == ["s@2026-11-24T05:15:00Z"])
        let words = try fixture.ask("SELECT what_to_do FROM attention WHERE kind = 'undecided'")
        #expect(words.first?.contains(why) == true)
        #expect(words.first?.contains("carillon resolve") == true)
        // What can heal by itself does.
        fixture.simulator.sandbox.removeFaults()
        try fixture.run(untilMinute: 29)
        #expect(try fixture.told() == "15 started")
        #expect(try fixture.alarms(.undecided) == [])
        try fixture.check()
    }
}
