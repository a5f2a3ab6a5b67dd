/// What crosses a target and throws says what, and when: `- Throws:` in its documentation.
enum ThrowsRule {
    private static let modifiers =
        #"(?:(?:static|final|mutating|nonisolated|borrowing|consuming|override|convenience)\s+)*"#

    /// Functions that throw and don't say so: `package` ones, and those of a `package` protocol.
    static func findings(in source: SourceText) -> [Finding] {
        let declaration = pattern("^\(modifiers)package\\s+\(modifiers)(?:func|init)\\b")
        let requirement = pattern("^\(modifiers)(?:func|init)\\b")
        var isProtocol = false
        return source.code.enumerated().compactMap { index, line in
            if line.hasPrefix("package protocol ") { isProtocol = true }
            if line.hasPrefix("}") { isProtocol = false }
            let code = line.trimmed
            let begins =
                code.firstMatch(of: declaration) != nil
                || (isProtocol && code.firstMatch(of: requirement) != nil)
            guard begins, throwsSomething(from: index, in: source),
                !documentation(above: index, in: source).contains("- Throws:")
            else { return nil }
            return Finding(
                path: source.path, line: index + 1,
                message: "it throws: say what and when in a line `/// - Throws:`")
        }
    }

    /// Whether the words behind the parameters are `throws` or `rethrows`.
    private static func throwsSomething(from index: Int, in source: SourceText) -> Bool {
        var (depth, isBehind, tail) = (0, false, "")
        for line in source.code[index...].prefix(40) {
            for character in line + " " {
                switch character {
                case "(":
                    depth += 1
                case ")":
                    depth -= 1
                    isBehind = isBehind || depth == 0
                case "{" where depth == 0 && isBehind, "}" where depth == 0 && isBehind:
                    return isThrowing(tail)
                default:
                    if depth == 0, isBehind { tail.append(character) }
                }
            }
            // A requirement has no body: the line after it is another thing.
            if depth == 0, isBehind, !tail.trimmed.isEmpty { return isThrowing(tail) }
        }
        return isThrowing(tail)
    }

    private static func isThrowing(_ tail: String) -> Bool {
        tail.split { !($0.isLetter || $0 == "_") }.contains { $0 == "throws" || $0 == "rethrows" }
    }

    private static func documentation(above index: Int, in source: SourceText) -> String {
        var lines: [String] = []
        var index = index - 1
        while index >= 0,
            source.comments[index].hasPrefix("///") || source.code[index].trimmed.hasPrefix("@")
        {
            lines.append(source.comments[index])
            index -= 1
        }
        return lines.joined(separator: "\n")
    }
}
