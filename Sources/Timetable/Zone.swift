/// A time zone: which offset from UTC holds at which instant, for all of time.
///
/// The table is built once from TZif bytes: every transition of the file, then those of the POSIX
/// footer for more than 400 years; later instants are mapped back by whole calendar cycles. So a
/// lookup is an index and a comparison, and nothing ends in 2037.
package struct Zone: Sendable, Equatable {
    /// The name it was made with, such as `America/New_York`.
    package let name: String
    /// A hash of the zone data: what tells that an update of tzdata changed this zone.
    package let contentHash: UInt64
    let table: ZoneTable

    /// Coordinated Universal Time.
    package static let utc = Zone(fixedOffsetSeconds: 0, name: "UTC")

    /// Reads the zone from the bytes of a TZif file (RFC 9636), version 1 to 4.
    ///
    /// - Throws: `ZoneError` if the bytes are damaged or count leap seconds.
    package init(name: String, tzif: [UInt8]) throws(ZoneError) {
        self.name = name
        contentHash = FNV1a(tzif).value
        table = try ZoneTable(tzif: tzif)
    }

    /// Makes a zone that never changes its offset.
    package init(fixedOffsetSeconds: Int, name: String) {
        self.name = name
        contentHash = FNV1a.hash("fixed \(fixedOffsetSeconds)")
        table = ZoneTable(fixedOffsetSeconds: fixedOffsetSeconds)
    }

    /// Makes a zone that changes its offset once: what a summer's end is to one day.
    ///
    /// - Parameters:
    ///   - before: the offset until the change, seconds east of UTC.
    ///   - change: the first instant with the other offset.
    ///   - after: the offset from then on.
    ///   - name: its name.
    package init(
        offsetSeconds before: Int, changingAt change: Instant, to after: Int, name: String
    ) {
        self.name = name
        contentHash = FNV1a.hash("\(before) \(change.seconds) \(after)")
        table = ZoneTable(
            transitions: [(change.seconds, Int32(clamping: after))],
            initialOffset: Int32(clamping: before), cycleStart: change.seconds, isCyclic: false)
    }

    /// The offset from UTC in seconds, east positive.
    package func offsetSeconds(at instant: Instant) -> Int {
        Int(table[table.place(of: instant.seconds).index].offset)
    }

    /// The wall time at an instant.
    package func local(at instant: Instant) -> LocalDateTime {
        LocalDateTime(localSeconds: instant.seconds + Int64(offsetSeconds(at: instant)))
    }

    /// The instants at which clocks show the wall time: none in a gap, two where it repeats.
    package func instants(ofLocal local: LocalDateTime) -> [Instant] {
        let (seconds, shift) = table.reduced(local.localSeconds)
        var found: [Instant] = []
        var index = table.index(at: seconds - ZoneTable.largestOffset)
        while index < table.count {
            let segment = table[index]
            if segment.start > seconds + ZoneTable.largestOffset { break }
            let candidate = seconds - Int64(segment.offset)
            if candidate >= segment.start, candidate < table.end(ofSegment: index) {
                found.append(Instant(seconds: candidate + shift))
            }
            index += 1
        }
        return found
    }

    /// Zones are equal if name and data are.
    package static func == (left: Zone, right: Zone) -> Bool {
        left.name == right.name && left.contentHash == right.contentHash
    }
}

/// Why zone data can't be used.
package struct ZoneError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, in words.
    package let message: String

    /// The message.
    package var description: String { message }
}

extension Zone {
    /// A change of a zone's offset.
    package struct Change: Sendable, Equatable {
        /// The first instant with the new offset.
        package let at: Instant
        /// The offset before, seconds east of UTC.
        package let offsetBefore: Int
        /// The offset from then on.
        package let offsetAfter: Int
    }

    /// The next changes after an instant, at most `limit`.
    package func changes(after instant: Instant, limit: Int) -> [Change] {
        let (seconds, shift) = table.reduced(instant.seconds)
        let first = table.index(at: seconds) + 1
        return table.segments.dropFirst(first).prefix(limit).map { segment in
            Change(
                at: Instant(seconds: segment.start + shift),
                offsetBefore: Int(segment.previousOffset), offsetAfter: Int(segment.offset))
        }
    }

    /// The next instant at which clocks show that second of the day; where they jump over it, the
    /// instant of the jump.
    ///
    /// - Parameters:
    ///   - secondOfDay: 0 to 86,399, as clocks on the wall count it.
    ///   - instant: the result is later.
    /// - Returns: that instant.
    package func next(_ secondOfDay: Int, after instant: Instant) -> Instant {
        let today = local(at: instant).date.dayNumber
        for day in today...(today + 2) {
            let local = LocalDateTime(date: CivilDate(dayNumber: day), secondOfDay: secondOfDay)
            if let found = self.first(atOrAfter: local), found > instant { return found }
        }
        return instant.adding(milliseconds: 86_400_000)
    }

    /// The first instant that clocks show as that time, or at which they jump over it.
    private func first(atOrAfter local: LocalDateTime) -> Instant? {
        if let found = instants(ofLocal: local).first { return found }
        // No offset is a day long, so a jump over it lies less than a day from it.
        let before = Instant(seconds: local.localSeconds - 2 * 86_400)
        return changes(after: before, limit: 4).first { change in
            change.at.seconds + Int64(change.offsetBefore) <= local.localSeconds
                && local.localSeconds < change.at.seconds + Int64(change.offsetAfter)
        }?.at
    }
}
