/// The offsets of a zone as contiguous segments of time, with an index for lookups in O(1).
struct ZoneTable: Sendable {
    /// A stretch of time with one offset.
    struct Segment: Sendable {
        /// The first second of the segment (Unix time); `Int64.min` for the first segment.
        let start: Int64
        /// Seconds east of UTC.
        let offset: Int32
        /// The offset of the segment before; the own one for the first segment.
        let previousOffset: Int32
        /// What the wall clock had reached before the segment, where a daylight-saving change set
        /// it back; otherwise what it shows at the start.
        let usedUntil: Int64

        init(start: Int64, offset: Int32, previousOffset: Int32) {
            self.start = start
            self.offset = offset
            self.previousOffset = previousOffset
            if start == .min {
                usedUntil = .min
            } else {
                let back = Int64(previousOffset) - Int64(offset)
                let isRepeated = back > 0 && back <= ZoneWalk.longestShift
                usedUntil = start + Int64(isRepeated ? previousOffset : offset)
            }
        }
    }

    /// Sorted by start, neighbours differ in their offset; the last one is a sentinel at the end of
    /// time that no instant falls into.
    private let storage: [Segment]
    /// Whether summer time goes on for ever: the table then ends, while the zone does not.
    let isCyclic: Bool
    /// From here on the zone repeats every 400 years.
    let cycleStart: Int64
    /// Instants from here on are mapped back by 400-year cycles.
    let reduceFrom: Int64
    /// For each bucket of 2^23 seconds from `indexStart` to `reduceFrom` the segment at its start.
    private let buckets: [UInt16]

    /// No offset is larger: RFC 9636 allows 25:59:59, POSIX footers 24:59:59.
    static let largestOffset: Int64 = 26 * 3600
    /// Instants before the year -3000 are mapped forward by 400-year cycles: no zone changes there.
    static let reduceBelow: Int64 = -156_000_000_000
    /// More than the longest gap of a rule (40 years): room before and after the cycle that
    /// mapped instants fall into.
    static let spareYears = 44
    private static let spareSeconds: Int64 = 44 * 366 * 86_400
    private static let indexStart: Int64 = -2_211_753_600  // 1899-11-30, before most first changes
    private static let bucketShift: UInt64 = 23

    init(fixedOffsetSeconds offset: Int) {
        self.init(
            transitions: [], initialOffset: Int32(clamping: offset), cycleStart: 0, isCyclic: false)
    }

    /// Makes the table from transitions in order of time.
    init(
        transitions: [(at: Int64, offset: Int32)], initialOffset: Int32, cycleStart: Int64,
        isCyclic: Bool
    ) {
        var segments = [
            Segment(start: .min, offset: initialOffset, previousOffset: initialOffset)
        ]
        for (at, offset) in transitions {
            // Of two changes in one second only the later one is ever seen.
            if let last = segments.last, last.start == at { segments.removeLast() }
            guard let last = segments.last, last.offset != offset else { continue }
            segments.append(Segment(start: at, offset: offset, previousOffset: last.offset))
        }
        let lastOffset = segments[segments.count - 1].offset
        self.cycleStart = cycleStart
        self.isCyclic = isCyclic
        reduceFrom = cycleStart + ZoneTable.spareSeconds + secondsPerCycle
        var buckets: [UInt16] = []
        var index = 0
        var start = ZoneTable.indexStart
        while start + (1 << Int64(ZoneTable.bucketShift)) <= reduceFrom {
            while index + 1 < segments.count, segments[index + 1].start <= start { index += 1 }
            buckets.append(UInt16(truncatingIfNeeded: index))
            start += 1 << Int64(ZoneTable.bucketShift)
        }
        self.buckets = buckets
        segments.append(
            Segment(
                start: .max - ZoneTable.largestOffset, offset: lastOffset,
                previousOffset: lastOffset))
        storage = segments
    }

    /// The segments in order.
    var segments: ArraySlice<Segment> { storage.dropLast() }

    /// The number of segments.
    var count: Int { storage.count &- 1 }

    /// The segment of an index, or the sentinel after the last one.
    @inline(__always)
    subscript(index: Int) -> Segment { storage[index] }

    /// The first second after the segment; near the end of time for the last one.
    @inline(__always)
    func end(ofSegment index: Int) -> Int64 { storage[index &+ 1].start }

    /// The segment that holds the instant, after moving it by whole 400-year cycles where needed.
    @inline(__always)
    func place(of seconds: Int64) -> (seconds: Int64, index: Int, shift: Int64) {
        let bucket =
            UInt64(truncatingIfNeeded: seconds &- ZoneTable.indexStart) &>> ZoneTable.bucketShift
        guard bucket < UInt64(truncatingIfNeeded: buckets.count) else {
            return farPlace(of: seconds)
        }
        var index = Int(buckets[Int(truncatingIfNeeded: bucket)])
        while storage[index &+ 1].start <= seconds { index &+= 1 }
        return (seconds, index, 0)
    }

    /// The place of an instant outside the buckets.
    @inline(never)
    private func farPlace(of seconds: Int64) -> (seconds: Int64, index: Int, shift: Int64) {
        let (near, shift) = reduced(seconds)
        return (near, index(at: near), shift)
    }

    /// The index of the segment that holds an instant of the table's range.
    func index(at seconds: Int64) -> Int {
        let bucket = (seconds - ZoneTable.indexStart) >> Int64(ZoneTable.bucketShift)
        var index =
            bucket < 0
            ? 0 : Int(buckets.isEmpty ? 0 : buckets[min(Int(bucket), buckets.count - 1)])
        while index + 1 < count, storage[index + 1].start <= seconds { index += 1 }
        return index
    }

    /// The instant moved by whole 400-year cycles into the table's range, and the way back.
    func reduced(_ seconds: Int64) -> (seconds: Int64, shift: Int64) {
        if seconds >= ZoneTable.reduceBelow, seconds < reduceFrom { return (seconds, 0) }
        // No caller has a use for the ends of Int64; far from them nothing can overflow.
        let seconds = max(-(1 << 60), min(seconds, 1 << 60))
        let base =
            seconds < ZoneTable.reduceBelow
            ? ZoneTable.reduceBelow : cycleStart + ZoneTable.spareSeconds
        let shift = floorDivide(seconds - base, secondsPerCycle) * secondsPerCycle
        return (seconds - shift, shift)
    }
}
