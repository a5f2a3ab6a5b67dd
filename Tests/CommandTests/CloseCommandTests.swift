import ConfigFixtures
import Testing
import carillon

/// What the command line says of several rules and of windows.
@Suite struct CloseCommandTests {
    private func host(_ more: String = "") -> MemoryHost {
        MemoryHost([
            "/c.toml": """
            version = 1
            [connections.c]
            region = "us"
            client_id = "id"
            client_secret = { env = "S" }
            [defaults]
            timezone = "America/New_York"
            [schedules.close]
            process = "p"
            cron = ["0 6 * * 1-5", "0 6 L * *", "0 9 L * *"]
            [schedules.held]
            process = "q"
            cron = "0 12 * * *"
            finish_by = "18:00"
            tags = ["ledger"]
            [windows.year-end]
            spans = [{ from = 2026-06-16, until = 2026-06-17 }]
            slots = "skip"
            by_tag = { ledger = "delay" }
            \(more)
            """
        ])
    }

    @Test func nextNamesTheRulesAndTheWindow() async {
        let run = await carillon(
            arguments: ["next", "close", "-n", "3", "--from", "2026-06-15T12:00:00-04:00"]
                + ["--config", "/c.toml"], host: host(), now: "2026-06-15T12:00:00Z")
        let lines = run.output.split(separator: "\n").map(String.init)
        #expect(
            lines[1].hasSuffix(
                "skipped: in window year-end, until 2026-06-18T00:00:00-04:00; by rule "
                    + "\"0 6 * * 1-5\""), "\(lines)")
        #expect(lines[3].hasSuffix("by rule \"0 6 * * 1-5\""))
        let both = await carillon(
            arguments: ["next", "close", "-n", "1", "--from", "2026-06-29T12:00:00-04:00"]
                + ["--config", "/c.toml"], host: host(), now: "2026-06-15T12:00:00Z")
        #expect(both.output.contains("by rules \"0 6 * * 1-5\" and \"0 6 L * *\""))
    }

    @Test func nextSaysWhatIsHeldBackAndItsDeadlineFromThen() async {
        let run = await carillon(
            arguments: ["next", "held", "-n", "1", "--from", "2026-06-15T13:00:00-04:00"]
                + ["--config", "/c.toml"], host: host(), now: "2026-06-15T12:00:00Z")
        #expect(
            run.output.contains(
                "held back by window year-end to its end, 2026-06-18T00:00:00-04:00; must be "
                    + "finished by 2026-06-18T18:00:00-04:00"), "\(run.output)")
    }

    @Test func severalExpressionsAreExplainedTogether() async {
        let run = await carillon(
            "explain", "0 6 * * 1-5", "0 9 L * *", "--timezone", "America/New_York")
        #expect(run.status == 0)
        #expect(run.output.hasPrefix("Whenever one of 2 rules is due; where they meet, once.\n"))
        #expect(run.output.contains("\n  \"0 9 L * *\": At 09:00, on the last day of the month.\n"))
        for mistake in [
            ["0 6 * * 1-5", "@reboot"], ["CRON_TZ=UTC 0 6 * * *", "0 6 L * *"], ["0 6 * * *", "x"],
        ] {
            #expect(await carillon(arguments: ["explain"] + mistake).status == 2, "\(mistake)")
        }
    }

    @Test func whyNamesWhatAPersonMadeUpFor() async throws {
        let fixture = try LedgerFixture()
        // Slot 4 was skipped; slot 3 stands for the one that somebody asked for afterwards.
        try fixture.execute("UPDATE slots SET makes_up_slot_id = 4 WHERE slot_id = 3")
        func why(_ time: String) async -> String {
            await carillon(
                arguments: ["why", "close", time, "--database", fixture.path],
                now: "2026-06-16T12:00:00Z"
            ).output
        }
        #expect(
            await why("2026-06-14T11:00:00Z").contains(
                "run r9 is still open. Slot 3 was asked for to make up for it: pending."))
        #expect(await why("2026-06-15T11:00:00Z").contains("due. It makes up for slot 4."))
        try fixture.execute(
            "UPDATE slots SET disposition = 'expired', ended_at = 1, next_action_at = NULL "
                + "WHERE slot_id = 3")
        #expect(await why("2026-06-14T11:00:00Z").contains("to make up for it: expired."))
    }

    @Test func whyNamesTheRuleAndTheWindow() async throws {
        let fixture = try LedgerFixture()
        try fixture.execute(
            "UPDATE slots SET rule = '0 6 * * 1-5; 0 6 L * *', window = 'year-end' WHERE slot_id = 1"
        )
        let run = await carillon(
            arguments: ["why", "gl", "2026-06-14T06:00:00Z", "--database", fixture.path],
            now: "2026-06-15T12:00:00Z")
        #expect(run.output.contains(" Made by rule: 0 6 * * 1-5; 0 6 L * *."), "\(run.output)")
        #expect(run.output.contains(" It fell into window year-end."), "\(run.output)")
    }
}
