import Timetable

/// A list of a connection that is being read page by page.
struct Sweep {
    var requestedAt: Now
    var priority: RateBudget.Priority
    /// What processes are called that a schedule with a pattern is about to start.
    var expectedNames: Set<String>
    /// What it was sent for.
    var sought: Set<Sought>
    /// It was begun under another configuration, and lacks what the present one wants to know.
    var isOfFormerConfiguration = false
    var pages = 0
    /// The next page, once its predecessor has come; nil while a page is on the wire.
    var next: String?
    /// Collected only where a schedule names its process by pattern.
    var names: [String: String] = [:]
    var seen: Set<String> = []
    /// The last page's link, if it led to another address.
    var foreignLink: String?
}

/// How the last list of a connection went.
struct ListPace {
    var requestedAt: Instant
    var pages: Int
    /// When somebody looked last whether the connection has open runs at all.
    var checkedAt: Instant
    var hasOpenRuns: Bool
    /// The last list that was read to its end.
    var completeAt: Instant?

    /// The gap between lists that nothing urgent asks for.
    ///
    /// A page costs 15 s, so that they use four requests a minute at most, and five minutes bound
    /// how late a change is seen. Who asks for a `poll.min` below that gets lists as often.
    func gapMilliseconds(pollMinMilliseconds: Int64) -> Int64 {
        let page = min(15_000, max(1_000, pollMinMilliseconds))
        return min(Int64(pages) * page, Self.gapMillisecondsMax)
    }
    static let gapMillisecondsMax: Int64 = 300_000
}
