import Store
import Timetable

/// What people can do (docs/protocol.md, rule 14).
struct Operator: Grounded {
    let ground: Ground
    let gate: Gate
    let lister: Lister
    let resolver: Resolver
    let upcoming: Upcoming
    let pruner: Pruner

    /// Carries out a command.
    ///
    /// - Returns: what to answer; nil: the API is asked first, and its answer is answered.
    func carryOut(
        _ command: OperatorCommand, commandID: UInt64, actor: String
    ) throws -> CommandReply? {
        guard !life.isStopping else {
            return CommandReply(exitCode: 75, message: "the daemon is being stopped")
        }
        switch command {
        case .trigger(let schedule, let uuid, let force, let reason):
            return try trigger(schedule, uuid: uuid, force: force, reason: reason, actor: actor)
        case .makeUp(let schedule, let slotAt, let uuid, let force, let reason):
            return try makeUp(
                schedule, at: slotAt, uuid: uuid, force: force, reason: reason, actor: actor)
        case .backfill(let schedule, let from, let through, let takesSkipped, let reason):
            return try backfill(
                schedule, from: from, through: through, takesSkipped: takesSkipped,
                reason: reason, actor: actor)
        case .pause(let schedule, let until, let reason):
            upcoming.expire()
            return try pause(schedule, until: until, reason: reason, actor: actor)
        case .resume(let schedule):
            upcoming.expire()
            return try resume(schedule, actor: actor)
        case .skip(let schedule, let slotAt, let reason):
            upcoming.expire()
            return try skip(schedule, at: slotAt, reason: reason, actor: actor)
        case .resolve(let slotID, let resolution):
            return try resolver.resolve(slotID, resolution, commandID: commandID, actor: actor)
        case .unblock(let connection):
            return try unblock(connection, actor: actor)
        case .drain(let reason):
            return try drain(reason, actor: actor)
        case .acknowledge(let id, let until, let reason):
            return try acknowledge(id, until: until, reason: reason, actor: actor)
        case .prune(let before, let reason):
            return try pruner.prune(before: before, reason: reason, actor: actor)
        case .handOver(let reason):
            return try handOver(reason, actor: actor)
        }
    }

    /// The scheduler does it, after this turn.
    private func handOver(_ reason: String, actor: String) throws -> CommandReply {
        guard let node = life.membership?.node else {
            return .conflict("there is no other host: the config has no [cluster]")
        }
        try ledger.audit(
            actor: actor, action: "hand-over", subject: node, reason: reason, now: now)
        return .done(
            "\(node) leads until its starts in flight are answered, and then whoever asks first; if "
                + "no other host does, \(node) goes on")
    }

    private func trigger(
        _ name: String, uuid: String, force: Bool, reason: String, actor: String
    ) throws -> CommandReply {
        if let known = try answer(to: uuid) { return known }
        return try startable(name) { place in
            if !force, let open = try openRun(barring: place) { return .conflict(open) }
            let slotAt = try freeInstant(of: name, from: now)
            let slot = SlotBirth(place.schedule, row: place.row).manual(
                at: slotAt, requestedBy: actor, uuid: uuid, force: force, reason: reason)
            let slotID = try ledger.insert(slot, now: now)
            lister.want(look: place.schedule.connection, .start)
            try ledger.audit(
                actor: actor, action: "trigger", subject: name, reason: reason,
                detail: force ? "--force" : "", now: now)
            return .done("slot \(slotID ?? 0) of \(name) at \(slotAt.iso8601)", slotID: slotID)
        }
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
        for affected in name.map({ [$0] }) ?? roster.schedules.keys.sorted() {
            waiting += try slots.endWaiting(of: affected, .pausedWhileWaiting(by: actor))
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
        for paused in try name.map({ [$0] }) ?? ledger.alarms(.paused) {
            try ledger.clear(kind: .paused, subject: paused)
        }
        var also = ""
        if name == nil, life.isDraining {
            try life.endDraining()
            also = "; draining has ended"
            for connection in roster.connections.keys.sorted() {
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
        guard let schedule = roster.schedule(name) else {
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
        if let known { try slots.end(known, .skippedOnce(by: actor, reason)) }
        return .done("\(name) will not run at \(slotAt.iso8601)")
    }

    private func unblock(_ name: String, actor: String) throws -> CommandReply {
        guard roster.connection(name) != nil else {
            return .notFound("there is no connection \"\(name)\"")
        }
        let lifted = try gate.unblock(name)
        try ledger.audit(
            actor: actor, action: "unblock", subject: name, detail: "\(lifted) hints", now: now)
        return .done("\(lifted) hints of \(name) lifted, learned limits forgotten")
    }

    private func drain(_ reason: String, actor: String) throws -> CommandReply {
        try life.drain()
        try ledger.audit(
            actor: actor, action: "drain", subject: "daemon", reason: reason, now: now)
        return .done("no new starts until: carillon resume --all")
    }
}
