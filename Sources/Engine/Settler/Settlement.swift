package import Store
package import Timetable

/// What a look says of an attempt in doubt (docs/protocol.md, rule 6).
package enum Settlement: Sendable, Equatable {
    /// The run is ours.
    case adopt(runID: String)
    /// A person must decide, since our run may be the one shown, or be hidden by it.
    case hold(candidate: String?, HoldReason)
    /// The baseline, too early or not often enough.
    case absentSoFar
    /// Three looks showed the baseline, the last of them late enough.
    case provenAbsent

    /// How many looks must show the baseline.
    package static let looksNeeded = 3

    /// What the judgement needs to know beside attempt and look.
    package struct Circumstances: Sendable {
        /// What is known of the server's clock, as the attempt met it.
        package var clock: ClockOffset
        /// Our own user, learned from 201 answers.
        package var ourUserID: String?
        /// The run shown belongs to another slot.
        package var isClaimed: Bool
        /// The run shown was another slot's before the attempt began: the look before the attempt,
        /// up to a minute old, was made before that run was started.
        package var wasKnownBefore: Bool
        /// The run shown is the candidate of another held slot.
        package var isContested: Bool
        /// Another unclaimed run may be the attempt's own as well.
        package var hasRival: Bool
        package var settleWithinMilliseconds: Int64
        /// The API can have acted for us no later; nil: not before the exposure's end.
        package var actsUntil: Instant?

        package init(
            clock: ClockOffset, ourUserID: String?, isClaimed: Bool,
            wasKnownBefore: Bool = false, isContested: Bool, hasRival: Bool = false,
            settleWithinMilliseconds: Int64, actsUntil: Instant? = nil
        ) {
            self.clock = clock
            self.ourUserID = ourUserID
            self.isClaimed = isClaimed
            self.wasKnownBefore = wasKnownBefore
            self.isContested = isContested
            self.hasRival = hasRival
            self.settleWithinMilliseconds = settleWithinMilliseconds
            self.actsUntil = actsUntil
        }
    }

    /// Judges a look that was requested after the attempt's exposure had ended.
    package static func judge(
        _ look: Look, attempt: AttemptRow, exposureEnd: Instant, in facts: Circumstances
    ) -> Settlement {
        guard attempt.baseline != .notKnown else {
            return hold(attempt, look.runID, .noLookBefore(shows: look.runID))
        }
        // What was there before the attempt can't hide a run of it: the process shows its newest.
        guard look.baseline != attempt.baseline, !facts.wasKnownBefore else {
            let isLateEnough =
                look.requestedAt
                >= exposureEnd.adding(milliseconds: facts.settleWithinMilliseconds)
            return attempt.absentLooks + 1 >= looksNeeded && isLateEnough
                ? .provenAbsent : .absentSoFar
        }
        guard let runID = look.runID else {
            return hold(attempt, nil, .baselineGone(attempt.baseline))
        }
        if let misfit = misfit(look, attempt: attempt, exposureEnd: exposureEnd, in: facts) {
            return hold(attempt, runID, .misfit(runID: runID, misfit))
        }
        return .adopt(runID: runID)
    }

    private static func hold(
        _ attempt: AttemptRow, _ candidate: String?, _ loss: Loss
    ) -> Settlement {
        .hold(candidate: candidate, .lost(attempt: attempt.number, loss))
    }

    /// Why the run shown can't be taken for ours; nil if it fits.
    private static func misfit(
        _ look: Look, attempt: AttemptRow, exposureEnd: Instant, in facts: Circumstances
    ) -> Loss.Misfit? {
        if facts.isClaimed { return .claimed }
        if facts.isContested { return .contested }
        if facts.hasRival { return .rivalled }
        guard let created = look.runCreatedAt else { return .undated }
        // Only what is certain counts: the run's own second, and all that is known of the clock, taken
        // together. A run that may be ours is ours where it is the only one.
        if facts.clock.latest(created) < attempt.beganAt { return .earlier }
        // Nor can the API have acted for us after `request_window`; ours may be hidden by this one.
        if facts.clock.earliest(created) > min(exposureEnd, facts.actsUntil ?? exposureEnd) {
            return .later
        }
        if let ours = facts.ourUserID, let theirs = look.runUserID, ours != theirs {
            return .ofUser(theirs)
        }
        return nil
    }
}
