import Store
import Timetable

/// Warns 30, 7 and 1 days ahead of days on which grants and versions end (rule 22).
final class Expiries: Room, Grounded {
    let ground: Ground
    private var looked: LastLook?

    init(_ ground: Ground) { self.ground = ground }

    func keep() -> () -> Void {
        let kept = looked
        return { [self] in looked = kept }
    }

    func warn() throws {
        if let looked, looked.holds(for: roster.revisionID, at: now) {
            return book.wake(at: looked.until)
        }
        var days: [Instant] = []
        for name in roster.connections.keys.sorted() {
            guard let connection = roster.connection(name) else { continue }
            for expiry in Expiry.allCases {
                guard let day = expiry.lastDay(of: connection) else {
                    try ledger.clear(kind: expiry.kind, subject: name)
                    continue
                }
                if let next = Expiry.nextChange(of: day, after: now) { days.append(next) }
                try tell(expiry, day, of: name)
            }
        }
        let look = LastLook(roster.revisionID, at: now, until: days.min())
        looked = look
        book.wake(at: look.until)
    }

    private func tell(_ expiry: Expiry, _ day: CivilDate, of name: String) throws {
        guard let stage = Expiry.stage(of: day, today: CivilDate(ofUTC: now)) else {
            return try ledger.clear(kind: expiry.kind, subject: name)
        }
        let words = expiry.words(name, day, stage)
        let isNew = try ledger.raise(kind: expiry.kind, subject: name, whatToDo: words, now: now)
        if isNew { book.log(.warning, words) }
    }
}
