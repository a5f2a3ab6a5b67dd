package import Console
package import Store
package import Timetable

/// SLOT in arguments: a slot's id, or SCHEDULE@TIME.
package enum SlotReference: Equatable {
    case id(Int64)
    case place(schedule: String, time: String)

    /// Reads the text; a name may hold an `@` no more than a time may.
    ///
    /// - Throws: `CommandFailure` with 2 if it is neither.
    package init(_ text: String) throws(CommandFailure) {
        if let id = Int64(text) {
            self = .id(id)
        } else if let sign = text.firstIndex(of: "@") {
            self = .place(
                schedule: String(text[..<sign]), time: String(text[text.index(after: sign)...]))
        } else {
            throw CommandFailure(
                .usage,
                "\(Printable.escaped(text, limit: 100)) is no slot; write its id or SCHEDULE@TIME")
        }
    }

    /// The slot that is meant among those of an instant: a manual slot can share it with another one.
    ///
    /// - Parameters:
    ///   - slots: rows of the view `history`.
    ///   - schedule: theirs.
    ///   - instant: theirs.
    /// - Returns: The id of the held one, or of the only one.
    /// - Throws: `CommandFailure`, with 3 if there is none, with 4 if it could be any of several.
    package static func held(
        among slots: LedgerTable, of schedule: String, at instant: Instant
    ) throws(CommandFailure) -> Int64 {
        let held = slots.rows.indices.filter {
            slots.value("disposition", row: $0) == .text(Disposition.held.rawValue)
        }
        let meant = held.isEmpty ? Array(slots.rows.indices) : held
        guard let row = meant.first, case .integer(let id) = slots.value("slot_id", row: row) else {
            throw CommandFailure(
                .notFound,
                "no slot of \(Printable.escaped(schedule, limit: 100)) at "
                    + "\(instant.iso8601); see: carillon history")
        }
        guard meant.count == 1 else {
            let ids = meant.compactMap { slots.value("slot_id", row: $0).words }
            throw CommandFailure(
                .conflict,
                "several slots are at that instant; name one by its id: "
                    + ids.joined(separator: ", "))
        }
        return id
    }
}
