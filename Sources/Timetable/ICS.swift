/// Reads holidays from iCalendar text (RFC 5545): the part of it that holiday files use.
///
/// Every VEVENT counts, except those with `STATUS:CANCELLED`: its days from DTSTART to DTEND or
/// DURATION, repeated by RRULE and RDATE, without EXDATE. What isn't understood is an error with
/// its line, never a holiday that is silently missing.
package enum ICS {
    /// The last year that rules without an end are followed to.
    package static let horizonYear = 2100

    /// The holidays of a text.
    ///
    /// - Parameters:
    ///   - text: the whole file.
    ///   - zone: the zone whose days are meant where a time is given in UTC.
    /// - Throws: `CalendarError` with the line.
    /// - Returns: the days in the order of the file's events.
    package static func parse(
        _ text: String, zone: Zone = .utc
    ) throws(CalendarError) -> [BusinessCalendar.Holiday] {
        let events = try events(of: try properties(of: text), zone: zone)
        var replaced: Set<Replaced> = []
        for event in events {
            if let day = event.replacedDay { replaced.insert(Replaced(uid: event.uid, day: day)) }
        }
        var found: [BusinessCalendar.Holiday] = []
        for event in events where !event.isCancelled {
            for start in try event.startDays() {
                let isReplaced =
                    event.replacedDay == nil
                    && replaced.contains(Replaced(uid: event.uid, day: start))
                if isReplaced { continue }
                for day in start..<start + event.length {
                    found.append(.init(CivilDate(dayNumber: day), name: event.summary))
                }
            }
            guard found.count <= 200_000 else {
                throw CalendarError("the events make more than 200,000 days", line: event.line)
            }
        }
        return found
    }

    /// An instance of a repeated event that another event replaces (RECURRENCE-ID).
    private struct Replaced: Hashable {
        let uid: String
        let day: Int64
    }

    /// One content line.
    struct Property {
        let name: String
        let parameters: [(name: String, value: String)]
        let value: String
        let line: Int

        func parameter(_ name: String) -> String? {
            parameters.first { $0.name == name }?.value
        }
    }

    /// The content lines: folded lines are joined, names are in upper case.
    private static func properties(of text: String) throws(CalendarError) -> [Property] {
        var unfolded: [(text: String, line: Int)] = []
        for (index, line) in lines(of: text).enumerated() where !line.isEmpty {
            let isFolded = line.utf8.first == 0x20 || line.utf8.first == 0x09
            if isFolded, !unfolded.isEmpty {
                unfolded[unfolded.count - 1].text +=
                    String(decoding: line.utf8.dropFirst(), as: UTF8.self)
            } else {
                unfolded.append((line, index + 1))
            }
        }
        var properties: [Property] = []
        for (text, line) in unfolded { properties.append(try property(text, line: line)) }
        return properties
    }

    /// Parses `NAME;PARAM=value;PARAM="quoted":value`.
    private static func property(_ text: String, line: Int) throws(CalendarError) -> Property {
        var parts: [[UInt8]] = [[]]
        var isQuoted = false
        var rest = text.utf8[...]
        while let byte = rest.first {
            rest = rest.dropFirst()
            switch byte {
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: ";") where !isQuoted: parts.append([])
            case UInt8(ascii: ":") where !isQuoted:
                let words = parts.map { String(decoding: $0, as: UTF8.self) }
                let parameters = words.dropFirst().map { word -> (name: String, value: String) in
                    let pair = word.split(
                        separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                    return (pair[0].uppercased(), pair.count > 1 ? String(pair[1]) : "")
                }
                return Property(
                    name: words[0].uppercased(), parameters: parameters,
                    value: String(decoding: rest, as: UTF8.self), line: line)
            default: parts[parts.count - 1].append(byte)
            }
        }
        throw CalendarError("this isn't an iCalendar line (no colon)", line: line)
    }

    /// The events of the calendar; time zone definitions, alarms and to-dos are passed over.
    private static func events(
        of properties: [Property], zone: Zone
    ) throws(CalendarError) -> [ICSEvent] {
        guard let first = properties.first, first.name == "BEGIN",
            first.value.uppercased() == "VCALENDAR"
        else { throw CalendarError("this is no iCalendar file (no BEGIN:VCALENDAR)", line: 1) }
        var open: [String] = []
        var events: [ICSEvent] = []
        var event: ICSEvent?
        for property in properties {
            let component = trimmed(property.value).uppercased()
            if property.name == "BEGIN" {
                open.append(component)
                if component == "VEVENT" { event = ICSEvent(line: property.line, zone: zone) }
            } else if property.name == "END" {
                guard open.popLast() == component else {
                    throw CalendarError(
                        "END:\(component.prefix(20)) closes nothing", line: property.line)
                }
                if component == "VEVENT", let finished = event {
                    events.append(try finished.checked())
                    event = nil
                }
            } else if open.last == "VEVENT" {
                try event?.add(property)
            }
        }
        guard open.isEmpty else {
            throw CalendarError("the file ends within \(open[open.count - 1].prefix(20))")
        }
        return events
    }
}
