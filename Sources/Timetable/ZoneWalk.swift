/// A set of wall times that can be searched in both directions.
protocol LocalPattern {
    /// The first wall time of the set at or after `local` (seconds on the wall clock).
    func nextLocal(from local: Int64) -> Int64?
    /// The last wall time of the set at or before `local`.
    func previousLocal(through local: Int64) -> Int64?
}

/// An instant of a rule and the wall time that made it: they differ where a gap was skipped.
struct Firing: Equatable {
    /// Unix seconds.
    var seconds: Int64
    /// The matching wall time, seconds on the wall clock.
    var local: Int64

    /// The firing moved by whole cycles.
    func moved(_ shift: Int64) -> Firing {
        Firing(seconds: seconds + shift, local: local + shift)
    }
}

/// Turns wall times into instants: the DST rules of the project.
///
/// A pattern fires in each segment of the zone at the matching wall times of the segment's window;
/// where clocks jump forward, the times that don't exist may be made up for by one firing at the
/// jump. Jumps of more than three hours are corrections of the clock: nothing is made up for, and
/// nothing is held back (Debian's cron(8)).
struct ZoneWalk {
    let table: ZoneTable
    let behaviour: DSTBehaviour

    /// Jumps up to this length are daylight-saving changes.
    static let longestShift: Int64 = 3 * 3600

    /// The first firing strictly after an instant; nil if there is none, ever.
    @inline(__always)
    func next(_ pattern: some LocalPattern, after seconds: Int64) -> Firing? {
        let (start, index, shift) = table.place(of: seconds)
        let segment = table[index]
        var from = start &+ 1 &+ Int64(segment.offset)
        if behaviour.repeats == .first { from = max(from, segment.usedUntil) }
        guard let local = pattern.nextLocal(from: from) else { return nil }
        let found = local &- Int64(segment.offset)
        if found < table.end(ofSegment: index),
            behaviour.repeats != .last || local < windowEnd(index)
        {
            return Firing(seconds: found &+ shift, local: local &+ shift)
        }
        return nextAcross(pattern, from: from, local: local, index: index, shift: shift)
    }

    /// The last firing at or before an instant; nil if there is none.
    @inline(__always)
    func previous(_ pattern: some LocalPattern, atOrBefore seconds: Int64) -> Firing? {
        let (start, index, shift) = table.place(of: seconds)
        let segment = table[index]
        var through = start &+ Int64(segment.offset)
        if behaviour.repeats == .last { through = min(through, windowEnd(index) &- 1) }
        guard let local = pattern.previousLocal(through: through) else { return nil }
        if local >= windowStart(index) {
            return Firing(seconds: local &- Int64(segment.offset) &+ shift, local: local &+ shift)
        }
        return previousAcross(
            pattern, through: through, local: local, index: index, shift: shift)
    }

    /// Goes on into later segments: `local` is the first match at or after `from`.
    @inline(never)
    private func nextAcross(
        _ pattern: some LocalPattern, from: Int64, local: Int64, index: Int, shift: Int64
    ) -> Firing? {
        var search = Search(bound: from, local: local)
        if let found = nextAcross(pattern, &search, from: index + 1) { return found.moved(shift) }
        guard table.isCyclic else { return nil }
        // A rule that only matches in gaps has come to the table's end. What the last 400 years
        // of the table don't hold will never be; what they hold before the start comes again.
        let lap = table[table.count - 1].start - secondsPerCycle
        let lapIndex = table.index(at: lap)
        let lapFrom = lap + Int64(table[lapIndex].offset)
        guard lapFrom < from, let first = pattern.nextLocal(from: lapFrom) else { return nil }
        search = Search(bound: lapFrom, local: first)
        return nextAcross(pattern, &search, from: lapIndex)?.moved(shift + secondsPerCycle)
    }

    /// More than any offset and any change of one.
    private static let farAway: Int64 = 4 * 86_400

    /// What a search knows: `local` is the match nearest to `bound`.
    private struct Search {
        var bound: Int64
        var local: Int64
    }

    private func nextAcross(
        _ pattern: some LocalPattern, _ search: inout Search, from first: Int
    ) -> Firing? {
        let end = table.count - (table.isCyclic ? 1 : 0)
        var index = first
        while index < end {
            let segment = table[index]
            // Changes far from both ends of what has been searched can't matter: pass them over.
            let near = search.local - ZoneWalk.farAway
            if segment.start > search.bound + ZoneWalk.farAway, segment.start < near {
                let target = table.index(at: near)
                if target > index { index = target }
                if index >= end { break }
                let passed = table[index]
                if search.local < windowEnd(index) {
                    return Firing(
                        seconds: search.local - Int64(passed.offset), local: search.local)
                }
                index += 1
                continue
            }
            if behaviour.runsAfterGap, isShift(segment), search.local >= oldLocal(segment),
                search.local < newLocal(segment)
            {
                return Firing(seconds: segment.start, local: search.local)
            }
            // Look again where the window opens before what has been searched, or after the match.
            let windowStart = windowStart(index)
            if windowStart < search.bound || windowStart > search.local {
                guard let again = pattern.nextLocal(from: windowStart) else { return nil }
                search = Search(bound: windowStart, local: again)
            }
            if search.local < windowEnd(index) {
                return Firing(seconds: search.local - Int64(segment.offset), local: search.local)
            }
            index += 1
        }
        return nil
    }

    /// Goes on into earlier segments: `local` is the last match at or before `through`.
    @inline(never)
    private func previousAcross(
        _ pattern: some LocalPattern, through: Int64, local: Int64, index: Int, shift: Int64
    ) -> Firing? {
        var search = Search(bound: through, local: local)
        let found = previousAcross(pattern, &search, from: index)
        guard shift > 0, let firing = found, firing.seconds < table.cycleStart else {
            return found?.moved(shift)
        }
        // A rule that only matches in gaps has left the cycle for the zone's history: what the
        // cycle holds after the start has been there one cycle earlier too.
        let lap = table.reduceFrom - 1
        let lapIndex = table.index(at: lap)
        let lapThrough = lap + Int64(table[lapIndex].offset)
        guard let last = pattern.previousLocal(through: lapThrough) else { return nil }
        search = Search(bound: lapThrough, local: last)
        guard let again = previousAcross(pattern, &search, from: lapIndex),
            again.seconds >= table.cycleStart
        else { return firing }
        return again.moved(shift - secondsPerCycle)
    }

    private func previousAcross(
        _ pattern: some LocalPattern, _ search: inout Search, from last: Int
    ) -> Firing? {
        var index = last
        while true {
            let segment = table[index]
            if search.local >= windowStart(index) {
                return Firing(seconds: search.local - Int64(segment.offset), local: search.local)
            }
            if behaviour.runsAfterGap, isShift(segment), search.local >= oldLocal(segment),
                segment.offset > segment.previousOffset
            {
                // Several missing times make one firing, named by the first, as `next` does.
                let missing = pattern.nextLocal(from: oldLocal(segment)) ?? search.local
                return Firing(seconds: segment.start, local: missing)
            }
            guard index > 0 else { return nil }
            index -= 1
            // As in `nextAcross`: changes between here and the match can't matter.
            let near = search.local + ZoneWalk.farAway
            if table[index].start > near, table[index].start < search.bound - ZoneWalk.farAway {
                index = table.index(at: near)
            }
            let through = windowEnd(index) - 1
            if through > search.bound || through < search.local {
                guard let match = pattern.previousLocal(through: through) else { return nil }
                search = Search(bound: through, local: match)
            }
        }
    }

    /// The first wall time at which the segment fires.
    @inline(__always)
    private func windowStart(_ index: Int) -> Int64 {
        let segment = table[index]
        if segment.start == .min { return .min }
        return behaviour.repeats == .first ? segment.usedUntil : newLocal(segment)
    }

    /// The wall time before which the segment fires.
    @inline(__always)
    private func windowEnd(_ index: Int) -> Int64 {
        let next = table[index &+ 1]
        return behaviour.repeats != .last || next.offset >= next.previousOffset || !isShift(next)
            ? oldLocal(next) : newLocal(next)
    }

    /// What the old clock shows when the segment begins.
    @inline(__always)
    private func oldLocal(_ segment: ZoneTable.Segment) -> Int64 {
        segment.start &+ Int64(segment.previousOffset)
    }

    /// What the new clock shows when the segment begins.
    @inline(__always)
    private func newLocal(_ segment: ZoneTable.Segment) -> Int64 {
        segment.start &+ Int64(segment.offset)
    }

    /// Whether the segment begins with a change that counts as daylight saving.
    @inline(__always)
    private func isShift(_ segment: ZoneTable.Segment) -> Bool {
        abs(Int64(segment.offset) &- Int64(segment.previousOffset)) <= ZoneWalk.longestShift
    }
}
