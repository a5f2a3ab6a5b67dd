import Engine

extension TableReader {
    /// `unless_done = { since = "last-slot" | "period", by = "anyone" | "us" }`.
    func unlessDone() -> UnlessDone? {
        guard let table = table("unless_done", known: ["since", "by"]) else { return nil }
        var rule = UnlessDone()
        let since = UnlessDone.Since.allCases.map { (word: $0.rawValue, value: $0) }
        if let value = table.choice("since", since) { rule.since = value }
        let authors = UnlessDone.Author.allCases.map { (word: $0.rawValue, value: $0) }
        if let value = table.choice("by", authors) { rule.author = value }
        return rule
    }
}
