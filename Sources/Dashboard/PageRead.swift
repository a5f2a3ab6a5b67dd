import Store
import Timetable

/// One read of a page about one thing.
struct PageRead {
    /// Slots of a schedule's page, and errors of a page.
    static let rowsMax = 50
    private static let nextMax = 10
    /// A year of a schedule every fifteen minutes.
    private static let yearSlotsMax = 36_000
    private static let yearMilliseconds: Int64 = 371 * 86_400_000
    /// Runs whose durations are drawn and ranked.
    private static let durationsMax = 200

    let reader: LedgerReader
    let now: Instant
    let zone: @Sendable (String) -> Zone?

    /// Reads a schedule's page; nil if there is none of this name.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    func schedule(_ name: String) throws -> DashboardSchedule? {
        var filter = LedgerFilter()
        filter.schedule = name
        filter.limit = Self.nextMax
        guard let row = Rows(try reader.schedules(filter)).first else { return nil }
        let upcoming = Rows(try reader.upcoming(filter))
        var line = row.scheduleLine(upcoming: upcoming.first)
        line.tags = try reader.tags()[name] ?? []
        line.recent = try reader.marks(schedule: name, since: nil, limit: Self.durationsMax)
        var page = DashboardSchedule(takenAt: now, line: line)
        let words = RuleWords.of(line.rule, schedule: name)
        page.facts = [
            ("Rule", words),
            ("As written", words == line.rule ? "" : line.rule),
            ("Time zone", row.text("timezone")),
            ("Connection", row.text("connection")), ("Process", row.text("process")),
            ("Tags", line.tags.joined(separator: ", ")), ("State", line.state),
        ].filter { !$0.1.isEmpty }
        page.next = upcoming.compactMap { next in
            next.instant("slot_at").map {
                DashboardSchedule.Next(
                    at: $0, local: next.text("slot_local"), note: next.text("note"))
            }
        }
        filter.limit = Self.rowsMax
        let history = Rows(try reader.history(filter))
        page.history = history.map { $0.historyLine() }
        let lags = history.compactMap { Double($0.text("start_lag_seconds")) }.sorted()
        if !lags.isEmpty {
            page.facts.append(
                (
                    "Start lag",
                    "half of the last \(lags.count) up to \(lags[(lags.count - 1) / 2]) s, "
                        + "the longest \(lags[lags.count - 1]) s"
                ))
        }
        page.days = try days(name)
        page.line.today = (zone(line.timezone) ?? .utc).local(at: now).date
        return page
    }

    private func days(_ name: String) throws -> [DashboardSchedule.Day] {
        let table = try reader.days(
            schedule: name, since: now.adding(milliseconds: -Self.yearMilliseconds),
            limit: Self.yearSlotsMax)
        var days: [DashboardSchedule.Day] = []
        for row in Rows(table) {
            guard let date = CivilDate(iso8601: row.text("day")) else { continue }
            if days.last?.date != date { days.append(.init(date: date, results: [:])) }
            days[days.count - 1].results[row.text("result")] = row.integer("slots") ?? 0
        }
        return days
    }

    /// Reads a slot's page; nil if there is none with this id.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    func slot(_ id: Int64) throws -> DashboardSlot? {
        let table = try reader.slot(id)
        guard let row = Rows(table).first else { return nil }
        var page = DashboardSlot(
            takenAt: now, line: row.historyLine(), sentence: WhySentence.slot(table, row: 0))
        page.facts = [
            ("Slot (UTC)", row.text("slot_at")), ("Slot (local)", row.text("slot_local")),
            ("Due (UTC)", row.text("due_at")), ("Kind", row.text("kind")),
            (
                "Start lag",
                row.text("start_lag_seconds").isEmpty
                    ? "" : row.text("start_lag_seconds") + " s"
            ),
            ("Connection", row.text("connection")), ("Process", row.text("process_id")),
            ("Requested by", row.text("requested_by")),
        ].filter { !$0.1.isEmpty }
        page.attempts = Rows(try reader.attempts(ofSlot: id)).map { $0.attemptEvent }
        page.errors = Rows(try reader.errors(ofSlot: id)).map { $0.errorEvent }
        return page
    }

    /// A page of a log: so many rows, each before the instant.
    private func olderThan(_ instant: Instant?) -> LedgerFilter {
        var filter = LedgerFilter()
        (filter.until, filter.limit) = (instant, Self.rowsMax)
        return filter
    }

    /// Reads a page of errors.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    func errors(before: Instant?) throws -> DashboardLog {
        var page = DashboardLog(takenAt: now)
        let rows = Rows(try reader.errors(olderThan(before)))
        page.events = rows.map { $0.errorEvent }
        if rows.count == Self.rowsMax { page.olderBefore = rows.last?.instant("occurred_at") }
        return page
    }

    /// Reads a page of what people and the daemon did.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    func audit(before: Instant?) throws -> DashboardLog {
        var page = DashboardLog(takenAt: now)
        let rows = Rows(try reader.audit(olderThan(before)))
        page.events = rows.map { row in
            let words = [row.text("subject"), row.text("reason"), row.text("detail")]
                .filter { !$0.isEmpty }.joined(separator: "; ")
            return DashboardSlot.Event(
                at: Words.shortTime(row.text("done_at")), what: row.text("action"), tone: "calm",
                words: "by \(row.text("actor")): \(words)")
        }
        if rows.count == Self.rowsMax { page.olderBefore = rows.last?.instant("done_at") }
        return page
    }
}

extension Rows.Row {
    /// A row of the attempts of a slot.
    fileprivate var attemptEvent: DashboardSlot.Event {
        var words: [String] = []
        if !text("http_status").isEmpty { words.append("answered \(text("http_status"))") }
        if !text("code").isEmpty { words.append(text("code")) }
        if !text("message").isEmpty { words.append(text("message")) }
        if !text("run_id").isEmpty { words.append("run \(text("run_id"))") }
        if let looks = integer("absent_looks"), looks > 0 {
            words.append("\(looks) checks found no new run")
        }
        if !text("next_step").isEmpty { words.append("then: \(text("next_step"))") }
        return DashboardSlot.Event(
            at: Words.shortTime(text("began_at")), what: text("state"),
            tone: (AttemptState(rawValue: text("state")).map(Tone.init) ?? .calm).rawValue,
            words: words.joined(separator: "; "))
    }

    /// A row of `error_log`.
    var errorEvent: DashboardSlot.Event {
        var words = [text("schedule"), text("message"), text("target"), text("details")]
            .filter { !$0.isEmpty }
        if let repeats = integer("repeats"), repeats > 0 { words.append("\(repeats + 1) times") }
        if !text("next_step").isEmpty { words.append("then: \(text("next_step"))") }
        // The API's own sentence may have its full stop.
        words = words.map { $0.hasSuffix(".") ? String($0.dropLast()) : $0 }
        let status = [text("operation"), text("http_status"), text("code")]
            .filter { !$0.isEmpty }.joined(separator: " ")
        return DashboardSlot.Event(
            at: Words.shortTime(text("occurred_at")), what: status, tone: "bad",
            words: words.joined(separator: "; "))
    }
}
