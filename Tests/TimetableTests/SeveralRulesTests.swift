import Testing
import Timetable

/// Several rules in one: the instants of all, each once, and who made them.
@Suite struct SeveralRulesTests {
    private func several(
        _ texts: [String], zone: String = "America/New_York", dst: DSTPolicy = .cron,
        calendar: BusinessCalendar? = nil, onHoliday: OnHoliday = .skip
    ) throws -> FiringRule {
        FiringRule(
            kind: .several(
                try texts.map { FiringRule.Part(kind: .cron(try CronRule($0)), text: $0) }),
            zone: try SystemZones.zone(zone), dst: dst, calendar: calendar, onHoliday: onHoliday)
    }

    @Test func whereTheyMeetThereIsOneInstantThatNamesBoth() throws {
        let rule = try several(["0 6 * * 1-5", "0 6 L * *", "0 9 L * *"], zone: "UTC")
        let found = Array(
            rule.occurrences(after: try instant("2026-11-29T07:00:00Z")).prefix(3))
        #expect(
            found.map(\.at.iso8601) == [
                "2026-11-30T06:00:00Z", "2026-11-30T09:00:00Z", "2026-12-01T06:00:00Z",
            ])
        #expect(
            found.map(\.ruleNote) == [
                "by rules \"0 6 * * 1-5\" and \"0 6 L * *\"", "by rule \"0 9 L * *\"",
                "by rule \"0 6 * * 1-5\"",
            ])
    }

    @Test func eachRuleKeepsItsOwnWayThroughAClockChange() throws {
        // A fixed time in the gap runs right after it; a star follows the wall clock and leaves it out.
        let rule = try several(["30 2 * * *", "*/20 2 * * *"])
        let found = Array(
            rule.occurrences(after: try instant("2026-03-08T05:00:00Z")).prefix(3))
        #expect(
            found.map(\.at.iso8601) == [
                "2026-03-08T07:00:00Z", "2026-03-09T06:00:00Z", "2026-03-09T06:20:00Z",
            ])
        #expect(found.first?.rules == ["30 2 * * *"])
        #expect(found.first?.note?.contains("doesn't exist") == true)
        // In autumn the star runs twice, the fixed time in the first pass, where both meet at 01:30.
        let autumn = try several(["30 1 * * *", "*/30 1 * * *"])
        let twice = autumn.occurrences(after: try instant("2026-11-01T04:00:00Z")).prefix(4)
        #expect(twice.map(\.rules.count) == [1, 2, 1, 1])
    }

    @Test func oneRuleThatRunsIsEnoughOnAHoliday() throws {
        let calendar = try BusinessCalendar(
            name: "us", holidays: [.init(CivilDate(year: 2026, month: 12, day: 25), name: "Xmas")])
        let daily = FiringRule.Part(kind: .cron(try CronRule("0 6 * * *")), text: "0 6 * * *")
        let business = FiringRule.Part(
            kind: .businessDay(try BusinessDayRule(index: -1, secondOfDay: 6 * 3600)),
            text: "the last business day at 06:00")
        let rule = FiringRule(
            kind: .several([daily, business]), zone: .utc, calendar: calendar, onHoliday: .skip)
        let skipped = try #require(rule.next(after: try instant("2026-12-25T00:00:00Z")))
        #expect(skipped.decision == .skipped(reason: "Xmas in calendar us"))
        let both = try #require(rule.next(after: try instant("2026-12-31T00:00:00Z")))
        #expect(both.decision == .run && both.rules.count == 2)
        // Moved onto Monday, where the other rule has a slot: one slot, due by both.
        let moved = try several(
            ["0 6 * * 5", "0 6 * * 1"], zone: "UTC", calendar: calendar,
            onHoliday: .nextBusinessDay)
        let monday = try #require(moved.next(after: try instant("2026-12-24T12:00:00Z")))
        #expect(monday.at.iso8601 == "2026-12-28T06:00:00Z" && monday.rules.count == 2)
        #expect(monday.note?.contains("moved from Friday 2026-12-25") == true)
    }

    /// The union, found by a naive merge, both ways, around clock changes.
    @Test func theyAreTheUnionOfTheirRules() throws {
        var random = ExpressionGenerator(seed: 14)
        for round in 0..<(isLongRun ? 5_000 : 400) {
            let texts = (0..<3).map { _ in random.expression() }
            let zone = ["America/New_York", "Europe/Dublin", "Australia/Lord_Howe", "UTC"][
                round % 4]
            let rule = try several(texts, zone: zone)
            let start = Instant(seconds: random.second(near: rule.zone))
            var expected = Set<Int64>()
            for part in rule.parts {
                for found in part.occurrences(after: start).prefix(6) {
                    expected.insert(found.at.milliseconds)
                }
            }
            let label: Comment = "\(texts) in \(zone) after \(start.iso8601)"
            let found = Array(rule.occurrences(after: start).prefix(6).map(\.at.milliseconds))
            #expect(found == Array(expected.sorted().prefix(6)), label)
            if let last = found.last {
                let back = rule.occurrences(backFrom: Instant(milliseconds: last)).prefix(
                    found.count)
                #expect(back.map(\.at.milliseconds) == found.reversed(), label)
            }
        }
    }

    /// No slot of theirs falls on a day without business: nothing is skipped or moved.
    @Test func severalBusinessDaysHaveTheNoteOfOne() throws {
        let calendar = try BusinessCalendar(name: "us-close")
        let days = try [3, -1].map { index in
            FiringRule.Part(
                kind: .businessDay(try BusinessDayRule(index: index, secondOfDay: 0)),
                text: "\(index)")
        }
        func note(_ parts: [FiringRule.Part]) -> String? {
            let rule = FiringRule(kind: .several(parts), zone: .utc, calendar: calendar)
            return Explanation(rule, from: Instant(seconds: 0)).calendarNote
        }
        #expect(note(days) == "Business days are those of calendar us-close.")
        let cron = FiringRule.Part(kind: .cron(try CronRule("0 6 * * *")), text: "cron")
        #expect(note(days + [cron])?.hasSuffix("of calendar us-close are skipped.") == true)
    }

    @Test func explanationsSayEachRule() throws {
        let texts = ["0 6 * * 1-5", "*/30 2 L * *"]
        let said = Explanation(
            try several(texts), expressions: try texts.map { try CronExpression($0) },
            from: try instant("2026-01-01T00:00:00Z")
        ).text
        #expect(said.hasPrefix("Whenever one of 2 rules is due; where they meet, once.\n"))
        #expect(said.contains("  \"0 6 * * 1-5\": At 06:00, Monday through Friday.\n"))
        #expect(said.contains("(by rule \"0 6 * * 1-5\")"))
        #expect(said.contains("Clocks in America/New_York go forward"))
    }
}
