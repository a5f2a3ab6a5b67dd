import ConfigFixtures
import Foundation
import Testing

@Suite(.timeLimit(.minutes(30))) struct DoctorCommandTests {
    private func host(database: String, more: String = "") -> MemoryHost {
        MemoryHost([
            "/c/carillon.toml": """
            version = 1
            [daemon]
            database = "\(database)"
            control_socket = "/nowhere/control.sock"
            [connections.prod]
            region = "us"
            client_id = "id"
            client_secret = { file = "/secret" }
            [schedules.one]
            process = "p1"
            timezone = "Europe/Berlin"
            cron = "0 6 * * *"
            \(more)
            """, "/secret": "hush",
        ])
    }

    private func doctor(_ host: MemoryHost, _ more: String...) async -> (
        status: Int32, output: String, errors: String
    ) {
        await carillon(
            arguments: ["doctor", "--config", "/c/carillon.toml"] + more, host: host)
    }

    /// The lines of a subject, without the spaces of the columns.
    private func lines(_ output: String, _ subject: String) -> [String] {
        output.split(separator: "\n").filter { $0.hasPrefix(subject + " ") }.map { line in
            line.split(separator: " ").dropFirst().joined(separator: " ")
        }
    }

    @Test func aDaemonWithoutItsSocketIsBad() async throws {
        // The fixture's pid lives as far as the host in memory knows.
        let fixture = try LedgerFixture()
        let run = await doctor(host(database: fixture.path))
        #expect(run.status == 1)
        #expect(run.errors == "carillon: 1 thing to fix\n")
        #expect(
            lines(run.output, "config") == ["ok /c/carillon.toml: 1 schedule, 1 connection"])
        #expect(lines(run.output, "secret") == ["ok connection \"prod\", file /secret can be read"])
        #expect(lines(run.output, "zones").first?.hasSuffix("used: Europe/Berlin") == true)
        #expect(lines(run.output, "database").first?.hasPrefix("ok \(fixture.path): sound") == true)
        #expect(lines(run.output, "wal").first?.hasPrefix("ok ") == true)
        #expect(lines(run.output, "sqlite").count == 1)
        #expect(lines(run.output, "daemon").first?.hasPrefix("ok running, pid 4711") == true)
        #expect(lines(run.output, "attention").first?.hasPrefix("warn waiting") == true)
        #expect(lines(run.output, "socket").first?.hasPrefix("bad no daemon listens at") == true)
    }

    @Test func aDaemonThatNeverRanIsNoDisease() async {
        let run = await doctor(host(database: "/nowhere/carillon.db"))
        #expect(run.status == 0, "said: \(run.errors)")
        #expect(lines(run.output, "database").first?.hasPrefix("warn /nowhere/") == true)
        #expect(lines(run.output, "socket").first?.hasPrefix("note nobody answers") == true)
    }

    @Test func aBadConfigDoesNotHideTheDatabase() async throws {
        let fixture = try LedgerFixture()
        let run = await doctor(host(database: fixture.path, more: "corn = 1"))
        #expect(run.status == 1)
        #expect(lines(run.output, "config").first?.contains("schedules.one.corn") == true)
        #expect(lines(run.output, "database").count == 1)
    }

    @Test func aMissingSecretIsBadAndAnOpenOneDoubtful() async {
        var host = host(database: "/nowhere/carillon.db")
        host.worldReadable = ["/secret"]
        let open = await doctor(host)
        #expect(open.status == 0)
        #expect(lines(open.output, "secret").first?.contains("chmod 0600 /secret") == true)
        host.files["/secret"] = nil
        let missing = await doctor(host)
        #expect(missing.status == 1)
        #expect(lines(missing.output, "secret").first?.hasPrefix("bad ") == true)
        #expect(!open.output.contains("hush"))
    }

    @Test func aDamagedDatabaseIsSaidToBe() async throws {
        let fixture = try LedgerFixture()
        let folder = (fixture.path as NSString).deletingLastPathComponent
        let broken = folder + "/broken.db"
        try Data(repeating: 7, count: 20_000).write(to: URL(fileURLWithPath: broken))
        let run = await doctor(host(database: broken))
        #expect(run.status == 1)
        #expect(lines(run.output, "database").first?.hasPrefix("bad cannot ") == true)
    }

    @Test func jsonHasALineForEachSubject() async throws {
        let run = await doctor(host(database: "/nowhere/carillon.db"), "--json")
        #expect(run.status == 0)
        #expect(
            run.output.contains(
                "{\"subject\": \"config\", \"grade\": \"ok\", \"finding\": \"/c/carillon.toml: "))
    }
}
