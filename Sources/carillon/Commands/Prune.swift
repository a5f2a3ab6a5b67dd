import ArgumentParser
import Config
import Console
import Timetable

/// `carillon prune`: remove old history.
struct Prune: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove slots, runs and errors that ended long ago.",
        discussion: """
            The daemon removes them a little at a time and goes on working; when it is done, audit \
            says how much went. The newest slot of a schedule and the newest run of a process stay, \
            and so does what attention shows. keep_history in [daemon] does the same every day.

              carillon backup /backup/carillon.db
              carillon prune --older-than 400d --reason 'kept for a year'
            """)

    @OptionGroup var control: ControlOptions

    @Option(help: ArgumentHelp("How old: 400d, at least 1d.", valueName: "duration"))
    var olderThan: String

    @Option(help: ArgumentHelp("Why, for the ledger.", valueName: "text"))
    var reason: String?

    private static let dayMilliseconds: Int64 = 86_400_000
    /// As long as the durations of the config.
    private static let daysMax: Int64 = 3_650_000

    func run(in environment: CommandEnvironment) async throws {
        guard let age = DurationText.milliseconds(olderThan), age >= Self.dayMilliseconds,
            age <= Self.daysMax * Self.dayMilliseconds
        else {
            throw CommandFailure(
                .usage,
                "--older-than \(Printable.escaped(olderThan, limit: 60)): write 400d; at least 1d")
        }
        var message = ControlMessage(verb: "prune")
        message.until = environment.now().adding(milliseconds: -age).iso8601
        message.reason = reason
        try await control.perform(message, environment)
    }
}
