/// A run that was taken for that of a lost answer before anybody knew our own user.
package struct Adoption: Sendable, Equatable {
    package var slotID: Int64
    package var number: Int
    package var processID: String
    package var runID: String
    package var userID: String
}

extension Ledger {
    /// Attempts of before that are looked at, at most.
    private static let attemptsMax: Int64 = 200

    /// Runs of other users that looks have given to a connection's slots since its start before this one
    /// was answered: nothing had told by then who we are.
    ///
    /// - Parameters:
    ///   - connection: its slots are meant; what a person has decided is left out.
    ///   - attemptID: was answered with 201.
    ///   - userID: who we are, as that answer says.
    /// - Returns: the newest first.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func foreignAdoptions(
        connection: String, before attemptID: Int64, userID: String
    ) throws -> [Adoption] {
        let rows = try database.rows(
            """
            SELECT a.slot_id, a.number, a.process_id, r.run_id, r.user_id,
                a.state = 'started', s.requested_by IS NOT NULL
            FROM attempts AS a
            JOIN slots AS s ON s.slot_id = a.slot_id
            JOIN process_runs AS r ON r.run_key = s.run_key
            WHERE a.attempt_id >= ? AND a.attempt_id < ? AND a.state IN ('started', 'adopted')
                AND s.connection = ?
            ORDER BY a.attempt_id DESC
            """, .int(attemptID - Self.attemptsMax), .int(attemptID), .text(connection)
        ) { row in
            let user = row.text(4)
            let isForeign = user != nil && user != userID && row.integer(6) == 0
            return (
                wasAnswered: row.integer(5) == 1,
                adoption: isForeign
                    ? Adoption(
                        slotID: row.integer(0), number: Int(row.integer(1)),
                        processID: row.string(2), runID: row.string(3), userID: user ?? "")
                    : nil
            )
        }
        return rows.prefix { !$0.wasAnswered }.compactMap(\.adoption)
    }
}
