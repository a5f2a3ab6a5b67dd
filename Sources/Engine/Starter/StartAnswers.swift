import ProcessesAPI
import Store
import Timetable

/// Answers to starts (rule 4): stored before they are acted on.
struct StartAnswers: Grounded {
    let ground: Ground
    let gate: Gate
    let follower: Follower
    let settler: Settler
    let backoffs: Backoffs

    func receive(
        _ request: PendingRequest, _ answer: APIAnswer, attemptID: Int64, slotID: Int64,
        _ connection: Connection?
    ) throws {
        guard let attempt = try ledger.attempt(attemptID), let slot = try ledger.slot(slotID),
            attempt.state == .starting || attempt.state == .unknown
        else { return }
        guard attempt.state == .starting || Self.run(of: answer) != nil else { return }
        switch answer.result {
        case .success(.run(let run)):
            if let connection { try gate.noteAccepted(connection) }
            try started(slot, attempt, run, connection)
        case .success:
            try settler.becomeUnknown(
                slot, attempt, reason: "the answer to attempt \(attempt.number) can't be read",
                httpStatus: nil, errorID: nil)
        case .failure(let failure):
            try failed(slot, attempt, failure, answer, request, connection)
        }
        // Others may go now; this one waits for as long as its answer said.
        try ledger.wakeSlots(
            baseURL: slot.baseURL, processID: slot.processID, except: slot.slotID, now: now)
    }

    /// 201 with a readable id: run, counts and attempt end in one transaction.
    private func started(
        _ slot: SlotRow, _ attempt: AttemptRow, _ run: ProcessRun, _ connection: Connection?
    ) throws {
        let known = try ledger.run(baseURL: slot.baseURL, runID: run.id)
        if let other = known?.slotID, other != slot.slotID {
            try settler.becomeUnknown(
                slot, attempt,
                reason: "attempt \(attempt.number) was answered with run \(run.id), "
                    + "which belongs to slot \(other)", httpStatus: 201, errorID: nil)
            guard let fresh = try ledger.attempt(attempt.attemptID) else { return }
            return try settler.hold(
                slot, fresh, candidate: run.id,
                reason: "the API answered with run \(run.id), which belongs to slot \(other)")
        }
        let window = connection?.requestWindowMilliseconds ?? 29_000
        let runKey: Int64
        if let known {
            runKey = known.runKey
            try ledger.claim(
                runKey, slotID: slot.slotID, schedule: slot.schedule, origin: origin(of: slot))
        } else {
            runKey = try follower.runs.insert(run, slot, as: origin(of: slot))
        }
        try ledger.endAttempt(
            attempt.attemptID, .started, exposureEnd: now.adding(milliseconds: window),
            httpStatus: 201, errorID: nil, runKey: runKey, now: now)
        let baseline = attempt.baseline == .notKnown ? "; no look was possible before it" : ""
        let late = slot.isLate ? ", late" : ""
        try ledger.start(
            slot.slotID, runKey: runKey,
            reason: "started by attempt \(attempt.number)\(late)\(baseline)",
            lagMilliseconds: max(0, now.since(slot.dueAt)), now: now)
        if let user = run.createdBy ?? run.managerUser {
            try book.change(slot.connection) { $0.userID = user }
        }
        try follower.runs.watch(runKey, slot: slot)
        follower.strangers.wantLook(afterStartOn: slot.connection)
        if let known { try follower.runs.explain(known) }
        if let row = try ledger.run(runKey) { try follower.runs.apply(run, to: row) }
        book.log(.info, "\(slot.schedule)@\(slot.slotAt.iso8601) started run \(run.id)")
    }

    private func origin(of slot: SlotRow) -> RunOrigin {
        switch slot.kind {
        case .manual: .manual
        case .after: .after
        case .boot: .boot
        case .rule: slot.isLate ? .catchup : .rule
        }
    }

    private func failed(
        _ slot: SlotRow, _ attempt: AttemptRow, _ failure: APIFailure, _ answer: APIAnswer,
        _ request: PendingRequest, _ connection: Connection?
    ) throws {
        let schedule = roster.schedule(slot.schedule)
        let verdict = StartVerdict.judge(
            failure, afterAmbiguous: try ledger.hadAmbiguousAttempt(slotID: slot.slotID),
            onConflict: schedule?.onConflict ?? .fail)
        if verdict == .unauthorized, let connection {
            try gate.noteFailure(connection, request, failure)
        }
        let errorID = try book.note(
            failure, answer: answer, slot: slot, attempt: attempt.number,
            nextStep: verdict == .unauthorized
                ? Gate.nextStep(isTokenRefusedAgain: gate.isRefusedAgain(slot.connection))
                : Self.nextStep(after: verdict))
        let number = "attempt \(attempt.number)"
        switch verdict {
        case .ambiguous:
            if let connection { try gate.noteFailure(connection, request, failure) }
            return try settler.becomeUnknown(
                slot, attempt, reason: "\(number): \(failure.summary)",
                httpStatus: failure.httpStatus, errorID: errorID)
        case .refused:
            if let connection { try gate.noteReachable(connection) }
            try finishAttempt(attempt, .refused, failure, errorID, connection)
            return try slots.end(slot, .failed, "\(number) was refused: \(failure.summary)")
        case .unauthorized:
            try finishAttempt(attempt, .refused, failure, errorID, connection)
            try tokenRefused(slot, attempt, schedule)
        case .throttled:
            try finishAttempt(attempt, .refused, failure, errorID, connection)
            let until =
                failure.hint.map { now.adding(milliseconds: $0.delayMilliseconds) }
                ?? backoff(slot, schedule)
            try ledger.move(
                slot.slotID, .pending,
                reason: "\(number): the API asked us to wait until \(until.iso8601)",
                nextActionAt: try slots.noteOverdue(
                    slot, until: max(until, now.adding(milliseconds: 1000))))
        case .notSent(let isCertificate):
            try finishAttempt(attempt, .notSent, failure, errorID, connection)
            if let connection { try gate.noteUnreachable(connection, failure) }
            // Certificate and name errors stay until somebody mends them: slow and loud.
            let until =
                isCertificate ? now.adding(milliseconds: 300_000) : backoff(slot, schedule)
            try backoffs.wait(slot, until: until, why: "\(number) was not sent: \(failure.summary)")
        case .conflict, .unavailable:
            try finishAttempt(attempt, .refused, failure, errorID, connection)
            try retry(slot, schedule, why: "\(number): \(failure.summary)")
        }
    }

    /// Once more with a new token; a second 401 in a row uses up an attempt, so that a slot whose
    /// starts are refused where other calls are accepted ends some time.
    private func tokenRefused(
        _ slot: SlotRow, _ attempt: AttemptRow, _ schedule: Schedule?
    ) throws {
        let why = "attempt \(attempt.number): the token was not accepted"
        if try gate.isRefusedAgain(slot.connection)
            || ledger.wasUnauthorized(slotID: slot.slotID, attempt: attempt.number - 1)
        {
            return try retry(slot, schedule, why: why)
        }
        try ledger.move(slot.slotID, .pending, reason: why, nextActionAt: now)
    }

    private func finishAttempt(
        _ attempt: AttemptRow, _ state: AttemptState, _ failure: APIFailure, _ errorID: Int64,
        _ connection: Connection?
    ) throws {
        try ledger.endAttempt(
            attempt.attemptID, state,
            exposureEnd: now.adding(
                milliseconds: connection?.requestWindowMilliseconds ?? 29_000),
            httpStatus: failure.httpStatus, errorID: errorID, runKey: nil, now: now)
    }

    /// Charges the attempt and waits, or gives up with `failed`.
    private func retry(_ slot: SlotRow, _ schedule: Schedule?, why: String) throws {
        try ledger.countAttempt(slotID: slot.slotID)
        if let max = schedule?.retry.maxAttempts, slot.attemptsCounted + 1 >= max {
            return try slots.end(slot, .failed, "\(why); retry.max_attempts (\(max)) is used up")
        }
        let until = backoff(slot, schedule)
        try backoffs.wait(slot, until: until, why: "\(why); again at \(until.iso8601)")
    }

    private func backoff(_ slot: SlotRow, _ schedule: Schedule?) -> Instant {
        now.adding(
            milliseconds: Backoff.delayMilliseconds(
                schedule?.retry ?? RetryPolicy(), attempt: slot.attempts,
                seed: Backoff.seed(slot.schedule)
                    ^ UInt64(bitPattern: slot.slotAt.milliseconds)))
    }

    private static func nextStep(after verdict: StartVerdict) -> String {
        switch verdict {
        case .ambiguous: "looked for, never blindly sent again"
        case .refused: "the slot has failed; mend the cause and trigger it"
        case .unauthorized: Gate.nextStep(isTokenRefusedAgain: false)
        case .throttled: "sent again when the wait is over, uses up no attempt"
        case .notSent: "sent again, it never left"
        case .conflict: "sent again (on_conflict = \"retry\")"
        case .unavailable: "sent again after a backoff"
        }
    }

    /// The run that a start was answered with.
    private static func run(of answer: APIAnswer) -> ProcessRun? {
        guard case .success(.run(let run)) = answer.result else { return nil }
        return run
    }
}
