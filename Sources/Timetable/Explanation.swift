/// A rule in plain English: what it means, which day rule applies, what DST does, what comes next.
package struct Explanation: Sendable {
    /// The rule in one sentence.
    package let summary: String
    /// Each of several rules in a sentence of its own; empty where there is only one.
    package let parts: [String]
    /// The day rule, where both day fields of a cron expression have a say.
    package let dayRule: String?
    /// What the zone's next clock changes do to the rule.
    package let zoneNotes: [String]
    /// What happens on holidays, where there is a calendar.
    package let calendarNote: String?
    /// What deserves a second look.
    package let warnings: [String]
    /// As many as were asked for, those that a calendar skips among them.
    package let nextTimes: [Occurrence]
    /// Whether the rule fires no more after the instant that was asked about.
    package let isOver: Bool

    /// Explains a rule.
    ///
    /// - Parameters:
    ///   - rule: the rule.
    ///   - expressions: the cron expressions it was made from, in the order of its rules; nil for
    ///     other rules.
    ///   - instant: what counts as now.
    ///   - count: how many of the next times are given.
    package init(
        _ rule: FiringRule, expressions: [CronExpression?] = [], from instant: Instant,
        count: Int = 5
    ) {
        if case .several(let several) = rule.kind {
            summary = "Whenever one of \(several.count) rules is due; where they meet, once."
            parts = several.indices.map { index in
                let expression = index < expressions.count ? expressions[index] : nil
                let sentence = expression?.sentence ?? rule.rule(of: several[index]).sentence
                return "\"\(several[index].text)\": "
                    + [sentence, expression?.dayRule].compactMap(\.self).joined(separator: " ")
            }
            dayRule = nil
        } else {
            let expression = expressions.first ?? nil
            summary = expression?.sentence ?? rule.sentence
            parts = []
            dayRule = expression?.dayRule
        }
        zoneNotes = rule.zoneNotes(from: instant)
        calendarNote = rule.calendarNote
        nextTimes = Array(rule.occurrences(after: instant).prefix(count))
        isOver = nextTimes.isEmpty && !rule.isReboot
        var warnings: [String] = []
        for warning in expressions.compactMap(\.self).flatMap(\.warnings)
        where !warnings.contains(warning) {
            warnings.append(warning)
        }
        let today = rule.zone.local(at: instant).date
        if let warning = rule.calendar?.endWarning(on: today) { warnings.append(warning) }
        self.warnings = warnings
    }

    /// The whole explanation, a line for each thing.
    package var text: String {
        var lines = [summary] + parts.map { "  " + $0 }
        if let dayRule { lines.append(dayRule) }
        if let calendarNote { lines.append(calendarNote) }
        lines += zoneNotes
        lines += warnings.map { "Warning: " + $0 + "." }
        if isOver { lines.append("It never fires again.") }
        if !nextTimes.isEmpty { lines.append("Next times:") }
        lines += nextTimes.map { "  " + Explanation.line(for: $0) }
        return lines.joined(separator: "\n")
    }

    /// An occurrence in one line: weekday, local time, UTC, and what is special.
    package static func line(for occurrence: Occurrence) -> String {
        let local = LocalDateTime(
            localSeconds: occurrence.at.seconds + Int64(occurrence.utcOffsetSeconds))
        var line = String(English.weekday(local.date.weekday).prefix(3)) + " "
        line += occurrence.at.iso8601(offsetSeconds: occurrence.utcOffsetSeconds)
        line += "  " + occurrence.at.iso8601
        switch occurrence.decision {
        case .run:
            let notes = [occurrence.note, occurrence.ruleNote].compactMap(\.self)
            if !notes.isEmpty { line += "  (\(notes.joined(separator: "; ")))" }
        case .skipped(let reason): line += "  skipped: \(reason)"
        case .coalesced(let reason): line += "  coalesced: \(reason)"
        }
        return line
    }
}

extension FiringRule {
    /// The rule in one sentence, where there is no expression to read.
    var sentence: String {
        switch kind {
        case .cron: return "A cron rule."
        case .every(let milliseconds):
            return
                "Every \(English.elapsed(milliseconds)) of elapsed time, whatever the clocks show."
        case .reboot: return "Once, when the daemon starts."
        case .several(let parts): return English.list(parts.map(\.text)) + "."
        case .dates(let list):
            let days = English.count(list.days.count, "listed date")
            return "At \(timeOfDayText(list.secondOfDay)) on \(days)."
        case .businessDay(let rule):
            let months = (1...12).filter { rule.months & (1 << UInt32($0)) != 0 }
            let place =
                months.count == 12
                ? "every month" : English.list(months.map(English.month))
            let size = abs(rule.index)
            let day =
                rule.index > 0
                ? "the \(English.ordinal(size)) business day"
                : size == 1
                    ? "the last business day"
                    : "the \(English.ordinal(size)) business day from the end"
            return "At \(timeOfDayText(rule.secondOfDay)) on \(day) of \(place)."
        }
    }

    /// What happens on days without business.
    var calendarNote: String? {
        guard let calendar else { return nil }
        if parts.allSatisfy({ if case .businessDay = $0.kind { true } else { false } }) {
            return "Business days are those of calendar \(calendar.name)."
        }
        let action =
            switch onHoliday {
            case .skip: "are skipped"
            case .run: "run all the same"
            case .nextBusinessDay: "move to the next business day"
            case .previousBusinessDay: "move to the business day before"
            }
        return "Slots on weekends and holidays of calendar \(calendar.name) \(action)."
    }

    /// What the zone's next two clock changes do to the rule.
    func zoneNotes(from instant: Instant) -> [String] {
        switch kind {
        case .every, .reboot: return []
        case .cron, .businessDay, .dates, .several: break
        }
        let changes = zone.changes(after: instant, limit: 2).filter {
            $0.at.since(instant) < 2 * 366 * 86_400_000
        }
        if changes.isEmpty { return ["Clocks in \(zone.name) don't change."] }
        return changes.map { change in
            let before = LocalDateTime(localSeconds: change.at.seconds + Int64(change.offsetBefore))
            let after = LocalDateTime(localSeconds: change.at.seconds + Int64(change.offsetAfter))
            let isForward = change.offsetAfter > change.offsetBefore
            return "Clocks in \(zone.name) go \(isForward ? "forward" : "back") on "
                + "\(English.date(before.date)), from \(before.timeText) to \(after.timeText): "
                + effect(of: change, isForward: isForward) + "."
        }
    }

    /// What one change does.
    private func effect(of change: Zone.Change, isForward: Bool) -> String {
        if case .several(let parts) = kind {
            let effects = parts.map { rule(of: $0).effect(of: change, isForward: isForward) }
            guard let first = effects.first, effects.contains(where: { $0 != first }) else {
                return effects.first ?? ""
            }
            return zip(parts, effects).map { "\"\($0.text)\": \($1)" }.joined(separator: "; ")
        }
        // Elapsed time runs on whatever the clocks show.
        if case .every = kind { return "no time of this rule is concerned" }
        let size = abs(change.offsetAfter - change.offsetBefore)
        if size > 3 * 3600 { return "more than three hours, so nothing is made up for" }
        let low = change.at.seconds + Int64(min(change.offsetBefore, change.offsetAfter))
        guard hasWallTimes(from: low, to: low + Int64(size)) else {
            return "no time of this rule is concerned"
        }
        let isWild = if case .cron(let rule) = kind { rule.isWild } else { false }
        let behaviour = dst.behaviour(isWild: isWild)
        let star =
            isWild && dst == .cron
            ? " (a time field begins with ‘*’, so the rule follows the wall clock)" : ""
        if isForward {
            return behaviour.runsAfterGap
                ? "what falls in between runs once, right after the change"
                : "what falls in between doesn't run" + star
        }
        switch behaviour.repeats {
        case .first: return "what falls in between runs once, the first time"
        case .last: return "what falls in between runs once, the second time"
        case .both: return "what falls in between runs both times" + star
        }
    }

    /// Whether the rule has a wall time in a range, on a clock without changes.
    private func hasWallTimes(from: Int64, to: Int64) -> Bool {
        let plain = FiringRule(
            kind: kind, zone: .utc, dst: dst, calendar: calendar, onHoliday: onHoliday)
        guard let next = plain.next(after: Instant(seconds: from - 1)) else { return false }
        return next.at.seconds < to
    }
}
