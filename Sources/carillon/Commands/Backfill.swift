import ArgumentParser
import Config
import Console
import Engine
import JSON
import Store
import Timetable

/// `carillon backfill`: make up for the slots of a range.
struct Backfill: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make up for the slots of a range that came to nothing.",
        discussion: """
            Shows which slots were missed, expired or have failed and would be made up for; with \
            --yes it does it. They start one after another at the pace of catchup_per_minute, each once, \
            with its own date in names; while a run of the process is open they wait. At most 100 at once. \
            Skipped slots are left alone without --skipped, and what unless_done found done always is.

              carillon backfill gl-refresh --from 2026-11-23 --to 2026-11-27T23:59
              carillon backfill gl-refresh --from 2026-11-23 --to 2026-11-27T23:59 --yes
            """)

    @OptionGroup var control: ControlOptions

    @Argument(
        help: ArgumentHelp("The schedule.", valueName: "schedule"),
        completion: .schedules)
    var schedule: String

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The first instant: 2026-11-23, yesterday 06:00; local to the schedule's zone.",
            valueName: "time"))
    var from: String

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The last instant, itself included.", valueName: "time"))
    var to: String

    @Option(help: ArgumentHelp("Why, for the ledger.", valueName: "text"))
    var reason: String?

    @Flag(help: "Also slots that were skipped: pauses, holidays, overlap.")
    var skipped = false

    @Flag(help: "Do it; without this it is only shown.")
    var yes = false

    func run(in environment: CommandEnvironment) async throws {
        func instant(_ text: String, _ option: String) throws -> Instant {
            try control.instant(
                text, schedule: schedule, option, environment, direction: .back)
        }
        let first = try instant(from, "--from")
        let last = try instant(to, "--to")
        guard first <= last else {
            throw CommandFailure(.usage, "--from is later than --to: nothing lies between them")
        }
        guard yes else { return try preview(from: first, through: last, environment) }
        var message = ControlMessage(verb: "backfill")
        message.schedule = schedule
        message.from = first.iso8601
        message.until = last.iso8601
        message.reason = reason
        message.skipped = skipped
        try await control.perform(message, environment)
    }

    private func preview(
        from: Instant, through: Instant, _ environment: CommandEnvironment
    ) throws {
        let reader = try control.ledger(environment)
        let table = MakeUpTable(
            slots: try reader.pastSlots(
                schedule: try ScheduleName.checked(schedule, in: reader), from: from,
                through: through, limit: MakeUp.rangeMax + 1),
            takesSkipped: skipped)
        if control.json { return environment.write(JSONText.lines(table.json)) }
        guard !table.slots.isEmpty else {
            throw CommandFailure(
                .notFound,
                "\(schedule) had no slot from \(from.iso8601) to \(through.iso8601)")
        }
        environment.write(table.text(environment.style))
        environment.note(table.summary)
    }
}
