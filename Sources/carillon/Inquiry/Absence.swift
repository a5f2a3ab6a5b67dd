import Config
import Console
import Engine
import Store
import Timetable

/// Why there is no slot at an instant, or on a day.
struct Absence {
    let schedule: String
    /// One instant, or those of the day.
    let instants: Range<Instant>
    /// Nil: an instant was asked for.
    let day: CivilDate?
    let now: Instant
    let reader: LedgerReader
    let host: any HostReading

    /// What the schedule was at a time, as the ledger keeps it.
    private struct Revision {
        var state: ScheduleState
        var rule: String
        var timezone: String
        var since: Instant
        var key: FiringKey?

        init?(_ table: LedgerTable) {
            guard !table.rows.isEmpty else { return nil }
            func value(_ column: String) -> String { table.value(column, row: 0).words ?? "" }
            state = ScheduleState(rawValue: value("state")) ?? .setAside
            (rule, timezone) = (value("rule"), value("timezone"))
            since = Instant(iso8601: value("effective_at")) ?? Instant(seconds: 0)
            key = FiringKey(value("firing_key"))
        }
    }

    /// An instant as what a sentence is about.
    static func instants(of instant: Instant) -> Range<Instant> {
        instant..<instant.adding(milliseconds: 1)
    }

    private var instant: Instant { instants.lowerBound }

    /// What there is to say of a slot without a row, or of there being none.
    struct Said {
        /// Nil: there is no slot.
        var slotAt: Instant?
        var sentence: String
    }

    /// One sentence, or one for each slot of the day.
    ///
    /// - Parameter slotsMax: of a day no more are told one by one.
    /// - Returns: what to tell, never empty.
    /// - Throws: `StoreError` if the ledger can't be read.
    func said(slotsMax: Int) throws -> [Said] {
        guard let then = try revision() else {
            return [Said(sentence: no(instant.iso8601) + ": the schedule was not known then")]
        }
        let slots = Array(slots(then).prefix(slotsMax))
        return slots.isEmpty ? [Said(sentence: try none(then))] : try said(slots, then)
    }

    /// Sentences on the day's slots by the rule that have no row, or no longer.
    ///
    /// - Parameters:
    ///   - known: instants that have a row.
    ///   - isCut: there may be earlier ones.
    ///   - slotsMax: no more are told one by one.
    /// - Returns: what to tell, the earliest first.
    /// - Throws: `StoreError` if the ledger can't be read.
    func rest(behind known: Set<Instant>, isCut: Bool, slotsMax: Int) throws -> [Said] {
        guard let then = try revision() else { return [] }
        // A row may be made ahead of those before it, and theirs may be removed as old. Rows there
        // should be, and are not, behind all others only: what zone data has moved is no loss.
        let last = known.filter { $0 <= now }.max()
        let cursor = try reader.cursor(of: schedule)
        let pruned = try reader.prunedBefore()
        let first = isCut ? known.min() : nil
        let slots = slots(then).filter { slot in
            if known.contains(slot.at) || first.map({ slot.at < $0 }) ?? false { return false }
            return last.map { slot.at > $0 } ?? true || cursor.map { slot.at > $0 } ?? true
                || pruned.map { slot.at < $0 } ?? false
        }
        return try said(Array(slots.prefix(slotsMax)), then)
    }

    /// What the schedule was: of a day its end counts, for one that came or changed on it had its
    /// slots after that.
    private func revision() throws -> Revision? {
        Revision(try reader.revision(schedule: schedule, at: last))
    }

    private var last: Instant { instants.upperBound.adding(milliseconds: -1) }
    private var isFuture: Bool { last > now }

    /// The slots that the rule makes within the instants, while the schedule was or will be active.
    private func slots(
        _ then: Revision
    ) -> some Sequence<Occurrence> {
        let begin = max(then.since, then.key?.active.from ?? instant, instant)
            .adding(milliseconds: -1)
        let rule = then.state == .active ? rule(then) : nil
        return sequence(state: begin) { last -> Occurrence? in
            guard let next = rule?.next(after: last), instants.contains(next.at),
                then.key?.active.contains(next.at) == true
            else { return nil }
            last = next.at
            return next
        }
    }

    /// Nil: by hand, after another one, at a start, or in words that no longer mean anything.
    private func rule(_ then: Revision) -> FiringRule? {
        let rule = then.key.flatMap { RuleSource.compile($0.ruleSource, host: host) }
        return rule?.isReboot == false ? rule : nil
    }

    private func said(_ slots: [Occurrence], _ then: Revision) throws -> [Said] {
        guard !slots.isEmpty else { return [] }
        // The daemon's own list knows of pauses too.
        var filter = LedgerFilter()
        (filter.schedule, filter.limit) = (schedule, 100)
        let upcoming = try reader.upcoming(filter)
        let cursor = try reader.cursor(of: schedule)
        return try slots.map { slot in
            guard slot.at <= now else {
                return Said(slotAt: slot.at, sentence: coming(slot, then, upcoming))
            }
            return Said(slotAt: slot.at, sentence: try rowless(slot.at, then, cursor))
        }
    }

    /// Why a slot by the rule that was due has no row.
    private func rowless(_ at: Instant, _ then: Revision, _ cursor: Instant?) throws -> String {
        guard let cursor, cursor >= at else {
            return
                "\(local(at, then)) is a slot of \(schedule) by its rule \(then.rule), but has no row "
                + "yet: \(try daemonState()); it gets one with its reason at the next turn"
        }
        let isPruned = try reader.prunedBefore().map { at < $0 } ?? false
        return
            "\(local(at, then)) was a slot of \(schedule) by its rule \(then.rule), but its row is "
            + (isPruned
                ? "no longer in the ledger: history of that time was removed (keep_history, prune)"
                : "missing, which should never happen: keep a copy of the database and report it")
    }

    /// Why the rule makes none.
    private func none(_ then: Revision) throws -> String {
        let no = no(local(instant, then))
        guard then.state == .active else {
            return isFuture
                ? "\(no): it is \(then.state.rawValue) since \(then.since.iso8601)"
                : "\(no): it was \(then.state.rawValue) then, since \(then.since.iso8601)"
        }
        let words = "its rule \(isFuture ? "is" : "then was") \(then.rule) (\(then.timezone))"
        guard let rule = rule(then) else {
            if instant > now {
                return "\(day.map(Self.words) ?? local(instant, then)) is still to come, and no "
                    + "slot that is known yet: \(words)"
            }
            let soFar = isFuture ? "\(no) so far" : no
            return "\(soFar): \(words)" + (try nearest()) + (try unmatched())
        }
        let before = max(instant, then.since).adding(milliseconds: -1)
        if let key = then.key, let next = rule.next(after: before), instants.contains(next.at) {
            let window = [
                key.active.from.map { "active_from \($0.iso8601)" },
                key.active.until.map { "active_until \($0.iso8601)" },
            ].compactMap(\.self).joined(separator: ", ")
            return "\(no): it lies outside its active time (\(window))"
        }
        return "\(no): \(words)" + (isFuture ? next(rule, then) : try nearest())
    }

    private func no(_ written: String) -> String {
        day.map { "\(schedule) has no slot on \(Self.words($0))" }
            ?? "\(written) is not a slot of \(schedule)"
    }

    /// A day with the name of its weekday, which is why many a schedule has no slot on it.
    private static func words(_ day: CivilDate) -> String {
        let names = [
            "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
        ]
        return "\(names[day.weekday]), \(day.iso8601)"
    }

    private func local(_ instant: Instant, _ revision: Revision) -> String {
        guard let zone = ZoneShelf.zone(revision.timezone, on: host) else {
            return instant.iso8601
        }
        return instant.iso8601(offsetSeconds: zone.offsetSeconds(at: instant))
    }

    private func coming(
        _ occurrence: Occurrence, _ revision: Revision, _ upcoming: LedgerTable
    ) -> String {
        let row = upcoming.rows.indices.first {
            upcoming.value("slot_at", row: $0).words == occurrence.at.iso8601
        }
        var note = row.flatMap { upcoming.value("note", row: $0).words } ?? ""
        if note.isEmpty {
            switch occurrence.decision {
            case .run: note = occurrence.note ?? ""
            case .skipped(let reason): note = "will be skipped: \(reason)"
            case .coalesced(let reason): note = "will be coalesced: \(reason)"
            }
            note = [note, occurrence.ruleNote ?? ""].filter { !$0.isEmpty }
                .joined(separator: "; ")
        }
        return "\(local(occurrence.at, revision)) is a slot of \(schedule) that is still to come"
            + (note.isEmpty ? "" : " (\(note))")
    }

    private func next(_ rule: FiringRule, _ then: Revision) -> String {
        let active = then.key?.active ?? ActiveWindow()
        let begin = max(now, active.from?.adding(milliseconds: -1) ?? now)
        let times = rule.occurrences(after: begin).prefix(2).filter { active.contains($0.at) }
            .map { $0.at.iso8601(offsetSeconds: $0.utcOffsetSeconds) }
        return times.isEmpty
            ? "" : "; the next slot\(times.count == 1 ? " is" : "s are") \(Words.and(times))"
    }

    /// That ends which it waits for together never came together, as long as `attention` says so.
    private func unmatched() throws -> String {
        let attention = try reader.attention()
        let row = attention.rows.indices.first {
            attention.value("kind", row: $0).words == AlarmKind.unmatched.rawValue
                && attention.value("subject", row: $0).words == schedule
        }
        return row.flatMap { attention.value("sentence", row: $0).words }.map { "; \($0)" } ?? ""
    }

    private func nearest() throws -> String {
        let near = try reader.neighbours(schedule: schedule, of: instant)
        let slots = near.rows.indices.compactMap { near.value("slot_local", row: $0).words }
        return slots.isEmpty
            ? ""
            : slots.count == 1
                ? "; the nearest slot is \(slots[0])"
                : "; the nearest slots are \(Words.and(slots))"
    }

    private func daemonState() throws -> String {
        let status = try reader.status()
        guard !status.showsRunningDaemon(host) else {
            return "the daemon runs, but has not come to it"
        }
        let last = status.rows.isEmpty ? nil : status.value("last_turn_at", row: 0).words
        return "the daemon is not running" + (last.map { ", its last turn was at \($0)" } ?? "")
    }
}
