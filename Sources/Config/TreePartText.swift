import Engine

/// Reads which part of a tree a condition is about: `job 'Sign-off'`, `group 'Consolidation'`.
enum TreePartText {
    /// The part, and what is said of it.
    ///
    /// - Parameter text: the condition.
    /// - Returns: nil and all of the text where it is about the whole run.
    /// - Throws: `OutcomeText.Mistake` for a part without a name in quotes.
    static func split(
        _ text: String
    ) throws(OutcomeText.Mistake) -> (part: TreePart?, rest: String) {
        let plain = text.drop { $0 == " " || $0 == "\t" }
        let word = plain.prefix { $0.isLetter }
        let isPart = word == "job" || word == "group"
        let after = plain.dropFirst(word.count).drop { $0 == " " || $0 == "\t" }
        guard let quote = after.first, quote == "'" || quote == "\"" else {
            guard !isPart else {
                throw OutcomeText.Mistake(text: "needs a name in quotes after \(word)")
            }
            return (nil, text)
        }
        guard isPart else {
            throw OutcomeText.Mistake(
                text: "only a job or a group has a name in quotes"
                    + NearestName.hint(String(word), in: ["job", "group"]))
        }
        let inside = after.dropFirst()
        guard let end = inside.firstIndex(of: quote) else {
            throw OutcomeText.Mistake(text: "the name has no closing quote")
        }
        let name = String(inside[..<end])
        guard !name.isEmpty else { throw OutcomeText.Mistake(text: "the name is empty") }
        return (
            word == "job" ? .job(name) : .group(name), String(inside[inside.index(after: end)...])
        )
    }
}
