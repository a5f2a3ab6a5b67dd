import ProcessesAPI
import Store
import Timetable

/// What inputs do to the state; whatever the API answered is stored before it is acted on (I6).
extension Clockwork {
    func apply(_ input: Input) throws {
        switch input {
        case .answer(let requestID, let answer): try receive(requestID, answer)
        case .command(let id, let command, let actor):
            if let reply = try carryOut(command, commandID: id, actor: actor) {
                book.reply(id, reply)
            }
        case .configuration(let new, let commandID): try adopt(new, commandID: commandID)
        case .credentialChanged(let name):
            guard let connection = configuration?.connections[name], !life.isStopping else {
                return
            }
            try gate.credentialChanged(connection)
        case .trouble(let trouble): try apply(trouble)
        case .delivered(let deliveryID, let attempt, let outcome):
            try notices.receive(deliveryID, attempt: attempt, outcome)
        case .stop: life.stop()
        }
    }

    private func apply(_ trouble: Trouble) throws {
        guard let words = trouble.whatToDo else {
            return try ledger.clear(kind: trouble.kind, subject: trouble.subject)
        }
        try ledger.raise(
            kind: trouble.kind, subject: trouble.subject, whatToDo: words, now: now)
        guard trouble.kind == .damaged else { return }
        // What such a file tells of earlier starts can't be relied on: no request goes out any more.
        life.stop(damage: words)
    }

    private func receive(_ requestID: UInt64, _ answer: APIAnswer) throws {
        guard let request = gate.request(requestID) else { return }
        try receive(request, answer)
        gate.close(requestID)
        try heed()
    }

    /// An answer that could not be applied: its request is over all the same, and a start that it
    /// belongs to is in doubt.
    func abandon(_ requestID: UInt64) throws {
        guard let request = gate.request(requestID) else { return }
        forget(requestID)
        guard case .start(let attemptID, let slotID) = request.purpose else { return }
        try book.step("put attempt \(attemptID) in doubt", slotID: slotID) {
            guard let attempt = try ledger.attempt(attemptID), attempt.state == .starting,
                let slot = try ledger.slot(slotID)
            else { return }
            try settler.becomeUnknown(
                slot, attempt, reason: "the answer to attempt \(attempt.number) can't be stored",
                httpStatus: nil, errorID: nil)
        }
    }

    private func receive(_ request: PendingRequest, _ answer: APIAnswer) throws {
        let connection = configuration?.connections[request.connection]
        if case .readRun(let runKey) = request.purpose { follower.forget(runKey) }
        let answer = guards.refusesForeignAnswers ? answer : answer.takenForTheAPIs
        if let connection {
            let isOfAnotherTime = try gate.note(answer, to: request, connection)
            try heed()
            if isOfAnotherTime, connection.baseURL == request.baseURL, request.purpose.isRead {
                return try passOver(request, answer, connection)
            }
        }
        switch request.purpose {
        case .start(let attemptID, let slotID):
            try receiveStart(request, answer, attemptID: attemptID, slotID: slotID, connection)
        case .token:
            try gate.receiveToken(connection, request, answer)
        case .sweep:
            guard let connection, connection.baseURL == request.baseURL else {
                return lister.forget(request.connection)
            }
            try lister.receive(connection, request, answer)
        case .readRun(let runKey):
            if let connection { try follower.receive(runKey, connection, request, answer) }
        case .validate(let slotID):
            if let connection { try noteOutcome(connection, request, answer) }
            try validated(slotID, answer)
        case .nameRun(let runID, let slotID, let commandID, let actor):
            if let connection { try noteOutcome(connection, request, answer) }
            let reply = try resolver.receive(runID, slotID: slotID, answer, actor: actor)
            book.reply(commandID, reply)
        case .preflight(let schedule, let slotAt):
            memory.validatingSchedules.remove(schedule)
            guard let connection else { return }
            let wasRefused = gate.wasRefused(connection.name)
            try noteAhead(connection, request, answer, wasRefused: wasRefused)
            try checkedAhead(schedule, slotAt: slotAt, connection, answer)
        }
    }

    /// An answer of another time is no look and no news.
    private func passOver(
        _ request: PendingRequest, _ answer: APIAnswer, _ connection: Connection
    ) throws {
        let age = answer.ageSeconds.map { " \($0) s old" } ?? " older than the request"
        let words = "the answer comes out of a cache,\(age)"
        var error = NewError(
            operation: answer.call.operation, message: words,
            nextStep: "not taken for news; asked again with a growing gap")
        error.connection = connection.name
        _ = try ledger.insert(error, now: now)
        try ledger.raise(
            kind: .cachedAnswers, subject: connection.name,
            whatToDo: "answers of the API come out of a cache (\(words)), so nobody can see what "
                + "is there now; have the proxy in between obey Cache-Control: no-cache", now: now)
        switch request.purpose {
        case .sweep:
            try lister.postpone(connection)
        case .readRun(let runKey):
            guard let run = try ledger.run(runKey) else { return }
            try follower.delay(run, why: nil, answer: answer)
        case .start, .token, .validate, .preflight, .nameRun: break
        }
    }

    /// What an answer of any kind says of the way there and of the credential.
    private func noteOutcome(
        _ connection: Connection, _ request: PendingRequest, _ answer: APIAnswer
    ) throws {
        switch answer.result {
        case .success: try gate.noteAccepted(connection)
        case .failure(let failure): try gate.noteFailure(connection, request, failure)
        }
    }

    /// A check ahead of a slot must not hold up starts: what goes wrong with the validation alone
    /// opens no breaker and makes no credential bad.
    private func noteAhead(
        _ connection: Connection, _ request: PendingRequest, _ answer: APIAnswer, wasRefused: Bool
    ) throws {
        switch answer.result {
        case .success: try gate.noteAccepted(connection)
        case .failure(let failure) where failure.httpStatus == nil:
            try gate.noteFailure(connection, request, failure)
        case .failure(let failure) where failure.apiStatus == 401 && !wasRefused:
            try gate.noteFailure(connection, request, failure)
        case .failure: break
        }
    }

    // MARK: Answers to starts (rule 4)

    private func receiveStart(
        _ request: PendingRequest, _ answer: APIAnswer, attemptID: Int64, slotID: Int64,
        _ connection: Connection?
    ) throws {
        guard let attempt = try ledger.attempt(attemptID), let slot = try ledger.slot(slotID),
            attempt.state == .starting || attempt.state == .unknown
        else { return }
        guard attempt.state == .starting || answer.startedRun != nil else { return }
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
        let schedule = schedules[slot.schedule]
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
            try wait(slot, until: until, why: "\(number) was not sent: \(failure.summary)")
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
        try wait(slot, until: until, why: "\(why); again at \(until.iso8601)")
    }

    /// Waits for the next attempt, whatever news there may be of process and connection.
    func wait(_ slot: SlotRow, until: Instant, why: String) throws {
        backoffs[slot.slotID] = (slot.connection, until)
        try ledger.move(
            slot.slotID, .pending, reason: why,
            nextActionAt: try slots.noteOverdue(slot, until: until))
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
}

extension APIAnswer {
    /// What a scheduler makes of it that believes every refusal, for the negative test.
    fileprivate var takenForTheAPIs: APIAnswer {
        guard case .failure(var failure) = result, failure.origin == .gateway,
            let status = failure.httpStatus, (400..<500).contains(status)
        else { return self }
        failure.origin = .api
        failure.kind = .refused
        var answer = self
        answer.result = .failure(failure)
        return answer
    }

    /// The run that a start was answered with.
    fileprivate var startedRun: ProcessRun? {
        guard case .success(.run(let run)) = result else { return nil }
        return run
    }
}
