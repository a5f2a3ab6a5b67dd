package import Timetable

/// A bearer token and how long it is good for.
package struct AccessToken: Sendable, Equatable {
    package var secret: Secret
    package var expiresInSeconds: Int
    package var scopes: [String]

    package init(secret: Secret, expiresInSeconds: Int, scopes: [String]) {
        self.secret = secret
        self.expiresInSeconds = expiresInSeconds
        self.scopes = scopes
    }
}

/// The status of a run, group or job: seven documented words, and whatever else is sent.
package struct RunStatus: Sendable, Hashable, CustomStringConvertible {
    /// The API's own word.
    package let raw: String

    /// Keeps the word as it is; unknown ones are never an error.
    package init(_ raw: String) {
        self.raw = raw
    }

    package static let waiting = RunStatus("waiting")
    package static let running = RunStatus("running")
    package static let cancelling = RunStatus("cancelling")
    package static let complete = RunStatus("complete")
    package static let cancelled = RunStatus("cancelled")
    package static let error = RunStatus("error")
    package static let errorHold = RunStatus("errorHold")

    /// Whether a run of this status is open (docs/protocol.md#words): unknown statuses are.
    package var isOpen: Bool { self != .complete && self != .cancelled }
    /// Whether a person must act before the run, or the job, goes on.
    package var isInError: Bool { self == .error || self == .errorHold }
    /// Whether the documentation knows the word.
    package var isKnown: Bool { Self.known.contains(self) }
    /// The API's own word.
    package var description: String { raw }

    /// The documented word for one that is written in another case or spelling.
    ///
    /// The API's maps mix cases, and a run that ended as `Complete` or `canceled` must not stay
    /// open, and block its schedule, for ever.
    package var canonical: RunStatus {
        Self.spellings[Self.folded(raw)] ?? self
    }

    /// A word without what the API writes differently from place to place: case, `_`, `-`, blanks.
    package static func folded(_ word: String) -> String {
        ASCII.lowercased(word).filter { $0 != "_" && $0 != "-" && $0 != " " }
    }

    /// Those that the documentation knows, in the order in which a run goes through them.
    package static let documented: [RunStatus] = [
        .waiting, .running, .cancelling, .complete, .cancelled, .error, .errorHold,
    ]
    private static let known = Set(documented)
    private static let spellings: [String: RunStatus] = {
        var words = [
            "completed": RunStatus.complete, "canceled": .cancelled, "canceling": .cancelling,
        ]
        for status in known { words[ASCII.lowercased(status.raw)] = status }
        return words
    }()
}

/// One page of the process list.
package struct ProcessPage: Sendable, Equatable {
    package var processes: [ProcessSummary]
    /// What `listProcesses(next:)` takes for the next page; nil: this was the last.
    package var nextLink: String?
    /// The next page's address as it came, if it isn't the API's own: the token stays where it is, and
    /// `nextLink` has its path and query alone, if they are those of the list.
    package var foreignLink: String?
    /// Items that were left out because an id in them couldn't be read; they are no look.
    package var unreadableItems: Int

    package init(
        processes: [ProcessSummary], nextLink: String?, foreignLink: String? = nil,
        unreadableItems: Int = 0
    ) {
        self.processes = processes
        self.nextLink = nextLink
        self.foreignLink = foreignLink
        self.unreadableItems = unreadableItems
    }
}

/// A process as the list shows it, with at most one of its runs.
package struct ProcessSummary: Sendable, Equatable {
    package var id: String
    package var name: String
    /// The one run that the API embeds; nil: never started, as far as the list tells.
    package var run: RunSummary?
    package var modified: Instant?
    /// Plain date `yyyy-MM-dd` (or what was sent).
    package var dueDate: String?

    package init(
        id: String, name: String, run: RunSummary?, modified: Instant? = nil,
        dueDate: String? = nil
    ) {
        self.id = id
        self.name = name
        self.run = run
        self.modified = modified
        self.dueDate = dueDate
    }
}

/// A run as the list shows it: no tree, usually no counts.
package struct RunSummary: Sendable, Equatable {
    package var id: String
    package var process: String?
    package var name: String?
    package var status: RunStatus
    package var created: Instant?
    package var createdBy: String?
    package var modified: Instant?
    package var completed: Instant?
    package var managerUser: String?
    package var dueDate: String?

    package init(
        id: String, process: String? = nil, name: String? = nil, status: RunStatus,
        created: Instant? = nil, createdBy: String? = nil, modified: Instant? = nil,
        completed: Instant? = nil, managerUser: String? = nil, dueDate: String? = nil
    ) {
        self.id = id
        self.process = process
        self.name = name
        self.status = status
        self.created = created
        self.createdBy = createdBy
        self.modified = modified
        self.completed = completed
        self.managerUser = managerUser
        self.dueDate = dueDate
    }
}

/// A run in full: what a start and a read of a run answer.
package struct ProcessRun: Sendable, Equatable {
    package var id: String
    package var process: String?
    package var name: String?
    package var status: RunStatus
    package var created: Instant?
    package var createdBy: String?
    package var modified: Instant?
    package var completed: Instant?
    package var dueDate: String?
    package var managerUser: String?
    /// The API's own map, keyed by action statuses in whatever case it uses; nil: the answer had none.
    package var statusCounts: [String: Int64]?
    package var revision: Int64?
    /// The tree, to a bounded depth; nil: the answer had none.
    package var root: GroupRun?
    /// Our own count of job statuses over the tree, generated jobs included.
    package var jobCounts: [String: Int64]
    /// The tree is nested deeper than we follow: `root` and `jobCounts` lack what lies below.
    package var isTreeTruncated: Bool
    /// The body as received.
    package var treeJSON: [UInt8]

    package init(
        id: String, process: String? = nil, name: String? = nil, status: RunStatus,
        created: Instant? = nil, createdBy: String? = nil, modified: Instant? = nil,
        completed: Instant? = nil, dueDate: String? = nil, managerUser: String? = nil,
        statusCounts: [String: Int64]? = nil, revision: Int64? = nil, root: GroupRun? = nil,
        jobCounts: [String: Int64] = [:], isTreeTruncated: Bool = false, treeJSON: [UInt8] = []
    ) {
        self.id = id
        self.process = process
        self.name = name
        self.status = status
        self.created = created
        self.createdBy = createdBy
        self.modified = modified
        self.completed = completed
        self.dueDate = dueDate
        self.managerUser = managerUser
        self.statusCounts = statusCounts
        self.revision = revision
        self.root = root
        self.jobCounts = jobCounts
        self.isTreeTruncated = isTreeTruncated
        self.treeJSON = treeJSON
    }
}

/// A node of a run's tree: a group, its jobs and its groups in order.
package struct GroupRun: Sendable, Equatable {
    package var id: String?
    package var name: String?
    package var status: RunStatus?
    package var parallel: Bool
    package var children: [Child]

    /// A job or a group inside a group.
    package indirect enum Child: Sendable, Equatable {
        case job(JobRun)
        case group(GroupRun)
    }

    package init(
        id: String? = nil, name: String? = nil, status: RunStatus? = nil, parallel: Bool = false,
        children: [Child] = []
    ) {
        self.id = id
        self.name = name
        self.status = status
        self.parallel = parallel
        self.children = children
    }
}

/// A leaf of a run's tree: one task, request or certification, with the jobs it generated.
package struct JobRun: Sendable, Equatable {
    package var id: String?
    package var action: String?
    package var actionStatus: String?
    package var status: RunStatus?
    package var errorCode: String?
    /// The arguments' title, if there is one.
    package var title: String?
    /// When it is due, as it was sent: of its assignees, or of its approvers while it waits for them.
    package var dueDate: String?
    /// The subtree of generated certification jobs.
    package var generated: GroupRun?

    package init(
        id: String? = nil, action: String? = nil, actionStatus: String? = nil,
        status: RunStatus? = nil, errorCode: String? = nil, title: String? = nil,
        generated: GroupRun? = nil
    ) {
        self.id = id
        self.action = action
        self.actionStatus = actionStatus
        self.status = status
        self.errorCode = errorCode
        self.title = title
        self.generated = generated
    }
}
