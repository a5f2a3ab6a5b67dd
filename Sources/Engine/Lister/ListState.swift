import Timetable

/// What the lister knows of the lists of each connection.
struct ListState {
    var sweeps: [String: Sweep] = [:]
    /// Wanted lists by connection, with the most urgent priority, until they are sent.
    var wanted: [String: RateBudget.Priority] = [:]
    /// When the last list was asked for and how many pages it had: the pace of the next one.
    var paces: [String: ListPace] = [:]
    var names: [String: ListedNames] = [:]
    /// What waits for a list to show it, until one is sent.
    var sought: [String: Set<Sought>] = [:]
    /// What the last lists of each connection didn't show that were sent for its sake.
    var unlisted: [String: [Sought: GrowingGap]] = [:]
    /// Connections whose lists fail, since when, and whether that is in `attention`.
    var unread: [String: Unread] = [:]
    /// Connections whose last list didn't come to its end.
    var incomplete: Set<String> = []
    /// Connections whose links to elsewhere lead nowhere on the API's own address.
    var unfollowedLinks: Set<String> = []
    /// When a run's read came out of a cache last, on the monotonic clock.
    var cachedReads: [String: Int64] = [:]
    /// Connections whose answers are fresh, also if an earlier life has said otherwise.
    var fresh: Set<String> = []

    /// The gaps between lists that didn't show what they were sent for.
    private static let unlistedMilliseconds: ClosedRange<Int64> = 2_000...60_000
    /// Who hasn't asked for so long has given up, and begins anew.
    static let unlistedMemoryMilliseconds: Range<Int64> = 0..<600_000

    /// When something may be sought again that the last lists didn't show; nil: at once.
    func next(for sought: Sought, _ connection: String, after now: Instant) -> Instant? {
        unlisted[connection]?[sought]?.next(after: now, gaps: Self.unlistedMilliseconds)
    }
}

/// What a complete list says all processes of a connection are called.
struct ListedNames {
    var requestedAt: Instant
    var byID: [String: String]

    /// Ids of the processes that have the name, in their order.
    func processes(named name: String) -> [String] {
        byID.filter { $0.value == name }.keys.sorted()
    }
}
