/// One instant of a rule: a slot, and what is known of it in advance.
package struct Occurrence: Sendable, Equatable {
    /// What is decided in advance.
    package enum Decision: Sendable, Equatable {
        /// It runs.
        case run
        /// It doesn't: a holiday, or a window.
        case skipped(reason: String)
        /// Another slot stands for it, since it moved onto that one's instant.
        case coalesced(reason: String)
    }

    /// When it is due by the rule, before any spread.
    package let at: Instant
    /// The zone's offset at the instant, seconds east of UTC.
    package let utcOffsetSeconds: Int
    /// What is decided in advance.
    package internal(set) var decision: Decision
    /// Words for people: a DST shift, a repeated hour, a holiday that moved the slot.
    package internal(set) var note: String?
    /// Which of several rules made it, as people call them; empty where there is only one rule.
    package let rules: [String]
    /// What windows make of it.
    package internal(set) var window = WindowVerdict.open

    package init(
        at: Instant, utcOffsetSeconds: Int, decision: Decision = .run, note: String? = nil,
        rules: [String] = []
    ) {
        self.at = at
        self.utcOffsetSeconds = utcOffsetSeconds
        self.decision = decision
        self.note = note
        self.rules = rules
    }

    /// Which of several rules made it, as the end of a sentence; nil where there is only one rule.
    package var ruleNote: String? { rules.isEmpty ? nil : Self.ruleNote(rules) }

    /// Names of rules in words: `by rule "0 9 L * *"`.
    package static func ruleNote(_ rules: [String]) -> String {
        (rules.count == 1 ? "by rule " : "by rules ")
            + English.list(rules.map { "\"\($0)\"" })
    }
}
