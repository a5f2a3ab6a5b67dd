import ConfigFixtures
import Console
import Foundation
import Testing
import carillon

@Suite struct LedgerCommandTests {
    private func run(
        _ arguments: String..., style: OutputStyle = .plain
    ) async throws -> (status: Int32, output: String, errors: String) {
        let fixture = try LedgerFixture()
        return await carillon(
            arguments: arguments + ["--database", fixture.path], now: "2026-06-15T12:00:00Z",
            style: style)
    }

    private func lines(_ text: String) -> [String] {
        text.split(separator: "\n").map(String.init)
    }

    @Test func historyListsTheNewestFirstInAlignedColumns() async throws {
        let found = try await run("history")
        #expect(found.status == 0)
        let rows = lines(found.output)
        #expect(rows.count == 5)
        let reason = try #require(rows[0].range(of: "REASON")?.lowerBound)
        let column = rows[0].distance(from: rows[0].startIndex, to: reason)
        #expect(
            rows.map { String($0.dropFirst(column)) } == [
                "REASON", "due", "on time", "run r9 is still open", "on time",
            ])
        #expect(rows[1].hasPrefix("   3  close     2026-06-15T07:00:00-04:00  pending "))
        #expect(
            rows[4].hasPrefix(
                "   1  gl        2026-06-14T06:00:00+00:00  started      run-one-1  complete  "
                    + "succeeded  1h 00m  "))
    }

    @Test func historyIsFiltered() async throws {
        #expect(try await lines(run("history", "--schedule", "gl").output).count == 3)
        #expect(try await lines(run("history", "--since", "1d").output).count == 3)
        #expect(try await lines(run("history", "-n", "1").output).count == 2)
        #expect(try await lines(run("history", "--disposition", "skipped").output).count == 2)
        // Local to the schedule's zone: 07:00 in New York is the slot itself.
        let local = try await run(
            "history", "--schedule", "close", "--since", "2026-06-15T07:00", "--json")
        #expect(lines(local.output).count == 3)
    }

    @Test func jsonHasEveryColumnAndOneObjectALine() async throws {
        let found = try await run("history", "--json")
        #expect(lines(found.output).count == 6)
        let rows = try #require(
            try JSONSerialization.jsonObject(with: Data(found.output.utf8)) as? [[String: Any]])
        #expect(rows[1]["run_id"] as? String == "run-two-2")
        #expect((rows[1]["counts"] as? [String: Int])?["Completed"] == 1)
        #expect(rows[0]["run_id"] is NSNull)
        #expect(rows[3]["seconds"] as? Int == 3600)
    }

    @Test func whatIsNoJSONStaysAString() async throws {
        let found = try await run("errors", "--json")
        let rows = try #require(
            try JSONSerialization.jsonObject(with: Data(found.output.utf8)) as? [[String: Any]])
        #expect(rows[0]["meta"] as? String == "not json")
        #expect((rows[1]["meta"] as? [String: String])?["jobId"] == "j1")
    }

    @Test func controlCharactersOfTheServerAreEscaped() async throws {
        let errors = try await run("errors", style: OutputStyle(width: 200, hasColor: false))
        #expect(errors.output.contains("busy\\n<0>fake"))
        let shown = try await run("show", "run-two-2")
        #expect(shown.output.contains("evil \\u{1b}[31m name"))
        #expect(!shown.output.contains("\u{1B}"))
        let json = try await run("runs", "--json")
        #expect(!json.output.contains("\u{1B}"))
    }

    @Test func coloursAreForTerminalsOnly() async throws {
        let plain = try await run("history")
        #expect(!plain.output.contains("\u{1B}"))
        let colored = try await run(
            "history", style: OutputStyle(width: 120, hasColor: true))
        #expect(colored.output.contains("\u{1B}[32mstarted\u{1B}[0m"))
    }

    @Test func runsShowStatusAndCounts() async throws {
        let found = try await run("runs")
        let rows = lines(found.output)
        #expect(rows.count == 3)
        #expect(rows[1].hasPrefix("run-two-2  gl        rule    running   active"))
        #expect(rows[1].hasSuffix("Completed 1"))
    }

    @Test func showTellsARunWithItsTreeByTheBeginningOfItsId() async throws {
        let found = try await run("show", "run-tw")
        #expect(found.status == 0)
        #expect(found.output.contains("run         run-two-2\n"))
        #expect(found.output.contains("jobs        complete 1, running 2\n"))
        #expect(found.output.contains("Root/"))
        #expect(found.output.contains("  sendTask"))
        let json = try await run("show", "run-two-2", "--json")
        let run = try #require(
            try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        #expect((run["tree"] as? [String: Any])?["id"] as? String == "run-two-2")
        #expect((run["status_history"] as? [[String: Any]])?.count == 2)
    }

    @Test func whatIsNotThereEndsWithThree() async throws {
        #expect(try await run("show", "nothing").status == 3)
        let history = try await run("history", "--schedule", "lg")
        #expect(history.status == 3)
        #expect(history.errors.contains("did you mean \"gl\"?"))
        #expect(try await run("schedules", "--schedule", "x").status == 3)
    }

    @Test func statusSumsUp() async throws {
        let found = try await run("status")
        #expect(found.status == 0)
        #expect(
            found.output.hasPrefix(
                "daemon      running, pid 4711, version 0.1.0, since 2026-06-15T05:06:40Z\n"))
        #expect(found.output.contains("schedules   2 active\n"))
        #expect(found.output.contains("slots       1 pending, 0 starting, 0 unknown, 0 held\n"))
        #expect(found.output.contains("open runs   1\n"))
        #expect(found.output.contains("prod        https://api.app.wdesk.com"))
        let json = try await run("status", "--json")
        #expect(json.output.hasPrefix("{\"running\": true, \"pid\": 4711"))
    }

    @Test func schedulesAndAttentionAreListed() async throws {
        let schedules = try await lines(run("schedules").output)
        #expect(schedules.count == 3)
        #expect(schedules[2].contains("2026-06-16T06:00:00Z"))
        let attention = try await run("attention")
        #expect(attention.output.contains("clock  prod"))
    }

    @Test func theConfigNamesTheDatabase() async throws {
        let fixture = try LedgerFixture()
        let host = MemoryHost([
            "/c.toml": "[daemon]\ndatabase = \"\(fixture.path)\"\n[schedules.broken]\nx = 1\n"
        ])
        let found = await carillon("runs", "--config", "/c.toml", host: host)
        // An error in a schedule must not keep anybody from reading.
        #expect(found.status == 0)
    }

    @Test func anAbsentDatabaseIsSaidInOneSentence() async {
        let found = await carillon("history", "--database", "/nowhere/carillon.db")
        #expect(found.status == 1)
        #expect(found.errors.hasPrefix("carillon: cannot read the ledger (/nowhere/carillon.db): "))
        #expect(lines(found.errors).count == 1)
    }

    @Test(arguments: [
        ["history", "--config", "/a", "--database", "/b"], ["history", "--limit", "0"],
        ["history", "--disposition", "strated"], ["history", "--since", "whenever"], ["show"],
    ])
    func wrongUseEndsWithTwo(arguments: [String]) async throws {
        let fixture = try LedgerFixture()
        let named = arguments.contains("--database") ? [] : ["--database", fixture.path]
        #expect(await carillon(arguments: arguments + named).status == 2)
    }
}
