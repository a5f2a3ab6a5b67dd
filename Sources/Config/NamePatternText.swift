import Console

/// Judges the name patterns of processes: `Close {yyyy}-{MM-1}`.
enum NamePatternText {
    /// What the engine's `NamePattern` fills in: what may stand in braces, with an offset like `-1` or not.
    static let fields = ["yyyy", "MM", "dd"]

    /// What is wrong with the pattern, or nil.
    static func mistake(_ pattern: String) -> String? {
        if pattern.allSatisfy(\.isWhitespace) { return "is empty" }
        var rest = Substring(pattern)
        while let open = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            guard rest[open] == "{", let close = rest[open...].firstIndex(of: "}") else {
                return "has a brace without its partner"
            }
            let content = rest[rest.index(after: open)..<close]
            let field = content.prefix { $0 != "+" && $0 != "-" }
            let offset = content[field.endIndex...]
            guard fields.contains(String(field)) else {
                return "holds {\(Printable.escaped(String(content)))}, which is no part of a date; "
                    + "known: " + fields.map { "{\($0)}" }.joined(separator: " ")
            }
            guard offset.isEmpty || isOffset(offset) else {
                return "holds {\(Printable.escaped(String(content)))}, whose offset is no number"
            }
            rest = rest[rest.index(after: close)...]
        }
        return nil
    }

    private static func isOffset(_ text: Substring) -> Bool {
        let digits = text.dropFirst()
        return (1...4).contains(digits.count)
            && digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
}
