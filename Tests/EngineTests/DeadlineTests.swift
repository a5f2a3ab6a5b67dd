import Engine
import Store
import Testing
import Timetable

/// What becomes of a deadline, from what is known of its slot and run.
@Suite struct DeadlineTests {
    private static let at = Instant(seconds: 1_795_496_400)
    private static func minutes(_ count: Int64) -> Instant {
        at.adding(milliseconds: count * 60_000)
    }

    private static func row(
        _ kind: DeadlineKind, _ disposition: Disposition, ended: Int64? = nil,
        created: Int64? = nil,
        completed: Int64? = nil, isOpen: Bool = false, polled: Int64? = nil
    ) -> DeadlineRow {
        DeadlineRow(
            slotID: 1, kind: kind, at: at, disposition: disposition, endedAt: ended.map(minutes),
            runKey: 1, runCreatedAt: created.map(minutes), runCompletedAt: completed.map(minutes),
            isRunOpen: isOpen, lastPolledAt: polled.map(minutes))
    }

    @Test(arguments: [
        (row(.start, .pending), DeadlineVerdict.missed), (row(.start, .unknown), .missed),
        (row(.start, .held), .missed), (row(.start, .skipped), .void),
        (row(.start, .failed), .void), (row(.finish, .missed), .void),
        (row(.start, .started, ended: -1), .met), (row(.start, .started, ended: 1), .missed),
        // Adopted late, but it ran in time.
        (row(.start, .started, ended: 5, created: -2), .met),
        (row(.finish, .held), .missed),
        (row(.finish, .started, ended: -60, completed: -1), .met),
        (row(.finish, .started, ended: -60, completed: 1), .missed),
        (row(.finish, .started, ended: -60, isOpen: true, polled: 0), .missed),
        // Read before the deadline only: it may have ended since.
        (row(.finish, .started, ended: -60, isOpen: true, polled: -1), nil),
    ])
    func verdict(row: DeadlineRow, expected: DeadlineVerdict?) {
        #expect(Deadline.judge(row, now: Self.at.adding(milliseconds: 1000)) == expected)
    }

    @Test func aReadIsNotWaitedForForEver() {
        let row = Self.row(.finish, .started, ended: -60, isOpen: true, polled: -1)
        #expect(Deadline.judge(row, now: Self.minutes(3)) == .missed)
    }

    @Test func finishByIsOfTheSlotsLocalDay() throws {
        var schedule = Schedule(
            name: "s", process: .id("p"), connection: "c", trigger: .manual, ruleText: "",
            zone: Zone(fixedOffsetSeconds: 3600, name: "+1"))
        // 06:00 local.
        let slot = Instant(seconds: 1_795_496_400)
        #expect(schedule.finishBy(slot) == nil && schedule.startBy(slot) == nil)
        schedule.finishBy = FinishBy(secondOfDay: 18 * 3600, days: 0)
        #expect(schedule.finishBy(slot)?.iso8601 == "2026-11-24T17:00:00Z")
        schedule.finishBy = FinishBy(secondOfDay: 5 * 3600, days: 1)
        #expect(schedule.finishBy(slot)?.iso8601 == "2026-11-25T04:00:00Z")
        // It was over before the slot was asked for.
        schedule.finishBy = FinishBy(secondOfDay: 5 * 3600, days: 0)
        #expect(schedule.finishBy(slot) == nil)
        schedule.finishBy = FinishBy(secondOfDay: 0, days: 1)
        #expect(schedule.finishBy(slot)?.iso8601 == "2026-11-24T23:00:00Z")
    }
}
