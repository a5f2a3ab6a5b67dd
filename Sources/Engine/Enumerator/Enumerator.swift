import Store
import Timetable

/// Which slots are due, and what becomes of them at once.
final class Enumerator: Room, Grounded {
    let ground: Ground
    private let lister: Lister
    private let preflights: PreflightPlan
    /// Rows of slots that this turn has written.
    private var rows = 0
    /// When this daemon was begun, by its first turn; one that fails takes nothing of it back.
    private var bootAt: Instant?

    init(_ ground: Ground, lister: Lister, preflights: PreflightPlan) {
        self.ground = ground
        self.lister = lister
        self.preflights = preflights
    }

    func keep() -> () -> Void {
        let kept = rows
        return { [self] in rows = kept }
    }

    func beginTurn() { rows = 0 }

    func createDueSlots() throws {
        for name in try ledger.schedulesDue(now: now, limit: limits.decisionsMax) {
            guard rows < limits.slotRowsMax else {
                book.wakeSoon()
                return
            }
            let done = try book.step("create the slots of \(name)", schedule: name) {
                try createSlots(of: name)
            }
            if !done {
                try ledger.setAside(
                    schedule: name, reason: "its slots could not be created, see: carillon errors")
                try ledger.raise(
                    kind: .setAside, subject: name,
                    whatToDo: "fix what carillon errors names, then: carillon reload", now: now)
            }
        }
    }

    private func createSlots(of name: String) throws {
        guard let schedule = roster.schedule(name), let row = try ledger.schedule(name) else {
            try ledger.setNextDue(schedule: name, at: nil)
            return
        }
        guard let next = row.nextSlotAt, next <= now else {
            // Woken ahead of the slot: fetch the look, so that the start can go out at once.
            if schedule.mode == .run { lister.want(look: schedule.connection, .start) }
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
    private func fill(_ schedule: Schedule, row: ScheduleRow, replacement: EndReason?) throws {
        guard case .rule(let rule) = schedule.trigger else { return }
        let daemon = try book.daemon()
        let restored = daemon.restoredAt.map { row.cursorAt < $0 } ?? false
        let newest = try newestStartable(rule, schedule, after: row.cursorAt)
        if let newest, replacement == nil {
            try insert(newest, schedule, row: row, newest: nil, restoredAt: daemon.restoredAt)
        }
        var cursor = row.cursorAt
        while let occurrence = schedule.nextOccurrence(after: cursor), occurrence.at <= now {
            guard rows < limits.slotRowsMax else {
                book.wakeSoon()
                break
            }
            if let replacement {
                try write(
                    SlotBirth(schedule, row: row).rule(occurrence, .ended(replacement)),
                    schedule, isOlder: false)
            } else if occurrence.at != newest?.at {
                let isStillToCome = schedule.dueAt(of: occurrence.at) > now
                try insert(
                    occurrence, schedule, row: row, newest: isStillToCome ? nil : newest?.at,
                    restoredAt: restored ? daemon.restoredAt : nil)
            }
            cursor = occurrence.at
        }
        try moveCursor(of: schedule, to: cursor)
    }

    /// All slots of a schedule up to now, however many: its rule is about to be replaced.
    ///
    /// - Parameters:
    ///   - schedule: with the rule so far.
    ///   - replacement: why none of them may start, if that is so.
    /// - Throws: `StoreError`.
    func fillGap(of schedule: Schedule, replacement: EndReason?) throws {
        repeat {
            // Each pass is bounded; the rows of a gap must all be there.
            rows = 0
            guard let row = try ledger.schedule(schedule.name), let next = row.nextSlotAt,
                next <= now
            else { return }
            try fill(schedule, row: row, replacement: replacement)
            guard let after = try ledger.schedule(schedule.name), after.cursorAt > row.cursorAt
            else { return }
        } while true
    }

    /// The newest due occurrence that neither holiday, window nor pause has taken: it alone can be on
    /// time.
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
            guard schedule.dueAt(of: candidate.at) <= now else {
                instant = candidate.at.adding(milliseconds: -1)
                continue
            }
            let isPaused =
                !(try ledger.pauses(
                    schedule: schedule.name, covering: candidate.at
                ).isEmpty)
            if candidate.decision == .run, schedule.active.contains(candidate.at), !isPaused {
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
        try preflights.plan(of: schedule, after: cursor)
    }

    /// The clock was set back: cursors return to now, or to the beginning of their rule, since a clock
    /// that starts in 1970 finds no slot there.
    ///
    /// What forbids repeats is the UNIQUE slot, not the cursor.
    func returnCursors() throws {
        for row in try ledger.schedules() where row.state == .active && row.cursorAt > now {
            guard let schedule = roster.schedule(row.schedule) else { continue }
            try moveCursor(of: schedule, to: max(now, row.effectiveAt))
        }
    }

    /// Writes the slot of an occurrence with what is already decided of it.
    private func insert(
        _ occurrence: Occurrence, _ schedule: Schedule, row: ScheduleRow, newest: Instant?,
        restoredAt: Instant?
    ) throws {
        let fate = try fate(
            of: occurrence, schedule, newest: newest, restoredAt: restoredAt)
        try write(
            SlotBirth(schedule, row: row).rule(occurrence, fate), schedule,
            isOlder: newest != nil)
    }

    private func fate(
        of occurrence: Occurrence, _ schedule: Schedule, newest: Instant?, restoredAt: Instant?
    ) throws -> SlotBirth.Fate {
        switch occurrence.decision {
        case .skipped(let words):
            return .ended(
                occurrence.window == .open ? .holiday(words) : .inWindow(words))
        case .coalesced(let holiday): return .ended(.movedByHoliday(holiday))
        case .run: break
        }
        let pause = try ledger.pauses(schedule: schedule.name, covering: occurrence.at).first
        if pause == nil, let restoredAt, occurrence.at <= restoredAt {
            return .ended(.restored(at: restoredAt))
        }
        if let decided = SlotBirth.Fate.decidedAhead(pause, schedule) { return decided }
        guard let newest else { return .due(.rule) }
        return try fateBeside(newest, dueAt: schedule.dueAt(of: occurrence.at), schedule)
    }

    /// Rule 8: if one turn finds several due slots of a schedule, only the newest can be on time.
    private func fateBeside(
        _ newest: Instant, dueAt: Instant, _ schedule: Schedule
    ) throws -> SlotBirth.Fate {
        let lateness = Lateness.judge(
            windowFrom: dueAt, wasMarkedLate: true,
            startWithinMilliseconds: schedule.startWithinMilliseconds,
            missedWindowMilliseconds: schedule.missedWindowMilliseconds, now: now)
        switch (lateness, schedule.missed) {
        case (.over, _), (_, .skip):
            let why = lateness == .over ? EndReason.Late.windowOver : .skipsMissed
            let uptime = try life.uptime(
                dueAt: dueAt, startWithinMilliseconds: schedule.startWithinMilliseconds)
            return .ended(.tooLate(why, wasUp: uptime))
        case (_, .latest): return .ended(.standsFor(later: newest))
        case (_, .all): return .due(.caughtUp)
        }
    }

    private func write(_ slot: NewSlot, _ schedule: Schedule, isOlder: Bool) throws {
        rows += 1
        var slot = slot
        guard let slotID = try slots.insert(&slot, of: schedule) else { return }
        if slot.disposition == .pending {
            // A look is wanted by the decision, where the one fetched ahead does not do.
            if isOlder { try ledger.setLate(slotID) }
        } else {
            book.tell(.ended(schedule: slot.schedule))
            guard slot.disposition == .missed || slot.disposition == .expired else { return }
            book.log(
                .warning,
                "\(slot.name) \(slot.disposition.rawValue): \(slot.reason)")
        }
    }

    /// @reboot fires once at a start of the daemon, not at a reload.
    ///
    /// A first turn of which only the disk knows what became is taken again later: the instant is that
    /// of the first time, so that its slots are the same.
    func fireBootSlots() throws {
        let bootAt = bootAt ?? now
        self.bootAt = bootAt
        for name in roster.schedules.keys.sorted() {
            guard let schedule = roster.schedule(name), case .rule(let rule) = schedule.trigger,
                rule.isReboot, let row = try ledger.schedule(name), row.state == .active
            else { continue }
            let pause = try ledger.pauses(schedule: name, covering: now).first
            let fate = SlotBirth.Fate.decidedAhead(
                pause, schedule, window: schedule.windows.verdict(at: bootAt))
            var slot = SlotBirth(schedule, row: row).boot(
                at: bootAt, fate ?? .due(.daemonStart))
            _ = try slots.insert(&slot, of: schedule)
        }
    }
}
