import ArgumentParser
import Config
import Console
import Dashboard
import Engine
import JSON
import Store
import Timetable

/// `carillon why`: why a slot ended as it did, or why there was none.
struct Why: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say in one sentence why a slot ended as it did, or why there was none.",
        discussion: """
            TIME is ISO 8601 with an offset, or local in the zone that the schedule had then: \
            06:00, yesterday 06:00, 2026-11-02T06:00. A schedule that was removed or renamed is \
            known by its old name too.

              carillon why gl-refresh 06:00

            Ends with 0 where there is a slot, with 3 where there is none.
            """)

    @OptionGroup var ledger: LedgerOptions

    @Argument(
        help: ArgumentHelp("The schedule.", valueName: "schedule"),
        completion: LedgerWords.schedules)
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
        let now = environment.now()
        func meant(_ zone: Zone?) -> Result<Instant, TimeArgument.Refusal> {
            zone.map { SpokenTime.parse(time, zone: $0, now: now, direction: .back) }
                ?? TimeArgument.parse(time, zone: nil)
        }
        func parsed(_ zone: Zone?) throws -> Instant {
            try meant(zone).mapError {
                CommandFailure(.usage, "\(Printable.escaped(time, limit: 60)): \($0.message)")
            }.get()
        }
        let present = try ledger.zone(of: name, at: now, reader, environment)
        if case .success(let instant) = meant(present),
            let then = try ledger.zone(of: name, at: instant, reader, environment),
            then.name != present?.name
        {
            return try parsed(then)
        }
        return try parsed(present)
    }
}
