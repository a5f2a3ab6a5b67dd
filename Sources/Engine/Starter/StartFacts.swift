package import Store
package import Timetable

/// All that a start decision depends on.
package struct StartFacts: Sendable {
    /// What the slot's process is called.
    package enum Naming: Sendable, Equatable {
        /// By its id.
        case known
        case notExpandable(pattern: String)
        /// No list is fresh enough to tell.
        case notListed(name: String)
        /// Processes of that name on a fresh list.
        case listed(name: String, processIDs: [String])
    }

    /// What stands on the way of every start of a connection.
    package enum Way: Sendable, Equatable {
        case open, draining, clockDiffers
        case credentialRefused(since: Instant)
        case unreachable
        case askedToWait(until: Instant)
    }

    /// A run of the process that is not known to have ended.
    package struct OpenRun: Sendable, Equatable {
        package var runID: String
        package var status: String
        package var owner: RunOwner
        /// Its state was seen after the slot was due and not long ago.
        package var isFresh: Bool
        /// It was seen to be open after the slot was due, however long ago.
        package var wasOpenWhenDue: Bool
        /// It was started to make up for a slot.
        package var makesUp: Bool

        package init(
            runID: String, status: String, owner: RunOwner, isFresh: Bool,
            wasOpenWhenDue: Bool? = nil, makesUp: Bool = false
        ) {
            self.runID = runID
            self.status = status
            self.owner = owner
            self.isFresh = isFresh
            self.wasOpenWhenDue = wasOpenWhenDue ?? isFresh
            self.makesUp = makesUp
        }
    }

    /// A run of the process that has ended well, or of which that can't be said yet.
    package struct PastRun: Sendable, Equatable {
        /// How it ended.
        package enum End: Sendable, Equatable {
            case succeeded(at: Instant?)
            /// A list shows that it is complete; its counts, which `outcome` is about, aren't read yet.
            ///
            /// Since when: by our clock.
            case unread(since: Instant)
        }

        package var runID: String
        package var owner: RunOwner
        package var end: End
        /// By the server's clock; nil: nobody knows.
        package var createdAt: Instant?
        /// The slot that it was started for; nil: for none, a person's.
        package var slotAt: Instant?

        package init(
            runID: String, owner: RunOwner, end: End, createdAt: Instant?, slotAt: Instant? = nil
        ) {
            self.runID = runID
            self.owner = owner
            self.end = end
            self.createdAt = createdAt
            self.slotAt = slotAt
        }
    }

    package var now: Instant
    package var slot: SlotRow
    /// Nil: not in the configuration any more.
    package var schedule: Schedule?
    package var connection: Connection?
    /// Until when the last answer told this slot to wait.
    package var backoffUntil: Instant?
    /// A skip of the slot, or a pause in force now.
    package var pause: PauseRow?
    /// How many runs the schedule has started, and its slots that may have (`max_runs`); nil: not asked.
    package var runsUsed: (started: Int, undecided: Int)?
    /// A later slot that stands for this one if it is late.
    package var newerStandIn: Instant?
    package var wasUpWhenOnTime = Uptime.up
    package var naming = Naming.known
    package var way = Way.open
    /// The attempt on the process that is in doubt: its number and slot.
    package var inDoubt: (number: Int, slotID: Int64)?
    /// Young enough to start on.
    package var look: Look?
    /// Negative tests start without looking.
    package var looksBeforeStart = true
    /// The run that the look shows is some slot's.
    package var isShownRunClaimed = false
    package var ourUserID: String?
    /// What is known of the server's clock, now and as the attempt that was taken for absent met it.
    package var clock = ClockOffset(lowMilliseconds: 0, highMilliseconds: 0)
    package var absentClock: ClockOffset?
    /// The first attempt at the slot's work that was taken for absent.
    package var absentAttempt: AttemptRow?
    /// Since when a start for the slot can exist.
    package var dueSince: Instant
    /// When the last down time ended; nil: not looked at.
    package var downUntil: Instant?
    /// The ledger knows an unclaimed run of ours since `dueSince` that the look does not show.
    package var hasHiddenRun = false
    package var openRuns: [OpenRun] = []
    /// A slot that is due or soon will be, and that the run of what makes up for another would be in the
    /// way of; nil: there is none.
    package var goesFirst: SlotName?
    /// Since when a run is this slot's work (`unless_done`); nil: nothing is.
    package var doneSince: DoneSince?
    /// The slot before has come to nothing: the first success after it is taken for its work.
    package var isFormerUnserved = false
    /// Runs of the process that may have done it, the newest first.
    package var pastRuns: [PastRun] = []
    /// A held slot of the process whose run nobody knows.
    package var heldSlotID: Int64?
    /// A later slot of the schedule that is due and waits.
    package var laterQueued: Instant?
    package var isValidating = false
    /// The connection has just recovered.
    package var isRecovering = false
    /// When the ramp has a place; nil: at once.
    package var rampPlace: Instant?

    /// Makes the facts of a slot in whose way nothing is.
    package init(
        now: Instant, slot: SlotRow, schedule: Schedule?, connection: Connection?
    ) {
        self.now = now
        self.slot = slot
        self.schedule = schedule
        self.connection = connection
        // What a person asks for is due since then; what he makes up for was due long ago.
        dueSince =
            slot.kind == .manual && !slot.isMakeUpInDoubt
            ? slot.dueAt : schedule?.opening(of: slot) ?? slot.slotAt
    }

    /// A person has asked for it: pauses don't concern it (rule 14).
    package var isAskedFor: Bool { slot.isAskedFor }

    /// Where the slot stands in its windows; nil: a blocking run has stopped their clocks.
    package var lateness: Lateness? {
        guard let schedule, slot.blockedBy == nil else { return nil }
        return Lateness.judge(
            windowFrom: slot.windowFrom, wasMarkedLate: slot.isLate && slot.kind != .manual,
            startWithinMilliseconds: isAskedFor
                ? schedule.missedWindowMilliseconds : schedule.startWithinMilliseconds,
            missedWindowMilliseconds: schedule.missedWindowMilliseconds, now: now)
    }

    /// The slot goes out as catch-up, if it goes out.
    package var isLate: Bool {
        if case .late? = lateness { return true }
        return slot.isLate
    }

    /// Late starts, those that make up for others, and all of a connection that has just recovered, are
    /// ramped.
    package var isRamped: Bool {
        (isLate && slot.kind != .manual) || isRecovering || slot.makesUpSlotID != nil
    }

    /// The daemon was down, or the clock was set forward, since the slot was due: on time or not,
    /// another ledger, or this one before it was put back, may have started it.
    package var wasDownWhenDue: Bool { downUntil.map { dueSince < $0 } ?? false }

    /// A start for it may exist that this ledger doesn't know: it was due during a down time, or it makes
    /// up for a slot that another ledger may have started (rule 20).
    package var mayHaveStarted: Bool {
        wasDownWhenDue || slot.isMakeUpInDoubt
    }

    /// The run that takes the slot away, if it ends so: the one that it is skipped for, or whose end it
    /// has waited for until it was too late.
    ///
    /// - Parameter reason: why it ends.
    /// - Returns: the run's id; nil: it isn't a run that takes it.
    package func taker(by reason: EndReason) -> String? {
        switch reason {
        case .overlap(let blocker, _): return blocker.runID
        case .laterWaits(_, let runID): return runID
        case .standsFor, .tooLate, .afterRuleOver:
            guard let schedule, schedule.overlap != .allow, !slot.forced else { return nil }
            return openRuns.first(where: \.wasOpenWhenDue)?.runID
        default: return nil
        }
    }

    /// The run that may be this slot's own already, although no slot claims it; nil: there is none.
    package func unclaimedRun(shownBy look: Look) -> HoldReason? {
        // What a person has decided in this life was decided with the process in view.
        if slot.forced, !wasDownWhenDue || downUntil.map({ slot.windowFrom > $0 }) ?? true {
            return nil
        }
        // An unknown user counts as ours: the second start is the worse mistake.
        let isOurs = ourUserID == nil || look.runUserID == nil || ourUserID == look.runUserID
        let mayBeOurs = look.runID != nil && !isShownRunClaimed && isOurs
        if mayBeOurs, !slot.forced, let runID = look.runID, let created = look.runCreatedAt,
            let absent = absentAttempt, .run(runID) != absent.baseline,
            (absentClock ?? clock).latest(created) >= absent.beganAt
        {
            return .surfaced(runID: runID, attempt: absent.number)
        }
        guard mayHaveStarted || (isLate && slot.kind == .rule) else { return nil }
        if mayBeOurs, look.runCreatedAt.map({ clock.latest($0) >= dueSince }) ?? mayHaveStarted {
            return .unclaimed(runID: look.runID)
        }
        return mayHaveStarted && hasHiddenRun ? .unclaimed(runID: nil) : nil
    }

    func now(plus milliseconds: Int64) -> Instant { now.adding(milliseconds: milliseconds) }
}
