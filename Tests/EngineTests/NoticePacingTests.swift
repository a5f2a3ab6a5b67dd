import Engine
import Store
import Testing
import Timetable

/// When messages go out, and to whom.
@Suite struct NoticePacingTests {
    /// 2026-11-24T05:00:30Z.
    private static let now = Instant(seconds: 1_795_496_430)

    private static func target(
        quiet: (Int, Int)? = nil, digest: Int? = nil
    ) -> NoticePlan.Target {
        var target = NoticePlan.Target()
        target.quiet = quiet.map {
            NoticePlan.Quiet(fromSecondOfDay: $0.0 * 3600, untilSecondOfDay: $0.1 * 3600)
        }
        target.digestSecondOfDay = digest.map { $0 * 3600 }
        return target
    }

    private static func first(_ target: NoticePlan.Target, last: Int64? = nil) -> String {
        NoticePacing.firstAttempt(
            now: now, last: last.map { now.adding(milliseconds: $0 * 1000) }, target: target
        ).iso8601
    }

    @Test func eventsAreGatheredAndMessagesKeepApart() {
        #expect(Self.first(Self.target()) == "2026-11-24T05:00:35Z")
        #expect(Self.first(Self.target(), last: -10) == "2026-11-24T05:01:20Z")
        #expect(Self.first(Self.target(), last: -3600) == "2026-11-24T05:00:35Z")
        // The clock was set back since.
        #expect(Self.first(Self.target(), last: 7200) == "2026-11-24T05:00:35Z")
    }

    @Test func quietHoursEndWhenTheySay() {
        #expect(Self.first(Self.target(quiet: (22, 7))) == "2026-11-24T07:00:00Z")
        #expect(Self.first(Self.target(quiet: (4, 6))) == "2026-11-24T06:00:00Z")
        #expect(Self.first(Self.target(quiet: (6, 22))) == "2026-11-24T05:00:35Z")
    }

    @Test func aDigestComesOnceADay() {
        #expect(Self.first(Self.target(digest: 7)) == "2026-11-24T07:00:00Z")
        #expect(Self.first(Self.target(digest: 3)) == "2026-11-25T03:00:00Z")
    }

    @Test func aMessageIsTriedForADayAtTheTargetsOwnPace() throws {
        func again(_ attempts: Int, after: Int64 = 0, wish: Int64? = nil) -> Int64? {
            NoticePacing.again(
                attempts: attempts, retryAfterMilliseconds: wish,
                firstAttemptAt: Self.now.adding(milliseconds: -after), seed: 7, now: Self.now
            )?.since(Self.now)
        }
        for attempts in 1...40 {
            let wait = try #require(again(attempts))
            #expect((1000...900_000).contains(wait))
        }
        #expect(again(1, wish: 3_600_000) == 3_600_000)
        let longest: Int64 = 6 * 3_600_000
        #expect(again(1, wish: .max) == longest)
        let day: Int64 = 24 * 3_600_000
        #expect(again(90, after: day - 1) != nil)
        #expect(again(90, after: day) == nil)
        // The host was down over the weekend: that was one attempt, not a day of them.
        #expect(again(1, after: 62 * 3_600_000) != nil)
        #expect(again(NoticePacing.attemptsMin, after: 62 * 3_600_000) == nil)
    }

    @Test func quietHoursHoldForEachAttempt() {
        let night = Self.target(quiet: (22, 7))
        #expect(
            NoticePacing.quietEnd(at: Self.now, target: night)?.iso8601 == "2026-11-24T07:00:00Z")
        #expect(NoticePacing.quietEnd(at: Self.now, target: Self.target(quiet: (6, 22))) == nil)
        #expect(NoticePacing.quietEnd(at: Self.now, target: Self.target()) == nil)
    }

    // MARK: To whom

    private static func event(
        _ kind: EventKind, schedule: String? = nil, connection: String? = nil, subject: String = "x"
    ) -> EventRow {
        EventRow(
            eventID: 1, at: now, kind: kind, subject: subject, words: "", schedule: schedule,
            connection: connection)
    }

    @Test func whoeverIsToldOfASchedulesTroubleIsToldOfWhatItHangsOn() {
        let plan = NoticePlan(
            targets: ["ops": NoticePlan.Target(), "fin": NoticePlan.Target()],
            schedules: [
                ("gl", "prod", [.failed: ["ops"], .trouble: ["ops"]]),
                ("close", "test", [.failed: ["fin", "gone"], .trouble: ["fin"]]),
            ], defaults: [:])
        let down = EventKind(.unreachable)
        #expect(plan.targets(for: Self.event(.slotFailed, schedule: "gl")) == ["ops"])
        #expect(plan.targets(for: Self.event(.slotFailed, schedule: "close")) == ["fin"])
        #expect(plan.targets(for: Self.event(.slotExpired, schedule: "gl")) == [])
        #expect(plan.targets(for: Self.event(down, connection: "prod")) == ["ops"])
        // It waits for a file from its first day on: the ledger doesn't know it yet.
        #expect(plan.targets(for: Self.event(EventKind(.waits), subject: "close")) == ["fin"])
        #expect(plan.targets(for: Self.event(EventKind(.door))) == ["fin", "ops"])
        // That it can't be reached is told to the others.
        #expect(plan.targets(for: Self.event(EventKind(.notify), subject: "ops")) == ["fin"])
    }
}
