import Engine
import ProcessesAPI
import Testing
import Timetable

/// The retry engine's rules as tables and brute force (DESIGN.md section 6).
@Suite struct RetryEngineTests {
    @Test(arguments: [(10, 1_000, 0.3), (100, 60_000, 0.3), (7, 5_000, 0.9), (2, 1_000, 0.0)])
    func noWindowEverHoldsMoreThanTheLimit(requests: Int, window: Int64, kept: Double) {
        var policy = RatePolicy()
        policy.requests = requests
        policy.perMilliseconds = window
        policy.keepForStarts = kept
        var budget = RateBudget(policy: policy, tatMicroseconds: 0)
        var sent: [Int64] = []
        // Greedy clients of both priorities, asking every 3 ms for twelve windows.
        for step in stride(from: Int64(0), to: window * 12, by: 3) {
            let now = Instant(milliseconds: 1_000_000 + step)
            let priority: RateBudget.Priority = step % 2 == 0 ? .start : .other
            while budget.take(priority, now: now) == nil { sent.append(now.milliseconds) }
        }
        var first = 0
        for (last, at) in sent.enumerated() {
            while sent[first] <= at - window { first += 1 }
            #expect(last - first + 1 <= requests)
        }
        // It is a limit, not a standstill: the steady rate is used.
        #expect(sent.count >= (requests - max(1, Int(Double(requests) * kept))) * 8)
    }

    @Test func startsMayUseTheBurstThatPollsMayNot() {
        var policy = RatePolicy()
        policy.requests = 10
        policy.perMilliseconds = 10_000
        policy.keepForStarts = 0.5
        let now = Instant(milliseconds: 50_000)
        var polls = RateBudget(policy: policy, tatMicroseconds: 0)
        #expect(polls.take(.other, now: now) == nil)
        #expect(polls.take(.other, now: now) == now.adding(milliseconds: 2_000))
        var starts = RateBudget(policy: policy, tatMicroseconds: 0)
        for _ in 0..<5 { #expect(starts.take(.start, now: now) == nil) }
        #expect(starts.take(.start, now: now) != nil)
    }

    @Test func backoffIsJitteredBelowItsCeilingAndTheSameForTheSameSlot() {
        let policy = RetryPolicy()
        let ceilings: [(Int, Int64)] = [
            (1, 5_000), (2, 10_000), (3, 20_000), (7, 300_000), (90, 300_000),
        ]
        for (attempt, ceiling) in ceilings {
            #expect(
                Backoff.ceilingMilliseconds(base: 5_000, cap: 300_000, attempt: attempt) == ceiling)
            var drawn: Set<Int64> = []
            for seed in UInt64(0)..<200 {
                let delay = Backoff.delayMilliseconds(policy, attempt: attempt, seed: seed)
                #expect((1_000...ceiling).contains(delay))
                #expect(delay == Backoff.delayMilliseconds(policy, attempt: attempt, seed: seed))
                drawn.insert(delay)
            }
            #expect(drawn.count > 100)
        }
    }

    /// Rule 4's closed lists: everything that is not named is ambiguous.
    @Test func everyStatusOfAStartHasItsVerdict() {
        let refusedForGood = [400, 403, 404, 405, 413, 415, 422]
        for status in 300...599 {
            let failure = APIFailure(
                kind: .refused, httpStatus: status, summary: "", label: "")
            let verdict = StartVerdict.judge(failure, afterAmbiguous: false, onConflict: .fail)
            switch status {
            case 401: #expect(verdict == .unauthorized)
            case 409: #expect(verdict == .refused)
            case 429: #expect(verdict == .throttled)
            case 503: #expect(verdict == .unavailable)
            case _ where refusedForGood.contains(status): #expect(verdict == .refused)
            default: #expect(verdict == .ambiguous, "status \(status)")
            }
        }
    }

    @Test func aConflictDependsOnWhatCameBefore() {
        let conflict = APIFailure(kind: .refused, httpStatus: 409, summary: "", label: "")
        #expect(StartVerdict.judge(conflict, afterAmbiguous: true, onConflict: .fail) == .ambiguous)
        #expect(
            StartVerdict.judge(conflict, afterAmbiguous: true, onConflict: .retry) == .ambiguous)
        #expect(
            StartVerdict.judge(conflict, afterAmbiguous: false, onConflict: .retry) == .conflict)
    }

    @Test func a503WithAHintUsesUpNoAttempt() {
        let hinted = APIFailure(
            kind: .refused, httpStatus: 503, hint: RetryHint(delaySeconds: 9), summary: "",
            label: "")
        #expect(StartVerdict.judge(hinted, afterAmbiguous: false, onConflict: .fail) == .throttled)
    }

    @Test func whatNeverLeftIsSentAgain() {
        for isCertificate in [false, true] {
            let failure = APIFailure(
                kind: .notSent, isCertificate: isCertificate, summary: "", label: "")
            #expect(
                StartVerdict.judge(failure, afterAmbiguous: false, onConflict: .fail)
                    == .notSent(isCertificate: isCertificate))
        }
    }
}
