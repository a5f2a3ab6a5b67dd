/// One instant of a rule: a slot, and what is known of it in advance.
package struct Occurrence: Sendable, Equatable {
    /// What is decided in advance.
    package enum Decision: Sendable, Equatable {
        /// It runs.
        case run
        /// It doesn't: a holiday.
        case skipped(reason: String)
        /// Another slot stands for it, since it moved onto that one's instant.
        case coalesced(reason: String)
    }

    /// The instant.
    package let at: Instant
    /// The zone's offset at the instant, seconds east of UTC.
    package let utcOffsetSeconds: Int
    /// What is decided in advance.
    package let decision: Decision
    /// Words for people: a DST shift, a repeated hour, a holiday that moved the slot.
    package let note: String?

    package init(
        at: Instant, utcOffsetSeconds: Int, decision: Decision = .run, note: String? = nil
    ) {
        self.at = at
        self.utcOffsetSeconds = utcOffsetSeconds
        self.decision = decision
        self.note = note
    }
}
