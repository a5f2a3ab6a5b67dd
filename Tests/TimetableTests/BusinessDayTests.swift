import Testing
import Timetable

/// Business days, rolls and holidays; the tables come from numpy's busday functions.
@Suite struct BusinessDayTests {
    /// The calendars of holidays.tsv.
    private static func calendars() throws -> [String: BusinessCalendar] {
        var weekends: [String: Set<Int>] = [:]
        var holidays: [String: [BusinessCalendar.Holiday]] = [:]
        for line in try fixtureLines("holidays.tsv").dropFirst() {
            let cells = line.split(separator: "\t", omittingEmptySubsequences: false).map(
                String.init)
            weekends[cells[0]] = Set(cells[1].split(separator: ",").compactMap { Int($0) })
            guard let date = CivilDate(iso8601: cells[2]) else { continue }
            holidays[cells[0], default: []].append(.init(date, name: cells[3]))
        }
        return try Dictionary(
            uniqueKeysWithValues: weekends.map { name, weekend in
                (
                    name,
                    try BusinessCalendar(
                        name: name, weekend: weekend, holidays: holidays[name] ?? [])
                )
            })
    }

    /// The first slot of the rule on or after a day, as a day; nil if it lies after `last`.
    private func day(_ kind: FiringRule.Kind, _ calendar: BusinessCalendar, in month: String)
        throws -> String?
    {
        let rule = FiringRule(kind: kind, zone: .utc, calendar: calendar)
        let start = try instant(month + "-01T00:00:00Z").adding(milliseconds: -1)
        guard let next = rule.next(after: start)?.at.iso8601, next.hasPrefix(month) else {
            return nil
        }
        return String(next.prefix(10))
    }

    /// The cells of each line of numpy's answers, and the calendar that the first one names.
    private static func rows() throws -> [(cells: [String], calendar: BusinessCalendar)] {
        let calendars = try calendars()
        return try fixtureLines("business_days.tsv").dropFirst().map { line in
            let cells = line.split(separator: "\t", omittingEmptySubsequences: false).map(
                String.init)
            return (cells, try #require(calendars[cells[0]]))
        }
    }

    @Test("the nth business day, as numpy counts it")
    func nthBusinessDays() throws {
        var wrong: [String] = []
        var count = 0
        for (cells, calendar) in try Self.rows() {
            for cell in cells[2].split(separator: ",") {
                let pair = cell.split(separator: "=").map(String.init)
                guard let index = Int(pair[0]), abs(index) <= 23 else { continue }
                count += 1
                let rule = try BusinessDayRule(index: index, secondOfDay: 0)
                let got = try day(.businessDay(rule), calendar, in: cells[1]) ?? "-"
                if got != pair[1] { wrong.append("\(cells[0]) \(cells[1]) \(cell): got \(got)") }
            }
        }
        #expect(count > 6000)
        #expect(wrong.isEmpty, "\(wrong.count) of \(count): \(wrong.prefix(10))")
    }

    @Test("where days without business move, as numpy rolls them")
    func rolls() throws {
        var wrong: [String] = []
        var count = 0
        for (cells, calendar) in try Self.rows() {
            for cell in cells[3].split(separator: ",") {
                let days = cell.split { $0 == ">" || $0 == "<" }.map(String.init)
                count += 1
                let date = try #require(CivilDate(iso8601: days[0]))
                #expect(!calendar.isBusinessDay(date) && calendar.reason(for: date) != nil)
                let list = FiringRule.Kind.dates(try DateListRule(dates: [date], secondOfDay: 3600))
                for (policy, expected) in [
                    (OnHoliday.nextBusinessDay, days[1]), (.previousBusinessDay, days[2]),
                    (.skip, days[0]), (.run, days[0]),
                ] {
                    let rule = FiringRule(
                        kind: list, zone: .utc, calendar: calendar, onHoliday: policy)
                    let all = Array(rule.occurrences(after: Instant(seconds: 0)))
                    let back = Array(rule.occurrences(backFrom: Instant(seconds: 4_000_000_000)))
                    if all.map(\.at.iso8601) != [expected + "T01:00:00Z"] || back != all {
                        wrong.append("\(cells[0]) \(cell) \(policy): \(all)")
                    }
                    if case .skipped = all.first?.decision {
                        #expect(policy == .skip)
                    } else {
                        #expect(policy != .skip)
                    }
                }
            }
        }
        #expect(count > 5000)
        #expect(wrong.isEmpty, "\(wrong.count) of \(count): \(wrong.prefix(5))")
    }

    private func christmas(_ text: String, _ onHoliday: OnHoliday) throws -> [String] {
        // Christmas 2026 is a Friday; the 26th and 27th are a weekend.
        let calendar = try BusinessCalendar(
            name: "us",
            holidays: [.init(CivilDate(year: 2026, month: 12, day: 25), name: "Christmas Day")])
        let rule = FiringRule(
            kind: .cron(try CronRule(text)), zone: .utc, calendar: calendar, onHoliday: onHoliday)
        let start = try instant("2026-12-23T12:00:00Z")
        let end = try instant("2026-12-29T12:00:00Z")
        let found = rule.occurrences(after: start).prefixed { $0.at < end }
        let back = rule.occurrences(backFrom: end).prefixed { $0.at > start }
        #expect(back.reversed() == found)
        return found.map { occurrence in
            let day = String(occurrence.at.iso8601.dropFirst(8).prefix(5))
            switch occurrence.decision {
            case .run: return day + (occurrence.note == nil ? "" : " noted")
            case .skipped: return day + " skipped"
            case .coalesced: return day + " coalesced"
            }
        }
    }

    @Test func oneInstantIsOneSlot() throws {
        #expect(
            try christmas("0 6 * * *", .skip)
                == ["24T06", "25T06 skipped", "26T06 skipped", "27T06 skipped", "28T06", "29T06"])
        // Monday has a slot of its own: the three others stand aside for it.
        #expect(
            try christmas("0 6 * * *", .nextBusinessDay)
                == [
                    "24T06", "25T06 coalesced", "26T06 coalesced", "27T06 coalesced", "28T06",
                    "29T06",
                ])
        // Without one, the nearest of them moves there.
        #expect(
            try christmas("0 6 25-27 * *", .nextBusinessDay)
                == ["25T06 coalesced", "26T06 coalesced", "28T06 noted"])
        #expect(
            try christmas("0 6 25-27 * *", .previousBusinessDay)
                == ["24T06 noted", "26T06 coalesced", "27T06 coalesced"])
        #expect(
            try christmas("0 6,18 26 * *", .nextBusinessDay) == ["28T06 noted", "28T18 noted"])
        #expect(try christmas("0 6 25 * *", .run) == ["25T06 noted"])
        #expect(
            try christmas("0 6 * * 6", .previousBusinessDay) == ["24T06 noted"])
    }

    @Test func reasonsAreWords() throws {
        let calendar = try BusinessCalendar(
            name: "us",
            holidays: [.init(CivilDate(year: 2026, month: 12, day: 25), name: "Christmas Day")])
        func first(_ text: String, _ onHoliday: OnHoliday) throws -> Occurrence {
            let rule = FiringRule(
                kind: .cron(try CronRule(text)), zone: .utc, calendar: calendar,
                onHoliday: onHoliday)
            return try #require(rule.next(after: try instant("2026-12-23T12:00:00Z")))
        }
        #expect(
            try first("0 6 25 * *", .skip).decision
                == .skipped(reason: "Christmas Day in calendar us"))
        #expect(
            try first("0 6 25 * *", .previousBusinessDay).note
                == "moved from Friday 2026-12-25 (Christmas Day in calendar us)")
        #expect(
            try first("0 6 25,28 * *", .nextBusinessDay).decision
                == .coalesced(
                    reason: "Christmas Day in calendar us: moves to Monday 2026-12-28, "
                        + "which has a slot of its own"))
        #expect(
            try first("0 6 26,27 * *", .nextBusinessDay).decision
                == .coalesced(
                    reason: "weekend in calendar us: moves to Monday 2026-12-28, "
                        + "where the slot of Sunday 2026-12-27 moves too"))
    }

    @Test func elapsedTimeCanOnlyBeSkipped() throws {
        let calendar = try BusinessCalendar(name: "us")
        let rule = FiringRule(
            kind: .every(milliseconds: 43_200_000), zone: .utc, calendar: calendar,
            onHoliday: .nextBusinessDay)
        let from = try instant("2026-12-25T12:00:00Z")  // a Friday
        let decisions = rule.occurrences(after: from).prefix(5).map(\.decision)
        let skipped = Occurrence.Decision.skipped(reason: "weekend in calendar us")
        #expect(decisions == [skipped, skipped, skipped, skipped, .run])
    }

    @Test func calendarsThatEndAreToldInTime() throws {
        let calendar = try BusinessCalendar(
            name: "us", holidays: [.init(CivilDate(year: 2026, month: 12, day: 25))])
        #expect(calendar.lastKnownDay == CivilDate(year: 2026, month: 12, day: 25))
        #expect(calendar.endWarning(on: CivilDate(year: 2026, month: 10, day: 26)) == nil)
        #expect(calendar.endWarning(on: CivilDate(year: 2026, month: 10, day: 27)) != nil)
        #expect(calendar.endWarning(on: CivilDate(year: 2030, month: 1, day: 1)) != nil)
        #expect(
            BusinessCalendar.weekdays.endWarning(on: CivilDate(year: 2030, month: 1, day: 1)) == nil
        )
    }

    @Test func businessDaysThatNoMonthHas() throws {
        let late = try BusinessDayRule(index: 23, months: [2, 4], secondOfDay: 0)
        let weekdays = FiringRule(kind: .businessDay(late), zone: .utc)
        #expect(weekdays.isNever && weekdays.next(after: Instant(seconds: 0)) == nil)
        let every = try BusinessCalendar(name: "every day", weekend: [])
        #expect(!FiringRule(kind: .businessDay(late), zone: .utc, calendar: every).isNever)
        let rare = try BusinessDayRule(index: -23, secondOfDay: 0)
        let rule = FiringRule(kind: .businessDay(rare), zone: .utc)
        #expect(!rule.isNever && rule.next(after: Instant(seconds: 0)) != nil)
    }

    @Test func calendarsThatCannotBe() throws {
        #expect(throws: CalendarError.self) { try BusinessCalendar(name: "x", weekend: Set(0...6)) }
        #expect(throws: CalendarError.self) { try BusinessCalendar(name: "x", weekend: [7]) }
        #expect(throws: CalendarError.self) {
            try BusinessCalendar(
                name: "x", holidays: [.init(CivilDate(year: 2026, month: 2, day: 30))])
        }
        #expect(throws: CalendarError.self) { try BusinessDayRule(index: 0, secondOfDay: 0) }
        #expect(throws: CalendarError.self) { try BusinessDayRule(index: 24, secondOfDay: 0) }
        #expect(throws: CalendarError.self) {
            try BusinessDayRule(index: 1, months: [13], secondOfDay: 0)
        }
        #expect(throws: CalendarError.self) { try BusinessDayRule(index: 1, secondOfDay: 86_400) }
    }

    @Test func rolledSlotsAscendInBothDirections() throws {
        var random = ExpressionGenerator(seed: 77)
        let calendars = try Self.calendars().sorted { $0.key < $1.key }.map(\.value)
        for round in 0..<(isLongRun ? 4000 : 150) {
            let text = random.expression()
            let calendar = calendars[round % calendars.count]
            let onHoliday = [OnHoliday.nextBusinessDay, .previousBusinessDay, .skip][round % 3]
            let rule = FiringRule(
                kind: .cron(try CronRule(text)), zone: try SystemZones.zone("America/New_York"),
                calendar: calendar, onHoliday: onHoliday)
            let start = Instant(seconds: 1_700_000_000 + Int64(random.number(0...200_000_000)))
            let slots = Array(rule.occurrences(after: start).prefix(30))
            #expect(zip(slots, slots.dropFirst()).allSatisfy { $0.at < $1.at }, "\(text)")
            guard let last = slots.last else { continue }
            let back = rule.occurrences(backFrom: last.at).prefixed { $0.at > start }
            #expect(back.reversed() == slots, "\(text) \(calendar.name) \(onHoliday)")
        }
    }
}
