import Store
import Timetable

/// Old history goes, a little at a time: config key `keep_history`, and `carillon prune`.
extension Clockwork {
    private static let stepGapMilliseconds: Int64 = 1_000
    /// Not while a start is busy with what was missed.
    private static let firstAfterMilliseconds: Int64 = 10 * 60_000
    private static let everyMilliseconds: Int64 = 24 * 3_600_000
    private static let askAgainMilliseconds: Int64 = 3_600_000
    /// Nothing younger is ever removed, whoever asks.
    private static let keepMillisecondsMin: Int64 = 24 * 3_600_000

    private static let keyActor = "keep_history"

    /// A removal under way.
    struct PruningState {
        var pruning: Pruning
        var actor: String
        var reason: String
        var nextAt: Instant
    }

    func pruneHistory() throws {
        guard !life.isStopping else { return }
        if memory.pruning == nil { try beginPruningWhenDue() }
        guard var state = memory.pruning else { return }
        guard isStillWanted(state) else {
            memory.pruning = nil
            return try reportPruned(state)
        }
        guard state.nextAt <= now else { return book.wake(at: state.nextAt) }
        let before = state.pruning.removed
        isPruning = true
        let done = try book.step("remove old history") {
            try ledger.prune(&state.pruning, now: now)
        }
        // It would fail again: tomorrow's removal begins anew.
        guard done else { return memory.pruning = nil }
        if state.pruning.removed > before {
            var daemon = try book.daemon()
            daemon.prunedBefore =
                daemon.prunedBefore.map { max($0, state.pruning.before) }
                ?? state.pruning.before
            book.save(daemon)
        }
        guard state.pruning.isDone else {
            state.nextAt = now.adding(milliseconds: Self.stepGapMilliseconds)
            memory.pruning = state
            return book.wake(at: state.nextAt)
        }
        memory.pruning = nil
        try reportPruned(state)
    }

    /// A reload that keeps more ends what the key began before it.
    private func isStillWanted(_ state: PruningState) -> Bool {
        guard state.actor == Self.keyActor else { return true }
        guard let keep = configuration?.keepHistoryMilliseconds else { return false }
        return now.since(state.pruning.before) >= keep
    }

    /// After a turn that the store refused: a step writes far more than a start, and on a disk that
    /// is nearly full starts must not wait for it.
    func postponePruning(at now: Instant) {
        let later = now.adding(milliseconds: Self.askAgainMilliseconds)
        if memory.pruning == nil { memory.nextPruneAt = later }
        memory.pruning?.nextAt = later
    }

    /// The wall clock was set back: what waits until an instant waits no longer than before.
    func shiftPruning(by step: Int64) {
        memory.nextPruneAt = memory.nextPruneAt?.adding(milliseconds: step)
        memory.pruning?.nextAt = now
    }

    private func beginPruningWhenDue() throws {
        guard let keep = configuration?.keepHistoryMilliseconds else { return }
        let at = memory.nextPruneAt ?? now.adding(milliseconds: Self.firstAfterMilliseconds)
        memory.nextPruneAt = at
        guard at <= now else { return book.wake(at: at) }
        guard try isClockTrusted() else {
            let later = now.adding(milliseconds: Self.askAgainMilliseconds)
            memory.nextPruneAt = later
            return book.wake(at: later)
        }
        memory.nextPruneAt = now.adding(milliseconds: Self.everyMilliseconds)
        memory.pruning = PruningState(
            pruning: Pruning(before: now.adding(milliseconds: -keep)), actor: Self.keyActor,
            reason: "", nextAt: now)
    }

    /// An answer of the last hour bears our clock out, and none contradicts it: a clock that was set
    /// forward by years would make all history old.
    private func isClockTrusted() throws -> Bool {
        guard let agreed = life.clockAgreedAt,
            (0...Self.askAgainMilliseconds).contains(now.since(agreed))
        else { return false }
        return try !isClockDoubted()
    }

    private func isClockDoubted() throws -> Bool {
        try (configuration?.connections.keys.sorted() ?? []).contains {
            try book.connection($0)?.clockBadSince != nil
        }
    }

    /// `carillon prune`.
    func prune(before: Instant, reason: String, actor: String) throws -> CommandReply {
        guard now.since(before) >= Self.keepMillisecondsMin else {
            return CommandReply(exitCode: 2, message: "the last day is never removed")
        }
        guard try !isClockDoubted() else {
            return .conflict(
                "our clock and the server's differ by over 120 s; correct the clock first")
        }
        if let other = memory.pruning {
            return .conflict(
                "what ended before \(other.pruning.before.iso8601) is being removed; wait for it")
        }
        memory.pruning = PruningState(
            pruning: Pruning(before: before), actor: actor, reason: reason, nextAt: now)
        return .done(
            "what ended before \(before.iso8601) is being removed, up to 200 slots a second; audit "
                + "tells when it is done")
    }

    private func reportPruned(_ state: PruningState) throws {
        let pruning = state.pruning
        let words =
            "\(pruning.slots) slots, \(pruning.runs) runs and \(pruning.errors) other errors that "
            + "ended before \(pruning.before.iso8601)"
        // An idle daemon writes nothing; a person gets an answer in any case.
        guard pruning.removed > 0 || state.actor != Self.keyActor else { return }
        book.log(.notice, "removed \(words)")
        try ledger.audit(
            actor: state.actor, action: "prune", subject: "history", reason: state.reason,
            detail: words, now: now)
    }
}
