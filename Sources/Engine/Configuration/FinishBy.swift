package import Timetable

/// By when the run of a slot must have finished: a time of the slot's local day, or of one after it.
package struct FinishBy: Sendable, Equatable {
    package var secondOfDay: Int
    package var days: Int

    package init(secondOfDay: Int, days: Int) {
        self.secondOfDay = secondOfDay
        self.days = days
    }
}

extension Schedule {
    /// By when a slot must run that is due at an instant, `spread` left aside; nil: nobody has said.
    package func startBy(_ slotAt: Instant) -> Instant? {
        startByMilliseconds.map { slotAt.adding(milliseconds: $0) }
    }

    /// By when the run of a slot must have finished; nil for a slot that is later than that itself,
    /// as one that was triggered in the evening.
    package func finishBy(_ slotAt: Instant) -> Instant? {
        guard let finishBy else { return nil }
        let day = zone.local(at: slotAt).date.dayNumber + Int64(finishBy.days)
        let midnight = LocalDateTime(date: CivilDate(dayNumber: day), secondOfDay: 0)
        // The last instant before the day begins can't be in it.
        let before = zone.instants(ofLocal: midnight).first?.adding(milliseconds: -1)
        let at = zone.next(
            finishBy.secondOfDay,
            after: before ?? slotAt.adding(milliseconds: Int64(finishBy.days) * 86_400_000))
        return at > slotAt ? at : nil
    }
}
