import Foundation
import Simulation
import Store
import Testing

/// What a turn asks must cost the same however long the history is.
///
/// The statements are those of random stories, so that none is left out because nobody thought of it.
@Suite("Plans of what a turn asks") struct TurnPlanTests {
    /// Tables that are as long as the configuration, or as what people did.
    private static let small: Set<String> = [
        "alarms", "after_marks", "config_files", "config_revisions", "connections", "daemon",
        "heartbeats", "hints", "lives", "operation_limits", "pause_periods", "preflights",
        "schedule_states", "totals", "upcoming_slots",
    ]
    /// Indexes of what is open, waits or needs a person.
    private static let open: Set<String> = [
        "attempts_held", "attempts_one_in_doubt", "deliveries_by_attempt", "deliveries_waiting",
        "pauses_in_force", "pause_periods_by_end", "preflights_by_next", "process_runs_by_poll",
        "process_runs_open", "process_runs_over_time", "slots_by_action", "slots_by_disposition",
        "slots_by_finish_deadline", "slots_by_forecast", "slots_by_start_deadline",
        "slots_open_by_process", "schedules_by_due", "upcoming_by_time",
    ]
    /// Words that a good part of all rows may have.
    private static let coarse: Set<String> = [
        "base_url", "connection", "disposition", "kind", "outcome", "process_id", "schedule",
        "slot_id IS NULL", "state",
    ]

    @Test(arguments: [UInt64(600_001), 800_001, 900_000, 900_004])
    func noStatementOfAStoryReadsTheHistory(seed: UInt64) throws {
        let folder = try TestFolder()
        let path = try folder.workloads.freshDatabase()
        defer { folder.workloads.discard(path) }
        var workload = RandomWorkload(seed: seed, path: path)
        var statements: Set<String> = []
        workload.simulator.onStatement = { statements.insert($0) }
        #expect(try workload.play().violations == [])
        #expect(statements.count > 100)
        let database = try Database(path: path, mode: .read)
        for sql in statements {
            #expect(try Self.objections(to: sql, in: database) == [], "\(sql)")
        }
    }

    /// What turns asked once, and the like.
    @Test(arguments: [
        "SELECT count(*) FROM slots WHERE ended_at IS NULL AND schedule = ?",
        "UPDATE slots SET due_at = 5 WHERE disposition = 'pending'",
        "SELECT * FROM attempts WHERE base_url = ? AND process_id = ? AND began_at < 5",
        "SELECT max(slot_at + 1) FROM slots AS m WHERE m.schedule = ?",
        "SELECT * FROM slots WHERE schedule = ? AND slot_at < 5 ORDER BY due_at LIMIT 1",
        """
        SELECT * FROM process_runs WHERE base_url = ? AND process_id = ? AND +slot_id IS NULL
        ORDER BY created_at DESC LIMIT 20
        """,
    ])
    func aReadOfTheHistoryIsFound(sql: String) throws {
        let folder = try TestFolder()
        let path = try folder.workloads.freshDatabase()
        defer { folder.workloads.discard(path) }
        let database = try Database(path: path, mode: .read)
        #expect(try Self.objections(to: sql, in: database) != [])
    }

    /// What is wrong with a statement's plan.
    private static func objections(to sql: String, in database: Database) throws -> [String] {
        let verbs = ["SELECT", "INSERT", "UPDATE", "DELETE"]
        guard verbs.contains(where: sql.hasPrefix) else { return [] }
        // Once a clock is known to have been ahead, all that it has written is looked for: it is the
        // one case for which an index would cost each slot more than it is worth.
        if sql.contains("created_at > ?") { return [] }
        let plan = try database.rows("EXPLAIN QUERY PLAN " + sql) { $0.string(3) }
        let isSorted = plan.contains { $0.contains("TEMP B-TREE") && $0.contains("ORDER BY") }
        let isBounded = sql.contains("LIMIT") && !isSorted
        // An extreme value is one step of an index that has it.
        let isExtreme = sql.contains(/(min|max)\(\w+\) FROM/)
        let aliases = Dictionary(
            sql.matches(of: /(\w+) AS (\w+)/).map { (String($0.output.2), String($0.output.1)) },
            uniquingKeysWith: { first, _ in first })
        return plan.filter { line in
            guard line.hasPrefix("SCAN") || line.hasPrefix("SEARCH") else { return false }
            let words = line.split(separator: " ")
            if line.contains("VIRTUAL TABLE") || line.contains("CONSTANT ROW") { return false }
            let table = aliases[String(words[1])] ?? String(words[1])
            let name = words.firstIndex(of: "INDEX").map { String(words[$0 + 1]) } ?? ""
            if small.contains(table) || open.contains(name) { return false }
            if line.hasPrefix("SCAN") { return !(isBounded && !name.isEmpty) }
            return !isBounded && !isExtreme && isCoarse(line)
        }
    }

    /// The columns of a search leave a good part of all rows.
    private static func isCoarse(_ line: String) -> Bool {
        guard let list = line.firstMatch(of: /\((.*)\)/)?.output.1 else { return true }
        return list.split(separator: " AND ").allSatisfy { term in
            // All that was before a moment is history, what came after it isn't.
            if term.hasSuffix("<?") { return !list.contains(">?") }
            // The plan says "run_key=?" of "run_key IS NULL", too.
            return term.hasSuffix("=?") && coarse.contains(String(term.dropLast(2)))
        }
    }
}
