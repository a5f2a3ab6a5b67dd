package import Store
package import Timetable

/// How slots of all four kinds are born: where they belong, and what is decided of them at once.
package struct SlotBirth: Sendable {
    /// What becomes of a slot at its birth.
    package enum Fate: Sendable, Equatable {
        case due(DueReason)
        case ended(EndReason)

        /// A pause, a skip or a window covers it, or its schedule only observes; nil: nothing is
        /// decided yet.
        ///
        /// - Parameters:
        ///   - pause: one that covers the slot.
        ///   - schedule: its schedule.
        ///   - window: what windows make of it.
        /// - Returns: how it ends.
        package static func decidedAhead(
            _ pause: PauseRow?, _ schedule: Schedule, window: WindowVerdict = .open
        ) -> Fate? {
            if let pause { return .ended(.paused(pause)) }
            if case .skipped = window, let words = window.words(in: schedule.zone) {
                return .ended(.inWindow(words))
            }
            return schedule.mode == .observe ? .ended(.observed) : nil
        }
    }

    private let schedule: Schedule
    private let row: ScheduleRow

    /// Prepares births of a schedule.
    ///
    /// - Parameters:
    ///   - schedule: its policies.
    ///   - row: its place in the ledger: connection, address and revision.
    package init(_ schedule: Schedule, row: ScheduleRow) {
        self.schedule = schedule
        self.row = row
    }

    /// A slot that a rule has put at an instant.
    package func rule(_ occurrence: Occurrence, _ fate: Fate) -> NewSlot {
        var slot = slot(
            .rule, at: occurrence.at, dueAt: schedule.dueAt(of: occurrence.at),
            utcOffsetSeconds: occurrence.utcOffsetSeconds, fate)
        if slot.disposition == .pending, let note = occurrence.note { slot.reason += " (\(note))" }
        slot.window = occurrence.window.window
        slot.rule = occurrence.rules.isEmpty ? nil : occurrence.rules.joined(separator: "; ")
        return slot
    }

    /// A slot that a person has asked for; it ignores pauses (rule 14).
    package func manual(
        at slotAt: Instant, requestedBy actor: String, uuid: String, force: Bool, reason: String
    ) -> NewSlot {
        var slot = slot(.manual, at: slotAt, .due(.triggered(by: actor, reason)))
        slot.forced = force
        slot.triggerUUID = uuid
        slot.requestedBy = actor
        return slot
    }

    /// A slot with which a person makes up for one of the past: its instant and date are that one's.
    package func makingUp(
        for past: PastSlot, at slotAt: Instant, dueAt: Instant, requestedBy actor: String,
        reason: String
    ) -> NewSlot {
        var slot = slot(
            .manual, at: slotAt, dueAt: dueAt, utcOffsetSeconds: past.utcOffsetSeconds,
            .due(.makesUp(slotID: past.slotID, past.disposition, by: actor, reason)))
        slot.makesUpSlotID = past.slotID
        slot.requestedBy = actor
        // Its deadlines were those of the slot that it makes up for.
        slot.startBy = nil
        slot.finishBy = nil
        return slot
    }

    /// A slot that the end of others has set off.
    package func after(at slotAt: Instant, upstreamSlotID: Int64?, _ fate: Fate) -> NewSlot {
        var slot = unruled(.after, at: slotAt, fate)
        slot.upstreamSlotID = upstreamSlotID
        return slot
    }

    /// A slot of the daemon's start.
    package func boot(at slotAt: Instant, _ fate: Fate) -> NewSlot {
        unruled(.boot, at: slotAt, fate)
    }

    /// A slot that nobody asked for and no rule has made: windows hold it back too.
    private func unruled(_ kind: SlotKind, at slotAt: Instant, _ fate: Fate) -> NewSlot {
        let verdict = schedule.windows.verdict(at: slotAt)
        var slot = slot(kind, at: slotAt, dueAt: verdict.delayedUntil, fate)
        if slot.disposition == .pending, let words = verdict.words(in: schedule.zone) {
            slot.reason += " (\(words))"
        }
        slot.window = verdict.window
        return slot
    }

    private func slot(
        _ kind: SlotKind, at slotAt: Instant, dueAt: Instant? = nil, utcOffsetSeconds: Int? = nil,
        _ fate: Fate
    ) -> NewSlot {
        let (disposition, reason) =
            switch fate {
            case .due(let reason): (Disposition.pending, reason.words)
            case .ended(let reason): (reason.disposition, reason.words(before: nil))
            }
        var slot = NewSlot(
            schedule: schedule.name, kind: kind, slotAt: slotAt, dueAt: dueAt ?? slotAt,
            utcOffsetSeconds: utcOffsetSeconds ?? schedule.zone.offsetSeconds(at: slotAt),
            disposition: disposition, reason: reason, connection: row.connection,
            baseURL: row.baseURL, processID: "", processPattern: nil, revisionID: row.revisionID,
            mode: schedule.mode)
        // Nobody can run sooner than a window lets him; a person's own slot knows no windows.
        let from = kind == .manual ? slotAt : schedule.opening(for: slotAt)
        slot.startBy = schedule.startBy(from)
        slot.finishBy = schedule.finishBy(from)
        switch schedule.process {
        case .id(let id): slot.processID = id
        case .name(let pattern): slot.processPattern = pattern
        }
        return slot
    }
}
