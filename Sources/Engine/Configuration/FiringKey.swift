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
    package var active: ActiveWindow

    /// Makes the key of a schedule.
    package init(
        connection: String, baseURL: String, process: String, ruleSource: String,
        active: ActiveWindow
    ) {
        self.connection = connection
        self.baseURL = baseURL
        self.process = process
        self.ruleSource = ruleSource
        self.active = active
    }

    /// A line for each part, as the ledger compares it.
    package var text: String {
        let window = [active.from, active.until].map { $0?.iso8601 ?? "" }.joined(separator: "/")
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
            active: ActiveWindow(
                from: Instant(iso8601: ends[0]), until: Instant(iso8601: ends[1])))
    }
}

/// Between which instants a schedule makes slots (`active_from`, `active_until`); nil: without an end.
package struct ActiveWindow: Sendable, Equatable {
    package var from: Instant?
    package var until: Instant?

    package init(from: Instant? = nil, until: Instant? = nil) {
        self.from = from
        self.until = until
    }

    /// Whether an instant of the rule makes a slot, as far as the window has a say; both ends do.
    package func contains(_ instant: Instant) -> Bool {
        (from.map { instant >= $0 } ?? true) && (until.map { instant <= $0 } ?? true)
    }
}
