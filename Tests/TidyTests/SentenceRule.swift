import Foundation

/// What users can read: the string literals of the rooms that they meet, and the words in the views.
///
/// All of them stand in a file that a person has read from top to bottom. A new or changed one is a
/// difference there, which somebody reads as a stranger would, before it is written anew.
enum SentenceRule {
    static let path = "Tests/TidyTests/sentences.txt"
    /// Rooms whose words only those meet who work on Carillon.
    private static let inner: Set<String> = ["Simulation", "Sandbox", "Simulate"]

    /// The sentences of a file's room; empty for a room that no user meets.
    static func sentences(in source: SourceText) -> [String] {
        guard let room = source.room, !inner.contains(room) else { return [] }
        var texts = source.literals.map(\.text)
        // From the last one back, so that a chain ends up in its first piece.
        for (number, joint) in source.joints.enumerated().reversed() {
            guard let joint else { continue }
            texts[joint] += texts[number]
            texts[number] = ""
        }
        return texts.compactMap(prose)
    }

    /// The texts in views and triggers, of each the one that the last of the migrations makes.
    static func sentences(inSQL texts: [String]) -> [String] {
        var bodies: [Substring: String] = [:]
        for text in texts {
            let lines = text.split(separator: "\n").filter { !$0.trimmed.hasPrefix("--") }
            let statements = lines.joined(separator: "\n").components(separatedBy: "CREATE ")
            for body in statements where body.hasPrefix("VIEW ") || body.hasPrefix("TRIGGER ") {
                let name = body.split(whereSeparator: \.isWhitespace).dropFirst().first ?? ""
                bodies[name] = body
            }
        }
        return bodies.values.flatMap { body in
            body.split(separator: "'", omittingEmptySubsequences: false).enumerated()
                .filter { $0.offset % 2 == 1 }.compactMap { prose(String($0.element)) }
        }
    }

    /// The text without markup, in one line; nil if it is no prose.
    static func prose(_ text: String) -> String? {
        var text = text
        if let markup = pattern("<[^>]*>|\\{\\{[^}]*\\}\\}") {
            text = text.replacing(markup, with: " ")
        }
        let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let words = line.split { !($0.isLetter || $0 == "'") }.filter { $0.count > 1 }
        guard words.count > 2, line.contains(" ") else { return nil }
        // SQL, style sheets and lists of names.
        let isCode = [
            "SELECT ", "INSERT ", "UPDATE ", "DELETE ", "PRAGMA ", " FROM ", " WHERE ", " JOIN ",
            "(?",
        ]
        .contains { line.contains($0) }
        let names = line.split(separator: " ").filter { $0.contains("_") || $0.contains("/") }
        guard !isCode, names.count * 2 < words.count, !line.contains("var(--") else { return nil }
        return line
    }

    /// What is wrong with a sentence whoever reads it; nil: nothing that a rule could find.
    static func objection(to sentence: String) -> String? {
        let rules = [
            ("\\b[Mm]end(s|ed|ing)?\\b", "write fix"),
            ("\\b[Ll]ook(s|ed)? (at|in|whether)\\b|\\b(a|no|last|next) look\\b", "write check"),
            ("[.;:?!] ?[;:](\\s|$)|[^.][.][.](\\s|$)|;\\s*;", "one stop is enough"),
        ]
        for (text, advice) in rules where sentence.firstMatch(of: pattern(text)) != nil {
            return advice
        }
        return nil
    }
}
