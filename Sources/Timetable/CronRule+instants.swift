extension CronRule {
    /// The first firing strictly after an instant, in Unix seconds; nil: proven never again.
    ///
    /// Allocates nothing and takes the same few steps however far away the firing is.
    /// - Parameters:
    ///   - seconds: the instant, Unix seconds.
    ///   - zone: the zone whose wall clock the expression means.
    ///   - dst: what happens around changes of the offset.
    /// - Returns: the firing's Unix seconds.
    package func next(
        afterSeconds seconds: Int64, in zone: Zone, dst: DSTPolicy = .cron
    ) -> Int64? {
        firing(afterSeconds: seconds, in: zone.table, dst.behaviour(isWild: isWild))?.seconds
    }

    /// The last firing at or before an instant, in Unix seconds; nil if there was none.
    ///
    /// - Parameters:
    ///   - seconds: the instant, Unix seconds.
    ///   - zone: the zone whose wall clock the expression means.
    ///   - dst: what happens around changes of the offset.
    /// - Returns: the firing's Unix seconds.
    package func previous(
        atOrBeforeSeconds seconds: Int64, in zone: Zone, dst: DSTPolicy = .cron
    ) -> Int64? {
        firing(atOrBeforeSeconds: seconds, in: zone.table, dst.behaviour(isWild: isWild))?.seconds
    }

    /// The firings after an instant, one by one.
    package func firings(
        afterSeconds seconds: Int64, in zone: Zone, dst: DSTPolicy = .cron
    ) -> some Sequence<Int64> {
        sequence(state: seconds) { last in
            guard let next = next(afterSeconds: last, in: zone, dst: dst) else { return nil }
            last = next
            return next
        }
    }

    /// The firings at or before an instant, the latest first.
    package func firings(
        backFromSeconds seconds: Int64, in zone: Zone, dst: DSTPolicy = .cron
    ) -> some Sequence<Int64> {
        sequence(state: seconds) { last in
            guard let found = previous(atOrBeforeSeconds: last, in: zone, dst: dst) else {
                return nil
            }
            last = found - 1
            return found
        }
    }

    @inline(__always)
    func firing(
        afterSeconds seconds: Int64, in table: ZoneTable, _ behaviour: DSTBehaviour
    ) -> Firing? {
        if isNever { return nil }
        var seconds = seconds
        if years != nil {
            // Years are no part of the 400-year cycle: stay where nothing is mapped.
            guard seconds < CronRule.yearBounds.upperBound else { return nil }
            seconds = max(seconds, CronRule.yearBounds.lowerBound)
        }
        return ZoneWalk(table: table, behaviour: behaviour).next(self, after: seconds)
    }

    @inline(__always)
    func firing(
        atOrBeforeSeconds seconds: Int64, in table: ZoneTable, _ behaviour: DSTBehaviour
    ) -> Firing? {
        if isNever { return nil }
        var seconds = seconds
        if years != nil {
            guard seconds > CronRule.yearBounds.lowerBound else { return nil }
            seconds = min(seconds, CronRule.yearBounds.upperBound)
        }
        return ZoneWalk(table: table, behaviour: behaviour).previous(self, atOrBefore: seconds)
    }

    /// 1969-12-01 and 2200-02-01: around every instant of the years 1970...2199 in any zone.
    private static let yearBounds: ClosedRange<Int64> = -2_678_400...7_260_796_800
}
