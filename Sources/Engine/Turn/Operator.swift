import Store
import Timetable

/// What people can do (docs/protocol.md, rule 14).
extension Clockwork {
    func carryOut(_ command: OperatorCommand, actor: String) throws -> CommandReply {
        guard !memory.isStopping else {
            return CommandReply(exitCode: 75, message: "the daemon is being stopped")
        }
        switch command {
        case .trigger(let schedule, let uuid, let force, let reason):
            return try trigger(schedule, uuid: uuid, force: force, reason: reason, actor: actor)
        case .pause(let schedule, let until, let reason):
            memory.isUpcomingStale = true
            return try pause(schedule, until: until, reason: reason, actor: actor)
        case .resume(let schedule):
            memory.isUpcomingStale = true
            return try resume(schedule, actor: actor)
        case .skip(let schedule, let slotAt, let reason):
            memory.isUpcomingStale = true
            return try skip(schedule, at: slotAt, reason: reason, actor: actor)
        case .resolve(let slotID, let resolution):
            return try resolve(slotID, resolution, actor: actor)
        case .unblock(let connection):
            return try unblock(connection, actor: actor)
        case .drain(let reason):
            return try drain(reason, actor: actor)
        case .prune(let before, let reason):
            return try prune(before: before, reason: reason, actor: actor)
        }
    }

    private func trigger(
        _ name: String, uuid: String, force: Bool, reason: String, actor: String
    ) throws -> CommandReply {
        // A repeat of the same request answers with the same slot.
        if let known = try ledger.slot(triggerUUID: uuid) {
            return .done(
                "slot \(known.slotID) of \(known.schedule), \(known.disposition.rawValue)",
                slotID: known.slotID)
        }
        guard let schedule = schedules[name], let row = try ledger.schedule(name) else {
            return .notFound("there is no active schedule \"\(name)\"")
        }
        guard schedule.mode == .run else {
            return .conflict("\(name) is in observe mode, nothing is sent for it")
        }
        if memory.isDraining { return .conflict("the daemon is draining; resume --all first") }
        if !force, schedule.overlap == .skip, case .id(let processID) = schedule.process,
            let open = try ledger.openRuns(baseURL: row.baseURL, processID: processID).first
        {
            return .conflict(
                "run \(open.runID) of this process is still \(open.status); --force starts anyway")
        }
        var slotAt = now
        while !(try ledger.slots(schedule: name, at: slotAt).filter { $0.kind == .manual }.isEmpty)
        {
            slotAt = slotAt.adding(milliseconds: 1)
        }
        var slot = NewSlot(
            schedule: name, kind: .manual, slotAt: slotAt, dueAt: slotAt,
            utcOffsetSeconds: schedule.zone.offsetSeconds(at: slotAt), disposition: .pending,
            reason: "triggered by \(actor)" + (reason.isEmpty ? "" : ": \(reason)"),
            connection: row.connection, baseURL: row.baseURL, processID: "", processPattern: nil,
            revisionID: row.revisionID, mode: schedule.mode.rawValue)
        setProcess(of: &slot, schedule)
        slot.forced = force
        slot.triggerUUID = uuid
        slot.requestedBy = actor
        let slotID = try ledger.insert(slot, now: now)
        want(look: schedule.connection, .start)
        try ledger.audit(
            actor: actor, action: "trigger", subject: name, reason: reason,
            detail: force ? "--force" : "", now: now)
        return .done("slot \(slotID ?? 0) of \(name) at \(slotAt.iso8601)", slotID: slotID)
    }

    private func pause(
        _ name: String?, until: Instant?, reason: String, actor: String
    ) throws -> CommandReply {
        if let name, try ledger.schedule(name) == nil {
            return .notFound("there is no schedule \"\(name)\"")
        }
        if let until, until <= now { return CommandReply(exitCode: 2, message: "--until is past") }
        try ledger.insertPause(
            schedule: name, isSkip: false, from: now, until: until, reason: reason,
            requestedBy: actor, now: now)
        try ledger.audit(
            actor: actor, action: "pause", subject: name ?? "all schedules", reason: reason,
            detail: until.map { "until \($0.iso8601)" } ?? "", now: now)
        var waiting = 0
        for affected in name.map({ [$0] }) ?? schedules.keys.sorted() {
            for slot in try ledger.openSlots(schedule: affected, .pending)
            where slot.kind != .manual {
                try end(slot, .skipped, "paused by \(actor) while it waited: \(slot.reason)")
                waiting += 1
            }
        }
        let words = until.map { "until \($0.iso8601)" } ?? "until resumed"
        let also =
            waiting == 0
            ? "" : "; \(waiting) waiting \(waiting == 1 ? "slot was" : "slots were") skipped"
        return .done("\(name ?? "all schedules") paused \(words)\(also)")
    }

    private func resume(_ name: String?, actor: String) throws -> CommandReply {
        if let name, try ledger.schedule(name) == nil {
            return .notFound("there is no schedule \"\(name)\"")
        }
        let lifted = try ledger.liftPauses(schedule: name, now: now)
        var also = ""
        if name == nil, memory.isDraining {
            memory.isDraining = false
            var daemon = try book.daemon()
            daemon.drainingSince = nil
            book.save(daemon)
            also = "; draining has ended"
            for connection in (configuration?.connections.keys.sorted() ?? []) {
                try ledger.wakeSlots(connection: connection, now: now)
            }
        }
        try ledger.audit(
            actor: actor, action: "resume", subject: name ?? "all schedules", now: now)
        let words =
            switch lifted {
            case 0: "no pause was in force"
            case 1: "1 pause lifted"
            default: "\(lifted) pauses lifted"
            }
        return .done("\(name ?? "all schedules"): \(words)\(also)")
    }

    private func skip(
        _ name: String, at slotAt: Instant, reason: String, actor: String
    ) throws -> CommandReply {
        guard let schedule = schedules[name] else {
            return .notFound("there is no active schedule \"\(name)\"")
        }
        let before = slotAt.adding(milliseconds: -1)
        guard schedule.nextOccurrence(after: before)?.at == slotAt else {
            let next = schedule.nextOccurrence(after: before)
            return .notFound(
                "\(slotAt.iso8601) is no slot of \(name)"
                    + (next.map { "; the next one is \($0.at.iso8601)" } ?? ""))
        }
        let known = try ledger.slots(schedule: name, at: slotAt).first { $0.kind == .rule }
        if let known, known.disposition != .pending {
            return .conflict(
                "slot \(known.slotID) is \(known.disposition.rawValue): \(known.reason)",
                slotID: known.slotID)
        }
        try ledger.insertPause(
            schedule: name, isSkip: true, from: slotAt, until: slotAt, reason: reason,
            requestedBy: actor, now: now)
        try ledger.audit(
            actor: actor, action: "skip", subject: "\(name)@\(slotAt.iso8601)", reason: reason,
            now: now)
        if let known {
            let why = reason.isEmpty ? "" : ": \(reason)"
            try end(known, .skipped, "skipped once by \(actor)\(why)")
        }
        return .done("\(name) will not run at \(slotAt.iso8601)")
    }

    private func unblock(_ name: String, actor: String) throws -> CommandReply {
        guard configuration?.connections[name] != nil else {
            return .notFound("there is no connection \"\(name)\"")
        }
        let lifted = try ledger.liftHints(connection: name)
        try book.change(name) {
            $0.learnedRequests = nil
            $0.learnedWindowMilliseconds = nil
        }
        try ledger.clear(kind: "blocked", subject: name)
        try ledger.wakeSlots(connection: name, now: now)
        try ledger.audit(
            actor: actor, action: "unblock", subject: name, detail: "\(lifted) hints", now: now)
        return .done("\(lifted) hints of \(name) lifted, learned limits forgotten")
    }

    private func drain(_ reason: String, actor: String) throws -> CommandReply {
        memory.isDraining = true
        var daemon = try book.daemon()
        daemon.drainingSince = daemon.drainingSince ?? now
        book.save(daemon)
        try ledger.audit(
            actor: actor, action: "drain", subject: "daemon", reason: reason, now: now)
        return .done("no new starts until: carillon resume --all")
    }

    // MARK: resolve

    private func resolve(
        _ slotID: Int64, _ resolution: Resolution, actor: String
    ) throws -> CommandReply {
        guard let slot = try ledger.slot(slotID) else {
            return .notFound("there is no slot \(slotID)")
        }
        guard slot.disposition == .held else {
            return .conflict(
                "slot \(slotID) is \(slot.disposition.rawValue), only held slots need a decision",
                slotID: slotID)
        }
        let attempt = try ledger.lastAttempt(slotID: slotID)
        let reply: CommandReply
        switch resolution {
        case .run(let runID):
            if let refusal = try claim(runID, for: slot, attempt, actor: actor) { return refusal }
            reply = .done("slot \(slotID) started run \(runID)", slotID: slotID)
        case .start:
            if let attempt { try withdraw(attempt) }
            try ledger.setDecided(slotID, by: actor, windowFrom: now)
            // The person has seen what the process shows: nothing of it holds or blocks it again.
            try ledger.setForced(slotID)
            try ledger.move(
                slotID, .pending, reason: "to be started, decided by \(actor)", nextActionAt: now)
            want(look: slot.connection, .start)
            reply = .done("slot \(slotID) will be started", slotID: slotID)
        case .drop:
            if let attempt { try withdraw(attempt) }
            try end(slot, .cancelled, "dropped by \(actor)")
            reply = .done("slot \(slotID) dropped", slotID: slotID)
        }
        try ledger.audit(
            actor: actor, action: "resolve", subject: "\(slot.schedule)@\(slot.slotAt.iso8601)",
            detail: reply.message, now: now)
        try ledger.wakeSlots(baseURL: slot.baseURL, processID: slot.processID, now: now)
        return reply
    }

    private func withdraw(_ attempt: AttemptRow) throws {
        try ledger.endAttempt(
            attempt.attemptID, .withdrawn, exposureEnd: nil, httpStatus: nil, errorID: nil,
            runKey: nil, now: now)
    }

    /// Gives a run to a held slot; the refusal if it can't have it.
    private func claim(
        _ runID: String, for slot: SlotRow, _ attempt: AttemptRow?, actor: String
    ) throws -> CommandReply? {
        let known = try ledger.run(baseURL: slot.baseURL, runID: runID)
        if let other = known?.slotID, other != slot.slotID {
            return .conflict("run \(runID) belongs to slot \(other)", slotID: other)
        }
        if let known, !slot.processID.isEmpty, known.processID != slot.processID {
            return .conflict("run \(runID) is a run of process \(known.processID)")
        }
        let runKey: Int64
        if let known {
            runKey = known.runKey
            try ledger.claim(
                runKey, slotID: slot.slotID, schedule: slot.schedule, origin: .adopted)
        } else {
            guard !runID.isEmpty, runID.utf8.count <= 64,
                runID.utf8.allSatisfy({
                    (0x30...0x39).contains($0) || (0x41...0x5a).contains($0)
                        || (0x61...0x7a).contains($0) || $0 == 0x2d || $0 == 0x5f
                })
            else { return CommandReply(exitCode: 2, message: "\"\(runID)\" is no run id") }
            // Nothing is known of it yet: the read that follows at once says what it is.
            runKey = try ledger.insertRun(
                RunFacts(runID: runID, processID: slot.processID, status: "not read yet"),
                baseURL: slot.baseURL, connection: slot.connection, schedule: slot.schedule,
                slotID: slot.slotID, origin: .adopted,
                pollGapMilliseconds: pollPolicy(slot.schedule).minMilliseconds, nextPollAt: now,
                now: now)
        }
        if let attempt {
            try ledger.endAttempt(
                attempt.attemptID, .adopted, exposureEnd: nil, httpStatus: nil, errorID: nil,
                runKey: runKey, now: now)
        }
        try ledger.start(
            slot.slotID, runKey: runKey, reason: "run \(runID), named by \(actor)",
            lagMilliseconds: max(0, now.since(slot.dueAt)), now: now)
        try watch(runKey, slot: slot)
        return nil
    }
}
