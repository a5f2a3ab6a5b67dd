import ProcessesAPI
package import Store
package import Timetable

/// Everything the engine needs to know of the config files, as plain values.
package struct EngineConfiguration: Sendable {
    /// Content hash of the files this was read from; names the revision in `config_revisions`.
    package var contentHash: String
    /// Connections by name.
    package var connections: [String: Connection]
    /// Schedules, sorted by name; names are unique.
    package var schedules: [Schedule]
    /// Schedules that can't be built yet, with the reason: a file or zone they need isn't there.
    package var waiting: [String: String] = [:]
    /// Catch-up starts per minute over all schedules (`[daemon] catchup_per_minute`).
    package var catchupPerMinute: Int
    /// What ended longer ago is removed (`[daemon] keep_history`); nil: nothing ever.
    package var keepHistoryMilliseconds: Int64?
    /// Who is told of what.
    package var notices = NoticePlan()
    /// Calendars by name, also those that no schedule uses.
    package var calendars: [String: BusinessCalendar] = [:]
    /// The files themselves, main file first: the ledger keeps them with the revision.
    package var files: [SourceFile] = []
    /// Who asked for it; empty: nobody, it was read at a start or since a file changed.
    package var requestedBy = ""
    /// As the audit names who did it.
    var actor: String { requestedBy.isEmpty ? "reload" : requestedBy }

    /// Makes a configuration; the schedules are put in the order of their names.
    package init(
        contentHash: String, connections: [String: Connection], schedules: [Schedule],
        catchupPerMinute: Int = 30, keepHistoryMilliseconds: Int64? = nil
    ) {
        self.contentHash = contentHash
        self.connections = connections
        self.schedules = schedules.sorted { $0.name < $1.name }
        self.catchupPerMinute = catchupPerMinute
        self.keepHistoryMilliseconds = keepHistoryMilliseconds
    }
}

/// A file of the configuration, as it was read.
package struct SourceFile: Sendable, Equatable {
    package var path: String
    package var bytes: [UInt8]

    package init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }
}

/// A Workiva API that schedules are started on: address, version, budget and patience.
///
/// The credential is not here: only the shell that performs requests knows it.
package struct Connection: Sendable, Equatable {
    package var name: String
    /// Scheme, host and port as the config writes them: where requests go.
    package var address: String { didSet { baseURL = APIAddress.canonical(address) } }
    /// The address in the one spelling that names the API in the ledger.
    package private(set) var baseURL: String
    package var apiVersion: String
    /// Which client of the API it is, as far as the config tells; empty: it doesn't.
    package var client = ""
    /// `client` names the place that says it, a file for example, whose content may change.
    package var isClientReferred = false
    package var rate = RatePolicy()
    /// How long the API may still act on a request after we lost it.
    package var requestWindowMilliseconds = requestWindowMillisecondsDefault
    /// How long after the exposure a lost start may take to be listed.
    package var settleWithinMilliseconds = settleWithinMillisecondsDefault
    /// How long a start waits for a look before it goes out with a baseline `not known`.
    package var lookPatienceMilliseconds: Int64 = 120_000
    /// The last day of the OAuth grant, and of the API version; nil: nobody has said.
    package var grantExpires: CivilDate?
    package var versionEnds: CivilDate?
    /// How far apart the probes of an open circuit breaker are at the most.
    package var probeEveryMilliseconds: Int64 = 30_000

    static let requestWindowMillisecondsDefault: Int64 = 29_000
    static let settleWithinMillisecondsDefault: Int64 = 120_000

    /// Makes a connection with the defaults of config/example.toml.
    package init(name: String, baseURL address: String, apiVersion: String) {
        self.name = name
        self.address = address
        baseURL = APIAddress.canonical(address)
        self.apiVersion = apiVersion
    }
}

/// The request budget of a connection: no window of `perMilliseconds` holds more than `requests`.
package struct RatePolicy: Sendable, Equatable {
    package var requests = 1000
    package var perMilliseconds: Int64 = 60_000
    /// Share of `requests` kept for starts (0 ..< 1).
    package var keepForStarts = 0.3

    /// Makes the default policy, 1000 requests per 60 s with 30 % kept for starts.
    package init() {}
}

/// A named rule of the config: which process, when, with which policies.
package struct Schedule: Sendable {
    package var name: String
    package var process: ProcessReference
    package var connection: String
    /// What makes slots: the rule, `after`, or nothing (manual only).
    package var trigger: ScheduleTrigger
    /// The rule as the user wrote it, for people.
    package var ruleText: String
    /// The rule, its zone's name, dst and calendar content as canonical text: part of the firing key,
    /// and enough to compile the rule again after it was edited while the daemon was down.
    package var ruleSource: String
    /// The zone's name, for people and for `slot_local`.
    package var timezone: String
    package var zone: Zone
    package var enabled = true
    package var mode = ScheduleMode.run
    package var missed = MissedPolicy.latest
    package var missedWindowMilliseconds: Int64 = 6 * 3_600_000
    package var startWithinMilliseconds: Int64 = 45 * 60_000
    package var overlap = OverlapPolicy.skip
    package var spreadMilliseconds: Int64 = 0
    package var onConflict = ConflictPolicy.fail
    package var unknownStart = UnknownStartPolicy.settle
    package var sendCompleteEmail = false
    package var validateFirst = false
    /// How long ahead of a slot the preflight goes out; nil: none.
    package var preflightMilliseconds: Int64?
    package var retry = RetryPolicy()
    package var poll = PollPolicy()
    /// A run that takes longer is put into `attention`; nil: never.
    package var runWithinMilliseconds: Int64?
    /// A slot must run within so much of its instant; nil: nobody has said.
    package var startByMilliseconds: Int64?
    /// By when the run of a slot must have finished; nil: nobody has said.
    package var finishBy: FinishBy?
    /// A run that succeeds sooner looks wrong; nil: any time is right.
    package var atLeastMilliseconds: Int64?
    package var outcome = OutcomeRules()
    /// Its slots are skipped if the process has been run already; nil: they are not.
    package var unlessDone: UnlessDone?
    package var active = ActiveWindow()
    /// Times in which its slots don't start as usual; those of its rule know them too.
    package var windows: [Window] = []
    /// So many failures in a row pause it; nil: nothing but a person does.
    package var pauseAfterFailures: Int?
    /// It ends after so many runs; nil: never.
    package var maxRuns: Int?
    /// The schedule's earlier name, whose history and slots it takes over.
    package var formerly: String?
    package var description = ""
    package var tags: [String] = []
    /// Who is told of what happens to it (`notify`).
    package var notify: NoticePlan.Route = [:]

    /// Makes a schedule with the defaults of config/example.toml.
    package init(
        name: String, process: ProcessReference, connection: String, trigger: ScheduleTrigger,
        ruleText: String, ruleSource: String? = nil, zone: Zone
    ) {
        self.name = name
        self.process = process
        self.connection = connection
        self.trigger = trigger
        self.ruleText = ruleText
        self.ruleSource = ruleSource ?? "\(ruleText)\n\(zone.name)"
        self.zone = zone
        self.timezone = zone.name
    }
}

/// What makes the slots of a schedule.
package enum ScheduleTrigger: Sendable {
    /// Slots enumerated by a rule; also `@reboot`, which enumerates nothing and fires at a start.
    case rule(FiringRule)
    /// One slot for each slot of the upstream schedule that ended.
    case after(AfterRule)
    /// Started by hand only.
    case manual
}

/// A schedule that waits for another one (docs/protocol.md, rule 11).
package struct AfterRule: Sendable, Equatable {
    /// The condition on the upstream slot's end.
    package enum Condition: String, Sendable { case success, end }
    /// Which ended slots of several upstreams belong together.
    package enum Join: Sendable, Equatable {
        /// The oldest unused one of each, whenever they were due.
        case order
        /// Those that were due on one local day.
        case day
        /// Those of one business day; a day without business counts with the next one.
        case businessDay(BusinessCalendar)
        /// Those of one month.
        case month
    }
    /// Upstream schedules; with several, one unused ended slot of each is needed.
    package var upstreams: [String]
    package var on: Condition
    package var join: Join
    /// Counted from the first upstream end; the slot expires afterwards.
    package var withinMilliseconds: Int64?

    package init(
        upstreams: [String], on: Condition, withinMilliseconds: Int64?, join: Join = .order
    ) {
        self.upstreams = upstreams
        self.join = join
        self.on = on
        self.withinMilliseconds = withinMilliseconds
    }
}

/// How a schedule names its process.
package enum ProcessReference: Sendable, Equatable {
    /// The id, `[A-Za-z0-9_-]{1,64}`.
    case id(String)
    /// A name pattern with the slot's date, `Close {yyyy}-{MM-1}`; resolved at the look.
    case name(pattern: String)

    /// An id has no colon, so this marks a pattern.
    private static let patternMark = "name: "

    /// As the ledger keeps it, and shows it to people.
    package var stored: String {
        switch self {
        case .id(let id): id
        case .name(let pattern): Self.patternMark + pattern
        }
    }

    /// Reads what `stored` wrote.
    package init(stored text: String) {
        self =
            text.hasPrefix(Self.patternMark)
            ? .name(pattern: String(text.dropFirst(Self.patternMark.count))) : .id(text)
    }
}

/// Also for those who know the configuration, but not the ledger.
package typealias ScheduleMode = Store.ScheduleMode
/// What becomes of slots that are late (docs/protocol.md, rule 8).
package enum MissedPolicy: String, Sendable { case latest, all, skip }
/// What becomes of a slot while a run of its process is open (rule 9).
package enum OverlapPolicy: String, Sendable { case skip, queue, allow }
/// What a 409 on a start means for the slot.
package enum ConflictPolicy: String, Sendable { case fail, retry }
/// What "proven absent" leads to (rule 6).
package enum UnknownStartPolicy: String, Sendable { case settle, hold }

/// Backoff of a start: full jitter between zero and `base · 2^(n−1)`, capped.
package struct RetryPolicy: Sendable, Equatable {
    package var baseMilliseconds: Int64 = 5_000
    package var capMilliseconds: Int64 = 300_000
    /// Attempts that count (429, outages and unsent ones don't); nil: only time limits them.
    package var maxAttempts: Int? = 8

    /// Makes the default policy.
    package init() {}
}

/// How often a run is looked at.
package struct PollPolicy: Sendable, Equatable {
    package var minMilliseconds: Int64 = 30_000
    package var maxMilliseconds: Int64 = 6 * 3_600_000
    /// How long a complete or cancelled run is looked at again.
    package var reopenWindowMilliseconds: Int64 = 24 * 3_600_000

    /// Makes the default policy.
    package init() {}
}

/// `outcome = { fail_if, warn_if }`: judgements of a run by its counts.
package struct OutcomeRules: Sendable, Equatable {
    /// One condition such as `error > 0` or `cancelled / total > 0.1`.
    package struct Condition: Sendable, Equatable {
        /// How the share or count is compared.
        package enum Comparison: String, Sendable {
            case greater = ">", greaterOrEqual = ">=", less = "<", lessOrEqual = "<=", equal = "="
        }
        /// Status whose count is judged, lower case; `total` is the sum.
        package var status: String
        /// The count is divided by the sum of all counts first.
        package var ofTotal: Bool
        package var comparison: Comparison
        package var threshold: Double
        /// The part of the tree whose jobs are judged; nil: all of them.
        package var part: TreePart?
        /// It was written as `is STATUS`.
        package var isState = false

        package init(
            status: String, ofTotal: Bool, comparison: Comparison, threshold: Double,
            part: TreePart? = nil
        ) {
            self.part = part
            self.status = status
            self.ofTotal = ofTotal
            self.comparison = comparison
            self.threshold = threshold
        }
    }
    package var failIf: [Condition] = []
    package var warnIf: [Condition] = []
    /// The parts of a tree that it looks at.
    package var parts: Set<TreePart> { Set((failIf + warnIf).compactMap(\.part)) }
    /// A run is judged by its status alone.
    package var isEmpty: Bool { failIf.isEmpty && warnIf.isEmpty }

    /// Makes empty rules.
    package init() {}
}
