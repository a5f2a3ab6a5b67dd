import Testing

/// The lines a rule objects to in a snippet.
private func lines(
    _ rule: (SourceText) -> [Finding], _ text: String, at path: String = "Sources/Engine/A.swift"
) -> [Int] {
    rule(SourceText(path: path, text: text)).map(\.line)
}

@Suite("Each rule finds what it is for, and nothing else")
struct RuleTests {
    @Test(
        "Imports",
        arguments: [
            ("import CSQLite", "Sources/Engine/A.swift", true),
            ("import Foundation", "Sources/Timetable/A.swift", true),
            ("package import struct Foundation.Data", "Sources/Store/A.swift", true),
            ("@preconcurrency import Hummingbird", "Sources/Engine/A.swift", true),
            ("import Timetable", "Sources/Cellar/A.swift", true),
            ("import Timetable", "Sources/ProcessesAPI/A.swift", false),
            ("// import CSQLite", "Sources/Engine/A.swift", false),
            ("import CSQLite", "Sources/Store/A.swift", false),
            ("import CSQLite", "Tests/StoreTests/A.swift", false),
        ])
    func imports(text: String, path: String, isFound: Bool) {
        #expect(lines(ImportRule.findings, text, at: path) == (isFound ? [1] : []))
    }

    @Test("An arrow back in carillon's line is found, one forward is not")
    func folderLine() {
        let verb = SourceText(
            path: "Sources/carillon/Commands/Why.swift", text: "struct Why {\n    let d: Desk\n}")
        let desk = SourceText(
            path: "Sources/carillon/Daemon/Desk.swift",
            text: "final class Desk {\n    // Why\n    let why: Why?\n}")
        let found = FolderLineRule.findings(in: [verb, desk])
        #expect(found.map(\.path) == [desk.path])
        #expect(found.map(\.line) == [3])
        let gate = SourceText(
            path: "Sources/Engine/Gate/Gate.swift", text: "final class Gate {\n    let a: Attic\n}")
        let attic = SourceText(path: "Sources/Engine/Turn/Attic.swift", text: "struct Attic {}")
        #expect(FolderLineRule.findings(in: [gate, attic]).map(\.path) == [gate.path])
        let cellar = SourceText(path: "Sources/Engine/Cellar/Wine.swift", text: "struct Wine {}")
        #expect(FolderLineRule.strays(in: [gate, cellar]).map(\.path) == [cellar.path])
    }

    @Test(
        "A type that is no verb",
        arguments: [
            ("struct Pause: CarillonCommand {", "Commands", false),
            ("struct LimitOption: ParsableArguments {", "Commands", false),
            ("struct Pause: CarillonCommand {\n    private enum Inner {}", "Commands", false),
            ("enum SlotArgument {", "Commands", true),
            ("private final class Page {", "Commands", true),
            ("struct Loop: Service {", "Commands", true), ("enum SlotArgument {", "Inquiry", false),
        ])
    func verbs(text: String, folder: String, isFound: Bool) {
        let path = "Sources/carillon/\(folder)/A.swift"
        #expect(lines(VerbRule.findings, text, at: path) == (isFound ? [1] : []))
    }

    @Test(
        "A schema or statement whose changes can't be told",
        arguments: [
            ("CREATE TABLE a (\n    b INTEGER PRIMARY KEY -- one\n) STRICT;", []),
            ("CREATE TABLE a (b TEXT, c TEXT, PRIMARY KEY (b, c)) STRICT;\nSELECT 1;", []),
            ("-- first\nCREATE TABLE a (b INTEGER) STRICT;", [2]),
            ("CREATE TABLE a (b INTEGER PRIMARY KEY,\n    c AS (b > 1) STORED) STRICT;", [1]),
            ("CREATE TABLE a (b TEXT PRIMARY KEY, c TEXT GENERATED ALWAYS AS (b));", [1]),
            ("CREATE TRIGGER t AFTER INSERT ON a BEGIN\n    DELETE FROM b;\nEND;", [1]),
            ("UPDATE a SET b = strftime('%s', 'now');\nUPDATE a SET b = random();", [1, 2]),
            ("CREATE TABLE a (b INTEGER PRIMARY KEY DEFAULT CURRENT_TIMESTAMP);", [1]),
            ("CREATE VIEW v AS\nSELECT * FROM a WHERE b < strftime('%s', 'now');", []),
            ("SELECT 1;\ndelete  from a;\nDELETE FROM a WHERE b = 1;\nDELETE FROM b", [2, 4]),
        ] as [(String, [Int])])
    func schema(text: String, found: [Int]) {
        #expect(SchemaRule.findings(inSQL: text, of: "migrations/a.sql").map(\.line) == found)
        let store = "let a = \"DELETE FROM a\"\nlet b = \"DELETE FROM a WHERE b = ?\""
        #expect(lines(SchemaRule.findings, store, at: "Sources/Store/A.swift") == [1])
        #expect(lines(SchemaRule.findings, store, at: "Tests/A.swift").isEmpty)
    }

    @Test(
        "A function that throws and doesn't say what",
        arguments: [
            ("/// Reads.\npackage func read() throws -> Int {", [2]),
            (
                "/// Reads.\npackage init(\n    a: Int, b: (Int) throws -> Int = { $0 }\n) throws {",
                [2]
            ),
            ("/// Reads.\n@discardableResult\npackage static func read() async throws(E) {", [3]),
            ("package protocol P {\n    /// Reads.\n    func read() throws -> Int\n}", [3]),
            ("/// Reads.\n///\n/// - Throws: `E` if not.\npackage func read() throws {", []),
            ("/// Reads.\npackage func read(_ work: () throws -> Int) -> Int {", []),
            ("/// Reads.\nfunc read() throws {", []), ("/// Reads.\npackage func throwsA() {", []),
            ("package protocol P {\n    func read() -> Int\n    func write() -> Int\n}", []),
        ] as [(String, [Int])])
    func throwing(text: String, found: [Int]) {
        #expect(lines(ThrowsRule.findings, text) == found)
    }

    @Test(
        "Banned words",
        arguments: [
            "Task { await work() }", "Task(priority: .high) {", "let t = Task<Void, Never> {",
            "Task.detached { }", "try await Task.sleep(for: .seconds(1))", "let now = Date()",
            "let now = Date.now", "ContinuousClock().now", "let id = UUID()",
            "Int.random(in: 0..<9)",
            "list.shuffled()", "try! run()", "let a = b as! C", "fatalError(\"no\")",
            "DispatchQueue.main.async { }", "@testable import Engine", "print(\"x\")",
            "usleep(1000)", "// FIXME: later", "/* TODO */", "let t = \"\\(Date())\"",
        ])
    func bannedWords(text: String) {
        #expect(!lines(BannedWord.findings, text).isEmpty)
    }

    @Test(
        "Harmless words",
        arguments: [
            "// Task { } and Date() are not used here", "let s = \"Task { Date() }\"",
            "withTaskGroup(of: Void.self) { group in", "Task.isCancelled", "try? run()", "a as? B",
            "let date = serverDate()", "struct UpdateTask {", "sprint(1)", "stream.print(x)",
            "let s = #\"fatalError( \"try!\" \"#", "let runtime = time(now)",
        ])
    func harmlessWords(text: String) {
        #expect(lines(BannedWord.findings, text) == [])
    }

    @Test("The real world is at home in carillon/System only")
    func home() {
        let text = "let now = Date()\nlet id = UUID()"
        #expect(lines(BannedWord.findings, text, at: "Sources/carillon/System/Clock.swift") == [])
        #expect(lines(BannedWord.findings, text, at: "Sources/carillon/Main.swift") == [1, 2])
    }

    @Test(
        "SQL outside Store",
        arguments: [
            ("run(\"SELECT 1 FROM slots\")", true),
            ("run(\"\"\"\n  select a,\n  b from slots\n\"\"\")", true),
            ("run(\"insert into slots values (1)\")", true),
            ("run(\"PRAGMA user_version\")", true),
            ("// SELECT 1 FROM slots", false),
            ("say(\"select one from the list\")", true),
            ("say(\"sqlite3 FILE 'select * from history'\")", false),
            ("say(\"an update was set aside\")", true),
            ("say(\"delete it\")", false),
        ])
    func statements(text: String, isFound: Bool) {
        #expect(lines(StatementRule.findings, text) == (isFound ? [1] : []))
        #expect(lines(StatementRule.findings, text, at: "Sources/Store/A.swift") == [])
        #expect(lines(StatementRule.findings, text, at: "Sources/Postgres/A.swift") == [])
    }

    @Test(
        "Unsafe code without a reason",
        arguments: [
            ("let a = 1\nunsafe read(p)", [2]),
            ("let a = 1\nfinal class B: @unchecked Sendable {", [2]),
            ("let a = 1\n// The pointer lives as long as the call.\nunsafe read(p)", []),
            ("let a = 1\n// Both borrow only.\nunsafe read(p)\nunsafe write(p)", []),
            ("let a = 1\n// Both borrow only.\nunsafe read(p)\nlet b = 2\nunsafe write(p)", [5]),
            ("let a = 1\nunsafe read(p)  // borrowed", []),
            ("import B\n// Memory safety: all borrow.\nlet a = 1\nunsafe read(p)", []),
            ("// All unsafe calls here borrow.\nimport B\nlet a = 1\nunsafe read(p)", []),
            ("let a = 1\nlet isUnsafe = true\nlet s = \"unsafe\"", []),
        ])
    func unsafe(text: String, found: [Int]) {
        #expect(lines(UnsafeRule.findings, text) == found)
    }

    @Test(
        "Undocumented package declarations",
        arguments: [
            ("package struct A {}", [1]),
            ("/// A thing.\npackage struct A {}", []),
            ("// A thing.\npackage struct A {}", [2]),
            ("/// A thing.\n@frozen\npackage struct A {}", []),
            ("let x = 1\n\n@discardableResult package static func f() {}", [3]),
            ("static package func f() {}", [1]),
            ("package init(a: Int) {}", []),
            ("/// Makes an error.\npackage init(a: Int) {}", [1]),
            ("/// Makes facts.\npackage init(a: Int) {}", [1]),
            ("/// Makes an error that a restart heals.\npackage init(a: Int) {}", []),
            ("struct A {\n    package mutating func f() {}\n}", [2]),
            ("package static func == (a: A, b: A) -> Bool {", []),
            ("package import Foundation", []),
            ("package var a: Int", []),
        ])
    func documentation(text: String, found: [Int]) {
        #expect(lines(DocumentationRule.findings, text) == found)
    }

    @Test("Budgets: the limit passes, one more does not")
    func budgets() {
        #expect(lines(BudgetRule.findings, String(repeating: "let a = 1\n", count: 400)) == [])
        #expect(lines(BudgetRule.findings, String(repeating: "let a = 1\n", count: 401)) == [401])
        for (count, found) in [(58, []), (59, [2])] {
            let body = String(repeating: "        call { }\n", count: count)
            let text = "struct A {\n    func f() {\n" + body + "    }\n}\n"
            #expect(lines(BudgetRule.findings, text) == found)
        }
    }

    private static let pages: [String: String] = [
        "docs/protocol.md": """
        # The protocol
        - **I1 never twice.** At most one.
        ## Retry engine
        ### Rule 1: look, then start
        ### Rule 2: one in doubt
        """,
        "docs/disk.md": "# Disk\n## When it's full",
        "README.md": "# Carillon",
        "Tests/StoreTests/LedgerTests.swift": "@Test func opens() {}",
    ]

    @Test(
        "Citations",
        arguments: [
            ("// By rule 2.", false),
            ("// Rules 1 and 2.", false),
            ("// Rules 1 to 3.", true),
            ("/// By rule 15.", true),
            ("let a = \"rule 15: found\"", true),
            ("let rule15 = rules[15]", false),
            ("// Never twice (I1).", false),
            ("// Never thrice (I2).", true),
            ("// docs/protocol.md, rule 1", false),
            ("// docs/protocol.md#retry-engine", false),
            ("// docs/protocol.md#retry-table", true),
            ("// docs/disk.md#when-its-full", false),
            ("// traps.md", true),
            ("// See README.md.", false),
            ("// RFC 9110 section 5.6.7", false),
            ("// docs/disk.md section 2", true),
            ("// (section 5)", true),
            ("// reference/cron.md", true),
            ("// DESIGN rule 1", true),
            ("// as Tests/StoreTests/LedgerTests.swift shows", false),
            ("// as Tests/StoreTests shows", false),
            ("// `Tests/StoreTests/LedgerTests.swift: opens`", false),
            ("// `Tests/StoreTests/LedgerTests.swift: shuts`", true),
            ("// as Tests/StoreTests/Ledger.swift shows", true),
            ("// in /etc/systemd/system", false),
            ("// https://example.org/notes.md section", false),
        ])
    func citations(text: String, isFound: Bool) {
        let pages = CitedPages(
            text: { Self.pages[$0] },
            exists: { path in
                Self.pages.keys.contains { $0 == path || $0.hasPrefix(path + "/") }
            })
        let source = SourceText(path: "Sources/Engine/A.swift", text: text)
        #expect(ReferenceRule.findings(in: source, citing: pages).isEmpty != isFound)
    }

    @Test("Citations of pages are seen from their own folder")
    func citationsOfPages() {
        let pages = CitedPages(text: { Self.pages[$0] }, exists: { Self.pages[$0] != nil })
        let text = "[a](disk.md) [b](../README.md)\n[c](#disk) [d](#dusk)\n[e](dusk.md)"
        let found = ReferenceRule.findings(in: text, of: "docs/disk.md", citing: pages)
        #expect(found.map(\.line) == [2, 3])
        let old = ReferenceRule.findings(
            in: "-- section 5", of: "migrations/0001_ledger.sql", citing: pages)
        #expect(old == [])
    }

    @Test("A way names files with functions that they have")
    func ways() {
        let gate = SourceText(
            path: "Sources/Engine/Gate/Gate.swift",
            text: "final class Gate {\n    func admit(a: Int) {}\n    // func note(\n}")
        let page = """
            | 1 | `Gate: admit` |
            | 2 | `Gate/Gate: admit, note` |
            | 3 | `Door: open` → `Gate: admit(a:)` |
            | 4 | `Gate` and `a: b` |
            """
        let found = WayRule.findings(in: page, of: "docs/architecture.md", citing: [gate])
        #expect(found.map(\.line) == [2, 3])
    }

    @Test("Functions are found with their ends")
    func functions() {
        let text = """
            protocol P {
                func required(a: Int)
                init()
            }
            struct A {
                init(a: @escaping () -> Void = { print("}") }) {
                    self.a = .init(b)
                }
                func long(
                    a: Int = { 1 }()
                ) -> [Int: () -> Void]
                where Self: P {
                    if a { b() }
                    let s = "\\(f({ "}" })) }"
                }
                subscript(i: Int) -> Int { i }
                deinit { close() }
            }
            """
        let found = BudgetRule.functions(in: SourceText(path: "A.swift", text: text))
        #expect(found.map(\.line) == [6, 9, 16, 17])
        #expect(found.map(\.lines) == [3, 7, 1, 1])
    }

    @Test("Code, comments and literals are told apart")
    func lexer() {
        let source = SourceText(
            path: "A.swift",
            text: """
                let a = "x // y" // z
                /* one /* two */
                three */ let b = #"a "b" \\("#
                let c = "\\(d + "e)" /* f */)g"
                """)
        #expect(
            source.code.map(\.trimmed)
                == ["let a = \"\"", "", "let b = \"\"", "let c = \"(d + \"\" )\""])
        #expect(source.comments == ["// z", "/* one /* two */", "three */", "/* f */"])
        #expect(source.literals.map(\.text) == ["x // y", "a \"b\" \\(", "e)", "…g"])
        #expect(source.literals.map(\.line) == [1, 3, 4, 4])
    }

    @Test("Checksums differ by a single byte")
    func checksums() {
        #expect(MigrationRecord.checksum(of: "") == "cbf29ce484222325")
        #expect(MigrationRecord.checksum(of: "a") == "af63dc4c8601ec8c")
        #expect(MigrationRecord.parse("# c\na.sql 1f\n\nbad line here\n") == ["a.sql": "1f"])
    }

    @Test func sentencesAreWholeAndPlain() {
        let source = SourceText(
            path: "Sources/Store/A.swift",
            text: """
                let a = "the file of \\(name) is " + (isGone ? "gone for good" : "")
                    + "here"
                let b = "no run \\"\\(id)\\"; "
                    + "carillon runs lists them"
                let c = "SELECT a, b FROM slots", d = "<p class='x'>Nothing is to come</p>"
                """)
        #expect(
            SentenceRule.sentences(in: source) == [
                "the file of … is", "gone for good",
                "no run \"…\"; carillon runs lists them", "Nothing is to come",
            ])
        #expect(
            SentenceRule.sentences(inSQL: [
                "CREATE VIEW v AS SELECT 'it was so before'",
                "-- it's a note\nCREATE VIEW v AS SELECT 'it has not started: ' || a, 'b'",
            ]) == ["it has not started:"])
        for bad in [
            "mend it and go on", "look at the disk", "its last look was",
            "did you mean it?; or not",
            "it is full.. so", "it is full; ; so",
        ] {
            #expect(SentenceRule.objection(to: bad) != nil, "\(bad)")
        }
        for good in ["looked for, never blindly sent again", "a schedule … and so on: …"] {
            #expect(SentenceRule.objection(to: good) == nil, "\(good)")
        }
    }
}
