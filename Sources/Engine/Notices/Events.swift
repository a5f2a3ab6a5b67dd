import Store

/// What the turn has done that somebody may want to be told of.
extension Clockwork {
    /// Closes the book of events of this turn: the last word before its state is saved.
    func tellEvents() throws {
        _ = try ledger.takeEvents(now: now)
    }
}
