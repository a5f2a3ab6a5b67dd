import Store
import Timetable

/// The view `upcoming`: the next 10 of each schedule, refreshed at most once a minute.
extension Clockwork {
    private static let upcomingPerSchedule = 10
    private static let refreshMilliseconds: Int64 = 60_000

    func refreshUpcoming() throws {
        guard !memory.isStopping else { return }
        var daemon = try daemonRow()
        if let last = daemon.upcomingRefreshedAt, last <= now,
            now.since(last) < Self.refreshMilliseconds, !memory.isUpcomingStale
        {
            return
        }
        guard try isUpcomingDue(daemon.upcomingRefreshedAt) else { return }
        memory.isUpcomingStale = false
        daemon.upcomingRefreshedAt = now
        turn.daemon = daemon
        for name in schedules.keys.sorted() {
            guard let schedule = schedules[name] else { continue }
            try refreshUpcoming(of: schedule)
        }
    }

    /// Only if a first line has passed or the configuration changed: an idle daemon writes nothing.
    private func isUpcomingDue(_ last: Instant?) throws -> Bool {
        if memory.isUpcomingStale || last == nil { return true }
        return try ledger.firstUpcoming().map { $0 <= now } ?? false
    }

    private func refreshUpcoming(of schedule: Schedule) throws {
        var lines: [UpcomingSlot] = []
        var instant = now
        while lines.count < Self.upcomingPerSchedule,
            let next = nextOccurrence(of: schedule, after: instant)
        {
            var notes = next.note.map { [$0] } ?? []
            switch next.decision {
            case .run: break
            case .skipped(let reason): notes.append("skipped: \(reason)")
            case .coalesced(let reason): notes.append("coalesced: \(reason)")
            }
            if let pause = try ledger.pauses(schedule: schedule.name, covering: next.at).first {
                notes.append(Self.words(for: pause))
            }
            if schedule.spreadMilliseconds > 0 {
                let share = Self.dueAt(of: next.at, schedule: schedule).since(next.at) / 1000
                notes.append("spread: \(share) s later")
            }
            lines.append(
                UpcomingSlot(
                    slotAt: next.at, utcOffsetSeconds: next.utcOffsetSeconds,
                    note: notes.joined(separator: "; ")))
            instant = next.at
        }
        let hash = String(schedule.zone.contentHash, radix: 16)
        let known = try ledger.upcoming(schedule: schedule.name)
        let knownHash = try ledger.upcomingZoneDataHash(schedule: schedule.name)
        guard known != lines || hash != knownHash else { return }
        if let knownHash, knownHash != hash {
            try reportMoved(schedule, from: known, to: lines)
        }
        try ledger.setUpcoming(schedule: schedule.name, lines, zoneDataHash: hash)
    }

    /// The zone's data has changed under the same rule (a tzdata update): future slots that moved
    /// are logged and audited, so that nobody is surprised by them.
    private func reportMoved(
        _ schedule: Schedule, from known: [UpcomingSlot], to lines: [UpcomingSlot]
    ) throws {
        let future = known.filter { $0.slotAt > now }
        let moved = zip(future, lines).filter { $0.slotAt != $1.slotAt }
        let words = moved.map { "\($0.slotAt.iso8601) → \($1.slotAt.iso8601)" }
        log(
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
