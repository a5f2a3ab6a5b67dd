package import Console
package import Dashboard
import Store
import Timetable

/// The overview on a terminal.
package struct WatchScreen {
    package let columns: Int
    package let rows: Int
    package let style: OutputStyle

    package init(columns: Int, rows: Int, style: OutputStyle) {
        self.columns = columns
        self.rows = rows
        self.style = style
    }

    /// Fewer columns show nothing worth looking at.
    static let columnsMin = 40
    /// Results in a row.
    private static let resultsMax = 20

    /// The overview as lines that fit, trouble first; the same that the dashboard's front page shows.
    ///
    /// - Parameter overview: what was read.
    /// - Returns: At most as many lines as there are rows, none wider than the columns.
    package func lines(_ overview: DashboardOverview) -> [String] {
        var lines = head(overview)
        lines += attention(overview, room: max(2, (rows - lines.count) / 3))
        for connection in overview.connections where !connection.trouble.isEmpty {
            lines.append(
                painted(cut("connection \(connection.name): \(connection.trouble)"), .red))
        }
        lines += schedules(overview, room: rows - lines.count - 2)
        let used = lines.prefix(max(0, rows - 1))
        return used + [gray(cut("ctrl-C ends; carillon attention, carillon why SCHEDULE TIME"))]
    }

    private func head(_ overview: DashboardOverview) -> [String] {
        let now = overview.takenAt
        let needed = overview.attention.count
        let today = overview.days.first { $0.date == overview.today }
        let title = cut("Carillon  " + Dashboard.Words.shortTime(now.iso8601) + " UTC")
        let facts = [
            needed == 0 ? "nothing needs you" : "\(needed) need\(needed == 1 ? "s" : "") you",
            "\(overview.running) running",
            overview.next.map { "next \(Dashboard.Words.relative($0.at, to: now)): \($0.name)" }
                ?? "nothing is to come",
            "today \(today?.started ?? 0) started, \(today?.skipped ?? 0) skipped, "
                + "\(today?.trouble ?? 0) in trouble",
        ].joined(separator: " · ")
        let notice = overview.notice.isEmpty ? [] : [painted(cut(overview.notice), .yellow)]
        return [style.bold(title)] + notice
            + [needed == 0 ? cut(facts) : painted(cut(facts), .red), ""]
    }

    private func attention(_ overview: DashboardOverview, room: Int) -> [String] {
        guard !overview.attention.isEmpty else { return [] }
        let shown = overview.attention.prefix(max(1, room / 2))
        var lines = [style.bold("NEEDS YOU")]
        for line in shown {
            let since =
                line.sinceAt.map { "  " + Dashboard.Words.relative($0, to: overview.takenAt) } ?? ""
            lines.append(painted(cut("\(line.kind)  \(line.subject)\(since)"), .red))
            lines.append(cut("    " + line.whatToDo))
        }
        let rest = overview.attention.count - shown.count
        if rest > 0 { lines.append(gray(cut("    and \(rest) more: carillon attention"))) }
        return lines + [""]
    }

    private func schedules(_ overview: DashboardOverview, room: Int) -> [String] {
        guard !overview.schedules.isEmpty else { return [cut("No schedule is configured.")] }
        let shown = overview.schedules.prefix(max(1, room - 2))
        let longest = shown.map { TextWidth.columns(Printable.escaped($0.name)) }.max() ?? 0
        let name = min(max(longest, 8), max(8, columns - 54))
        let results = columns >= 100 ? Self.resultsMax : 12
        var lines = [
            style.bold(
                cut(
                    padded("SCHEDULE", name) + "  " + padded("LAST", results) + "  "
                        + padded("RESULT", 10) + "  " + padded("NEXT", 12) + "  NOW"))
        ]
        for line in shown {
            let text =
                padded(line.name, name) + "  " + padded(Self.marks(line.recent, results), results)
                + "  " + padded(Self.result(line), 10) + "  "
                + padded(
                    line.nextSlotAt.map { Dashboard.Words.relative($0, to: overview.takenAt) }
                        ?? "-", 12)
                + "  " + Self.present(line, now: overview.takenAt)
            lines.append(painted(cut(text), Self.color(line)))
        }
        let rest = overview.total - shown.count
        if rest > 0 { lines.append(gray(cut("and \(rest) more: carillon schedules"))) }
        return lines
    }

    /// Oldest first: a sign for each result, so that no colour is needed.
    private static func marks(_ recent: [SlotMark], _ count: Int) -> String {
        let signs: [Tone: Character] = [
            .good: ".", .bad: "x", .warn: "!", .off: "-", .live: ">",
        ]
        let shown = String(
            recent.prefix(count).reversed().map { signs[Tone(result: $0.result)] ?? "?" })
        return String(repeating: " ", count: count - shown.count) + shown
    }

    private static func result(_ line: ScheduleLine) -> String {
        if !line.state.isEmpty { return line.state }
        return line.last.map { $0.run?.outcome ?? $0.disposition } ?? "none yet"
    }

    private static func present(_ line: ScheduleLine, now: Instant) -> String {
        guard let run = line.active else { return "" }
        var words = [run.status]
        if run.isExpectedLate { words.append("will be late") }
        let bar = CountsBar(run.counts)
        if !bar.text.isEmpty { words.append("\(bar.percent) %") }
        if let created = run.createdAt {
            words.append("for \(Dashboard.Words.duration(seconds: now.since(created) / 1000))")
        }
        return words.joined(separator: ", ")
    }

    private static func color(_ line: ScheduleLine) -> OutputStyle.Color? {
        if line.needsPerson { return .red }
        if line.active != nil { return .green }
        return line.state.isEmpty ? nil : .gray
    }

    private func cut(_ text: String) -> String {
        TextWidth.cut(Printable.escaped(text), to: columns)
    }

    private func padded(_ text: String, _ width: Int) -> String {
        let text = TextWidth.cut(Printable.escaped(text), to: width)
        return text + String(repeating: " ", count: max(0, width - TextWidth.columns(text)))
    }

    private func painted(_ text: String, _ color: OutputStyle.Color?) -> String {
        color.map { style.colored(text, $0) } ?? text
    }

    private func gray(_ text: String) -> String { style.colored(text, .gray) }
}
