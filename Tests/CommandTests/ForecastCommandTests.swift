import ConfigFixtures
import Foundation
import Store
import Testing
import Timetable
import carillon

/// What commands say of a run that is expected to be late.
@Suite struct ForecastCommandTests {
    /// Six runs of `gl` took half an hour.
    private func fixture() throws -> LedgerFixture {
        let fixture = try LedgerFixture()
        let runs = (0..<6).map { index in
            """
            ('https://u', 'f\(index)', 'prod', 'p1', 'gl', 'rule', 'complete', 0, 'succeeded',
                \(1_781_000_000_000 + index), \(1_781_001_800_000 + index), 1, 1)
            """
        }
        try fixture.execute(
            """
            INSERT INTO process_runs (base_url, run_id, connection, process_id, schedule, origin,
                status, is_open, outcome, created_at, completed_at, first_seen_at, changed_at)
            VALUES \(runs.joined(separator: ", "))
            """)
        return fixture
    }

    private func host(_ database: String, _ schedule: String) -> MemoryHost {
        MemoryHost([
            "/c.toml": """
            version = 1
            [daemon]
            database = "\(database)"
            [connections.prod]
            region = "us"
            client_id = "id"
            client_secret = { env = "S" }
            [schedules.gl]
            timezone = "UTC"
            process = "p1"
            cron = "0 6 * * *"
            \(schedule)
            """
        ])
    }

    @Test(arguments: [
        ("finish_by = \"06:45\"", "usually 30 min", false),
        ("finish_by = \"06:29\"", "usually 30 min, will be late", true),
        ("run_within = \"29m\"", "usually 30 min, will be late", true),
        // Nobody has said by when.
        ("", "", false),
    ])
    func nextSaysWhetherARunWillBeLate(deadline: String, words: String, isLate: Bool) async throws {
        let fixture = try fixture()
        let found = await carillon(
            "next", "gl", "-n", "1", "--config", "/c.toml", host: host(fixture.path, deadline))
        #expect(found.status == 0, "\(found.errors)")
        #expect(words.isEmpty || found.output.contains(words))
        #expect(found.output.contains("late") == isLate)
        #expect(found.output.contains("usually") == !words.isEmpty)
        // Without a ledger the rule is all there is.
        let bare = await carillon(
            "next", "gl", "-n", "1", "--config", "/c.toml", host: host("/none", deadline))
        #expect(bare.status == 0 && !bare.output.contains("usually"))
    }

    @Test func statusAttentionAndWhySayIt() async throws {
        let fixture = try fixture()
        try fixture.change { ledger in
            try ledger.setForecast(
                1, again: nil, end: Instant(seconds: 1_781_520_000),
                words: "it usually takes 30 min")
            _ = try ledger.takeEvents(now: Instant(seconds: 1_781_510_000))
        }
        let status = await carillon("status", "--database", fixture.path)
        #expect(status.output.contains("1 will be missed, as it looks; see: carillon attention"))
        let attention = await carillon("attention", "--database", fixture.path)
        #expect(attention.output.contains("it usually takes 30 min"), "\(attention.output)")
        let slot = try LedgerReader(path: fixture.path).slot(1)
        #expect(slot.value("forecast", row: 0) == .string("it usually takes 30 min"))
        #expect(slot.value("expected_end_at", row: 0) == .string("2026-06-15T10:40:00Z"))
    }
}
