import Config
import Console

/// Words of a closed list, given once or several times, or joined by commas.
enum WordList {
    /// The words, each checked.
    ///
    /// - Throws: `CommandFailure` with the nearest word for one that isn't in the list.
    static func words(
        _ texts: [String], of known: [String], _ noun: String
    ) throws -> [String] {
        let words = texts.flatMap { $0.split(separator: ",").map(String.init) }
        for word in words where !known.contains(word) {
            throw CommandFailure(
                .usage,
                "no \(noun) \"\(Printable.escaped(word, limit: 60))\""
                    + (NearestName.find(word, in: known).map { "; did you mean \"\($0)\"?" }
                        ?? "; there are \(Words.and(known))"))
        }
        return words
    }
}
