/// What happens to wall times that a daylight-saving change removes or repeats.
package enum DSTPolicy: Equatable, Sendable {
    /// Debian cron's rule. Jobs at fixed times run right after a gap, and once, in the first pass,
    /// where the time repeats; jobs whose time fields begin with `*` follow the wall clock.
    case cron
    /// The same for every job, whatever its fields look like.
    case explicit(gap: Gap, repeat: Repeat)

    /// What becomes of wall times that don't exist.
    package enum Gap: String, Equatable, Sendable {
        /// They run once, at the instant of the jump.
        case runAfter = "run-after"
        /// They don't run.
        case skip
    }

    /// Which pass of a repeated wall time runs.
    package enum Repeat: String, Equatable, Sendable {
        case first, last, both
    }

    /// The policy applied to a rule.
    func behaviour(isWild: Bool) -> DSTBehaviour {
        switch self {
        case .cron:
            isWild
                ? DSTBehaviour(runsAfterGap: false, repeats: .both)
                : DSTBehaviour(runsAfterGap: true, repeats: .first)
        case .explicit(let gap, let repeats):
            DSTBehaviour(runsAfterGap: gap == .runAfter, repeats: repeats)
        }
    }
}

/// A policy resolved for one rule.
struct DSTBehaviour: Sendable, Equatable {
    var runsAfterGap: Bool
    var repeats: DSTPolicy.Repeat
}
