extension FiringRule {
    /// Each of several rules by itself, with zone, DST policy and calendar; one alone is the only one.
    package var parts: [FiringRule] {
        guard case .several(let parts) = kind else { return [self] }
        return parts.map(rule)
    }

    /// Whether several rules make its slots.
    package var isSeveral: Bool { if case .several = kind { true } else { false } }

    func rule(of part: Part) -> FiringRule {
        FiringRule(
            kind: part.kind, zone: zone, dst: dst, calendar: calendar, onHoliday: onHoliday)
    }

    /// The first or the last of what several rules have found, with the rules that meet there.
    ///
    /// - Parameters:
    ///   - parts: the rules.
    ///   - isFirst: the first is asked for, not the last.
    ///   - find: what one of them finds.
    /// - Returns: nil if none of them finds anything.
    func joined(
        _ parts: [Part], isFirst: Bool, _ find: (FiringRule) -> Occurrence?
    ) -> Occurrence? {
        let found = parts.compactMap { part in
            find(rule(of: part)).map { (text: part.text, occurrence: $0) }
        }
        let instants = found.map(\.occurrence.at)
        guard let at = isFirst ? instants.min() : instants.max() else { return nil }
        let here = found.filter { $0.occurrence.at == at }
        // One rule that runs is enough: the slot is due, whatever a calendar made of the others.
        guard let rank = here.map(\.occurrence.decision.rank).min() else { return nil }
        let deciding = here.filter { $0.occurrence.decision.rank == rank }
        guard let first = deciding.first?.occurrence else { return nil }
        var notes: [String] = []
        for note in deciding.compactMap(\.occurrence.note) where !notes.contains(note) {
            notes.append(note)
        }
        return Occurrence(
            at: at, utcOffsetSeconds: first.utcOffsetSeconds, decision: first.decision,
            note: notes.isEmpty ? nil : notes.joined(separator: "; "),
            rules: deciding.map(\.text))
    }
}

extension Occurrence.Decision {
    /// What decides where several rules meet at one instant: the lowest.
    fileprivate var rank: Int {
        switch self {
        case .run: 0
        case .coalesced: 1
        case .skipped: 2
        }
    }
}
