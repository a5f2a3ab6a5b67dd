import Engine
import Store
import Testing
import Timetable

/// Windows, names, paces and judgements as tables.
@Suite struct JudgementTests {
    private static let minute: Int64 = 60_000

    @Test(arguments: [
        (0, false, "onTime"), (45, false, "onTime"), (46, false, "late"), (0, true, "late"),
        (360, false, "late"), (361, false, "over"), (361, true, "over"), (-5, false, "onTime"),
    ])
    func latenessFollowsTheWindows(minutes: Int64, marked: Bool, expected: String) {
        let due = Instant(seconds: 1_000_000)
        let lateness = Lateness.judge(
            windowFrom: due, wasMarkedLate: marked, startWithinMilliseconds: 45 * Self.minute,
            missedWindowMilliseconds: 360 * Self.minute,
            now: due.adding(milliseconds: minutes * Self.minute))
        #expect("\(lateness)".hasPrefix(expected))
    }

    @Test(arguments: [
        ("Close {yyyy}-{MM}", 0, "Close 2026-11"), ("Close {yyyy}-{MM-1}", 0, "Close 2026-10"),
        ("{yyyy}{MM-11}", 0, "202512"), ("{yyyy+1}", 0, "2027"), ("{dd}", 0, "24"),
        ("{MM}/{dd+7}", 0, "12/01"), ("{dd}", -6 * 3600, "23"),
        ("no placeholder", 0, "no placeholder"),
    ])
    func namePatternsExpand(pattern: String, offset: Int, expected: String) {
        // 2026-11-24T05:00:30Z
        let name = NamePattern.expand(
            pattern, slotAt: Instant(seconds: 1_795_496_430), offsetSeconds: offset)
        #expect(name == expected)
    }

    @Test(arguments: ["{", "{mm}", "{yyyy", "{MM-}", "{MM--1}", "{MM+99999999}", "{}"])
    func badNamePatternsAreRefused(pattern: String) {
        #expect(
            NamePattern.expand(pattern, slotAt: Instant(seconds: 0), offsetSeconds: 0) == nil)
    }

    @Test func thePaceGrowsToItsMaximumAndFallsBackWithAChange() {
        let policy = PollPolicy()
        var gap = policy.minMilliseconds
        var looks = 0
        while gap < policy.maxMilliseconds {
            let next = PollPace.nextGapMilliseconds(after: gap, changed: false, policy: policy)
            #expect(next > gap && next <= policy.maxMilliseconds)
            gap = next
            looks += 1
        }
        // Geometric: 6 hours are reached after some 17 looks, not 720.
        #expect(looks < 20)
        let changed = PollPace.nextGapMilliseconds(after: gap, changed: true, policy: policy)
        #expect(changed == policy.minMilliseconds)
        #expect(
            PollPace.nextGapMilliseconds(after: .max, changed: false, policy: policy)
                == policy.maxMilliseconds)
    }

    @Test(arguments: [
        ("complete", RunOutcome.succeeded), ("cancelled", .cancelled), ("running", .active),
        ("waiting", .active), ("error", .attention), ("errorHold", .attention),
        ("aNewOne", .attention),
    ])
    func statusesAreJudged(status: String, outcome: RunOutcome) {
        let judgement = Judgement.judge(
            status: status, counts: [:], rules: OutcomeRules(), isOverTime: false,
            isPastDueDate: false)
        #expect(judgement.outcome == outcome)
    }

    @Test func countsAndTimeAreJudged() {
        var rules = OutcomeRules()
        rules.failIf = [
            .init(status: "error", ofTotal: false, comparison: .greater, threshold: 2)
        ]
        rules.warnIf = [
            .init(status: "cancelled", ofTotal: true, comparison: .greater, threshold: 0.1)
        ]
        func outcome(_ counts: [String: Int64], _ status: String = "complete") -> RunOutcome {
            Judgement.judge(
                status: status, counts: counts, rules: rules, isOverTime: false,
                isPastDueDate: false
            ).outcome
        }
        #expect(outcome(["error": 3]) == .failed)
        #expect(outcome(["error": 2]) == .succeeded)
        #expect(outcome(["cancelled": 2, "complete": 8]) == .attention)
        #expect(outcome(["cancelled": 1, "complete": 9]) == .succeeded)
        #expect(outcome([:]) == .succeeded)
        let overdue = Judgement.judge(
            status: "running", counts: [:], rules: rules, isOverTime: true, isPastDueDate: false)
        #expect(overdue.outcome == .attention)
    }
}
