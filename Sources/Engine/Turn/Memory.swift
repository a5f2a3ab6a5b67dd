import ProcessesAPI
import Store
import Timetable

/// What the scheduler knows beside the ledger.
///
/// Lost at every death, so nothing may depend on it for safety. A value: a turn that could not be
/// committed, or a step that failed, puts the old one back.
struct Memory {
    var sweeps: [String: Sweep] = [:]
    /// Sweeps wanted by connection, with the most urgent priority, until they are sent.
    var sweepsWanted: [String: RateBudget.Priority] = [:]
    /// When the last list was asked for and how many pages it had: the pace of the next one.
    var listed: [String: ListPace] = [:]
    /// When due dates were last compared with the day.
    var dueDatesJudgedAt: Instant?
    /// Names of a connection's processes by id, as the last complete list showed them.
    var processNames: [String: (requestedAt: Instant, names: [String: String])] = [:]
    /// Connections whose last list didn't come to its end.
    var incompleteLists: Set<String> = []
    /// Connections whose links to elsewhere lead nowhere on the API's own address.
    var unfollowedLinks: Set<String> = []
    /// When lists are due that starts have asked for, on the monotonic clock: the next and the last.
    var looksAfterStart: [String: (next: Int64, last: Int64)] = [:]
    /// When a run of our own user that no slot explains was last seen, on the monotonic clock.
    var strangersSeen: [String: Int64] = [:]
    /// Runs that are being read in full.
    var readingRuns: Set<Int64> = []
    /// Slots whose process is being validated.
    var validatingSlots: Set<Int64> = []
    /// Validations in a row that told nothing, by slot.
    var validationFailures: [Int64: Int] = [:]
    /// Schedules whose process is being validated ahead of a slot.
    var validatingSchedules: Set<String> = []
    /// Schedules whose last slots or runs ended in this life and may set off `after` schedules.
    var endedUpstreams: Set<String> = []
    /// `after` schedules whose slots could not be created, and when they are looked for again.
    var upstreamsAgainAt: [String: Instant] = [:]
    /// The configuration or a pause has changed since `upcoming` was written.
    var isUpcomingStale = true
    /// Old history is being removed.
    var pruning: Clockwork.PruningState?
    /// When `keep_history` is looked at next.
    var nextPruneAt: Instant?
}

extension Clockwork {
    /// Nothing that is only in memory could change what comes next.
    ///
    /// - Parameter monotonicMilliseconds: nothing is asked for before then, so a token that can't be
    ///   used any more by then is as good as none.
    /// - Returns: false if a request is out or wanted, a token can be used, or lists go on.
    package func isMemoryAtRest(until monotonicMilliseconds: Int64) -> Bool {
        gate.isIdle && memory.sweeps.isEmpty && memory.sweepsWanted.isEmpty
            && memory.looksAfterStart.isEmpty && !book.hasNews && memory.endedUpstreams.isEmpty
            && memory.upstreamsAgainAt.isEmpty
            && backoffs.isEmpty
            && !memory.listed.values.contains(where: \.hasOpenRuns)
            && !gate.hasToken(until: monotonicMilliseconds)
    }
}

/// A list of a connection that is being read page by page.
struct Sweep {
    /// The revision of the configuration it was begun under.
    var revisionID: Int64
    var requestedAt: Now
    /// The page on the wire was requested then: a look's age counts from here.
    var pageRequestedAt: Instant
    var priority: RateBudget.Priority
    /// What processes are called that a schedule with a pattern is about to start.
    var expectedNames: Set<String>
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

/// The last look at a process, and whether the next one may be passed over if it shows the same.
///
/// A class, since there may be a hundred thousand of them: a table of references that is a quarter
/// empty costs less than a table of looks.
final class KnownLook {
    let look: Look
    /// Nothing hangs on it but the run it shows, which the ledger knows: for this user of ours.
    let isPlain: Bool
    let ourUserID: String?

    init(look: Look, isPlain: Bool, ourUserID: String? = nil) {
        self.look = look
        self.isPlain = isPlain
        self.ourUserID = ourUserID
    }

    /// The same look at a later time, with the words that are there already.
    func again(at other: Look) -> KnownLook {
        var again = look
        again.requestedAt = other.requestedAt
        again.lookedAt = other.lookedAt
        again.serverAt = other.serverAt
        return KnownLook(look: again, isPlain: isPlain, ourUserID: ourUserID)
    }

    /// The list shows the same run in the same state under the same name.
    func shows(the other: Look) -> Bool {
        look.runID == other.runID && look.runStatus == other.runStatus
            && look.runModifiedAt == other.runModifiedAt && look.processName == other.processName
            && look.runUserID == other.runUserID
    }
}
