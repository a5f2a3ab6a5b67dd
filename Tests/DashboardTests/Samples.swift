import Dashboard
import Timetable

/// Pages full of what a working day brings, hostile text included.
enum Samples {
    /// 2026-11-24T05:40:00Z.
    static let now = Instant(seconds: 1_795_498_800)

    static let hostile = "<script>alert(\"1\")</script> & 'co'"

    static var overview: DashboardOverview {
        var overview = DashboardOverview(takenAt: now)
        overview.notice = "Draining since 05:30: no new starts; carillon resume --all undoes it."
        overview.schedules = [refresh, certification, tax, accruals]
        overview.attention = [
            AttentionLine(
                sinceAt: now.adding(milliseconds: -1_500_000), kind: "held",
                subject: "tax-package@2026-11-24T05:00:00Z",
                whatToDo: "A run that may be ours exists. Look at it in Workiva, then carillon "
                    + "resolve 4711 --run ID, --start or --drop."),
            AttentionLine(
                sinceAt: now.adding(milliseconds: -7_200_000), kind: "run error",
                subject: "certification-q3", whatToDo: "Two actions are in error: \(hostile)"),
        ]
        overview.history = [
            history(4712, "gl-refresh", minutesAgo: 12, run: refresh.active),
            held, skipped, failed,
            history(4700, "certification-q3", minutesAgo: 2_870, run: certification.active),
            done,
        ]
        return overview
    }

    static var run: DashboardRun {
        var line = RunLine(
            runID: "3fae8b0c9d2e4b6f8a1c", status: "running", outcome: "active",
            counts: ["complete": 31, "running": 6, "waiting": 22, "error": 2])
        line.createdAt = now.adding(milliseconds: -172_000_000)
        var run = DashboardRun(takenAt: now, line: line)
        run.name = "Q3 certification \(hostile)"
        run.facts = [("Schedule", "certification-q3"), ("Origin", "rule"), ("Process", "9c1d")]
        run.jobCounts = ["complete": 8, "running": 2, "waiting": 5]
        run.changes = [
            .init(
                seenAt: now.adding(milliseconds: -60_000), status: "running",
                counts: ["complete": 31, "running": 6, "waiting": 22, "error": 2]),
            .init(
                seenAt: now.adding(milliseconds: -9_000_000), status: "running",
                counts: ["complete": 20, "waiting": 41]),
        ]
        run.treeJSON = Array(treeJSON.utf8)
        return run
    }

    /// Both shapes in one: `jobRun`/`groupRun` and `job`/`group`.
    static let treeJSON = """
        {"id": "3fae", "unknown": [1, 2.5, null], "root": {
          "id": "g0", "name": "Q3 certification", "status": "running", "parallel": false, "children": [
            {"type": "job", "jobRun": {"id": "j1", "action": "sendTask", "status": "complete",
              "actionStatus": "Completed", "arguments": {"type": "sendTask",
              "sendTaskArgs": {"title": "Refresh the trial balance"}}}},
            {"type": "group", "groupRun": {"id": "g1", "name": "Regions", "status": "running",
              "parallel": true, "children": [
                {"job": {"id": "j2", "action": "certification", "status": "running",
                  "actionStatus": "waiting for signers", "generated": {"name": "Signers",
                  "status": "running", "parallel": true, "children": [
                    {"job": {"action": "certificationSignerGenerated", "status": "complete"}},
                    {"job": {"action": "certificationSignerGenerated", "status": "error",
                      "errorCode": "ACTION_EXECUTION_FAILED"}}]}}},
                {"group": {"name": null, "status": "waiting"}}]}},
            {"jobRun": {"id": "j3", "status": "waiting"}}]}}
        """

    private static var refresh: ScheduleLine {
        var line = ScheduleLine(
            name: "gl-refresh", rule: "0 6 * * 1-5", timezone: "America/New_York")
        line.description = "Pulls the general ledger before the team is in."
        line.nextSlotAt = now.adding(milliseconds: 19_200_000)
        line.nextSlotLocal = "2026-11-24T06:00:00-05:00"
        line.active = RunLine(
            runID: "51bcc3ec3d0b4aadb698", status: "running", outcome: "active",
            counts: ["complete": 7, "running": 3, "waiting": 2],
            createdAt: now.adding(milliseconds: -720_000))
        line.last = done
        return line
    }

    private static var certification: ScheduleLine {
        var line = ScheduleLine(
            name: "certification-q3", rule: "business_day = 3 at 05:30", timezone: "Europe/Berlin")
        line.nextSlotAt = now.adding(milliseconds: 820_000_000)
        line.nextSlotLocal = "2026-12-03T05:30:00+01:00"
        line.note = "2026-12-02 is a holiday: rolled to the next business day"
        line.active = RunLine(
            runID: "9d", status: "running", outcome: "attention",
            counts: ["complete": 31, "running": 6, "waiting": 22, "error": 2],
            createdAt: now.adding(milliseconds: -172_000_000))
        line.last = history(4700, "certification-q3", minutesAgo: 2_870, run: line.active)
        return line
    }

    private static var tax: ScheduleLine {
        var line = ScheduleLine(name: "tax-package", rule: "every 1h", timezone: "UTC")
        line.nextSlotAt = now.adding(milliseconds: 1_200_000)
        line.nextSlotLocal = "2026-11-24T06:00:00Z"
        line.last = held
        return line
    }

    private static var accruals: ScheduleLine {
        var line = ScheduleLine(name: hostile, rule: "0 0 29 2 *", timezone: "UTC")
        line.state = "paused"
        return line
    }

    private static var held: HistoryLine {
        var line = history(4711, "tax-package", minutesAgo: 40, run: nil)
        line.disposition = "held"
        line.reason = "the answer was lost, and a run that does not fit was found"
        line.attempts = 1
        return line
    }

    private static var skipped: HistoryLine {
        var line = history(4710, "gl-refresh", minutesAgo: 1_452, run: nil)
        line.disposition = "skipped"
        line.reason = "overlap: run 51bcc3ec3d0b is still open"
        return line
    }

    private static var failed: HistoryLine {
        var line = history(4709, "tax-package", minutesAgo: 100, run: nil)
        line.disposition = "failed"
        line.reason = "refused for good"
        line.lastError = "403 403Forbidden: \(hostile)"
        return line
    }

    private static var done: HistoryLine {
        var line = history(
            4699, "gl-refresh", minutesAgo: 2_892,
            run: RunLine(
                runID: "77aa", status: "complete", outcome: "succeeded", counts: ["complete": 12]))
        line.seconds = 2_712
        line.reason = "started on time"
        return line
    }

    private static func history(
        _ slotID: Int64, _ schedule: String, minutesAgo: Int64, run: RunLine?
    ) -> HistoryLine {
        var line = HistoryLine(
            slotID: slotID, schedule: schedule,
            slotAt: now.adding(milliseconds: -minutesAgo * 60_000),
            slotLocal: "2026-11-24T05:00:00Z", disposition: "started")
        line.run = run
        return line
    }
}
