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
    private static func lost(_ rule: FaultRule) throws -> Theatre {
        let theatre = try Theatre()
        theatre.world.sandbox.inject(.next(.lostAfter(), operation: "runProcess"))
        try theatre.world.boot()
        try theatre.run(untilMinute: 15, second: 10)
        #expect(try theatre.told() == "15 unknown")
        theatre.world.sandbox.inject(rule)
        return theatre
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
        let theatre = try Self.lost(rule)
        // The exposure ends 29 s after the loss, settle_within and look_patience take 2 min each.
        try theatre.run(untilMinute: 19)
        #expect(try theatre.alarms(.undecided) == [])
        try theatre.run(untilMinute: 22)
        #expect(try theatre.alarms(.undecided) == ["s@2026-11-24T05:15:00Z"])
        let words = try theatre.ask("SELECT what_to_do FROM attention WHERE kind = 'undecided'")
        #expect(words.first?.contains(why) == true)
        #expect(words.first?.contains("carillon resolve") == true)
        // What can heal by itself does.
        theatre.world.sandbox.removeFaults()
        try theatre.run(untilMinute: 29)
        #expect(try theatre.told() == "15 started")
        #expect(try theatre.alarms(.undecided) == [])
        try theatre.check()
    }
}
