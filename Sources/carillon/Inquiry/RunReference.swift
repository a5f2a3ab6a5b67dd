package import Console
package import Store

/// RUN in arguments: a run's id, or its beginning.
package enum RunReference {
    /// The id of the run that is meant.
    ///
    /// - Parameters:
    ///   - text: as it was written.
    ///   - found: runs whose ids begin so, two at most.
    /// - Returns: the whole id.
    /// - Throws: `CommandFailure`, with 3 if there is none, with 4 if it could be any of several.
    package static func id(
        _ text: String, among found: LedgerTable
    ) throws(CommandFailure) -> String {
        let shown = Printable.escaped(text, limit: 100)
        guard !found.rows.isEmpty, let id = found.value("run_id", row: 0).words else {
            throw CommandFailure(.notFound, "no run \"\(shown)\"; carillon runs lists them")
        }
        guard found.rows.count == 1 || id == text else {
            throw CommandFailure(
                .conflict, "several runs begin with \"\(shown)\"; write more of the id")
        }
        return id
    }
}
