/// A VEVENT: the days it covers.
struct ICSEvent {
    /// The line of its BEGIN.
    let line: Int
    private let zone: Zone
    private(set) var uid = ""
    private(set) var summary = ""
    private(set) var isCancelled = false
    /// The day of the instance that this event replaces.
    private(set) var replacedDay: Int64?
    private var start: ICSTime?
    private var end: ICSTime?
    private var duration: Int64?
    private var recurrence: ICSRecurrence?
    private var extraDays: [Int64] = []
    private var excludedDays: Set<Int64> = []

    init(line: Int, zone: Zone) {
        self.line = line
        self.zone = zone
    }

    /// Takes in a property of the event.
    mutating func add(_ property: ICS.Property) throws(CalendarError) {
        switch property.name {
        case "UID": uid = property.value
        case "SUMMARY": summary = ICSEvent.unescaped(property.value)
        case "STATUS": isCancelled = trimmed(property.value).uppercased() == "CANCELLED"
        case "DTSTART": start = try time(property.value, property)
        case "DTEND": end = try time(property.value, property)
        case "DURATION": duration = try ICSEvent.duration(property)
        case "RECURRENCE-ID": replacedDay = try time(property.value, property).day
        case "RRULE":
            guard recurrence == nil else {
                throw CalendarError("a second RRULE isn't supported", line: property.line)
            }
            recurrence = try ICSRecurrence(property, zone: zone)
        case "EXRULE":
            throw CalendarError("EXRULE isn't supported", line: property.line)
        case "RDATE", "EXDATE":
            for value in property.value.split(separator: ",") {
                // A period's start is enough: RDATE periods are as long as the event here.
                let first = value.split(separator: "/", maxSplits: 1).first ?? value
                let day = try time(String(first), property).day
                if property.name == "RDATE" {
                    extraDays.append(day)
                } else {
                    excludedDays.insert(day)
                }
            }
        default: break
        }
    }

    /// The event, if it is complete.
    func checked() throws(CalendarError) -> ICSEvent {
        guard start != nil else { throw CalendarError("an event has no DTSTART", line: line) }
        guard length >= 1, length <= 366 else {
            throw CalendarError("an event ends before it starts, or after a year", line: line)
        }
        return self
    }

    /// The number of days that the event covers each time.
    var length: Int64 {
        guard let start else { return 0 }
        if let end {
            // An end is the first moment that doesn't belong to the event.
            let isWhole = end.secondOfDay == 0 && end.day > start.day
            return end.day - start.day + (isWhole ? 0 : 1)
        }
        guard let duration, duration > 0 else { return duration == nil ? 1 : 0 }
        return (Int64(start.secondOfDay) + duration + 86_399) / 86_400
    }

    /// The first days of the event's instances, sorted.
    func startDays() throws(CalendarError) -> [Int64] {
        guard let start else { return [] }
        var days = Set(extraDays)
        days.insert(start.day)
        if let recurrence { days.formUnion(try recurrence.days(from: start)) }
        return days.subtracting(excludedDays).sorted()
    }

    private func time(
        _ text: String, _ property: ICS.Property
    ) throws(CalendarError) -> ICSTime {
        guard let time = ICSTime(trimmed(text), zone: zone) else {
            throw CalendarError(
                "“\(text.prefix(40))” is no date (yyyymmdd, or with Thhmmss)", line: property.line)
        }
        return time
    }

    /// Parses `P1D`, `PT24H`, `P1W` and the like as seconds.
    private static func duration(_ property: ICS.Property) throws(CalendarError) -> Int64 {
        let damaged = CalendarError(
            "“\(property.value.prefix(40))” is no duration", line: property.line)
        var bytes = Array(trimmed(property.value).uppercased().utf8)[...]
        if bytes.first == UInt8(ascii: "+") { bytes.removeFirst() }
        guard bytes.popFirst() == UInt8(ascii: "P"), !bytes.isEmpty else { throw damaged }
        var total: Int64 = 0
        var isTime = false
        var number: Int64?
        for byte in bytes {
            if byte == UInt8(ascii: "T"), number == nil, !isTime {
                isTime = true
                continue
            }
            if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
                number = (number ?? 0) * 10 + Int64(byte - UInt8(ascii: "0"))
                if number ?? 0 > 1_000_000_000 { throw damaged }
                continue
            }
            guard let count = number else { throw damaged }
            switch byte {
            case UInt8(ascii: "W") where !isTime: total += count * 7 * 86_400
            case UInt8(ascii: "D") where !isTime: total += count * 86_400
            case UInt8(ascii: "H") where isTime: total += count * 3600
            case UInt8(ascii: "M") where isTime: total += count * 60
            case UInt8(ascii: "S") where isTime: total += count
            default: throw damaged
            }
            number = nil
            if total > 1_000_000_000_000 { throw damaged }
        }
        guard number == nil else { throw damaged }
        return total
    }

    /// A text value without its backslashes.
    private static func unescaped(_ text: String) -> String {
        var result = ""
        var isEscaped = false
        for scalar in text.unicodeScalars {
            if isEscaped {
                result.unicodeScalars.append(scalar == "n" || scalar == "N" ? " " : scalar)
                isEscaped = false
            } else if scalar == "\\" {
                isEscaped = true
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return trimmed(result)
    }
}

/// A DATE or DATE-TIME on the wall clock of the calendar's zone.
struct ICSTime {
    var day: Int64
    var secondOfDay = 0

    /// Parses `20261225`, `20261225T093000`, or that with `Z` for UTC.
    init?(_ text: String, zone: Zone) {
        var reader = DigitReader(text)
        guard let year = reader.digits(4), let month = reader.digits(2),
            let dayOfMonth = reader.digits(2)
        else { return nil }
        let date = CivilDate(year: year, month: month, day: dayOfMonth)
        guard date.isValid else { return nil }
        day = date.dayNumber
        if reader.isAtEnd { return }
        guard reader.take(UInt8(ascii: "T")), let hour = reader.digits(2),
            let minute = reader.digits(2), let second = reader.digits(2),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        secondOfDay = hour * 3600 + minute * 60 + min(second, 59)
        if reader.isAtEnd { return }
        guard reader.take(UInt8(ascii: "Z")), reader.isAtEnd else { return nil }
        let local = zone.local(at: Instant(seconds: day * 86_400 + Int64(secondOfDay)))
        day = local.date.dayNumber
        secondOfDay = local.secondOfDay
    }
}
