package import Timetable

/// Rows of `attention` that a person has seen and doesn't want to see again.
extension Ledger {
    /// Takes a row out of sight as it is now; a row that becomes another one is in sight again.
    ///
    /// - Parameters:
    ///   - id: of the row, as `attention` has it.
    ///   - until: in sight again from then on, whatever happens; nil: when it changes.
    ///   - reason: the person's own words.
    ///   - actor: the person.
    ///   - now: the moment of the turn.
    /// - Returns: what the row is about; nil if there is none of that id.
    /// - Throws: `StoreError` if the ledger can't be written.
    package func acknowledge(
        _ id: String, until: Instant?, reason: String, actor: String, now: Instant
    ) throws -> (kind: String, subject: String)? {
        let found = try database.first(
            "SELECT kind, subject, state FROM attention_all WHERE id = ?", .text(id)
        ) { ($0.string(0), $0.string(1), $0.string(2)) }
        guard let (kind, subject, state) = found else { return nil }
        try database.run(
            "DELETE FROM acknowledgements WHERE id NOT IN (SELECT id FROM attention_all)")
        try database.run(
            """
            INSERT OR REPLACE INTO acknowledgements (id, state, until_at, reason, actor, at)
            VALUES (?, ?, ?, ?, ?, ?)
            """, .text(id), .text(state), .at(until), .text(reason), .text(actor), .at(now))
        return (kind, subject)
    }
}
