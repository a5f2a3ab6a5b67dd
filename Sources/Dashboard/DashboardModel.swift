package import Timetable

/// Where the pages get what they show; the daemon implements it over a read-only connection.
package protocol DashboardSource: Sendable {
    /// Everything the front page shows.
    func overview() async throws -> DashboardOverview
    /// A run with its changes and its tree, or nil if there is none with this id.
    func run(id: String) async throws -> DashboardRun?
    /// The values behind `/metrics`.
    func metrics() async throws -> [MetricFamily]
    /// Whether the scheduler is alive.
    func health() async -> DashboardHealth
}

/// When the scheduler completed its last turn, seen from now.
package struct DashboardHealth: Sendable, Equatable {
    package var now: Instant
    /// Nil: no turn yet.
    package var lastTurnAt: Instant?
    /// Why turns can't be written, in words; nil: they can.
    ///
    /// A turn that met a full disk counts for the watchdog, since a restart makes no room, but a
    /// monitor must see it.
    package var failure: String?
    /// An older turn is not healthy.
    package var turnAgeMillisecondsMax: Int64

    package init(
        now: Instant, lastTurnAt: Instant?, failure: String? = nil,
        turnAgeMillisecondsMax: Int64 = 30_000
    ) {
        self.now = now
        self.lastTurnAt = lastTurnAt
        self.failure = failure
        self.turnAgeMillisecondsMax = turnAgeMillisecondsMax
    }

    /// Whether the last turn is recent and could be written; a clock that was set back is no reason
    /// to doubt it.
    package var isHealthy: Bool { failure == nil && isRecent }

    /// `ok: …`, `failing: …` or `stalled: …`, for a monitor and whoever reads its alarm.
    package var words: String {
        let last = "last turn " + (lastTurnAt.map { Words.relative($0, to: now) } ?? "never")
        if !isRecent { return "stalled: \(last)" }
        return failure.map { "failing: nothing is sent: \($0); \(last)" } ?? "ok: \(last)"
    }

    private var isRecent: Bool {
        lastTurnAt.map { now.since($0) <= turnAgeMillisecondsMax } ?? false
    }
}

/// The front page's content.
package struct DashboardOverview: Sendable {
    /// The instant all relative times count from.
    package var takenAt: Instant
    /// What a person must know first, such as draining; empty: nothing.
    package var notice = ""
    package var schedules: [ScheduleLine] = []
    package var attention: [AttentionLine] = []
    /// Recent slots, newest first.
    package var history: [HistoryLine] = []

    /// Makes an empty overview.
    package init(takenAt: Instant) {
        self.takenAt = takenAt
    }
}

/// A schedule on the front page.
package struct ScheduleLine: Sendable {
    package var name: String
    /// The rule as the user wrote it.
    package var rule: String
    package var timezone: String
    package var description = ""
    /// `paused`, `disabled`, `set aside: …`, or empty.
    package var state = ""
    package var nextSlotAt: Instant?
    /// ISO 8601 with the schedule's own offset.
    package var nextSlotLocal = ""
    /// DST shift or holiday roll, in words.
    package var note = ""
    package var active: RunLine?
    package var last: HistoryLine?

    /// Makes a line with nothing but the rule.
    package init(name: String, rule: String, timezone: String) {
        self.name = name
        self.rule = rule
        self.timezone = timezone
    }
}

/// A run in one line.
package struct RunLine: Sendable {
    package var runID: String
    package var status: String
    package var outcome: String
    package var counts: [String: Int64]
    package var createdAt: Instant?

    package init(
        runID: String, status: String, outcome: String, counts: [String: Int64] = [:],
        createdAt: Instant? = nil
    ) {
        self.runID = runID
        self.status = status
        self.outcome = outcome
        self.counts = counts
        self.createdAt = createdAt
    }
}

/// A row of `attention`.
package struct AttentionLine: Sendable {
    package var sinceAt: Instant?
    package var kind: String
    package var subject: String
    package var whatToDo: String

    package init(sinceAt: Instant?, kind: String, subject: String, whatToDo: String) {
        self.sinceAt = sinceAt
        self.kind = kind
        self.subject = subject
        self.whatToDo = whatToDo
    }
}

/// A row of `history`.
package struct HistoryLine: Sendable {
    package var slotID: Int64
    package var schedule: String
    package var slotAt: Instant?
    package var slotLocal: String
    package var disposition: String
    package var reason = ""
    package var attempts: Int64 = 0
    package var run: RunLine?
    package var seconds: Int64?
    package var lastError = ""

    /// Makes a line for a slot that has no run yet.
    package init(
        slotID: Int64, schedule: String, slotAt: Instant?, slotLocal: String, disposition: String
    ) {
        self.slotID = slotID
        self.schedule = schedule
        self.slotAt = slotAt
        self.slotLocal = slotLocal
        self.disposition = disposition
    }
}

/// The page of one run.
package struct DashboardRun: Sendable {
    /// A change that was seen.
    package struct Change: Sendable {
        package var seenAt: Instant
        package var status: String
        package var counts: [String: Int64]

        package init(seenAt: Instant, status: String, counts: [String: Int64]) {
            self.seenAt = seenAt
            self.status = status
            self.counts = counts
        }
    }

    package var takenAt: Instant
    package var line: RunLine
    package var name = ""
    /// Facts in the order to show them: `Process`, `Schedule`, `Origin`, `Due`.
    package var facts: [(label: String, value: String)] = []
    /// Our own count over the tree.
    package var jobCounts: [String: Int64] = [:]
    package var completedAt: Instant?
    /// Changes, newest first.
    package var changes: [Change] = []
    /// The body of the last full read, as received.
    package var treeJSON: [UInt8] = []

    /// Makes a page without changes and tree.
    package init(takenAt: Instant, line: RunLine) {
        self.takenAt = takenAt
        self.line = line
    }
}
