import ConfigFixtures
import Foundation
import Testing

/// What needs a person, and messages: of one schedule, tag, connection or target.
@Suite struct NarrowedTests {
    /// Values of a column of the JSON that a command prints.
    private func column(_ name: String, _ output: String) throws -> [String] {
        let rows = try #require(
            try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [[String: Any]])
        return rows.map { ($0[name] as? String) ?? "\($0[name] ?? "-")" }
    }

    @Test(arguments: [
        ([], ["clock", "held", "log", "overlap", "preflight"]), (["gl"], ["clock", "held"]),
        (["--schedule", "close"], ["overlap", "preflight"]),
        (["--tag", "finance"], ["overlap", "preflight"]),
        (["--connection", "prod"], ["clock", "held"]),
        (["--connection", "test"], ["overlap", "preflight"]),
        (["gl", "--until", "10:30"], ["held"]), (["gl", "--since", "-90m"], ["clock"]),
        (["gl", "--tag", "finance"], []),
    ])
    func whatNeedsAPersonIsNarrowedAsHistoryIs(
        arguments: [String], kinds: [String]
    ) async throws {
        let fixture = try LedgerFixture.troubled()
        for more in [[], ["--all"]] {
            let found = await carillon(
                arguments: ["attention", "--json", "--exit-code"] + arguments + more
                    + ["--database", fixture.path], now: "2026-06-15T12:00:00Z")
            #expect(try column("kind", found.output).sorted() == kinds)
            #expect(found.status == (kinds.isEmpty ? 0 : 1))
        }
    }

    @Test(arguments: [
        ([], ["3", "2", "1"]), (["gl"], ["3", "1"]), (["--tag", "finance"], ["2"]),
        (["--connection", "prod"], ["3", "1"]), (["--connection", "test"], ["2"]),
        (["gl", "--since", "-30m"], ["3"]), (["gl", "--target", "ops"], ["1"]),
        (["gl", "-n", "1"], ["3"]), (["--target", "ops", "--until", "yesterday"], []),
    ])
    func messagesAreThoseThatTellOfASchedule(arguments: [String], ids: [String]) async throws {
        let fixture = try LedgerFixture.troubled()
        let found = await carillon(
            arguments: ["notifications", "--json"] + arguments + ["--database", fixture.path],
            now: "2026-06-15T12:00:00Z")
        #expect(try column("delivery_id", found.output) == ids)
    }

    /// A slip is refused; another word may be a target that no message went to yet.
    @Test func aTargetThatNoMessageWentToIsRefusedIfItIsNearOne() async throws {
        let fixture = try LedgerFixture.troubled()
        for (target, hint) in [("opz", "; did you mean \"ops\"?"), ("pager", nil)] {
            let found = await carillon(
                arguments: ["notifications", "--target", target, "--database", fixture.path])
            #expect(found.status == (hint == nil ? 0 : 3))
            let words = "carillon: the ledger has no message to a target \"\(target)\""
            #expect(found.errors == (hint.map { words + $0 + "\n" } ?? "no messages\n"))
        }
    }

    /// Of one instant what came to grief stands first; a second and its parts are in their order.
    @Test func whatNeedsAPersonStandsInAnOrderThatMeansSomething() async throws {
        let fixture = try LedgerFixture()
        try fixture.execute(
            """
            DELETE FROM alarms;
            INSERT INTO alarms VALUES ('clock', 'prod', 1781521200500, 'a later part'),
                ('log', '/carillon.db', 1781521200000, 'it grows'),
                ('disk', '/var', 1781521200000, 'is full');
            WITH RECURSIVE n (i) AS (SELECT 9 UNION ALL SELECT i + 1 FROM n WHERE i < 11)
            INSERT INTO slots (slot_id, schedule, kind, slot_at, due_at, utc_offset_seconds,
                disposition, reason, connection, base_url, process_id, revision_id, next_action_at,
                window_from_at, created_at)
            SELECT i, 'gl', 'rule', 1781517600000 + i, 1781521200000, 0, 'pending', 'due', 'prod',
                'u', 'p1', 1, 1, 1, 1 FROM n;
            UPDATE slots SET disposition = 'held' WHERE slot_id > 8;
            """)
        let found = await carillon(
            "attention", "--json", "--database", fixture.path, now: "2026-06-15T12:00:00Z")
        #expect(
            try column("id", found.output)
                == ["s9", "s10", "s11", "disk//var", "log//carillon.db", "clock/prod"])
    }
}
