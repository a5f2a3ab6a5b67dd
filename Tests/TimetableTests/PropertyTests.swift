import Testing
import Timetable

/// Laws that every rule obeys, on random expressions, zones and instants from a printed seed.
@Suite struct PropertyTests {
    private static let zones = [
        "UTC", "America/New_York", "Europe/Dublin", "Australia/Lord_Howe", "Antarctica/Troll",
        "Africa/Casablanca", "Pacific/Apia", "America/Nuuk", "Asia/Kathmandu", "Asia/Tehran",
        "America/Asuncion", "Pacific/Kwajalein", "Atlantic/Azores",
    ]

    private static let policies: [DSTPolicy] = [
        .cron, .explicit(gap: .skip, repeat: .first), .explicit(gap: .skip, repeat: .last),
        .explicit(gap: .runAfter, repeat: .both), .explicit(gap: .runAfter, repeat: .last),
    ]

    @Test func nextAndPreviousAgree() throws {
        var random = ExpressionGenerator(seed: 31)
        for round in 0..<(isLongRun ? 60_000 : 3_000) {
            let text = random.expression()
            let rule = try CronRule(text)
            let zone = try SystemZones.zone(
                Self.zones.randomElement(using: &random.source) ?? "UTC")
            let dst = Self.policies.randomElement(using: &random.source) ?? .cron
            let start = random.second(near: zone)
            let label: Comment = "round \(round): \(text) \(zone.name) \(dst) after \(start)"
            guard let next = rule.next(afterSeconds: start, in: zone, dst: dst) else {
                // Years end; a rule that follows the wall clock may only match in gaps.
                let hasYears = text.split(separator: " ").count == 7
                #expect(rule.isNever || hasYears || zone.name != "UTC", label)
                continue
            }
            #expect(next > start, label)
            #expect(rule.previous(atOrBeforeSeconds: next, in: zone, dst: dst) == next, label)
            for _ in 0..<3 {
                let between = Int64.random(in: start..<next, using: &random.source)
                #expect(rule.next(afterSeconds: between, in: zone, dst: dst) == next, label)
            }
            let before = rule.previous(atOrBeforeSeconds: start, in: zone, dst: dst)
            #expect(
                rule.previous(atOrBeforeSeconds: next - 1, in: zone, dst: dst) == before, label)
            if let before {
                #expect(before <= start, label)
                #expect(rule.next(afterSeconds: before, in: zone, dst: dst) == next, label)
            }
        }
    }

    @Test func aFixedOffsetIsShiftedUTC() throws {
        var random = ExpressionGenerator(seed: 5)
        for _ in 0..<1000 {
            let text = random.expression()
            let rule = try CronRule(text)
            let offset = Int.random(in: -50_000...50_000, using: &random.source)
            let zone = Zone(fixedOffsetSeconds: offset, name: "fixed")
            let start = random.second(near: .utc)
            let there = rule.next(afterSeconds: start, in: zone)
            let here = rule.next(afterSeconds: start + Int64(offset), in: .utc)
            #expect(there.map { $0 + Int64(offset) } == here, "\(text) \(offset) \(start)")
        }
    }

    @Test func neverIsProvenAndNothingElseIsNever() throws {
        for text in [
            "0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 30,31 2 *", "0 0 31W 2,4 *", "0 0 */31 2 +1#2",
            "0 0 8-14 * +1#1", "0 0 0 29 2 * 2025-2027", "0 0 0 29 2 * 2100", "0 0 L-30 4 *",
            "0 0 1-7 * +1#5",
        ] {
            let rule = try CronRule(text)
            #expect(rule.isNever, "\(text)")
            #expect(rule.next(afterSeconds: 0, in: .utc) == nil)
            #expect(rule.previous(atOrBeforeSeconds: 0, in: .utc) == nil)
        }
        for text in [
            "0 0 29 2 *", "0 0 29 2 +0", "0 0 * 2 5#5", "0 0 L-28 2 *", "0 0 0 29 2 * 2096",
        ] {
            #expect(try !CronRule(text).isNever, "\(text)")
        }
    }

    @Test func theLongestGapsAreFound() throws {
        // 29 February on a given weekday: up to 40 years over 2100, 12 over other centuries.
        let start = try instant("2080-01-01T00:00:00Z").seconds
        for weekday in 0..<7 {
            let rule = try CronRule("0 0 29 2 +\(weekday)")
            let times = Array(rule.firings(afterSeconds: start, in: .utc).prefix(40))
            #expect(times.count == 40)
            let years = times.map { LocalDateTime(localSeconds: $0).date.year }
            #expect(zip(years, years.dropFirst()).allSatisfy { $1 - $0 <= 40 })
        }
        let zone = try SystemZones.zone("America/New_York")
        let rare = try CronRule("0 0 29 2 +0")
        let far = try instant("2400-03-01T00:00:00Z").seconds
        #expect(rare.next(afterSeconds: far, in: zone) != nil)
    }

    @Test func ruleThatOnlyMatchesInGapsEnds() throws {
        // The second Sunday of March at two o'clock doesn't exist in New York since 2007.
        let zone = try SystemZones.zone("America/New_York")
        let rule = try CronRule("*/10 2 * 3 0#2")
        let now = try instant("2026-01-01T00:00:00Z").seconds
        #expect(rule.next(afterSeconds: now, in: zone) == nil)
        #expect(
            rule.previous(atOrBeforeSeconds: now, in: zone).map { Instant(seconds: $0).iso8601 }
                == "2006-03-12T07:50:00Z")
        // In the year 4000 too: the last one was in 2006, however far the calendar goes.
        let far = try instant("4000-01-01T00:00:00Z").seconds
        #expect(
            rule.previous(atOrBeforeSeconds: far, in: zone).map { Instant(seconds: $0).iso8601 }
                == "2006-03-12T07:50:00Z")
        #expect(rule.next(afterSeconds: far, in: zone) == nil)
    }

    @Test func farInstantsAndTheEndsOfTime() throws {
        let zone = try SystemZones.zone("America/New_York")
        let rule = FiringRule(kind: .cron(try CronRule("30 2 * * *")), zone: zone)
        let far = try instant("2038-02-01T00:00:00Z")
        #expect(rule.next(after: far)?.at.iso8601 == "2038-02-01T07:30:00Z")
        let near = try instant("9999-07-04T00:00:00Z")
        #expect(rule.next(after: near)?.at.iso8601 == "9999-07-04T06:30:00Z")
        let gap = try instant("2500-03-14T05:00:00Z")
        #expect(rule.next(after: gap)?.at.iso8601 == "2500-03-14T07:00:00Z")
        for end in [Int64.min, Int64.min + 1, Int64.max - 1, Int64.max] {
            let at = Instant(milliseconds: end)
            if let next = rule.next(after: at) { #expect(next.at > at) }
            if let previous = rule.previous(atOrBefore: at) { #expect(previous.at <= at) }
            let every = FiringRule(kind: .every(milliseconds: 900_000), zone: zone)
            if let next = every.next(after: at) { #expect(next.at > at) }
            if let previous = every.previous(atOrBefore: at) { #expect(previous.at <= at) }
        }
    }

    @Test func yearsEndTheRule() throws {
        let rule = try CronRule("0 0 12 1 1 * 2026,2030/50")
        let years = rule.firings(afterSeconds: 0, in: .utc).map {
            LocalDateTime(localSeconds: $0).date.year
        }
        #expect(years == [2026, 2030, 2080, 2130, 2180])
        let past = try CronRule("0 0 12 1 1 * 1999")
        let now = try instant("2026-01-01T00:00:00Z").seconds
        #expect(!past.isNever)
        #expect(past.next(afterSeconds: now, in: .utc) == nil)
        #expect(
            past.previous(atOrBeforeSeconds: now * 1000, in: .utc)
                .map { Instant(seconds: $0).iso8601 } == "1999-01-01T12:00:00Z")
    }

    @Test func aRuleIsSmall() {
        #expect(MemoryLayout<CronRule>.size < 200)
        #expect(MemoryLayout<FiringRule>.size < 400)
    }
}
