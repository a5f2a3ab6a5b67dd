import ProcessesAPI
import Store
import Timetable

/// What a person decides of a slot that is held or in doubt (`carillon resolve`).
struct Resolver: Grounded {
    let ground: Ground
    let gate: Gate
    let settler: Settler

    private var runs: Runs { settler.runs }

    func resolve(
        _ slotID: Int64, _ resolution: Resolution, commandID: UInt64, actor: String
    ) throws -> CommandReply? {
        guard let slot = try ledger.slot(slotID) else {
            return .notFound("there is no slot \(slotID)")
        }
        if let refusal = Self.refusal(to: slot) { return refusal }
        let attempt = try ledger.lastAttempt(slotID: slotID)
        switch resolution {
        case .run(let runID):
            return try nameRun(runID, slot, commandID: commandID, actor: actor)
        case .start:
            if slot.disposition == .unknown, let until = attempt?.exposureEndAt, until > now {
                return .conflict(
                    "the API may still act on attempt \(attempt?.number ?? 0) of slot \(slotID) "
                        + "until \(until.iso8601); decide after that", slotID: slotID)
            }
            try takeFromDoubt(slot, attempt, actor: actor)
            try ledger.setDecided(slotID, by: actor, windowFrom: now)
            // The person has seen what the process shows: nothing of it holds or blocks it again.
            try ledger.setForced(slotID)
            try slots.tryAgain(slot, .decided(by: actor), at: now)
            settler.lister.want(look: slot.connection, .start)
            return try conclude(
                slot, .done("slot \(slotID) will be started", slotID: slotID), actor: actor)
        case .drop:
            try takeFromDoubt(slot, attempt, actor: actor)
            try slots.end(slot, .dropped(by: actor))
            return try conclude(slot, .done("slot \(slotID) dropped", slotID: slotID), actor: actor)
        }
    }

    private static func refusal(to slot: SlotRow) -> CommandReply? {
        switch slot.disposition {
        case .held, .unknown: nil
        default:
            .conflict(
                "slot \(slot.slotID) is \(slot.disposition.rawValue), only held slots and those "
                    + "in doubt need a decision", slotID: slot.slotID)
        }
    }

    /// The attempt counts no more; a slot in doubt is held on its way to what was decided.
    private func takeFromDoubt(_ slot: SlotRow, _ attempt: AttemptRow?, actor: String) throws {
        if slot.disposition == .unknown, let attempt {
            try settler.hold(slot, attempt, .decided(by: actor))
        }
        if let attempt {
            try ledger.endAttempt(
                attempt.attemptID, .withdrawn, exposureEnd: nil, httpStatus: nil, errorID: nil,
                runKey: nil, now: now)
        }
    }

    private func conclude(
        _ slot: SlotRow, _ reply: CommandReply, actor: String
    ) throws -> CommandReply {
        try ledger.audit(
            actor: actor, action: "resolve", subject: slot.name.description,
            detail: reply.message, now: now)
        try ledger.clear(kind: .undecided, subject: slot.name.description)
        try ledger.wakeSlots(baseURL: slot.baseURL, processID: slot.processID, now: now)
        return reply
    }

    // MARK: A run that a person names

    /// Gives a run to the slot, at once if the ledger knows it; else the API is asked what it is.
    private func nameRun(
        _ runID: String, _ slot: SlotRow, commandID: UInt64, actor: String
    ) throws -> CommandReply? {
        guard Self.isRunID(runID) else {
            return CommandReply(exitCode: 2, message: "\"\(runID)\" is no run id")
        }
        if let known = try ledger.run(baseURL: slot.baseURL, runID: runID) {
            return try give(known, to: slot, actor: actor)
        }
        guard let connection = roster.connection(slot.connection),
            connection.baseURL == slot.baseURL
        else {
            return .conflict(
                "run \(runID) is not known, and no connection leads to \(slot.baseURL) any more "
                    + "to ask what it is", slotID: slot.slotID)
        }
        func later(_ why: String) -> CommandReply {
            CommandReply(
                exitCode: 75,
                message: "run \(runID) is not known yet, and the API can't be asked what it is: "
                    + "\(why); try again later", slotID: slot.slotID)
        }
        let pass: Gate.Pass
        switch try gate.admit(.read(.start), connection) {
        case .go(let admitted): pass = admitted
        case .wait(.asked(let until)):
            return later("it asked us to wait until \(until.iso8601)")
        case .wait(.budget(let until)):
            return later("the rate budget is used up until \(until.iso8601)")
        case .wait(.token): return later("there is no access token")
        case .wait: return later("it can't be reached or fails")
        }
        gate.send(
            .getRun(id: runID), pass,
            .nameRun(runID: runID, slotID: slot.slotID, commandID: commandID, actor: actor))
        return nil
    }

    private static func isRunID(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 64
            && text.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5a).contains($0)
                    || (0x61...0x7a).contains($0) || $0 == 0x2d || $0 == 0x5f
            }
    }

    /// What the API says of a run that a person has named.
    func receive(
        _ runID: String, slotID: Int64, _ answer: APIAnswer, actor: String
    ) throws -> CommandReply {
        guard let slot = try ledger.slot(slotID) else {
            return .notFound("there is no slot \(slotID)")
        }
        if let refusal = Self.refusal(to: slot) { return refusal }
        switch answer.result {
        case .success(.run(let run)) where run.id == runID:
            if let known = try ledger.run(baseURL: slot.baseURL, runID: runID) {
                return try give(known, to: slot, actor: actor)
            }
            if let process = run.process, !slot.processID.isEmpty, process != slot.processID {
                return .conflict(
                    "run \(runID) is a run of process \(process), not of \(slot.processID)",
                    slotID: slotID)
            }
            let runKey = try runs.insert(run, slot, as: .external)
            guard let row = try ledger.run(runKey) else { return .notFound("run \(runID) is gone") }
            let reply = try give(row, to: slot, actor: actor)
            if let claimed = try ledger.run(runKey) { try runs.apply(run, to: claimed) }
            return reply
        case .success:
            return CommandReply(
                exitCode: 1, message: "the API's answer does not show run \(runID)",
                slotID: slotID)
        case .failure(let failure) where failure.httpStatus == 404 && failure.kind == .refused:
            return .notFound(
                "the API knows no run \(runID) (\(failure.summary)); nothing was changed")
        case .failure(let failure):
            return CommandReply(
                exitCode: 75,
                message: "run \(runID) could not be read (\(failure.summary)); try again later",
                slotID: slotID)
        }
    }

    /// Gives a run that the ledger knows to a slot; the refusal if it can't have it.
    private func give(_ run: RunRow, to slot: SlotRow, actor: String) throws -> CommandReply {
        if let other = run.slotID, other != slot.slotID {
            return .conflict("run \(run.runID) belongs to slot \(other)", slotID: other)
        }
        if !slot.processID.isEmpty, run.processID != slot.processID {
            return .conflict("run \(run.runID) is a run of process \(run.processID)")
        }
        try ledger.claim(
            run.runKey, slotID: slot.slotID, schedule: slot.schedule, origin: .adopted)
        try runs.explain(run)
        if let attempt = try ledger.lastAttempt(slotID: slot.slotID) {
            try ledger.endAttempt(
                attempt.attemptID, .adopted, exposureEnd: nil, httpStatus: nil, errorID: nil,
                runKey: run.runKey, now: now)
        }
        try slots.start(
            slot, runKey: run.runKey, .named(runID: run.runID, by: actor), at: now)
        try ledger.setRunNamed(slot.slotID, by: actor)
        try runs.watch(run.runKey, slot: slot)
        return try conclude(
            slot, .done("slot \(slot.slotID) started run \(run.runID)", slotID: slot.slotID),
            actor: actor)
    }
}
