import Engine
import Simulation
import Store
import Testing
import Timetable

/// One API under several spellings of its address is one API (docs/protocol.md, rule 2 and 9).
@Suite struct AddressTests {
    private static func twoConnections(_ spelling: String) -> EngineConfiguration {
        var configuration = Theatre.configuration([
            Theatre.schedule("a"), Theatre.schedule("b") { $0.connection = "second" },
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
        let theatre = try Theatre([], runMinutes: 60...60)
        theatre.world.configuration = Self.twoConnections(spelling)
        theatre.world.plan.clients["second"] = 0
        try theatre.world.boot()
        try theatre.run(untilMinute: 20)
        let told = try [theatre.told("a"), theatre.told("b")].sorted()
        #expect(told == ["15 skipped", "15 started"])
        #expect(theatre.world.sandbox.runs.count == 1)
        try theatre.check()
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
        let theatre = try Theatre(runMinutes: 60...60)
        try theatre.world.boot()
        try theatre.run(untilMinute: 16)
        try theatre.world.inspect { ledger in
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
        theatre.world.kill()
        try theatre.world.boot()
        try theatre.run(untilMinute: 31)
        #expect(try theatre.told() == "15 started, 30 skipped")
        #expect(theatre.world.sandbox.runs.count == 1)
    }
}
