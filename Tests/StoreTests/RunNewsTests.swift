import Store
import Testing
import Timetable

/// What of an answer is news of a run, for its pace as well as for its history.
@Suite struct RunNewsTests {
    /// What an answer may have otherwise.
    enum Change: CaseIterable {
        case nothing, noModified, noCounts, dueDate
        case status, modified, counts, jobCounts, end

        /// What an answer leaves out is as it was, but for the end of a run that goes on again.
        var isNews: Bool {
            switch self {
            case .nothing, .noModified, .noCounts, .dueDate: false
            case .status, .modified, .counts, .jobCounts, .end: true
            }
        }

        func apply(to facts: inout RunFacts) {
            switch self {
            case .nothing: break
            case .noModified: facts.modifiedAt = nil
            case .noCounts: (facts.counts, facts.jobCounts) = (nil, nil)
            case .dueDate: facts.dueDate = "2026-12-31"
            case .status: facts.status = "error"
            case .modified: facts.modifiedAt = Scratch.now.adding(milliseconds: 1)
            case .counts: facts.counts = #"{"Completed":2}"#
            case .jobCounts: facts.jobCounts = #"{"complete":2}"#
            case .end: facts.completedAt = Scratch.now
            }
        }
    }

    @Test(arguments: Change.allCases)
    func newsIsAnotherPaceAndARowOfHistory(change: Change) throws {
        let scratch = try Scratch()
        let ledger = try scratch.ledger()
        var facts = RunFacts(runID: "r", processID: "p", status: "running")
        facts.createdAt = Scratch.now
        facts.modifiedAt = Scratch.now
        (facts.counts, facts.jobCounts) = (#"{"Completed":1}"#, #"{"complete":1}"#)
        let key = try ledger.insertRun(
            facts, baseURL: "https://a", connection: "prod", schedule: "s", slotID: nil,
            origin: .external, pollGapMilliseconds: 1000, nextPollAt: Scratch.now,
            read: FirstRead(actions: [], jobs: []), now: Scratch.now)
        change.apply(to: &facts)
        let row = try #require(try ledger.run(key))
        #expect(row.isOther(than: facts) == change.isNews)
        try ledger.apply(facts, to: row, outcome: .active, outcomeReason: nil, now: Scratch.now)
        let reader = try LedgerReader(path: scratch.path)
        #expect(try reader.statusHistory(runID: "r").rows.count == (change.isNews ? 2 : 1))
    }
}
