import ProcessesAPI
package import Sandbox
package import Store
package import Timetable

/// The runs of a ledger beside the sandbox's own book: whether the ledger tells the truth.
package struct DemoComparison {
    /// Where they differ, in words.
    package private(set) var differences: [String] = []
    /// Runs that go on, whose counts can't be compared.
    package private(set) var openRuns = 0
    /// How many runs there are, in the book and in the ledger.
    package let runsInBook: Int
    package let runsInLedger: Int

    /// Compares rows of the view `runs` with a book.
    ///
    /// - Parameters:
    ///   - runs: all of the ledger.
    ///   - book: all of the sandbox; a run that is made later than `now` isn't there yet.
    ///   - now: the moment of the comparison.
    package init(_ runs: LedgerTable, book: [SandboxRun], now: Instant) {
        let book = book.filter { $0.createdAt <= now }
        (runsInBook, runsInLedger) = (book.count, runs.rows.count)
        var known: Set<String> = []
        for row in runs.rows.indices {
            let id = DemoTable.text(runs, "run_id", row)
            known.insert(id)
            guard let run = book.first(where: { $0.id == id }) else {
                differences.append("run \(id) is not in the sandbox's book")
                continue
            }
            // A run that goes on changes between the last look at it and now.
            guard !RunStatus(DemoTable.text(runs, "status", row)).isOpen else {
                openRuns += 1
                continue
            }
            let counts = DemoTable.counts(of: DemoTable.text(runs, "job_counts", row))
            // A list may have told of its end, and the demo ended before the read that follows.
            let readAt = Instant(iso8601: DemoTable.text(runs, "last_polled_at", row)) ?? now
            if counts != run.jobCounts(at: now), counts != run.jobCounts(at: readAt) {
                differences.append("counts of run \(id) differ")
            }
        }
        for run in book where !known.contains(run.id) {
            differences.append("run \(run.id) is not in the ledger")
        }
    }
}
