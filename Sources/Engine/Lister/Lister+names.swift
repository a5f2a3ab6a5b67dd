import Store
import Timetable

extension Lister {
    /// Names of the processes that waiting slots and next slots are for, where a schedule has a
    /// pattern: their looks count, so that such a slot starts on the list that was fetched ahead.
    func expectedNames(_ connection: String) throws -> Set<String> {
        var names: Set<String> = []
        for schedule in roster.schedules.values where schedule.connection == connection {
            guard case .name(let pattern) = schedule.process else { continue }
            let waiting = try ledger.openSlots(schedule: schedule.name, .pending)
            var instants = waiting.map(\.slotAt)
            if let next = try ledger.schedule(schedule.name)?.nextSlotAt {
                instants.append(next)
            }
            // Its slot can come at any time.
            if case .after = schedule.trigger { instants.append(now) }
            for instant in instants {
                let name = NamePattern.expand(
                    pattern, slotAt: instant,
                    offsetSeconds: schedule.zone.offsetSeconds(at: instant))
                if let name { names.insert(name) }
            }
        }
        return names
    }
}
