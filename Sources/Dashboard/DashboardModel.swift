package import Timetable

/// Where the pages get what they show; the daemon implements it over a read-only connection.
package protocol DashboardSource: Sendable {
    /// What the front page shows through a filter.
    ///
    /// - Throws: What the read throws; the page then says it in words.
    func overview(_ filter: OverviewFilter) async throws -> DashboardOverview
    /// A schedule with its rule, its slots and its year, or nil if there is none of this name.
    ///
    /// - Throws: What the read throws; the page then says it in words.
    func schedule(name: String) async throws -> DashboardSchedule?
    /// A slot with its attempts and errors, or nil if there is none with this id.
    ///
    /// - Throws: What the read throws; the page then says it in words.
    func slot(id: Int64) async throws -> DashboardSlot?
    /// The errors before an instant, newest first.
    ///
    /// - Throws: What the read throws; the page then says it in words.
    func errors(before: Instant?) async throws -> DashboardLog
    /// What people and the daemon did before an instant, newest first.
    ///
    /// - Throws: What the read throws; the page then says it in words.
    func audit(before: Instant?) async throws -> DashboardLog
    /// What the rules give in the next weeks.
    ///
    /// - Throws: What the read throws; the page then says it in words.
    func calendar() async throws -> DashboardCalendar
    /// The windows that schedules keep, with what they have held back.
    ///
    /// - Throws: What the read throws; the page then says it in words.
    func windows() async throws -> DashboardWindows
    /// A connection with what it answers, or nil if there is none of this name.
    ///
    /// - Throws: What the read throws; the page then says it in words.
    func connection(name: String) async throws -> DashboardConnection?
    /// A run with its changes and its tree, or nil if there is none with this id.
    ///
    /// - Throws: What the read throws; the page then says it in words.
    func run(id: String) async throws -> DashboardRun?
    /// The values behind `/metrics`.
    ///
    /// - Throws: What the read throws; the page then says it in words.
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

/// A run in one line.
package struct RunLine: Sendable {
    package var runID: String
    package var status: String
    package var outcome: String
    package var counts: [String: Int64]
    package var createdAt: Instant?
    /// When it is expected to end, of one with a deadline; nil: nobody can say.
    package var expectedEndAt: Instant?
    package var isExpectedLate = false

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
    /// What is the matter and what to do about it, in one piece.
    package var whatToDo: String
    /// The same without the command, for a page that sets it apart; empty: `whatToDo` says it all.
    package var sentence = ""
    /// The command to copy; empty: there is none.
    package var command = ""

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
    /// `end by 2026-11-24 18:00 UTC: met`, each that it has.
    package var deadlines: [String] = []

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

/// The page of one schedule.
package struct DashboardSchedule: Sendable {
    /// What became of the slots of one day.
    package struct Day: Sendable, Equatable {
        /// On the schedule's own clock.
        package var date: CivilDate
        /// How many slots by outcome or disposition.
        package var results: [String: Int64]

        package init(date: CivilDate, results: [String: Int64]) {
            self.date = date
            self.results = results
        }
    }

    /// An instant to come.
    package struct Next: Sendable {
        package var at: Instant
        /// ISO 8601 with the schedule's own offset.
        package var local: String
        /// DST shift or holiday roll, in words.
        package var note: String

        package init(at: Instant, local: String, note: String) {
            self.at = at
            self.local = local
            self.note = note
        }
    }

    package var takenAt: Instant
    package var line: ScheduleLine
    /// Facts in the order to show them.
    package var facts: [(label: String, value: String)] = []
    package var next: [Next] = []
    package var history: [HistoryLine] = []
    /// Days that had slots, oldest first.
    package var days: [Day] = []

    /// Makes a page without slots.
    package init(takenAt: Instant, line: ScheduleLine) {
        self.takenAt = takenAt
        self.line = line
    }
}

/// The page of one slot.
package struct DashboardSlot: Sendable {
    /// An attempt to start it, or an error on its way.
    package struct Event: Sendable {
        package var at: String
        package var what: String
        package var tone: String
        package var words: String

        package init(at: String, what: String, tone: String, words: String) {
            self.at = at
            self.what = what
            self.tone = tone
            self.words = words
        }
    }

    package var takenAt: Instant
    package var line: HistoryLine
    /// What became of it and why, in one sentence.
    package var sentence: String
    package var facts: [(label: String, value: String)] = []
    package var attempts: [Event] = []
    package var errors: [Event] = []

    /// Makes a page without attempts.
    package init(takenAt: Instant, line: HistoryLine, sentence: String) {
        self.takenAt = takenAt
        self.line = line
        self.sentence = sentence
    }
}

/// A page of errors, or of what people did.
package struct DashboardLog: Sendable {
    package var takenAt: Instant
    package var events: [DashboardSlot.Event] = []
    /// Older ones are before this instant; nil: there are none.
    package var olderBefore: Instant?

    /// Makes an empty page.
    package init(takenAt: Instant) {
        self.takenAt = takenAt
    }
}
