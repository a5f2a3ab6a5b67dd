package import Timetable

/// A slot of a simulation, with its run.
package struct SimulatedSlot: Sendable, Equatable {
    package var schedule: String
    package var slotAt: Instant
    package var utcOffsetSeconds: Int
    package var disposition: Disposition
    package var reason: String
    package var startedAt: Instant?
    /// Nil: it was still going on.
    package var completedAt: Instant?
    package var finishBy: Instant?

    /// Makes one without a run.
    package init(
        schedule: String, slotAt: Instant, disposition: Disposition, reason: String
    ) {
        self.schedule = schedule
        self.slotAt = slotAt
        utcOffsetSeconds = 0
        self.disposition = disposition
        self.reason = reason
    }
}
