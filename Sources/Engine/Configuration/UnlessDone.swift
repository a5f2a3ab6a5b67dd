package import Timetable

/// `unless_done`: a slot is skipped if its process has been run with success already
/// (docs/protocol.md, rule 19).
package struct UnlessDone: Sendable, Equatable {
    /// Since when a run counts.
    package enum Since: String, Sendable, CaseIterable {
        /// The schedule's slot before.
        case lastSlot = "last-slot"
        /// The calendar month of the slot, in the schedule's zone.
        case period
    }

    /// Whose runs count.
    package enum Author: String, Sendable, CaseIterable {
        case anyone
        /// Runs that some schedule here, or `trigger`, has started.
        case us
    }

    package var since: Since
    package var author: Author

    /// As the config has it where it says nothing else.
    package init(since: Since = .lastSlot, author: Author = .anyone) {
        self.since = since
        self.author = author
    }

    /// What it means for a slot to come, for people.
    package var words: String {
        let who =
            switch author {
            case .anyone: "anyone has"
            case .us: "we have"
            }
        return switch since {
        case .lastSlot: "skipped if \(who) run it with success since the slot before"
        case .period: "skipped if \(who) run it with success this month"
        }
    }
}

/// The instant after which a run counts as this slot's work.
package enum DoneSince: Sendable, Equatable {
    /// The slot before: what was run for it is its own work.
    case lastSlot(Instant)
    case month(Instant)

    /// The instant itself.
    package var instant: Instant {
        switch self {
        case .lastSlot(let instant), .month(let instant): instant
        }
    }

    /// Work for a slot of that instant counts.
    package func covers(slotAt instant: Instant) -> Bool {
        switch self {
        case .lastSlot(let last): instant > last
        case .month(let first): instant >= first
        }
    }

    package var words: String {
        switch self {
        case .lastSlot(let instant): "after the slot before, \(instant.iso8601)"
        case .month(let instant): "in the slot's month, which began at \(instant.iso8601)"
        }
    }
}
