import Engine
import ProcessesAPI
import Sandbox
import Store
import Timetable

/// What the simulator does with the daemon's effects, and what comes back of them.
extension Simulator {
    func release(_ effect: Effect) {
        switch effect {
        case .log(let line):
            // A clock that differs, a credential that is refused and what isn't there yet are always the
            // workload's doing.
            let isExplained = [.clock, .credential, .waits].contains(line.alarm)
            if line.level == .error, !isExplained || !plan.endsAtErrors {
                noteError(line.message)
            }
        case .reply(let id, let reply):
            replies.append(reply)
            noteReply(id, reply)
        case .request(let request):
            let slotID = clockwork?.slotID(ofRequest: request.id)
            if wire?(request, slotID) != true { send(request, slotID: slotID, life: lives) }
        case .deliver(let delivery):
            deliver(delivery)
        }
    }

    /// The message arrives, whatever becomes of the answer.
    private func deliver(_ delivery: Delivery) {
        let outcome = receiver(delivery)
        if outcome == .taken { delivered.append(delivery) }
        post(
            .delivered(
                deliveryID: delivery.deliveryID, attempt: delivery.attempt, outcome),
            afterMilliseconds: 200)
    }

    private func credential(of connection: String) -> APICredential? {
        let clients = sandbox.scenario.clients
        let index = plan.clients[connection] ?? 0
        guard clients.indices.contains(index) else { return nil }
        return APICredential(
            clientID: Secret(clients[index].id),
            clientSecret: Secret(secrets[connection] ?? clients[index].secret))
    }

    /// As the daemon's; only where something echoes, since it reads every byte of an answer.
    private func redaction(of effect: RequestEffect) -> Redaction {
        guard sandbox.hasEchoed else { return .none }
        return Redaction(
            [effect.token].compactMap(\.self), credential: credential(of: effect.connection))
    }

    /// A request leaves; what comes back finds the life that has sent it, or nobody.
    func send(_ effect: RequestEffect, slotID: Int64?, life: Int) {
        if let why = missingFiles[effect.connection] {
            let unsent = TransportFailure.notSent(reason: why, isCertificate: false)
            return fail(effect, unsent, life: life)
        }
        guard
            let request = try? APIRequest.encoding(
                effect.call, endpoint: effect.endpoint, token: effect.token,
                credential: credential(of: effect.connection))
        else {
            noteError("request could not be encoded: \(effect.call.operation)")
            return
        }
        if plan.countsTokens || effect.call.operation != "token" {
            requestTimes[effect.connection, default: []].append(monotonic)
        }
        if plan.keepsBook {
            noteEarly(effect)
            repeatedCalls.note(effect.call, connection: effect.connection, at: monotonic)
        }
        let outcome = sandbox.handle(request, at: time)
        if plan.keepsBook, case .startRun = effect.call, let slotID {
            starts.append(
                StartRequest(slotID: slotID, requestNumber: sandbox.log.requests, at: time))
        }
        let seen = outcome.seen(by: request)
        guard life == lives, isUp else { return }
        post(
            .exchange(effect, seen.result), afterMilliseconds: max(1, seen.afterMilliseconds))
    }

    /// A request that did not leave, or not whole.
    func fail(_ effect: RequestEffect, _ failure: TransportFailure, life: Int) {
        guard life == lives, isUp else { return }
        post(.exchange(effect, .failure(failure)), afterMilliseconds: 1)
    }

    func input(_ event: Event) -> Input {
        switch event.payload {
        case .input(let input): return input
        case .exchange(let effect, let result):
            let answer = APIAnswer.decoding(
                effect.call, endpoint: effect.endpoint, outcome: result,
                redaction: redaction(of: effect), receivedAt: wall)
            return .answer(requestID: effect.id, answer)
        }
    }

    /// I4: a request on a connection, or of the operation named, before a hint has passed that a
    /// committed turn has seen.
    private func noteEarly(_ effect: RequestEffect) {
        let isEarly = ["", effect.call.operation].contains { operation in
            let ban = Ban(connection: effect.connection, operation: operation)
            return bans[ban].map { monotonic < $0 } ?? false
        }
        guard isEarly, earlyRequests.count < 5 else { return }
        earlyRequests.append("\(effect.call.operation) at \(wall.iso8601)")
    }

    private func noteHint(_ ready: Event, _ input: Input) {
        guard case .exchange(let effect, _) = ready.payload, case .answer(_, let answer) = input,
            case .failure(let failure) = answer.result, let hint = failure.hint
        else { return }
        let operation = hint.operation == effect.call.operation ? effect.call.operation : ""
        let ban = Ban(connection: effect.connection, operation: operation)
        bans[ban] = max(bans[ban] ?? 0, monotonic + hint.delayMilliseconds)
    }

    /// What a committed turn has seen.
    func noteAcknowledged(_ ready: [Event], _ inputs: [Input]) {
        for (event, input) in zip(ready, inputs) { noteHint(event, input) }
        for case .command(_, .unblock(let connection), _) in inputs {
            bans = bans.filter { $0.key.connection != connection }
        }
        for case .answer(_, let answer) in inputs {
            switch (answer.call, answer.result) {
            case (.startRun, .success(.run(let run))): acknowledgedRuns.insert(run.id)
            case (.listProcesses, .success(.page(let page))):
                for process in page.processes {
                    if let run = process.run { listedRuns.insert(run.id) }
                }
            default: break
            }
        }
    }

    // MARK: People

    /// A person who looks in Workiva before deciding held slots: names the run that was created
    /// for the slot, drops the slot otherwise, or has it started if it never was.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func resolveHeld(restarts: Bool) throws {
        guard isUp else { return }
        for slot in try inspect({ try $0.unended(.held) }) {
            let numbers = Set(starts.filter { $0.slotID == slot.slotID }.map(\.requestNumber))
            let run = sandbox.runs.first { run in
                run.createdAt <= time && run.requestNumber.map(numbers.contains) ?? false
            }
            if let run {
                command(.resolve(slotID: slot.slotID, .run(id: run.id)))
            } else if restarts {
                restartedByPerson.insert(slot.slotID)
                command(.resolve(slotID: slot.slotID, .start))
            } else {
                command(.resolve(slotID: slot.slotID, .drop))
            }
        }
    }
}
