import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// What is missing for two minutes, at boot and in flight, ends nothing for good: it is in `attention`
/// within a minute, healed within thirty seconds of its return, and costs no slot.
///
/// Folders, files and ports that only a real daemon has: `EndToEndTests/WaitingTests`.
@Suite struct MissingTests {
    /// What goes away and comes back.
    struct Thing: Sendable, CustomTestStringConvertible {
        let name: String
        let kind: AlarmKind
        let take: @Sendable (Simulator) -> Void
        let giveBack: @Sendable (Simulator) -> Void
        var testDescription: String { name }

        /// All calls fail in that way.
        static func api(_ name: String, _ fault: Fault, afterMilliseconds: Int64 = 0) -> Thing {
            var fault = fault
            fault.delayMilliseconds = afterMilliseconds
            let failing = fault
            return Thing(
                name: name, kind: .unreachable, take: { $0.sandbox.inject(FaultRule(failing)) },
                giveBack: { $0.sandbox.removeFaults() })
        }
    }

    static let things = [
        Thing.api("an API that nobody listens for", .unreachable(isCertificate: false)),
        Thing.api(
            "a network that answers nobody", .unreachable(isCertificate: false),
            afterMilliseconds: 10_000),
        Thing.api("a network that loses all", .lostBefore),
        Thing.api("the authority of the API's certificate", .unreachable(isCertificate: true)),
        Thing.api("an API behind a gateway", .gateway(503, .html, acts: false)),
        Thing(
            name: "the secret", kind: .credential,
            take: {
                $0.secrets["prod"] = "gone"
                $0.sandbox.revokeTokens()
            },
            giveBack: {
                $0.secrets["prod"] = nil
                $0.post(.credentialChanged(connection: "prod"))
            }),
        Thing(
            name: "the zone", kind: .waits,
            take: {
                var without = Fixture.configuration([], hash: "2")
                without.waiting["s"] = "unknown time zone"
                $0.reload(without)
            },
            giveBack: { $0.reload(Fixture.configuration([schedule], hash: "3")) }),
    ]
    private static let schedule = Fixture.schedule(every: 1) {
        $0.overlap = .allow
        // Of several slots that one turn finds only the newest is on time (rule 8).
        $0.missed = .all
    }

    @Test(arguments: things, ["at boot", "in flight"])
    func nothingIsLostOrTwiceOrForGood(thing: Thing, when: String) throws {
        let fixture = try Fixture([Self.schedule], runMinutes: 1...1)
        let simulator = fixture.simulator
        try simulator.boot()
        if when == "at boot" {
            try fixture.run(untilMinute: 9, second: 30)
            simulator.kill()
            fixture.rest(untilMinute: 10)
            thing.take(simulator)
            try simulator.boot()
        } else {
            // No start is out then, which would have to be settled first.
            try fixture.run(untilMinute: 10, second: 5)
            thing.take(simulator)
        }
        try fixture.run(untilMinute: 11, second: 5)
        #expect(try fixture.alarms(thing.kind).count == 1)
        try fixture.run(untilMinute: 12)
        thing.giveBack(simulator)
        try fixture.run(untilMinute: 12, second: 30)
        #expect(try fixture.alarms(thing.kind) == [])
        #expect(
            try fixture.ask(
                "SELECT count(*) > 0 FROM slots WHERE ended_at > 1795497120000") == ["1"])
        try fixture.run(untilMinute: 20, second: 30)
        let told = try fixture.told()
        #expect(told == (1...20).map { "\($0) started" }.joined(separator: ", "))
        #expect(simulator.sandbox.runs.count == 20)
        #expect(try fixture.ask("SELECT kind, subject FROM attention") == [])
        try fixture.check()
    }
}
