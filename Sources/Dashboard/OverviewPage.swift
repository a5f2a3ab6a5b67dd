import Store
import Timetable

/// A link of the page's head.
struct Navigation {
    struct Link {
        let href: String
        let label: String
        let isHere: Bool
    }

    let links: [Link]

    /// - Parameter path: of the page that is shown; empty: none of those in the head.
    init(at path: String) {
        links = [
            ("/", "Overview"), ("/calendar", "Calendar"), ("/errors", "Errors"),
            ("/audit", "Audit"),
        ].map {
            Link(href: $0.0, label: $0.1, isHere: $0.0 == path)
        }
    }
}

/// What the template of the front page names.
struct OverviewView {
    /// A fact of the strip: a number and what it counts.
    struct Fact {
        let value: String
        let label: String
        let tone: String
    }

    struct Option {
        let value: String
        let label: String
        let isChosen: Bool
    }

    struct Connection {
        let name: String
        let href: String
        let baseURL: String
        let requests: String
        let trouble: String
        let hasTrouble: Bool
        /// What stands in the way of requests: breaker, budget, limits.
        let pace: String
    }

    let title: String
    let refreshSeconds = Pages.refreshSeconds
    let takenAt: String
    let navigation = Navigation(at: "/")
    let notice: String
    let hasNotice: Bool
    let facts: [Fact]
    let attention: [AttentionView]
    let hasAttention: Bool
    /// A drawing, as markup.
    let timeline: String
    let hasTimeline: Bool
    let zoneName: String
    let rows: [RowView]
    let text: String
    let tags: [Option]
    let hasTags: Bool
    let states: [Option]
    /// `51 to 100 of 1000`.
    let range: String
    let earlier: String
    let hasEarlier: Bool
    let later: String
    let hasLater: Bool
    /// Why there is no row.
    let nothing: String
    let connections: [Connection]
    let history: [HistoryView]
    let bars: DayBars?

    /// Makes it.
    ///
    /// - Parameters:
    ///   - overview: what was read.
    ///   - base: the path under which the pages are; empty: the root.
    init(_ overview: DashboardOverview, base: String) {
        let now = overview.takenAt
        let needed = overview.attention.count
        title = needed > 0 ? "(\(needed)) Carillon" : "Carillon"
        takenAt = Words.shortTime(now.iso8601) + " UTC"
        notice = overview.notice
        hasNotice = !overview.notice.isEmpty
        let names = Set(overview.schedules.map(\.name))
        attention = overview.attention.map { AttentionView($0, now: now, schedules: names) }
        hasAttention = !attention.isEmpty
        let timeline = Timeline(overview.schedules, now: now, zone: overview.zone)
        self.timeline = timeline.markup(base: base).text
        hasTimeline = !timeline.lanes.isEmpty
        zoneName = overview.zone?.name ?? "UTC"
        rows = overview.schedules.map { RowView($0, now: now) }
        history = overview.history.map { HistoryView($0, now: now) }
        connections = overview.connections.map {
            Connection(
                name: $0.name, href: "/connections/" + percentEncoded($0.name), baseURL: $0.baseURL,
                requests: "\($0.requestsSent)",
                trouble: $0.trouble, hasTrouble: !$0.trouble.isEmpty,
                pace: [
                    $0.isBroken ? "breaker open" : "breaker closed",
                    $0.startsAtOnce.map { $0 == 1 ? "1 start at once" : "\($0) starts at once" }
                        ?? "", $0.limit,
                ].filter { !$0.isEmpty }.joined(separator: " · "))
        }
        nothing =
            overview.total == 0
            ? "No schedule is configured." : "No schedule fits the filter."
        let filter = overview.filter
        text = filter.text
        tags = overview.tags.map { Option(value: $0, label: $0, isChosen: $0 == filter.tag) }
        hasTags = !tags.isEmpty
        states = OverviewFilter.State.allCases.map {
            Option(value: $0.rawValue, label: $0.label, isChosen: $0 == filter.state)
        }
        let first = min((filter.page - 1) * OverviewRead.pageSize, overview.matching)
        let last = first + overview.schedules.count
        range =
            overview.matching == 0
            ? "none" : "\(first + 1) to \(last) of \(overview.matching)"
        earlier = filter.query(page: filter.page - 1)
        hasEarlier = filter.page > 1
        later = filter.query(page: filter.page + 1)
        hasLater = last < overview.matching
        facts = Self.facts(overview)
        bars = overview.today.flatMap { DayBars(overview.days, today: $0) }
    }

    private static func facts(_ overview: DashboardOverview) -> [Fact] {
        let needed = overview.attention.count
        let now = overview.takenAt
        let today = overview.days.first { $0.date == overview.today }
        return [
            Fact(
                value: needed == 0 ? "nothing" : "\(needed)",
                label: needed == 1 || needed == 0 ? "needs you" : "need you",
                tone: needed == 0 ? "good" : "bad"),
            Fact(
                value: "\(overview.running)",
                label: overview.running == 1 ? "active run" : "active runs", tone: "live"),
            Fact(
                value: overview.next.map { Words.relative($0.at, to: now) } ?? "none",
                label: overview.next.map { "next slot: \($0.name)" } ?? "next slot", tone: ""),
            Fact(
                value: "\(overview.total)",
                label: overview.total == 1 ? "schedule" : "schedules", tone: ""),
            Fact(value: "\(today?.started ?? 0)", label: "started today", tone: ""),
            Fact(value: "\(today?.skipped ?? 0)", label: "skipped", tone: ""),
            Fact(
                value: "\(today?.trouble ?? 0)", label: "in trouble",
                tone: today.map { $0.trouble > 0 } ?? false ? "bad" : ""),
        ]
    }
}

extension OverviewFilter.State {
    fileprivate var label: String {
        switch self {
        case .all: "any state"
        case .trouble: "in trouble"
        case .running: "running"
        case .paused: "paused or off"
        case .idle: "not running"
        }
    }
}

extension OverviewFilter {
    /// The address of another page with the same fields.
    fileprivate func query(page: Int) -> String {
        let fields = [("q", text), ("tag", tag), ("state", state.rawValue), ("page", "\(page)")]
        return "/?"
            + fields.filter { !$0.1.isEmpty }.map { "\($0.0)=\(percentEncoded($0.1))" }
            .joined(separator: "&")
    }
}

/// A value of a query: letters, digits and `-._~` stay, all else is written in hexadecimal
/// (RFC 3986, section 2).
func percentEncoded(_ text: String) -> String {
    var encoded = ""
    for byte in text.utf8 {
        let scalar = Unicode.Scalar(byte)
        let isPlain =
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
            || "-._~".unicodeScalars.contains(scalar)
        if isPlain {
            encoded.unicodeScalars.append(scalar)
        } else {
            encoded += "%" + String(byte, width: 2, radix: 16).uppercased()
        }
    }
    return encoded
}

/// A schedule's row on the front page.
struct RowView {
    let name: String
    let href: String
    let rule: String
    let timezone: String
    let description: String
    let hasDescription: Bool
    let tags: String
    let state: String
    let hasState: Bool
    let stateTone: String
    let nextIn: String
    let nextLocal: String
    let note: String
    let hasNote: Bool
    let active: RunLineView?
    let last: HistoryView?
    /// A drawing, as markup.
    let strip: String
    let spark: Spark?

    init(_ line: ScheduleLine, now: Instant) {
        name = line.name
        href = "/schedules/" + percentEncoded(line.name)
        rule = RuleWords.of(line.rule, schedule: line.name)
        timezone = line.timezone
        description = line.description
        hasDescription = !line.description.isEmpty
        tags = line.tags.joined(separator: " · ")
        state = line.state
        hasState = !line.state.isEmpty
        stateTone = line.stateTone.rawValue
        nextIn = line.nextSlotAt.map { Words.relative($0, to: now) } ?? "–"
        nextLocal = Words.shortTime(line.nextSlotLocal)
        note = line.note
        hasNote = !line.note.isEmpty
        active = line.active.map { RunLineView($0, now: now) }
        last = line.last.map { HistoryView($0, now: now) }
        strip = line.today.map { Strip(line.days, today: $0).markup.text } ?? ""
        spark = Spark(line.recent.reversed().compactMap(\.seconds))
    }
}

/// The last four weeks of a schedule, oldest day first, a cell each: the worst of a day gives it its colour.
struct Strip {
    struct Cell {
        let x: String
        let tone: String
        let title: String
    }

    let cells: [Cell]
    /// Days without a slot.
    let free: [Cell]
    /// `40 started, 2 skipped, 1 in trouble in four weeks`: the strip for those who don't see it.
    let text: String

    private static let step = 8

    /// - Parameters:
    ///   - totals: of the days that had slots.
    ///   - today: the last cell.
    init(_ totals: [DayTotal], today: CivilDate) {
        var byDate: [CivilDate: DayTotal] = [:]
        for total in totals { byDate[total.date] = total }
        let dates = DayBars.dates(until: today)
        var (cells, free): ([Cell], [Cell]) = ([], [])
        for (index, date) in dates.enumerated() {
            let x = "\(index * Self.step)"
            guard let day = byDate[date], day.started + day.skipped + day.trouble > 0 else {
                free.append(Cell(x: x, tone: "", title: ""))
                continue
            }
            let tone = day.trouble > 0 ? "bad" : day.started > 0 ? "good" : "off"
            cells.append(Cell(x: x, tone: tone, title: day.words))
        }
        (self.cells, self.free) = (cells, free)
        text = DayBars.sum(dates.compactMap { byDate[$0] })
    }

    var markup: Markup {
        var drawing = Markup(capacity: 4096)
        drawing += """
            <svg class="strip" viewBox="0 0 224 11" preserveAspectRatio="xMinYMid" role="img" \
            aria-label="\(text)">
            """
        for cell in free {
            drawing += """
                <rect class="track" x="\(cell.x)" y="0" width="6.5" height="11" rx="1.5"/>
                """
        }
        for cell in cells {
            drawing += """
                <rect class="\(cell.tone)" x="\(cell.x)" y="0" width="6.5" height="11" rx="1.5">\
                <title>\(cell.title)</title></rect>
                """
        }
        drawing += "</svg>"
        return drawing
    }
}

/// Durations as a line.
struct Spark {
    let points: String
    /// `usually 32 min`.
    let text: String

    /// Nil with fewer than two durations: a point is no line.
    ///
    /// - Parameter seconds: oldest first.
    init?(_ seconds: [Int64]) {
        guard seconds.count > 1 else { return nil }
        let most = Double(max(seconds.max() ?? 1, 1))
        let step = 76.0 / Double(seconds.count - 1)
        points = seconds.enumerated().map { index, value in
            "\(number(1 + Double(index) * step)),\(number(17 - Double(value) / most * 15))"
        }.joined(separator: " ")
        text = "usually " + Words.duration(seconds: Percentile.of(seconds, 50))
    }
}

/// The value that a share of all doesn't exceed.
enum Percentile {
    /// - Parameters:
    ///   - values: at least one.
    ///   - share: in per cent.
    /// - Returns: One of the values.
    static func of(_ values: [Int64], _ share: Int) -> Int64 {
        let sorted = values.sorted()
        let rank = (sorted.count * share + 99) / 100
        return sorted[min(max(rank, 1), sorted.count) - 1]
    }
}
