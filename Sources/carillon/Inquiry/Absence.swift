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
        var since: String
        var key: FiringKey?

        init?(_ table: LedgerTable) {
            guard !table.rows.isEmpty else { return nil }
            func value(_ column: String) -> String { table.value(column, row: 0).words ?? "" }
            state = ScheduleState(rawValue: value("state")) ?? .setAside
            (rule, timezone) = (value("rule"), value("timezone"))
            since = value("effective_at")
            key = FiringKey(value("firing_key"))
        }
    }

    /// An instant as what a sentence is about.
    static func instants(of instant: Instant) -> Range<Instant> {
        instant..<instant.adding(milliseconds: 1)
    }

    private var instant: Instant { instants.lowerBound }

    func sentence() throws -> String {
        // Of a day its end counts: a schedule that came or changed on it had its slots after that.
        let last = instants.upperBound.adding(milliseconds: -1)
        guard let then = Revision(try reader.revision(schedule: schedule, at: last)) else {
            return no(instant.iso8601) + ": the schedule was not known then"
        }
        let isFuture = instant > now
        let no = no(local(instant, then))
        guard then.state == .active else {
            return isFuture
                ? "\(no): it is \(then.state.rawValue) since \(then.since)"
                : "\(no): it was \(then.state.rawValue) then, since \(then.since)"
        }
        let rule = "its rule \(isFuture ? "is" : "then was") \(then.rule) (\(then.timezone))"
        guard let compiled = then.key.flatMap({ RuleSource.compile($0.ruleSource, host: host) }),
            !compiled.isReboot
        else {
            // By hand, after another one, at a start, or in words that no longer mean anything.
            return isFuture
                ? "\(day.map(Self.words) ?? local(instant, then)) is still to come, and no slot that "
                    + "is known yet: \(rule)"
                : "\(no): \(rule)" + (try nearest()) + (try unmatched())
        }
        let before = max(instant, Instant(iso8601: then.since) ?? instant).adding(milliseconds: -1)
        guard let occurrence = compiled.next(after: before), instants.contains(occurrence.at) else {
            return "\(no): \(rule)" + (isFuture ? next(compiled) : try nearest())
        }
        let at = occurrence.at
        if let key = then.key, !key.active.contains(at) {
            let window = [
                key.active.from.map { "active_from \($0.iso8601)" },
                key.active.until.map { "active_until \($0.iso8601)" },
            ].compactMap(\.self).joined(separator: ", ")
            return "\(no): it lies outside its active time (\(window))"
        }
        if at > now { return try coming(occurrence, then) }
        guard let cursor = try reader.cursor(of: schedule), cursor >= at else {
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

    private func coming(_ occurrence: Occurrence, _ revision: Revision) throws -> String {
        var filter = LedgerFilter()
        filter.schedule = schedule
        filter.limit = 10
        // The daemon's own list knows of pauses too.
        let upcoming = try reader.upcoming(filter)
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

    private func next(_ rule: FiringRule) -> String {
        let times = rule.occurrences(after: now).prefix(2).map {
            $0.at.iso8601(offsetSeconds: $0.utcOffsetSeconds)
        }
        return times.isEmpty ? "" : "; the next slots are \(Words.and(Array(times)))"
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
