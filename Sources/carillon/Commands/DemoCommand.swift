import ArgumentParser
import Config
import Console

/// `carillon demo`: the whole system on an embedded sandbox.
struct DemoCommand: CarillonCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Show the whole system on an embedded sandbox, minutes compressed into seconds.",
        discussion: """
            Starts a Processes API and the daemon on this machine, with five schedules and a few \
            faults that heal: an answer that is lost, a rate limit, a failing gateway. Shows a live \
            table and the address of the dashboard, and at the end how to see what happened.

              carillon demo
              carillon demo --for 30s --dir ./demo
            """)

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("How long it plays, 10s to 1h.", valueName: "DURATION"))
    var duration = "60s"

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The folder for its files; it must not hold a database yet.", valueName: "D"))
    var dir: String?

    @Option(
        name: .long, help: ArgumentHelp("Port of the dashboard; 0: any free one.", valueName: "N"))
    var port = 0

    func run(in environment: CommandEnvironment) async throws {
        guard let milliseconds = DurationText.milliseconds(duration),
            (10_000...3_600_000).contains(milliseconds)
        else {
            throw CommandFailure(.usage, "--for \(duration) is not a duration from 10s to 1h")
        }
        let play = DemoPlay(
            folder: try DemoFolder.make(dir), milliseconds: milliseconds, httpPort: port,
            environment: environment)
        try await play.perform()
        let report = try DemoReport(play, now: environment.now())
        for line in report.lines { environment.line(line) }
        if !report.comparison.differences.isEmpty { throw CommandFailure(.failed) }
    }
}
