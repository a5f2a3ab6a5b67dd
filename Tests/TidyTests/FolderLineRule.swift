/// The folders of `carillon` form a line: what stands earlier names nothing of what stands later.
enum FolderLineRule {
    /// From what touches the system to the verbs.
    static let line = ["System", "Daemon", "Inquiry", "Demo", "Commands"]

    /// Where a lower folder names a type that a higher one declares.
    static func findings(in sources: [SourceText]) -> [Finding] {
        let files = sources.compactMap { source in place(of: source).map { (source, $0) } }
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

    private static func place(of source: SourceText) -> Int? {
        let steps = source.path.split(separator: "/").map(String.init)
        guard steps.count == 4, steps[1] == "carillon" else { return nil }
        return line.firstIndex(of: steps[2])
    }
}
