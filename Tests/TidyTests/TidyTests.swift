import Foundation
import Testing

/// A place where a rule is broken on purpose.
///
/// `TidyTests` fails for an exception that is no longer needed, so the list can only shrink.
struct Exception {
    let path: String
    let rule: String
    let why: String
}

private let exceptions = [
    Exception(
        path: "Sources/Simulate/Simulate.swift", rule: "sleep",
        why: "measures in real time how many simulated lives it plays a minute")
]

@Suite("The tree obeys the style guide")
struct TidyTests {
    // Read once: the suite is made anew for each of its tests.
    private static let read = Result {
        (
            sources: try Tree.swiftFiles(below: "Sources")
                + Tree.swiftFiles(below: "migrations"),
            tests: try Tree.swiftFiles(below: "Tests")
        )
    }

    private let sources: [SourceText]
    private let tests: [SourceText]

    init() throws {
        (sources, tests) = try Self.read.get()
        // A rule that looks at nothing finds nothing.
        try #require(sources.count > 8 && tests.count > 8)
    }

    @Test("Rooms import only what their row of docs/architecture.md allows")
    func imports() {
        report(sources.flatMap(ImportRule.findings))
    }

    @Test("The folders of carillon and the rooms of the engine form lines, with no arrow back")
    func folderLine() {
        report(FolderLineRule.findings(in: sources))
        report(FolderLineRule.strays(in: sources))
    }

    @Test("carillon's Commands are verbs and their arguments, and nothing else")
    func verbs() {
        report(sources.flatMap(VerbRule.findings))
    }

    @Test("Only carillon/System touches clocks, chance and identity; no escape hatches anywhere")
    func bannedWords() {
        let findings = sources.flatMap(BannedWord.findings)
        let excused = findings.filter { finding in
            exceptions.contains { $0.path == finding.path && finding.message.hasPrefix($0.rule) }
        }
        report(findings.filter { !excused.contains($0) })
        for exception in exceptions {
            #expect(
                excused.contains {
                    $0.path == exception.path && $0.message.hasPrefix(exception.rule)
                }, "no longer needed: \(exception)")
        }
        report(
            tests.flatMap(BannedWord.findings).filter { $0.message.hasPrefix("testable") })
    }

    @Test("All SQL is in Store and in migrations/, that of the shared log in Postgres")
    func statements() {
        report(sources.flatMap(StatementRule.findings))
    }

    @Test("What a turn changes can be told: keys, plain columns, no table emptied unheard")
    func schema() throws {
        let names = try FileManager.default
            .contentsOfDirectory(atPath: Tree.top.appending(path: "migrations").path)
            .filter { $0.hasSuffix(".sql") }.sorted().map { "migrations/" + $0 }
        report(
            try names.flatMap { SchemaRule.findings(inSQL: try Tree.text(of: $0), of: $0) }
                + sources.flatMap { SchemaRule.findings(in: $0) })
    }

    @Test("Every unsafe and every @unchecked says why")
    func unsafe() {
        report(sources.flatMap(UnsafeRule.findings))
    }

    @Test("Every package declaration is documented")
    func documentation() {
        report(sources.flatMap(DocumentationRule.findings))
    }

    @Test("What crosses a target and throws says what it throws, and when")
    func throwing() {
        report(sources.flatMap(ThrowsRule.findings))
    }

    @Test("Files and functions keep their budgets")
    func budgets() {
        report((sources + tests).flatMap(BudgetRule.findings))
    }

    @Test("Every page, heading, rule and file that is cited is in the repository")
    func references() throws {
        let pages = CitedPages(text: { try? Tree.text(of: $0) }, exists: Tree.exists)
        // A page that has neither would let every citation pass, or none.
        try #require(pages.rules.count >= 14 && pages.invariants.count >= 6)
        let others = try Tree.otherTexts()
        try #require(others.contains("docs/protocol.md") && others.contains(".ci/run"))
        report(
            (sources + tests).flatMap { ReferenceRule.findings(in: $0, citing: pages) }
                + others.flatMap { path in
                    ReferenceRule.findings(
                        in: (try? Tree.text(of: path)) ?? "", of: path, citing: pages)
                })
    }

    @Test("A slot's way through docs/architecture.md leads through functions that are there")
    func way() throws {
        let path = "docs/architecture.md"
        let page = try Tree.text(of: path)
        try #require(page.contains("## One slot's way"))
        report(WayRule.findings(in: page, of: path, citing: sources))
    }

    @Test("Migrations are embedded, numbered without a gap, and unchanged")
    func migrations() throws {
        let names = try FileManager.default
            .contentsOfDirectory(atPath: Tree.top.appending(path: "migrations").path)
            .filter { $0.hasSuffix(".sql") }.sorted()
        try #require(!names.isEmpty)
        let manifest = try Tree.text(of: "Package.swift")
        let recorded = MigrationRecord.parse(try Tree.text(of: MigrationRecord.path))
        for (index, name) in names.enumerated() {
            let number = String(name.prefix(4))
            #expect(Int(number) == index + 1, "\(name): the next number is \(index + 1)")
            #expect(
                manifest.contains(".embedInCode(\"\(name)\")"),
                "\(name) is not embedded: add .embedInCode(\"\(name)\") to Package.swift")
            let checksum = MigrationRecord.checksum(of: try Tree.text(of: "migrations/" + name))
            #expect(
                recorded[name] == checksum,
                """
                \(name) has the checksum \(checksum), recorded is \(recorded[name] ?? "nothing"). \
                A released migration never changes: write a new one. For one that no release \
                carries yet, put the new checksum into \(MigrationRecord.path).
                """)
        }
        #expect(recorded.keys.sorted() == names, "\(MigrationRecord.path) names other files")
    }

    @Test("Sentences that users can meet have been read, and say it plainly")
    func sentences() throws {
        var found: Set<String> = []
        for source in sources { found.formUnion(SentenceRule.sentences(in: source)) }
        let migrations = try FileManager.default
            .contentsOfDirectory(atPath: Tree.top.appending(path: "migrations").path)
            .filter { $0.hasSuffix(".sql") }.sorted().map { try Tree.text(of: "migrations/" + $0) }
        found.formUnion(SentenceRule.sentences(inSQL: migrations))
        try #require(found.count > 500)
        for sentence in found.sorted() {
            guard let objection = SentenceRule.objection(to: sentence) else { continue }
            Issue.record("\"\(sentence)\": \(objection)")
        }
        let text = found.sorted().joined(separator: "\n") + "\n"
        if ProcessInfo.processInfo.environment["CARILLON_GOLDEN"] == "write" {
            try Data(text.utf8).write(to: Tree.top.appending(path: SentenceRule.path))
        }
        let read = Set(try Tree.text(of: SentenceRule.path).components(separatedBy: "\n"))
        let new = found.subtracting(read).sorted()
        let gone = read.subtracting(found).subtracting([""]).sorted()
        #expect(
            new.isEmpty && gone.isEmpty,
            """
            Sentences that users can meet have changed; read them as a stranger would, then: \
            CARILLON_GOLDEN=write swift test --filter TidyTests
            new:
            \(new.joined(separator: "\n"))
            gone:
            \(gone.joined(separator: "\n"))
            """)
    }

    /// One issue a finding: all of them in one go.
    private func report(_ findings: [Finding]) {
        for finding in findings {
            Issue.record("\(finding)")
        }
    }
}

/// The checksums of the migrations, so that a released one can't change unseen.
enum MigrationRecord {
    static let path = "Tests/TidyTests/migrations.sums"

    /// FNV-1a in 64 bits: guards against accidents, which is all that is asked.
    static func checksum(of text: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        return String(hash, radix: 16)
    }

    /// Lines of name and checksum; `#` begins a comment.
    static func parse(_ text: String) -> [String: String] {
        var record: [String: String] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let fields = line.split(separator: " ")
            if fields.count == 2 { record[String(fields[0])] = String(fields[1]) }
        }
        return record
    }
}
