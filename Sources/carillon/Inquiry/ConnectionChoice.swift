import Config
package import Console

/// Which connection a command is about.
package enum ConnectionChoice {
    /// The one that was named, or the only one.
    ///
    /// - Parameters:
    ///   - written: `--connection`; nil: not given.
    ///   - names: those of the config, or of the ledger.
    /// - Returns: one of them.
    /// - Throws: `CommandFailure`, with 2 if one must be named or the config has none, with 3 and the
    ///   nearest name if there is none of that name.
    package static func name(
        _ written: String?, among names: [String]
    ) throws(CommandFailure) -> String {
        guard let written else {
            guard let only = names.first, names.count == 1 else {
                throw CommandFailure(
                    .usage,
                    names.isEmpty
                        ? "the config has no connection"
                        : "name one with --connection: \(names.joined(separator: ", "))")
            }
            return only
        }
        guard names.contains(written) else {
            throw CommandFailure(
                .notFound,
                "no connection \"\(Printable.escaped(written, limit: 100))\""
                    + NearestName.hint(written, in: names))
        }
        return written
    }
}
