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

/// A guard of the protocol, which a negative test may switch off.
package enum Guard: String, Sendable, CaseIterable {
    case looksBeforeStart, settlesUnknown, recoversStarting, keepsHints
    /// Absence is proven by three looks over `settle_within`, not by the first one.
    case waitsToSettle
    /// A run that was there before the attempt is not taken for the attempt's own.
    case comparesBaseline
    /// A slot from before this start goes out only where no run of ours may be its own already.
    case looksAfterDownTime
    /// A refusal that isn't the API's own decides nothing.
    case refusesForeignAnswers
    /// Instants of the server are compared with ours by all that is known of its clock.
    case readsClockAsInterval
}

/// The guards that are on: all, or all but one.
package struct Guards: Sendable, Equatable {
    private var off: Guard?

    /// All guards on, or all but one.
    package init(without off: Guard? = nil) { self.off = off }

    func has(_ guardName: Guard) -> Bool { off != guardName }
}
