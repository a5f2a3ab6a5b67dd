import ProcessesAPI
import Store
import Timetable

/// What the scheduler knows beside the ledger.
///
/// Lost at every death, so nothing may depend on it for safety. A value: a turn that could not be
/// committed, or a step that failed, puts the old one back.
struct Memory {
    /// Slots whose process is being validated.
    var validatingSlots: Set<Int64> = []
    /// Validations in a row that told nothing, by slot.
    var validationFailures: [Int64: Int] = [:]
    /// Schedules whose process is being validated ahead of a slot.
    var validatingSchedules: Set<String> = []
    /// Schedules whose last slots or runs ended in this life and may set off `after` schedules.
    var endedUpstreams: Set<String> = []
    /// `after` schedules whose slots could not be created, and when they are looked for again.
    var upstreamsAgainAt: [String: Instant] = [:]
    /// The configuration or a pause has changed since `upcoming` was written.
    var isUpcomingStale = true
    /// Old history is being removed.
    var pruning: Clockwork.PruningState?
    /// When `keep_history` is looked at next.
    var nextPruneAt: Instant?
}

extension Clockwork {
    /// Nothing that is only in memory could change what comes next.
    ///
    /// - Parameter monotonicMilliseconds: nothing is asked for before then, so a token that can't be
    ///   used any more by then is as good as none.
    /// - Returns: false if a request is out or wanted, a token can be used, or lists go on.
    package func isMemoryAtRest(until monotonicMilliseconds: Int64) -> Bool {
        gate.isIdle && lister.isAtRest && follower.strangers.isAtRest && !book.hasNews
            && memory.endedUpstreams.isEmpty && memory.upstreamsAgainAt.isEmpty
            && backoffs.isEmpty
            && !gate.hasToken(until: monotonicMilliseconds)
    }
}
