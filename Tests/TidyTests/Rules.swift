import Foundation

/// Something a rule objects to.
struct Finding: Equatable, CustomStringConvertible {
    let path: String
    let line: Int
    let message: String

    var description: String { "\(path):\(line): \(message)" }
}

/// What each room may import (docs/architecture.md#rooms), apart from the language's own modules.
///
/// The exceptions to the table there: `Instant` of Timetable is the only instant type, so ProcessesAPI
/// and Sandbox use it too; whoever owns a server or a socket uses the network types it is made of.
enum ImportRule {
    private static let network = [
        "HTTPTypes", "NIOCore", "NIOPosix", "NIOHTTP1", "NIOSSL", "NIOHTTPTypes",
    ]
    private static let server =
        ["Hummingbird", "HummingbirdCore", "Logging", "ServiceLifecycle"] + network

    private static let languageModules: Set<String> = ["Synchronization"]

    /// Modules a room may import; a room that is not listed may not exist.
    static let matrix: [String: Set<String>] = [
        "CSQLite": [],
        "Timetable": [],
        "JSON": ["Timetable"],
        "ProcessesAPI": Set(
            [
                "Timetable", "AsyncHTTPClient", "RawStructuredFieldValues",
                "FoundationEssentials", "Glibc", "Logging",
            ] + network),
        "Store": ["CSQLite", "Migrations", "Timetable", "Glibc"],
        "Cluster": ["Timetable", "Crypto"],
        "CPostgres": [],
        "Postgres": ["CPostgres", "Cluster", "Timetable", "Glibc"],
        "Engine": [
            "Cluster", "JSON", "Timetable", "ProcessesAPI", "Store", "Logging", "DequeModule",
        ],
        "Sandbox": Set(
            ["JSON", "ProcessesAPI", "Timetable", "FoundationEssentials"] + server),
        "Console": ["Timetable", "Glibc"],
        "Config": ["Console", "Engine", "Store", "Timetable", "TOMLKit", "FoundationEssentials"],
        "Notices": ["JSON", "Store", "Timetable", "Crypto", "FoundationEssentials"],
        "Simulation": [
            "Cluster", "Config", "Console", "Engine", "Sandbox", "ProcessesAPI", "Store",
            "Timetable",
            "Logging", "Glibc",
        ],
        // A program of its own for development, so that the product carries no test driver.
        "Simulate": ["Simulation", "Engine", "Store", "Timetable", "Glibc"],
        "Dashboard": Set(
            [
                "JSON", "ProcessesAPI", "Store", "Timetable", "Mustache", "FoundationEssentials",
                "Glibc",
            ] + server),
        "carillon": Set(
            [
                "Timetable", "ProcessesAPI", "Store", "Engine", "Sandbox", "Simulation",
                "Config", "Console", "Dashboard", "Notices",
                "ArgumentParser", "AsyncHTTPClient", "UnixSignals", "JSON",
                "Foundation", "FoundationEssentials", "Glibc", "Dispatch",
            ] + server),
    ]

    static func findings(in source: SourceText) -> [Finding] {
        guard let room = source.room else { return [] }
        guard let allowed = matrix[room] else {
            return [
                Finding(
                    path: source.path, line: 1,
                    message: "a new target needs a row in docs/architecture.md#rooms and here")
            ]
        }
        return source.numberedCode.compactMap { line, code in
            guard code.contains("import "), let module = importedModule(code),
                !allowed.contains(module),
                !languageModules.contains(module)
            else { return nil }
            return Finding(
                path: source.path, line: line,
                message: "\(room) may not import \(module) (docs/architecture.md#rooms)")
        }
    }

    /// The module of an import declaration: `package import struct Foundation.Data` → `Foundation`.
    private static func importedModule(_ code: String) -> String? {
        let declaration = pattern(
            #"^(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:package|internal|private|fileprivate|public)\s+)?"#
                + #"import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)"#)
        return code.firstMatch(of: declaration)?.output[1].substring.map { String($0) }
    }
}

/// A regular expression in which `\b` is where letters, digits and `_` end.
///
/// Swift's own kind of boundary finds none in `Queue.main`, as Unicode's rules for prose have it.
func pattern(_ text: String) -> Regex<AnyRegexOutput>? {
    try? Regex(text).wordBoundaryKind(.simple)
}

extension String {
    /// The first match of a pattern that may not have compiled.
    func firstMatch(of pattern: Regex<AnyRegexOutput>?) -> Regex<AnyRegexOutput>.Match? {
        pattern.flatMap { try? $0.firstMatch(in: self) }
    }
}

/// Words that may not stand in the code of Sources, with what to do instead.
enum BannedWord: String, CaseIterable {
    case task = #"\bTask(\.detached)?\s*(<[^>]*>\s*)?(\([^)]*\)\s*)?\{"#
    case detached = #"\bTask\.detached\b"#
    case sleep = #"\b(Task\.sleep|ContinuousClock|SuspendingClock)\b|\b(u|nano|Glibc\.)sleep\("#
    case date = #"\bDate(\(\)|\.now\b)|\bclock_gettime\(|\bgettimeofday\(|[^.\w]time\(nil\)"#
    case identity = #"\bUUID\(\)"#
    case random = #"\.random\(|\.randomElement\(|\.shuffle(d)?\(\)|\bSystemRandomNumberGenerator\b"#
    case forcedTry = #"\btry!"#
    case forcedCast = #"\bas!"#
    case crash = #"\bfatalError\("#
    case queue = #"\bDispatch(Serial)?Queue\b"#
    case testable = #"@testable\b"#
    case printing = #"(^|[^.\w])(debugPrint|print|dump|NSLog)\("#

    /// Names of which at least one stands in any code that the pattern fits.
    var signs: [Substring] {
        switch self {
        case .task, .detached: ["Task"]
        case .sleep:
            ["Task", "ContinuousClock", "SuspendingClock", "usleep", "nanosleep", "Glibc"]
        case .date: ["Date", "clock_gettime", "gettimeofday", "time"]
        case .identity: ["UUID"]
        case .random:
            ["random", "randomElement", "shuffle", "shuffled", "SystemRandomNumberGenerator"]
        case .forcedTry: ["try"]
        case .forcedCast: ["as"]
        case .crash: ["fatalError"]
        case .queue: ["DispatchQueue", "DispatchSerialQueue"]
        case .testable: ["testable"]
        case .printing: ["debugPrint", "print", "dump", "NSLog"]
        }
    }

    /// Rooms or folders (path prefixes) where the word is at home.
    var home: [String] {
        switch self {
        // Only this folder touches the real world.
        case .sleep, .date, .identity, .random: ["Sources/carillon/System/"]
        case .printing: ["Sources/carillon/"]
        default: []
        }
    }

    var instead: String {
        switch self {
        case .task, .detached: "use structured tasks: a loop owns its children (CONTRIBUTING.md)"
        case .sleep, .date, .identity, .random:
            "take time, chance and identity as arguments; the real ones live in carillon/System"
        case .forcedTry, .forcedCast: "throw, or use precondition with a sentence"
        case .crash: "throw for the world, precondition for the programmer (CONTRIBUTING.md)"
        case .queue: "it is no SerialExecutor on Linux; use the executor of carillon/System"
        case .testable: "tests use the `package` door"
        case .printing: "only the command line prints; log or return it"
        }
    }

    static func findings(in source: SourceText) -> [Finding] {
        var findings: [Finding] = []
        for word in allCases
        where !word.home.contains(where: source.path.hasPrefix)
            && word.signs.contains(where: { source.words.contains($0) })
        {
            let regex = pattern(word.rawValue)
            for (line, code) in source.numberedCode where code.firstMatch(of: regex) != nil {
                findings.append(
                    Finding(
                        path: source.path, line: line,
                        message: "\(word): \(word.instead)"))
            }
        }
        for (index, comment) in source.comments.enumerated()
        where comment.contains("FIXME") || comment.contains("TODO") {
            findings.append(
                Finding(
                    path: source.path, line: index + 1,
                    message: "unfinished: do it now or file an issue"))
        }
        return findings
    }
}

/// SQL lives in Store and in migrations/, and for the log that hosts share in Postgres; nowhere else.
enum StatementRule {
    private static let statement =
        #"(?i)\b(select\b.*\bfrom|insert\s+into|update\b.*\bset|"#
        + #"delete\s+from|create\s+(table|index|view)|begin\s+immediate|pragma\s+\w+)\b"#

    private static let homes: Set<String> = ["Store", "Postgres"]

    static func findings(in source: SourceText) -> [Finding] {
        guard !homes.contains(source.room ?? "") else { return [] }
        let regex = pattern(statement)
        return source.literals.compactMap { line, text in
            // A hint that shows people what to type is no statement of ours.
            guard !text.contains("sqlite3 "), text.firstMatch(of: regex) != nil else {
                return nil
            }
            return Finding(path: source.path, line: line, message: "SQL belongs into Store")
        }
    }
}

/// Every use of unsafe memory or unchecked sendability says why it is right.
enum UnsafeRule {
    static func findings(in source: SourceText) -> [Finding] {
        // A file that is a boundary to C may give the proof once, in its head.
        guard !source.words.isDisjoint(with: ["unsafe", "unchecked", "safe"]) else { return [] }
        let head = headComment(of: source).lowercased()
        if head.contains("unsafe") || head.contains("memory safety") { return [] }
        let regex = pattern(#"\bunsafe\b|@unchecked\b|@safe\b|@unsafe\b"#)
        return source.numberedCode.compactMap { line, code in
            guard code.firstMatch(of: regex) != nil,
                !isExplained(line: line, in: source, regex: regex)
            else { return nil }
            return Finding(
                path: source.path, line: line, message: "say in a comment why this is safe")
        }
    }

    /// The comments before the first line of code that is no import.
    private static func headComment(of source: SourceText) -> String {
        let first =
            source.numberedCode.first { !$0.code.contains("import ") }?.line
            ?? source.comments.count + 1
        return source.comments.prefix(first - 1).joined(separator: "\n")
    }

    /// A comment on the line, or above it with nothing between but lines of the same kind.
    private static func isExplained(
        line: Int, in source: SourceText, regex: Regex<AnyRegexOutput>?
    ) -> Bool {
        var index = line - 1
        while index >= 0 {
            if !source.comments[index].isEmpty { return true }
            let code = source.code[index].trimmed
            if code.firstMatch(of: regex) == nil { return false }
            index -= 1
        }
        return false
    }
}

/// Every `package` declaration begins with a sentence, one that tells more than its name.
///
/// Exempt are what a protocol documents already (operators, `==`, `hash`, `description`), stored
/// properties and cases, whose name and type often say all there is, and an init that only fills
/// them: "Makes an error." helps nobody.
enum DocumentationRule {
    private static let declaration =
        #"^(@\w+(\([^)]*\))?\s+)*((static|final|mutating|nonisolated|borrowing|consuming|indirect|"#
        + #"convenience|required|override|unsafe)\s+)*package\s+((static|final|mutating|nonisolated|"#
        + #"borrowing|consuming|indirect|unsafe)\s+)*"#
        + #"(struct|enum|class|actor|protocol|func|typealias|subscript|extension|macro)\b(.*)"#

    static func findings(in source: SourceText) -> [Finding] {
        let repetition = pattern(#"^/// Makes ((a|an|the) )?\w+\.$"#)
        let regex = pattern(declaration)
        return source.numberedCode.compactMap { line, code in
            if isRepetition(above: line, of: code, in: source, repetition) {
                return Finding(
                    path: source.path, line: line - 1,
                    message: "this sentence only repeats the name: say more, or nothing")
            }
            guard code.contains("package "), let match = code.firstMatch(of: regex),
                !isWitness(match),
                !isDocumented(line: line, in: source)
            else { return nil }
            return Finding(
                path: source.path, line: line,
                message: "a `package` declaration begins with a /// sentence")
        }
    }

    /// "Makes a thing." is all there is above an init.
    private static func isRepetition(
        above line: Int, of code: String, in source: SourceText,
        _ repetition: Regex<AnyRegexOutput>?
    ) -> Bool {
        guard line > 1, code.contains("init("),
            source.comments[line - 2].hasPrefix("/// Makes "),
            line == 2 || !source.comments[line - 3].hasPrefix("///")
        else { return false }
        return source.comments[line - 2].firstMatch(of: repetition) != nil
    }

    private static func isWitness(_ match: Regex<AnyRegexOutput>.Match) -> Bool {
        let rest = String(match.output.last?.substring ?? "").trimmed
        let names = ["==", "<", "hash(into", "encode(to", "description"]
        return names.contains { rest.hasPrefix($0) }
    }

    private static func isDocumented(line: Int, in source: SourceText) -> Bool {
        var index = line - 2
        while index >= 0 {
            if source.comments[index].hasPrefix("///") || source.comments[index].hasSuffix("*/") {
                return true
            }
            // Attributes may stand between the sentence and the declaration.
            guard
                source.code[index].trimmed.hasPrefix("@") || source.comments[index].hasPrefix("//")
            else { return false }
            index -= 1
        }
        return false
    }
}

/// Files of at most 400 lines, functions of at most 60.
enum BudgetRule {
    static let fileLinesMax = 400
    static let functionLinesMax = 60

    static func findings(in source: SourceText) -> [Finding] {
        var findings: [Finding] = []
        // The last element is what follows the last line break, which is no line.
        let lines = source.code.count - 1
        if lines > fileLinesMax {
            findings.append(
                Finding(
                    path: source.path, line: fileLinesMax + 1,
                    message: "\(lines) lines; a file has at most \(fileLinesMax)"))
        }
        for function in functions(in: source) where function.lines > functionLinesMax {
            findings.append(
                Finding(
                    path: source.path, line: function.line,
                    message: "\(function.lines) lines; a function has at most \(functionLinesMax)"))
        }
        return findings
    }

    /// Where each function with a body begins, and how many lines it has.
    static func functions(in source: SourceText) -> [(line: Int, lines: Int)] {
        let start = pattern(#"(^|[\s])(func\s+\S|init[?!]?[(<]|deinit\b|subscript\s*[(<])"#)
        var found: [(line: Int, lines: Int)] = []
        for (index, code) in source.code.enumerated() {
            // A call such as `super.init(` or `self = .init(` begins nothing.
            guard ["func ", "init", "subscript"].contains(where: { code.contains($0) }),
                let match = code.firstMatch(of: start),
                !code.contains(".init"), !code.trimmed.hasPrefix("return")
            else { continue }
            let column = code.distance(from: code.startIndex, to: match.range.lowerBound)
            if let end = endOfBody(in: source, from: index, column: column) {
                found.append((index + 1, end - index + 1))
            }
        }
        return found
    }

    /// The line (from 0) of the brace that closes the body; nil: a requirement without a body.
    private static func endOfBody(in source: SourceText, from: Int, column: Int) -> Int? {
        var parentheses = 0
        var braces = 0
        let next = pattern(
            #"^\s*(@|func\b|var\b|let\b|case\b|init\b|package\b|static\b|mutating\b)"#)
        for index in from..<source.code.count {
            if index > from, braces == 0, parentheses == 0,
                source.code[index].firstMatch(of: next) != nil
            {
                return nil
            }
            let line =
                index == from ? source.code[index].dropFirst(column) : source.code[index][...]
            for character in line {
                switch character {
                case "(", "[": parentheses += 1
                case ")", "]": parentheses -= 1
                case "{" where parentheses == 0 || braces > 0: braces += 1
                // The end of a closure among the default arguments, or of the protocol around us.
                case "}" where braces == 0:
                    if parentheses == 0 { return nil }
                case "}":
                    braces -= 1
                    if braces == 0 { return index }
                default: break
                }
            }
        }
        return nil
    }
}
