import ArgumentParser
import Config
import Console
import Engine
import JSON
import Store
import Timetable

/// `carillon why`: why a slot ended as it did, or why there was none.
struct Why: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say in one sentence why a slot ended as it did, or why there was none.",
        discussion: """
            TIME is ISO 8601 with an offset, or local in the zone that the schedule had then. A \
            schedule that was removed or renamed is known by its old name too.

              carillon why gl-refresh 2026-11-02T06:00

            Ends with 0 where there is a slot, with 3 where there is none.
            """)

    @OptionGroup var ledger: LedgerOptions

    @Argument(help: ArgumentHelp("The schedule.", valueName: "schedule"))
    var schedule: String

    @Argument(help: ArgumentHelp("When.", valueName: "time"))
    var time: String

    func run(in environment: CommandEnvironment) async throws {
        let reader = try ledger.open(environment)
        let name = try presentName(reader, environment)
        let instant = try instant(of: name, reader, environment)
        let slots = try reader.slots(schedule: name, at: instant)
        if !slots.rows.isEmpty {
            if ledger.json { return environment.write(LedgerOutput.json(slots)) }
            for row in slots.rows.indices {
                environment.line(Printable.escaped(WhySentence.slot(slots, row: row)))
            }
            return
        }
        let answer = try Absence(
            schedule: name, instant: instant, now: environment.now(), reader: reader,
            host: environment.host
        ).sentence()
        if ledger.json {
            environment.line(
                JSONText.object([
                    .init("schedule", .string(name)), .init("slot_at", .null),
                    .init("why", .string(answer)),
                ]).text)
            throw CommandFailure(.notFound)
        }
        throw CommandFailure(.notFound, Printable.escaped(answer))
    }

    /// The name under which the ledger has the schedule now.
    private func presentName(
        _ reader: LedgerReader, _ environment: CommandEnvironment
    ) throws -> String {
        let names = try reader.scheduleNames()
        if names.contains(schedule) { return schedule }
        var name = schedule
        // Renamed more than once; a circle ends at a name that is in use.
        for _ in 0..<100 {
            guard let renaming = try reader.renaming(of: name) else { break }
            name = renaming.name
            guard names.contains(name) else { continue }
            environment.note(
                Printable.escaped(
                    "\(schedule) is called \(name) since \(renaming.at.iso8601)", limit: 300))
            return name
        }
        throw CommandFailure(
            .notFound,
            "no schedule \"\(Printable.escaped(schedule, limit: 100))\" was ever known"
                + NearestName.hint(schedule, in: names))
    }

    /// The instant that is meant: local in the zone of that time, which an edit may have changed.
    private func instant(
        of name: String, _ reader: LedgerReader, _ environment: CommandEnvironment
    ) throws -> Instant {
        func parsed(_ zone: Zone?) throws -> Instant {
            try TimeArgument.parse(time, zone: zone)
                .mapError { CommandFailure(.usage, "\(time): \($0.message)") }.get()
        }
        let now = environment.now()
        let present = try ledger.zone(of: name, at: now, reader, environment)
        if case .success(let instant) = TimeArgument.parse(time, zone: present),
            let then = try ledger.zone(of: name, at: instant, reader, environment),
            then.name != present?.name
        {
            return try parsed(then)
        }
        return try parsed(present)
    }
}

/// Why there is no slot at an instant.
private struct Absence {
    let schedule: String
    let instant: Instant
    let now: Instant
    let reader: LedgerReader
    let host: any HostReading

    /// What the schedule was at a time, as the ledger keeps it.
    private struct Revision {
        var state: String
        var rule: String
        var timezone: String
        var since: String
        var key: FiringKey?

        init?(_ table: LedgerTable) {
            guard !table.rows.isEmpty else { return nil }
            func value(_ column: String) -> String { table.value(column, row: 0).words ?? "" }
            (state, rule, timezone) = (value("state"), value("rule"), value("timezone"))
            since = value("effective_at")
            key = FiringKey(value("firing_key"))
        }
    }

    func sentence() throws -> String {
        guard let then = Revision(try reader.revision(schedule: schedule, at: instant)) else {
            return
                "\(instant.iso8601) is not a slot of \(schedule): the schedule was not known then"
        }
        let isFuture = instant > now
        let no = "\(local(then)) is not a slot of \(schedule)"
        guard then.state == "active" else {
            return isFuture
                ? "\(no): it is \(then.state) since \(then.since)"
                : "\(no): it was \(then.state) then, since \(then.since)"
        }
        let rule = "its rule \(isFuture ? "is" : "then was") \(then.rule) (\(then.timezone))"
        guard let compiled = then.key.flatMap({ RuleSource.compile($0.ruleSource, host: host) }),
            !compiled.isReboot
        else {
            // By hand, after another one, at a start, or in words that no longer mean anything.
            return isFuture
                ? "\(local(then)) is still to come, and no slot that is known yet: \(rule)"
                : "\(no): \(rule)" + (try nearest())
        }
        let before = instant.adding(milliseconds: -1)
        guard let occurrence = compiled.next(after: before), occurrence.at == instant else {
            return "\(no): \(rule)" + (isFuture ? next(compiled) : try nearest())
        }
        if let key = then.key, !key.isActive(instant) {
            let window = [
                key.activeFrom.map { "active_from \($0.iso8601)" },
                key.activeUntil.map { "active_until \($0.iso8601)" },
            ].compactMap(\.self).joined(separator: ", ")
            return "\(no): it lies outside its active time (\(window))"
        }
        if isFuture { return try coming(occurrence, then) }
        guard let cursor = try reader.cursor(of: schedule), cursor >= instant else {
            return
                "\(local(then)) is a slot of \(schedule) by its rule \(then.rule), but has no row "
                + "yet: \(try daemonState()); it gets one with its reason at the next turn"
        }
        let isPruned = try reader.prunedBefore().map { instant < $0 } ?? false
        return
            "\(local(then)) was a slot of \(schedule) by its rule \(then.rule), but its row is "
            + (isPruned
                ? "no longer in the ledger: history of that time was removed (keep_history, prune)"
                : "missing, which must never be: keep a copy of the database and report it")
    }

    private func local(_ revision: Revision) -> String {
        guard let zone = try? ZoneShelf(host).zone(revision.timezone).get() else {
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
            upcoming.value("slot_at", row: $0).words == instant.iso8601
        }
        var note = row.flatMap { upcoming.value("note", row: $0).words } ?? ""
        if note.isEmpty {
            switch occurrence.decision {
            case .run: note = occurrence.note ?? ""
            case .skipped(let reason): note = "will be skipped: \(reason)"
            case .coalesced(let reason): note = "will be coalesced: \(reason)"
            }
        }
        return "\(local(revision)) is a slot of \(schedule) that is still to come"
            + (note.isEmpty ? "" : " (\(note))")
    }

    private func next(_ rule: FiringRule) -> String {
        let times = rule.occurrences(after: now).prefix(2).map {
            $0.at.iso8601(offsetSeconds: $0.utcOffsetSeconds)
        }
        return times.isEmpty ? "" : "; the next slots are \(Words.and(Array(times)))"
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

/// One sentence about a slot.
enum WhySentence {
    static func slot(_ slots: LedgerTable, row: Int) -> String {
        func value(_ column: String) -> String? {
            slots.value(column, row: row).words.flatMap { $0.isEmpty ? nil : $0 }
        }
        let kind = value("kind").flatMap { $0 == "rule" ? nil : "\($0) " } ?? ""
        let name = "The \(kind)slot of \(value("schedule") ?? "?") at \(value("slot_local") ?? "?")"
        let disposition = value("disposition") ?? "?"
        let reason = value("reason") ?? ""
        var sentence: String
        switch disposition {
        case "started":
            sentence = "\(name) started run \(value("run_id") ?? "?")"
            if let attempts = value("attempts"), attempts != "0", attempts != "1" {
                sentence += " with its attempt number \(attempts)"
            }
            if let lag = value("start_lag_seconds") { sentence += ", \(lag) s after it was due" }
            sentence += " (\(reason))"
            if let status = value("run_status") { sentence += "; the run is \(status)" }
            if let outcome = value("outcome"), outcome != "active" { sentence += " (\(outcome))" }
        case "pending": sentence = "\(name) is still waiting: \(reason)"
        case "starting": sentence = "\(name) is being started: \(reason)"
        case "unknown":
            sentence = "\(name) may have started a run, which is being looked for: \(reason)"
        case "held":
            sentence =
                "\(name) is held until a person decides: \(reason); "
                + "carillon resolve \(value("slot_id") ?? "SLOT") --run RUN | --start | --drop"
        case "expired", "failed": sentence = "\(name) \(disposition): \(reason)"
        default: sentence = "\(name) was \(disposition): \(reason)"
        }
        if disposition != "started", let error = value("last_error") {
            sentence += "; the last error was: \(error)"
        }
        return sentence + "."
    }
}
