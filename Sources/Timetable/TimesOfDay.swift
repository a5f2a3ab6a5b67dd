/// The matching seconds of a day: every combination of some hours, minutes and seconds.
struct TimesOfDay: Sendable, Equatable {
    /// Seconds 0...59 as bits.
    var seconds: UInt64 = 1
    /// Minutes 0...59 as bits.
    var minutes: UInt64 = 1
    /// Hours 0...23 as bits.
    var hours: UInt32 = 1
    /// The first matching second of the day.
    private(set) var first: Int32 = 0
    /// The last matching second of the day.
    private(set) var last: Int32 = 0

    /// Midnight only; to be filled in and sealed.
    init() {}

    /// One time of the day.
    init(secondOfDay: Int) {
        seconds = 1 << UInt64(secondOfDay % 60)
        minutes = 1 << UInt64(secondOfDay / 60 % 60)
        hours = 1 << UInt32(secondOfDay / 3600)
        seal()
    }

    /// Computes the first and the last time from the masks.
    mutating func seal() {
        first =
            Int32(hours.trailingZeroBitCount) * 3600
            + Int32(minutes.trailingZeroBitCount) * 60 + Int32(seconds.trailingZeroBitCount)
        last =
            Int32(31 - hours.leadingZeroBitCount) * 3600
            + Int32(63 - minutes.leadingZeroBitCount) * 60
            + Int32(63 - seconds.leadingZeroBitCount)
    }

    /// The first matching second of the day at or after `second`.
    @inline(__always)
    func next(from second: Int) -> Int? {
        if second <= Int(first) { return Int(first) }
        if second > Int(last) { return nil }
        // Unsigned and short: the divisions become cheaper multiplications.
        let time = UInt32(truncatingIfNeeded: second)
        let hour = Int(time / 3600)
        let minute = Int(time / 60) &- hour &* 60
        if hours & (1 &<< UInt32(truncatingIfNeeded: hour)) != 0 {
            if minutes & (1 &<< UInt64(truncatingIfNeeded: minute)) != 0 {
                let rest = seconds &>> UInt64(truncatingIfNeeded: Int(time % 60))
                if rest != 0 { return second &+ rest.trailingZeroBitCount }
            }
            // Two shifts: minute + 1 may be 60, but a bit scan must start behind this minute.
            let rest = (minutes &>> UInt64(truncatingIfNeeded: minute)) &>> 1
            if rest != 0 {
                return hour &* 3600 &+ (minute &+ 1 &+ rest.trailingZeroBitCount) &* 60
                    &+ seconds.trailingZeroBitCount
            }
        }
        let rest = (hours &>> UInt32(truncatingIfNeeded: hour)) &>> 1
        guard rest != 0 else { return nil }
        return (hour &+ 1 &+ rest.trailingZeroBitCount) &* 3600
            &+ minutes.trailingZeroBitCount &* 60 &+ seconds.trailingZeroBitCount
    }

    /// The last matching second of the day at or before `second`.
    @inline(__always)
    func previous(through second: Int) -> Int? {
        if second >= Int(last) { return Int(last) }
        if second < Int(first) { return nil }
        // Unsigned and short: the divisions become cheaper multiplications.
        let time = UInt32(truncatingIfNeeded: second)
        let hour = Int(time / 3600)
        let minute = Int(time / 60) &- hour &* 60
        if hours & (1 &<< UInt32(truncatingIfNeeded: hour)) != 0 {
            if minutes & (1 &<< UInt64(truncatingIfNeeded: minute)) != 0 {
                let rest = seconds &<< UInt64(truncatingIfNeeded: 63 &- Int(time % 60))
                if rest != 0 { return second &- rest.leadingZeroBitCount }
            }
            let rest = (minutes &<< UInt64(truncatingIfNeeded: 63 &- minute)) &<< 1
            if rest != 0 {
                return hour &* 3600 &+ (minute &- 1 &- rest.leadingZeroBitCount) &* 60
                    &+ (63 &- seconds.leadingZeroBitCount)
            }
        }
        let rest = (hours &<< UInt32(truncatingIfNeeded: 31 &- hour)) &<< 1
        guard rest != 0 else { return nil }
        return (hour &- 1 &- rest.leadingZeroBitCount) &* 3600
            &+ (63 &- minutes.leadingZeroBitCount) &* 60 &+ (63 &- seconds.leadingZeroBitCount)
    }

    /// The shortest distance between two times of one day; nil where there is only one.
    var shortestGap: Int? {
        func gap(_ mask: UInt64) -> Int? {
            var rest = mask
            var shortest: Int?
            while rest & (rest &- 1) != 0 {
                let low = rest.trailingZeroBitCount
                rest &= rest &- 1
                let distance = rest.trailingZeroBitCount - low
                shortest = min(shortest ?? distance, distance)
            }
            return shortest
        }
        func span(_ mask: UInt64) -> Int {
            63 - mask.leadingZeroBitCount - mask.trailingZeroBitCount
        }
        // Neighbours differ in the second, or from the last second to the first of the next
        // minute, or from the last of an hour to the first of the next.
        let bySecond = gap(seconds)
        let byMinute = gap(minutes).map { $0 * 60 - span(seconds) }
        let byHour = gap(UInt64(hours)).map { $0 * 3600 - span(minutes) * 60 - span(seconds) }
        return [bySecond, byMinute, byHour].compactMap(\.self).min()
    }
}
