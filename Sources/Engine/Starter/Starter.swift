import ProcessesAPI
import Store
import Timetable

/// Performs start decisions: what `StartDecision` says becomes rows and requests.
final class Starter: Room, Grounded {
    let ground: Ground
    let gate: Gate
    let lister: Lister
    let follower: Follower
    let backoffs: Backoffs
    let validations: Validations
    /// Starts that wait for the ramp in this turn: each gets a place of its own.
    private var rampWaiting: Int64 = 0

    init(
        _ ground: Ground, gate: Gate, lister: Lister, follower: Follower, backoffs: Backoffs,
        validations: Validations
    ) {
        self.ground = ground
        self.gate = gate
        self.lister = lister
        self.follower = follower
        self.backoffs = backoffs
        self.validations = validations
    }

    func keep() -> () -> Void {
        let kept = rampWaiting
        return { [self] in rampWaiting = kept }
    }

    func beginTurn() { rampWaiting = 0 }

    func decidePending() throws {
        let due = try ledger.slotsDue(.pending, now: now, limit: limits.decisionsMax)
        if due.count == limits.decisionsMax { book.wakeSoon() }
        for slot in due {
            let done = try book.step(
                "decide \(slot.name)", schedule: slot.schedule,
                slotID: slot.slotID
            ) { try decide(slot) }
            if !done {
                // Nothing was sent for it: a person sees it in error_log, and it comes up again.
                try slots.wait(slot, .undecided, until: now.adding(milliseconds: 60_000))
            }
        }
    }

    private func decide(_ slot: SlotRow) throws {
        if let words = roster.configuration?.waiting[slot.schedule],
            roster.schedule(slot.schedule) == nil
        {
            return try slots.wait(
                slot, .scheduleWaits(words), until: now.adding(milliseconds: 10_000))
        }
        let facts = try startFacts(of: slot)
        if facts.backoffUntil.map({ $0 <= now }) ?? false { backoffs.end(slot) }
        let decision = StartDecision.judge(facts)
        if case .name(let processID) = decision {
            try ledger.setProcess(slot.slotID, processID: processID)
            roster.name(ProcessKey(baseURL: slot.baseURL, processID: processID))
            // A second round with its process, which is known from here on.
            if let named = try ledger.slot(slot.slotID) { try decide(named) }
            return
        }
        try note(decision, facts)
        try perform(decision, facts)
    }

    /// What a decision says of the slot beside itself.
    private func note(_ decision: StartDecision, _ facts: StartFacts) throws {
        let slot = facts.slot
        switch decision {
        case .wait(.asBefore, _), .end(.scheduleGone), .end(.paused), .end(.afterRuleOver): return
        case .wait(let reason, _) where reason.wantsLook:
            if slot.lookWantedSince == nil { try ledger.setLookWanted(slot.slotID, since: now) }
        default:
            // look_patience counts only while nothing but the look is missing.
            let isLookMissing = facts.look == nil && facts.way == .open && facts.inDoubt == nil
            if !isLookMissing, slot.lookWantedSince != nil {
                try ledger.setLookWanted(slot.slotID, since: nil)
            }
        }
        if !slot.isLate, case .late? = facts.lateness { try ledger.setLate(slot.slotID) }
        // The run that it was queued behind has closed, or doesn't stop its clocks any more.
        switch decision {
        case .wait(.heldSlot, _), .wait(.makeUpOpen, _), .wait(.goesFirst, _):
            try setBlocker(of: slot, to: nil)
        default: break
        }
        guard decision.hasPassedOverlap, !slot.forced, let schedule = facts.schedule,
            schedule.overlap != .allow
        else { return }
        try noteUnblocked(slot)
    }

    private func perform(_ decision: StartDecision, _ facts: StartFacts) throws {
        let slot = facts.slot
        switch decision {
        case .start(let baseline): try begin(facts, baseline: baseline)
        case .validate:
            if let connection = facts.connection { try validations.send(slot, connection) }
        case .name: break
        case .wait(let reason, let until):
            let again = try bringOn(reason, slot)
            try slots.wait(slot, reason, until: min(until, again ?? until))
        case .queue(let blocker): try queue(slot, behind: blocker)
        case .hold(let reason): try slots.hold(slot, reason)
        case .end(let reason):
            try slots.end(slot, reason)
            if let runID = facts.taker(by: reason) { try countLoss(of: slot, to: runID) }
        }
    }

    /// Asks for what the slot waits for.
    ///
    /// - Returns: when to ask again, of what must not be asked for now.
    private func bringOn(_ reason: WaitReason, _ slot: SlotRow) throws -> Instant? {
        if reason == .clockDiffers { lister.want(look: slot.connection, .start) }
        if reason.wantsLook {
            return lister.want(look: slot.connection, for: sought(by: slot, reason))
        }
        if reason == .ramp { rampWaiting += 1 }
        guard case .runRead(let runID) = reason else { return nil }
        if slot.runWantedSince == nil { try ledger.setRunWanted(slot.slotID, since: now) }
        guard let connection = roster.connection(slot.connection),
            let run = try ledger.run(baseURL: slot.baseURL, runID: runID)
        else { return nil }
        return try follower.readForStart(run, connection)
    }

    private func sought(by slot: SlotRow, _ reason: WaitReason) -> Sought {
        if case .processName(let name) = reason { return .name(name) }
        return .process(ProcessKey(baseURL: slot.baseURL, processID: slot.processID))
    }

    // MARK: Intent (rule 3)

    private func begin(_ facts: StartFacts, baseline: Baseline) throws {
        let slot = facts.slot
        guard let schedule = facts.schedule, let connection = facts.connection else { return }
        let pass: Gate.Pass
        switch try gate.admit(.start, connection) {
        case .go(let admitted): pass = admitted
        case .wait(.budget(let until)): return try slots.wait(slot, .budget, until: until)
        case .wait: return try slots.wait(slot, .token, until: now.adding(milliseconds: 15_000))
        }
        if facts.isRamped {
            var daemon = try book.daemon()
            daemon.catchupTAT = now.adding(milliseconds: rampGapMilliseconds)
            book.save(daemon)
        }
        let lookID = try baseline == .notKnown ? nil : facts.look.map { try ledger.keep($0) }
        let sendBy = now.adding(milliseconds: limits.sendWithinMilliseconds)
        let attemptID = try ledger.beginAttempt(
            slot: slot, baseline: baseline, lookID: lookID, sendBy: sendBy,
            clock: ClockOffset(try book.connection(connection.name), at: now)
                .map { ($0.lowMilliseconds, $0.highMilliseconds) }, now: now)
        gate.send(
            .startRun(
                process: slot.processID, sendCompleteEmail: schedule.sendCompleteEmail),
            pass, .start(attemptID: attemptID, slotID: slot.slotID), sendBy: sendBy)
    }

    /// When the ramp has a place for one more; nil: at once.
    func rampPlace() throws -> Instant? {
        guard let next = try book.daemon().catchupTAT, next > now else { return nil }
        // It goes on per start, so each waiting slot comes up when its place is free.
        return next.adding(milliseconds: rampGapMilliseconds * rampWaiting)
    }

    private var rampGapMilliseconds: Int64 {
        60_000 / Int64(max(1, roster.configuration?.catchupPerMinute ?? 30))
    }
}
