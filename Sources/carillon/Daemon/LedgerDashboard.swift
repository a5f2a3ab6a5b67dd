import Dashboard
import Engine
import Store
import Timetable

/// What the pages show, read from the ledger over a read-only connection of each request.
struct LedgerDashboard: DashboardSource {
    let path: String
    let clock: any SchedulerClock
    let pulse: DaemonPulse

    private static let historyLines = 40

    func overview() async throws -> DashboardOverview {
        let reader = try LedgerReader(path: path)
        var overview = DashboardOverview(takenAt: clock.now().wall)
        overview.notice = pulse.failure ?? ""
        let upcoming = try reader.upcoming(Self.limit(10_000))
        overview.schedules = try reader.schedules(LedgerFilter()).lines.map { line in
            var schedule = ScheduleLine(
                name: line["schedule"], rule: line["rule"], timezone: line["timezone"])
            schedule.description = line["description"]
            schedule.state = line["paused"].isEmpty ? line["state"] : line["paused"]
            schedule.nextSlotAt = line.instant("next_slot_at")
            if let next = upcoming.lines.first(where: { $0["schedule"] == schedule.name }) {
                schedule.nextSlotLocal = next["slot_local"]
                schedule.note = next["note"]
            }
            let run = line.run(createdAt: "last_slot_at")
            schedule.active = run.flatMap {
                ["complete", "cancelled"].contains($0.status) ? nil : $0
            }
            if !line["last_disposition"].isEmpty {
                var last = HistoryLine(
                    slotID: 0, schedule: schedule.name, slotAt: line.instant("last_slot_at"),
                    slotLocal: line["last_slot_at"], disposition: line["last_disposition"])
                last.reason = line["last_reason"]
                last.run = run
                schedule.last = last
            }
            return schedule
        }
        overview.attention = try reader.attention().lines.map { line in
            AttentionLine(
                sinceAt: line.instant("since_at"), kind: line["kind"], subject: line["subject"],
                whatToDo: line["what_to_do"])
        }
        overview.history = try reader.history(Self.limit(Self.historyLines)).lines.map(\.history)
        return overview
    }

    func run(id: String) async throws -> DashboardRun? {
        let reader = try LedgerReader(path: path)
        guard let line = try reader.run(id).lines.first, let run = line.run(createdAt: "created_at")
        else { return nil }
        var page = DashboardRun(takenAt: clock.now().wall, line: run)
        page.name = line["name"]
        page.facts = [
            ("process", line["process_id"]), ("schedule", line["schedule"]),
            ("slot", line["slot_at"]), ("origin", line["origin"]),
            ("created", line["created_at"]), ("completed", line["completed_at"]),
            ("last read", line["last_polled_at"]), ("next read", line["next_poll_at"]),
            ("why", line["outcome_reason"]),
        ].filter { !$0.1.isEmpty }.map { (label: $0.0, value: $0.1) }
        page.jobCounts = line.counts("job_counts")
        page.completedAt = line.instant("completed_at")
        page.changes = try reader.statusHistory(runID: run.runID).lines.compactMap { change in
            change.instant("seen_at").map {
                DashboardRun.Change(
                    seenAt: $0, status: change["status"], counts: change.counts("counts"))
            }
        }
        page.treeJSON = try reader.tree(runID: run.runID).map { Array($0.utf8) } ?? []
        return page
    }

    func metrics() async throws -> [MetricFamily] {
        let reader = try LedgerReader(path: path)
        var families: [MetricFamily] = []
        families.append(
            MetricFamily(
                "slots_total", .counter, help: "Slots by schedule and disposition.",
                samples: try reader.dispositionCounts().lines.map { line in
                    .init(
                        line.number("slots"),
                        [("schedule", line["schedule"]), ("disposition", line["disposition"])])
                }))
        if let status = try reader.status().lines.first {
            for (name, column, help) in [
                ("runs_in_flight", "open_runs", "Runs that are not complete or cancelled."),
                ("attempts_unknown", "unknown", "Slots whose attempt may have created a run."),
                ("slots_held", "held", "Slots that wait for a person's decision."),
                ("attention", "attention", "Things that need a person."),
            ] {
                families.append(
                    MetricFamily(name, .gauge, help: help, samples: [.init(status.number(column))]))
            }
        }
        let connections = try reader.connections().lines
        families.append(
            MetricFamily(
                "http_requests_total", .counter, help: "Requests sent by connection.",
                samples: connections.map {
                    .init($0.number("requests_sent"), [("connection", $0["connection"])])
                }))
        families.append(
            MetricFamily(
                "breaker_open", .gauge, help: "1 while the circuit breaker is open.",
                samples: connections.map {
                    .init($0["breaker"] == "open" ? 1 : 0, [("connection", $0["connection"])])
                }))
        families.append(
            MetricFamily(
                "next_fire_timestamp", .gauge, help: "Next slot, Unix seconds.",
                samples: try reader.schedules(LedgerFilter()).lines.compactMap { line in
                    line.instant("next_slot_at").map {
                        .init(Double($0.seconds), [("schedule", line["schedule"])])
                    }
                }))
        if let last = pulse.lastTurnAt {
            families.append(
                MetricFamily(
                    "loop_progress_timestamp", .gauge, help: "Last completed turn, Unix seconds.",
                    samples: [.init(Double(last.milliseconds) / 1000)]))
        }
        return families
    }

    func health() async -> DashboardHealth {
        DashboardHealth(
            now: clock.now().wall, lastTurnAt: pulse.failure == nil ? pulse.lastTurnAt : nil)
    }

    private static func limit(_ rows: Int) -> LedgerFilter {
        var filter = LedgerFilter()
        filter.limit = rows
        return filter
    }
}

/// A row of the ledger by the names of its columns.
private struct LedgerLine {
    let columns: [String]
    let values: [SQLValue]

    private func value(_ column: String) -> SQLValue {
        columns.firstIndex(of: column).map { values[$0] } ?? .null
    }

    subscript(_ column: String) -> String {
        switch value(column) {
        case .null: ""
        case .integer(let number): String(number)
        case .double(let number): String(number)
        case .string(let text): text
        }
    }

    func number(_ column: String) -> Double {
        switch value(column) {
        case .integer(let number): Double(number)
        case .double(let number): number
        case .null, .string: 0
        }
    }

    func instant(_ column: String) -> Instant? { Instant(iso8601: self[column]) }

    func counts(_ column: String) -> [String: Int64] {
        Clockwork.counts(fromJSON: self[column])
    }

    func run(createdAt: String) -> RunLine? {
        guard !self["run_id"].isEmpty else { return nil }
        let status = self["run_status"].isEmpty ? self["status"] : self["run_status"]
        let jobs = counts("job_counts")
        return RunLine(
            runID: self["run_id"], status: status, outcome: self["outcome"],
            counts: jobs.isEmpty ? counts("counts") : jobs, createdAt: instant(createdAt))
    }

    var history: HistoryLine {
        var line = HistoryLine(
            slotID: Int64(self["slot_id"]) ?? 0, schedule: self["schedule"],
            slotAt: instant("slot_at"), slotLocal: self["slot_local"],
            disposition: self["disposition"])
        line.reason = self["reason"]
        line.attempts = Int64(self["attempts"]) ?? 0
        line.run = run(createdAt: "started_at")
        line.seconds = Int64(self["seconds"])
        line.lastError = self["last_error"]
        return line
    }
}

extension LedgerTable {
    fileprivate var lines: [LedgerLine] {
        rows.map { LedgerLine(columns: columns, values: $0) }
    }
}
