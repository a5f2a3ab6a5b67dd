package import Timetable

/// `process = { name = "Close {yyyy}-{MM-1}" }`: a name with the slot's date in the schedule's zone.
///
/// `{yyyy}`, `{MM}`, `{dd}`, each with an optional offset in its own unit; offsets of months and
/// days carry into the larger units of the same name.
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
        var parts: [(literal: String, unit: String, offset: Int64)] = []
        var monthOffset: Int64 = 0
        var dayOffset: Int64 = 0
        while let open = rest.firstIndex(of: "{") {
            guard let close = rest[open...].firstIndex(of: "}"),
                let (unit, offset) = placeholder(rest[rest.index(after: open)..<close])
            else { return nil }
            parts.append((String(rest[..<open]), unit, offset))
            if unit == "MM" { monthOffset = offset }
            if unit == "dd" { dayOffset = offset }
            rest = rest[rest.index(after: close)...]
        }
        let date = CivilDate(dayNumber: local.date.dayNumber + dayOffset)
        let months = Int64(date.year * 12 + date.month - 1) + monthOffset
        let shiftedYear = months >= 0 ? months / 12 : (months - 11) / 12
        let shiftedMonth = months - shiftedYear * 12 + 1
        var name = ""
        for part in parts {
            name += part.literal
            switch part.unit {
            case "yyyy": name += String(shiftedYear + part.offset, width: 4)
            case "MM": name += String(shiftedMonth, width: 2)
            default: name += String(date.day, width: 2)
            }
        }
        return name + rest
    }

    private static func placeholder(_ text: Substring) -> (String, Int64)? {
        for unit in ["yyyy", "MM", "dd"] where text.hasPrefix(unit) {
            let tail = text.dropFirst(unit.count)
            if tail.isEmpty { return (unit, 0) }
            guard let sign = tail.first, sign == "+" || sign == "-", tail.count <= 5,
                let offset = Int64(tail), tail.dropFirst().allSatisfy(\.isNumber)
            else { return nil }
            return (unit, offset)
        }
        return nil
    }
}
