import Store
import Testing
import Timetable

/// Lists through a filter show what a look at every row would: they are put together of several walks.
@Suite struct ListTests {
    private let scratch: Scratch
    private let ledger: Ledger

    init() throws {
        scratch = try Scratch()
        ledger = try scratch.ledger()
        // Three schedules, two with a tag; each slot ends in its own way.
        let ends: [Disposition] = [.started, .skipped, .failed, .started, .missed]
        for number in 0..<30 {
            let schedule = ["a", "b", "c"][number % 3]
            let at = Scratch.now.adding(milliseconds: Int64(number) * 60_000)
            let slotID = try ledger.addSlot(at: at, schedule: schedule)
            let end = ends[number % 5]
            guard end == .started else {
                try ledger.end(slotID, end, reason: "why", now: at)
                continue
            }
            try start(slotID, schedule, number, at: at)
        }
        for (schedule, tags) in [("a", ["x", "x"]), ("b", ["x", "y"]), ("c", [])] {
            try database { try $0.run(Self.insertSchedule, .text(schedule), .text("\(tags)")) }
        }
    }

    private static let insertSchedule = """
        INSERT INTO schedule_states (schedule, state, connection, base_url, process, rule,
            rule_source, timezone, mode, tags, firing_key, revision_id, effective_at, cursor_at)
        VALUES (?, 'active', 'prod', 'https://a', 'p', '', '', 'UTC', 'run', ?, '', 1, 0, 0)
        """

    private func database(_ work: (Database) throws -> Void) throws {
        try work(try Database(path: scratch.path, mode: .write))
    }

    private func start(_ slotID: Int64, _ schedule: String, _ number: Int, at: Instant) throws {
        var facts = RunFacts(runID: "r\(number)", processID: "p", status: "running")
        facts.createdAt = at
        let key = try ledger.insertRun(
            facts, baseURL: "https://a", connection: "prod", schedule: schedule, slotID: slotID,
            origin: .rule, pollGapMilliseconds: 1000, nextPollAt: at, now: at)
        try ledger.move(slotID, .starting, reason: "sent", nextActionAt: at)
        try ledger.start(slotID, runKey: key, reason: "due", lagMilliseconds: 0, now: at)
        let (status, outcome) = [
            ("complete", RunOutcome.succeeded), ("cancelled", .cancelled), ("running", .active),
            ("cancelled", .failed),
        ][number % 4]
        facts.status = status
        let row = try #require(try ledger.run(key))
        try ledger.apply(facts, to: row, outcome: outcome, outcomeReason: nil, now: at)
    }

    @Test(arguments: [1, 4, 100], [nil, "x", "y", "none"])
    func historyShowsTheNewestOfEachFilter(limit: Int, tag: String?) throws {
        let reader = try LedgerReader(path: scratch.path)
        for words in [[], ["started"], ["failed", "missed"], ["pending"]] {
            for schedule in [nil, "a", "c"] {
                var filter = LedgerFilter()
                (filter.limit, filter.tag, filter.dispositions) = (limit, tag, words)
                filter.schedule = schedule
                let table = try reader.history(filter)
                #expect(
                    ids(table, "slot_id")
                        == (try expected(
                            "slots", "slot_id", "slot_at", filter,
                            [
                                ("disposition", words)
                            ])))
            }
        }
    }

    @Test(arguments: [1, 4, 100], [nil, "x", "y", "none"])
    func runsShowTheNewestOfEachFilter(limit: Int, tag: String?) throws {
        let reader = try LedgerReader(path: scratch.path)
        for outcomes in [[], ["succeeded"], ["active", "failed"], ["cancelled", "lost"]] {
            for statuses in [[], ["cancelled"], ["running"], ["complete", "running"]] {
                var filter = LedgerFilter()
                (filter.limit, filter.tag) = (limit, tag)
                (filter.outcomes, filter.statuses) = (outcomes, statuses)
                let table = try reader.runs(filter)
                #expect(
                    ids(table, "run_id")
                        == (try expected(
                            "process_runs", "run_id", "created_at", filter,
                            [
                                ("outcome", outcomes), ("status", statuses),
                            ])))
            }
        }
    }

    private func ids(_ table: LedgerTable, _ column: String) -> [SQLValue] {
        table.rows.indices.map { table.value(column, row: $0) }
    }

    /// By a look at every row.
    private func expected(
        _ table: String, _ key: String, _ time: String, _ filter: LedgerFilter,
        _ words: [(column: String, values: [String])]
    ) throws -> [SQLValue] {
        var conditions = ["1"]
        for (column, values) in words where !values.isEmpty {
            conditions.append("\(column) IN ('\(values.joined(separator: "','"))')")
        }
        if let schedule = filter.schedule { conditions.append("schedule = '\(schedule)'") }
        let tagged = ["x": "('a','b')", "y": "('b')", "none": "('')"]
        if let tag = filter.tag { conditions.append("schedule IN \(tagged[tag] ?? "")") }
        var found: [SQLValue] = []
        try database { database in
            found = try database.rows(
                """
                SELECT \(key) FROM \(table) WHERE \(conditions.joined(separator: " AND "))
                ORDER BY \(time) DESC LIMIT \(filter.limit)
                """
            ) { $0.value(0) }
        }
        return found
    }
}
