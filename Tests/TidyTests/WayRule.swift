/// Where docs/architecture.md says `File: function, function`, that file has these functions.
///
/// A newcomer follows a slot through the code by that page alone; a function that has moved on
/// without it would leave him standing.
enum WayRule {
    /// - Parameters:
    ///   - page: the page's text.
    ///   - path: where it is.
    ///   - sources: the Swift files.
    /// - Returns: what the page names and no file has.
    static func findings(in page: String, of path: String, citing sources: [SourceText])
        -> [Finding]
    {
        // Files of the same name in several rooms: one of them must have it.
        let files = Dictionary(grouping: sources) { source in
            String((source.path.split(separator: "/").last ?? "").dropLast(".swift".count))
        }
        let span = pattern(#"`(?:[\w+-]+/)*([A-Z][\w+-]*): ([a-z]\w*[^`]*)`"#)
        var findings: [Finding] = []
        let lines = page.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where line.contains(": ") {
            guard let span else { continue }
            for match in String(line).matches(of: span) {
                guard let file = match.output[1].substring.map({ String($0) }),
                    let functions = match.output[2].substring
                else { continue }
                for function in functions.split(separator: ",") {
                    let name = function.drop { $0 == " " }.prefix { $0.isLetter || $0.isNumber }
                    let isThere = (files[file] ?? []).contains { source in
                        source.code.contains { $0.contains("func \(name)") }
                    }
                    guard !isThere else { continue }
                    findings.append(
                        Finding(
                            path: path, line: index + 1, message: "no \(file) has a \(name)"))
                }
            }
        }
        return findings
    }
}
