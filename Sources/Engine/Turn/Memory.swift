import ProcessesAPI
import Store
import Timetable

/// What the scheduler knows beside the ledger; lost at every death, so nothing may depend on it
/// for safety. A value: a turn that could not be committed puts the old one back.
struct Memory {
    var lifeID: Int64 = 0
    var revisionID: Int64 = 0
    var last: Now?
    var lastTouch: Instant?
    /// Starts that are out or reads in flight, by request id.
    var requests: [UInt64: PendingRequest] = [:]
    var nextRequestID: UInt64 = 1
    var tokens: [String: TokenState] = [:]
    var sweeps: [String: Sweep] = [:]
    /// Sweeps that had to wait for an access token: fetched ahead of a slot, they must not be late.
    var sweepsAwaitingToken: [String: RateBudget.Priority] = [:]
    /// The last look at each process that a schedule names or that has an open run.
    var looks: [ProcessKey: Look] = [:]
    /// Names of a connection's processes by id, as the last complete list showed them.
    var processNames: [String: (requestedAt: Instant, names: [String: String])] = [:]
    /// Runs that are being read in full.
    var readingRuns: Set<Int64> = []
    /// Slots whose process is being validated.
    var validatingSlots: Set<Int64> = []
    /// Schedules whose last slots or runs ended in this life and may set off `after` schedules.
    var endedUpstreams: Set<String> = []
    /// The configuration or a pause has changed since `upcoming` was written.
    var isUpcomingStale = true
    var isStopping = false
    var isDraining = false
}

/// A process on a base URL.
struct ProcessKey: Hashable {
    var baseURL: String
    var processID: String
}

/// A request whose answer is awaited.
struct PendingRequest {
    enum Purpose {
        case start(attemptID: Int64, slotID: Int64)
        case sweep
        case readRun(runKey: Int64)
        case token
        case validate(slotID: Int64)
    }
    var connection: String
    var baseURL: String
    var purpose: Purpose
    var sentAt: Now
    /// The token it carries, to drop just that one on a 401.
    var tokenGeneration: Int
}

/// The access token of a connection; at most one request for a new one is out.
struct TokenState {
    var secret: Secret?
    var expiresAtMonotonic: Int64 = 0
    var generation = 0
    var isRequested = false
    /// 401 answers in a row over all generations.
    var refusals = 0
}

/// A list of a connection that is being read page by page.
struct Sweep {
    var requestedAt: Now
    /// The page on the wire was requested then: a look's age counts from here.
    var pageRequestedAt: Instant
    var priority: RateBudget.Priority
    var pages = 0
    var names: [String: String] = [:]
    var seen: Set<String> = []
}
