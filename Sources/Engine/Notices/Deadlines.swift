package import Store
package import Timetable

/// What becomes of deadlines: decided from what is known of slot and run.
package enum Deadline {
    /// A read of a run that ended in time may still be under way for so long.
    private static let patienceMilliseconds: Int64 = 120_000

    /// The verdict; nil: the run must be read first.
    package static func judge(_ row: DeadlineRow, now: Instant) -> DeadlineVerdict? {
        switch row.disposition {
        case .skipped, .coalesced, .cancelled, .failed, .expired, .missed: return .void
        case .pending, .starting, .unknown, .held: return .missed
        case .started: break
        }
        switch row.kind {
        case .start:
            let began = [row.runCreatedAt, row.endedAt].compactMap { $0 }.min()
            return began.map { $0 <= row.at } ?? true ? .met : .missed
        case .finish:
            guard row.isRunOpen else {
                return row.runCompletedAt.map { $0 <= row.at } ?? true ? .met : .missed
            }
            let isReadSince = row.lastPolledAt.map { $0 >= row.at } ?? false
            return isReadSince || now.since(row.at) > patienceMilliseconds ? .missed : nil
        }
    }
}

extension Notices {
    private static let deadlinesMax = 256
    private static let askAgainMilliseconds: Int64 = 5_000

    /// Judges the deadlines whose instant has come.
    func judgeDeadlines() throws {
        for kind in DeadlineKind.allCases {
            let due = try book.ledger.deadlinesDue(kind, now: book.now, limit: Self.deadlinesMax)
            var judged = 0
            for row in due {
                if let verdict = Deadline.judge(row, now: book.now) {
                    try book.ledger.setDeadline(row.slotID, kind, verdict)
                    judged += 1
                    continue
                }
                if let runKey = row.runKey {
                    try book.ledger.hurryPoll(runKey, now: book.now)
                }
                book.wake(at: book.now.adding(milliseconds: Self.askAgainMilliseconds))
            }
            // Those that wait for a read come again by themselves.
            if due.count == Self.deadlinesMax, judged > 0 { book.wakeSoon() }
        }
        if let next = try book.ledger.nextDeadline(after: book.now) { book.wake(at: next) }
    }
}
