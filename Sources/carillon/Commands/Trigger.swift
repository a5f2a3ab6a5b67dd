import ArgumentParser
import Console
import Store

/// `carillon trigger`: start a schedule's process now.
struct Trigger: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start a schedule's process now, once.",
        discussion: """
            A manual slot ignores pause, calendar and start_within. While a run of the process is \
            open it ends with 4, unless --force is given.

            The command can be lost and is then sent again: the daemon knows it by its UUID and \
            starts nothing twice. With --wait it ends when the run ends, or stands in error until a \
            person fixes it: 0 succeeded, 4 held (a person must decide), 1 otherwise.

              carillon trigger gl-refresh --reason 'late journal entries'
              carillon trigger gl-refresh --wait
            """)

    @OptionGroup var control: ControlOptions

    @Argument(
        help: ArgumentHelp("The schedule.", valueName: "schedule"),
        completion: LedgerWords.schedules)
    var schedule: String

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

    func run(in environment: CommandEnvironment) async throws {
        var message = ControlMessage(verb: "trigger")
        message.schedule = schedule
        message.reason = reason
        message.force = force
        message.uuid = uuid ?? environment.makeUUID()
        let answer = try await control.perform(message, environment)
        guard wait, let slotID = answer.slotID else { return }
        try await waitForEnd(of: slotID, environment)
    }

    /// Whether nothing more comes of a run in this status by itself.
    private static func isOver(runStatus: String) -> Bool {
        ["complete", "cancelled", "error", "errorHold"].contains(runStatus)
    }

    /// Reads the ledger until the slot's run has ended; the daemon may restart meanwhile.
    private func waitForEnd(of slotID: Int64, _ environment: CommandEnvironment) async throws {
        var shown = ""
        while true {
            let slot = try control.ledger(environment).slot(slotID)
            guard !slot.rows.isEmpty else { throw CommandFailure(.failed, "the slot is gone") }
            func value(_ column: String) -> String { slot.value(column, row: 0).words ?? "" }
            let disposition = value("disposition")
            let outcome = value("outcome")
            let state = [disposition, value("run_id"), value("run_status"), outcome]
                .filter { !$0.isEmpty }.joined(separator: " ")
            if state != shown, !control.json { environment.line(Printable.escaped(state)) }
            shown = state
            switch Disposition(rawValue: disposition) {
            case .started?:
                switch RunOutcome(rawValue: outcome) {
                case .succeeded?: return
                case .failed?, .cancelled?, .lost?:
                    throw CommandFailure(.failed, "the run ended: \(outcome)")
                case .attention? where Self.isOver(runStatus: value("run_status")):
                    // What ends so goes on only when a person has been there.
                    throw CommandFailure(
                        .failed,
                        "the run is \(Printable.escaped(value("run_status"))) and needs a person; "
                            + "see: carillon attention")
                case .attention?, .active?, nil: break
                }
            case .pending?, .starting?, .unknown?: break
            case .held?:
                throw CommandFailure(
                    .conflict,
                    "slot \(slotID) is held: \(Printable.escaped(value("reason"))); see: "
                        + "carillon attention")
            default:
                throw CommandFailure(
                    .failed,
                    "slot \(slotID) is \(disposition): "
                        + Printable.escaped(value("reason")))
            }
            await environment.sleep(1000)
        }
    }
}
