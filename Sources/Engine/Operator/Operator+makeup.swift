import Store
import Timetable

/// What a person makes up for: one slot of the past, or a range of them (rule 20).
extension Operator {
    func makeUp(
        _ name: String, at slotAt: Instant, uuid: String, force: Bool, reason: String, actor: String
    ) throws -> CommandReply {
        if let known = try answer(to: uuid) { return known }
        return try startable(name) { place in
            try makeUp(place, at: slotAt, uuid: uuid, force: force, reason: reason, actor: actor)
        }
    }

    private func makeUp(
        _ place: Place, at slotAt: Instant, uuid: String, force: Bool, reason: String,
        actor: String
    ) throws -> CommandReply {
        let name = place.schedule.name
        let found = try ledger.pastSlots(
            schedule: name, from: slotAt, through: slotAt, limit: MakeUp.rangeMax)
        guard let slot = found.first(where: { MakeUp.judge($0) == .possible }) ?? found.first else {
            return .notFound(noSlot(of: place.schedule, at: slotAt))
        }
        if case .refused(let refusal) = MakeUp.judge(slot) {
            return .conflict(
                "slot \(slot.slotID) of \(name) at \(slotAt.iso8601) can't be made up for: "
                    + refusal.words, slotID: slot.madeUpBy ?? slot.slotID)
        }
        if !force, let objection = try objection(to: place) { return .conflict(objection) }
        let slotID = try insert(
            slot, place, uuid: uuid, force: force, reason: reason, actor: actor)
        lister.want(look: place.schedule.connection, .start)
        try ledger.audit(
            actor: actor, action: "trigger", subject: name, reason: reason,
            detail: "makes up for slot \(slot.slotID) of \(slotAt.iso8601)"
                + (force ? ", --force" : ""), now: now)
        return .done(
            "slot \(slotID ?? 0) of \(name) makes up for slot \(slot.slotID), "
                + "\(slot.disposition.rawValue) at \(slotAt.iso8601)", slotID: slotID)
    }

    func backfill(
        _ name: String, from: Instant, through: Instant, takesSkipped: Bool, reason: String,
        actor: String
    ) throws -> CommandReply {
        try startable(name) { place in
            try backfill(
                place, from: from, through: through, takesSkipped: takesSkipped, reason: reason,
                actor: actor)
        }
    }

    private func backfill(
        _ place: Place, from: Instant, through: Instant, takesSkipped: Bool, reason: String,
        actor: String
    ) throws -> CommandReply {
        let name = place.schedule.name
        guard from <= through else {
            return CommandReply(exitCode: 2, message: "--from is later than --to")
        }
        let found = try ledger.pastSlots(
            schedule: name, from: from, through: through, limit: MakeUp.rangeMax + 1)
        let wanted = found.filter { MakeUp.judge($0, takesSkipped: takesSkipped) == .possible }
        guard found.count <= MakeUp.rangeMax, wanted.count <= MakeUp.slotsMax else {
            return CommandReply(
                exitCode: 2,
                message:
                    "the range has \(found.count) slots, \(wanted.count) of them to make up for; "
                    + "at most \(MakeUp.slotsMax) go at once: take a shorter one")
        }
        guard let first = wanted.first, let last = wanted.last else {
            return .done("nothing to make up for: \(found.count) slots of \(name) in the range")
        }
        if let duplicate = try possibleDuplicate(of: place) { return .conflict(duplicate) }
        for slot in wanted {
            _ = try insert(slot, place, uuid: nil, force: false, reason: reason, actor: actor)
        }
        lister.want(look: place.schedule.connection, .start)
        let words =
            "\(wanted.count) \(wanted.count == 1 ? "slot" : "slots") from "
            + "\(first.slotAt.iso8601) to \(last.slotAt.iso8601)"
        try ledger.audit(
            actor: actor, action: "backfill", subject: name, reason: reason,
            detail: "\(words) made up for", now: now)
        return .done("\(words) of \(name) will be made up for, one after another")
    }

    /// What stands against a start now; nil: nothing.
    private func objection(to place: Place) throws -> String? {
        if let duplicate = try possibleDuplicate(of: place) {
            return "\(duplicate); --force starts anyway"
        }
        return try openRun(barring: place)
    }

    /// A run that may be that of a slot which is taken for one without; nil: there is none.
    private func possibleDuplicate(of place: Place) throws -> String? {
        guard case .id(let processID) = place.schedule.process else { return nil }
        return try ledger.alarms(.possibleDuplicate).lazy
            .compactMap { AlarmKind.duplicateRun(in: $0, of: processID) }.first
            .map { run in
                "run \(run) of this process belongs to no slot and may be one's that is to be made "
                    + "up for (carillon attention)"
            }
    }

    private func insert(
        _ past: PastSlot, _ place: Place, uuid: String?, force: Bool, reason: String, actor: String
    ) throws -> Int64? {
        let slotAt = try freeInstant(of: place.schedule.name, from: past.slotAt)
        var slot = SlotBirth(place.schedule, row: place.row).makingUp(
            for: past, at: slotAt, dueAt: now, requestedBy: actor, reason: reason)
        slot.forced = force
        slot.triggerUUID = uuid
        return try ledger.insert(slot, now: now)
    }

    private func noSlot(of schedule: Schedule, at instant: Instant) -> String {
        let before = instant.adding(milliseconds: -1)
        if instant > now, schedule.nextOccurrence(after: before)?.at == instant {
            return "the slot of \(schedule.name) at \(instant.iso8601) is still to come"
        }
        return "\(schedule.name) had no slot at \(instant.iso8601); see: carillon history "
            + schedule.name
    }
}
