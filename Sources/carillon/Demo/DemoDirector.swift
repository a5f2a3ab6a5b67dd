import Console
import Dashboard
import Engine
import FoundationEssentials
import Sandbox
import ServiceLifecycle
import Store
import Synchronization
import Timetable

/// Leads through the demo: a live table, then no new slots, then the end.
struct DemoDirector: Service {
    let control: ControlDesk
    let database: String
    /// What the demo's receiver has been sent.
    let messages: String
    let environment: CommandEnvironment
    let clock: any SchedulerClock
    /// How long new slots are started.
    let playMilliseconds: Int64
    /// How long the last runs get to end.
    let settleMilliseconds: Int64
    let dashboardURL: @Sendable () -> String?

    private static let frameMilliseconds: Int64 = 1000
    /// Without a terminal a frame is a block of lines: fewer of them.
    private static let plainFrameMilliseconds: Int64 = 10_000

    func run() async throws {
        await cancelWhenGracefulShutdown {
            let begin = clock.now().monotonicMilliseconds
            await show(until: begin + playMilliseconds, words: "starting and following runs")
            _ = await control.perform(
                ControlRequest(
                    command: Array(
                        #"{"verb":"pause","reason":"the demo is ending"}"#.utf8), peerUID: 0))
            await show(
                until: begin + playMilliseconds + settleMilliseconds,
                words: "no new slots, the last runs end", stopsWhenQuiet: true)
        }
    }

    private func show(until end: Int64, words: String, stopsWhenQuiet: Bool = false) async {
        let isLive = environment.style.width != nil
        let frame = isLive ? Self.frameMilliseconds : Self.plainFrameMilliseconds
        var shownAt: Int64?
        while !Task.isCancelled {
            let now = clock.now()
            guard now.monotonicMilliseconds < end else { return }
            if now.monotonicMilliseconds - (shownAt ?? .min / 2) >= frame {
                draw(now.wall, left: (end - now.monotonicMilliseconds) / 1000, words, isLive)
                shownAt = now.monotonicMilliseconds
            }
            if stopsWhenQuiet, isQuiet() { return }
            await clock.sleep(milliseconds: Self.frameMilliseconds)
        }
    }

    private func isQuiet() -> Bool {
        guard let reader = try? LedgerReader(path: database),
            let status = try? reader.status(), !status.rows.isEmpty
        else { return false }
        return ["pending", "starting", "unknown", "open_runs"].allSatisfy {
            status.value($0, row: 0) == .integer(0)
        }
    }

    private func draw(_ now: Instant, left: Int64, _ words: String, _ isLive: Bool) {
        guard let reader = try? LedgerReader(path: database),
            let schedules = try? reader.schedules(LedgerFilter())
        else { return }
        // Home and clear below, so that the table stays in its place without flicker.
        var text = isLive ? "\u{1B}[H\u{1B}[J" : ""
        text += environment.style.bold("Carillon demo") + ", \(words), \(left) s to go\n"
        if let url = dashboardURL() { text += "Dashboard: \(url)\n" }
        text += "\n" + DemoTable.text(schedules, now: now, style: environment.style) + "\n"
        if let status = try? reader.status(), !status.rows.isEmpty {
            text += DemoTable.summary(status)
        }
        if let title = DemoReceiver.titles(messages, host: environment.host).last {
            text += "Last message to people: \(title)\n"
        }
        environment.write(text)
    }
}

/// The demo's table: schedule, next slot, active run, counts as a bar.
enum DemoTable {
    static func text(_ table: LedgerTable, now: Instant, style: OutputStyle) -> String {
        var result = TextTable([
            .init("SCHEDULE"), .init("NEXT SLOT"), .init("LAST SLOT"), .init("RUN"),
            .init("STATUS"), .init("JOBS"),
        ])
        for row in table.rows.indices {
            let next = Instant(iso8601: text(table, "next_slot_at", row))
            let run = text(table, "run_id", row)
            let counts = counts(of: text(table, "job_counts", row))
            result.add([
                .init(text(table, "schedule", row)),
                .init(next.map { "in \(max(0, $0.since(now) / 1000)) s" } ?? "–"),
                .init(text(table, "last_disposition", row)),
                .init(String(run.prefix(8))), .init(text(table, "run_status", row)),
                .init(bar(counts)),
            ])
        }
        return result.text(style)
    }

    /// Ten blocks: full for complete, half for under way, light for what waits.
    static func bar(_ counts: [String: Int64]) -> String {
        let total = counts.values.reduce(0, +)
        guard total > 0 else { return "" }
        let done = (counts["complete"] ?? 0) + (counts["cancelled"] ?? 0)
        let waiting = counts["waiting"] ?? 0
        let full = Int(done * 10 / total)
        let light = Int(waiting * 10 / total)
        let half = max(0, 10 - full - light)
        return String(repeating: "█", count: full) + String(repeating: "▒", count: half)
            + String(repeating: "░", count: light) + " \(done)/\(total)"
    }

    static func summary(_ status: LedgerTable) -> String {
        let words = [
            ("open_runs", "open runs"), ("pending", "pending"), ("unknown", "in doubt"),
            ("held", "held"), ("attention", "need attention"),
        ]
        return words.map { "\(text(status, $0.0, 0)) \($0.1)" }.joined(separator: ", ") + "\n"
    }

    /// The counts of a row's JSON object; none if it isn't one.
    static func counts(of text: String) -> [String: Int64] {
        (try? JSONDecoder().decode([String: Int64].self, from: Data(text.utf8))) ?? [:]
    }

    static func text(_ table: LedgerTable, _ column: String, _ row: Int) -> String {
        switch table.value(column, row: row) {
        case .null: ""
        case .integer(let number): String(number)
        case .double(let number): String(number)
        case .string(let text): text
        }
    }
}

/// Whoever would be paged: a file with a message a line.
enum DemoReceiver {
    private struct Message: Decodable {
        let title: String
    }
    private static let bytesMax = 16 << 20

    /// The titles of what it was sent, oldest first.
    static func titles(_ path: String, host: any HostReading) -> [String] {
        guard let bytes = try? host.read(path, limit: bytesMax) else { return [] }
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            (try? JSONDecoder().decode(Message.self, from: Data(line)))
                .map { Printable.escaped($0.title, limit: 200) }
        }
    }
}
