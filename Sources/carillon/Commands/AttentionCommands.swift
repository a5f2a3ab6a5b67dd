import ArgumentParser
import Console
import Store
import Timetable

/// `carillon attention`: what needs a person.
struct Attention: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "List what needs a person, the oldest first, each with the command to copy.",
        discussion: """
            Held and failed slots, slots that were missed or expired, runs in error, lost or over \
            time, blocked connections, a refused configuration: each with since when, one sentence, \
            and what to do. An empty list is a good day. carillon ack takes a row out of sight.

              carillon attention
              carillon attention --exit-code --json     for a script: ends with 1 if there is anything
              carillon attention --tag close --exit-code

            With a schedule, a tag or a connection it is what concerns them: their slots and runs, \
            and their connection. What concerns the host or the daemon is listed without.
            """)

    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var list: ListOptions
    @OptionGroup var period: PeriodOptions
    @OptionGroup var scope: ScopeOptions

    @Flag(help: "Also the rows that somebody took out of sight.")
    var all = false

    @Flag(help: "End with 1 where anything needs a person.")
    var exitCode = false

    func run(in environment: CommandEnvironment) async throws {
        let reader = try ledger.open(environment)
        var filter = try period.filter(reader, environment)
        try scope.narrow(&filter, reader)
        let rows = try reader.attention(filter, isAcknowledgedToo: all)
        let isList = ledger.json || list.csv || list.wide || environment.style.width == nil
        if isList || rows.rows.isEmpty {
            let columns: [LedgerOutput.Column] = [
                .init("since_at", "SINCE"), .init("kind", "KIND"), .init("subject", "SUBJECT"),
                .init("id", "ID"), .init("acknowledged_by", "ACKNOWLEDGED BY"),
                .init("what_to_do", "WHAT TO DO"),
            ]
            try ledger.show(rows, columns, list, "nothing needs attention", environment)
        } else {
            show(rows, environment)
        }
        let isAnything = rows.rows.indices.contains {
            rows.value("acknowledged_by", row: $0) == .null
        }
        if exitCode, isAnything { throw CommandFailure(.failed) }
    }

    /// A paragraph for each row: a command must be there whole, to be copied.
    private func show(_ table: LedgerTable, _ environment: CommandEnvironment) {
        let (style, now) = (environment.style, environment.now())
        let room = max(20, (style.width ?? 80) - 4)
        for row in table.rows.indices {
            func value(_ column: String) -> String {
                Printable.escaped(table.value(column, row: row).words ?? "")
            }
            if row > 0 { environment.line() }
            let since =
                Instant(iso8601: value("since_at"))
                .map { RelativeTime.text($0, now: now) } ?? value("since_at")
            let head = "\(value("kind"))  \(value("subject"))  \(since)  [\(value("id"))]"
            for (number, line) in TextWidth.wrapped(head, to: room + 4).enumerated() {
                environment.line(number == 0 ? style.bold(line) : line)
            }
            for line in TextWidth.wrapped(value("sentence"), to: room) {
                environment.line("    " + line)
            }
            if !value("acknowledged_by").isEmpty {
                environment.line(
                    "    out of sight by \(value("acknowledged_by")): "
                        + value("acknowledged_reason"))
            }
            environment.line("    " + style.colored(value("command"), .green))
        }
    }
}

/// `carillon ack`: a row of attention has been seen.
struct Acknowledge: CarillonCommand {
    static let configuration = CommandConfiguration(
        commandName: "ack",
        abstract: "Take a row of attention out of sight, with a reason.",
        discussion: """
            ID stands in brackets in carillon attention. The row is back when it changes (another \
            slot is missed, another error is met), or at --until. Nothing else changes by it, and \
            the audit says who did it.

              carillon ack s4711 --reason 'Ann asks the vendor' --until tomorrow
              carillon attention --all        what is out of sight, too
            """)

    @OptionGroup var control: ControlOptions

    @Argument(help: ArgumentHelp("The row.", valueName: "id"))
    var id: String

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("In sight again from then on, in any case.", valueName: "time"))
    var until: String?

    @Option(help: ArgumentHelp("Why, for the audit.", valueName: "text"))
    var reason: String

    func run(in environment: CommandEnvironment) async throws {
        var message = ControlMessage(verb: "ack")
        message.row = id
        message.reason = reason
        message.until = try until.map {
            try control.instant($0, schedule: nil, "--until", environment).iso8601
        }
        try await control.perform(message, environment)
    }
}
