import Testing

/// A config that is emptied or half saved under the running daemon.
@Suite("Emptied configs", .timeLimit(.minutes(30)))
struct EmptiedConfigTests {
    @Test(
        "A reload of what an interrupted save leaves changes nothing",
        arguments: ["", "version = 1\n", "version = 1\n[daemon]\n"])
    func emptied(content: String) async throws {
        let site = try Site(port: 1)
        defer { site.remove() }
        let life = try await Life(config: site.config, in: site.folder)
        #expect(await life.isReady())
        func reload() async throws -> Outcome {
            try await Program.run(
                Program.carillon, ["reload", "--socket", site.folder.path("control.sock")])
        }
        try site.folder.write(content, to: "carillon.toml")
        let refused = try await reload()
        #expect(refused.status == 2)
        #expect(refused.errors.contains("emptied or only half saved?"), "said: \(refused.errors)")
        #expect(try await site.ask("SELECT state FROM schedule_states") == "active")
        try site.folder.write("version = 1\n[schedules]\n", to: "carillon.toml")
        let meant = try await reload()
        #expect(meant.status == 0, "said: \(meant.errors)")
        #expect(try await site.ask("SELECT state FROM schedule_states") != "active")
        #expect(await life.stop().status == 0)
    }
}
