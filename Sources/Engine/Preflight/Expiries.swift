import Store
import Timetable

/// Warns 30, 7 and 1 days ahead of days on which grants and versions end (rule 22).
final class Expiries: Room, Grounded {
    private static let againMilliseconds: Int64 = 366 * 86_400_000

    let ground: Ground
    /// Of which revision the days were looked at, from when until when that holds.
    private var looked: (revisionID: Int64, from: Instant, until: Instant)?

    init(_ ground: Ground) { self.ground = ground }

    func keep() -> () -> Void {
        let kept = looked
        return { [self] in looked = kept }
    }

    func warn() throws {
        if let looked, looked.revisionID == roster.revisionID, now >= looked.from,
            now < looked.until
        {
            return book.wake(at: looked.until)
        }
        var until = now.adding(milliseconds: Self.againMilliseconds)
        for name in roster.connections.keys.sorted() {
            guard let connection = roster.connection(name) else { continue }
            for expiry in Expiry.allCases {
                guard let day = expiry.lastDay(of: connection) else {
                    try ledger.clear(kind: expiry.kind, subject: name)
                    continue
                }
                if let next = Expiry.nextChange(of: day, after: now) { until = min(until, next) }
                try tell(expiry, day, of: name)
            }
        }
        looked = (roster.revisionID, now, until)
        book.wake(at: until)
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
