import Store
package import Timetable

/// Which slots are due, and what becomes of them at once.
extension Clockwork {
    func createDueSlots() throws {
        guard !memory.isStopping else { return }
        for name in try ledger.schedulesDue(now: now, limit: limits.decisionsMax) {
            guard turn.slotRows < limits.slotRowsMax else {
                book.wakeSoon()
                return
            }
            let done = try book.step("create the slots of \(name)", schedule: name) {
                try createSlots(of: name)
            }
            if !done {
                try ledger.setAside(
                    schedule: name, reason: "its slots could not be created, see error_log")
                try ledger.raise(
                    kind: "set aside", subject: name,
                    whatToDo: "see error_log, mend the cause and reload", now: now)
            }
        }
    }

    private func createSlots(of name: String) throws {
        guard let schedule = schedules[name], let row = try ledger.schedule(name) else {
            try ledger.setNextDue(schedule: name, at: nil)
            return
        }
        guard let next = row.nextSlotAt, next <= now else {
            // Woken ahead of the slot: fetch the look, so that the start can go out at once.
            if schedule.mode == .run { want(look: schedule.connection, .start) }
            try ledger.setNextDue(schedule: name, at: row.nextSlotAt)
            return
        }
        try fill(schedule, row: row, replacement: nil)
    }

    /// Writes rows from the cursor up to now; the newest startable one first.
    ///
    /// - Parameters:
    ///   - schedule: its policies and rule.
    ///   - row: its cursor.
    ///   - replacement: why no slot of the stretch may start, if that is so.
    /// - Throws: `StoreError`.
    func fill(_ schedule: Schedule, row: ScheduleRow, replacement: String?) throws {
        guard case .rule(let rule) = schedule.trigger else { return }
        let daemon = try book.daemon()
        let restored = daemon.restoredAt.map { row.cursorAt < $0 } ?? false
        let newest = try newestStartable(rule, schedule, after: row.cursorAt)
        if let newest, replacement == nil {
            try insert(newest, schedule, row: row, newest: nil, restoredAt: daemon.restoredAt)
        }
        var cursor = row.cursorAt
        while let occurrence = schedule.nextOccurrence(after: cursor), occurrence.at <= now {
            guard turn.slotRows < limits.slotRowsMax else {
                book.wakeSoon()
                break
            }
            if let replacement {
                try insertEnded(occurrence, schedule, row: row, .missed, reason: replacement)
            } else if occurrence.at != newest?.at {
                let isStillToCome = Self.dueAt(of: occurrence.at, schedule: schedule) > now
                try insert(
                    occurrence, schedule, row: row, newest: isStillToCome ? nil : newest?.at,
                    restoredAt: restored ? daemon.restoredAt : nil)
            }
            cursor = occurrence.at
        }
        try moveCursor(of: schedule, to: cursor)
    }

    /// The newest due occurrence that neither a holiday nor a pause has taken: it alone can be on time.
    private func newestStartable(
        _ rule: FiringRule, _ schedule: Schedule, after cursor: Instant
    ) throws -> Occurrence? {
        var instant = now
        // Holidays come in rows of days, so a bounded walk finds the last working slot.
        for _ in 0..<1000 {
            guard let candidate = rule.previous(atOrBefore: instant), candidate.at > cursor else {
                return nil
            }
            // Its share of `spread` is still to come: the one before it is the newest that is due.
            guard Self.dueAt(of: candidate.at, schedule: schedule) <= now else {
                instant = candidate.at.adding(milliseconds: -1)
                continue
            }
            let isPaused =
                !(try ledger.pauses(
                    schedule: schedule.name, covering: candidate.at
                ).isEmpty)
            if candidate.decision == .run, schedule.isActive(candidate.at), !isPaused {
                return candidate
            }
            instant = candidate.at.adding(milliseconds: -1)
        }
        return nil
    }

    func moveCursor(of schedule: Schedule, to cursor: Instant) throws {
        let next = schedule.nextOccurrence(after: cursor)?.at
        let lead = next.map {
            let early = $0.adding(milliseconds: -limits.lookLeadMilliseconds)
            return early > now ? early : $0
        }
        try ledger.moveCursor(
            schedule: schedule.name, to: cursor, nextSlotAt: next, nextDueAt: lead)
        try planPreflight(of: schedule, after: cursor)
    }

    /// Writes the slot of an occurrence with what is already decided of it.
    private func insert(
        _ occurrence: Occurrence, _ schedule: Schedule, row: ScheduleRow, newest: Instant?,
        restoredAt: Instant?
    ) throws {
        switch occurrence.decision {
        case .skipped(let reason):
            return try insertEnded(occurrence, schedule, row: row, .skipped, reason: reason)
        case .coalesced(let reason):
            return try insertEnded(occurrence, schedule, row: row, .coalesced, reason: reason)
        case .run:
            break
        }
        if let pause = try ledger.pauses(schedule: schedule.name, covering: occurrence.at).first {
            return try insertEnded(
                occurrence, schedule, row: row, .skipped, reason: Self.words(for: pause))
        }
        if let restoredAt, occurrence.at <= restoredAt {
            return try insertEnded(
                occurrence, schedule, row: row, .missed,
                reason: "the database was restored from a backup at \(restoredAt.iso8601), "
                    + "and nothing is sent for earlier instants")
        }
        var slot = newSlot(occurrence, schedule, row: row)
        if schedule.mode == .observe {
            slot.disposition = .skipped
            slot.reason = "observe mode: it would have been started"
        } else if let newest {
            try decideOlder(&slot, schedule: schedule, newest: newest)
        }
        try write(slot, isOlder: newest != nil, schedule: schedule)
    }

    private func write(_ slot: NewSlot, isOlder: Bool, schedule: Schedule) throws {
        turn.slotRows += 1
        guard let slotID = try ledger.insert(slot, now: now) else { return }
        if slot.disposition == .pending {
            // A look is wanted by the decision, where the one fetched ahead does not do.
            if isOlder { try ledger.setLate(slotID) }
        } else {
            book.tell(.ended(schedule: schedule.name))
        }
    }

    /// Rule 8: if one turn finds several due slots of a schedule, only the newest can be on time.
    private func decideOlder(
        _ slot: inout NewSlot, schedule: Schedule, newest: Instant
    ) throws {
        let lateness = Lateness.judge(
            windowFrom: slot.dueAt, wasMarkedLate: true,
            startWithinMilliseconds: schedule.startWithinMilliseconds,
            missedWindowMilliseconds: schedule.missedWindowMilliseconds, now: now)
        switch (lateness, schedule.missed) {
        case (.over, _), (_, .skip):
            (slot.disposition, slot.reason) = try tooLate(
                dueAt: slot.dueAt, schedule: schedule,
                why: lateness == .over ? "its missed_window is over" : "missed = \"skip\"")
        case (_, .latest):
            slot.disposition = .coalesced
            slot.reason = "the later slot \(newest.iso8601) stands for it (missed = \"latest\")"
        case (_, .all):
            slot.reason = "late, to be caught up (missed = \"all\")"
        }
    }

    /// `missed` if the daemon was down at due_at + start_within, else `expired` (rule 8).
    func tooLate(
        dueAt: Instant, schedule: Schedule, why: String
    ) throws -> (Disposition, String) {
        let judgedAt = dueAt.adding(milliseconds: schedule.startWithinMilliseconds)
        // We are up now, also if the last turn that said so is a minute old.
        if memory.lifeID != 0 { try ledger.touchLife(memory.lifeID, now: now) }
        // A slot found beside a newer one can be too late before that instant has come.
        let instant = judgedAt <= now ? judgedAt : dueAt
        if try ledger.wasUp(at: instant) {
            return (.expired, "too late although the daemon was up: \(why)")
        }
        return (.missed, "the daemon was down at \(instant.iso8601), and \(why)")
    }

    private func insertEnded(
        _ occurrence: Occurrence, _ schedule: Schedule, row: ScheduleRow,
        _ disposition: Disposition, reason: String
    ) throws {
        var slot = newSlot(occurrence, schedule, row: row)
        slot.disposition = disposition
        slot.reason = reason
        try write(slot, isOlder: false, schedule: schedule)
    }

    private func newSlot(
        _ occurrence: Occurrence, _ schedule: Schedule, row: ScheduleRow
    ) -> NewSlot {
        var slot = NewSlot(
            schedule: schedule.name, kind: .rule, slotAt: occurrence.at,
            dueAt: Self.dueAt(of: occurrence.at, schedule: schedule),
            utcOffsetSeconds: occurrence.utcOffsetSeconds, disposition: .pending, reason: "due",
            connection: row.connection, baseURL: row.baseURL, processID: "", processPattern: nil,
            revisionID: row.revisionID, mode: schedule.mode.rawValue)
        setProcess(of: &slot, schedule)
        if let note = occurrence.note { slot.reason += " (\(note))" }
        return slot
    }

    func setProcess(of slot: inout NewSlot, _ schedule: Schedule) {
        switch schedule.process {
        case .id(let id): slot.processID = id
        case .name(let pattern): slot.processPattern = pattern
        }
    }

    /// slot_at plus the slot's share of `spread`: a hash of schedule and slot
    /// (docs/protocol.md#words).
    package static func dueAt(of slotAt: Instant, schedule: Schedule) -> Instant {
        guard schedule.spreadMilliseconds > 0 else { return slotAt }
        let hash = Backoff.mix(
            Backoff.seed(schedule.name) ^ UInt64(bitPattern: slotAt.milliseconds))
        return slotAt.adding(
            milliseconds: Int64(hash % UInt64(schedule.spreadMilliseconds)))
    }

    static func words(for pause: PauseRow) -> String {
        let why = pause.reason.isEmpty ? "" : ": \(pause.reason)"
        if pause.isSkip { return "skipped once by \(pause.requestedBy)\(why)" }
        let scope = pause.schedule == nil ? "all schedules were paused" : "paused"
        let until = pause.until.map { " until \($0.iso8601)" } ?? ""
        return "\(scope) by \(pause.requestedBy) since \(pause.from.iso8601)\(until)\(why)"
    }

    /// A sweep of the connection is wanted with at least that priority.
    func want(look connection: String, _ priority: RateBudget.Priority) {
        if memory.sweepsWanted[connection] != .start { memory.sweepsWanted[connection] = priority }
    }
}

extension Schedule {
    /// The next occurrence of its rule within `active_from` and `active_until`.
    ///
    /// - Parameter instant: not this one itself.
    /// - Returns: nil if there is none, or no rule.
    package func nextOccurrence(after instant: Instant) -> Occurrence? {
        guard case .rule(let rule) = trigger else { return nil }
        let from = activeFrom.map { max(instant, $0.adding(milliseconds: -1)) } ?? instant
        guard let next = rule.next(after: from), isActive(next.at) else { return nil }
        return next
    }

    fileprivate func isActive(_ instant: Instant) -> Bool {
        (activeFrom.map { instant >= $0 } ?? true) && (activeUntil.map { instant <= $0 } ?? true)
    }
}
