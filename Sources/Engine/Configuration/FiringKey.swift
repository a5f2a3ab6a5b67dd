package import Timetable

/// What makes a schedule's slots (docs/protocol.md, rule 10), as the ledger keeps it.
///
/// With the zone's data it decides whether an instant is a slot; a revision's key answers for the
/// past what the rule was then.
package struct FiringKey: Sendable, Equatable {
    package var connection: String
    package var baseURL: String
    package var process: String
    package var ruleSource: String
    /// The active window makes and unmakes slots too: moving it must not fire the past (I3).
    package var activeFrom: Instant?
    package var activeUntil: Instant?

    /// Makes the key of a schedule.
    package init(
        connection: String, baseURL: String, process: String, ruleSource: String,
        activeFrom: Instant?, activeUntil: Instant?
    ) {
        self.connection = connection
        self.baseURL = baseURL
        self.process = process
        self.ruleSource = ruleSource
        self.activeFrom = activeFrom
        self.activeUntil = activeUntil
    }

    /// A line for each part, as the ledger compares it.
    package var text: String {
        let window = [activeFrom, activeUntil].map { $0?.iso8601 ?? "" }.joined(separator: "/")
        return [connection, baseURL, process, ruleSource, window].joined(separator: "\n")
    }

    /// Reads what `text` wrote; nil for anything else.
    package init?(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard lines.count == 5 else { return nil }
        let ends = lines[4].split(separator: "/", omittingEmptySubsequences: false)
            .map(String.init)
        guard ends.count == 2 else { return nil }
        self.init(
            connection: lines[0], baseURL: lines[1], process: lines[2], ruleSource: lines[3],
            activeFrom: Instant(iso8601: ends[0]), activeUntil: Instant(iso8601: ends[1]))
    }

    /// Whether an instant of the rule makes a slot, as far as the window has a say.
    package func isActive(_ instant: Instant) -> Bool {
        (activeFrom.map { instant >= $0 } ?? true) && (activeUntil.map { instant <= $0 } ?? true)
    }
}
