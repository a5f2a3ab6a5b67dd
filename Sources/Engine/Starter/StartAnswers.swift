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
            if let other = try otherAnswer(run, slot, attempt, answer) {
                return try doubt(other, slot, attempt, answer)
            }
            try started(slot, attempt, run, connection)
        case .success:
            try settler.becomeUnknown(slot, attempt, .answerUnreadable)
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
                slot, attempt, .foreignRun(run.id, slotID: other), httpStatus: 201)
            guard let fresh = try ledger.attempt(attempt.attemptID) else { return }
            return try settler.hold(
                slot, fresh, .foreignRun(run.id, slotID: other), candidate: run.id)
        }
        let window = roster.requestWindowMilliseconds(slot.connection)
        let runKey: Int64
        var isRead = false
        if let known {
            runKey = known.runKey
            try ledger.claim(
                runKey, slotID: slot.slotID, schedule: slot.schedule, origin: origin(of: slot))
        } else {
            (runKey, isRead) = try follower.runs.begin(run, slot, as: origin(of: slot))
        }
        try ledger.endAttempt(
            attempt.attemptID, .started, exposureEnd: now.adding(milliseconds: window),
            httpStatus: 201, errorID: nil, runKey: runKey, now: now)
        try slots.start(
            slot, runKey: runKey,
            .attempt(
                attempt.number, isLate: slot.isLate, hadLook: attempt.baseline != .notKnown),
            at: now)
        if let user = run.createdBy ?? run.managerUser {
            if try book.connection(slot.connection)?.userID == nil {
                try follower.strangers.reportAdoptions(before: attempt, on: slot.connection, user)
            }
            try book.change(slot.connection) { $0.userID = user }
        }
        if !isRead { try follower.runs.watch(runKey, slot: slot) }
        follower.strangers.wantLook(afterStartOn: slot.connection)
        if let known { try follower.runs.explain(known) }
        if !isRead, let row = try ledger.run(runKey) {
            try follower.runs.apply(run, to: row)
        }
        book.log(.info, "\(slot.name) started run \(run.id)")
    }

    /// The run that the answer names is in the ledger by its words: whose it is, isn't known (I6).
    private func doubt(
        _ other: DoubtReason.OtherAnswer, _ slot: SlotRow, _ attempt: AttemptRow,
        _ answer: APIAnswer
    ) throws {
        let reason = DoubtReason.answeredToAnother(other)
        let errorID = try ledger.insert(
            NewError(
                operation: answer.call.operation, message: reason.words(attempt: attempt.number),
                nextStep: nextStep(after: .ambiguous, on: slot.connection),
                connection: slot.connection,
                slotID: slot.slotID), now: now)
        try settler.becomeUnknown(slot, attempt, reason, httpStatus: 201, errorID: errorID)
    }

    /// What tells that the answer is to another request; only what is certain counts, since a run that is
    /// not taken for ours is looked for, and may end with a person.
    private func otherAnswer(
        _ run: ProcessRun, _ slot: SlotRow, _ attempt: AttemptRow, _ answer: APIAnswer
    ) throws -> DoubtReason.OtherAnswer? {
        if let process = run.process, process != slot.processID,
            follower.isKnown(ProcessKey(baseURL: slot.baseURL, processID: process))
        {
            return .run(run.id, ofProcess: process)
        }
        if let age = answer.ageSeconds, age > max(0, now.since(attempt.beganAt)) / 1000 + 1 {
            return .cached(runID: run.id, ageSeconds: age)
        }
        let row = try book.connection(slot.connection)
        if let created = run.created,
            ClockOffset(of: attempt, row, at: now).latest(created) < attempt.beganAt
        {
            return .runCreatedBefore(run.id, at: created)
        }
        return nil
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
            nextStep: nextStep(after: verdict, on: slot.connection))
        let number = attempt.number
        switch verdict {
        case .ambiguous:
            if let connection { try gate.noteFailure(connection, request, failure) }
            return try settler.becomeUnknown(
                slot, attempt, .failure(failure.summary), httpStatus: failure.httpStatus,
                errorID: errorID)
        case .refused:
            if let connection { try gate.noteReachable(connection) }
            try finishAttempt(attempt, .refused, failure, errorID, slot)
            return try slots.end(slot, .refused(attempt: number, failure.summary))
        case .unauthorized:
            try finishAttempt(attempt, .refused, failure, errorID, slot)
            try tokenRefused(slot, attempt, schedule)
        case .throttled:
            try finishAttempt(attempt, .refused, failure, errorID, slot)
            let until =
                failure.hint.map { now.adding(milliseconds: $0.delayMilliseconds) }
                ?? backoff(slot, schedule)
            try slots.tryAgain(
                slot, .attemptThrottled(number, until: until),
                at: try slots.noteOverdue(
                    slot, until: max(until, now.adding(milliseconds: 1000))))
        case .notSent(let isCertificate):
            try finishAttempt(attempt, .notSent, failure, errorID, slot)
            if let connection { try gate.noteUnreachable(connection, failure, request) }
            // Certificate and name errors stay until somebody mends them: slow and loud.
            let until =
                isCertificate ? now.adding(milliseconds: 300_000) : backoff(slot, schedule)
            try backoffs.wait(slot, .attemptNotSent(number, failure.summary), until: until)
        case .conflict, .unavailable:
            try finishAttempt(attempt, .refused, failure, errorID, slot)
            try retry(slot, attempt, schedule, why: failure.summary)
        }
    }

    /// Once more with a new token; a second 401 in a row uses up an attempt, so that a slot whose
    /// starts are refused where other calls are accepted ends some time.
    private func tokenRefused(
        _ slot: SlotRow, _ attempt: AttemptRow, _ schedule: Schedule?
    ) throws {
        if try gate.isRefusedAgain(slot.connection)
            || ledger.wasUnauthorized(slotID: slot.slotID, attempt: attempt.number - 1)
        {
            return try retry(slot, attempt, schedule, why: "the token was not accepted")
        }
        try slots.tryAgain(slot, .attemptUnauthorized(attempt.number), at: now)
    }

    private func finishAttempt(
        _ attempt: AttemptRow, _ state: AttemptState, _ failure: APIFailure, _ errorID: Int64,
        _ slot: SlotRow
    ) throws {
        try ledger.endAttempt(
            attempt.attemptID, state,
            exposureEnd: now.adding(
                milliseconds: roster.requestWindowMilliseconds(slot.connection)),
            httpStatus: failure.httpStatus, errorID: errorID, runKey: nil, now: now)
    }

    /// Charges the attempt and waits, or gives up with `failed`.
    private func retry(
        _ slot: SlotRow, _ attempt: AttemptRow, _ schedule: Schedule?, why: String
    ) throws {
        try ledger.countAttempt(slotID: slot.slotID)
        if let max = schedule?.retry.maxAttempts, slot.attemptsCounted + 1 >= max {
            return try slots.end(
                slot, .attemptsUsedUp(attempt: attempt.number, why, max: max))
        }
        let until = backoff(slot, schedule)
        try backoffs.wait(slot, .attemptAgain(attempt.number, why, at: until), until: until)
    }

    private func backoff(_ slot: SlotRow, _ schedule: Schedule?) -> Instant {
        now.adding(
            milliseconds: Backoff.delayMilliseconds(
                schedule?.retry ?? RetryPolicy(), attempt: slot.attempts,
                seed: Backoff.seed(slot.schedule)
                    ^ UInt64(bitPattern: slot.slotAt.milliseconds)))
    }

    private func nextStep(after verdict: StartVerdict, on connection: String) -> String {
        switch verdict {
        case .ambiguous: "looked for, never blindly sent again"
        case .refused: "the slot has failed; fix the cause and trigger it"
        case .unauthorized: gate.nextStep(afterRefusalOf: connection)
        case .throttled: "sent again when the wait is over, uses up no attempt"
        case .notSent: "sent again, it never left"
        case .conflict: "sent again (on_conflict = \"retry\")"
        case .unavailable: "sent again after a while"
        }
    }

    /// The run that a start was answered with.
    private static func run(of answer: APIAnswer) -> ProcessRun? {
        guard case .success(.run(let run)) = answer.result else { return nil }
        return run
    }
}
