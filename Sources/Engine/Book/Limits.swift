/// Limits of a turn: every loop ends.
package struct Limits: Sendable {
    package var inputsMax = 512
    package var slotRowsMax = 2000
    /// Few enough that the first starts of a full second are on the wire while the next are
    /// decided, many enough to share a commit.
    package var decisionsMax = 256
    /// Runs that a turn takes up at most; each answer brings another turn.
    package var pollsMax = 32
    /// Runs whose pace a list sets anew at most.
    package var sweptRunsMax = 10_000
    package var preflightsMax = 32
    /// How far ahead of a slot the look is fetched.
    package var lookLeadMilliseconds: Int64 = 30_000
    /// How old a look may be when a start goes out on it.
    package var lookAgeMaxMilliseconds: Int64 = 60_000
    /// An effect not on the wire by then is dropped unsent.
    package var sendWithinMilliseconds: Int64 = 20_000
    package var clockSkewMaxMilliseconds: Int64 = 120_000
    /// Full reads in flight at most; with a list, of 16 MiB each at most: 64 MiB in all
    /// (docs/protocol.md#status-poller).
    package var readsInFlightMax = 3
    /// Keeps the view `upcoming`, which nobody reads in a play of `carillon simulate`.
    package var keepsUpcoming = true

    /// The limits of docs/protocol.md.
    package init() {}
}

/// Guards of the protocol that negative tests switch off one by one.
package struct Guards: Sendable, Equatable {
    package var looksBeforeStart = true
    package var settlesUnknown = true
    package var recoversStarting = true
    package var keepsHints = true
    /// Absence is proven by three looks over `settle_within`, not by the first one.
    package var waitsToSettle = true
    /// A run that was there before the attempt is not taken for the attempt's own.
    package var comparesBaseline = true
    /// A slot from before this start goes out only where no run of ours may be its own already.
    package var looksAfterDownTime = true
    /// A refusal that isn't the API's own decides nothing.
    package var refusesForeignAnswers = true
    /// Instants of the server are compared with ours by all that is known of its clock.
    package var readsClockAsInterval = true

    /// All guards on.
    package init() {}

    /// The guards by name.
    package static let names = [
        "looksBeforeStart", "settlesUnknown", "recoversStarting", "keepsHints",
        "waitsToSettle", "comparesBaseline", "looksAfterDownTime", "refusesForeignAnswers",
        "readsClockAsInterval",
    ]

    /// All guards but one; nil if there is none of that name.
    package init?(without name: String) {
        switch name {
        case "looksBeforeStart": looksBeforeStart = false
        case "settlesUnknown": settlesUnknown = false
        case "recoversStarting": recoversStarting = false
        case "keepsHints": keepsHints = false
        case "waitsToSettle": waitsToSettle = false
        case "comparesBaseline": comparesBaseline = false
        case "looksAfterDownTime": looksAfterDownTime = false
        case "refusesForeignAnswers": refusesForeignAnswers = false
        case "readsClockAsInterval": readsClockAsInterval = false
        default: return nil
        }
    }
}
