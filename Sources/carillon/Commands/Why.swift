import ArgumentParser
import Store
import Timetable

/// `carillon why`: why a slot ended as it did, or why there was none.
struct Why: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say in one sentence why a slot ended as it did, or why there was none.",
        discussion: """
            TIME is ISO 8601 with an offset, or local in the schedule's zone.

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
        let names = try reader.scheduleNames()
        guard names.contains(schedule) else {
            throw CommandFailure(
                .notFound,
                "no schedule \"\(Printable.escaped(schedule, limit: 100))\" was ever known"
                    + NearestName.hint(schedule, in: names))
        }
        let zone = try ledger.zone(of: schedule, at: environment.now(), reader, environment)
        let instant = try TimeArgument.parse(time, zone: zone)
            .mapError { CommandFailure(.usage, "\(time): \($0.message)") }.get()
        let slots = try reader.slots(schedule: schedule, at: instant)
        if !slots.rows.isEmpty {
            if ledger.json { return environment.write(LedgerOutput.json(slots)) }
            for row in slots.rows.indices {
                environment.line(Printable.escaped(WhySentence.slot(slots, row: row)))
            }
            return
        }
        let answer = try absent(instant, reader, zone, environment)
        if ledger.json {
            environment.line(
                JSONText.object([
                    .init("schedule", .string(schedule)), .init("slot_at", .null),
                    .init("why", .string(answer)),
                ]).text)
            throw CommandFailure(.notFound)
        }
        throw CommandFailure(.notFound, Printable.escaped(answer))
    }

    /// Why there is no slot at the instant.
    private func absent(
        _ instant: Instant, _ reader: LedgerReader, _ zone: Zone?,
        _ environment: CommandEnvironment
    ) throws -> String {
        func local(_ instant: Instant) -> String {
            zone.map { instant.iso8601(offsetSeconds: $0.offsetSeconds(at: instant)) }
                ?? instant.iso8601
        }
        let revision = try reader.revision(schedule: schedule, at: instant)
        guard !revision.rows.isEmpty else {
            return "\(local(instant)) is not a slot of \(schedule): the schedule was not known then"
        }
        func value(_ column: String) -> String { revision.value(column, row: 0).words ?? "" }
        if value("state") != "active" {
            return "\(local(instant)) is not a slot of \(schedule): it was \(value("state")) then"
        }
        let rule = "its rule then was \(value("rule")) (\(value("timezone")))"
        if instant > environment.now() {
            let names = try upcoming(reader).joined(separator: ", ")
            let next = names.isEmpty ? "" : "; the next slots are \(names)"
            if names.contains(instant.iso8601) {
                return "\(local(instant)) is still to come"
            }
            return "\(local(instant)) is still to come and no slot that is known yet\(next)"
        }
        let near = try reader.neighbours(schedule: schedule, of: instant)
        let slots = near.rows.indices.compactMap { near.value("slot_local", row: $0).words }
        let nearest = slots.isEmpty ? "" : "; the nearest slots are \(Words.and(slots))"
        return "\(local(instant)) is not a slot of \(schedule): \(rule)\(nearest)"
    }

    private func upcoming(_ reader: LedgerReader) throws -> [String] {
        var filter = LedgerFilter()
        filter.schedule = schedule
        filter.limit = 10
        let table = try reader.upcoming(filter)
        return table.rows.indices.compactMap { table.value("slot_at", row: $0).words }
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
        default: sentence = "\(name) was \(disposition): \(reason)"
        }
        if disposition != "started", let error = value("last_error") {
            sentence += "; the last error was: \(error)"
        }
        return sentence + "."
    }
}
