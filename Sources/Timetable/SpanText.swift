/// A length of time as people say it.
package enum SpanText {
    /// The two most significant units: `45 s`, `3 min 20 s`, `3 h 12 min`, `5 d 4 h`.
    package static func text(seconds: Int64) -> String {
        let seconds = max(0, seconds)
        let units: [(name: String, seconds: Int64)] = [
            ("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1),
        ]
        guard let first = units.firstIndex(where: { $0.seconds <= seconds }) else { return "0 s" }
        let whole = seconds / units[first].seconds
        let text = "\(whole) \(units[first].name)"
        guard first + 1 < units.count else { return text }
        let rest = seconds % units[first].seconds / units[first + 1].seconds
        return rest == 0 ? text : "\(text) \(rest) \(units[first + 1].name)"
    }
}
