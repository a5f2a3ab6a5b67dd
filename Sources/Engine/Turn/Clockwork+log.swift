package import Store
import Timetable

/// Turns of a daemon that keeps them in a log before they count: the transaction stays open until
/// whoever keeps the log has said what became of it (docs/cluster.md, R1).
extension Clockwork {
    /// A turn that was taken and doesn't count yet.
    package struct OpenTurn: Sendable {
        /// What a commit returns; no effect of it may be released before.
        fileprivate var result: Result
        /// What goes into the log; empty: nothing, and the turn can be committed at once.
        package var changes: [UInt8]
    }

    /// Takes a turn and leaves its transaction open; `commit` or `rollBack` must follow, and nothing else.
    ///
    /// - Parameters:
    ///   - inputs: in the order of their arrival, at most `limits.inputsMax`.
    ///   - now: the moment of the turn.
    ///   - provesWrites: earlier turns were refused: this one writes, whatever it has to do.
    /// - Returns: the turn.
    /// - Throws: `StoreError` as `take`; nothing of the turn has happened then, and none is open.
    package func open(
        _ inputs: [Input], now: Now, provesWrites: Bool = false
    ) throws -> OpenTurn {
        let changesBefore = ledger.database.totalChanges
        do {
            let open = try book.open(at: now) {
                try outcome(
                    of: inputs, changesBefore: changesBefore, provesWrites: provesWrites)
            }
            return OpenTurn(result: open.result, changes: open.changes)
        } catch {
            pruner.turnFailed(at: now.wall)
            throw error
        }
    }

    /// The turn is in the log, or has changed nothing: it counts.
    ///
    /// - Parameters:
    ///   - turn: the one that is open.
    ///   - place: where the ledger stands with it; nil: it has changed nothing.
    /// - Returns: the effects, to be released now.
    /// - Throws: `StoreError` of the COMMIT: the ledger lacks what the log has, so whoever holds the
    ///   lease gives it up.
    package func commit(_ turn: OpenTurn, at place: LogPlace?) throws -> Result {
        try book.commit(at: place)
        isFateUnknown = false
        return turn.result
    }

    /// Opens the last turn of a life, which notes how it ended.
    ///
    /// - Throws: `StoreError`; none is open then.
    func openEnd(now: Now) throws -> OpenTurn {
        let (_, changes) = try ledger.recorded { try life.end(at: now.wall) }
        return OpenTurn(
            result: Result(effects: [], nextDeadline: nil, didWrite: true), changes: changes)
    }

    /// Between turns, at a clean stop: writes SQLite's own log back into the file.
    func emptyLog() { ledger.emptyLog() }

    /// The turn is not in the log, and never will be.
    package func rollBack() { book.rollBack() }
}
