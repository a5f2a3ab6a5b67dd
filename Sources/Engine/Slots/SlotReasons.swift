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

    /// A schedule here has started it, or a person with `trigger`.
    package var isOurs: Bool { if case .schedule = self { true } else { false } }

    package var words: String {
        switch self {
        case .user(let user): "started by user \(user ?? "unknown")"
        case .schedule(let name): "of \(name ?? "another schedule")"
        }
    }
}

/// Why a slot is born to wait.
package enum DueReason: Sendable, Equatable {
    case rule
    /// Found beside a newer one, where all that were missed are caught up.
    case caughtUp
    case daemonStart
    /// The ends of these, of a period where those of one belong together.
    case upstreams([SlotName], of: String?)
    case triggered(by: String, String)
    /// A person makes up with it for a slot that came to nothing.
    case makesUp(slotID: Int64, Disposition, by: String, String)

    /// The reason as a person reads it.
    package var words: String {
        switch self {
        case .rule: "due"
        case .caughtUp: "late, to be caught up (missed = \"all\")"
        case .daemonStart: "due at the daemon's start"
        case .upstreams(let slots, let period):
            "due after \(slots.words)" + (period.map { ", all of \($0)" } ?? "")
        case .triggered(let actor, let why):
            "triggered by \(actor)" + (why.isEmpty ? "" : ": \(why)")
        case .makesUp(let slotID, let disposition, let actor, let why):
            "makes up for slot \(slotID), which was \(disposition.rawValue); asked for by \(actor)"
                + (why.isEmpty ? "" : ": \(why)")
        }
    }
}

extension [SlotName] {
    fileprivate var words: String { map(\.description).joined(separator: ", ") }
}

/// What a slot waits for; the words are made here, and nothing reads them back.
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
    case lookToMakeUp
    case processName(String)
    case runRead(String)
    /// Other slots of its schedule may have started the last run that it has.
    case lastRun(undecided: Int, max: Int)
    case heldSlot(Int64)
    case queued(Blocker)
    /// A run with which a person makes up for an earlier slot takes no slot away.
    case makeUpOpen(Blocker)
    /// What makes up for another lets a slot go first that its run would be in the way of.
    case goesFirst(SlotName)
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
    /// A window holds it back; how it covers the slot in words.
    case heldBack(String)
    /// The window that held it back was changed or removed.
    case windowLifted(String)
    /// The API has told an attempt to wait.
    case attemptThrottled(Int, until: Instant)
    case attemptNotSent(Int, String)
    case attemptUnauthorized(Int)
    /// An attempt was refused and is made again.
    case attemptAgain(Int, String, at: Instant)
    /// Three looks have shown that an attempt has created no run.
    case attemptAbsent(Int)
    case decided(by: String)
    case notValidated(String)

    /// The reason as a person reads it; nil: the one that stands.
    package var words: String? {
        switch self {
        case .asBefore: nil
        case .scheduleWaits(let words): "its schedule waits: \(words)"
        case .draining: "draining: no new starts until carillon resume --all"
        case .clockDiffers: "our clock and the server's differ by over 120 s"
        case .credential(let since):
            "the credential is not accepted since \(since.iso8601): the grant may have expired, its "
                + "IP allowlist may lack this host, its user or secret may have been changed"
        case .unreachable: "the API can't be reached or fails; starts wait until a probe succeeds"
        case .askedToWait(let until): "the API asked us to wait until \(until.iso8601)"
        case .inDoubt(let number, let slotID):
            "attempt \(number) of slot \(slotID) on this process is in doubt"
        case .look: "waiting for a check of the process"
        case .lookAfterDownTime:
            "waiting for a check: the daemon was down when it was due, and it may have been started"
        case .lookToMakeUp:
            "waiting for a check: what it makes up for may have been started after all"
        case .processName(let name): "looking for the process \"\(name)\""
        case .lastRun(let undecided, let max):
            "\(undecided) other \(undecided == 1 ? "slot" : "slots") of its schedule may have started "
                + "the last run that max_runs (\(max)) allows"
        case .runRead(let runID): "reading run \(runID), which may still be open or has just ended"
        case .heldSlot(let slotID): "slot \(slotID) of this process is held without a known run"
        case .queued(let blocker): "queued behind run \(blocker.runID) (\(blocker.status))"
        case .makeUpOpen(let blocker):
            "run \(blocker.runID) (\(blocker.status)) makes up for another slot; its end is waited for"
        case .goesFirst(let name): "it makes up for another slot, and lets \(name) go first"
        case .validation: "the process is being validated"
        case .validationHint(let until):
            "the API asked us to wait until \(until.iso8601) with validations"
        case .validated: "validated"
        case .validationUnreadable: "the answer to its validation can't be read"
        case .tokenRefused: "the token was not accepted"
        case .token: "waiting for an access token"
        case .budget: "waiting for the rate budget"
        case .ramp: "late starts go out one after another (catchup_per_minute)"
        case .heldBack(let words): "due (\(words))"
        case .windowLifted(let name): "due, window \(name) holds it back no more"
        case .undecided: "could not be decided, see: carillon errors"
        case .attemptThrottled(let number, let until):
            "attempt \(number): the API asked us to wait until \(until.iso8601)"
        case .attemptNotSent(let number, let why): "attempt \(number) was not sent: \(why)"
        case .attemptUnauthorized(let number): "attempt \(number): the token was not accepted"
        case .attemptAgain(let number, let why, let at):
            "attempt \(number): \(why); again at \(at.iso8601)"
        case .attemptAbsent(let number):
            EndReason.words(absent: number) + ", to be sent again"
        case .decided(let actor): "to be started, decided by \(actor)"
        case .notValidated(let why): "the process could not be validated: \(why)"
        }
    }

    /// A list brings it on: the slot counts its patience from when it first wanted one.
    package var wantsLook: Bool {
        switch self {
        case .look, .lookAfterDownTime, .lookToMakeUp, .processName: true
        default: false
        }
    }
}

/// Why a person must decide about a slot.
package enum HoldReason: Sendable, Equatable {
    case processName(String, found: [String])
    case noLookAfterDownTime, noLookToMakeUp
    /// A run that nobody claims was created after an attempt that was taken for absent.
    case surfaced(runID: String, attempt: Int)
    /// A run that nobody claims was created since the slot was due; nil: one that a later run hides.
    case unclaimed(runID: String?)
    case lost(attempt: Int, Loss)
    /// The answer names a run that belongs to another slot.
    case foreignRun(String, slotID: Int64)
    /// The ledger was put back to when the attempt was in doubt.
    case restored(attempt: Int)
    /// Three looks have shown no run, and its schedule wants a person to say so too.
    case absent(attempt: Int)
    /// On its way from doubt to what a person has decided.
    case decided(by: String)

    /// The reason as a person reads it.
    package var words: String {
        switch self {
        case .processName(let name, let found):
            (found.isEmpty
                ? "no process has" : "processes \(found.joined(separator: ", ")) all have")
                + " the name \"\(name)\"; exactly one must"
        case .noLookAfterDownTime:
            "the daemon was down when it was due, and no check tells whether it was started already"
        case .noLookToMakeUp:
            "no check tells whether what it makes up for was started after all"
        case .surfaced(let runID, let attempt):
            "run \(runID) was created after attempt \(attempt), which "
                + "had been taken for absent, and no slot claims it"
        case .unclaimed(let runID):
            (runID.map { "run \($0)" } ?? "a run")
                + " of our own user was created after this slot was due, and no slot claims it"
        case .lost(let number, let loss): "the answer to attempt \(number) was lost\(loss.words)"
        case .foreignRun(let runID, let slotID):
            "the API answered with run \(runID), which belongs to slot \(slotID)"
        case .restored(let number):
            "the database was restored from a backup that was made while attempt \(number) was "
                + "in doubt"
        case .absent(let number):
            "no run of attempt \(number) was found (unknown_start = \"hold\")"
        case .decided(let actor): "decided by \(actor)"
        }
    }
}

/// Why a slot ends without a start, at its birth or later.
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
    /// Its schedule only observes.
    case observed
    /// A holiday takes it, in the words of its calendar.
    case holiday(String)
    /// A holiday moves it onto another slot, in the words of its calendar.
    case movedByHoliday(String)
    /// "within" had passed: when those upstream slots had ended, or while it waited (none).
    case afterRuleOver(when: [SlotName])
    case upstreamFailed(SlotName)
    /// Its rule was replaced while nobody was there to start it, or it waited for what it needs.
    case edited(whileDown: Bool)
    /// - Parameter wasUp: nil: the daemon was up when it stopped being on time; else the instant at
    ///   which it was down.
    case tooLate(Late, wasUp: Uptime)
    case standsFor(later: Instant)
    case patternNotExpandable(String)
    case overlap(Blocker, owner: RunOwner)
    case laterWaits(Instant, runID: String)
    /// Its schedule has had all its runs.
    case maxRuns(Int)
    /// The process has been run with success (`unless_done`).
    case done(runID: String, owner: RunOwner, at: Instant?, DoneSince)
    case refused(attempt: Int, String)
    case attemptsUsedUp(attempt: Int, String, max: Int)
    /// Three looks have shown that an attempt has created no run, and none follows.
    case absent(attempt: Int, NoneFollows)
    case invalid(problems: Int)
    case notValidated(String)
    case dropped(by: String)
    /// What it makes up for is still to come, by the clock that is right.
    case comesAgain
    case pausedWhileWaiting(by: String)
    case skippedOnce(by: String, String)
    case processChanged
    /// Its schedule was disabled or removed.
    case scheduleClosed(ScheduleState)
    /// The ledger was put back at the instant: nothing is sent for earlier ones.
    case restored(at: Instant)
    /// A window skips it; how it covers the slot in words.
    case inWindow(String)
    /// A window holds back one slot of a schedule, and a later one is that.
    case heldBackWith(later: Instant, window: String)

    /// Why an attempt that has created no run is not made again.
    package enum NoneFollows: Sendable, Equatable {
        case scheduleGone, windowsOver, attemptsUsedUp

        var words: String {
            switch self {
            case .scheduleGone: "its schedule is gone"
            case .windowsOver: "its start_within and missed_window are over"
            case .attemptsUsedUp: "retry.max_attempts is used up"
            }
        }
    }

    /// What the slot ends as.
    package var disposition: Disposition {
        switch self {
        case .scheduleGone, .dropped, .processChanged, .scheduleClosed, .comesAgain: .cancelled
        case .paused, .observed, .holiday, .inWindow, .upstreamFailed, .overlap,
            .pausedWhileWaiting, .skippedOnce, .done, .maxRuns:
            .skipped
        case .afterRuleOver, .tooLate(_, .up), .absent: .expired
        case .tooLate(_, .down), .edited, .restored: .missed
        case .movedByHoliday, .standsFor, .laterWaits, .heldBackWith: .coalesced
        case .patternNotExpandable, .refused, .attemptsUsedUp, .invalid, .notValidated: .failed
        }
    }

    /// The run that has done the slot's work.
    package var doneBy: String? {
        if case .done(let runID, _, _, _) = self { runID } else { nil }
    }

    /// The reason as a person reads it.
    ///
    /// - Parameter before: what the slot's row says so far; nil: it is born so.
    /// - Returns: the words.
    package func words(before: String?) -> String {
        switch self {
        case .scheduleGone: "its schedule is no longer in the configuration"
        case .paused(let pause):
            pause.words + (before.map { ", while it waited: \($0)" } ?? "")
        case .observed: "observe mode: it would have been started"
        case .holiday(let words), .movedByHoliday(let words): words
        case .afterRuleOver([]): "\"within\" of its after rule is over"
        case .afterRuleOver(let ended):
            "\"within\" of its after rule was over when \(ended.words) had ended"
        case .upstreamFailed(let upstream): "\(upstream) did not succeed"
        case .edited(true): "the configuration was changed while the daemon was down"
        case .edited(false): "the configuration was changed while its schedule could not run"
        case .tooLate(let why, .up):
            "too late although the daemon was up: \(why.words)" + Self.addition(before)
        case .tooLate(let why, .down(let at)):
            "the daemon was down at \(at.iso8601), and \(why.words)" + Self.addition(before)
        case .standsFor(let later):
            "the later slot \(later.iso8601) stands for it (missed = \"latest\")"
        case .patternNotExpandable(let pattern):
            "the process name pattern \"\(pattern)\" can't be expanded"
        case .overlap(let blocker, let owner):
            "overlap: run \(blocker.runID) \(owner.words) is still \(blocker.status)"
        case .laterWaits(let later, let runID):
            "the later slot \(later.iso8601) waits for run \(runID) in its place"
        case .maxRuns(let max):
            "max_runs (\(max)) is reached: the schedule has ended"
        case .done(let runID, let owner, let end, let since):
            "already done: run \(runID) \(owner.words) succeeded"
                + (end.map { " at \($0.iso8601)" } ?? "") + ", \(since.words) (unless_done)"
        case .refused(let number, let why): "attempt \(number) was refused: \(why)"
        case .attemptsUsedUp(let number, let why, let max):
            "attempt \(number): \(why); retry.max_attempts (\(max)) is used up"
        case .absent(let number, let why):
            "\(Self.words(absent: number)), and \(why.words)"
        case .invalid(let problems): "the process does not validate: \(problems) errors"
        case .notValidated(let why): "the process can't be validated: \(why)"
        case .dropped(let actor): "dropped by \(actor)"
        case .comesAgain: "the clock was ahead: the slot that it makes up for is still to come"
        case .pausedWhileWaiting(let actor):
            "paused by \(actor) while it waited: \(before ?? "")"
        case .skippedOnce(let actor, let why):
            "skipped once by \(actor)" + (why.isEmpty ? "" : ": \(why)")
        case .processChanged: "its process or connection was changed"
        case .scheduleClosed(let state): "the schedule was \(state.rawValue)"
        case .restored(let at):
            "the database was restored from a backup at \(at.iso8601), "
                + "and nothing is sent for earlier instants"
        case .inWindow(let words): words
        case .heldBackWith(let later, let window):
            "window \(window) holds back one slot of a schedule, the later slot "
                + "\(later.iso8601) stands for it"
        }
    }

    /// An attempt that has created no run, in words.
    static func words(absent number: Int) -> String {
        "attempt \(number) has created no run, as three checks have shown"
    }

    private static func addition(_ before: String?) -> String {
        before.map { "; before that: \($0)" } ?? ""
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
