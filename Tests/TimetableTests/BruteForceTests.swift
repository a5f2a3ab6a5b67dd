import Testing
import Timetable

/// One year of minutes per zone, tried one by one, against the engine.
///
/// The scan knows nothing of masks, segments or footers: it asks the zone for the offset of every
/// minute and follows Debian cron's manual.
@Suite struct BruteForceTests {
    /// A rule with a definition that the parser has no part in.
    struct Rule: Sendable {
        let text: String
        let isWild: Bool
        let matches: @Sendable (LocalDateTime, _ weekday: Int) -> Bool
    }

    static let rules: [Rule] = [
        Rule(text: "*/15 * * * *", isWild: true) { time, _ in time.minute % 15 == 0 },
        Rule(text: "30 2 * * *", isWild: false) { time, _ in time.minute == 30 && time.hour == 2 },
        Rule(text: "0,20,40 0-3 * * *", isWild: false) { time, _ in
            time.minute % 20 == 0 && time.hour < 4
        },
        Rule(text: "*/10 1,23 * * *", isWild: true) { time, _ in
            time.minute % 10 == 0 && (time.hour == 1 || time.hour == 23)
        },
        Rule(text: "7 * * * *", isWild: true) { time, _ in time.minute == 7 },
        Rule(text: "59 23 1,15 * 1", isWild: false) { time, weekday in
            time.minute == 59 && time.hour == 23
                && ([1, 15].contains(time.date.day) || weekday == 1)
        },
        Rule(text: "0 0 */2 3-11 0", isWild: false) { time, weekday in
            time.secondOfDay == 0 && time.date.day % 2 == 1 && weekday == 0
                && (3...11).contains(time.date.month)
        },
        Rule(text: "5-55/25 22-4 * * 5-1", isWild: false) { time, weekday in
            [5, 30, 55].contains(time.minute) && (time.hour >= 22 || time.hour <= 4)
                && [5, 6, 0, 1].contains(weekday)
        },
    ]

    /// What a cron that looks at the clock every minute does, and the policies by their words.
    private func scan(
        _ rule: Rule, zone: Zone, from: Int64, to: Int64, runsAfterGap: Bool,
        repeats: DSTPolicy.Repeat
    ) -> [Int64] {
        var fired: [Int64] = []
        var offset = Int64(zone.offsetSeconds(at: Instant(seconds: from - 60)))
        var doneUntil = Int64.min
        func matches(_ local: Int64) -> Bool {
            let time = LocalDateTime(localSeconds: local)
            return rule.matches(time, CivilDate.weekday(ofDayNumber: time.date.dayNumber))
        }
        for seconds in stride(from: from, to: to, by: 60) {
            let newOffset = Int64(zone.offsetSeconds(at: Instant(seconds: seconds)))
            let jump = newOffset - offset
            var fires = false
            if jump > 0, jump <= 3 * 3600, runsAfterGap {
                fires = stride(from: seconds + offset, to: seconds + newOffset, by: 60)
                    .contains(where: matches)
            }
            if jump < 0, jump >= -3 * 3600 {
                if repeats == .first { doneUntil = seconds + offset }
                if repeats == .last {
                    // The first pass didn't count: take back what it fired.
                    fired.removeAll { $0 >= seconds + jump && $0 < seconds }
                }
            }
            offset = newOffset
            let local = seconds + offset
            if local >= doneUntil, matches(local) { fires = true }
            if fires { fired.append(seconds) }
        }
        return fired
    }

    /// The whole year, or some days around each of its changes.
    private func windows(_ zone: Zone, year: Int, long: Bool) -> [Range<Int64>] {
        let start = CivilDate(year: year, month: 1, day: 1).dayNumber * 86_400
        let end = CivilDate(year: year + 1, month: 1, day: 1).dayNumber * 86_400
        if long { return [start..<end] }
        let changes = zone.changes(after: Instant(seconds: start), limit: 6).map(\.at.seconds)
        return changes.filter { $0 < end }.map {
            let minute = $0 / 60 * 60
            return minute - 4 * 86_400..<minute + 4 * 86_400
        }
    }

    private func check(zone name: String, year: Int, long: Bool) throws {
        let zone = try SystemZones.zone(name)
        for window in windows(zone, year: year, long: long) {
            for (index, rule) in Self.rules.enumerated() {
                // Debian's rule always, and one of the others in turn.
                try check(rule, .cron, zone, window)
                try check(rule, Self.policies[index % Self.policies.count], zone, window)
            }
        }
    }

    private static let policies: [DSTPolicy] = [
        .explicit(gap: .skip, repeat: .last), .explicit(gap: .runAfter, repeat: .both),
        .explicit(gap: .runAfter, repeat: .first),
    ]

    private func check(
        _ rule: Rule, _ policy: DSTPolicy, _ zone: Zone, _ window: Range<Int64>
    ) throws {
        let (gap, repeats): (DSTPolicy.Gap, DSTPolicy.Repeat) =
            switch policy {
            case .cron: rule.isWild ? (.skip, .both) : (.runAfter, .first)
            case .explicit(let gap, let repeats): (gap, repeats)
            }
        let expected = scan(
            rule, zone: zone, from: window.lowerBound, to: window.upperBound,
            runsAfterGap: gap == .runAfter, repeats: repeats)
        let firing = FiringRule(kind: .cron(try CronRule(rule.text)), zone: zone, dst: policy)
        let label: Comment = "\(rule.text) \(zone.name) \(window) \(policy) \(SystemZones.version)"
        let ahead = firing.occurrences(after: Instant(seconds: window.lowerBound - 1))
            .lazy.map(\.at.seconds).prefixed { $0 < window.upperBound }
        #expect(ahead == expected, label)
        let back = firing.occurrences(backFrom: Instant(seconds: window.upperBound - 1))
            .lazy.map(\.at.seconds).prefixed { $0 >= window.lowerBound }
        #expect(back.reversed() == expected, label)
    }

    @Test(
        "sample zones, minute by minute",
        arguments: [
            ("America/New_York", 2026), ("Europe/Dublin", 2026), ("Australia/Lord_Howe", 2026),
            ("Antarctica/Troll", 2026), ("America/Nuuk", 2026), ("Asia/Gaza", 2026),
            ("Africa/Casablanca", 2026), ("Pacific/Apia", 2011), ("Pacific/Chatham", 2040),
            ("America/St_Johns", 1988), ("Asia/Kathmandu", 1986), ("America/Caracas", 2016),
            ("Africa/Cairo", 2010), ("America/Sao_Paulo", 2018), ("Antarctica/Casey", 2020),
        ])
    func sample(name: String, year: Int) throws {
        try check(zone: name, year: year, long: isLongRun)
    }

    @Test("every zone of the system, minute by minute", .enabled(if: isLongRun))
    func allZones() throws {
        // Links have the same data: one name of each is enough.
        var seen: Set<UInt64> = []
        for name in try SystemZones.names() {
            let hash = try SystemZones.zone(name).contentHash
            if seen.insert(hash).inserted { try check(zone: name, year: 2026, long: true) }
        }
        #expect(seen.count > 300)
    }
}

extension Sequence {
    /// The leading elements that satisfy the condition, without walking an endless sequence.
    func prefixed(while condition: (Element) -> Bool) -> [Element] {
        var found: [Element] = []
        for element in self {
            guard condition(element) else { break }
            found.append(element)
        }
        return found
    }
}
