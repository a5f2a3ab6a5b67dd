import ArgumentParser
import Console
import Dashboard
import JSON

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
        completion: .schedules)
    var schedule: String

    @Argument(help: ArgumentHelp("When.", valueName: "time"))
    var time: String

    func run(in environment: CommandEnvironment) async throws {
        let reader = try ledger.open(environment)
        let found = try ScheduleName(schedule, in: reader)
        let name = found.present
        if let renamedAt = found.renamedAt {
            environment.note(
                Printable.escaped(
                    "\(schedule) is called \(name) since \(renamedAt.iso8601)", limit: 300))
        }
        let instant = try LedgerTimes(reader: reader, environment: environment).slot(time, of: name)
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
}
