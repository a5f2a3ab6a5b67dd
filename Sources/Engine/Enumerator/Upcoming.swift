import Store
import Timetable

/// The view `upcoming`: the next 10 of each schedule, refreshed at most once a minute.
final class Upcoming: Room, Grounded {
    private static let upcomingPerSchedule = 10
    private static let refreshMilliseconds: Int64 = 60_000

    let ground: Ground
    /// The configuration or a pause has changed since it was written.
    private var isStale = true

    init(_ ground: Ground) {
        self.ground = ground
    }

    func keep() -> () -> Void {
        let kept = isStale
        return { [self] in isStale = kept }
    }

    func clockWasSet(by milliseconds: Int64) { if milliseconds < 0 { isStale = true } }

    /// What it is made of has changed.
    func expire() { isStale = true }

    func refresh() throws {
        guard limits.keepsUpcoming else { return }
        var daemon = try book.daemon()
        if let last = daemon.upcomingRefreshedAt, last <= now,
            now.since(last) < Self.refreshMilliseconds, !isStale
        {
            return
        }
        // Only if a line has passed or the configuration changed: an idle daemon writes nothing.
        let mustRewrite = isStale || daemon.upcomingRefreshedAt == nil
        let passed = mustRewrite ? [] : try ledger.schedulesWithPassedUpcoming(now: now)
        guard mustRewrite || !passed.isEmpty else { return }
        isStale = false
        daemon.upcomingRefreshedAt = now
        book.save(daemon)
        if mustRewrite {
            for name in roster.schedules.keys.sorted() {
                guard let schedule = roster.schedule(name) else { continue }
                try rewriteUpcoming(of: schedule)
            }
        } else {
            for name in passed {
                guard let schedule = roster.schedule(name) else {
                    try ledger.setUpcoming(schedule: name, [], zoneDataHash: "")
                    continue
                }
                try moveUpcoming(of: schedule)
            }
        }
    }

    /// Drops what has passed and adds as many lines at the end.
    private func moveUpcoming(of schedule: Schedule) throws {
        let kept = try ledger.upcoming(schedule: schedule.name).filter { $0.slotAt > now }
        try ledger.moveUpcoming(
            schedule: schedule.name, past: now,
            adding: try lines(
                of: schedule, after: kept.last?.slotAt ?? now,
                count: Self.upcomingPerSchedule - kept.count),
            zoneDataHash: Self.zoneDataHash(of: schedule))
    }

    private func rewriteUpcoming(of schedule: Schedule) throws {
        let lines = try lines(of: schedule, after: now, count: Self.upcomingPerSchedule)
        let hash = Self.zoneDataHash(of: schedule)
        let known = try ledger.upcoming(schedule: schedule.name)
        let knownHash = try ledger.upcomingZoneDataHash(schedule: schedule.name)
        guard known != lines || hash != knownHash else { return }
        if let knownHash, knownHash != hash {
            try reportMoved(schedule, from: known, to: lines)
        }
        try ledger.setUpcoming(schedule: schedule.name, lines, zoneDataHash: hash)
    }

    static func zoneDataHash(of schedule: Schedule) -> String {
        String(schedule.zone.contentHash, radix: 16)
    }

    private func lines(
        of schedule: Schedule, after start: Instant, count: Int
    ) throws -> [UpcomingSlot] {
        var lines: [UpcomingSlot] = []
        var instant = start
        while lines.count < count, let next = schedule.nextOccurrence(after: instant) {
            var notes = next.note.map { [$0] } ?? []
            switch next.decision {
            case .run: schedule.unlessDone.map { notes.append($0.words) }
            case .skipped(let reason): notes.append("skipped: \(reason)")
            case .coalesced(let reason): notes.append("coalesced: \(reason)")
            }
            if let rule = next.ruleNote { notes.append(rule) }
            if let pause = try ledger.pauses(schedule: schedule.name, covering: next.at).first {
                notes.append(pause.words)
            }
            if schedule.spreadMilliseconds > 0 {
                let opening = next.window.delayedUntil ?? next.at
                let share = schedule.dueAt(of: next.at).since(opening) / 1000
                notes.append("spread: \(share) s later")
            }
            lines.append(
                UpcomingSlot(
                    slotAt: next.at, utcOffsetSeconds: next.utcOffsetSeconds,
                    note: notes.joined(separator: "; ")))
            instant = next.at
        }
        return lines
    }

    /// The zone's data has changed under the same rule (a tzdata update): future slots that moved
    /// are logged and audited, so that nobody is surprised by them.
    private func reportMoved(
        _ schedule: Schedule, from known: [UpcomingSlot], to lines: [UpcomingSlot]
    ) throws {
        let future = known.filter { $0.slotAt > now }
        let moved = zip(future, lines).filter { $0.slotAt != $1.slotAt }
        let words = moved.map { "\($0.slotAt.iso8601) → \($1.slotAt.iso8601)" }
        book.log(
            moved.isEmpty ? .info : .warning,
            "new zone data for \(schedule.timezone): "
                + (moved.isEmpty
                    ? "no upcoming slot of \(schedule.name) moved"
                    : "slots of \(schedule.name) moved: \(words.joined(separator: ", "))"))
        guard !moved.isEmpty else { return }
        try ledger.audit(
            actor: "tzdata", action: "slots moved", subject: schedule.name,
            detail: words.joined(separator: ", "), now: now)
    }
}
