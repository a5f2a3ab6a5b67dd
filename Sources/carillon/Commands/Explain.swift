import ArgumentParser
import Timetable

/// `carillon explain`: a cron expression in words.
struct Explain: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say a cron expression in words, with its next five fire times.",
        discussion: """
            Tells when the expression fires, which rule holds if both a day of the month and a \
            weekday are given, and what happens when the zone's clocks change.

              carillon explain '0 6 * * 1-5' --timezone America/New_York
              carillon explain '0 0 13 * FRI'

            Without --timezone (or a CRON_TZ= prefix) the times are in UTC.
            """)

    @Argument(help: ArgumentHelp("The expression, in quotes.", valueName: "expr"))
    var expression: String

    @Option(help: ArgumentHelp("The IANA zone, such as Europe/Berlin.", valueName: "zone"))
    var timezone: String?

    @Option(help: ArgumentHelp("Start here instead of now.", valueName: "time"))
    var from: String?

    func run(in environment: CommandEnvironment) async throws {
        let parsed: CronExpression
        do {
            parsed = try CronExpression(expression)
        } catch {
            throw CommandFailure(.usage, "\(error)")
        }
        let named = timezone ?? (parsed.zoneName == nil ? "UTC" : nil)
        let made = try ExpressionRule.make(
            expression, timezone: named, zones: ZoneShelf(environment.host)
        ).mapError { CommandFailure(.usage, $0.message) }.get()
        let start: Instant =
            if let from {
                try TimeArgument.parse(from, zone: made.zone)
                    .mapError { CommandFailure(.usage, "--from \(from): \($0.message)") }.get()
            } else {
                environment.now()
            }
        for sentence in CronWords.sentences(withoutZone(expression)) { environment.line(sentence) }
        if made.rule.isReboot { return }
        if made.rule.isNever {
            environment.line("It never fires: no day of any year matches.")
            return
        }
        if case .cron = parsed.trigger { environment.line(clockChanges(made, start)) }
        environment.line()
        var table = TextTable([.init("LOCAL"), .init("UTC"), .init("NOTES")])
        for row in ScheduleTimes.rows(made.rule, after: start, count: 5) {
            table.add([.init(row.local), .init(row.at.iso8601), .init(row.note)])
        }
        environment.write(
            table.rows.isEmpty ? "It has no more fire times.\n" : table.text(environment.style))
    }

    private func withoutZone(_ text: String) -> String {
        guard text.hasPrefix("CRON_TZ=") || text.hasPrefix("TZ="),
            let blank = text.firstIndex(where: { $0 == " " || $0 == "\t" })
        else { return text }
        return String(text[text.index(after: blank)...].drop { $0 == " " || $0 == "\t" })
    }

    /// What clock changes mean for the rule, if the zone has any within a year.
    private func clockChanges(_ made: ExpressionRule, _ start: Instant) -> String {
        let day: Int64 = 86_400_000
        let offsets = Set(
            (0...370).map { days in
                made.zone.offsetSeconds(at: start.adding(milliseconds: Int64(days) * day))
            })
        guard offsets.count > 1 else {
            return "The clocks of \(made.zone.name) don't change within the next year."
        }
        if CronWords.isWild(withoutZone(expression)) {
            return
                "When the clocks of \(made.zone.name) change, it follows the wall clock, because "
                + "a field of the time begins with *: times that are jumped over don't fire, "
                + "times that come twice fire twice."
        }
        return
            "When the clocks of \(made.zone.name) change, a time that is jumped over fires right "
            + "after the jump, and a time that comes twice fires once, the first time."
    }
}
