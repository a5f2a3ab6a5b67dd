import ArgumentParser
import Console
import Dashboard
import JSON
import Store
import Timetable

/// `carillon why`: why a slot ended as it did, or why there was none.
struct Why: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say in a sentence why a slot ended as it did, or why there was none.",
        discussion: """
            TIME is ISO 8601 with an offset, or local in the zone that the schedule had then: \
            06:00, yesterday 06:00, 2026-11-02T06:00. A schedule that was removed or renamed is \
            known by its old name too. A day, such as yesterday or 2026-11-04, means all of its slots.

              carillon why gl-refresh 06:00
              carillon why gl-refresh 2026-11-04

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
        let times = LedgerTimes(reader: reader, environment: environment)
        let day = try times.day(time, of: name)
        let instants = try day?.instants ?? Absence.instants(of: times.slot(time, of: name))
        let slots = try slots(of: name, instants, isDay: day != nil, reader)
        if !slots.rows.isEmpty {
            if ledger.json { return environment.write(LedgerOutput.json(slots)) }
            for row in slots.rows.indices {
                environment.line(Printable.escaped(WhySentence.slot(slots, row: row)))
            }
            if slots.rows.count == Self.slotsMax, let date = day?.date.iso8601 {
                environment.note(
                    "these are the last \(Self.slotsMax) of the day; all: carillon history "
                        + "\(name) --since \(date) --limit 100000")
            }
            return
        }
        let answer = try Absence(
            schedule: name, instants: instants, day: day?.date, now: environment.now(),
            reader: reader, host: environment.host
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

    /// Of a day no more are told one by one.
    private static let slotsMax = 100

    /// The slots of an instant, or of a day, the oldest first.
    private func slots(
        of name: String, _ instants: Range<Instant>, isDay: Bool, _ reader: LedgerReader
    ) throws -> LedgerTable {
        guard isDay else { return try reader.slots(schedule: name, at: instants.lowerBound) }
        var filter = LedgerFilter()
        (filter.schedule, filter.limit) = (name, Self.slotsMax)
        (filter.since, filter.until) = (instants.lowerBound, instants.upperBound)
        var slots = try reader.history(filter)
        slots.rows.reverse()
        return slots
    }
}
