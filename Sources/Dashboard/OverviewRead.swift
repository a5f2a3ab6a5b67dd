import Store
import Timetable

/// One read of the front page.
struct OverviewRead {
    /// Schedules on a page.
    static let pageSize = 50
    /// Rows of `history` on the front page.
    private static let historyRowsMax = 15
    /// Rows of `attention`: nobody reads more of them on a page.
    private static let attentionRowsMax = 500
    /// Slots of a schedule in the timeline: one every five minutes fills it.
    private static let marksMax = 216
    /// Durations in a row's line.
    static let recentMax = 30

    let reader: LedgerReader
    let now: Instant
    let filter: OverviewFilter
    let zone: @Sendable (String) -> Zone?

    /// Reads it.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    func overview() throws -> DashboardOverview {
        var overview = DashboardOverview(takenAt: now)
        overview.filter = filter
        overview.notice = Words.draining(since: try reader.drainingSince())
        overview.attention = Rows(try reader.attention(limit: Self.attentionRowsMax))
            .map { $0.attentionLine() }
        var narrow = LedgerFilter()
        narrow.limit = Self.historyRowsMax
        overview.history = Rows(try reader.history(narrow)).map { $0.historyLine() }
        overview.connections = Rows(try reader.connections()).map { $0.connectionLine(now: now) }
        let all = try schedules(overview.attention)
        overview.total = all.count
        overview.running = all.count { $0.active != nil }
        overview.next = all.compactMap { line in line.nextSlotAt.map { (at: $0, name: line.name) } }
            .min { ($0.at, $0.name) < ($1.at, $1.name) }
        overview.tags = Set(all.flatMap(\.tags)).sorted()
        overview.zone = mostCommonZone(all)
        let today = date(in: overview.zone)
        overview.today = today
        let first28 = CivilDate(dayNumber: today.dayNumber - DayBars.days + 1)
        overview.days = Rows(try reader.dayTotals(since: first28.iso8601)).compactMap(\.dayTotal)
        let matching = all.filter(filter.admits).sorted(by: Self.comesFirst)
        overview.matching = matching.count
        let first = min((filter.page - 1) * Self.pageSize, matching.count)
        overview.schedules = try matching[first...].prefix(Self.pageSize).map(withMarks)
        return overview
    }

    /// Every schedule with its newest slot, without drawings.
    private func schedules(_ attention: [AttentionLine]) throws -> [ScheduleLine] {
        let tags = try reader.tags()
        // A subject begins with the schedule's name, which has neither of them.
        let subjects = Set(attention.map { $0.subject.prefix { $0 != "@" && $0 != " " } })
        return Rows(try reader.schedules(LedgerFilter())).map { row in
            var line = row.scheduleLine(upcoming: nil)
            line.tags = tags[line.name] ?? []
            line.hasAttention = subjects.contains(line.name[...])
            return line
        }
    }

    /// Trouble first, then what runs, then what is due next.
    private static func comesFirst(_ left: ScheduleLine, _ right: ScheduleLine) -> Bool {
        func rank(_ line: ScheduleLine) -> (Int, Instant, String) {
            (
                line.needsPerson ? 0 : line.active == nil ? 2 : 1,
                line.nextSlotAt ?? Instant(milliseconds: .max), line.name
            )
        }
        return rank(left) < rank(right)
    }

    private func withMarks(_ line: ScheduleLine) throws -> ScheduleLine {
        var line = line
        line.marks = try reader.marks(
            schedule: line.name,
            since: now.adding(milliseconds: -(Timeline.pastHours + 6) * 3_600_000),
            limit: Self.marksMax)
        // A schedule with many slots has its last ones among those.
        line.recent =
            line.marks.count >= Self.recentMax
            ? Array(line.marks.prefix(Self.recentMax))
            : try reader.marks(schedule: line.name, since: nil, limit: Self.recentMax)
        let today = date(in: zone(line.timezone))
        line.today = today
        line.days = Rows(
            try reader.dayTotals(schedule: line.name, days: DayBars.dates(until: today))
        ).compactMap(\.dayTotal)
        if let next = try line.nextSlotAt.flatMap({ try reader.nextSlot(line.name, at: $0) }) {
            line.nextSlotLocal = next.local
            line.note = next.note
        }
        line.nextInstants = try reader.nextInstants(
            schedule: line.name, until: now.adding(milliseconds: Timeline.aheadHours * 3_600_000),
            limit: Self.marksMax)
        return line
    }

    private func date(in zone: Zone?) -> CivilDate {
        (zone ?? .utc).local(at: now).date
    }

    private func mostCommonZone(_ schedules: [ScheduleLine]) -> Zone? {
        Self.mostCommon(schedules.map(\.timezone)).flatMap(zone)
    }

    /// The value that comes most often; of several the one that came first; nil of none.
    static func mostCommon<Value: Equatable>(_ values: [Value]) -> Value? {
        var counts: [(value: Value, count: Int)] = []
        for value in values {
            if let index = counts.firstIndex(where: { $0.value == value }) {
                counts[index].count += 1
            } else {
                counts.append((value, 1))
            }
        }
        guard let most = counts.map(\.count).max() else { return nil }
        return counts.first { $0.count == most }?.value
    }
}

extension Rows.Row {
    /// A day of `dayTotals`; nil if it isn't one.
    fileprivate var dayTotal: DayTotal? {
        CivilDate(iso8601: text("day")).map {
            DayTotal(
                date: $0, started: integer("started") ?? 0, skipped: integer("skipped") ?? 0,
                trouble: integer("trouble") ?? 0)
        }
    }

    /// A row of `connections`.
    ///
    /// - Parameter now: a wait that is over then stands in nobody's way.
    /// - Returns: The connection with what stands in its way.
    func connectionLine(now: Instant) -> ConnectionLine {
        var line = ConnectionLine(name: text("connection"), baseURL: text("base_url"))
        line.requestsSent = integer("requests_sent") ?? 0
        var trouble: [String] = []
        line.isBroken = text("breaker") == "open"
        if line.isBroken { trouble.append("the API fails, it is tried again") }
        if !text("credential_bad_since_at").isEmpty {
            trouble.append(
                "refused since \(Words.shortTime(text("credential_bad_since_at"))) UTC")
        }
        if let until = instant("blocked_until_at"), until > now {
            trouble.append("told to wait until \(Words.shortTime(text("blocked_until_at"))) UTC")
        }
        line.trouble = trouble.joined(separator: "; ")
        if let requests = integer("learned_requests"),
            let seconds = integer("learned_window_seconds")
        {
            let window = Words.duration(seconds: seconds)
            line.limit = "learned limit: \(requests) requests in \(window)"
        }
        return line
    }
}
