import Timetable

/// A slot's schedule and its date on the schedule's own clock: where it is counted.
struct SumPlace: Hashable {
    var schedule: String
    var day: String

    /// The same as expressions over the columns of `slots`.
    static let columns = "schedule, date(slot_at / 1000 + utc_offset_seconds, 'unixepoch')"

    init(schedule: String, day: String) {
        self.schedule = schedule
        self.day = day
    }

    init(_ row: Row) { self.init(schedule: row.string(0), day: row.string(1)) }

    init(schedule: String, slotAt: Instant, utcOffsetSeconds: Int) {
        let day = slotAt.iso8601(offsetSeconds: utcOffsetSeconds).prefix(10)
        self.init(schedule: schedule, day: String(day))
    }
}

/// What a slot or a run adds to the sums of its place.
struct Sum {
    /// By the places of `names`.
    var values = [Int64](repeating: 0, count: Sum.names.count)
    var detectMilliseconds: Int64 = 0
    var lastSuccess: Instant?

    /// One that has no column yet fails the first turn of every test that ends a slot with it.
    private static let dispositions = Disposition.allCases.filter(\.isFinal).map(\.rawValue)
    static let outcomes = ["succeeded", "cancelled", "failed", "attention", "lost"]
    static let lagLimits: [Int64] = [
        50, 100, 200, 300, 400, 500, 700, 1000, 1500, 2000, 3000, 5000, 10_000, 30_000, 120_000,
        600_000,
    ]
    static let runLimitSeconds: [Int64] = [
        10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 28_800,
    ]

    /// Those before the limits of lags and durations.
    static let common =
        dispositions + outcomes.map { "runs_\($0)" } + ["lags", "lag_ms", "runs_timed", "run_ms"]
    /// The columns of `day_sums` and `totals` that are sums.
    static let names = common + lagColumns + runColumns
    static let lagColumns = lagLimits.map { "lag_le_\($0)_ms" } + ["lag_more"]
    static let runColumns = runLimitSeconds.map { "run_le_\($0)_s" } + ["run_more"]

    static let nothing = Sum(.pending)

    /// The same sums counted from the rows, as `migrations/0013_sums.sql` counted ledgers of before.
    static let count: String = {
        func buckets(_ time: String, _ limits: [Int64]) -> [String] {
            limits.indices.map { index in
                "count(*) FILTER (WHERE \(time) <= \(limits[index])"
                    + (index > 0 ? " AND \(time) > \(limits[index - 1])" : "") + ")"
            } + ["count(*) FILTER (WHERE \(time) > \(limits.last ?? 0))"]
        }
        let duration = "r.completed_at - r.created_at"
        let counts =
            dispositions.map { "count(*) FILTER (WHERE s.disposition = '\($0)')" }
            + outcomes.map { "count(*) FILTER (WHERE r.outcome = '\($0)')" }
            + [
                "count(s.start_lag_ms)", "coalesce(sum(s.start_lag_ms), 0)", "count(\(duration))",
                "coalesce(sum(\(duration)), 0)",
            ] + buckets("s.start_lag_ms", lagLimits)
            + buckets(duration, runLimitSeconds.map { $0 * 1000 })
        let columns = zip(counts, names).map { "\($0) AS \($1)" }.joined(separator: ", ")
        return """
            SELECT date(s.slot_at / 1000 + s.utc_offset_seconds, 'unixepoch') AS day, s.schedule,
                \(columns)
            FROM slots AS s LEFT JOIN process_runs AS r ON r.run_key = s.run_key
            WHERE s.ended_at IS NOT NULL GROUP BY day, s.schedule
            """
    }()

    /// A slot that has ended, or minus one that is taken out of the history.
    init(_ disposition: Disposition, lagMilliseconds: Int64? = nil, times count: Int64 = 1) {
        if let index = Self.dispositions.firstIndex(of: disposition.rawValue) {
            values[index] = count
        }
        guard let lag = lagMilliseconds else { return }
        let first = Self.dispositions.count + Self.outcomes.count
        values[first] = count
        values[first + 1] = lag * count
        let bucket = Self.lagLimits.firstIndex { lag <= $0 } ?? Self.lagLimits.count
        values[Self.common.count + bucket] = count
    }

    /// The step of a run from one state to another; nil: it was not a slot's before.
    init(from before: RunTally?, to after: RunTally) {
        if let before { add(before, times: -1) }
        add(after, times: 1)
        if after.outcome == .succeeded { lastSuccess = after.completedAt }
    }

    private mutating func add(_ run: RunTally, times count: Int64) {
        if let index = Self.outcomes.firstIndex(of: run.outcome.rawValue) {
            values[Self.dispositions.count + index] += count
        }
        guard let created = run.createdAt, let completed = run.completedAt else { return }
        let milliseconds = completed.since(created)
        values[Self.common.count - 2] += count
        values[Self.common.count - 1] += milliseconds * count
        let limits = Self.runLimitSeconds
        let bucket = limits.firstIndex { milliseconds <= $0 * 1000 } ?? limits.count
        values[Self.common.count + Self.lagLimits.count + 1 + bucket] += count
    }

    mutating func add(_ other: Sum) {
        for index in values.indices { values[index] += other.values[index] }
        detectMilliseconds = max(detectMilliseconds, other.detectMilliseconds)
        lastSuccess = [lastSuccess, other.lastSuccess].compactMap { $0 }.max()
    }

    /// What of it counters may show, which never fall: a step back is none to them.
    var grown: Sum {
        var sum = self
        for index in sum.values.indices { sum.values[index] = max(0, sum.values[index]) }
        return sum
    }

    var isNothing: Bool {
        detectMilliseconds == 0 && lastSuccess == nil && values.allSatisfy { $0 == 0 }
    }
}

/// What of a run is counted.
struct RunTally: Equatable {
    var outcome: RunOutcome
    var createdAt: Instant?
    var completedAt: Instant?
}

extension RunRow {
    var tally: RunTally {
        RunTally(outcome: outcome, createdAt: createdAt, completedAt: completedAt)
    }
}

/// What a transaction adds to the sums, kept until its end: one statement a schedule and day then,
/// however many slots of it have ended.
struct SumBook {
    private enum Note {
        case add(SumPlace, Sum)
        case rename(old: String, new: String)
    }
    private var notes: [Note] = []
    private var errors: [(status: Int?, count: Int64)] = []
    private var answers: [(connection: String, status: Int?)] = []

    /// How far it has been written; a step that fails goes back there.
    typealias Mark = (notes: Int, errors: Int, answers: Int)
    var mark: Mark { (notes.count, errors.count, answers.count) }

    mutating func note(_ place: SumPlace, _ sum: Sum) { notes.append(.add(place, sum)) }
    mutating func rename(_ old: String, to new: String) {
        notes.append(.rename(old: old, new: new))
    }
    mutating func noteError(_ status: Int?) { errors.append((status, 1)) }
    mutating func noteAnswer(_ connection: String, _ status: Int?) {
        answers.append((connection, status))
    }

    mutating func goBack(to mark: Mark) {
        notes.removeLast(max(0, notes.count - mark.notes))
        errors.removeLast(max(0, errors.count - mark.errors))
        answers.removeLast(max(0, answers.count - mark.answers))
    }

    mutating func forget() { goBack(to: (0, 0, 0)) }

    /// What there is to write, in an order that is the same in each process.
    var days: [(place: SumPlace, sum: Sum)] {
        var days: [SumPlace: Sum] = [:]
        func add(_ sum: Sum, at place: SumPlace) {
            days[place, default: .nothing].add(sum)
        }
        for note in notes {
            switch note {
            case .add(let place, let sum): add(sum, at: place)
            case .rename(let old, let new):
                for place in days.keys.filter({ $0.schedule == old }) {
                    guard let sum = days.removeValue(forKey: place) else { continue }
                    add(sum, at: SumPlace(schedule: new, day: place.day))
                }
            }
        }
        return days.filter { !$0.value.isNothing }.map { ($0.key, $0.value) }
            .sorted { ($0.place.day, $0.place.schedule) < ($1.place.day, $1.place.schedule) }
    }

    /// How many starts of a schedule there are to write.
    func started(of schedule: String) -> Int {
        guard let column = Sum.names.firstIndex(of: Disposition.started.rawValue) else { return 0 }
        return Int(
            days.filter { $0.place.schedule == schedule }.reduce(0) { $0 + $1.sum.values[column] })
    }

    var errorCounts: [(status: String, count: Int64)] {
        Dictionary(
            errors.map { ($0.status.map(String.init) ?? "none", $0.count) }, uniquingKeysWith: +
        )
        .map { ($0.key, $0.value) }.sorted { $0.status < $1.status }
    }

    var answerCounts: [(connection: String, status: String, count: Int64)] {
        let keys = answers.map { [$0.connection, $0.status.map(String.init) ?? "none"] }
        return Dictionary(keys.map { ($0, 1) }, uniquingKeysWith: +)
            .map { ($0.key[0], $0.key[1], $0.value) }.sorted { ($0.0, $0.1) < ($1.0, $1.1) }
    }
}

extension Ledger {
    /// Counts what has ended at a place, with the transaction that is going on.
    func count(_ sum: Sum, at place: SumPlace?) throws {
        guard let place else { return }
        sums.note(place, sum)
        try writeSumsUnlessInTransaction()
    }

    /// Counts an error that is written or repeated.
    func countError(httpStatus: Int?) throws {
        sums.noteError(httpStatus)
        try writeSumsUnlessInTransaction()
    }

    /// Counts a request that came back, or of which it is known that it never will.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func countAnswer(connection: String, httpStatus: Int?) throws {
        sums.noteAnswer(connection, httpStatus)
        try writeSumsUnlessInTransaction()
    }

    /// Counts the step of a run of a slot; runs of others are in no sum.
    ///
    /// - Parameters:
    ///   - before: what was counted of it; nil: it was no slot's.
    ///   - after: what is to be counted.
    ///   - slotID: its slot.
    ///   - detectedAt: the moment of the read that has seen its end.
    /// - Throws: `StoreError`.
    func countRun(
        from before: RunTally?, to after: RunTally, slotID: Int64?, detectedAt: Instant? = nil
    ) throws {
        guard let slotID, before != after else { return }
        var sum = Sum(from: before, to: after)
        if let detectedAt, before?.completedAt == nil, let completed = after.completedAt {
            sum.detectMilliseconds = max(0, detectedAt.since(completed))
        }
        // An active run is in no sum, so a start doesn't look for its place.
        guard !sum.isNothing else { return }
        let place = try database.first(
            "SELECT \(SumPlace.columns) FROM slots WHERE slot_id = ?", .int(slotID),
            map: SumPlace.init)
        try count(sum, at: place)
    }

    private func writeSumsUnlessInTransaction() throws {
        if database.isInAutocommit { try writeSums() }
    }

    /// Moves the rows of the sums; the last statements before each COMMIT.
    func writeSums() throws {
        defer { sums.forget() }
        var totals: [String: Sum] = [:]
        for (place, sum) in sums.days {
            try database.step(
                Self.addToDay,
                [.text(place.day), .text(place.schedule)] + sum.values.map { .integer($0) }
                    + [.integer(sum.detectMilliseconds)]
            ) { _ in false }
            totals[place.schedule, default: .nothing].add(sum.grown)
        }
        for (schedule, sum) in totals.sorted(by: { $0.key < $1.key }) {
            try database.step(
                Self.addToTotal,
                [.text(schedule)] + sum.values.map { .integer($0) } + [.at(sum.lastSuccess)]
            ) { _ in false }
        }
        for (status, count) in sums.errorCounts {
            try database.run(
                """
                INSERT INTO error_sums (http_status, count) VALUES (?, ?)
                ON CONFLICT (http_status) DO UPDATE SET count = count + excluded.count
                """, .text(status), .int(count))
        }
        for (connection, status, count) in sums.answerCounts {
            try database.run(
                """
                INSERT INTO answer_sums (connection, http_status, count) VALUES (?, ?, ?)
                ON CONFLICT DO UPDATE SET count = count + excluded.count
                """, .text(connection), .text(status), .int(count))
        }
    }

    private static let addToDay = """
        INSERT INTO day_sums (day, schedule, \(Sum.names.joined(separator: ", ")), detect_ms_max)
        VALUES (\(places(Sum.names.count + 3))) \(additions(Sum.names)),
            detect_ms_max = max(detect_ms_max, excluded.detect_ms_max)
        """

    private static let addToTotal = """
        INSERT INTO totals (schedule, \(Sum.names.joined(separator: ", ")), last_success_at)
        VALUES (\(places(Sum.names.count + 2))) \(additions(Sum.names)), \(laterSuccess)
        """

    private static let laterSuccess = """
        last_success_at = max(coalesce(last_success_at, excluded.last_success_at),
            coalesce(excluded.last_success_at, last_success_at))
        """

    private static func places(_ count: Int) -> String {
        Array(repeating: "?", count: count).joined(separator: ", ")
    }

    private static func additions(_ names: [String]) -> String {
        "ON CONFLICT DO UPDATE SET "
            + names.map { "\($0) = \($0) + excluded.\($0)" }.joined(separator: ", ")
    }

    /// Adds what was counted under the old name to what an earlier schedule of the new one left.
    func renameSums(_ old: String, to new: String) throws {
        guard old != new else { return }
        sums.rename(old, to: new)
        let names = Sum.names.joined(separator: ", ")
        for statement in [
            """
            INSERT INTO day_sums (day, schedule, \(names), detect_ms_max)
            SELECT day, ?2, \(names), detect_ms_max FROM day_sums WHERE schedule = ?1
            \(Self.additions(Sum.names)), detect_ms_max = max(detect_ms_max, excluded.detect_ms_max)
            """,
            """
            INSERT INTO totals (schedule, \(names), last_success_at)
            SELECT ?2, \(names), last_success_at FROM totals WHERE schedule = ?1
            \(Self.additions(Sum.names)), \(Self.laterSuccess)
            """,
            "DELETE FROM day_sums WHERE schedule = ?1 AND ?2 <> ?1",
            "DELETE FROM totals WHERE schedule = ?1 AND ?2 <> ?1",
        ] {
            try database.run(statement, .text(old), .text(new))
        }
    }
}
