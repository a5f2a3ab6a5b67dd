import Store
import Timetable

/// Tells people in time that the holidays of a calendar end, and when there are new ones.
final class CalendarWatch: Room, Grounded {
    let ground: Ground
    private var looked: LastLook?

    init(_ ground: Ground) { self.ground = ground }

    func keep() -> () -> Void {
        let kept = looked
        return { [self] in looked = kept }
    }

    /// Raises and clears; a standing alarm is told once, and what clears it is its end.
    func tend() throws {
        guard let calendars = roster.configuration?.calendars else { return }
        if let looked, looked.holds(for: roster.revisionID, at: now) {
            return book.wake(at: looked.until)
        }
        let today = CivilDate(ofUTC: now)
        var standing = Set(try ledger.alarms(.calendarEnds))
        var days: [Instant] = []
        for (name, calendar) in calendars.sorted(by: { $0.key < $1.key }) {
            if let warning = calendar.endWarning(on: today) {
                standing.remove(name)
                try ledger.raise(
                    kind: .calendarEnds, subject: name,
                    whatToDo: "\(warning) and reload; until then holidays after that day are "
                        + "taken for business days", now: now)
            } else if let from = calendar.warnsFrom {
                days.append(from.beginningUTC)
            }
        }
        for name in standing { try ledger.clear(kind: .calendarEnds, subject: name) }
        let look = LastLook(roster.revisionID, at: now, until: days.min())
        looked = look
        book.wake(at: look.until)
    }
}
