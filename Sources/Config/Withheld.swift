/// What messages must not repeat of the config: logins in addresses, and values of secrets.
enum Withheld {
    /// Keys whose values are secrets, or mistaken for a place to write one.
    private static let keys = ["secret", "password", "passwd", "token"]

    /// Whether a value at the path may be a secret.
    static func isSecret(_ path: ConfigPath) -> Bool {
        // A schedule may be called token-refresh.
        let isNamed = path.steps.first.map(ConfigFiles.namedSections.contains) ?? false
        return path.steps.enumerated().contains { index, step in
            guard case .key(let key) = step, !isNamed || index != 1 else { return false }
            let lower = key.lowercased()
            return keys.contains { lower.contains($0) }
        }
    }

    /// The text with everything between `://` (or its beginning) and the last `@` as `***`.
    ///
    /// A password may hold blanks and further `@`, so nothing before the last one is shown. In an
    /// address without `@` a query may hold one, or what stands in the port's place.
    static func withoutLogin(_ text: String) -> String {
        guard let at = text.lastIndex(of: "@") else { return withoutQuery(text) }
        let head = text[..<at]
        let begin =
            head.firstRange(of: "://")?.upperBound ?? head.prefix { "\"'".contains($0) }.endIndex
        // `@daily` has nothing before its sign.
        guard begin < at else { return text }
        return text[..<begin] + "***" + text[at...]
    }

    private static func withoutQuery(_ text: String) -> String {
        guard let begin = text.firstRange(of: "://")?.upperBound else { return text }
        if let query = text[begin...].firstIndex(where: { "?#".contains($0) }) {
            return text[...query] + "***"
        }
        let authority = text[begin...].prefix { $0 != "/" }
        guard let colon = authority.firstIndex(of: ":"), !authority.hasPrefix("["),
            !authority[colon...].dropFirst().allSatisfy({ "0"..."9" ~= $0 })
        else { return text }
        return text[...colon] + "***"
    }
}
