import Mustache
import Timetable

/// The dashboard's pages as HTML.
package struct Pages: Sendable {
    /// How often a browser asks again.
    static let refreshSeconds = 5
    /// Schedules on the front page; those with a run, then those that are due next, come first.
    package static let schedulesMax = 200

    private let library: MustacheLibrary

    /// Parses the templates.
    ///
    /// - Throws: The template engine's error; the templates are constants, so a test sees it.
    package init() throws {
        library = MustacheLibrary(templates: [
            "layout": try MustacheTemplate(string: Templates.layout),
            "bar": try MustacheTemplate(string: Templates.bar),
            "overview": try MustacheTemplate(string: Templates.overview),
            "run": try MustacheTemplate(string: Templates.run),
            "message": try MustacheTemplate(string: Templates.message),
        ])
    }

    /// The front page.
    package func overview(_ overview: DashboardOverview) -> String {
        render("overview", OverviewView(overview))
    }

    /// The page of one run.
    package func run(_ run: DashboardRun) -> String {
        render("run", RunView(run))
    }

    /// A page that only says something.
    package func message(heading: String, words: String) -> String {
        render("message", MessageView(heading: heading, words: words))
    }

    private func render(_ template: String, _ view: Any) -> String {
        library.render(view, withTemplate: template) ?? ""
    }
}

// The views below are what the templates name: every string ready to be shown, not yet escaped.

private struct MessageView {
    let heading: String
    let words: String
    let title = "Carillon"
    let refreshSeconds = 60
    let takenAt = ""
}

private struct OverviewView {
    struct Tile {
        let value: String
        let label: String
        let tone: String
    }

    let title: String
    let refreshSeconds = Pages.refreshSeconds
    let takenAt: String
    let notice: String
    let hasNotice: Bool
    let tiles: [Tile]
    let attention: [AttentionView]
    let hasAttention: Bool
    let schedules: [ScheduleView]
    /// `800 more`, or empty.
    let more: String
    let hasMore: Bool
    let history: [HistoryView]

    init(_ overview: DashboardOverview) {
        let now = overview.takenAt
        let needed = overview.attention.count
        title = needed > 0 ? "(\(needed)) Carillon" : "Carillon"
        takenAt = Words.shortTime(now.iso8601) + " UTC"
        notice = overview.notice
        hasNotice = !overview.notice.isEmpty
        attention = overview.attention.map { AttentionView($0, now: now) }
        hasAttention = !attention.isEmpty
        schedules = Self.shown(overview.schedules).map { ScheduleView($0, now: now) }
        let hidden = overview.schedules.count - schedules.count
        hasMore = hidden > 0
        more = hasMore ? "\(hidden) more" : ""
        history = overview.history.map { HistoryView($0, now: now) }

        let running = overview.schedules.filter { $0.active != nil }.count
        let next = overview.schedules.compactMap { schedule in
            schedule.nextSlotAt.map { (at: $0, name: schedule.name) }
        }.min { ($0.at, $0.name) < ($1.at, $1.name) }
        tiles = [
            Tile(
                value: next.map { Words.relative($0.at, to: now) } ?? "none",
                label: next.map { "next slot: \($0.name)" } ?? "next slot", tone: ""),
            Tile(
                value: "\(overview.schedules.count)",
                label: overview.schedules.count == 1 ? "schedule" : "schedules", tone: ""),
            Tile(
                value: "\(running)", label: running == 1 ? "active run" : "active runs",
                tone: running > 0 ? "live" : ""),
            Tile(
                value: needed == 0 ? "none" : "\(needed)", label: "needs attention",
                tone: needed == 0 ? "good" : "warn"),
        ]
    }
}

extension OverviewView {
    /// All schedules in their order, or the most telling ones if there are too many.
    private static func shown(_ schedules: [ScheduleLine]) -> [ScheduleLine] {
        guard schedules.count > Pages.schedulesMax else { return schedules }
        let end = Instant(milliseconds: .max)
        let ranked = schedules.sorted { left, right in
            let leftRank = (left.active == nil ? 1 : 0, left.nextSlotAt ?? end, left.name)
            let rightRank = (right.active == nil ? 1 : 0, right.nextSlotAt ?? end, right.name)
            return leftRank < rightRank
        }
        return Array(ranked.prefix(Pages.schedulesMax))
    }
}

private struct AttentionView {
    let kind: String
    let tone: String
    let subject: String
    let since: String
    let whatToDo: String

    init(_ line: AttentionLine, now: Instant) {
        kind = line.kind
        let tone = Words.tone(line.kind)
        self.tone = tone == "bad" ? tone : "warn"
        subject = line.subject
        since = line.sinceAt.map { Words.relative($0, to: now) } ?? ""
        whatToDo = line.whatToDo
    }
}

private struct RunLineView {
    let runID: String
    let shortID: String
    let status: String
    let tone: String
    let age: String
    /// Nil without counts.
    let bar: CountsBar?

    init(_ run: RunLine, now: Instant) {
        runID = run.runID
        shortID = run.runID.count > 12 ? String(run.runID.prefix(10)) + "…" : run.runID
        status = run.status
        tone = Words.tone(run.outcome == "active" ? run.status : run.outcome)
        age = run.createdAt.map { "started \(Words.relative($0, to: now))" } ?? ""
        let bar = CountsBar(run.counts)
        self.bar = bar.segments.isEmpty ? nil : bar
    }
}

private struct ScheduleView {
    let name: String
    let rule: String
    let timezone: String
    let description: String
    let hasDescription: Bool
    let state: String
    let hasState: Bool
    let stateTone: String
    let nextIn: String
    let nextLocal: String
    let note: String
    let hasNote: Bool
    let active: RunLineView?
    let last: HistoryView?

    init(_ line: ScheduleLine, now: Instant) {
        name = line.name
        rule = line.rule
        timezone = line.timezone
        description = line.description
        hasDescription = !line.description.isEmpty
        state = line.state
        hasState = !line.state.isEmpty
        stateTone = Words.tone(line.state)
        nextIn = line.nextSlotAt.map { Words.relative($0, to: now) } ?? "–"
        nextLocal = Words.shortTime(line.nextSlotLocal)
        note = line.note
        hasNote = !line.note.isEmpty
        active = line.active.map { RunLineView($0, now: now) }
        last = line.last.map { HistoryView($0, now: now) }
    }
}

private struct HistoryView {
    let slotLocal: String
    let when: String
    let schedule: String
    let result: String
    let tone: String
    let reason: String
    let run: RunLineView?
    let took: String
    let lastError: String
    let hasError: Bool

    init(_ line: HistoryLine, now: Instant) {
        slotLocal = Words.shortTime(line.slotLocal)
        when = line.slotAt.map { Words.relative($0, to: now) } ?? ""
        schedule = line.schedule
        // A started slot is judged by its run, any other by what became of it.
        result = line.run?.outcome ?? line.disposition
        tone = Words.tone(result)
        reason = line.reason
        run = line.run.map { RunLineView($0, now: now) }
        took = line.seconds.map { Words.duration(seconds: $0) } ?? ""
        lastError = line.lastError
        hasError = !line.lastError.isEmpty
    }
}

private struct RunView {
    struct Fact {
        let label: String
        let value: String
    }

    struct Change {
        let seenAt: String
        let when: String
        let status: String
        let tone: String
        let bar: CountsBar?
    }

    struct Node {
        let depth: Int
        let kind: String
        let name: String
        let status: String
        let tone: String
        let note: String
    }

    let title: String
    let refreshSeconds = Pages.refreshSeconds
    let takenAt: String
    let heading: String
    let status: String
    let tone: String
    let facts: [Fact]
    let counts: CountsBar?
    let percent: Int64
    let jobs: CountsBar?
    let nodes: [Node]
    let hasTree: Bool
    let isCut: Bool
    let changes: [Change]

    init(_ run: DashboardRun) {
        let now = run.takenAt
        let line = RunLineView(run.line, now: now)
        heading = run.name.isEmpty ? run.line.runID : run.name
        title = heading + " – Carillon"
        takenAt = Words.shortTime(now.iso8601) + " UTC"
        status = run.line.status
        tone = line.tone
        var facts = [Fact(label: "Run", value: run.line.runID)]
        facts += run.facts.map { Fact(label: $0.label, value: $0.value) }
        facts.append(Fact(label: "Outcome", value: run.line.outcome))
        if let created = run.line.createdAt {
            facts.append(Fact(label: "Started", value: Words.relative(created, to: now)))
            if let completed = run.completedAt {
                let seconds = completed.since(created) / 1000
                facts.append(Fact(label: "Took", value: Words.duration(seconds: seconds)))
            }
        }
        self.facts = facts
        counts = line.bar
        percent = line.bar?.percent ?? 0
        let jobs = CountsBar(run.jobCounts)
        self.jobs = jobs.segments.isEmpty ? nil : jobs
        let tree = RunTree(json: run.treeJSON)
        nodes = tree.nodes.map { node in
            Node(
                depth: min(node.depth, 6), kind: node.isGroup ? "group" : "job", name: node.name,
                status: node.status, tone: Words.tone(node.status), note: node.note)
        }
        hasTree = !nodes.isEmpty
        isCut = tree.isCut
        changes = run.changes.map { change in
            let bar = CountsBar(change.counts)
            return Change(
                seenAt: Words.shortTime(change.seenAt.iso8601),
                when: Words.relative(change.seenAt, to: now), status: change.status,
                tone: Words.tone(change.status), bar: bar.segments.isEmpty ? nil : bar)
        }
    }
}
