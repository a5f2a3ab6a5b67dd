package import Timetable

/// Where a run comes from.
package enum RunOrigin: String, Sendable {
    case rule, manual, after, catchup, adopted, external, boot
}

/// The judgement of a run (docs/protocol.md#words).
package enum RunOutcome: String, Sendable, CaseIterable {
    case active, succeeded, cancelled, failed, attention, lost
}

/// What a read of the API says of a run; nil where this read does not show it.
package struct RunFacts: Sendable, Equatable {
    package var runID: String
    package var processID: String
    package var name: String?
    package var userID: String?
    package var status: String
    /// The API's map and our own count over the tree, as JSON objects with sorted keys.
    package var counts: String?
    package var jobCounts: String?
    package var revision: Int64?
    package var createdAt: Instant?
    package var modifiedAt: Instant?
    package var completedAt: Instant?
    package var dueDate: String?
    package var tree: String?
    /// Counts of parts of the tree, as JSON, and the open job that is due first: of a full read only.
    package var partCounts: String?
    package var jobDue: JobDue?
    /// It was read in full, with its tree.
    package var isFull: Bool { partCounts != nil }

    /// Open is everything but complete and cancelled, unknown statuses included: whatever writes the
    /// status writes this with it, and the ledger refuses another answer.
    var isOpen: Bool { !["complete", "cancelled"].contains(status) }

    package init(runID: String, processID: String, status: String) {
        self.runID = runID
        self.processID = processID
        self.status = status
    }
}

/// An open job of a run, and the day on which it is due.
package struct JobDue: Sendable, Equatable {
    /// `yyyy-MM-dd`.
    package var day: String
    package var title: String

    package init(day: String, title: String) {
        self.day = day
        self.title = title
    }
}

/// What a run is entered with where its first full read comes along.
package struct FirstRead: Sendable {
    package var counts: (actions: [(String, Int64)], jobs: [(String, Int64)])
    /// When it takes too long, and how long it takes at least if it does what it should.
    package var runWithinAt: Instant?
    package var atLeastMilliseconds: Int64?

    /// Makes what is known of it; the counts have an order that is the same in each process.
    package init(
        actions: [(String, Int64)], jobs: [(String, Int64)], runWithinAt: Instant? = nil,
        atLeastMilliseconds: Int64? = nil
    ) {
        counts = (actions, jobs)
        self.runWithinAt = runWithinAt
        self.atLeastMilliseconds = atLeastMilliseconds
    }
}

extension RunRow {
    /// The facts differ from the row in what `status_history` shows of a run.
    ///
    /// What an answer leaves out is as it was, but for the end, which a reopened run has lost. A due date that
    /// was moved is no change of its status.
    package func isOther(than facts: RunFacts) -> Bool {
        facts.status != status || haveCountsChanged(in: facts)
            || (facts.modifiedAt ?? modifiedAt) != modifiedAt || facts.completedAt != completedAt
    }

    /// The facts have other counts, of jobs or of actions.
    package func haveCountsChanged(in facts: RunFacts) -> Bool {
        (facts.counts ?? counts) != counts || (facts.jobCounts ?? jobCounts) != jobCounts
    }
}
