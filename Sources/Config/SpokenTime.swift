package import Timetable

/// Times as people say them on a command line: `yesterday`, `-2h`, `07:00`, `2026-03-08`.
///
/// The config takes none of these: what a file means must not depend on when it is read.
package enum SpokenTime {
    /// Where a span without a sign leads: `--since 2h` lies back, `--until 2h` of a pause ahead.
    package enum Direction: Sendable { case back, ahead }

    /// Forms to show to a person whose time was not understood; each of them is understood.
    package static let examples = [
        "yesterday", "07:00", "-2h", "2026-03-08", "2026-03-08T07:00", "2026-03-08T07:00:00Z",
    ]

    /// The instant that a text means.
    ///
    /// - Parameters:
    ///   - text: what the person wrote.
    ///   - zone: where its local times are at home.
    ///   - now: what spans and days count from.
    ///   - direction: where a span without a sign leads.
    /// - Returns: the instant, or a refusal that leads to a right one.
    package static func parse(
        _ text: String, zone: Zone, now: Instant, direction: Direction
    ) -> Result<Instant, TimeArgument.Refusal> {
        let word = text.lowercased().trimmed
        if word == "now" { return .success(now) }
        if let span = span(word, direction) {
            return .success(now.adding(milliseconds: span))
        }
        if let local = named(word, zone: zone, now: now) {
            return local.isWholeDay
                ? .success(zone.beginning(of: local.time.date))
                : TimeArgument.parse(local.time.iso8601, zone: zone)
        }
        if let date = CivilDate(iso8601: word) { return .success(zone.beginning(of: date)) }
        let found = TimeArgument.parse(text.trimmed, zone: zone)
        guard case .failure(let refusal) = found, refusal.message.hasPrefix("not a time") else {
            return found
        }
        return .failure(TimeArgument.Refusal(message: advice(word, now: now)))
    }

    /// A whole day, from its first instant to that of the next one.
    package struct Day: Sendable {
        package var date: CivilDate
        package var instants: Range<Instant>
    }

    /// The day that a text means, `2026-03-08` or `yesterday`; nil: it means an instant, or nothing.
    ///
    /// - Parameters:
    ///   - text: what the person wrote.
    ///   - zone: whose day it is.
    ///   - now: what `yesterday` counts from.
    /// - Returns: the day.
    package static func day(_ text: String, zone: Zone, now: Instant) -> Day? {
        let word = text.lowercased().trimmed
        let spoken = named(word, zone: zone, now: now)
            .flatMap { $0.isWholeDay ? $0.time.date : nil }
        guard let date = CivilDate(iso8601: word) ?? spoken else { return nil }
        let from = zone.beginning(of: date)
        let to = zone.beginning(of: CivilDate(dayNumber: date.dayNumber + 1))
        return from < to ? Day(date: date, instants: from..<to) : nil
    }

    // MARK: The forms

    /// `-2h`, `+30m`, `2d`, `2h ago`, `in 2h`; nil: no span.
    private static func span(_ word: String, _ direction: Direction) -> Int64? {
        var rest = Substring(word)
        var direction = direction
        if rest.hasSuffix(" ago") {
            rest = rest.dropLast(4)
            direction = .back
        } else if rest.hasPrefix("in ") {
            rest = rest.dropFirst(3)
            direction = .ahead
        } else if rest.hasPrefix("-") {
            rest = rest.dropFirst()
            direction = .back
        } else if rest.hasPrefix("+") {
            rest = rest.dropFirst()
            direction = .ahead
        }
        guard let milliseconds = DurationText.milliseconds(String(rest)) else { return nil }
        return direction == .back ? -milliseconds : milliseconds
    }

    /// `yesterday`, `today 07:00`, `07:00`; nil: none of these.
    private static func named(
        _ word: String, zone: Zone, now: Instant
    ) -> (time: LocalDateTime, isWholeDay: Bool)? {
        var names = word.split(separator: " ").map(String.init)
        guard names.count <= 2, let first = names.first else { return nil }
        let shift: Int64? = ["yesterday": -1, "today": 0, "tomorrow": 1][first]
        if shift != nil { names.removeFirst() }
        guard shift != nil || names.count == 1 else { return nil }
        let today = zone.local(at: now).date.dayNumber
        let date = CivilDate(dayNumber: today + (shift ?? 0))
        guard let clock = names.first else {
            return (LocalDateTime(date: date, secondOfDay: 0), true)
        }
        // The reader of whole times knows what a time of day is.
        guard clock.contains(":"), clock.first?.isNumber == true,
            let time = LocalDateTime(iso8601: "2000-01-01T\(clock)")
        else { return nil }
        return (LocalDateTime(date: date, secondOfDay: time.secondOfDay), false)
    }

    // MARK: What to write instead

    /// What to tell a person, with what was most likely meant.
    private static func advice(_ word: String, now: Instant) -> String {
        let list = examples.dropLast().joined(separator: ", ") + " or " + (examples.last ?? "")
        guard let likely = likely(word, now: now) else { return "not a time; write \(list)" }
        return "not a time; did you mean \(likely)? Other forms: \(list)"
    }

    /// The form that was most likely meant, for texts in other countries' and programs' ways.
    package static func likely(_ text: String, now: Instant) -> String? {
        let word = text.lowercased().trimmed
        if let unit = lettered(word) { return unit }
        let numbers = word.split(whereSeparator: { $0 == "/" || $0 == "." || $0 == "-" })
        if numbers.count == 3, let date = date(numbers.map(String.init), word) { return date }
        // 06.00 and 6h30, as clocks are written elsewhere.
        let clock = word.split(whereSeparator: { $0 == "." || $0 == "h" })
        if clock.count == 2, let hour = Int(clock[0]), let minute = Int(clock[1]),
            (0..<24).contains(hour), (0..<60).contains(minute), clock[1].count == 2
        {
            return (hour < 10 ? "0" : "") + "\(hour):\(clock[1])"
        }
        if word.allSatisfy(\.isNumber), let number = Int64(word) {
            if word.count == 10 { return Instant(seconds: number).iso8601 }
            if word.count == 13 { return Instant(milliseconds: number).iso8601 }
        }
        return NearestName.find(word, in: ["yesterday", "today", "tomorrow", "now"])
    }

    /// `2h` of `2 hours`, `2hrs`, `-2 h`.
    private static func lettered(_ word: String) -> String? {
        let sign = word.first == "-" || word.first == "+" ? String(word.prefix(1)) : ""
        let rest = word.dropFirst(sign.count)
        let digits = rest.prefix(while: \.isNumber)
        let letters = String(rest.dropFirst(digits.count)).trimmed
            .replacing(" ago", with: "").trimmed
        guard !digits.isEmpty, digits.count <= 6, !letters.isEmpty else { return nil }
        let units: [(String, String, Int)] = [
            ("seconds", "s", 1), ("secs", "s", 1), ("minutes", "m", 1), ("mins", "m", 1),
            ("hours", "h", 1), ("hrs", "h", 1), ("days", "d", 1), ("weeks", "d", 7),
        ]
        guard
            let unit = units.first(where: { $0.0 == letters || $0.0.dropLast() == letters })
                ?? (letters == "w" ? units.last : nil)
                    ?? units.first(where: { $0.1 == letters }),
            let count = Int(digits)
        else { return nil }
        return "\(sign.isEmpty ? "-" : sign)\(count * unit.2)\(unit.1)"
    }

    /// `2026-03-08` of `3/8/2026`, `8.3.2026` or `2026/3/8`.
    private static func date(_ parts: [String], _ word: String) -> String? {
        guard let first = Int(parts[0]), let second = Int(parts[1]), let third = Int(parts[2])
        else { return nil }
        let isMonthFirst = word.contains("/") && first <= 12
        let (year, month, day) =
            parts[0].count == 4
            ? (first, second, third)
            : isMonthFirst ? (third, first, second) : (third, second, first)
        guard (1970...9999).contains(year), (1...12).contains(month),
            (1...CivilDate.length(ofMonth: month, year: year)).contains(day)
        else { return nil }
        return LocalDateTime(year: year, month: month, day: day).iso8601.prefix(10).description
    }
}

extension String {
    /// Without blanks at both ends.
    fileprivate var trimmed: String {
        var text = Substring(self)
        while text.first?.isWhitespace == true { text = text.dropFirst() }
        while text.last?.isWhitespace == true { text = text.dropLast() }
        return String(text)
    }
}
