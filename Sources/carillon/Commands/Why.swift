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
        let absence = Absence(
            schedule: name, instants: instants, day: day?.date, now: environment.now(),
            reader: reader, host: environment.host)
        guard !slots.rows.isEmpty else { return try tell(absence, environment) }
        let rest =
            day == nil
            ? []
            : try absence.rest(
                behind: Self.ruleSlots(slots), isCut: slots.rows.count == Self.slotsMax,
                slotsMax: Self.slotsMax + 1)
        if ledger.json {
            let rows = slots.rows.indices.map { LedgerOutput.object(slots, row: $0) }
            return environment.write(
                JSONText.lines(rows + rest.prefix(Self.slotsMax).map { Self.object(name, $0) }))
        }
        tell(slots, rest.prefix(Self.slotsMax), environment)
        if day != nil, slots.rows.count == Self.slotsMax {
            environment.note(
                "these are the last \(Self.slotsMax) of the day that have a row; all: carillon "
                    + "history \(name) --since \(instants.lowerBound.iso8601) "
                    + "--until \(instants.upperBound.iso8601) --limit 100000")
        }
        tellLimit(rest, name, environment)
    }

    /// Slots with and without a row, as they follow each other.
    private func tell(
        _ slots: LedgerTable, _ rest: ArraySlice<Absence.Said>, _ environment: CommandEnvironment
    ) {
        var rest = rest
        for row in slots.rows.indices {
            let at = slots.value("slot_at", row: row).words.flatMap(Instant.init(iso8601:))
            while let said = rest.first, let before = said.slotAt,
                at.map({ before < $0 }) ?? false
            {
                environment.line(Printable.escaped(said.sentence) + ".")
                rest.removeFirst()
            }
            environment.line(Printable.escaped(WhySentence.slot(slots, row: row)))
        }
        for said in rest { environment.line(Printable.escaped(said.sentence) + ".") }
    }

    /// Says why the ledger has no row, and ends with 3.
    private func tell(_ absence: Absence, _ environment: CommandEnvironment) throws {
        let said = try absence.said(slotsMax: Self.slotsMax + 1)
        let shown = said.prefix(Self.slotsMax)
        if ledger.json {
            let objects = shown.map { Self.object(absence.schedule, $0) }
            if absence.day != nil {
                environment.write(JSONText.lines(objects))
            } else if let only = objects.first {
                environment.line(only.text)
            }
            throw CommandFailure(.notFound)
        }
        if shown.count == 1, let only = shown.first {
            throw CommandFailure(.notFound, Printable.escaped(only.sentence))
        }
        for one in shown { environment.note(Printable.escaped(one.sentence) + ".") }
        tellLimit(said, absence.schedule, environment)
        throw CommandFailure(.notFound)
    }

    /// Where a day has more slots than are told, the command that shows them.
    private func tellLimit(
        _ said: [Absence.Said], _ schedule: String, _ environment: CommandEnvironment
    ) {
        guard said.count > Self.slotsMax, let last = said[Self.slotsMax - 1].slotAt else { return }
        environment.note(
            "the day has more slots after these \(Self.slotsMax): carillon next \(schedule) "
                + "--from \(last.iso8601) -n 1000")
    }

    private static func object(_ schedule: String, _ said: Absence.Said) -> JSONText {
        JSONText.object([
            .init("schedule", .string(schedule)),
            .init("slot_at", said.slotAt.map { .string($0.iso8601) } ?? .null),
            .init("why", .string(said.sentence)),
        ])
    }

    /// When the rows are that the rule made.
    private static func ruleSlots(_ slots: LedgerTable) -> Set<Instant> {
        Set(
            slots.rows.indices.filter { slots.value("kind", row: $0).words == "rule" }
                .compactMap {
                    slots.value("slot_at", row: $0).words.flatMap(Instant.init(iso8601:))
                })
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
