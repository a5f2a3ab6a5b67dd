import ArgumentParser
import Config
import Console
import Timetable

/// `carillon explain`: a cron expression in words.
struct Explain: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say cron expressions in words, with the next five fire times.",
        discussion: """
            Tells when the expression fires, which rule holds if both a day of the month and a \
            weekday are given, and what the next changes of the zone's clocks do to it.

              carillon explain '0 6 * * 1-5' --timezone America/New_York
              carillon explain '0 0 13 * FRI'
              carillon explain '0 6 * * 1-5' '0 9 L * *'     as several rules of one schedule

            Without --timezone (or a CRON_TZ= prefix) the times are in UTC.
            """)

    @Argument(help: ArgumentHelp("The expressions, each in quotes.", valueName: "expr"))
    var expressions: [String]

    @Option(help: ArgumentHelp("The IANA zone, such as Europe/Berlin.", valueName: "zone"))
    var timezone: String?

    @Option(help: ArgumentHelp("Start here instead of now.", valueName: "time"))
    var from: String?

    @Option(help: ArgumentHelp("The schedule's name, which H is derived from.", valueName: "name"))
    var name: String?

    func run(in environment: CommandEnvironment) async throws {
        let made = try ExpressionRule.make(
            expressions, name: name, timezone: timezone, zoneOtherwise: "UTC",
            zones: ZoneShelf(environment.host)
        ).mapError { CommandFailure(.usage, $0.message) }.get()
        var start = environment.now()
        if let from {
            start = try TimeArgument.parse(from, zone: made.zone).said("--from", from)
        }
        let explanation = Explanation(made.rule, expressions: made.expressions, from: start)
        environment.line(explanation.text)
    }
}
