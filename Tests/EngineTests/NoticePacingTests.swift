import Engine
import Foundation
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
        func again(
            _ attempts: Int, after: Int64 = 0, wish: Int64? = nil,
            to receiver: Receiver = .target("ops")
        ) -> Int64? {
            NoticePacing.again(
                attempts: attempts, retryAfterMilliseconds: wish,
                firstAttemptAt: Self.now.adding(milliseconds: -after), seed: 7,
                to: receiver, now: Self.now
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
        // A beat tells of its instant: an hour later it is over, however often it was tried.
        let hour: Int64 = 3_600_000
        #expect(again(1, after: hour - 1, to: .heartbeat(of: "s")) != nil)
        #expect(again(1, after: hour, to: .heartbeat(of: "s")) == nil)
        #expect(again(1, after: hour, to: .target("heartbeat:s")) != nil)
    }

    /// Berlin's clocks go from 02:00 to 03:00 on 2027-03-28, and from 03:00 back to 02:00 on 2026-10-25.
    @Test(
        arguments: [
            // Quiet until 02:30, which that night doesn't have: until the clocks have jumped over it.
            ("2027-03-28T00:59:59Z", 23.0, 2.5, "2027-03-28T01:00:00Z"),
            // The quiet hour itself is left out: nothing is quiet.
            ("2027-03-28T00:59:59Z", 2.0, 3.0, nil), ("2027-03-28T01:00:00Z", 2.0, 3.0, nil),
            // 02:30 comes twice: quiet until the first of the two, and again in the second half hour.
            ("2026-10-25T00:00:00Z", 23.0, 2.5, "2026-10-25T00:30:00Z"),
            ("2026-10-25T01:00:00Z", 23.0, 2.5, "2026-10-25T01:30:00Z"),
            // A night that ends when it begins but for a second, and one of a second only.
            ("2026-11-24T12:00:00Z", 0.0, 86_399.0 / 3600, "2026-11-24T22:59:59Z"),
            ("2026-11-24T22:59:59Z", 86_399.0 / 3600, 0.0, "2026-11-24T23:00:00Z"),
        ] as [(String, Double, Double, String?)])
    func quietHoursKnowThatClocksChange(
        at: String, from: Double, until: Double, end: String?
    ) throws {
        var target = NoticePlan.Target()
        let path = "/usr/share/zoneinfo/Europe/Berlin"
        let data = try #require(FileManager.default.contents(atPath: path))
        target.zone = try Zone(name: "Europe/Berlin", tzif: Array(data))
        target.quiet = NoticePlan.Quiet(
            fromSecondOfDay: Int((from * 3600).rounded()),
            untilSecondOfDay: Int((until * 3600).rounded()))
        let instant = try #require(Instant(iso8601: at))
        #expect(NoticePacing.quietEnd(at: instant, target: target)?.iso8601 == end)
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
