extension FiringRule {
    /// No two neighbouring slots are closer than this; nil where there is at most one slot, or where
    /// several rules may come as close as they like.
    ///
    /// The bound is exact for the wall clock, and takes the changes of the zone's offset from 1970
    /// on into account: a slot that runs right after a gap may be close to the next one.
    package var shortestGapMilliseconds: Int64? {
        let times: TimesOfDay
        switch kind {
        case .every(let step): return step > 0 ? step : nil
        case .reboot: return nil
        // Each keeps its own gap; where two of them meet, nothing bounds it.
        case .several: return nil
        case .cron(let rule): times = rule.times
        case .businessDay(let rule): times = TimesOfDay(secondOfDay: rule.secondOfDay)
        case .dates(let list):
            if list.days.count < 2 { return nil }
            times = TimesOfDay(secondOfDay: list.secondOfDay)
        }
        if isNever { return nil }
        // From a day's last time to the first of the next day, if two such days exist at all.
        let overnight = 86_400 - Int(times.last - times.first)
        var shortest = Int64(min(times.shortestGap ?? overnight, overnight)) * 1000
        for segment in zone.table.segments.dropFirst() {
            guard segment.start > 0, segment.start < 4_102_444_800 else { continue }
            // Only the distances around the change can be shorter than on an ordinary day.
            var last = firing(.atOrBefore(segment.start - 1))?.seconds
            for _ in 0..<2 {
                guard let found = firing(.after(last ?? segment.start - 1))?.seconds else { break }
                if let last { shortest = min(shortest, (found - last) * 1000) }
                last = found
            }
        }
        return shortest
    }
}
