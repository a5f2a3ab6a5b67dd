import ArgumentParser
import Console

/// `carillon trigger`: start a schedule's process now.
struct Trigger: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start a schedule's process now, once.",
        discussion: """
            A manual slot ignores pause, windows, calendar and start_within. While a run of the process is \
            open it ends with 4, unless --force is given.

            The command can be lost and is then sent again: the daemon knows it by its UUID and \
            starts nothing twice. Where a command with --tag breaks off, it says which --uuid goes on \
            with it. With --wait it ends when the run ends, or stands in error until a person fixes \
            it: 0 succeeded, 4 held (a person must decide), 1 otherwise.

              carillon trigger gl-refresh --reason 'late journal entries'
              carillon trigger gl-refresh --wait
              carillon trigger --tag ledger

            With --slot it makes up for one slot of the past that was missed, skipped, expired or has \
            failed: once, with that slot's date in names. Many at once: carillon backfill.

              carillon trigger gl-refresh --slot 2026-11-27T06:00
            """)

    @OptionGroup var control: ControlOptions
    @OptionGroup var target: ScheduleOrTag

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Make up for this slot: 2026-11-27T06:00, yesterday 06:00; local to the schedule's zone.",
            valueName: "time"))
    var slot: String?

    @Option(help: ArgumentHelp("Why, for the ledger.", valueName: "text"))
    var reason: String?

    @Flag(help: "Start even while a run of the process is open.")
    var force = false

    @Flag(help: "Wait until the run has ended.")
    var wait = false

    @Option(
        help: ArgumentHelp(
            "A UUID of your own: a repeat with the same one answers with the same slot.",
            valueName: "uuid"))
    var uuid: String?

    mutating func validate() throws {
        if target.tag != nil, slot != nil {
            throw ValidationError("--slot is one schedule's; give it with a schedule.")
        }
    }

    func run(in environment: CommandEnvironment) async throws {
        let answers = try await control.perform(
            target.schedule, tag: target.tag, environment,
            uuid: uuid ?? environment.makeUUID()
        ) { name in
            var message = ControlMessage(verb: slot == nil ? "trigger" : "make-up")
            message.schedule = name
            message.reason = reason
            message.force = force
            if let slot, let name {
                message.at = try control.slot(slot, of: name, environment).iso8601
            }
            return message
        }
        guard wait else { return }
        let progress = SlotWait(
            ledger: { try control.ledger(environment) }, environment: environment)
        for slotID in answers.compactMap(\.slotID) {
            try await progress.end(of: slotID) { words in
                if !control.json { environment.line(Printable.escaped(words)) }
            }
        }
    }
}
