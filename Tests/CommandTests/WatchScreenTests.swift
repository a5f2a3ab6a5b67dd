import Console
import Dashboard
import Store
import Testing
import Timetable
import carillon

/// The overview on a terminal: all of it fits, and says without colours what there is.
@Suite struct WatchScreenTests {
    private static let now = Instant(seconds: 1_795_498_800)

    private static func overview(schedules: Int = 3) -> DashboardOverview {
        var overview = DashboardOverview(takenAt: now)
        overview.total = schedules
        overview.schedules = (0..<schedules).map { index in
            var line = ScheduleLine(name: "schedule-\(index)", rule: "@daily", timezone: "UTC")
            line.nextSlotAt = now.adding(milliseconds: 600_000)
            line.recent = ["succeeded", "failed", "skipped", "held", "active"].map {
                SlotMark(slotID: 1, slotAt: now, result: $0)
            }
            return line
        }
        if schedules > 0 {
            overview.schedules[0].active = RunLine(
                runID: "r1", status: "running", outcome: "active",
                counts: ["complete": 3, "waiting": 1], createdAt: now.adding(milliseconds: -90_000))
            overview.schedules[0].active?.isExpectedLate = true
        }
        overview.attention = [
            AttentionLine(
                sinceAt: now.adding(milliseconds: -60_000), kind: "held",
                subject: "schedule-1@2026-11-24T05:00:00Z",
                whatToDo: "its answer was lost\u{1B}[2J\nand no look settled it; carillon resolve 7"
            )
        ]
        return overview
    }

    private static func lines(
        _ overview: DashboardOverview, _ columns: Int = 80, _ rows: Int = 24,
        hasColor: Bool = false
    ) -> [String] {
        WatchScreen(
            columns: columns, rows: rows, style: OutputStyle(width: columns, hasColor: hasColor)
        ).lines(overview)
    }

    @Test func whatNeedsSomebodyStandsFirstAndEachResultHasASign() throws {
        let lines = Self.lines(Self.overview())
        let needs = try #require(lines.firstIndex(of: "NEEDS YOU"))
        let table = try #require(lines.firstIndex { $0.hasPrefix("SCHEDULE ") })
        #expect(needs < table)
        #expect(lines[needs + 1] == "held  schedule-1@2026-11-24T05:00:00Z  1 min ago")
        // Oldest first; given newest first.
        #expect(lines[table + 1].contains("  >!-x.  "))
        #expect(lines[table + 1].contains("running, will be late, 75 %"), "\(lines[table + 1])")
        #expect(lines[1].contains("1 needs you"))
        #expect(lines.last?.hasPrefix("ctrl-C ends") == true)
    }

    @Test(arguments: [(80, 24), (120, 40), (200, 60), (40, 10), (40, 3), (80, 1)])
    func everythingFits(columns: Int, rows: Int) {
        var overview = Self.overview(schedules: 60)
        overview.schedules[1].name = "四半期決算-" + String(repeating: "long", count: 30)
        overview.notice = String(repeating: "draining ", count: 40)
        overview.attention = Array(repeating: overview.attention[0], count: 30)
        let lines = Self.lines(overview, columns, rows)
        #expect(lines.count <= rows)
        for line in lines {
            #expect(TextWidth.columns(line) <= columns, "\(line)")
            #expect(!line.contains("\u{1B}") && !line.contains("\n"))
        }
    }

    @Test func anEmptyLedgerReadsWellToo() {
        let lines = Self.lines(DashboardOverview(takenAt: Self.now))
        #expect(lines.contains("No schedule is configured."))
        #expect(lines[1].contains("nothing needs you"))
    }

    @Test func coloursOnlyWhereTheyAreWanted() {
        #expect(Self.lines(Self.overview(), hasColor: true).joined().contains("\u{1B}[31m"))
        #expect(!Self.lines(Self.overview(), hasColor: false).joined().contains("\u{1B}"))
    }
}
