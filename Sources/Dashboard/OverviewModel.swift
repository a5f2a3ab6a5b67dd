package import Store
package import Timetable

/// What a person asked the front page for: the fields of its form.
package struct OverviewFilter: Sendable, Hashable {
    /// Which schedules are meant by their state.
    package enum State: String, Sendable, CaseIterable {
        case all = ""
        case trouble, running, paused, idle
    }

    /// Part of a name or description; empty: any.
    package var text = ""
    /// A tag; empty: any.
    package var tag = ""
    package var state = State.all
    /// Counts from 1.
    package var page = 1

    /// Makes a filter that lets everything through.
    package init() {}

    /// Reads the form's fields; what isn't understood counts as not given.
    ///
    /// - Parameter field: the value of a field, nil if it isn't there.
    package init(field: (String) -> String?) {
        text = String((field("q") ?? "").prefix(100))
        tag = String((field("tag") ?? "").prefix(100))
        state = field("state").flatMap(State.init(rawValue:)) ?? .all
        page = min(max(field("page").flatMap { Int($0) } ?? 1, 1), 100_000)
    }

    /// Whether a schedule is meant.
    func admits(_ line: ScheduleLine) -> Bool {
        guard tag.isEmpty || line.tags.contains(tag) else { return false }
        let wanted = text.lowercased()
        guard
            wanted.isEmpty || line.name.lowercased().contains(wanted)
                || line.description.lowercased().contains(wanted)
        else { return false }
        switch state {
        case .all: return true
        case .trouble: return line.needsPerson
        case .running: return line.active != nil
        case .paused: return !line.state.isEmpty
        case .idle: return line.active == nil
        }
    }
}

/// The front page's content.
package struct DashboardOverview: Sendable {
    /// The instant all relative times count from.
    package var takenAt: Instant
    /// What a person must know first, such as draining; empty: nothing.
    package var notice = ""
    /// The schedules of the page that the filter asks for.
    package var schedules: [ScheduleLine] = []
    package var attention: [AttentionLine] = []
    /// Recent slots, newest first.
    package var history: [HistoryLine] = []
    package var filter = OverviewFilter()
    /// How many schedules the filter lets through, on all pages.
    package var matching = 0
    /// How many there are at all, how many have an active run, and which is next.
    package var total = 0
    package var running = 0
    package var next: (at: Instant, name: String)?
    /// Every tag in use, in order.
    package var tags: [String] = []
    package var connections: [ConnectionLine] = []
    /// The last four weeks, oldest first; days without slots have no line.
    package var days: [DayTotal] = []
    /// The date on the clock of the hours.
    package var today: CivilDate?
    /// Whose clock the hours are written on; nil: UTC.
    package var zone: Zone?

    /// Makes an empty overview.
    package init(takenAt: Instant) {
        self.takenAt = takenAt
    }
}

/// What became of the slots of one day, of one schedule or over all.
package struct DayTotal: Sendable, Equatable {
    package var date: CivilDate
    package var started: Int64
    /// Skipped, coalesced or cancelled: nothing was started, on purpose.
    package var skipped: Int64
    /// Never started and should have been, or a run that went wrong.
    package var trouble: Int64

    package init(date: CivilDate, started: Int64, skipped: Int64, trouble: Int64) {
        self.date = date
        self.started = started
        self.skipped = skipped
        self.trouble = trouble
    }
}

/// A connection on the front page.
package struct ConnectionLine: Sendable {
    package var name: String
    package var baseURL: String
    package var requestsSent: Int64 = 0
    /// What stands in its way, in words; empty: nothing.
    package var trouble = ""
    /// What a 429 told of its limit, in words; empty: nothing.
    package var limit = ""
    /// Its breaker is open: nothing but probes goes out.
    package var isBroken = false
    /// Starts that its rate budget lets go at once; nil: not known.
    package var startsAtOnce: Int64?

    /// Makes a connection with nothing in its way.
    package init(name: String, baseURL: String) {
        self.name = name
        self.baseURL = baseURL
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
    package var stateTone = Tone.calm
    package var nextSlotAt: Instant?
    /// ISO 8601 with the schedule's own offset.
    package var nextSlotLocal = ""
    /// DST shift or holiday roll, in words.
    package var note = ""
    package var active: RunLine?
    package var last: HistoryLine?
    package var tags: [String] = []
    /// A row of `attention` is about it.
    package var hasAttention = false
    /// Its slots of the timeline's hours, newest first.
    package var marks: [SlotMark] = []
    /// Its last slots, newest first.
    package var recent: [SlotMark] = []
    /// Its last four weeks, oldest first; days without slots have no line.
    package var days: [DayTotal] = []
    /// The last day of those, on its own clock.
    package var today: CivilDate?
    /// Its next instants, as far as the timeline shows.
    package var nextInstants: [Instant] = []

    /// Makes a line with nothing but the rule.
    package init(name: String, rule: String, timezone: String) {
        self.name = name
        self.rule = rule
        self.timezone = timezone
    }
}

extension ScheduleLine {
    /// A person is waited for, or the newest slot went wrong.
    package var needsPerson: Bool {
        if hasAttention { return true }
        let tone = last.map { Tone(result: $0.run?.outcome ?? $0.disposition) }
        return tone == .bad || tone == .warn
    }
}
