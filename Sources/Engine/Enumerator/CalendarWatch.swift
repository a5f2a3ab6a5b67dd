import Store
import Timetable

/// Tells people in time that the holidays of a calendar end, and when there are new ones.
final class CalendarWatch: Room, Grounded {
    let ground: Ground
    /// When the next calendar comes up; nil: all are to be looked at.
    private var nextAt: Instant?
    private var isStale = true

    init(_ ground: Ground) { self.ground = ground }

    func keep() -> () -> Void {
        let kept = (nextAt, isStale)
        return { [self] in (nextAt, isStale) = kept }
    }

    func clockWasSet(by milliseconds: Int64) { isStale = true }

    /// The configuration has changed.
    func expire() { isStale = true }

    /// Raises and clears; a standing alarm is told once, and what clears it is its end.
    func tend() throws {
        guard let calendars = roster.configuration?.calendars else { return }
        guard isStale || nextAt.map({ $0 <= now }) ?? false else {
            if let nextAt { book.wake(at: nextAt) }
            return
        }
        let today = Zone.utc.local(at: now).date
        var standing = Set(try ledger.alarms(.calendarEnds))
        var next: Instant?
        for (name, calendar) in calendars.sorted(by: { $0.key < $1.key }) {
            if let warning = calendar.endWarning(on: today) {
                standing.remove(name)
                try ledger.raise(
                    kind: .calendarEnds, subject: name,
                    whatToDo: "\(warning) and reload; until then holidays after that day are "
                        + "taken for business days", now: now)
            } else if let from = calendar.warnsFrom {
                let at = Instant(seconds: from.dayNumber * 86_400)
                next = min(next ?? at, at)
            }
        }
        for name in standing { try ledger.clear(kind: .calendarEnds, subject: name) }
        (nextAt, isStale) = (next, false)
        if let next { book.wake(at: next) }
    }
}
