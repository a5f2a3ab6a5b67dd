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
        let known = try ledger.upcoming(schedule: schedule.name)
        guard known != lines else { return }
        try ledger.setUpcoming(
            schedule: schedule.name, lines,
            zoneDataHash: String(schedule.zone.contentHash, radix: 16))
    }
}
