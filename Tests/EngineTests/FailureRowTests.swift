import Engine
import Store
import Testing

/// What counts as a failure, and how many in a row (rule 21).
@Suite struct FailureRowTests {
    private static func work(_ outcome: RunOutcome?, _ status: String = "complete") -> EndedWork {
        EndedWork(
            slotID: 7, reason: "refused",
            run: outcome.map { EndedWork.Run(runID: "r", outcome: $0, status: status) })
    }

    @Test func eachOutcomeCountsOrDoesNot() {
        #expect(FailureRow.judge(Self.work(nil)) == .failure("slot 7 failed: refused"))
        #expect(FailureRow.judge(Self.work(.succeeded)) == .success)
        #expect(FailureRow.judge(Self.work(.failed)) == .failure("run r is failed"))
        #expect(FailureRow.judge(Self.work(.lost, "running")) == .failure("run r is lost"))
        for status in ["error", "errorHold"] {
            #expect(
                FailureRow.judge(Self.work(.attention, status))
                    == .failure("run r is in \(status)"))
        }
        for outcome in [RunOutcome.attention, .active, .cancelled] {
            #expect(FailureRow.judge(Self.work(outcome, "running")) == .neither)
        }
    }

    @Test func theRowEndsWithASuccess() {
        #expect(FailureRow.failures([]) == [])
        #expect(
            FailureRow.failures([
                .failure("a"), .neither, .failure("b"), .success, .failure("c"),
            ]) == ["a", "b"])
    }
}
