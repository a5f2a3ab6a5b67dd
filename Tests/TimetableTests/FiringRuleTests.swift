import Testing
import Timetable

/// What schedules see of a rule: decisions, notes, fingerprints, gaps.
@Suite struct FiringRuleTests {
    private func newYork(
        _ text: String, dst: DSTPolicy = .cron, calendar: BusinessCalendar? = nil,
        onHoliday: OnHoliday = .skip
    ) throws -> FiringRule {
        FiringRule(
            kind: .cron(try CronRule(text)), zone: try SystemZones.zone("America/New_York"),
            dst: dst, calendar: calendar, onHoliday: onHoliday)
    }

    /// The rule, the policy, the start, and the next three instants in UTC.
    static let policies: [(String, DSTPolicy, String, [String])] = [
        ("30 2 * * *", .cron, "2026-03-08T05:00:00Z", ["08T07:00", "09T06:30", "10T06:30"]),
        (
            "30 2 * * *", .explicit(gap: .skip, repeat: .first), "2026-03-08T05:00:00Z",
            ["09T06:30", "10T06:30", "11T06:30"]
        ),
        ("*/30 2 * * *", .cron, "2026-03-08T05:00:00Z", ["09T06:00", "09T06:30", "10T06:00"]),
        (
            "*/30 2 * * *", .explicit(gap: .runAfter, repeat: .first), "2026-03-08T05:00:00Z",
            ["08T07:00", "09T06:00", "09T06:30"]
        ),
        ("30 1 * * *", .cron, "2026-11-01T04:00:00Z", ["01T05:30", "02T06:30", "03T06:30"]),
        (
            "30 1 * * *", .explicit(gap: .skip, repeat: .last), "2026-11-01T04:00:00Z",
            ["01T06:30", "02T06:30", "03T06:30"]
        ),
        (
            "30 1 * * *", .explicit(gap: .skip, repeat: .both), "2026-11-01T04:00:00Z",
            ["01T05:30", "01T06:30", "02T06:30"]
        ),
        ("0 * * * *", .cron, "2026-11-01T04:30:00Z", ["01T05:00", "01T06:00", "01T07:00"]),
        (
            "0 * * * *", .explicit(gap: .skip, repeat: .first), "2026-11-01T04:30:00Z",
            ["01T05:00", "01T07:00", "01T08:00"]
        ),
    ]

    @Test("DST policies", arguments: policies)
    func policy(text: String, dst: DSTPolicy, from: String, expected: [String]) throws {
        let rule = try newYork(text, dst: dst)
        let times = rule.occurrences(after: try instant(from)).prefix(3).map(\.at.iso8601)
        #expect(times == expected.map { from.prefix(8) + $0 + ":00Z" })
    }

    @Test func repeatedTimesAreNoted() throws {
        let rule = try newYork("30 1 * * *", dst: .explicit(gap: .skip, repeat: .both))
        let from = try instant("2026-11-01T04:00:00Z")
        let notes = rule.occurrences(after: from).prefix(3).map(\.note)
        #expect(notes[0]?.hasSuffix("this is the first time") == true)
        #expect(notes[1]?.hasSuffix("this is the second time") == true)
        #expect(notes[2] == nil)
    }

    @Test func everyIsAlignedToTheEpoch() throws {
        let rule = FiringRule(
            kind: .every(milliseconds: 900_000), zone: try SystemZones.zone("Asia/Kathmandu"))
        let from = try instant("2026-03-08T06:59:59.999Z")
        #expect(rule.next(after: from)?.at.iso8601 == "2026-03-08T07:00:00Z")
        #expect(rule.next(after: from)?.utcOffsetSeconds == 20_700)
        #expect(rule.previous(atOrBefore: from)?.at.iso8601 == "2026-03-08T06:45:00Z")
        let early = try instant("1969-12-31T23:50:00Z")
        #expect(rule.next(after: early)?.at.milliseconds == 0)
        #expect(rule.shortestGapMilliseconds == 900_000)
        #expect(FiringRule(kind: .every(milliseconds: 0), zone: .utc).isNever)
        #expect(FiringRule(kind: .every(milliseconds: 0), zone: .utc).next(after: early) == nil)
    }

    @Test func millisecondsCount() throws {
        let rule = try newYork("0 12 * * *")
        let noon = try instant("2026-06-01T16:00:00Z")
        #expect(rule.next(after: noon.adding(milliseconds: -1))?.at == noon)
        #expect(rule.next(after: noon)?.at.iso8601 == "2026-06-02T16:00:00Z")
        #expect(rule.previous(atOrBefore: noon)?.at == noon)
        #expect(
            rule.previous(atOrBefore: noon.adding(milliseconds: -1))?.at.iso8601
                == "2026-05-31T16:00:00Z")
    }

    @Test func rebootEnumeratesNothing() {
        let rule = FiringRule(kind: .reboot, zone: .utc)
        #expect(rule.isReboot && !rule.isNever)
        #expect(rule.next(after: Instant(seconds: 0)) == nil)
        #expect(rule.previous(atOrBefore: Instant(seconds: 0)) == nil)
        #expect(rule.shortestGapMilliseconds == nil)
    }

    @Test func datesAreSlots() throws {
        let list = try DateListRule(
            dates: ["2027-01-04", "2026-12-31", "2026-12-31", "2026-03-08"].compactMap {
                CivilDate(iso8601: $0)
            }, secondOfDay: 2 * 3600 + 1800)
        let rule = FiringRule(kind: .dates(list), zone: try SystemZones.zone("America/New_York"))
        let all = rule.occurrences(after: try instant("2026-01-01T00:00:00Z")).map(\.at.iso8601)
        #expect(all == ["2026-03-08T07:00:00Z", "2026-12-31T07:30:00Z", "2027-01-04T07:30:00Z"])
        let back = rule.occurrences(backFrom: try instant("2027-01-04T07:30:00Z")).map(\.at.iso8601)
        #expect(back == all.reversed())
        #expect(FiringRule(kind: .dates(try .init(dates: [], secondOfDay: 0)), zone: .utc).isNever)
        #expect(throws: CalendarError.self) {
            try DateListRule(dates: [CivilDate(year: 2026, month: 2, day: 30)], secondOfDay: 0)
        }
    }

    static let gaps: [(String, Int64?)] = [
        ("* * * * *", 60), ("*/15 * * * *", 900), ("0 6,18 * * *", 39_600),
        ("55,5 * * * *", 600), ("59 23 * * *", 86_400 - 3600), ("0 0,23 * * *", 3600),
        ("0,58 0,23 * * *", 120), ("* * * * * *", 1), ("0 0 30 2 *", nil),
        // 02:30 runs at 03:00 when clocks go forward, 15 minutes before 03:15.
        ("30 2 * * *", 84_600), ("0 1 * * *", 82_800),
    ]

    @Test("the shortest gap", arguments: gaps)
    func shortestGap(text: String, seconds: Int64?) throws {
        #expect(try newYork(text).shortestGapMilliseconds == seconds.map { $0 * 1000 })
    }

    @Test func aGapMayBeShorterOnADayOfChange() throws {
        #expect(try newYork("15,45 2,3 * * *").shortestGapMilliseconds == 15 * 60_000)
        // Clocks go back from 02:00 to 01:00: ten minutes from 01:50 to 01:00 again.
        #expect(try newYork("*/25 1 * * *").shortestGapMilliseconds == 10 * 60_000)
    }
}
