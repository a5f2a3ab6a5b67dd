import ProcessesAPI
import JSON
import Store
import Timetable

/// A configuration takes effect: edits can't fire the past, and lose nothing (rules 10, 13; I3).
struct Reload: Grounded {
    let ground: Ground
    let gate: Gate
    let lister: Lister
    let settler: Settler
    let preflights: PreflightPlan
    let enumerator: Enumerator
    let upcoming: Upcoming
    let clockSteps: ClockSteps
    /// Turns a stored `rule_source` back into a rule; nil if it can't.
    let recompile: @Sendable (String) -> FiringRule?

    func adopt(_ new: EngineConfiguration, commandID: UInt64?) throws {
        let isReload = roster.configuration != nil
        var new = new
        // What ran so far goes on as it was built then. With nothing to add the array stays the
        // caller's own: no copy of a thousand schedules.
        if !new.waiting.isEmpty {
            new.schedules += new.waiting.keys.sorted().compactMap { roster.schedule($0) }
        }
        let last = try ledger.lastRevision()
        // A write of which only the disk knew what became: the ledger stands on it already, and the
        // old rules are none of its own any more.
        let isWritten = isReload && last?.id != roster.revisionID
        // Under the old rules first: no slot up to now is lost by the edit.
        if isReload, !isWritten { try enumerator.createDueSlots() }
        var changes: [String] = []
        let revisionID =
            if let last, last.contentHash == new.contentHash { last.id } else {
                try ledger.insertRevision(
                    contentHash: new.contentHash, isReload: isReload,
                    summary: "\(new.schedules.count) schedules", now: now)
            }
        try keepFiles(of: new)
        if roster.revisionID != revisionID {
            // The last list was read for the schedules before: it may lack what these ask for.
            lister.configurationChanged()
        }
        let (former, old) = (roster.connections, roster.schedules)
        let waited = roster.configuration?.waiting.keys.sorted() ?? []
        gate.configure(from: former, to: new.connections)
        roster.take(new, revisionID: revisionID)
        try saveConnections(of: new, former: former)
        if !isReload { try beginLife() }
        try roster.readProcesses()
        for schedule in new.schedules {
            try book.step("apply schedule \(schedule.name)", schedule: schedule.name) {
                if let change = try adopt(
                    schedule, old: old[schedule.name], isReload: isReload)
                {
                    changes.append(change)
                }
            }
        }
        try tellWaiting(new)
        for name in waited where new.waiting[name] == nil {
            try ledger.wakeSlots(schedule: name, now: now)
        }
        let names = Set(new.schedules.map(\.name)).union(new.waiting.keys)
        for row in try ledger.schedules()
        where !names.contains(row.schedule) && row.state != .removed {
            try close(row, old: old[row.schedule], state: .removed, isReload: isReload)
            changes.append("\(row.schedule) removed")
        }
        try wakeOthers(isReload: isReload)
        let summary = Self.summary(of: changes, isWritten: isWritten)
        try tell(summary, by: new.actor, isReload: isReload)
        if let commandID { book.reply(commandID, .done(summary)) }
    }

    private func tell(_ summary: String, by actor: String, isReload: Bool) throws {
        book.log(.notice, "configuration \(isReload ? "reloaded" : "loaded"): \(summary)")
        guard isReload else { return }
        try ledger.audit(
            actor: actor, action: "reload", subject: "configuration",
            detail: String(summary.prefix(2000)), now: now)
    }

    /// Whoever goes by the configuration looks at what it says now.
    private func wakeOthers(isReload: Bool) throws {
        try HeldBack(ground: ground).judgeAgain()
        if !isReload { try enumerator.fireBootSlots() }
        for name in roster.schedules.keys { book.tell(.ended(schedule: name)) }
        upcoming.expire()
    }

    /// What the daemon runs on is kept: for people, and for a start with files that are refused.
    private func keepFiles(of new: EngineConfiguration) throws {
        try ledger.keepConfigFiles(
            contentHash: new.contentHash,
            new.files.map { ($0.path, String(decoding: $0.bytes, as: UTF8.self)) })
    }

    /// A schedule that can't be built yet keeps its row, its cursor and its slots.
    private func tellWaiting(_ new: EngineConfiguration) throws {
        try forgetTreeAlarms()
        // Also of what went while nobody was there to see it.
        let standing = Set(new.waiting.keys)
            .union(new.connections.keys.map(AlarmKind.waitingSubject(connection:)))
        for subject in try ledger.alarms(.waits) where !standing.contains(subject) {
            try ledger.clear(kind: .waits, subject: subject)
        }
        for (name, words) in new.waiting.sorted(by: { $0.key < $1.key }) {
            book.log(.error, "\(name) waits: \(words)", alarm: .waits)
            try ledger.raise(
                kind: .waits, subject: name,
                whatToDo: "\(words); it goes on by itself once that is there", now: now)
        }
    }

    /// Without rules on counts nobody misses the jobs below.
    private func forgetTreeAlarms() throws {
        for name in try ledger.alarms(.cutTree)
        where roster.schedules[name]?.outcome.isEmpty ?? false {
            try ledger.clear(kind: .cutTree, subject: name)
        }
        for name in try ledger.alarms(.missingPart)
        where roster.schedules[name]?.outcome.parts.isEmpty ?? false {
            try ledger.clear(kind: .missingPart, subject: name)
        }
    }

    /// What changed, in one line of bearable length.
    private static func summary(of changes: [String], isWritten: Bool) -> String {
        guard !changes.isEmpty else {
            return isWritten
                ? "it was written, though the disk said that it failed" : "nothing changed"
        }
        let shown = changes.prefix(10).joined(separator: "; ")
        return changes.count > 10 ? "\(shown); and \(changes.count - 10) more" : shown
    }

    /// What a start of the daemon does before anything else (rules 5, 12, 13).
    private func beginLife() throws {
        // Before the first instant of this clock is written.
        try clockSteps.readTakeover()
        try settler.recoverStarting()
        try clockSteps.readAtStart()
        try life.begin()
        try gate.begin(roster.connections)
        // What they waited for may have come meanwhile, and the looks of the former life are gone.
        try ledger.wakeAtStart(now: now)
        var daemon = try book.daemon()
        guard daemon.isRestored else { return }
        daemon.isRestored = false
        daemon.restoredAt = now
        book.save(daemon)
        try settler.holdRestored()
        book.log(
            .warning,
            "this database was restored from a backup: nothing is sent for instants before now")
        try ledger.audit(
            actor: "daemon", action: "restored", subject: "database",
            detail: "nothing is sent for instants before now", now: now)
        for row in try ledger.schedules() {
            for slot in try ledger.openSlots(schedule: row.schedule, .pending)
            where slot.slotAt <= now {
                try slots.end(slot, .restored(at: now))
            }
        }
    }

    // MARK: One schedule

    /// Applies a schedule of the new configuration.
    ///
    /// - Returns: the change in words; nil if nothing changed.
    private func adopt(
        _ schedule: Schedule, old: Schedule?, isReload: Bool
    ) throws -> String? {
        guard let connection = roster.connection(schedule.connection) else { return nil }
        if let former = schedule.formerly, try ledger.schedule(schedule.name) == nil,
            try ledger.schedule(former) != nil
        {
            try ledger.renameSchedule(former, to: schedule.name)
            try ledger.audit(
                actor: "reload", action: "rename", subject: former, detail: schedule.name, now: now)
            try preflights.drop(of: former)
        }
        let known = try ledger.schedule(schedule.name)
        var row = self.row(for: schedule, connection)
        guard let known else {
            try save(&row, schedule, from: now)
            return "\(schedule.name) added"
        }
        let isMoved =
            known.process != row.process || known.connection != row.connection
            || known.baseURL != row.baseURL
        // The run that took its slots is in its way no more, or in another way.
        if isMoved || schedule.overlap == .allow
            || old.map({ $0.overlap != schedule.overlap }) ?? false
        {
            try slots.forgetOverlap(of: schedule.name)
        }
        let wasActive = known.state == .active
        if schedule.enabled, wasActive, known.firingKey == row.firingKey {
            return try keep(row, known: known, schedule)
        }
        if !schedule.enabled {
            guard wasActive || known.state == .setAside else { return nil }
            try close(known, old: old, state: .disabled, isReload: isReload)
            return "\(schedule.name) disabled"
        }
        if wasActive { try fillGap(known, old: old, isReload: isReload) }
        if isMoved { try endPending(known, .processChanged) }
        try save(&row, schedule, from: now)
        if known.state == .setAside {
            try ledger.clear(kind: .setAside, subject: schedule.name)
        }
        return "\(schedule.name) \(wasActive ? "changed" : "enabled")"
    }

    private func row(for schedule: Schedule, _ connection: Connection) -> ScheduleRow {
        let process = schedule.process.stored
        let key = FiringKey(
            connection: connection.name, baseURL: connection.baseURL, process: process,
            ruleSource: schedule.ruleSource, active: schedule.active)
        return ScheduleRow(
            schedule: schedule.name, state: schedule.enabled ? .active : .disabled,
            connection: connection.name, baseURL: connection.baseURL, process: process,
            rule: schedule.ruleText, ruleSource: schedule.ruleSource,
            timezone: schedule.timezone, mode: schedule.mode,
            description: schedule.description,
            tags: "[" + schedule.tags.map(JSONString.quoted).joined(separator: ",") + "]",
            firingKey: key.text, revisionID: roster.revisionID,
            effectiveAt: now)
    }

    /// An unchanged firing key: nothing happens, only words and policies are taken over.
    private func keep(
        _ row: ScheduleRow, known: ScheduleRow, _ schedule: Schedule
    ) throws -> String? {
        var kept = known
        (kept.rule, kept.timezone, kept.mode) = (row.rule, row.timezone, row.mode)
        (kept.description, kept.tags) = (row.description, row.tags)
        if kept != known { try ledger.save(kept) }
        // Zone data may have changed under the same rule: the next instant is found anew.
        let next = schedule.nextOccurrence(after: kept.cursorAt)?.at
        if next != known.nextSlotAt || known.nextDueAt == nil {
            try enumerator.moveCursor(of: schedule, to: kept.cursorAt)
            if known.nextSlotAt != nil, next != known.nextSlotAt {
                return "\(schedule.name) moved its next slot"
            }
        } else {
            try preflights.plan(of: schedule, after: kept.cursorAt)
        }
        return nil
    }

    /// Makes the rule take effect from `from`: slots before it do not exist (I3).
    private func save(_ row: inout ScheduleRow, _ schedule: Schedule, from: Instant) throws {
        row.cursorAt = from
        try ledger.save(row)
        try ledger.insertScheduleRevision(row, now: from)
        try preflights.drop(of: schedule.name)
        if schedule.enabled { try enumerator.moveCursor(of: schedule, to: from) }
    }

    /// A schedule is disabled or removed.
    private func close(
        _ known: ScheduleRow, old: Schedule?, state: ScheduleState, isReload: Bool
    ) throws {
        if known.state == .active { try fillGap(known, old: old, isReload: isReload) }
        try endPending(known, .scheduleClosed(state))
        var row = try ledger.schedule(known.schedule) ?? known
        row.state = state
        row.nextSlotAt = nil
        row.nextDueAt = nil
        row.revisionID = roster.revisionID
        // What would mend it no longer does anything.
        try slots.forgetOverlap(of: row.schedule)
        for kind in AlarmKind.allCases where [.schedule, .waiting].contains(kind.subject) {
            try ledger.clear(kind: kind, subject: row.schedule)
        }
        try ledger.save(row)
        try ledger.insertScheduleRevision(row, now: now)
        try preflights.drop(of: known.schedule)
        try ledger.setUpcoming(schedule: known.schedule, [], zoneDataHash: "")
    }

    /// Slots of the old rule up to now that have no row yet: `missed`, edited while down, or while the
    /// schedule waited for a file or zone, so that this life has no rule of it.
    private func fillGap(_ known: ScheduleRow, old: Schedule?, isReload: Bool) throws {
        if isReload, let old {
            // `createDueSlots` ran under the old rule already, unless it met its limit of rows.
            return try enumerator.fillGap(of: old, replacement: nil)
        }
        guard let next = known.nextSlotAt, next <= now else { return }
        guard let rule = recompile(known.ruleSource) else {
            try ledger.audit(
                actor: "reload", action: "gap", subject: known.schedule,
                detail: "slots after \(known.cursorAt.iso8601) are unknown, "
                    + "the old rule can't be compiled any more", now: now)
            return
        }
        var former = Schedule(
            name: known.schedule, process: ProcessReference(stored: known.process),
            connection: known.connection,
            trigger: .rule(rule), ruleText: known.rule, ruleSource: known.ruleSource,
            zone: rule.zone)
        former.windows = rule.windows
        // Instants outside its active window were never slots (I2).
        if let key = FiringKey(known.firingKey) { former.active = key.active }
        try enumerator.fillGap(of: former, replacement: .edited(whileDown: !isReload))
    }

    private func endPending(_ row: ScheduleRow, _ reason: EndReason) throws {
        for slot in try ledger.openSlots(schedule: row.schedule, .pending) {
            try slots.end(slot, reason)
        }
    }
}
