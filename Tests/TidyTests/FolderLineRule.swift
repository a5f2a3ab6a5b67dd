/// The folders of a target form a line: what stands earlier names nothing of what stands later.
enum FolderLineRule {
    /// From what touches the system to the verbs; from the book of a turn to the turn.
    static let lines = [
        "carillon": ["System", "Daemon", "Inquiry", "Demo", "Commands"],
        "Engine": [
            "Configuration", "Book", "Life", "Slots", "Gate", "Lister", "Follower", "Settler",
            "Preflight", "Enumerator", "Starter", "Pruner", "Notices", "Operator", "Reload", "Turn",
        ],
    ]

    /// Where a lower folder names a type that a higher one declares.
    static func findings(in sources: [SourceText]) -> [Finding] {
        lines.sorted { $0.key < $1.key }.flatMap { findings(in: sources, of: $0, $1) }
    }

    /// A folder of the target that has no place in its line.
    static func strays(in sources: [SourceText]) -> [Finding] {
        sources.compactMap { source in
            let steps = source.path.split(separator: "/").map(String.init)
            guard steps.count == 4, let line = lines[steps[1]], !line.contains(steps[2]) else {
                return nil
            }
            return Finding(
                path: source.path, line: 1, message: "\(steps[2]) has no place in the line")
        }
    }

    private static func findings(
        in sources: [SourceText], of target: String, _ line: [String]
    ) -> [Finding] {
        let files = sources.compactMap { source in
            place(of: source, in: target, line).map { (source, $0) }
        }
        let declaration = pattern(
            #"^(?:(?:package|final|indirect)\s+)*(?:struct|enum|class|protocol|actor)\s+(\w+)"#)
        var places: [String: Int] = [:]
        for (source, place) in files {
            for code in source.code {
                guard let match = code.firstMatch(of: declaration),
                    let name = match.output[1].substring
                else { continue }
                places[String(name)] = place
            }
        }
        let word = try? Regex(#"(?:^|[^.\w])([A-Z]\w*)"#)
        return files.flatMap { source, place in
            source.numberedCode.flatMap { number, code in
                guard let word else { return [Finding]() }
                return code.matches(of: word).compactMap { match in
                    guard let name = match.output[1].substring.map(String.init),
                        let home = places[name], home > place
                    else { return nil }
                    return Finding(
                        path: source.path, line: number,
                        message: "\(line[place]) may not name \(name) of \(line[home])")
                }
            }
        }
    }

    private static func place(
        of source: SourceText, in target: String, _ line: [String]
    ) -> Int? {
        let steps = source.path.split(separator: "/").map(String.init)
        guard steps.count == 4, steps[1] == target else { return nil }
        return line.firstIndex(of: steps[2])
    }
}
