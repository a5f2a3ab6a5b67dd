/// `carillon/Commands` holds verbs and their arguments: what they ask and decide by is elsewhere.
enum VerbRule {
    private static let folder = "Sources/carillon/Commands/"
    /// What a verb or its arguments conform to.
    private static let roles = [
        "CarillonCommand", "AsyncParsableCommand", "ParsableCommand", "ParsableArguments",
    ]
    /// What makes a verb a verb, and calls it.
    private static let frame = ["CarillonCommand", "CommandLineRun"]

    /// Types of the folder that are neither.
    static func findings(in source: SourceText) -> [Finding] {
        guard source.path.hasPrefix(folder) else { return [] }
        let declaration = pattern(
            #"^(?:(?:package|private|fileprivate|final|indirect)\s+)*"#
                + #"(?:struct|enum|class|protocol|actor)\s+(\w+)(.*)"#)
        return source.numberedCode.compactMap { line, code in
            guard source.code[line - 1].first?.isWhitespace == false,
                let match = code.firstMatch(of: declaration),
                let name = match.output[1].substring, let rest = match.output[2].substring,
                !frame.contains(String(name)), !roles.contains(where: { rest.contains($0) })
            else { return nil }
            return Finding(
                path: source.path, line: line,
                message: "\(name) is no verb: it goes into Inquiry, Demo or Daemon")
        }
    }
}
