import Timetable

/// A look at days that the configuration names: it holds for that configuration, until the next of these
/// days begins or the clock is set back.
struct LastLook {
    private let revisionID: Int64
    private let at: Instant
    /// When to look again.
    let until: Instant

    private static let holdsMillisecondsMax: Int64 = 366 * 86_400_000

    /// A look at this moment.
    ///
    /// - Parameters:
    ///   - revisionID: of the configuration.
    ///   - now: the moment.
    ///   - next: when the first of the days begins; nil: none is to come.
    init(_ revisionID: Int64, at now: Instant, until next: Instant?) {
        self.revisionID = revisionID
        at = now
        let latest = now.adding(milliseconds: Self.holdsMillisecondsMax)
        until = min(next ?? latest, latest)
    }

    /// Nothing would be found that wasn't found then.
    func holds(for revisionID: Int64, at now: Instant) -> Bool {
        self.revisionID == revisionID && now >= at && now < until
    }
}
