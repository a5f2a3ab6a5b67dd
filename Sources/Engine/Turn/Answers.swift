import ProcessesAPI
import Store
import Timetable

/// What inputs do to the state; whatever the API answered is stored before it is acted on (I6).
extension Clockwork {
    func apply(_ input: Input) throws {
        switch input {
        case .answer(let requestID, let answer): try receive(requestID, answer)
        case .command(let id, let command, let actor):
            if let reply = try people.carryOut(command, commandID: id, actor: actor) {
                book.reply(id, reply)
            }
        case .configuration(let new, let commandID): try reload.adopt(new, commandID: commandID)
        case .credentialChanged(let name):
            guard let connection = roster.connection(name), !life.isStopping else {
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
            // Only the end of a check takes this one back.
            if trouble.kind == .damaged { try ledger.noteSound() }
            return try ledger.clear(kind: trouble.kind, subject: trouble.subject)
        }
        try ledger.raise(
            kind: trouble.kind, subject: trouble.subject, whatToDo: words, now: book.now)
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
        forget(requestID, request)
        guard case .start(let attemptID, let slotID) = request.purpose else { return }
        try book.step("put attempt \(attemptID) in doubt", slotID: slotID) {
            guard let attempt = try ledger.attempt(attemptID), attempt.state == .starting,
                let slot = try ledger.slot(slotID)
            else { return }
            try settler.becomeUnknown(slot, attempt, .answerNotStored)
        }
    }

    /// Takes a request out of all books, as if it had never been wanted.
    private func forget(_ id: UInt64, _ request: PendingRequest) {
        gate.close(id)
        switch request.purpose {
        case .start, .token, .nameRun: break
        case .sweep: lister.forget(request.connection)
        case .readRun(let runKey): follower.forget(runKey)
        case .validate(let slotID): validations.forget(slotID)
        case .preflight(let schedule, _): preflight.forget(schedule)
        }
    }

    private func receive(_ request: PendingRequest, _ answer: APIAnswer) throws {
        let connection = roster.connection(request.connection)
        try ledger.countAnswer(connection: request.connection, httpStatus: answer.httpStatus)
        if case .readRun(let runKey) = request.purpose { follower.forget(runKey) }
        let answer = book.guards.has(.refusesForeignAnswers) ? answer : answer.takenForTheAPIs
        if let connection {
            let isOfAnotherTime = try gate.note(answer, to: request, connection)
            try heed()
            if isOfAnotherTime, connection.baseURL == request.baseURL, request.purpose.isRead {
                return try passOver(request, answer, connection)
            }
        }
        switch request.purpose {
        case .start(let attemptID, let slotID):
            try startAnswers.receive(
                request, answer, attemptID: attemptID, slotID: slotID, connection)
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
            if let connection { try gate.noteOutcome(connection, request, answer) }
            try validations.receive(slotID, answer)
        case .nameRun(let runID, let slotID, let commandID, let actor):
            if let connection { try gate.noteOutcome(connection, request, answer) }
            let reply = try resolver.receive(runID, slotID: slotID, answer, actor: actor)
            book.reply(commandID, reply)
        case .preflight(let schedule, let slotAt):
            try preflight.receive(schedule, slotAt: slotAt, connection, request, answer)
        }
    }

    /// An answer of another time is no look and no news.
    private func passOver(
        _ request: PendingRequest, _ answer: APIAnswer, _ connection: Connection
    ) throws {
        let age = answer.ageSeconds.map { " \($0) s old" } ?? " older than the request"
        let words = "the answer comes out of a cache,\(age)"
        try ledger.insert(
            NewError(
                operation: answer.call.operation, message: words,
                nextStep: "not taken for news; asked again with a growing gap",
                connection: connection.name), now: book.now)
        try ledger.raise(
            kind: .cachedAnswers, subject: connection.name,
            whatToDo: "answers of the API come out of a cache (\(words)), so nobody can see what "
                + "is there now; have the proxy in between obey Cache-Control: no-cache",
            now: book.now)
        switch request.purpose {
        case .sweep:
            lister.noteCached(connection.name, isRead: false)
            try lister.postpone(connection)
        case .readRun(let runKey):
            lister.noteCached(connection.name, isRead: true)
            guard let run = try ledger.run(runKey) else { return }
            try follower.delay(run, why: nil, answer: answer)
        case .start, .token, .validate, .preflight, .nameRun: break
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
}
