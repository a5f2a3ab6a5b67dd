import Store
import Timetable

/// Old history goes, a little at a time: config key `keep_history`, and `carillon prune`.
final class Pruner: Room, Grounded {
    private static let stepGapMilliseconds: Int64 = 1_000
    /// Not while a start is busy with what was missed.
    private static let firstAfterMilliseconds: Int64 = 10 * 60_000
    private static let everyMilliseconds: Int64 = 24 * 3_600_000
    private static let askAgainMilliseconds: Int64 = 3_600_000
    /// Nothing younger is ever removed, whoever asks.
    private static let keepMillisecondsMin: Int64 = 24 * 3_600_000

    private static let keyActor = "keep_history"
    /// Trees of runs that succeeded are kept that long, and are most of a ledger's bytes.
    private static let keepTreesMilliseconds: Int64 = 90 * 24 * 3_600_000

    /// A removal under way.
    private struct Removal {
        var pruning: Pruning
        var actor: String
        var reason: String
        var nextAt: Instant
    }

    let ground: Ground
    private var removal: Removal?
    /// When `keep_history` is looked at next.
    private var nextAt: Instant?
    /// Something was removed in this turn; one that fails is told by it.
    private var hasRemoved = false

    init(_ ground: Ground) {
        self.ground = ground
    }

    func keep() -> () -> Void {
        let kept = (removal, nextAt)
        return { [self] in (removal, nextAt) = kept }
    }

    func settle() { hasRemoved = false }

    /// The wall clock was set back: what waits until an instant waits no longer than before.
    func clockWasSet(by milliseconds: Int64) {
        guard milliseconds < 0 else { return }
        nextAt = nextAt?.adding(milliseconds: milliseconds)
        removal?.nextAt = now
    }

    /// After a turn that the store refused: a step writes far more than a start, and on a disk that
    /// is nearly full starts must not wait for it.
    func turnFailed(at now: Instant) {
        guard hasRemoved else { return }
        hasRemoved = false
        let later = now.adding(milliseconds: Self.askAgainMilliseconds)
        if removal == nil { nextAt = later }
        removal?.nextAt = later
    }

    /// Goes on with a removal, or begins one when it is time.
    func prune() throws {
        if removal == nil { try beginWhenDue() }
        guard var state = removal else { return }
        guard isStillWanted(state) else {
            removal = nil
            return try report(state)
        }
        guard state.nextAt <= now else { return book.wake(at: state.nextAt) }
        let before = state.pruning.removed
        hasRemoved = true
        let done = try book.step("remove old history") {
            try ledger.prune(&state.pruning, now: now)
        }
        // It would fail again: tomorrow's removal begins anew.
        guard done else { return removal = nil }
        if state.pruning.removed > before {
            var daemon = try book.daemon()
            daemon.prunedBefore =
                daemon.prunedBefore.map { max($0, state.pruning.before) }
                ?? state.pruning.before
            book.save(daemon)
        }
        guard state.pruning.isDone else {
            state.nextAt = now.adding(milliseconds: Self.stepGapMilliseconds)
            removal = state
            return book.wake(at: state.nextAt)
        }
        removal = nil
        try report(state)
    }

    /// A reload that keeps more ends what the key began before it.
    private func isStillWanted(_ removal: Removal) -> Bool {
        guard removal.actor == Self.keyActor else { return true }
        guard let keep = roster.configuration?.keepHistoryMilliseconds else { return false }
        return now.since(removal.pruning.before) >= keep
    }

    private func beginWhenDue() throws {
        guard let keep = roster.configuration?.keepHistoryMilliseconds else { return }
        let at = nextAt ?? now.adding(milliseconds: Self.firstAfterMilliseconds)
        nextAt = at
        guard at <= now else { return book.wake(at: at) }
        guard try isClockTrusted() else {
            let later = now.adding(milliseconds: Self.askAgainMilliseconds)
            nextAt = later
            return book.wake(at: later)
        }
        nextAt = now.adding(milliseconds: Self.everyMilliseconds)
        removal = Removal(
            pruning: Pruning(
                before: now.adding(milliseconds: -keep),
                treesBefore: now.adding(milliseconds: -Self.keepTreesMilliseconds)),
            actor: Self.keyActor, reason: "", nextAt: now)
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
        try roster.connections.keys.contains {
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
        if let other = removal {
            return .conflict(
                "what ended before \(other.pruning.before.iso8601) is being removed; wait for it")
        }
        removal = Removal(
            pruning: Pruning(before: before), actor: actor, reason: reason, nextAt: now)
        return .done(
            "what ended before \(before.iso8601) is being removed, up to 200 slots a second; audit "
                + "tells when it is done")
    }

    private func report(_ removal: Removal) throws {
        let pruning = removal.pruning
        let words =
            "\(pruning.slots) slots, \(pruning.runs) runs and \(pruning.errors) other errors that "
            + "ended before \(pruning.before.iso8601)"
        // An idle daemon writes nothing; a person gets an answer in any case.
        guard pruning.removed > 0 || removal.actor != Self.keyActor else { return }
        book.log(.notice, "removed \(words)")
        try ledger.audit(
            actor: removal.actor, action: "prune", subject: "history", reason: removal.reason,
            detail: words, now: now)
    }
}
