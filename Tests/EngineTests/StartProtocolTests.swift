import Engine
import Store
import Testing
import Timetable

/// The pure parts of the start protocol (docs/protocol.md#rules).
@Suite struct StartProtocolTests {
    @Test(arguments: [
        (Int64(0), false, "on time"), (2_700_000, false, "on time"), (2_700_001, false, "late"),
        (0, true, "late"), (21_600_000, false, "late"), (21_600_001, false, "over"),
        (21_600_001, true, "over"),
    ])
    func windowsOfRule8(age: Int64, marked: Bool, expected: String) {
        let due = Instant(seconds: 1_800_000_000)
        let lateness = Lateness.judge(
            windowFrom: due, wasMarkedLate: marked, startWithinMilliseconds: 2_700_000,
            missedWindowMilliseconds: 21_600_000, now: due.adding(milliseconds: age))
        let word =
            switch lateness {
            case .onTime: "on time"
            case .late: "late"
            case .over: "over"
            }
        #expect(word == expected)
    }

    @Test(arguments: [
        ("Close {yyyy}-{MM}", "2026-01-31T23:30:00Z", 0, "Close 2026-01"),
        ("Close {yyyy}-{MM}", "2026-01-31T23:30:00Z", 3600, "Close 2026-02"),
        ("Close {yyyy}-{MM-1}", "2026-01-15T12:00:00Z", 0, "Close 2025-12"),
        ("Q {yyyy+1} {MM+11} {dd}", "2026-02-03T12:00:00Z", 0, "Q 2028 01 03"),
        ("Day {yyyy}{MM}{dd-1}", "2026-03-01T12:00:00Z", 0, "Day 20260228"),
        ("plain", "2026-03-01T12:00:00Z", 0, "plain"),
        ("{MM-1} to {MM}", "2026-08-15T12:00:00Z", 0, "07 to 08"),
        ("{MM} from {MM-1}", "2026-08-15T12:00:00Z", 0, "08 from 07"),
        ("{yyyy}-{MM-1} to {yyyy}-{MM}", "2026-01-15T12:00:00Z", 0, "2025-12 to 2026-01"),
        ("{MM-1}/{yyyy} to {MM}/{yyyy}", "2026-01-15T12:00:00Z", 0, "12/2025 to 01/2026"),
        ("{yyyy} {MM-3} {MM-2} {MM-1}", "2026-04-01T00:00:00Z", 0, "2026 01 02 03"),
        ("{MM}-{dd-7} to {MM}-{dd}", "2026-03-05T12:00:00Z", 0, "02-26 to 03-05"),
        ("{dd-7}.{MM} to {dd}.{MM}", "2026-03-05T12:00:00Z", 0, "26.02 to 05.03"),
        ("FY{yyyy-1} and FY{yyyy}", "2026-03-05T12:00:00Z", 0, "FY2025 and FY2026"),
    ])
    func namePatternsUseTheSlotsLocalDate(
        pattern: String, at: String, offset: Int, name: String
    ) throws {
        let slotAt = try #require(Instant(iso8601: at))
        #expect(NamePattern.expand(pattern, slotAt: slotAt, offsetSeconds: offset) == name)
    }

    @Test(arguments: ["{mm}", "{yyyy", "{yyyy*2}", "{MM-}", "{dd+x}"])
    func unknownPlaceholdersExpandToNothing(pattern: String) {
        let slotAt = Instant(seconds: 1_800_000_000)
        #expect(NamePattern.expand(pattern, slotAt: slotAt, offsetSeconds: 0) == nil)
    }

    @Test func spreadIsAShareOfItselfAndTheSameForTheSameSlot() {
        var schedule = Schedule(
            name: "s", process: .id("p"), connection: "c", trigger: .manual, ruleText: "",
            zone: .utc)
        let slotAt = Instant(seconds: 1_800_000_000)
        #expect(schedule.dueAt(of: slotAt) == slotAt)
        schedule.spreadMilliseconds = 60_000
        var shares: Set<Int64> = []
        for day in 0..<100 {
            let at = slotAt.adding(milliseconds: Int64(day) * 86_400_000)
            let due = schedule.dueAt(of: at)
            #expect(due == schedule.dueAt(of: at))
            #expect((0..<60_000).contains(due.since(at)))
            shares.insert(due.since(at))
        }
        #expect(shares.count > 80)
    }
}
