import Foundation
import Store
import Testing

/// What documents tell people is there: each command, each row of attention.
@Suite struct DocumentTests {
    /// A verb as the program describes itself.
    private struct Verb: Decodable {
        struct Argument: Decodable {
            struct Name: Decodable {
                var kind: String
                var name: String
            }
            var kind: String
            var names: [Name]?
            /// Of what is checked, as it is typed: `--since`, `-n`.
            var typed: [String] { (names ?? []).map { ($0.kind == "long" ? "--" : "-") + $0.name } }
        }
        var commandName: String
        var discussion: String?
        var arguments: [Argument]?
        var subcommands: [Verb]?
    }

    private static func program() async throws -> Verb {
        struct Dump: Decodable { var command: Verb }
        let run = await carillon("--experimental-dump-help")
        return try JSONDecoder().decode(Dump.self, from: Data(run.output.utf8)).command
    }

    /// What is wrong with a command line after the program's name; nil: nothing.
    private static func objection(to line: String, _ program: Verb) -> String? {
        var verb = program
        var words = line.split(separator: " ").map(String.init)[...]
        while let word = words.first, !word.hasPrefix("-"), let verbs = verb.subcommands {
            // help VERB, and placeholders for any verb.
            if word == "help" || word.allSatisfy({ $0.isUppercase || $0 == "…" }) { return nil }
            guard let next = verbs.first(where: { $0.commandName == word }) else {
                return "no verb \(word) in: carillon \(line)"
            }
            (verb, words) = (next, words.dropFirst())
        }
        let known = (verb.arguments ?? []).flatMap(\.typed) + ["--help", "--version"]
        for word in words where word.wholeMatch(of: /--?[a-zA-Z][-a-z]*(=.*)?/) != nil {
            let option = String(word.prefix { $0 != "=" })
            if !known.contains(option) { return "no option \(option) in: carillon \(line)" }
        }
        return nil
    }

    /// The commands in a text's code: without what quotes hold, which may look like anything.
    private static func commands(inMarkdown text: String) -> [String] {
        let joined = text.replacing("\\\n", with: " ")
        let blocks = joined.matches(of: /```\w*\n((?:.|\n)*?)```/).map { String($0.output.1) }
        let spans = joined.replacing(/```\w*\n(?:.|\n)*?```/, with: "")
            .matches(of: /`([^`]+)`/)
            .map { String($0.output.1).replacing("\n", with: " ") }
        return (blocks.flatMap { $0.split(separator: "\n").map(String.init) } + spans)
            .flatMap(commands(inLine:))
    }

    /// Each quoted text is one word.
    private static func unquoted(_ line: String) -> String {
        var text = ""
        var quote: Character?
        for character in line {
            if let open = quote {
                if character == open { quote = nil }
            } else if character == "'" || character == "\"" {
                quote = character
                text.append("X")
            } else {
                text.append(character)
            }
        }
        return text
    }

    private static func commands(inLine line: String) -> [String] {
        unquoted(line).split(whereSeparator: { "#|&".contains($0) })
            .compactMap {
                $0.firstMatch(of: /^\s*(?:\$ )?(?:sudo |time |[A-Z_]+=\S+ )*carillon (.+)$/)
                    .map { String($0.output.1) }
            }
    }

    private static func text(_ path: String) throws -> String {
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    private static func documents() throws -> [String] {
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return try ["README.md", "CONTRIBUTING.md", "config/observability/README.md"]
            + FileManager.default.contentsOfDirectory(atPath: root.path + "/docs")
            .filter { $0.hasSuffix(".md") }.sorted().map { "docs/" + $0 }
    }

    @Test func documentsPrintCommandsThatThereAre() async throws {
        let program = try await Self.program()
        var count = 0
        for document in try Self.documents() {
            for line in Self.commands(inMarkdown: try Self.text(document)) {
                count += 1
                let objection = Self.objection(to: line, program)
                #expect(objection == nil, "\(document): \(objection ?? "")")
            }
        }
        #expect(count > 80)
    }

    @Test func examplesOfTheHelpAreCommandsThatThereAre() async throws {
        let program = try await Self.program()
        var count = 0
        func look(at verb: Verb) {
            for line in (verb.discussion ?? "").split(separator: "\n") where line.hasPrefix("  ") {
                // What it does stands behind it, three blanks away.
                let typed = String(line.split(separator: /\s{3,}/).first ?? "")
                for command in Self.commands(inLine: typed) {
                    count += 1
                    let objection = Self.objection(to: command, program)
                    #expect(objection == nil, "\(verb.commandName): \(objection ?? "")")
                }
            }
            verb.subcommands?.forEach(look)
        }
        look(at: program)
        #expect(count > 50)
    }

    /// Sentences that tell people what to do, as the table of them has them.
    @Test func sentencesNameCommandsThatThereAre() async throws {
        let program = try await Self.program()
        var count = 0
        for line in try Self.text("Tests/TidyTests/sentences.txt").split(separator: "\n") {
            for match in line.matches(of: /(?:: |sudo |; )carillon ([a-z]+(?: --[a-z-]+)*)/) {
                count += 1
                let objection = Self.objection(to: String(match.output.1), program)
                #expect(objection == nil, "\(objection ?? "") of \"\(line.prefix(200))\"")
            }
        }
        #expect(count > 30)
    }

    @Test func operationsSaysOfEachRowOfAttentionWhatToDo() throws {
        let text = try Self.text("docs/operations.md")
        let others = [
            "held", "failed", "missed", "expired", "waiting", "late", "run in trouble",
            "run failed", "run lost",
        ]
        for kind in AlarmKind.allCases.map(\.rawValue) + others {
            let isThere = text.split(separator: "\n").contains { line in
                line.hasPrefix("| `") && line.split(separator: "|")[0].contains("`\(kind)`")
            }
            #expect(isThere, "no row for \(kind)")
        }
    }

    @Test(arguments: [
        ("carillon histroy", "no verb histroy in: carillon histroy"),
        ("sudo carillon check --onlin", "no option --onlin in: carillon check --onlin"),
        ("$ carillon config shwo", "no verb shwo in: carillon config shwo"),
        ("carillon next -m 5", "no option -m in: carillon next -m 5"),
    ])
    func whatIsNoneIsFound(line: String, objection: String) async throws {
        let program = try await Self.program()
        let command = try #require(Self.commands(inLine: line).first)
        #expect(Self.objection(to: command, program) == objection)
    }
}
