/// What differs between two sets of files, line by line.
package enum FileDifference {
    private static let contextLines = 3

    /// Lines as `diff -u` writes them: `-` only in the old, `+` only in the new, a blank in both.
    ///
    /// - Parameters:
    ///   - old: files by path.
    ///   - new: files by path.
    /// - Returns: nothing where nothing differs.
    package static func lines(
        old: [(path: String, content: String)], new: [(path: String, content: String)]
    ) -> [String] {
        let before = Dictionary(old.map { ($0.path, $0.content) }, uniquingKeysWith: { $1 })
        let after = Dictionary(new.map { ($0.path, $0.content) }, uniquingKeysWith: { $1 })
        var result: [String] = []
        for path in Set(before.keys).union(after.keys).sorted()
        where before[path] != after[path] {
            result.append("--- \(before[path] == nil ? "(no such file)" : path)")
            result.append("+++ \(after[path] == nil ? "(no such file)" : path)")
            result += changes(split(before[path]), split(after[path]))
        }
        return result
    }

    private static func split(_ text: String?) -> [Substring] {
        var lines = (text ?? "").split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    private static func changes(_ old: [Substring], _ new: [Substring]) -> [String] {
        var removed: Set<Int> = []
        var inserted: Set<Int> = []
        for change in new.difference(from: old) {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): inserted.insert(offset)
            }
        }
        var all: [(line: String, isChange: Bool)] = []
        var (left, right) = (0, 0)
        while left < old.count || right < new.count {
            if removed.contains(left) {
                all.append(("-" + old[left], true))
                left += 1
            } else if inserted.contains(right) {
                all.append(("+" + new[right], true))
                right += 1
            } else {
                all.append((" " + old[left], false))
                left += 1
                right += 1
            }
        }
        let changed = all.indices.filter { all[$0].isChange }
        var shown: Set<Int> = []
        for index in changed {
            shown.formUnion(max(0, index - contextLines)...min(all.count - 1, index + contextLines))
        }
        var result: [String] = []
        var last: Int?
        for index in shown.sorted() {
            if last != index - 1 { result.append("@@") }
            result.append(all[index].line)
            last = index
        }
        return result
    }
}
