import Engine
import Timetable

/// Reads `[schedules.NAME]`, with `[defaults]` behind it.
struct ScheduleSection {
    static let triggerKeys = ["cron", "at", "every", "after"]
    static let keys =
        triggerKeys + [
            "process", "connection", "timezone", "cron_dialect", "dst", "calendar", "on_holiday",
            "missed", "missed_window", "overlap", "start_within", "spread",
            "send_process_complete_email", "enabled", "active_from", "active_until",
            "on_conflict", "unknown_start", "validate_first", "preflight", "retry", "poll",
            "run_within", "start_by", "finish_by", "at_least", "outcome", "unless_done",
            "pause_after",
            "max_runs", "formerly",
            "mode",
            "description", "tags", "notify",
            "heartbeat",
        ]

    /// What a schedule can refer to.
    struct Context {
        var defaults: [String: ConfigNode]
        var connections: [String]
        /// Calendars by name; nil where the calendar itself has errors, already noted.
        var calendars: [String: CompiledCalendar?]
        /// What calendars wait for, by name.
        var calendarCauses: [String: String]
        /// Windows by name, as calendars.
        var windows: [String: CompiledWindow?]
        var windowCauses: [String: String]
        var scheduleNames: [String]
        var targets: [String]
        var zones: ZoneShelf
        var files: DateFiles
    }

    static let day: Int64 = 86_400_000

    let name: String
    let reader: TableReader
    let context: Context

    /// Makes the reader of one schedule; unknown keys are noted at once.
    init(_ node: ConfigNode, name: String, context: Context, problems: ConfigProblems) {
        self.name = name
        self.context = context
        reader = TableReader(
            node, known: Self.keys, fallback: context.defaults, problems: problems)
    }

    var problems: ConfigProblems { reader.problems }

    /// The schedule; nil if it is no table.
    ///
    /// - Returns: what could be read, and whether that is a schedule: it has no errors and waits for
    ///   nothing.
    func read() -> (schedule: Schedule, isWhole: Bool)? {
        guard reader.node.entries != nil else { return nil }
        let process = process()
        let connection = connection()
        let zone = zone()
        // An unknown zone must not hide what else is wrong with the rule.
        let tags = (reader.strings("tags") ?? []).map(\.text)
        let windows = windows(tags: tags)
        let rule = trigger(zone ?? .utc, windows ?? [])
        var schedule = Schedule(
            name: name, process: process ?? .id("-"), connection: connection ?? "",
            trigger: rule?.trigger ?? .manual, ruleText: rule?.text ?? "",
            ruleSource: rule?.source ?? "", zone: zone ?? .utc)
        schedule.windows = (windows ?? []).map(\.window)
        readPolicies(&schedule)
        readTimes(&schedule, isZoneKnown: zone != nil)
        readRetryAndPoll(&schedule)
        readLabels(&schedule)
        if zone != nil { checkSpread(schedule) }
        let isWhole =
            process != nil && connection != nil && zone != nil && rule != nil
            && windows != nil
        return (schedule, isWhole)
    }

    private func connection() -> String? {
        guard let name = reader.string("connection"), let node = reader.find("connection") else {
            if reader.find("connection") != nil { return nil }
            // With a single connection there is nothing to choose.
            if context.connections.count == 1 { return context.connections[0] }
            if !context.connections.isEmpty {
                reader.missing(
                    "connection",
                    "missing; name one here or in [defaults]: "
                        + TableReader.list(context.connections))
            }
            return nil
        }
        if context.connections.contains(name) { return name }
        problems.error(
            node,
            "no connection of this name (\(node.shown))"
                + NearestName.hint(name, in: context.connections))
        return nil
    }

    private func readPolicies(_ schedule: inout Schedule) {
        func words<T: RawRepresentable>(_ values: T...) -> [(word: String, value: T)]
        where T.RawValue == String {
            values.map { ($0.rawValue, $0) }
        }
        if let value = reader.boolean("enabled") { schedule.enabled = value }
        if let value = reader.choice("mode", words(ScheduleMode.run, .observe)) {
            schedule.mode = value
        }
        if let value = reader.choice("missed", words(MissedPolicy.latest, .all, .skip)) {
            schedule.missed = value
        }
        if let value = reader.choice("overlap", words(OverlapPolicy.skip, .queue, .allow)) {
            schedule.overlap = value
        }
        if let value = reader.choice("on_conflict", words(ConflictPolicy.fail, .retry)) {
            schedule.onConflict = value
        }
        let unknown = words(UnknownStartPolicy.settle, .hold)
        if let value = reader.choice("unknown_start", unknown) { schedule.unknownStart = value }
        if let value = reader.boolean("send_process_complete_email") {
            schedule.sendCompleteEmail = value
        }
        if let value = reader.boolean("validate_first") { schedule.validateFirst = value }
        if let value = reader.outcome() { schedule.outcome = value }
        schedule.unlessDone = reader.unlessDone()
        schedule.pauseAfterFailures = reader.pauseAfter()
        schedule.maxRuns = reader.integer("max_runs", in: 1...1_000_000)
    }

    private func readTimes(_ schedule: inout Schedule, isZoneKnown: Bool) {
        let day = Self.day
        if let value = reader.duration("missed_window", in: 0...366 * day) {
            schedule.missedWindowMilliseconds = value
        }
        if let value = reader.duration("start_within", in: 1000...366 * day) {
            schedule.startWithinMilliseconds = value
        }
        if let value = reader.duration("spread", in: 0...366 * day) {
            schedule.spreadMilliseconds = value
        }
        // By default half a day ahead: there is time to mend what is wrong.
        let preflight = reader.duration("preflight", in: 0...30 * day) ?? day / 2
        schedule.preflightMilliseconds = preflight == 0 ? nil : preflight
        warnOfWindows(schedule)
        schedule.runWithinMilliseconds = reader.duration("run_within", in: 1000...3660 * day)
        schedule.startByMilliseconds = reader.duration("start_by", in: 1000...366 * day)
        schedule.finishBy = reader.finishBy()
        schedule.atLeastMilliseconds = reader.duration("at_least", in: 1000...366 * day)
        guard isZoneKnown else { return }
        schedule.active.from = reader.instant("active_from", in: schedule.zone)
        schedule.active.until = reader.instant(
            "active_until", in: schedule.zone, dayMeans: .lastSecond)
        if let from = schedule.active.from, let until = schedule.active.until, from >= until,
            let node = reader.find("active_until")
        {
            problems.error(node, "must lie after active_from (\(node.shown))")
        }
    }

    private func warnOfWindows(_ schedule: Schedule) {
        let (onTime, window) = (schedule.startWithinMilliseconds, schedule.missedWindowMilliseconds)
        guard onTime > window, window > 0, schedule.missed != .skip else { return }
        let place = reader.find("start_within") ?? reader.find("missed_window") ?? reader.node
        problems.warning(
            place,
            "start_within (\(DurationText.text(milliseconds: onTime))) is longer than missed_window "
                + "(\(DurationText.text(milliseconds: window))): no late slot is ever caught up")
    }

    private func readRetryAndPoll(_ schedule: inout Schedule) {
        let day = Self.day
        if let retry = reader.table("retry", known: ["base", "cap", "max_attempts"]) {
            let policy = schedule.retry
            (schedule.retry.baseMilliseconds, schedule.retry.capMilliseconds) = retry.durations(
                "base", "cap", in: 100...day,
                or: (policy.baseMilliseconds, policy.capMilliseconds))
            if let value = retry.integer("max_attempts", in: 1...1000) {
                schedule.retry.maxAttempts = value
            }
        }
        if let poll = reader.table("poll", known: ["min", "max", "reopen_window"]) {
            let policy = schedule.poll
            (schedule.poll.minMilliseconds, schedule.poll.maxMilliseconds) = poll.durations(
                "min", "max", in: 1000...30 * day,
                or: (policy.minMilliseconds, policy.maxMilliseconds))
            if let value = poll.duration("reopen_window", in: 0...366 * day) {
                schedule.poll.reopenWindowMilliseconds = value
            }
        }
    }

    private func readLabels(_ schedule: inout Schedule) {
        schedule.description = reader.string("description") ?? ""
        schedule.tags = (reader.strings("tags") ?? []).map(\.text)
        schedule.notify = reader.route(targets: context.targets) ?? [:]
        guard let former = reader.string("formerly"), let node = reader.find("formerly") else {
            return
        }
        if context.scheduleNames.contains(former) {
            problems.error(
                node,
                "names a schedule that still exists (\(node.shown)); formerly is for the "
                    + "name that this schedule had before it was renamed")
        }
        schedule.formerly = former
    }

    private func checkSpread(_ schedule: Schedule) {
        guard schedule.spreadMilliseconds > 0, case .rule(let rule) = schedule.trigger,
            let gap = rule.parts.compactMap(\.shortestGapMilliseconds).min(),
            schedule.spreadMilliseconds >= gap, let node = reader.find("spread")
        else { return }
        problems.error(
            node,
            "must be shorter than the shortest gap between two slots, "
                + "\(DurationText.text(milliseconds: gap)) (\(node.shown))")
    }
}

extension TableReader {
    /// `finish_by`: a time of the slot's local day, "18:00", or of a later one, "06:00+1d".
    func finishBy() -> FinishBy? {
        guard let text = string("finish_by"), let node = find("finish_by") else { return nil }
        let parts = text.split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false)
            .map { $0.filter { $0 != " " } }
        let days = parts.count == 1 ? 0 : parts[1].hasSuffix("d") ? Int(parts[1].dropLast()) : nil
        guard let second = secondOfDay(fromTimeText: parts[0]), let days, (0...31).contains(days)
        else {
            problems.error(
                node,
                "not a time of day (\(node.shown)); write \"18:00\", or \"06:00+1d\" for the day "
                    + "after the slot's (up to +31d)")
            return nil
        }
        return FinishBy(secondOfDay: second, days: days)
    }

    /// What of a day is meant by its date.
    enum DayEdge { case begin, lastSecond, nextBegin }

    /// An instant: a TOML date-time, or a string; without an offset it is local to the zone.
    ///
    /// A date alone is the whole day, from its first instant to its last second or to the next day.
    func instant(_ key: String, in zone: Zone, dayMeans edge: DayEdge = .begin) -> Instant? {
        guard let node = find(key) else { return nil }
        let text: String
        switch node.value {
        case .dateOrTime: text = node.raw
        case .string(let string): text = string
        default: return wrongType(node, "a date and time")
        }
        if text.utf8.count == 10, let day = LocalDateTime(iso8601: text)?.date, day.isValid {
            let next = zone.beginning(of: CivilDate(dayNumber: day.dayNumber + 1))
            switch edge {
            case .begin: return zone.beginning(of: day)
            case .lastSecond: return next.adding(milliseconds: -1000)
            case .nextBegin: return next
            }
        }
        switch TimeArgument.parse(text, zone: zone) {
        case .success(let instant): return instant
        case .failure(let refusal):
            problems.error(node, "\(refusal.message) (\(node.shown))")
            return nil
        }
    }
}
