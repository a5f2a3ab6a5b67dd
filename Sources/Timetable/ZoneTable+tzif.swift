/// The offset types and transitions of one TZif data block.
private struct TZifBlock {
    var transitions: [(at: Int64, offset: Int32)] = []
    var initialOffset: Int32 = 0
    /// The position after the block.
    var end = 0
}

extension ZoneTable {
    /// Reads TZif bytes; 64-bit data and the footer where the version has them.
    init(tzif bytes: [UInt8]) throws(ZoneError) {
        let version = try ZoneTable.version(of: bytes, at: 0)
        var block = try ZoneTable.block(bytes, at: 0, timeSize: 4)
        guard version >= UInt8(ascii: "2") else {
            try self.init(block: block, footer: nil)
            return
        }
        _ = try ZoneTable.version(of: bytes, at: block.end)
        block = try ZoneTable.block(bytes, at: block.end, timeSize: 8)
        // The footer is a line between two newlines; an empty line says nothing of the future.
        guard block.end < bytes.count, bytes[block.end] == UInt8(ascii: "\n"),
            let close = bytes[(block.end + 1)...].firstIndex(of: UInt8(ascii: "\n"))
        else { throw ZoneError(message: "the zone data ends before its footer") }
        let text = Array(bytes[(block.end + 1)..<close])
        try self.init(block: block, footer: text.isEmpty ? nil : try PosixZone(text))
    }

    private init(block: TZifBlock, footer: PosixZone?) throws(ZoneError) {
        var transitions = block.transitions
        let last = transitions.last?.at ?? -2_208_988_800
        guard last > -67_000_000_000, last < 67_000_000_000 else {
            throw ZoneError(message: "the zone data has a transition beyond the year 4000")
        }
        let firstYear = LocalDateTime(localSeconds: last).date.year
        if let footer {
            let lastYear = firstYear + 1 + 400 + 2 * ZoneTable.spareYears
            for year in (firstYear - 1)...lastYear {
                transitions += footer.transitions(in: year).filter { $0.at > last }
            }
            // A rule whose summer time never ends has its changes at the turn of the year.
            transitions.sort { $0.at < $1.at }
        }
        let initial =
            block.transitions.isEmpty && footer != nil
            ? footer?.standardOffset ?? 0 : block.initialOffset
        let cycleYear = CivilDate(year: firstYear + 1, month: 1, day: 1)
        self.init(
            transitions: transitions, initialOffset: initial,
            cycleStart: cycleYear.dayNumber * 86_400, isCyclic: footer?.hasSummerTime ?? false)
    }

    private static func version(of bytes: [UInt8], at start: Int) throws(ZoneError) -> UInt8 {
        guard bytes.count >= start + 44, bytes[start..<start + 4].elementsEqual("TZif".utf8) else {
            throw ZoneError(message: "this is no time zone data (no TZif header)")
        }
        return bytes[start + 4]
    }

    /// Reads the data block whose header is at `start`.
    private static func block(
        _ bytes: [UInt8], at start: Int, timeSize: Int
    ) throws(ZoneError) -> TZifBlock {
        func integer(at position: Int, size: Int) -> Int64 {
            var value: Int64 = bytes[position] >= 0x80 ? -1 : 0
            for byte in bytes[position..<position + size] { value = value << 8 | Int64(byte) }
            return value
        }
        func count(_ field: Int) throws(ZoneError) -> Int {
            let value = integer(at: start + 20 + 4 * field, size: 4)
            guard value >= 0, value <= 10_000 else {
                throw ZoneError(message: "the zone data has an impossible count")
            }
            return Int(value)
        }
        let isutCount = try count(0)
        let isstdCount = try count(1)
        let leapCount = try count(2)
        let timeCount = try count(3)
        let typeCount = try count(4)
        let charCount = try count(5)
        guard leapCount == 0 else {
            throw ZoneError(message: "zones that count leap seconds (right/…) can't be used")
        }
        let times = start + 44
        let indices = times + timeCount * timeSize
        let types = indices + timeCount
        let end = types + typeCount * 6 + charCount + isstdCount + isutCount
        guard end <= bytes.count, typeCount > 0 else {
            throw ZoneError(message: "the zone data is cut short")
        }
        var offsets: [Int32] = []
        for type in 0..<typeCount {
            let offset = integer(at: types + type * 6, size: 4)
            guard abs(offset) < largestOffset else {
                throw ZoneError(message: "the zone data has an impossible offset")
            }
            offsets.append(Int32(offset))
        }
        var block = TZifBlock(initialOffset: offsets[0], end: end)
        for index in 0..<timeCount {
            let at = integer(at: times + index * timeSize, size: timeSize)
            let type = Int(bytes[indices + index])
            guard type < typeCount else {
                throw ZoneError(message: "the zone data names an offset type that isn't there")
            }
            if let previous = block.transitions.last, at <= previous.at {
                throw ZoneError(message: "the zone data's transitions are out of order")
            }
            // Old writers put a "Big Bang" transition here; it is the initial offset in effect.
            if at < -67_000_000_000 {
                block.initialOffset = offsets[type]
            } else {
                block.transitions.append((at, offsets[type]))
            }
        }
        return block
    }
}
