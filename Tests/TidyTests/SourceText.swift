/// A Swift file taken apart, so that a rule about code never trips over a word in a comment or text.
///
/// This is a small lexer, not a parser: comments, string literals (multi-line, raw, interpolated) and
/// the rest. Regex literals are not known; the project has none.
struct SourceText: Sendable {
    /// Path from the repository's top folder.
    let path: String
    /// The code of each line, with comments and the insides of string literals blanked.
    private(set) var code: [String] = []
    /// The comment of each line, empty where there is none.
    private(set) var comments: [String] = []
    /// Every string literal, with the number (from 1) of the line it begins on.
    private(set) var literals: [(line: Int, text: String)] = []
    /// For each of them the number of the one that a `+` alone joins it to.
    private(set) var joints: [Int?] = []
    /// The words of the code: a pattern need not be tried where its word does not occur.
    private(set) var words: Set<Substring> = []

    init(path: String, text: String) {
        self.path = path
        var lexer = Lexer(text: text)
        lexer.run()
        code = lexer.code.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        comments = lexer.comments.split(separator: "\n", omittingEmptySubsequences: false)
            .map { String($0).trimmed }
        literals = lexer.literals
        joints = lexer.joints
        words = Set(
            lexer.code.split { !($0.isLetter || $0.isNumber || $0 == "_") })
    }

    /// Line numbers (from 1) and code of the lines that hold code.
    var numberedCode: [(line: Int, code: String)] {
        code.enumerated().map { ($0.offset + 1, $0.element.trimmed) }.filter { !$0.1.isEmpty }
    }

    /// Top folder and its child, `Sources/Store`, or nil for a file elsewhere.
    var room: String? {
        let parts = path.split(separator: "/")
        return parts.count > 2 && parts[0] == "Sources" ? String(parts[1]) : nil
    }

    /// The file's name with its folder inside the room, `System/Notify.swift`.
    var pathInRoom: String {
        path.split(separator: "/").dropFirst(2).joined(separator: "/")
    }
}

extension StringProtocol {
    /// Without spaces at both ends.
    var trimmed: String {
        let head = drop { $0 == " " || $0 == "\t" }
        return String(head.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}

/// Splits text into code and comments of the same shape: every line break stays in both.
private struct Lexer {
    private let text: [Character]
    private var index = 0
    private var line = 1
    private(set) var code = ""
    private(set) var comments = ""
    private(set) var literals: [(line: Int, text: String)] = []
    private(set) var joints: [Int?] = []
    /// Where the last literal of this depth has ended, and its number.
    private var last: (end: Int, number: Int)?

    init(text: String) {
        self.text = Array(text)
    }

    mutating func run() {
        readCode(untilParenthesis: false)
    }

    private func looking(at word: String) -> Bool {
        text[index...].starts(with: word)
    }

    /// Passes one character on to the code, the comments, or neither; line breaks go to both.
    private mutating func take(toCode: Bool = false, toComment: Bool = false) {
        let character = text[index]
        index += 1
        if character == "\n" || character == "\r\n" {
            line += 1
            code.append("\n")
            comments.append("\n")
        } else {
            if toCode { code.append(character) }
            if toComment { comments.append(character) }
        }
    }

    /// Reads code, to the end of the text or to the `)` that closes an interpolation.
    private mutating func readCode(untilParenthesis: Bool) {
        var depth = 0
        while index < text.count {
            if looking(at: "//") {
                while index < text.count, !text[index].isNewline { take(toComment: true) }
            } else if looking(at: "/*") {
                readBlockComment()
            } else if let hashes = literalOpening() {
                readLiteral(hashes: hashes)
            } else {
                if text[index] == "(" { depth += 1 }
                if text[index] == ")" {
                    if untilParenthesis && depth == 0 { return }
                    depth -= 1
                }
                take(toCode: true)
            }
        }
    }

    private mutating func readBlockComment() {
        var depth = 0
        repeat {
            if looking(at: "/*") {
                depth += 1
                take(toComment: true)
            } else if looking(at: "*/") {
                depth -= 1
                take(toComment: true)
            }
            if index < text.count { take(toComment: true) }
        } while depth > 0 && index < text.count
    }

    /// The number of `#` before the quote of a literal that begins here; nil: none begins here.
    private func literalOpening() -> Int? {
        var end = index
        while end < text.count, text[end] == "#" { end += 1 }
        return end < text.count && text[end] == "\"" ? end - index : nil
    }

    private mutating func readLiteral(hashes: Int) {
        let start = line
        let joint = last.flatMap { last in
            let between = text[last.end..<index].filter { !$0.isWhitespace }
            return between == ["+"] ? last.number : nil
        }
        let marks = String(repeating: "#", count: hashes)
        for _ in 0..<hashes { take() }
        let quote = looking(at: "\"\"\"") ? "\"\"\"" : "\""
        let closing = quote + marks
        let escape = "\\" + marks
        code.append("\"")
        for _ in quote { take() }
        var value = ""
        while index < text.count, !looking(at: closing) {
            if looking(at: escape + "(") {
                for _ in 0...escape.count { take() }
                code.append("(")
                last = nil
                readCode(untilParenthesis: true)
                code.append(")")
                value.append("…")
                if index < text.count { take() }
            } else if looking(at: escape) {
                for _ in escape { take() }
                value.append(index < text.count && text[index] == "\"" ? "\"" : " ")
                if index < text.count { take() }
            } else {
                value.append(text[index].isNewline ? " " : text[index])
                take()
            }
        }
        for _ in closing where index < text.count { take() }
        code.append("\"")
        literals.append((start, value))
        joints.append(joint)
        last = (index, literals.count - 1)
    }
}
