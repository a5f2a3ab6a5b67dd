package import Timetable

/// A slot as people name it: SCHEDULE@TIME.
package struct SlotName: Sendable, Hashable, CustomStringConvertible {
    package var schedule: String
    package var slotAt: Instant

    package init(schedule: String, slotAt: Instant) {
        self.schedule = schedule
        self.slotAt = slotAt
    }

    package var description: String { "\(schedule)@\(slotAt.iso8601)" }
}

extension SlotRow {
    package var name: SlotName { SlotName(schedule: schedule, slotAt: slotAt) }
}

extension NewSlot {
    package var name: SlotName { SlotName(schedule: schedule, slotAt: slotAt) }
}

extension UpstreamEnd {
    package var name: SlotName { SlotName(schedule: schedule, slotAt: slotAt) }
}

extension PreflightRow {
    package var name: SlotName { SlotName(schedule: schedule, slotAt: slotAt) }
}

extension RemovedSlot {
    package var name: SlotName { SlotName(schedule: schedule, slotAt: slotAt) }
}
