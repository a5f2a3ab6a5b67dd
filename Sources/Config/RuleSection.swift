import Console
import Timetable

/// The parts of a firing rule: `cron`, `every`, `at`, `dst`, `calendar`, `on_holiday`.
extension ScheduleSection {
    /// A kind of rule and the rule as the user wrote it.
    struct Kind {
        var kind: FiringRule.Kind
        var text: String
        /// The same in canonical form, for `RuleSource`.
        var source: String
    }

    /// One rule of `cron`, `every` or `at`, or nil if it has errors.
    func kind(_ key: String, _ node: ConfigNode) -> Kind? {
        switch key {
        case "cron": cron(node)
        case "every": every(node)
        default: at(node)
        }
    }

    private func cron(_ node: ConfigNode) -> Kind? {
        guard case .string(let text) = node.value else {
            return reader.wrongType(node, "a string or an array of strings")
        }
        let expression: CronExpression
        do {
            expression = try CronExpression(text, name: name, dialect: dialect())
        } catch {
            problems.error(node, "\(error) (\(node.shown))")
            return nil
        }
        let words = expression.text.split { $0 == " " || $0 == "\t" }
            .dropFirst(expression.zoneName == nil ? 0 : 1)
        let kind = Kind(
            kind: expression.trigger.kind, text: text,
            source: "cron " + words.joined(separator: " "))
        if case .cron(let rule) = expression.trigger, rule.isNever {
            // The error says it; the warning would say it again.
            return kind
        }
        for warning in expression.warnings { problems.warning(node, "\(warning) (\(node.shown))") }
        return kind
    }

    private func every(_ node: ConfigNode) -> Kind? {
        if case .array = node.value {
            problems.error(
                node, "is one duration; for others give schedules of their own (\(node.shown))")
            return nil
        }
        guard let step = reader.duration("every", in: 1000...366 * Self.day) else { return nil }
        return Kind(
            kind: .every(milliseconds: step),
            text: "every " + DurationText.text(milliseconds: step), source: "every \(step)")
    }

    private func at(_ node: ConfigNode) -> Kind? {
        guard node.entries != nil else {
            return reader.wrongType(node, "a table such as { business_day = 3, time = \"05:30\" }")
        }
        let forms = ["business_day", "dates", "file"]
        let table = TableReader(node, known: forms + ["time", "months"], problems: problems)
        let time = timeOfDay(table)
        let given = forms.filter { table.find($0) != nil }
        guard given.count == 1, let form = given.first else {
            problems.error(node, "expected exactly one of business_day, dates or file")
            return nil
        }
        let months = months(table)
        let areMonthsRight = months?.isEmpty != true
        if form != "business_day", let place = table.find("months") {
            problems.error(place, "months belongs to business_day; the dates name their months")
        }
        switch form {
        case "business_day":
            return areMonthsRight ? businessDay(table, months: months, time: time) : nil
        case "dates": return dates(table, time: time)
        default: return dateFile(table, time: time)
        }
    }

    private func businessDay(_ table: TableReader, months: [Int]?, time: Int?) -> Kind? {
        guard let node = table.find("business_day"),
            let index = table.integer("business_day", in: -23...23)
        else { return nil }
        guard index != 0 else {
            problems.error(
                node, "out of range (0), allowed: 1 to 23, or -1 to -23 from the month's end")
            return nil
        }
        guard let time else { return nil }
        do {
            let rule = try BusinessDayRule(index: index, months: months, secondOfDay: time)
            let text = RuleWords.businessDay(
                index, second: time, months: months?.map(String.init))
            let source = months.map { $0.sorted().map(String.init).joined(separator: ",") } ?? "*"
            return Kind(
                kind: .businessDay(rule), text: text,
                source: "business-day \(index) \(time) \(source)")
        } catch {
            problems.error(node, "\(error) (\(node.shown))")
            return nil
        }
    }

    /// The months, or an empty list if they have errors; nil where all are meant.
    private func months(_ table: TableReader) -> [Int]? {
        guard let node = table.find("months") else { return nil }
        guard case .array(let elements) = node.value else {
            return table.wrongType(node, "an array of months, 1 to 12")
        }
        if elements.isEmpty { problems.error(node, "is empty; leave it out for all months") }
        let months: [Int] = elements.compactMap { element in
            guard case .integer(let month) = element.value else {
                return table.wrongType(element, "a month, 1 to 12")
            }
            guard (1...12).contains(month) else {
                problems.error(element, "out of range (\(month)), allowed: 1 to 12")
                return nil
            }
            return Int(month)
        }
        return months.count == elements.count ? months : []
    }

    private func dates(_ table: TableReader, time: Int?) -> Kind? {
        guard let node = table.find("dates") else { return nil }
        guard case .array(let elements) = node.value else {
            return table.wrongType(node, "an array of dates")
        }
        guard !elements.isEmpty else {
            problems.error(node, "is empty: it would never fire")
            return nil
        }
        let dates = elements.compactMap { ConfigDate.read($0, problems) }
        guard dates.count == elements.count, let time else { return nil }
        do {
            let rule = try DateListRule(dates: dates, secondOfDay: time)
            let text = RuleWords.dates(dates.count, second: time)
            return Kind(kind: .dates(rule), text: text, source: Self.source(rule))
        } catch {
            problems.error(node, "\(error)")
            return nil
        }
    }

    private func timeOfDay(_ table: TableReader) -> Int? {
        guard let node = table.find("time") else {
            problems.error(
                table.node.path.appending("time"), at: table.node.valuePosition,
                "missing; write time = \"05:30\"")
            return nil
        }
        let text: String
        switch node.value {
        case .string(let string): text = string
        case .dateOrTime: text = node.raw
        default: return table.wrongType(node, "a time of day such as \"05:30\"")
        }
        if let seconds = secondOfDay(fromTimeText: text) { return seconds }
        problems.error(node, "not a time of day (\(node.shown)); write \"05:30\"")
        return nil
    }

    private static func source(_ rule: DateListRule) -> String {
        "dates \(rule.secondOfDay) " + rule.dates.map(\.iso8601).joined(separator: ",")
    }
}

/// Rules of days in the words that people know them by.
enum RuleWords {
    static func businessDay(_ index: Int, second: Int, months: [String]?) -> String {
        let day =
            index == -1
            ? "the last" : Words.ordinal(abs(index)) + (index < 0 ? " to last" : "")
        return "\(day) business day at \(time(second))"
            + (months.map { " of months " + Words.and($0) } ?? "")
    }

    static func dates(_ count: Int, second: Int) -> String {
        "\(Words.count(count, "date")) at \(time(second))"
    }

    static func time(_ second: Int) -> String {
        LocalDateTime(date: CivilDate(year: 2000, month: 1, day: 1), secondOfDay: second).timeText
    }
}

extension ScheduleSection {
    /// `dst = "cron"` or `{ gap, repeat }`; nil if it has errors.
    func dst() -> DSTPolicy? {
        guard let node = reader.find("dst") else { return .cron }
        if case .string("cron") = node.value { return .cron }
        guard node.entries != nil else {
            let forms = "\"cron\" or { gap = \"run-after\", repeat = \"first\" }"
            if case .string = node.value {
                problems.error(node, "unknown value (\(node.shown)), allowed: \(forms)")
                return nil
            }
            return reader.wrongType(node, forms)
        }
        let table = TableReader(node, known: ["gap", "repeat"], problems: problems)
        let gaps: [(word: String, value: DSTPolicy.Gap)] = [
            ("run-after", .runAfter), ("skip", .skip),
        ]
        let repeats: [(word: String, value: DSTPolicy.Repeat)] = [
            ("first", .first), ("last", .last), ("both", .both),
        ]
        let gap = table.choice("gap", gaps)
        let again = table.choice("repeat", repeats)
        for key in ["gap", "repeat"] where table.find(key) == nil {
            problems.error(
                node.path.appending(key), at: node.valuePosition,
                "missing; an explicit dst names both gap and repeat")
        }
        guard let gap, let again else { return nil }
        return .explicit(gap: gap, repeat: again)
    }

    /// A schedule's calendar, or that it has none.
    struct FoundCalendar { var value: CompiledCalendar? }

    /// The calendar; nil if its name is wrong or it has errors itself.
    func calendar() -> FoundCalendar? {
        guard let node = reader.find("calendar") else { return FoundCalendar(value: nil) }
        guard let name = reader.string("calendar") else { return nil }
        guard let known = context.calendars[name] else {
            problems.error(
                node,
                "no calendar of this name (\(node.shown))"
                    + NearestName.hint(name, in: context.calendars.keys.sorted()))
            return nil
        }
        // One with errors of its own has been complained about where it stands.
        guard let calendar = known else {
            if let cause = context.calendarCauses[name] { problems.awaits(cause) }
            return nil
        }
        return FoundCalendar(value: calendar)
    }

    /// What becomes of slots on holidays.
    func onHoliday(hasCalendar: Bool) -> OnHoliday {
        let words: [(word: String, value: OnHoliday)] = [
            ("skip", .skip), ("next-business-day", .nextBusinessDay),
            ("previous-business-day", .previousBusinessDay), ("run", .run),
        ]
        if !hasCalendar, let own = reader.own("on_holiday") {
            problems.warning(own, "has no effect without a calendar")
        }
        return reader.choice("on_holiday", words) ?? .skip
    }
}

/// Dates in the config: TOML dates, or strings of the same form.
enum ConfigDate {
    static func read(_ node: ConfigNode, _ problems: ConfigProblems) -> CivilDate? {
        let text: String
        switch node.value {
        case .dateOrTime: text = node.raw
        case .string(let string): text = string
        default:
            problems.error(node, "expected a date, found \(node.kind) (\(node.shown))")
            return nil
        }
        if text.utf8.count == 10, let local = LocalDateTime(iso8601: text), local.date.isValid {
            return local.date
        }
        problems.error(node, "not a date (\(node.shown)); write 2026-12-25")
        return nil
    }
}

extension ScheduleSection {
    /// `at = { file = "close.csv", time }`: the dates stand in a file.
    func dateFile(_ table: TableReader, time: Int?) -> Kind? {
        guard let name = table.string("file"), let node = table.find("file"),
            let (text, path) = context.files.read(name, node)
        else { return nil }
        do {
            let dates = try HolidayFile.days(text, path: path).map(\.date)
            guard !dates.isEmpty else {
                problems.error(node, "\(path) holds no date: it would never fire")
                return nil
            }
            guard let time else { return nil }
            let rule = try DateListRule(dates: dates, secondOfDay: time)
            return Kind(
                kind: .dates(rule),
                text: "\(Words.count(dates.count, "date")) of \(name) at \(RuleWords.time(time))",
                source: Self.source(rule))
        } catch {
            problems.error(node, "\(path): \(error)")
            return nil
        }
    }
}
