import ConfigFixtures
import Console
import Sandbox
import Store
import Testing
import Timetable
import carillon

/// What SLOT, RUN, a schedule's name and `--connection` mean, and what is said where they mean nothing.
@Suite struct ReferenceTests {
    @Test(
        "SLOT is an id, or SCHEDULE@TIME",
        arguments: [
            ("12", .id(12)), ("gl@06:00", .place(schedule: "gl", time: "06:00")),
            ("gl@", .place(schedule: "gl", time: "")),
            ("@06:00", .place(schedule: "", time: "06:00")),
            ("gl@a@b", .place(schedule: "gl", time: "a@b")),
            ("9223372036854775808", nil), ("twelve", nil), ("", nil),
        ] as [(String, SlotReference?)])
    func slot(text: String, meaning: SlotReference?) {
        if let meaning {
            #expect((try? SlotReference(text)) == meaning)
        } else {
            #expect(throws: CommandFailure.self) { try SlotReference(text) }
        }
    }

    private static let at = Instant(seconds: 1_781_503_200)

    private static func slots(_ rows: [(Int64, String)]) -> LedgerTable {
        LedgerTable(
            columns: ["slot_id", "disposition"], rows: rows.map { [.integer($0.0), .string($0.1)] })
    }

    @Test(
        "Of slots at one instant the held one is meant, or the only one",
        arguments: [
            ([(1, "started")], 1, nil), ([(1, "started"), (2, "held")], 2, nil),
            ([], nil, .notFound), ([(1, "started"), (2, "pending")], nil, .conflict),
            ([(1, "held"), (2, "held"), (3, "started")], nil, .conflict),
        ] as [([(Int64, String)], Int64?, Console.ExitStatus?)])
    func held(rows: [(Int64, String)], id: Int64?, status: Console.ExitStatus?) {
        do {
            let found = try SlotReference.held(among: Self.slots(rows), of: "gl", at: Self.at)
            #expect(found == id)
        } catch {
            #expect(error.status == status)
        }
    }

    @Test(
        "RUN is an id or the beginning of just one",
        arguments: [
            ("abcdef", ["abcdef99"], "abcdef99", nil), ("abcdef", [], nil, .notFound),
            ("abcdef", ["abcdef", "abcdef99"], "abcdef", nil),
            ("abcdef", ["abcdef98", "abcdef99"], nil, .conflict),
        ] as [(String, [String], String?, Console.ExitStatus?)])
    func run(text: String, found: [String], id: String?, status: Console.ExitStatus?) {
        let table = LedgerTable(columns: ["run_id"], rows: found.map { [.string($0)] })
        do {
            #expect(try RunReference.id(text, among: table) == id)
        } catch {
            #expect(error.status == status)
        }
    }

    @Test("A schedule is known by each name that it ever had, and a circle of names ends")
    func names() throws {
        let fixture = try LedgerFixture()
        func renamed(_ old: String, _ new: String, at: Int64) throws {
            try fixture.execute(
                "INSERT INTO audit (at, actor, action, subject, detail) "
                    + "VALUES (\(at), 'reload', 'rename', '\(old)', '\(new)')")
        }
        try renamed("ledger", "ledger2", at: 1000)
        try renamed("ledger2", "gl", at: 2000)
        try renamed("a", "b", at: 3000)
        try renamed("b", "a", at: 4000)
        let reader = try LedgerReader(path: fixture.path)
        #expect(try ScheduleName("gl", in: reader).renamedAt == nil)
        let old = try ScheduleName("ledger", in: reader)
        #expect(old.present == "gl")
        #expect(old.renamedAt == Instant(milliseconds: 2000))
        #expect(throws: CommandFailure.self) { try ScheduleName("a", in: reader) }
        #expect(throws: CommandFailure.self) { try ScheduleName("", in: reader) }
    }

    @Test("--connection is needed only where there are several")
    func connection() throws {
        #expect(try ConnectionChoice.name(nil, among: ["prod"]) == "prod")
        #expect(try ConnectionChoice.name("test", among: ["prod", "test"]) == "test")
        for (written, names, status) in [
            (nil, [], .usage), (nil, ["prod", "test"], .usage), ("prot", ["prod"], .notFound),
        ] as [(String?, [String], Console.ExitStatus)] {
            do {
                _ = try ConnectionChoice.name(written, among: names)
                Issue.record("no failure for \(names)")
            } catch {
                #expect(error.status == status)
            }
        }
    }

    @Test(
        "What a person who waits for a slot is told, and how the command ends",
        arguments: [
            ("pending", "", "", nil), ("starting", "", "", nil), ("unknown", "", "", nil),
            ("started", "active", "running", nil), ("started", "succeeded", "complete", .ok),
            ("started", "failed", "complete", .failed),
            ("started", "cancelled", "cancelled", .failed), ("started", "lost", "running", .failed),
            ("started", "attention", "error", .failed), ("started", "attention", "running", nil),
            ("held", "", "", .conflict), ("skipped", "", "", .failed), ("expired", "", "", .failed),
            // Of a newer daemon.
            ("postponed", "", "", .failed), ("started", "paused", "running", nil),
        ] as [(String, String, String, Console.ExitStatus?)])
    func progress(disposition: String, outcome: String, status: String, ending: Console.ExitStatus?)
    {
        let slot = LedgerTable(
            columns: ["slot_id", "disposition", "reason", "outcome", "run_status"],
            rows: [
                [
                    .integer(7), .string(disposition), .string("why\u{1B}"), .string(outcome),
                    .string(status),
                ]
            ])
        switch SlotProgress(slot) {
        case .goesOn: #expect(ending == nil)
        case .succeeded: #expect(ending == .ok)
        case .ended(let failure):
            #expect(failure.status == ending)
            #expect(!failure.message.contains("\u{1B}"))
        }
    }

    @Test("A slot that is gone is no reason to wait")
    func gone() {
        guard case .ended = SlotProgress(LedgerTable()) else {
            Issue.record("waits for nothing")
            return
        }
        #expect(SlotProgress.words(LedgerTable()) == "")
    }
}

/// The demo's last word is worth something only if it would notice a lie.
@Suite struct DemoComparisonTests {
    private static let begin = Instant(seconds: 1_781_503_200)
    private static let end = begin.adding(milliseconds: 86_400_000)

    /// A sandbox with two runs, both over at `end`.
    private static func book() -> [SandboxRun] {
        var state = SandboxState(seed: 7, scenario: .sample(minuteMilliseconds: 1000))
        for process in Scenario.sample.processes.prefix(2) {
            _ = state.startByPerson(process: process.id, user: "ann", at: begin)
        }
        state.advance(to: end)
        return state.runs
    }

    private static func row(
        _ id: String, _ status: String, _ counts: [String: Int64]
    ) -> [SQLValue] {
        let words = counts.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",")
        return [.string(id), .string(status), .string("{\(words)}"), .string(end.iso8601)]
    }

    private static func table(_ rows: [[SQLValue]]) -> LedgerTable {
        LedgerTable(columns: ["run_id", "status", "job_counts", "last_polled_at"], rows: rows)
    }

    @Test("Equal, a run missing on either side, wrong counts, a run that goes on")
    func comparison() throws {
        let book = Self.book()
        try #require(book.count == 2)
        let true0 = Self.row(book[0].id, "complete", book[0].jobCounts(at: Self.end))
        let true1 = Self.row(book[1].id, "complete", book[1].jobCounts(at: Self.end))
        func compared(_ rows: [[SQLValue]]) -> DemoComparison {
            DemoComparison(Self.table(rows), book: book, now: Self.end)
        }
        #expect(compared([true0, true1]).differences == [])
        #expect(compared([true0]).differences == ["run \(book[1].id) is not in the ledger"])
        let stray = Self.row("stray", "complete", [:])
        #expect(
            compared([true0, true1, stray]).differences
                == ["run stray is not in the sandbox's book"])
        let wrong = Self.row(book[1].id, "complete", ["complete": 99])
        #expect(compared([true0, wrong]).differences == ["counts of run \(book[1].id) differ"])
        let open = compared([true0, Self.row(book[1].id, "running", [:])])
        #expect(open.differences == [])
        #expect(open.openRuns == 1)
        let early = DemoComparison(
            Self.table([]), book: book, now: Self.begin.adding(milliseconds: -1))
        #expect(early.runsInBook == 0)
    }
}
