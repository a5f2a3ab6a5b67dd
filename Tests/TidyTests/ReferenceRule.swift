import Foundation

/// What citations may name: the files of the repository and the headings of its pages.
struct CitedPages {
    /// A file's text by its path from the top; nil: there is none, or it is no text.
    let text: (String) -> String?
    /// Whether a file or folder is there.
    let exists: (String) -> Bool

    /// Where the numbered rules and the invariants stand.
    static let protocolPath = "docs/protocol.md"

    /// The numbers of the protocol's rules (`### Rule 4: …`).
    let rules: Set<Int>
    /// The numbers of its invariants (`- **I4 …**`).
    let invariants: Set<Int>

    init(text: @escaping (String) -> String?, exists: @escaping (String) -> Bool) {
        self.text = text
        self.exists = exists
        let lines = (text(Self.protocolPath) ?? "").split(separator: "\n")
        rules = Set(lines.compactMap { Self.number(of: $0, after: "### Rule ") })
        invariants = Set(lines.compactMap { Self.number(of: $0, after: "- **I") })
    }

    private static func number(of line: Substring, after prefix: String) -> Int? {
        guard line.hasPrefix(prefix) else { return nil }
        return Int(line.dropFirst(prefix.count).prefix(while: \.isNumber))
    }

    /// The anchors of a page's headings, as Markdown viewers make them: `## Retry engine` is
    /// `#retry-engine`.
    func anchors(of path: String) -> Set<String> {
        let lines = (text(path) ?? "").split(separator: "\n")
        return Set(
            lines.filter { $0.hasPrefix("#") }.map { line in
                let title = line.drop { $0 == "#" }.drop { $0 == " " }.lowercased()
                return String(
                    title.compactMap { character -> Character? in
                        if character == " " { return "-" }
                        let isKept = character.isLetter || character.isNumber
                        return isKept || character == "-" || character == "_" ? character : nil
                    })
            })
    }
}

/// Whatever a line cites can be opened: files, headings, rules and invariants.
enum ReferenceRule {
    /// Released, so they never change; they cite the page that docs/protocol.md came from.
    static let released: Set<String> = ["migrations/0001_ledger.sql", "migrations/0002_views.sql"]

    /// Comments and texts of a Swift file.
    static func findings(in source: SourceText, citing pages: CitedPages) -> [Finding] {
        let comments = source.comments.enumerated().filter { !$0.element.isEmpty }.map {
            (line: $0.offset + 1, text: $0.element)
        }
        // The samples of RuleTests are wrong on purpose.
        let literals = source.path.hasPrefix("Tests/TidyTests/") ? [] : source.literals
        return findings(in: comments + literals, of: source.path, citing: pages)
    }

    /// Every line of any other file.
    static func findings(in text: String, of path: String, citing pages: CitedPages) -> [Finding] {
        guard !released.contains(path) else { return [] }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
        return findings(
            in: lines.map { (line: $0.offset + 1, text: String($0.element)) }, of: path,
            citing: pages)
    }

    private static func findings(
        in lines: [(line: Int, text: String)], of path: String, citing pages: CitedPages
    ) -> [Finding] {
        let patterns = Patterns()
        return lines.flatMap { number, text -> [Finding] in
            let text = withoutAddresses(text)
            let messages =
                files(in: text, of: path, citing: pages, patterns)
                + numbers(in: text, citing: pages, patterns) + strangers(in: text, patterns)
            return messages.map { Finding(path: path, line: number, message: $0) }
        }
    }

    private struct Patterns {
        let test = pattern(#"`(Tests/[\w./+-]+\.swift): (\w+)`"#)
        let page = pattern(#"[\w./+-]*\w\.md(#[\w-]+)?"#)
        let ownAnchor = pattern(#"\]\((#[\w-]+)\)"#)
        let path = pattern(
            #"(^|[^\w/.-])((Sources|Tests|docs|migrations|scripts|Benchmarks|config|systemd)"#
                + #"/[\w./+-]*\w)"#)
        let rule = pattern(#"\b[Rr]ules? ([0-9]+((, | to | and )[0-9]+)*)"#)
        let invariant = pattern(#"\bI([0-9]+)\b"#)
        let section = pattern(#"(RFC [0-9]+,? )?([Ss]ections? [0-9]|§)"#)
        let stranger = pattern(#"\bDESIGN\b|\breference/"#)
    }

    /// Pages with their anchors, and paths that begin at a folder of the top.
    private static func files(
        in text: String, of path: String, citing pages: CitedPages, _ patterns: Patterns
    ) -> [String] {
        var messages = tests(in: text, citing: pages, patterns)
        if text.contains(".md") {
            for name in text.allMatches(of: patterns.page) {
                let parts = name.split(separator: "#", maxSplits: 1).map(String.init)
                guard let page = resolve(parts[0], from: path, pages) else {
                    messages.append("there is no page \(parts[0])")
                    continue
                }
                if parts.count > 1, !pages.anchors(of: page).contains(parts[1]) {
                    messages.append("\(page) has no heading #\(parts[1])")
                }
            }
        }
        if text.contains("](#") {
            for name in text.allMatches(of: patterns.ownAnchor, group: 1)
            where !pages.anchors(of: path).contains(String(name.dropFirst())) {
                messages.append("\(path) has no heading \(name)")
            }
        }
        if text.contains("/") {
            // What a build makes (`.build…`) is not there before it.
            for name in text.allMatches(of: patterns.path, group: 2)
            where !name.hasSuffix(".md") && !name.contains("/.build")
                && resolve(name, from: path, pages) == nil
            {
                messages.append("there is no \(name)")
            }
        }
        return messages
    }

    /// Tests that are named as `file: function`.
    private static func tests(
        in text: String, citing pages: CitedPages, _ patterns: Patterns
    ) -> [String] {
        guard text.contains(".swift: ") else { return [] }
        let paths = text.allMatches(of: patterns.test, group: 1)
        return zip(paths, text.allMatches(of: patterns.test, group: 2)).compactMap { path, name in
            let isThere = pages.text(path)?.contains("func \(name)(") ?? false
            return isThere ? nil : "\(path) has no test \(name)"
        }
    }

    /// A name as a path from the top: as it stands, or seen from the folder of who cites it.
    private static func resolve(
        _ name: String, from path: String, _ pages: CitedPages
    ) -> String? {
        if pages.exists(name) { return name }
        var folder = path.split(separator: "/").dropLast().map(String.init)
        for part in name.split(separator: "/") {
            switch part {
            case ".": continue
            case "..": _ = folder.popLast()
            default: folder.append(String(part))
            }
        }
        let seen = folder.joined(separator: "/")
        return pages.exists(seen) ? seen : nil
    }

    /// Rules and invariants by number.
    private static func numbers(
        in text: String, citing pages: CitedPages, _ patterns: Patterns
    ) -> [String] {
        var messages: [String] = []
        if text.contains("ule") {
            for list in text.allMatches(of: patterns.rule, group: 1) {
                let numbers = list.split { !$0.isNumber }.compactMap { Int($0) }
                for number in numbers where !pages.rules.contains(number) {
                    messages.append("\(CitedPages.protocolPath) has no rule \(number)")
                }
            }
        }
        if text.contains("I") {
            for digits in text.allMatches(of: patterns.invariant, group: 1) {
                guard let number = Int(digits), pages.invariants.contains(number) else {
                    messages.append("\(CitedPages.protocolPath) has no I\(digits)")
                    continue
                }
            }
        }
        return messages
    }

    /// What only its authors could open: sections by number of anything but an RFC, and the pages
    /// that docs/protocol.md came from.
    private static func strangers(in text: String, _ patterns: Patterns) -> [String] {
        var messages: [String] = []
        if text.contains("ection") || text.contains("§") {
            for match in text.allMatches(of: patterns.section) where !match.hasPrefix("RFC ") {
                messages.append("name the page and its heading instead of \"\(match)\"")
            }
        }
        if text.contains("DESIGN") || text.contains("reference/") {
            for match in text.allMatches(of: patterns.stranger) {
                messages.append("\(match) is not in the repository; cite docs/protocol.md")
            }
        }
        return messages
    }

    /// Without addresses of the web, which name files of others.
    private static func withoutAddresses(_ text: String) -> String {
        guard text.contains("://") else { return text }
        return text.split(separator: " ", omittingEmptySubsequences: false)
            .map { $0.contains("://") ? "…" : $0 }.joined(separator: " ")
    }
}

extension String {
    /// The texts of all matches, or of one group of each.
    func allMatches(of pattern: Regex<AnyRegexOutput>?, group: Int = 0) -> [String] {
        guard let pattern else { return [] }
        return matches(of: pattern).compactMap { $0.output[group].substring.map { String($0) } }
    }
}
