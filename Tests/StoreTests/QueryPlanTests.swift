import Foundation
import Store
import Testing
import Timetable

/// What people, pages and scrapers ask must cost the same however long the history is.
///
/// Every read of `LedgerReader` is made on a filled ledger; each statement that it runs is compiled and
/// its plan looked at, so a new read, or a new index that misleads an old one, is caught here.
@Suite struct QueryPlanTests {
    /// The tables that grow with history.
    private static let growing: Set<String> = [
        "after_uses", "attempts", "audit", "deliveries", "delivery_events", "errors", "events",
        "looks", "process_runs",
        "slots",
        "status_counts", "status_history",
    ]
    /// In whose order a query with a LIMIT, which asks for nothing else, walks until it has enough.
    private static let walks: Set<String> = [
        "slots_by_time", "slots_by_written_time", "process_runs_by_time", "errors_by_time",
        "errors_by_written_time",
        // What people did is little.
        "audit", "audit_by_time", "deliveries",
    ]
    /// Indexes of what is open or needs a person: as long as that, whatever the history.
    private static let open: Set<String> = [
        // Of these only the smallest name is looked for, and then the next one.
        "slots_failed", "process_runs_in_trouble", "deliveries_by_target",
        "process_runs_open", "process_runs_active", "slots_by_disposition", "slots_by_action",
        "slots_overdue", "deliveries_waiting", "slots_open_by_process", "attempts_one_in_doubt",
    ]
    /// Reads that sort, and what bounds the sort.
    private static let sorts: [String: String] = [
        "attention": "what needs a person", "attention of some": "what needs a person",
        "status": "what needs a person",
        "upcoming": "the days ahead", "statusHistory": "the changes of one run",
        "history of some": "as many of each as are asked for", "runs in trouble": "what is open",
        "history of a tag": "as many of each schedule as are asked for",
        "runs of a tag": "as many of each schedule as are asked for",
        "errors of a tag": "as many of each schedule as are asked for",
        "runs of an outcome": "as many of each as are asked for",
        "days": "as many slots as are asked for", "tags": "the schedules",
        "tagNames": "the schedules",
        "neighbours": "four slots",
        "counts": "the statuses of one run", "make-ups": "the attempts at one slot's work",
        "revision": "the revisions of one schedule",
        "start of the daemon": "what is open",
        "daily": "a row a schedule and day", "readings": "some rows a schedule",
        "dispositionCounts": "some rows a schedule",
        "Which slots in March": "a month",
    ]
    /// Reads of everything that somebody asked for, or of a rehearsal's ledger that is thrown away.
    private static let whole: Set<String> = [
        "auditWords", "backup", "damages", "damage", "tables", "dispositions",
        "unstarted", "simulatedSlots", "sumDifferences",
    ]
    /// Reports over all of the history: docs/ledger.md.
    private static let reports = ["How long do the runs", "Which runs had errors"]

    private static let reads: [(name: String, read: @Sendable (LedgerReader) throws -> Void)] = {
        var narrow = LedgerFilter()
        narrow.schedule = "s"
        var recent = LedgerFilter()
        (recent.since, recent.until) = (Scratch.now, Scratch.now)
        var (held, failed) = (LedgerFilter(), LedgerFilter())
        (held.dispositions, failed.dispositions) = (["held", "pending"], ["failed", "missed"])
        (failed.outcomes, held.statuses) = (["failed"], ["error"])
        var (cancelled, tagged, all) = (LedgerFilter(), LedgerFilter(), LedgerFilter())
        (cancelled.statuses, tagged.tag) = (["cancelled"], "rare")
        (all.dispositions, all.outcomes) = (["started", "held"], ["active", "lost", "succeeded"])
        (all.schedule, all.tag) = ("s", "rare")
        let rare = [tagged, all]
        let ofOne = {
            var filter = LedgerFilter()
            filter.connection = "prod"
            return filter
        }()
        let filters = [LedgerFilter(), narrow, recent]
        return [
            ("history", { reader in try filters.forEach { _ = try reader.history($0) } }),
            (
                "history of some",
                { [held, failed] in
                    _ = (try $0.history(held), try $0.history(failed))
                }
            ),
            (
                "runs of an outcome",
                { [failed, cancelled] in _ = (try $0.runs(failed), try $0.runs(cancelled)) }
            ),
            ("history of a tag", { reader in try rare.forEach { _ = try reader.history($0) } }),
            ("runs of a tag", { reader in try rare.forEach { _ = try reader.runs($0) } }),
            ("errors of a tag", { reader in try rare.forEach { _ = try reader.errors($0) } }),
            ("runs in trouble", { [held] in _ = try $0.runs(held) }),
            (
                "audit",
                { reader in try (filters + rare + [ofOne]).forEach { _ = try reader.audit($0) } }
            ),
            (
                "pauses",
                { reader in
                    try (rare + [ofOne]).forEach { _ = try reader.pauses($0, isOverToo: true) }
                }
            ),
            ("marks", { _ = try $0.marks(schedule: "s", since: nil, limit: 5) }),
            ("days", { _ = try $0.days(schedule: "s", since: Scratch.now, limit: 5) }),
            (
                "nextInstants",
                { _ = try $0.nextInstants(schedule: "s", until: Scratch.now, limit: 5) }
            ),
            ("nextSlot", { _ = try $0.nextSlot("s", at: Scratch.now) }),
            ("drainingSince", { _ = try $0.drainingSince() }),
            ("dayTotals", { _ = try $0.dayTotals(since: "2026-11-30") }),
            ("tags", { _ = try $0.tags() }), ("tagNames", { _ = try $0.tagNames() }),
            ("attempts", { _ = try $0.attempts(ofSlot: 1) }),
            ("activeRules", { _ = try $0.activeRules() }),
            ("errors of a connection", { _ = try $0.errors(ofOne) }),
            ("errors of a slot", { _ = try $0.errors(ofSlot: 1) }),
            ("runs", { reader in try filters.forEach { _ = try reader.runs($0) } }),
            ("errors", { reader in try filters.forEach { _ = try reader.errors($0) } }),
            ("attention", { _ = try $0.attention() }),
            (
                "attention of some",
                { reader in
                    for filter in filters + rare + [ofOne] {
                        _ = try reader.attention(filter)
                        _ = try reader.attention(filter, isAcknowledgedToo: true)
                    }
                }
            ),
            ("daily", { reader in try filters.forEach { _ = try reader.daily($0) } }),
            ("readings", { _ = try $0.readings(at: Scratch.now) }),
            ("dispositionCounts", { _ = try $0.dispositionCounts() }),
            ("upcoming", { reader in try filters.forEach { _ = try reader.upcoming($0) } }),
            ("schedules", { reader in try filters.forEach { _ = try reader.schedules($0) } }),
            ("connections", { _ = try $0.connections() }), ("status", { _ = try $0.status() }),
            ("run", { _ = try $0.run("0123456") }), ("tree", { _ = try $0.tree(runID: "a") }),
            ("statusHistory", { _ = try $0.statusHistory(runID: "a") }),
            ("counts", { _ = try $0.counts(runID: "a") }),
            ("slots", { _ = try $0.slots(schedule: "s", at: Scratch.now) }),
            ("slot", { _ = try $0.slot(1) }),
            ("revision", { _ = try $0.revision(schedule: "s", at: Scratch.now) }),
            ("neighbours", { _ = try $0.neighbours(schedule: "s", of: Scratch.now) }),
            ("scheduleNames", { _ = try $0.scheduleNames() }),
            ("connectionNames", { _ = try $0.connectionNames() }),
            (
                "slots of a window",
                { _ = try $0.slots(ofWindow: "freeze", since: Scratch.now, limit: 10) }
            ),
            ("answers", { _ = try $0.answers(of: "prod") }),
            ("durations", { _ = try $0.durations(of: "s", limit: 20) }),
            (
                "durations of a time",
                { _ = try $0.durations(of: "s", from: Scratch.now, to: Scratch.now, limit: 20) }
            ),
            ("budgets", { _ = try $0.budgets() }),
            ("knownSchedules", { _ = try $0.knownSchedules() }),
            ("lastContentHash", { _ = try $0.lastContentHash() }),
            ("cursor", { _ = try $0.cursor(of: "s") }),
            ("prunedBefore", { _ = try $0.prunedBefore() }),
            (
                "deliveries",
                { reader in
                    try (filters + rare + [ofOne]).forEach { _ = try reader.deliveries($0) }
                }
            ),
            ("deliveryTargets", { _ = try $0.deliveryTargets() }),
            ("deliveries of one", { _ = try $0.deliveries(LedgerFilter(), target: "ops") }),
            ("overdueSlotCount", { _ = try $0.overdueSlotCount() }),
            ("renaming", { _ = try $0.renaming(of: "s") }),
        ]
    }()

    @Test("Every read has a plan on an index, and a bound", arguments: reads.map(\.name))
    func plans(name: String) throws {
        let scratch = try Self.filled()
        let reader = try LedgerReader(path: scratch.path)
        var statements: [String] = []
        reader.willStep = { statements.append($0) }
        try Self.reads.first { $0.name == name }?.read(reader)
        #expect(!statements.isEmpty)
        for statement in statements { try Self.check(statement, of: name, in: scratch) }
    }

    @Test("What README, docs and the demo tell people to type is as cheap")
    func documented() throws {
        let scratch = try Self.filled()
        let docs = try FileManager.default.contentsOfDirectory(atPath: Self.root + "/docs")
            .filter { $0.hasSuffix(".md") }.sorted()
        var statements: [(name: String, sql: String)] = []
        for file in ["README.md"] + docs.map({ "docs/\($0)" }) {
            statements += Self.queries(in: try Self.text(file))
        }
        #expect(statements.count >= 10)
        statements += LedgerReader.queriesToTry.map { ("", $0) }
        for (question, sql) in statements
        where sql != "select * from history"
            && !Self.reports.contains(where: question.hasPrefix)
        {
            let view = ["attention", "daily"].first { sql.contains("from \($0)") }
            let name = Self.sorts.keys.first { question.hasPrefix($0) }
            try Self.check(
                sql, of: view ?? name ?? "", in: scratch)
        }
    }

    /// The queries of a document, with the question before them.
    private static func queries(in text: String) -> [(name: String, sql: String)] {
        let typed = text.matches(of: /sqlite3 [^'"\n]*(?:'(select [^']*)'|"(select [^"]*)")/)
            .compactMap { ($0.output.1 ?? $0.output.2).map { ("", String($0)) } }
        let questions = text.matches(of: /\n([^\n]+)\n\n```sql\n([^`]+)```/)
        return typed + questions.map { (String($0.output.1), String($0.output.2)) }
    }

    @Test("A scan that a document tells people to type is found, whichever way it is written")
    func documentedScan() throws {
        let text = """
            Type `sqlite3 -box carillon.db "select max(seconds) from runs"`.

            Which were slow?

            ```sql
            select * from runs order by seconds desc limit 5
            ```
            """
        let queries = Self.queries(in: text)
        #expect(queries.count == 2)
        let scratch = try Self.filled()
        for (name, sql) in queries {
            #expect(try Self.objections(to: sql, of: name, in: scratch) != [])
        }
    }

    /// A start took three core-seconds on a million slots.
    @Test func whatTheDaemonReadsAtItsStartIsAsLongAsWhatIsOpen() throws {
        let scratch = try Self.filled()
        let ledger = try scratch.ledger()
        var statements: [String] = []
        ledger.database.willStep = { statements.append($0) }
        _ = try ledger.processesOfFollowedRuns(baseURL: "https://a")
        _ = try ledger.processesInDoubt(baseURL: "https://a")
        _ = (try ledger.attempts(.starting), try ledger.attempts(.unknown))
        _ = try ledger.processesOfOpenSlots()
        ledger.database.willStep = nil
        #expect(statements.count == 5)
        for statement in statements {
            try Self.check(statement, of: "start of the daemon", in: scratch)
        }
    }

    /// Each decision of a slot asks these.
    @Test func whatIsAskedOfMakeUpsGoesByAnIndex() throws {
        let scratch = try Self.filled()
        let ledger = try scratch.ledger()
        let slot = try #require(try ledger.slot(7))
        var statements: [String] = []
        ledger.database.willStep = { statements.append($0) }
        _ = (try ledger.slotBefore(slot), try ledger.firstAbsentAttempt(atWorkOf: slot))
        _ = try ledger.unsentMakeUps(ofSlot: 7)
        ledger.database.willStep = nil
        #expect(statements.count == 3)
        for statement in statements { try Self.check(statement, of: "make-ups", in: scratch) }
    }

    @Test func noReadIsLeftOut() throws {
        let folder = Self.root + "/Sources/Store"
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0.hasPrefix("LedgerReader") }
        var names: Set<String> = []
        for file in files {
            let text = try Self.text("Sources/Store/\(file)")
            names.formUnion(text.matches(of: /package func (\w+)/).map { String($0.output.1) })
        }
        // `value` belongs to the table that is answered.
        let tried = Self.reads.map { String($0.name.prefix { $0 != " " }) }
        #expect(names.subtracting(Self.whole) == Set(tried + ["value"]))
    }

    /// Whoever writes a scan or a sort without a bound is told.
    @Test(arguments: [
        "SELECT count(*) FROM slots AS q", "SELECT * FROM history WHERE reason = 'x'",
        "SELECT * FROM runs ORDER BY seconds LIMIT 5",
        "SELECT max(h.seen_at) FROM status_history AS h", "SELECT * FROM error_log ORDER BY 1 DESC",
        "SELECT a.http_status FROM attempts AS a WHERE a.ended_at > 5 LIMIT 3",
    ])
    func aScanIsFound(sql: String) throws {
        #expect(try Self.objections(to: sql, of: "new", in: Self.filled()) != [])
    }

    private static func check(_ sql: String, of name: String, in scratch: Scratch) throws {
        let found = try objections(to: sql, of: name, in: scratch)
        #expect(found == [], "\(name): \(sql)\n\(found)")
    }

    /// What is wrong with a statement's plan, in words.
    private static func objections(
        to sql: String, of name: String, in scratch: Scratch
    ) throws -> [String] {
        let database = try Database(path: scratch.path, mode: .read)
        let plan = try database.rows("EXPLAIN QUERY PLAN " + sql) { $0.string(3) }
        var objections: [String] = []
        let isSorted = plan.contains { $0.contains("TEMP B-TREE") }
        if isSorted, sorts[name] == nil { objections.append("sorts without a bound: \(plan)") }
        // Of a schedule that is only known not to be NULL, an index finds all.
        for line in plan where line.hasSuffix("(schedule>?)") {
            if !line.contains("slots_failed") && !line.contains("process_runs_in_trouble") {
                objections.append("reads all: \(line)")
            }
        }
        // All of an API is nearly all there is.
        for line in plan where line.hasSuffix("(base_url=?)") {
            if !open.contains(where: line.contains) { objections.append("reads all: \(line)") }
        }
        // One word of a few finds a good part of all: only to walk along until there are enough.
        for line in plan
        where line.hasSuffix("(outcome=?)") || line.contains("slots_ended (disposition=?)") {
            if !sql.uppercased().contains("LIMIT") {
                objections.append("reads a word's rows: \(line)")
            }
        }
        for tree in try scanned(by: sql, in: database) {
            let isWalk =
                walks.contains(tree.name) && !isSorted && sql.uppercased().contains("LIMIT")
            if growing.contains(tree.table), !open.contains(tree.name), !isWalk, !tree.isOneStep {
                objections.append("reads all of \(tree.name): \(plan)")
            }
        }
        return objections
    }

    /// The trees that a statement reads from one end on, whatever names the statement gives them.
    private static func scanned(
        by sql: String, in database: Database
    ) throws -> [(name: String, table: String, isOneStep: Bool)] {
        let names = try database.rows(
            "SELECT rootpage, name, tbl_name FROM sqlite_schema WHERE rootpage > 0"
        ) { ($0.integer(0), (name: $0.string(1), table: $0.string(2))) }
        let trees = Dictionary(uniqueKeysWithValues: names)
        let steps = try database.rows("EXPLAIN " + sql) {
            (opcode: $0.string(1), cursor: $0.integer(2), root: $0.integer(3))
        }
        var opened: [Int64: Int64] = [:]
        for step in steps where step.opcode == "OpenRead" { opened[step.cursor] = step.root }
        let ends = Set(steps.filter { $0.opcode == "Next" || $0.opcode == "Prev" }.map(\.cursor))
        return steps.compactMap { step in
            // Count reads a tree without a loop.
            guard ["Rewind", "Last", "Count"].contains(step.opcode), let root = opened[step.cursor],
                let tree = trees[root]
            else { return nil }
            return (
                tree.name, tree.table, step.opcode != "Count" && !ends.contains(step.cursor)
            )
        }
    }

    private static func text(_ file: String) throws -> String {
        try String(contentsOfFile: "\(root)/\(file)", encoding: .utf8)
    }

    private static var root: String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
    }

    /// A ledger with slots of two schedules.
    private static func filled() throws -> Scratch {
        let scratch = try Scratch()
        let ledger = try Ledger(
            path: scratch.path, pid: nil, now: Scratch.now, durability: .simulated)
        for second in 0..<40 {
            let at = Instant(seconds: Int64(second))
            _ = try ledger.addSlot(at: at, schedule: second % 2 == 0 ? "s" : "t")
        }
        return scratch
    }
}
