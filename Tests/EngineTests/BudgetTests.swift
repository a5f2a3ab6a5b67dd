import Engine
import Testing
import Timetable

/// The rate budget against brute force, and the backoff's bounds.
@Suite struct BudgetTests {
    /// A small generator: tests of chance repeat.
    private struct Chance {
        var state: UInt64
        mutating func below(_ bound: UInt64) -> UInt64 {
            state = Backoff.mix(state)
            return state % bound
        }
    }

    @Test(arguments: [(1000, 60_000, 0.3), (500, 60_000, 0.3), (10, 10_000, 0.5), (2, 1_000, 0.3)])
    func noWindowEverHoldsMoreThanItsLimit(requests: Int, window: Int, kept: Double) {
        var policy = RatePolicy()
        policy.requests = requests
        policy.perMilliseconds = Int64(window)
        policy.keepForStarts = kept
        for seed in UInt64(1)...5 {
            var chance = Chance(state: seed)
            var budget = RateBudget(policy: policy, tatMicroseconds: 0)
            var now = Instant(milliseconds: 1_000_000_000)
            var taken: [Int64] = []
            for _ in 0..<(requests * 8) {
                // Bursts, gaps and steady asking in turn.
                now = now.adding(milliseconds: Int64(chance.below(seed == 1 ? 2 : 200)))
                if budget.take(chance.below(3) == 0 ? .other : .start, now: now) == nil {
                    taken.append(now.milliseconds)
                }
            }
            var first = 0
            for (index, at) in taken.enumerated() {
                while taken[first] <= at - Int64(window) { first += 1 }
                #expect(index - first + 1 <= requests)
            }
            #expect(!taken.isEmpty)
        }
    }

    @Test func startsMayUseTheBurstAndOthersWait() {
        var policy = RatePolicy()
        policy.requests = 10
        policy.perMilliseconds = 10_000
        var budget = RateBudget(policy: policy, tatMicroseconds: 0)
        let now = Instant(milliseconds: 1_000_000)
        #expect(budget.take(.start, now: now) == nil)
        #expect(budget.take(.other, now: now) ?? now > now)
        #expect(budget.take(.start, now: now) == nil)
        #expect(budget.take(.start, now: now) == nil)
        let next = budget.take(.start, now: now)
        #expect(next ?? now > now)
        #expect(next.map { budget.take(.start, now: $0) } == .some(nil))
    }

    @Test func aClockThatWentBackWhileWeWereDownDoesNotShutUsOut() {
        var budget = RateBudget(
            policy: RatePolicy(), tatMicroseconds: 10_000_000_000_000)
        let now = Instant(milliseconds: 1_000_000)
        let next = budget.take(.start, now: now)
        #expect(next.map { $0.since(now) <= 61_000 } ?? true)
    }

    @Test(arguments: 1...200)
    func backoffStaysBetweenASecondAndItsCeiling(attempt: Int) {
        let policy = RetryPolicy()
        let ceiling = Backoff.ceilingMilliseconds(
            base: policy.baseMilliseconds, cap: policy.capMilliseconds, attempt: attempt)
        #expect(ceiling <= policy.capMilliseconds && ceiling >= policy.baseMilliseconds)
        for seed in UInt64(0)..<20 {
            let delay = Backoff.delayMilliseconds(policy, attempt: attempt, seed: seed)
            #expect(delay >= 1000 && delay <= max(1000, ceiling))
        }
    }

    @Test func backoffGrowsAndSlotsAreSpreadOut() {
        let ceilings = (1...8).map {
            Backoff.ceilingMilliseconds(base: 5_000, cap: 300_000, attempt: $0)
        }
        #expect(ceilings == [5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000])
        #expect(Backoff.ceilingMilliseconds(base: .max, cap: .max, attempt: 3) == .max)
        let delays = Set(
            (0..<100).map {
                Backoff.delayMilliseconds(RetryPolicy(), attempt: 6, seed: UInt64($0))
            })
        #expect(delays.count > 90)
    }
}
