import ConfigFixtures
import Console
import Foundation
import Store
import Synchronization
import Testing
import Timetable
import carillon

/// What the lists look like on terminals: nothing is wider than the screen.
@Suite struct ScreenTests {
    private static let screens = [
        "history", "runs", "errors", "attention", "attention --all", "schedules", "audit",
        "pauses --all", "status",
        "show run-two-2",
    ]

    /// The fixture, with names and texts as long as those of real life.
    private func fixture() throws -> LedgerFixture {
        let fixture = try LedgerFixture()
        try fixture.execute(
            """
            UPDATE process_runs SET run_id = '8e1f04c2a97b4d6e8f0a1b2c3d4e5f60' WHERE run_key = 1;
            UPDATE slots SET reason = 'run 8e1f04c2a97b4d6e8f0a1b2c3d4e5f60 of this process is \
            still running; the slot is skipped since overlap is skip' WHERE slot_id = 4;
            UPDATE errors SET message = 'The request could not be processed since the process is \
            locked by another user; retry later', next_step = 'retry in 5 s' WHERE error_id = 1;
            INSERT INTO alarms VALUES ('credential', 'prod', 1781300000000, 'the client secret is \
            not accepted since 2026-06-12; put the new one in place, then: carillon reload');
            INSERT INTO pause_periods (schedule, kind, from_at, until_at, reason, requested_by,
                created_at, lifted_at) VALUES
                ('gl', 'pause', 1781300000000, NULL, 'quarter-end freeze, ask Ann before you \
            resume it', 'ann', 1781300000000, 1781400000000),
                (NULL, 'pause', 1781500000000, NULL, 'maintenance', 'bob', 1781500000000, NULL);
            INSERT INTO audit (at, actor, action, subject, reason, detail) VALUES
                (1781300000000, 'ann', 'pause', 'gl', 'quarter-end freeze, ask Ann before you \
            resume it', 'until 2026-07-01T00:00:00Z'),
                (1781400000000, 'bob', 'resume', 'gl', '', '1 pause lifted'),
                (1781500000000, 'ann', 'skip', 'close@2026-06-16T11:00:00Z', 'office closed', '');
            """)
        return fixture
    }

    /// The name of the database is another one each time, and as long as TMPDIR: the row goes
    /// with the lines that it is wrapped to.
    private static func withoutPath(_ output: String) -> String {
        var isPath = false
        let lines = output.split(separator: "\n", omittingEmptySubsequences: false).filter {
            isPath = $0.hasPrefix("database") || isPath && $0.hasPrefix(" ")
            return !isPath
        }
        return lines.joined(separator: "\n")
    }

    private func screens(width: Int?) async throws -> String {
        let fixture = try fixture()
        var text = ""
        for screen in Self.screens {
            let found = await carillon(
                arguments: screen.split(separator: " ").map(String.init)
                    + ["--database", fixture.path],
                style: OutputStyle(width: width, hasColor: false))
            #expect(found.status == 0, "\(screen): \(found.errors)")
            text += "$ carillon \(screen)\n" + Self.withoutPath(found.output) + "\n"
        }
        return text
    }

    @Test(arguments: [80, 120])
    func listsFitTheTerminal(width: Int) async throws {
        let text = try await screens(width: width)
        for line in text.split(separator: "\n") {
            #expect(TextWidth.columns(String(line)) <= width, "\(line)")
        }
        try Golden.expect(text, is: "screens-\(width).txt")
    }

    @Test func aPipeGetsEverythingInFull() async throws {
        let text = try await screens(width: nil)
        #expect(text.contains("8e1f04c2a97b4d6e8f0a1b2c3d4e5f60  gl "))
        #expect(text.contains("put the new one in place, then: carillon reload"))
        try Golden.expect(text, is: "screens-pipe.txt")
    }

    @Test func wideIsThePipesTableOnATerminal() async throws {
        let fixture = try fixture()
        let pipe = await carillon(arguments: ["history", "--database", fixture.path])
        let wide = await carillon(
            arguments: ["history", "--wide", "--database", fixture.path],
            style: OutputStyle(width: 80, hasColor: false))
        #expect(wide.output == pipe.output)
    }

    @Test func csvHasEveryColumnAndNoFormulas() async throws {
        let fixture = try fixture()
        try fixture.execute(
            #"UPDATE slots SET reason = '=HYPERLINK("x"), "y"' WHERE slot_id = 4"#)
        let found = await carillon(
            "history", "close", "--csv", "--database", fixture.path)
        let lines = found.output.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines[0].hasPrefix("slot_id,schedule,slot_at,slot_local,disposition,reason,"))
        #expect(lines[2].contains(#""'=HYPERLINK(""x""), ""y""","#))
        // An empty list has its header, for the program that reads it.
        let none = await carillon(
            "history", "--disposition", "held", "--csv", "--database", fixture.path)
        #expect(none.output.split(separator: "\n").count == 1)
    }

    @Test func statusIsShownAgainUntilInterrupted() async throws {
        let fixture = try fixture()
        let rounds = Rounds()
        let found = await carillon(
            arguments: ["status", "--watch", "--database", fixture.path],
            style: OutputStyle(width: 80, hasColor: false),
            sleep: { _ in rounds.count(upTo: 3) })
        #expect(found.status == 0)
        #expect(found.output.components(separatedBy: "\u{1B}[H\u{1B}[2Jdaemon").count == 4)
    }
}

/// Interrupts a command after some rounds.
private final class Rounds: Sendable {
    private let done = Mutex(0)

    func count(upTo limit: Int) {
        let count = done.withLock { count in
            count += 1
            return count
        }
        if count == limit { unsafe withUnsafeCurrentTask { unsafe $0?.cancel() } }
    }
}
