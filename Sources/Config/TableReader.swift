import Timetable

/// Reads the keys of one table: checks names, types and ranges, and notes every problem.
///
/// A value that is wrong answers nil like one that is absent, so that reading goes on and the
/// remaining problems are found too; nothing is built from a config with errors.
struct TableReader {
    let node: ConfigNode
    let problems: ConfigProblems
    private let entries: [String: ConfigNode]
    private let fallback: [String: ConfigNode]

    /// Makes the reader and notes the keys that are not among the known ones.
    init(
        _ node: ConfigNode, known: [String], fallback: [String: ConfigNode] = [:],
        problems: ConfigProblems
    ) {
        self.node = node
        self.problems = problems
        self.entries = node.entries ?? [:]
        self.fallback = fallback
        if node.entries == nil {
            problems.error(node, "expected a table, found \(node.kind)" + node.listAdvice)
        }
        for (key, entry) in entries where !known.contains(key) {
            problems.error(
                entry.path, at: entry.keyPosition,
                "unknown key" + NearestName.hint(key, in: known))
        }
    }

    /// The node of the key, the table's own before the default.
    func find(_ key: String) -> ConfigNode? { entries[key] ?? fallback[key] }

    /// The node of the key if it stands in this very table.
    func own(_ key: String) -> ConfigNode? { entries[key] }

    /// Notes a problem about a key that is missing.
    func missing(_ key: String, _ message: String) {
        problems.error(node.path.appending(key), at: node.keyPosition, message)
    }

    func string(_ key: String) -> String? {
        guard let node = find(key) else { return nil }
        guard case .string(let text) = node.value else { return wrongType(node, "a string") }
        return text
    }

    func boolean(_ key: String) -> Bool? {
        guard let node = find(key) else { return nil }
        guard case .boolean(let value) = node.value else {
            return wrongType(node, "true or false")
        }
        return value
    }

    func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let node = find(key) else { return nil }
        guard case .integer(let value) = node.value else { return wrongType(node, "an integer") }
        guard let small = Int(exactly: value), range.contains(small) else {
            problems.error(
                node,
                "out of range (\(node.shown)), allowed: "
                    + "\(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return small
    }

    func number(_ key: String) -> (value: Double, node: ConfigNode)? {
        guard let node = find(key) else { return nil }
        switch node.value {
        case .integer(let value): return (Double(value), node)
        case .float(let value): return (value, node)
        default: return wrongType(node, "a number")
        }
    }

    /// Two durations in milliseconds, of which the first must not be longer than the second.
    func durations(
        _ shorter: String, _ longer: String, in range: ClosedRange<Int64>,
        or defaults: (Int64, Int64)
    ) -> (Int64, Int64) {
        let least = duration(shorter, in: range) ?? defaults.0
        let most = duration(longer, in: range) ?? defaults.1
        if least > most, let node = find(shorter) ?? find(longer) {
            problems.error(
                node,
                "\(shorter) (\(DurationText.text(milliseconds: least))) must not be longer than "
                    + "\(longer) (\(DurationText.text(milliseconds: most)))")
        }
        return (least, most)
    }

    /// A duration in milliseconds, within the bounds.
    func duration(_ key: String, in range: ClosedRange<Int64>) -> Int64? {
        guard let node = find(key) else { return nil }
        guard case .string(let text) = node.value else {
            return wrongType(node, "a duration; \(DurationText.help)")
        }
        guard let value = DurationText.milliseconds(text) else {
            problems.error(node, "not a duration (\(node.shown)); \(DurationText.help)")
            return nil
        }
        guard range.contains(value) else {
            let least = DurationText.text(milliseconds: range.lowerBound)
            let most = DurationText.text(milliseconds: range.upperBound)
            problems.error(node, "out of range (\(node.shown)), allowed: \(least) to \(most)")
            return nil
        }
        return value
    }

    /// One of a fixed set of words.
    func choice<T>(_ key: String, _ values: [(word: String, value: T)]) -> T? {
        guard let node = find(key) else { return nil }
        let words = values.map(\.word)
        guard case .string(let text) = node.value else {
            return wrongType(node, Self.list(words))
        }
        if let found = values.first(where: { $0.word == text }) { return found.value }
        problems.error(
            node,
            "unknown value (\(node.shown)), allowed: \(Self.list(words))"
                + NearestName.hint(text, in: words))
        return nil
    }

    /// A list of strings; a single string stands for a list of one if allowed.
    func strings(_ key: String, orSingle: Bool = false) -> [(text: String, node: ConfigNode)]? {
        guard let node = find(key) else { return nil }
        switch node.value {
        case .string(let text) where orSingle: return [(text, node)]
        case .array(let elements):
            return elements.compactMap { element in
                guard case .string(let text) = element.value else {
                    return wrongType(element, "a string")
                }
                return (text, element)
            }
        default: return wrongType(node, orSingle ? "a string or an array of strings" : "an array")
        }
    }

    /// The zone that `timezone` names.
    func zone(_ zones: ZoneShelf) -> Zone? {
        guard let node = find("timezone") else {
            missing(
                "timezone",
                "missing; write timezone = \"America/New_York\" (or another IANA zone) here or in "
                    + "[defaults]: there is no silent local time")
            return nil
        }
        return string("timezone").flatMap { zone($0, at: node, zones) }
    }

    /// A zone by its name; where its data isn't there, what is read now waits for it.
    func zone(_ name: String, at node: ConfigNode, _ zones: ZoneShelf) -> Zone? {
        switch zones.zone(name) {
        case .success(let zone): return zone
        case .failure(let refusal):
            problems.absent(
                node, file: ZoneShelf.folder + name, "\(refusal.message) (\(node.shown))")
            return nil
        }
    }

    /// A table inside this one.
    func table(_ key: String, known: [String]) -> TableReader? {
        guard let node = find(key) else { return nil }
        guard node.entries != nil else {
            problems.error(node, "expected a table, found \(node.kind)" + node.listAdvice)
            return nil
        }
        return TableReader(node, known: known, problems: problems)
    }

    /// Notes that a node has another type than expected, and answers nil.
    func wrongType<T>(_ node: ConfigNode, _ expected: String) -> T? {
        problems.error(node, "expected \(expected), found \(node.kind) (\(node.shown))")
        return nil
    }

    /// `"a", "b" or "c"`.
    static func list(_ words: [String]) -> String {
        let quoted = words.map { "\"\($0)\"" }
        guard quoted.count > 1, let last = quoted.last else { return quoted.joined() }
        return quoted.dropLast().joined(separator: ", ") + " or " + last
    }
}
