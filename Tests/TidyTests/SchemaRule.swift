/// What a log of turns asks of the schema and its statements (docs/cluster.md): SQLite tells what a
/// transaction has changed by the keys of rows, and not of every table and statement.
enum SchemaRule {
    /// Its generated column is gone since 0030_plain_is_open.sql; a released file never changes.
    static let released = "migrations/0001_ledger.sql"

    static func findings(inSQL text: String, of path: String) -> [Finding] {
        let statements = Statement.all(in: text)
        return statements.flatMap { statement in
            findings(in: statement, of: path)
        }
    }

    /// Statements that stand in the literals of Store.
    static func findings(in source: SourceText) -> [Finding] {
        guard source.room == "Store" else { return [] }
        return source.literals.flatMap { line, text in
            Statement.all(in: text).flatMap { findings(in: $0, of: source.path) }.map {
                Finding(path: $0.path, line: line, message: $0.message)
            }
        }
    }

    private static func findings(in statement: Statement, of path: String) -> [Finding] {
        var messages: [String] = []
        let text = statement.text
        if text.firstMatch(of: pattern(#"(?i)\bdelete\s+from\b"#)) != nil,
            text.firstMatch(of: pattern(#"(?i)\bwhere\b"#)) == nil
        {
            messages.append(
                "a DELETE without WHERE empties a table unheard where it was prepared before "
                    + "anybody listened: say WHERE true")
        }
        // A view is asked later, and changes nothing; its texts may have a semicolon.
        let isOfOneHost =
            text.firstMatch(
                of: pattern(
                    #"(?i)\brandom(blob)?\s*\(|'now'|\bcurrent_(time|date|timestamp)\b|\bunixepoch\s*\(\s*\)"#
                )) != nil
            && text.firstMatch(
                of: pattern(
                    #"(?i)^(with|insert|update|delete|replace|alter|create\s+(table|trigger))\b"#))
                != nil
        if isOfOneHost, path.hasPrefix("migrations/") {
            messages.append(
                "each host of a cluster makes a migration by itself, and all must have the same rows "
                    + "afterwards: neither the time nor chance may be in them")
        }
        if text.firstMatch(of: pattern(#"(?i)^create\s+table\b[^(]*\("#)) != nil {
            if text.firstMatch(of: pattern(#"(?i)\bprimary\s+key\b"#)) == nil {
                messages.append(
                    "changes of a table without a primary key are not told: give it one")
            }
            let isGenerated =
                text.firstMatch(of: pattern(#"(?i)\bgenerated\s+always\b|\)\s*(stored|virtual)\b"#))
                != nil
            if isGenerated, path != released {
                messages.append(
                    "of a table with a generated column no change can be told (SQLITE_SCHEMA): a "
                        + "plain column with a CHECK")
            }
        }
        return messages.map { Finding(path: path, line: statement.line, message: $0) }
    }
}

/// A statement of a script, without its comments.
private struct Statement {
    var line: Int
    var text: String

    /// Good enough for scripts of ours, in which no text has a semicolon at its end of line.
    static func all(in script: String) -> [Statement] {
        var statements: [Statement] = []
        var open = Statement(line: 1, text: "")
        for (index, line) in script.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            var code = String(line)
            if let comment = code.range(of: "--") {
                code = String(code[..<comment.lowerBound])
            }
            for (place, part) in code.split(separator: ";", omittingEmptySubsequences: false)
                .enumerated()
            {
                if place > 0 {
                    statements.append(open)
                    open = Statement(line: index + 1, text: "")
                }
                if open.text.isEmpty { open.line = index + 1 }
                let words = part.trimmed
                if !words.isEmpty { open.text += (open.text.isEmpty ? "" : " ") + words }
            }
        }
        statements.append(open)
        return statements.filter { !$0.text.isEmpty }
    }
}
