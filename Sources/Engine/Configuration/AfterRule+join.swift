package import Timetable

extension AfterRule {
    /// What the ends of several upstreams have in common, as it is told to people: `2026-11-30`.
    ///
    /// - Parameters:
    ///   - slotAt: when an upstream slot was due.
    ///   - zone: whose days and months count: that of the schedule that waits.
    /// - Returns: nil where only the order of ends counts.
    package func period(of slotAt: Instant, in zone: Zone) -> String? {
        let date = zone.local(at: slotAt).date
        switch join {
        case .order: return nil
        case .day: return date.iso8601
        case .businessDay(let calendar): return calendar.businessDay(onOrAfter: date).iso8601
        case .month: return String(date.iso8601.prefix(7))
        }
    }

    /// The ends that set off one slot: one of each upstream, all of one period.
    ///
    /// - Parameters:
    ///   - ends: unused ends of each upstream, in the order of `upstreams`, the oldest first.
    ///   - slotAt: when the slot of an end was due.
    ///   - didSucceed: whether an end is a success: of one period it counts before a failure that came
    ///     first, since somebody has mended that.
    ///   - zone: that of the schedule that waits.
    /// - Returns: of the first period that has all; nil if none has.
    package func round<End>(
        of ends: [[End]], slotAt: (End) -> Instant, didSucceed: (End) -> Bool, in zone: Zone
    ) -> (ends: [End], period: String?)? {
        guard ends.count == upstreams.count else { return nil }
        let firsts = ends.map { list in
            Dictionary(
                list.map { (period(of: slotAt($0), in: zone) ?? "", $0) },
                uniquingKeysWith: { first, next in
                    join == .order || didSucceed(first) || !didSucceed(next) ? first : next
                })
        }
        // Periods sort as their texts do.
        for period in (firsts.first?.keys.sorted() ?? []) {
            let round = firsts.compactMap { $0[period] }
            if round.count == firsts.count { return (round, period.isEmpty ? nil : period) }
        }
        return nil
    }
}
