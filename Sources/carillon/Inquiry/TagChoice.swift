import Config
import Console

/// Which tag a command is about.
enum TagChoice {
    /// Refuses a tag that no schedule carries: a typo must not look like "nothing is wrong".
    ///
    /// - Parameters:
    ///   - tag: as it was written.
    ///   - names: those that are known.
    /// - Throws: `CommandFailure` with 3 and the nearest one.
    static func check(_ tag: String, among names: some Sequence<String>) throws(CommandFailure) {
        let known = Set(names)
        guard !known.contains(tag) else { return }
        throw CommandFailure(
            .notFound,
            "no schedule has the tag \"\(Printable.escaped(tag, limit: 60))\""
                + NearestName.hint(tag, in: known.sorted()))
    }
}
