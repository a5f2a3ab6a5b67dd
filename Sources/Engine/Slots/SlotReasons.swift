package import Store
package import Timetable

/// A run that is open on the slot's process.
package struct Blocker: Sendable, Equatable {
    package var runID: String
    package var status: String

    /// Makes one of the run's id and status.
    package init(runID: String, status: String) {
        self.runID = runID
        self.status = status
    }
}

/// Whose an open run is.
package enum RunOwner: Sendable, Equatable {
    case user(String?)
    case schedule(String?)

    package var words: String {
        switch self {
        case .user(let user): "started by user \(user ?? "unknown")"
        case .schedule(let name): "of \(name ?? "another schedule")"
        }
    }
}

/// What a slot waits for.
///
/// The words are made here and nowhere else, and nothing reads them back.
package enum WaitReason: Sendable, Equatable {
    /// For what its row says already.
    case asBefore
    case draining
    case clockDiffers
    case credential(since: Instant)
    case unreachable
    case askedToWait(until: Instant)
    case inDoubt(attempt: Int, slotID: Int64)
    case look
    case lookAfterDownTime
    case processName(String)
    case runRead(String)
    case heldSlot(Int64)
    case queued(Blocker)
    case validation
    case validationHint(until: Instant)
    case validated
    case validationUnreadable
    case token
    case tokenRefused
    case budget
    case ramp
    /// A file or zone that its schedule needs isn't there yet.
    case scheduleWaits(String)
    /// A decision of ours failed.
    case undecided

    /// The reason as a person reads it; nil: the one that stands.
    package var words: String? {
        switch self {
        case .asBefore: nil
        case .scheduleWaits(let words): "its schedule waits: \(words)"
        case .draining: "draining: no new starts until resume --all"
        case .clockDiffers: "our clock and the server's differ by over 120 s"
        case .credential(let since): "the credential is not accepted since \(since.iso8601)"
        case .unreachable: "the API can't be reached or fails (circuit open)"
        case .askedToWait(let until): "the API asked us to wait until \(until.iso8601)"
        case .inDoubt(let number, let slotID):
            "attempt \(number) of slot \(slotID) on this process is in doubt"
        case .look: "waiting for a look at the process"
        case .lookAfterDownTime:
            "waiting for a look: the daemon was down when it was due, and it may have been started"
        case .processName(let name): "looking for the process \"\(name)\""
        case .runRead(let runID): "reading run \(runID), which may still be open"
        case .heldSlot(let slotID): "slot \(slotID) of this process is held without a known run"
        case .queued(let blocker): "queued behind run \(blocker.runID) (\(blocker.status))"
        case .validation: "the process is being validated"
        case .validationHint(let until):
            "the API asked us to wait until \(until.iso8601) with validations"
        case .validated: "validated"
        case .validationUnreadable: "the answer to its validation can't be read"
        case .tokenRefused: "the token was not accepted"
        case .token: "waiting for an access token"
        case .budget: "waiting for the rate budget"
        case .ramp: "catch-up is ramped"
        case .undecided: "could not be decided, see error_log"
        }
    }

    /// A list brings it on: the slot counts its patience from when it first wanted one.
    package var wantsLook: Bool {
        switch self {
        case .look, .lookAfterDownTime, .processName: true
        default: false
        }
    }
}

/// Why a person must decide about a slot that was not sent.
package enum HoldReason: Sendable, Equatable {
    case processName(String, found: [String])
    case noLookAfterDownTime
    /// A run that nobody claims was created after an attempt that was taken for absent.
    case surfaced(runID: String, attempt: Int)
    /// A run that nobody claims was created since the slot was due; nil: one that a later run hides.
    case unclaimed(runID: String?)

    /// The reason as a person reads it.
    package var words: String {
        switch self {
        case .processName(let name, let found):
            (found.isEmpty
                ? "no process has" : "processes \(found.joined(separator: ", ")) all have")
                + " the name \"\(name)\"; exactly one must"
        case .noLookAfterDownTime:
            "the daemon was down when it was due, and no look tells whether it was started already"
        case .surfaced(let runID, let attempt):
            "run \(runID) was created after attempt \(attempt), which "
                + "had been taken for absent, and no slot claims it"
        case .unclaimed(let runID):
            (runID.map { "run \($0)" } ?? "a run")
                + " of our own user was created after this slot was due, and no slot claims it"
        }
    }
}

/// Why a slot ends without a start.
package enum EndReason: Sendable, Equatable {
    /// Why it is too late, beside the daemon's having been up or down.
    package enum Late: Sendable, Equatable {
        case windowOver
        case skipsMissed

        var words: String {
            switch self {
            case .windowOver: "its missed_window is over"
            case .skipsMissed: "missed = \"skip\""
            }
        }
    }

    case scheduleGone
    case paused(PauseRow)
    case afterRuleOver
    /// - Parameter wasUp: nil: the daemon was up when it stopped being on time; else the instant at
    ///   which it was down.
    case tooLate(Late, wasUp: Uptime)
    case standsFor(later: Instant)
    case patternNotExpandable(String)
    case overlap(Blocker, owner: RunOwner)
    case laterWaits(Instant, runID: String)

    /// What the slot ends as.
    package var disposition: Disposition {
        switch self {
        case .scheduleGone: .cancelled
        case .paused, .overlap: .skipped
        case .afterRuleOver: .expired
        case .tooLate(_, .up): .expired
        case .tooLate(_, .down): .missed
        case .standsFor, .laterWaits: .coalesced
        case .patternNotExpandable: .failed
        }
    }

    /// The reason as a person reads it.
    ///
    /// - Parameter before: what the slot's row says so far.
    /// - Returns: the words.
    package func words(before: String) -> String {
        switch self {
        case .scheduleGone: "its schedule is no longer in the configuration"
        case .paused(let pause): "\(pause.words), while it waited: \(before)"
        case .afterRuleOver: "\"within\" of its after rule is over"
        case .tooLate(let why, let uptime):
            Self.words(why, uptime) + "; before that: \(before)"
        case .standsFor(let later):
            "the later slot \(later.iso8601) stands for it (missed = \"latest\")"
        case .patternNotExpandable(let pattern):
            "the process name pattern \"\(pattern)\" can't be expanded"
        case .overlap(let blocker, let owner):
            "overlap: run \(blocker.runID) \(owner.words) is still \(blocker.status)"
        case .laterWaits(let later, let runID):
            "the later slot \(later.iso8601) waits for run \(runID) in its place"
        }
    }

    /// Too late, in words: for slots that wait and for those that are born too late.
    static func words(_ why: Late, _ uptime: Uptime) -> String {
        switch uptime {
        case .up: "too late although the daemon was up: \(why.words)"
        case .down(let at): "the daemon was down at \(at.iso8601), and \(why.words)"
        }
    }
}

extension PauseRow {
    /// The pause or skip as a person reads it.
    package var words: String {
        let why = reason.isEmpty ? "" : ": \(reason)"
        if isSkip { return "skipped once by \(requestedBy)\(why)" }
        let scope = schedule == nil ? "all schedules were paused" : "paused"
        let until = until.map { " until \($0.iso8601)" } ?? ""
        return "\(scope) by \(requestedBy) since \(from.iso8601)\(until)\(why)"
    }
}
