import Mustache
import Store
import Timetable

/// The dashboard's pages as HTML.
package struct Pages: Sendable {
    /// How often a browser asks again.
    static let refreshSeconds = 15

    private let library: MustacheLibrary
    private let base: String

    /// Parses the templates.
    ///
    /// - Parameter base: The path under which the pages are, `/carillon`; empty: the root.
    /// - Throws: The template engine's error; the templates are constants, so a test sees it.
    package init(base: String = "") throws {
        let texts = [
            "layout": Templates.layout,
            "bar": Templates.bar,
            "overview": Templates.overview,
            "timeline": Templates.timeline,
            "slots": Templates.slots,
            "schedule": Templates.schedule,
            "slot": Templates.slot,
            "log": Templates.log,
            "calendar": Templates.calendar,
            "windows": Templates.windows,
            "run": Templates.run,
            "connection": Templates.connection,
            "message": Templates.message,
        ]
        self.base = base
        library = MustacheLibrary(
            templates: try texts.mapValues { text in
                try MustacheTemplate(string: Self.moved(text, to: base))
            })
    }

    /// Every address of a page's own begins with the base.
    private static func moved(_ text: String, to base: String) -> String {
        if base.isEmpty { return text }
        var text = text
        for attribute in ["href", "src", "action"] {
            text = text.replacing("\(attribute)=\"/", with: "\(attribute)=\"\(base)/")
        }
        for name in ["href", "earlier", "later", "older"] {
            text = text.replacing("\"{{\(name)}}\"", with: "\"\(base){{\(name)}}\"")
        }
        return text
    }

    /// The front page.
    package func overview(_ overview: DashboardOverview) -> String {
        render("overview", OverviewView(overview, base: base))
    }

    /// The page of one schedule.
    package func schedule(_ schedule: DashboardSchedule) -> String {
        render("schedule", ScheduleView(schedule))
    }

    /// The page of one slot.
    package func slot(_ slot: DashboardSlot) -> String {
        render("slot", SlotView(slot))
    }

    /// The page of errors.
    package func errors(_ log: DashboardLog) -> String {
        let view = LogView(log, path: "/errors", heading: "Errors", nothing: "No error.")
        return render("log", view)
    }

    /// The page of what people did.
    package func audit(_ log: DashboardLog) -> String {
        let view = LogView(
            log, path: "/audit", heading: "Audit", nothing: "Nobody has done anything yet.")
        return render("log", view)
    }

    /// The weeks ahead.
    package func calendar(_ calendar: DashboardCalendar) -> String {
        render("calendar", CalendarView(calendar))
    }

    /// The windows, and what they hold back.
    package func windows(_ windows: DashboardWindows) -> String {
        render("windows", WindowsView(windows))
    }

    /// The page of one run.
    package func run(_ run: DashboardRun) -> String {
        render("run", RunView(run))
    }

    /// The page of one connection.
    package func connection(_ connection: DashboardConnection) -> String {
        render("connection", ConnectionView(connection))
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
    let takenAt: String? = nil
    let navigation = Navigation(at: "")
}

struct AttentionView {
    let kind: String
    let tone: String
    let subject: String
    let since: String
    let sentence: String
    let command: String
    let hasCommand: Bool
    /// Where more is said; empty: nowhere.
    let href: String
    let hasHref: Bool

    init(_ line: AttentionLine, now: Instant, schedules: Set<String> = []) {
        kind = line.kind
        let name = String(line.subject.prefix { $0 != "@" && $0 != " " })
        href = schedules.contains(name) ? "/schedules/\(percentEncoded(name))" : ""
        hasHref = !href.isEmpty
        tone = Tone(attention: line.kind).rawValue
        subject = line.subject
        since = line.sinceAt.map { Words.relative($0, to: now) } ?? ""
        sentence = line.sentence.isEmpty ? line.whatToDo : line.sentence
        command = line.command
        hasCommand = !command.isEmpty
    }
}

struct RunLineView {
    let runID: String
    /// The end of its page's address: an id comes from the API, whatever is in it.
    let path: String
    let shortID: String
    let status: String
    let tone: String
    let age: String
    /// When it ends, as it looks, or that it will be late; empty: nobody can say.
    let forecast: String
    let forecastTone: String
    /// Nil without counts.
    let bar: CountsBar?

    init(_ run: RunLine, now: Instant) {
        forecast =
            run.expectedEndAt.map { end in
                (run.isExpectedLate ? "will be late, ends " : "ends ")
                    + (end > now ? "about " + Words.relative(end, to: now) : "any time")
            } ?? ""
        forecastTone = run.isExpectedLate ? "late" : "dim"
        runID = run.runID
        path = percentEncoded(run.runID)
        shortID = run.runID.count > 12 ? String(run.runID.prefix(10)) + "…" : run.runID
        status = run.status
        let isActive = RunOutcome(rawValue: run.outcome) == .active
        tone = (isActive ? Tone(status: run.status) : Tone(result: run.outcome)).rawValue
        age = run.createdAt.map { "started \(Words.relative($0, to: now))" } ?? ""
        let bar = CountsBar(run.counts)
        self.bar = bar.segments.isEmpty ? nil : bar
    }
}

struct HistoryView {
    let href: String
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
    let deadline: String

    init(_ line: HistoryLine, now: Instant) {
        href = "/slots/\(line.slotID)"
        slotLocal = Words.shortTime(line.slotLocal)
        when = line.slotAt.map { Words.relative($0, to: now) } ?? ""
        schedule = line.schedule
        // A started slot is judged by its run, any other by what became of it.
        result = line.run?.outcome ?? line.disposition
        tone = Tone(result: result).rawValue
        reason = line.reason
        run = line.run.map { RunLineView($0, now: now) }
        took = line.seconds.map { Words.duration(seconds: $0) } ?? ""
        lastError = line.lastError
        hasError = !line.lastError.isEmpty
        deadline = line.deadlines.joined(separator: "; ")
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
    let navigation = Navigation(at: "")
    let heading: String
    let status: String
    let tone: String
    let facts: [Fact]
    let counts: CountsBar?
    let percent: Int64
    let jobs: CountsBar?
    let area: CountsArea?
    /// Jobs in error, which the tree has at their places as well.
    let failed: [Node]
    let hasFailed: Bool
    let nodes: [Node]
    let hasTree: Bool
    let isCut: Bool
    let changes: [Change]
    /// Where Workiva shows it; empty: the API doesn't say.
    let link: String
    let hasLink: Bool

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
                status: node.status, tone: Tone(status: node.status).rawValue, note: node.note)
        }
        failed = zip(nodes, tree.nodes).filter(\.1.isFailed).map(\.0)
        hasFailed = !failed.isEmpty
        area = CountsArea(run.changes, until: run.completedAt ?? now)
        link = tree.link ?? ""
        hasLink = tree.link != nil
        hasTree = !nodes.isEmpty
        isCut = tree.isCut
        changes = run.changes.map { change in
            let bar = CountsBar(change.counts)
            return Change(
                seenAt: Words.shortTime(change.seenAt.iso8601),
                when: Words.relative(change.seenAt, to: now), status: change.status,
                tone: Tone(status: change.status).rawValue, bar: bar.segments.isEmpty ? nil : bar)
        }
    }
}
