package import Timetable

/// `process = { name = "Close {yyyy}-{MM-1}" }`: a name with the slot's date in the schedule's zone.
///
/// `{yyyy}`, `{MM}`, `{dd}`, each with an optional offset in its own unit; offsets of months and
/// days carry into the larger units beside them.
package enum NamePattern {
    /// Expands a pattern.
    ///
    /// - Parameters:
    ///   - pattern: the name with placeholders.
    ///   - slotAt: the slot.
    ///   - offsetSeconds: of the schedule's zone at the slot.
    /// - Returns: the name; nil if a placeholder is not known.
    package static func expand(
        _ pattern: String, slotAt: Instant, offsetSeconds: Int
    ) -> String? {
        let local = LocalDateTime(localSeconds: slotAt.seconds + Int64(offsetSeconds))
        var rest = Substring(pattern)
        var parts: [Part] = []
        while let open = rest.firstIndex(of: "{") {
            guard let close = rest[open...].firstIndex(of: "}"),
                let (unit, offset) = placeholder(rest[rest.index(after: open)..<close])
            else { return nil }
            parts.append(Part(literal: String(rest[..<open]), unit: unit, offset: offset))
            rest = rest[rest.index(after: close)...]
        }
        var name = ""
        for (index, part) in parts.enumerated() {
            let days = Self.offset(of: .day, for: index, in: parts)
            let date = CivilDate(dayNumber: local.date.dayNumber + days)
            let months =
                Int64(date.year * 12 + date.month - 1)
                + Self.offset(of: .month, for: index, in: parts)
            let year = months >= 0 ? months / 12 : (months - 11) / 12
            name += part.literal
            switch part.unit {
            case .year: name += String(year + part.offset, width: 4)
            case .month: name += String(months - year * 12 + 1, width: 2)
            case .day: name += String(date.day, width: 2)
            }
        }
        return name + rest
    }

    private enum Unit: String, CaseIterable {
        case year = "yyyy"
        case month = "MM"
        case day = "dd"
    }

    /// A placeholder, and the text before it.
    private struct Part {
        var literal: String
        var unit: Unit
        var offset: Int64
    }

    /// The offset of a unit as it counts for one placeholder: its own, or that of the nearest one
    /// of the unit, so that both ends of `{yyyy}-{MM-1} to {yyyy}-{MM}` are dates of their own.
    ///
    /// Between two that are equally near, the one on the side on which the pattern's first date has it.
    private static func offset(of unit: Unit, for index: Int, in parts: [Part]) -> Int64 {
        if parts[index].unit == unit { return parts[index].offset }
        let before = parts[..<index].lastIndex { $0.unit == unit }
        let after = parts[(index + 1)...].firstIndex { $0.unit == unit }
        guard let before, let after else { return (before ?? after).map { parts[$0].offset } ?? 0 }
        if index - before != after - index {
            return parts[index - before < after - index ? before : after].offset
        }
        let own = parts.firstIndex { $0.unit == parts[index].unit } ?? index
        let isLedByUnit = parts[..<own].contains { $0.unit == unit }
        return parts[isLedByUnit ? before : after].offset
    }

    private static func placeholder(_ text: Substring) -> (Unit, Int64)? {
        for unit in Unit.allCases where text.hasPrefix(unit.rawValue) {
            let tail = text.dropFirst(unit.rawValue.count)
            if tail.isEmpty { return (unit, 0) }
            guard let sign = tail.first, sign == "+" || sign == "-", tail.count <= 5,
                let offset = Int64(tail), tail.dropFirst().allSatisfy(\.isNumber)
            else { return nil }
            return (unit, offset)
        }
        return nil
    }
}
