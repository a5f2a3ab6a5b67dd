/// Finds the valid name that a person most likely meant.
package enum NearestName {
    /// The candidate nearest to the word, or nil if none is near enough to be a likely slip.
    ///
    /// Case, `_`, `-` and blanks are ignored first; then the Damerau-Levenshtein distance (one swap
    /// of neighbours is one slip) decides. Candidates of equal distance: the first one wins.
    package static func find(_ word: String, in candidates: [String]) -> String? {
        let plain = folded(word)
        guard !plain.isEmpty, plain.count <= 80 else { return nil }
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            let other = folded(candidate)
            let limit = max(1, min(3, max(plain.count, other.count) / 3))
            if abs(other.count - plain.count) > limit { continue }
            let found = distance(plain, other)
            guard found <= limit, found < (best?.distance ?? .max) else { continue }
            best = (candidate, found)
        }
        return best?.name
    }

    /// `, did you mean "x"?` or nothing.
    package static func hint(_ word: String, in candidates: [String]) -> String {
        find(word, in: candidates).map { "; did you mean \"\($0)\"?" } ?? ""
    }

    private static func folded(_ word: String) -> [UInt8] {
        word.lowercased().utf8.map { byte in
            byte == UInt8(ascii: "-") || byte == UInt8(ascii: " ") ? UInt8(ascii: "_") : byte
        }
    }

    /// The optimal string alignment distance between two short words.
    package static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        if left == right { return 0 }
        var beforeLast = [Int](repeating: 0, count: right.count + 1)
        var last = Array(0...right.count)
        for (row, a) in left.enumerated() {
            var current = [row + 1]
            current.reserveCapacity(right.count + 1)
            for (column, b) in right.enumerated() {
                var cost = min(last[column + 1] + 1, current[column] + 1)
                cost = min(cost, last[column] + (a == b ? 0 : 1))
                if row > 0, column > 0, a == right[column - 1], left[row - 1] == b {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current.append(cost)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
