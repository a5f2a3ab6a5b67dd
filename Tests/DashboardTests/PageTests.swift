import Dashboard
import Store
import Testing
import Timetable

@Suite("Pages")
struct PageTests {
    private let pages: Pages

    init() throws {
        pages = try Pages()
    }

    @Test("The front page shows schedules, runs, attention and history")
    func overview() {
        let html = pages.overview(Samples.overview)
        for piece in [
            "<title>(2) Carillon</title>", "gl-refresh", "At 06:00, Monday through Friday",
            "America/New_York", "in 5 h 20 min", "2026-11-24 06:00",
            "7 complete · 3 running · 2 waiting",
            "href=\"/runs/51bcc3ec3d0b4aadb698\"", "rolled to the next business day", "paused",
            "resolve 4711", "45 min 12 s", "overlap: run 51bcc3ec3d0b is still open",
            "as of 2026-11-24 05:40 UTC", "Draining since 05:30", "on its schedule's own clock",
        ] {
            #expect(html.contains(piece), "missing: \(piece)")
        }
        #expect(html.hasSuffix("</html>\n") || html.hasSuffix("</html>"))
    }

    @Test("An empty ledger reads well too")
    func empty() {
        let html = pages.overview(DashboardOverview(takenAt: Samples.now))
        #expect(html.contains("No schedule is configured."))
        #expect(html.contains("No slot has been due yet."))
        #expect(!html.contains("id=\"attention\""))
        #expect(!html.contains("class=\"notice\""))
    }

    @Test("Of very many schedules a page is shown, with the way to the others")
    func manySchedules() {
        var overview = DashboardOverview(takenAt: Samples.now)
        overview.schedules = (0..<50).map {
            ScheduleLine(name: "s\($0).", rule: "every 1h", timezone: "UTC")
        }
        overview.matching = 130
        overview.filter.page = 2
        let html = pages.overview(overview)
        #expect(html.contains("51 to 100 of 130"))
        #expect(html.contains("href=\"/?page=1\""))
        #expect(html.contains("href=\"/?page=3\""))
    }

    @Test("A schedule's page shows its rule, its next instants, its year and its durations")
    func schedule() {
        let html = pages.schedule(Samples.schedule)
        for piece in [
            "gl-refresh", "America/New_York", "2026-11-24 06:00", "in 5 h 20 min",
            "2026-11-23: 1 failed, 3 succeeded",
            "half of the last 3 took up to 30 min, 95 % up to 1 h",
            "href=\"/slots/4712\"", "2 days with slots: 4 succeeded, 1 failed",
            // The Monday of this week, in the last of 53 columns; the day after it has no slot.
            "class=\"bad\" x=\"1040\" y=\"16\"", "M1040 36h17", ">Dec</text>", ">Jan</text>",
        ] {
            #expect(html.contains(piece), "missing: \(piece)")
        }
        #expect(!html.contains("M1040 16h17"), "a day with slots is drawn as one without")
        #expect(!html.contains("M1040 56h17"), "a day to come is drawn")
        #expect(!html.contains("2026-11-24 00:39:59"), "an instant that has passed is called next")
    }

    @Test(
        "Rules are in words; what is no cron expression is as it was written",
        arguments: [
            ("every 1h", "every 1h"), ("after gl", "after gl"), ("", ""),
            (
                "0 6 * * 1-5; 0 9 L * *; every 1h",
                "At 06:00, Monday through Friday; At 09:00, on the last day of the month; every 1h"
            ),
            ("0 6 * * 1-5;", "0 6 * * 1-5;"), ("; ", "; "),
        ])
    func ruleWords(rule: String, words: String) {
        var overview = DashboardOverview(takenAt: Samples.now)
        overview.schedules = [ScheduleLine(name: "s", rule: rule, timezone: "UTC")]
        #expect(pages.overview(overview).contains("<small>\(words) UTC</small>"))
    }

    @Test("What needs a person has its command apart, to be copied")
    func commands() {
        var overview = DashboardOverview(takenAt: Samples.now)
        var line = AttentionLine(
            sinceAt: Samples.now, kind: "failed", subject: "tax",
            whatToDo: "refused; fix it, then: carillon trigger tax")
        overview.attention = [line]
        #expect(
            pages.overview(overview)
                .contains("<p>refused; fix it, then: carillon trigger tax</p></li>"))
        (line.sentence, line.command) = ("refused", "carillon trigger tax & <co>")
        overview.attention = [line]
        let html = pages.overview(overview)
        #expect(
            html.contains(
                "<p>refused</p><code class=\"copy\">carillon trigger tax &amp; &lt;co&gt;</code>"))
    }

    @Test("A row's strip has a cell a day: the worst of the day, and days without slots")
    func strip() {
        var overview = DashboardOverview(takenAt: Samples.now)
        var line = ScheduleLine(name: "gl", rule: "every 1h", timezone: "UTC")
        let today = CivilDate(year: 2026, month: 11, day: 24)
        line.today = today
        func day(_ back: Int64, _ started: Int64, _ skipped: Int64, _ trouble: Int64) -> DayTotal {
            DayTotal(
                date: CivilDate(dayNumber: today.dayNumber - back), started: started,
                skipped: skipped, trouble: trouble)
        }
        line.days = [day(28, 9, 9, 9), day(27, 1, 0, 0), day(1, 2, 1, 1), day(0, 0, 3, 0)]
        overview.schedules = [line]
        let html = pages.overview(overview)
        for piece in [
            "3 started, 4 skipped, 1 in trouble in four weeks",
            "class=\"good\" x=\"0\"", "class=\"bad\" x=\"208\"", "class=\"off\" x=\"216\"",
            "class=\"track\" x=\"200\"", "2026-11-23: 2 started, 1 skipped, 1 in trouble",
        ] {
            #expect(html.contains(piece), "missing: \(piece)")
        }
        #expect(!html.contains("class=\"track\" x=\"216\""))
    }

    @Test("A run's page shows its facts, counts, tree and changes")
    func run() {
        let html = pages.run(Samples.run)
        for piece in [
            "3fae8b0c9d2e4b6f8a1c", "certification-q3", "50 % ended",
            "31 complete · 2 error · 6 running · 22 waiting", "Refresh the trial balance",
            "in parallel", "ACTION_EXECUTION_FAILED", "2 h 30 min ago",
        ] {
            #expect(html.contains(piece), "missing: \(piece)")
        }
    }

    @Test("A run's failed jobs come before its tree, and its counts are drawn over time")
    func failedFirst() throws {
        let html = pages.run(Samples.run)
        let failed = try #require(html.range(of: "id=\"failed\""))
        let tree = try #require(html.range(of: "id=\"tree\""))
        #expect(failed.lowerBound < tree.lowerBound)
        let section = html[failed.lowerBound..<tree.lowerBound]
        #expect(section.contains("ACTION_EXECUTION_FAILED"))
        #expect(!section.contains("Refresh the trial balance"))
        // From 20 and 41 of 61 to 31, 2, 6 and 22: four colours, and what they mean in words.
        #expect(
            html.matches(of: /<polygon class=\"(\w+)\"/).map(\.output.1) == [
                "good", "bad", "live", "calm",
            ])
        #expect(html.contains("from 20 complete · 41 waiting to 31 complete · 2 error"))
        var calm = Samples.run
        calm.changes.removeLast()
        calm.treeJSON = []
        let short = pages.run(calm)
        #expect(!short.contains("<polygon") && !short.contains("id=\"failed\""))
        calm.changes = [
            .init(seenAt: calm.takenAt, status: "x", counts: ["complete": .max, "error": .max]),
            .init(seenAt: calm.takenAt, status: "x", counts: ["complete": .min, "error": -1]),
        ]
        #expect(pages.run(calm).contains("<polygon"))
    }

    @Test("A run leads into Workiva where the API says where, and nowhere else")
    func link() {
        func link(_ url: String) -> String? {
            RunTree(json: Array("{\"url\": \"\(url)\"}".utf8)).link
        }
        #expect(link("https://app.wdesk.com/a/1?x=2") == "https://app.wdesk.com/a/1?x=2")
        for url in [
            "http://app.wdesk.com/", "https://wdesk.com.evil.example/", "https://evilwdesk.com/",
            "https://app.wdesk.com@evil.example/", "https://evil.example/app.wdesk.com",
            "javascript:alert(1)", "https://app.wdesk.com:80@evil.example", "",
            "https://evil.example\\\\.wdesk.com/",
        ] {
            #expect(link(url) == nil, "\(url)")
        }
        var run = Samples.run
        run.treeJSON = Array("{\"url\": \"https://app.wdesk.com/run/1\"}".utf8)
        #expect(pages.run(run).contains("href=\"https://app.wdesk.com/run/1\""))
    }

    @Test("A connection's page shows its answers, its schedules and its errors")
    func connection() {
        let html = pages.connection(Samples.connection)
        for piece in [
            "no answer</span> 2", "200</span> 7", "href=\"/schedules/gl-refresh\"", "unreachable",
            "startProcess 500",
        ] {
            #expect(html.contains(piece), "missing: \(piece)")
        }
    }

    @Test("Text from outside never becomes markup")
    func escaping() {
        var run = Samples.run
        run.changes[0].status = Samples.hostile
        run.facts.append((Samples.hostile, Samples.hostile))
        run.line.counts[Samples.hostile] = 1
        run.treeJSON = Array("{\"root\": {\"name\": \"<script>\", \"status\": \"\\\"><i>\"}}".utf8)
        for html in [
            pages.overview(Samples.overview), pages.run(run),
            pages.message(heading: Samples.hostile, words: Samples.hostile),
            pages.schedule(Samples.schedule), pages.slot(Samples.slot),
            pages.errors(Samples.errors), pages.connection(Samples.connection),
        ] {
            #expect(!html.contains("<script"))
            #expect(!html.contains("\"><i>"))
            #expect(html.contains("&lt;script&gt;"))
            // The content policy would block them, so there must be none to be blocked.
            #expect(!html.contains("style=\""))
        }
    }

    @Test("What is drawn without a template is escaped as well")
    func drawings() {
        var overview = DashboardOverview(takenAt: Samples.now)
        var line = ScheduleLine(name: Samples.hostile, rule: "every 1h", timezone: "UTC")
        line.marks = [
            SlotMark(
                slotID: 1, slotAt: Samples.now, result: "missed" + Samples.hostile,
                reason: Samples.hostile)
        ]
        overview.schedules = [line]
        let html = pages.overview(overview)
        #expect(!html.contains("<script") && !html.contains("'co'"))
        // The five characters as the template engine writes them.
        let escaped = "missed&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;co&#39;"
        let drawings = html.matches(of: /<svg class="timeline".*?<\/svg>/)
        #expect(drawings.count == 1)
        #expect(drawings.allSatisfy { $0.output.contains(escaped) })
    }

    @Test("Whatever is in an id, its link leads to its own page")
    func ids() {
        var overview = DashboardOverview(takenAt: Samples.now)
        var line = ScheduleLine(name: "a/b", rule: "every 1h", timezone: "UTC")
        line.active = RunLine(runID: "../x?y#z", status: "running", outcome: "active")
        line.nextInstants = [Samples.now.adding(milliseconds: 60_000)]
        overview.schedules = [line]
        let html = pages.overview(overview)
        #expect(html.contains("href=\"/runs/..%2Fx%3Fy%23z\""))
        #expect(html.matches(of: /href=\"\/schedules\/a%2Fb\"/).count == 2)
    }

    @Test("Every placeholder is filled")
    func placeholders() {
        for html in [
            pages.overview(Samples.overview), pages.run(Samples.run),
            pages.schedule(Samples.schedule), pages.slot(Samples.slot),
            pages.errors(Samples.errors), pages.connection(Samples.connection),
        ] {
            #expect(!html.contains("{{"))
            #expect(!html.contains("Optional("))
        }
    }
}

@Suite("The tree of a run")
struct RunTreeTests {
    @Test("Both shapes of the API are read, whatever else is in the body")
    func bothShapes() {
        let tree = RunTree(json: Array(Samples.treeJSON.utf8))
        let words = tree.nodes.map { node in
            String(repeating: ".", count: node.depth)
                + [node.name, node.status, node.note].filter { !$0.isEmpty }.joined(separator: "|")
        }
        #expect(
            words == [
                "Q3 certification|running|one by one",
                ".Refresh the trial balance|complete|sendTask, Completed",
                ".Regions|running|in parallel",
                "..certification|running|waiting for signers",
                "...Signers|running|in parallel",
                "....certificationSignerGenerated|complete",
                "....certificationSignerGenerated|error|ACTION_EXECUTION_FAILED",
                "..Group|waiting",
                ".j3|waiting",
            ])
        #expect(!tree.isCut)
    }

    @Test(
        "What is no tree is empty",
        arguments: ["", "null", "[]", "{}", "{\"root\": 3}", "{\"root\""])
    func unreadable(text: String) {
        let names = RunTree(json: Array(text.utf8)).nodes.map(\.name)
        #expect(names.isEmpty || names == ["Group"])
    }

    @Test("A huge tree is cut")
    func cut() {
        let job = "{\"job\": {\"id\": \"j\"}}"
        let jobs = Array(repeating: job, count: RunTree.nodesMax + 5).joined(separator: ",")
        let tree = RunTree(json: Array("{\"root\": {\"children\": [\(jobs)]}}".utf8))
        #expect(tree.nodes.count == RunTree.nodesMax)
        #expect(tree.isCut)
    }

    @Test("Times of a slot's page say whose they are")
    func zones() throws {
        let html = try Pages().slot(Samples.slot)
        #expect(html.contains("Attempts <small>times in UTC</small>"))
        #expect(html.contains("What the API said <small>times in UTC</small>"))
    }
}
