import Engine
import Simulation
import Store
import Testing
import Timetable

/// One API under several spellings of its address is one API (docs/protocol.md, rule 2 and 9).
@Suite struct AddressTests {
    private static func twoConnections(_ spelling: String) -> EngineConfiguration {
        var configuration = Fixture.configuration([
            Fixture.schedule("a"), Fixture.schedule("b") { $0.connection = "second" },
        ])
        configuration.connections["second"] = Connection(
            name: "second", baseURL: spelling, apiVersion: "2026-01-01")
        return configuration
    }

    @Test(arguments: [
        "https://API.example.com", "https://api.example.com:443", "https://api.example.com.",
        "HTTPS://api.example.com:443/",
    ])
    func anotherSpellingDoesNotEscapeOverlap(spelling: String) throws {
        let fixture = try Fixture([], runMinutes: 60...60)
        fixture.simulator.configuration = Self.twoConnections(spelling)
        fixture.simulator.plan.clients["second"] = 0
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 20)
        let told = try [fixture.told("a"), fixture.told("b")].sorted()
        #expect(told == ["15 skipped", "15 started"])
        #expect(fixture.simulator.sandbox.runs.count == 1)
        try fixture.check()
    }

    @Test func anotherAPIIsAnotherAPI() throws {
        #expect(
            Self.twoConnections("https://api.example.com:8443").connections["second"]?.baseURL
                == "https://api.example.com:8443")
        #expect(
            Self.twoConnections("http://localhost:8480").connections["second"]?.baseURL
                == Self.twoConnections("http://[::1]:8480/").connections["second"]?.baseURL)
        // Requests go where the config says: certificates name hosts.
        #expect(
            Self.twoConnections("http://localhost:8480").connections["second"]?.address
                == "http://localhost:8480")
    }

    /// An older Carillon kept the address as it was written.
    @Test func aRunUnderAnOlderSpellingIsStillInTheWay() throws {
        let fixture = try Fixture(runMinutes: 60...60)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 16)
        try fixture.simulator.inspect { ledger in
            for table in [
                "connections", "process_runs", "slots", "schedule_states", "looks", "attempts",
            ] {
                try ledger.database.run(
                    "UPDATE \(table) SET base_url = 'https://API.example.com:443'")
            }
            try ledger.database.run(
                """
                UPDATE schedule_states SET firing_key =
                    replace(firing_key, 'https://api.example.com', 'https://API.example.com:443')
                """)
        }
        fixture.simulator.kill()
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 31)
        #expect(try fixture.told() == "15 started, 30 skipped")
        #expect(fixture.simulator.sandbox.runs.count == 1)
    }
}
