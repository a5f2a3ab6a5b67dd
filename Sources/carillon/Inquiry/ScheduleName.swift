import Config
import Console
package import Store
package import Timetable

/// A schedule as a person names it: checked against those that are known.
package struct ScheduleName: Equatable {
    /// The name under which the ledger has it now.
    package let present: String
    /// Since when it is no longer called as was written; nil: it still is.
    package let renamedAt: Instant?

    /// Names changed more often are a circle.
    private static let renamingsMax = 100

    /// Looks for the schedule of a name, or of one that it had before.
    ///
    /// - Throws: `CommandFailure` with 3 and the nearest name if it was never known; `StoreError` if
    ///   the ledger can't be read.
    package init(_ written: String, in reader: LedgerReader) throws {
        let names = try reader.scheduleNames()
        var (name, found) = (written, names.contains(written))
        var renamedAt: Instant?
        for _ in 0..<Self.renamingsMax where !found {
            guard let renaming = try reader.renaming(of: name) else { break }
            (name, renamedAt) = (renaming.name, renaming.at)
            found = names.contains(name)
        }
        guard found else {
            throw CommandFailure(
                .notFound,
                "no schedule \"\(Printable.escaped(written, limit: 100))\" was ever known"
                    + NearestName.hint(written, in: names))
        }
        (present, self.renamedAt) = (name, renamedAt)
    }

    /// The name, if the ledger has it.
    ///
    /// - Throws: `CommandFailure` with 3 and the nearest name if not; `StoreError` if the ledger can't
    ///   be read.
    static func checked(_ name: String, in reader: LedgerReader) throws -> String {
        let names = try reader.scheduleNames()
        guard names.contains(name) else { throw unknown(name, among: names) }
        return name
    }

    /// The failure of a name that isn't among those that are known.
    static func unknown(_ name: String, among names: [String]) -> CommandFailure {
        CommandFailure(
            .notFound,
            "no schedule \"\(Printable.escaped(name, limit: 100))\""
                + NearestName.hint(name, in: names))
    }
}
