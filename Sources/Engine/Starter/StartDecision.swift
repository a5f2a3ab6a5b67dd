package import Store
package import Timetable

/// May this slot go now, and if not, what becomes of it (rules 1 to 3, 8, 9 and 13).
///
/// Decided from facts alone: nothing is read, asked or written here.
package enum StartDecision: Sendable, Equatable {
    /// A POST, if the gate has a token and a place for it.
    case start(Baseline)
    /// The process is to be validated first.
    case validate
    /// The pattern has been found to name this process; what follows is decided with it.
    case name(processID: String)
    case wait(WaitReason, until: Instant)
    /// Behind a run that is open.
    case queue(Blocker)
    case hold(HoldReason)
    case end(EndReason)

    private static let waitMilliseconds: Int64 = 15_000
    private static let slowWaitMilliseconds: Int64 = 30_000
    private static let blockedWaitMilliseconds: Int64 = 60_000

    /// Nothing but validation, ramp and gate is between the slot and its start.
    package var hasPassedOverlap: Bool {
        switch self {
        case .start, .validate, .wait(.validation, _), .wait(.ramp, _), .end(.done): true
        default: false
        }
    }

    /// Decides in the order of the protocol: what ends a slot, what it must wait for, what it needs.
    package static func judge(_ facts: StartFacts) -> StartDecision {
        guard let schedule = facts.schedule, let connection = facts.connection else {
            return .end(.scheduleGone)
        }
        let slot = facts.slot
        guard slot.dueAt <= facts.now else { return .wait(.asBefore, until: slot.dueAt) }
        if let until = facts.backoffUntil, until > facts.now {
            return .wait(.asBefore, until: until)
        }
        if let pause = facts.pause, !facts.isAskedFor { return .end(.paused(pause)) }
        return maxRuns(facts, schedule)
            ?? tooLate(facts, schedule)
            ?? name(facts)
            ?? way(facts)
            ?? look(facts, schedule, connection)
            ?? overlap(facts, schedule, connection)
            ?? precedence(facts)
            ?? done(facts, schedule, connection)
            ?? lastSteps(facts, schedule)
    }

    // MARK: The last run (rule 21)

    /// One that may have a run already counts as if it had, until that is decided.
    private static func maxRuns(_ facts: StartFacts, _ schedule: Schedule) -> StartDecision? {
        guard let max = schedule.maxRuns, let used = facts.runsUsed else { return nil }
        if used.started >= max { return .end(.maxRuns(max)) }
        guard used.started + used.undecided >= max, facts.lateness != .over else { return nil }
        return .wait(
            .lastRun(undecided: used.undecided, max: max),
            until: facts.now(plus: slowWaitMilliseconds))
    }

    // MARK: Windows (rule 8)

    private static func tooLate(_ facts: StartFacts, _ schedule: Schedule) -> StartDecision? {
        let slot = facts.slot
        if slot.kind == .after, case .after(let rule) = schedule.trigger,
            let within = rule.withinMilliseconds,
            facts.now > schedule.opening(of: slot).adding(milliseconds: within)
        {
            return .end(.afterRuleOver(when: []))
        }
        switch facts.lateness {
        case .onTime?, nil: return nil
        case .over?: return .end(.tooLate(.windowOver, wasUp: facts.wasUpWhenOnTime))
        case .late?:
            switch schedule.missed {
            case .all: return nil
            case .skip: return .end(.tooLate(.skipsMissed, wasUp: facts.wasUpWhenOnTime))
            case .latest: return facts.newerStandIn.map { .end(.standsFor(later: $0)) }
            }
        }
    }

    // MARK: The process that a pattern names

    private static func name(_ facts: StartFacts) -> StartDecision? {
        switch facts.naming {
        case .known: return nil
        case .notExpandable(let pattern): return .end(.patternNotExpandable(pattern))
        case .notListed(let name):
            return .wait(.processName(name), until: facts.now(plus: waitMilliseconds))
        case .listed(let name, let processIDs):
            guard let only = processIDs.first, processIDs.count == 1 else {
                return .hold(.processName(name, found: processIDs))
            }
            return .name(processID: only)
        }
    }

    // MARK: The way to the API, and one in doubt (rule 2)

    private static func way(_ facts: StartFacts) -> StartDecision? {
        switch facts.way {
        case .open: break
        case .draining:
            return .wait(.draining, until: facts.now(plus: slowWaitMilliseconds))
        case .clockDiffers:
            return .wait(.clockDiffers, until: facts.now(plus: waitMilliseconds))
        case .credentialRefused(let since):
            return .wait(.credential(since: since), until: facts.now(plus: waitMilliseconds))
        case .unreachable:
            return .wait(.unreachable, until: facts.now(plus: waitMilliseconds))
        case .askedToWait(let until):
            return .wait(.askedToWait(until: until), until: until)
        }
        guard let other = facts.inDoubt else { return nil }
        return .wait(
            .inDoubt(attempt: other.number, slotID: other.slotID),
            until: facts.now(plus: slowWaitMilliseconds))
    }

    // MARK: Look (rules 1 and 13)

    private static func look(
        _ facts: StartFacts, _ schedule: Schedule, _ connection: Connection
    ) -> StartDecision? {
        if let look = facts.look {
            return facts.unclaimedRun(shownBy: look).map { .hold($0) }
        }
        guard facts.looksBeforeStart else { return nil }
        let since = facts.slot.lookWantedSince ?? facts.now
        let patience = since.adding(milliseconds: connection.lookPatienceMilliseconds)
        guard facts.now >= patience else {
            return .wait(.look, until: min(patience, facts.now(plus: waitMilliseconds)))
        }
        // A missed deadline is worse than a start without a look, a second start is worse still.
        guard facts.mayHaveStarted, !facts.slot.forced else { return nil }
        let isMakeUp = facts.slot.makesUpSlotID != nil
        let onTimeUntil = facts.slot.windowFrom.adding(
            milliseconds: schedule.startWithinMilliseconds)
        return facts.now < onTimeUntil
            ? .wait(
                isMakeUp ? .lookToMakeUp : .lookAfterDownTime,
                until: facts.now(plus: waitMilliseconds))
            : .hold(isMakeUp ? .noLookToMakeUp : .noLookAfterDownTime)
    }

    // MARK: Overlap (rule 9)

    private static func overlap(
        _ facts: StartFacts, _ schedule: Schedule, _ connection: Connection
    ) -> StartDecision? {
        guard schedule.overlap != .allow, !facts.slot.forced else { return nil }
        let since = facts.slot.runWantedSince ?? facts.now
        let hasPatience =
            facts.now < since.adding(milliseconds: connection.lookPatienceMilliseconds)
        if hasPatience, let stale = facts.openRuns.first(where: { !$0.isFresh }) {
            return .wait(.runRead(stale.runID), until: facts.now(plus: waitMilliseconds))
        }
        guard let run = facts.openRuns.first(where: { !$0.makesUp }) ?? facts.openRuns.first else {
            guard let held = facts.heldSlotID, held != facts.slot.slotID else { return nil }
            return .wait(.heldSlot(held), until: facts.now(plus: blockedWaitMilliseconds))
        }
        let blocker = Blocker(runID: run.runID, status: run.status)
        // What a person makes up with waits for its turn, whatever the policy.
        if facts.slot.makesUpSlotID != nil { return .queue(blocker) }
        if schedule.overlap == .skip, run.makesUp, !facts.isAskedFor {
            return .wait(.makeUpOpen(blocker), until: facts.now(plus: blockedWaitMilliseconds))
        }
        guard schedule.overlap == .queue else { return .end(.overlap(blocker, owner: run.owner)) }
        if let later = facts.laterQueued {
            return .end(.laterWaits(later, runID: run.runID))
        }
        return .queue(blocker)
    }

    // MARK: Slots that go first (rule 20)

    private static func precedence(_ facts: StartFacts) -> StartDecision? {
        facts.goesFirst.map { .wait(.goesFirst($0), until: facts.now(plus: waitMilliseconds)) }
    }

    // MARK: Already done (rule 19)

    /// A run that has certainly done the slot's work; what is in doubt is no reason to miss a slot.
    private static func done(
        _ facts: StartFacts, _ schedule: Schedule, _ connection: Connection
    ) -> StartDecision? {
        guard let rule = schedule.unlessDone, let since = facts.doneSince, !facts.isAskedFor,
            !facts.slot.forced
        else { return nil }
        var runs = facts.pastRuns.filter { run in
            guard rule.author == .anyone || run.owner.isOurs else { return false }
            guard run.slotAt.map(since.covers(slotAt:)) ?? true else { return false }
            return run.createdAt.map { facts.clock.earliest($0) >= since.instant } ?? false
        }
        // A person who makes up for a slot that failed has not done the next one.
        if facts.isFormerUnserved, !runs.isEmpty { runs.removeLast() }
        for run in runs {
            guard case .succeeded(let end) = run.end else { continue }
            return .end(.done(runID: run.runID, owner: run.owner, at: end, since))
        }
        // What a run did that ended a moment ago, or may have, is soon read.
        var asked = facts.slot.runWantedSince ?? facts.now
        // The wait for a run that was open is none for what it did.
        if case .unread(let since)? = runs.first?.end { asked = max(asked, since) }
        guard facts.now < asked.adding(milliseconds: connection.lookPatienceMilliseconds) else {
            return nil
        }
        let open = facts.openRuns.first { run in
            !run.isFresh && (rule.author == .anyone || run.owner.isOurs)
        }
        let unread = runs.first?.runID ?? open?.runID
        return unread.map { .wait(.runRead($0), until: facts.now(plus: waitMilliseconds)) }
    }

    // MARK: Validation and ramp

    private static func lastSteps(_ facts: StartFacts, _ schedule: Schedule) -> StartDecision {
        if schedule.validateFirst, facts.slot.validatedAt == nil {
            return facts.isValidating
                ? .wait(.validation, until: facts.now(plus: waitMilliseconds)) : .validate
        }
        if facts.isRamped, let place = facts.rampPlace, place > facts.now {
            return .wait(.ramp, until: place)
        }
        return .start(facts.look?.baseline ?? .notKnown)
    }
}
