import ArgumentParser
import Engine
import Store
import Timetable

/// `carillon simulate`: the config on a virtual clock.
struct SimulateCommand: CarillonCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract:
            "Play the config on a virtual clock: what would start, overlap, wait or be missed?",
        discussion: """
            Runs the daemon's own engine and ledger, on a database that is thrown away, against \
            made-up processes with the names of yours; nothing is sent anywhere. Every run takes as \
            long as --run-takes says. With --down the daemon is killed for that time.

            WAITING are slots that were open when the play ended; WAIT is the slowest start, \
            counted from when it was due. Times without an offset are local, if all schedules have \
            one zone. Every request of the daemon is played: hundreds of schedules take minutes a \
            week.

              carillon simulate --from 2026-12-01T00:00 --to 2027-01-10T00:00 --run-takes 3h
              carillon simulate --from 2026-12-01T00:00Z --to 2026-12-08T00:00Z \\
                  --down 2026-12-02T05:00Z..2026-12-02T09:30Z
            """)

    private static let daysMax: Int64 = 400

    @OptionGroup var options: ConfigOptions

    @Option(help: ArgumentHelp("Where the play begins.", valueName: "time"))
    var from: String

    @Option(help: ArgumentHelp("Where it ends.", valueName: "time"))
    var to: String

    @Option(
        help: ArgumentHelp("The daemon is down, FROM..TO; can be repeated.", valueName: "range"))
    var down: [String] = []

    @Option(help: ArgumentHelp("How long a run takes.", valueName: "duration"))
    var runTakes = "15m"

    @Flag(help: "Print JSON.")
    var json = false

    func run(in environment: CommandEnvironment) async throws {
        var rehearsal = try rehearsal(environment)
        let isTerminal = environment.style.width != nil
        if isTerminal {
            rehearsal.progress = { environment.writeError("\r\u{1B}[Kplayed to \($0.iso8601)") }
        }
        let outcome: Rehearsal.Outcome
        do {
            outcome = try ScratchFolder.use { try rehearsal.play(in: $0) }
        } catch let error as StoreError {
            throw CommandFailure(.failed, "\(error)")
        }
        if isTerminal { environment.writeError("\r\u{1B}[K") }
        if json { printJSON(outcome, environment) } else { printText(outcome, environment) }
        guard outcome.errors.isEmpty else {
            throw CommandFailure(
                .failed,
                "the play ended early, the daemon would have logged: "
                    + Printable.escaped(outcome.errors[0], limit: 500))
        }
    }

    // MARK: Arguments

    private func rehearsal(_ environment: CommandEnvironment) throws -> Rehearsal {
        let loaded = try options.load(environment)
        let zones = Set(loaded.engine.schedules.map(\.timezone))
        let zone = zones.count == 1 ? loaded.engine.schedules.first?.zone : nil
        let begin = try instant(from, "--from", zone)
        let end = try instant(to, "--to", zone)
        guard begin < end else { throw CommandFailure(.usage, "--to must be later than --from") }
        guard end.since(begin) <= Self.daysMax * 86_400_000 else {
            throw CommandFailure(.usage, "at most \(Self.daysMax) days can be played at once")
        }
        guard let takes = DurationText.milliseconds(runTakes), takes > 0 else {
            throw CommandFailure(
                .usage,
                "--run-takes \(Printable.escaped(runTakes, limit: 60)): write 90s, 15m or 6h")
        }
        let outages = try down.map { text in
            guard let dots = text.firstRange(of: "..") else {
                throw CommandFailure(
                    .usage, "--down \(Printable.escaped(text, limit: 100)): write FROM..TO")
            }
            let outage = Rehearsal.Outage(
                from: try instant(String(text[..<dots.lowerBound]), "--down", zone),
                to: try instant(String(text[dots.upperBound...]), "--down", zone))
            guard outage.from < outage.to else {
                throw CommandFailure(
                    .usage, "--down \(text): it ends before it begins")
            }
            return outage
        }
        return Rehearsal(
            loaded: loaded, host: environment.host, from: begin, to: end, outages: outages,
            runMilliseconds: takes)
    }

    private func instant(_ text: String, _ option: String, _ zone: Zone?) throws -> Instant {
        try TimeArgument.parse(text, zone: zone)
            .mapError {
                CommandFailure(
                    .usage, "\(option) \(Printable.escaped(text, limit: 100)): \($0.message)")
            }.get()
    }

    // MARK: Output

    private func printText(_ outcome: Rehearsal.Outcome, _ environment: CommandEnvironment) {
        let counts = [
            "slots", "started", "skipped", "coalesced", "missed", "expired", "failed", "held",
            "waiting",
        ]
        let columns =
            [LedgerOutput.Column("schedule", "SCHEDULE")]
            + counts.map { .init($0, $0.uppercased(), isNumber: true) }
            + [
                .init(
                    "longest_wait_seconds", "WAIT", isNumber: true, shown: LedgerOutput.elapsed)
            ]
        environment.write(LedgerOutput.text(outcome.schedules, columns, environment.style))
        environment.line()
        for requests in outcome.requests {
            environment.line(
                "connection \(requests.connection): \(Words.count(requests.count, "request")), at "
                    + "most \(requests.busiest) in \(requests.limit.perMilliseconds / 1000) s "
                    + "(allowed: \(requests.limit.requests))")
        }
        guard !outcome.unstarted.rows.isEmpty else { return }
        environment.line()
        environment.line(environment.style.bold("Not started (the first 20 at most):"))
        environment.write(
            LedgerOutput.text(
                outcome.unstarted,
                [
                    .init("schedule", "SCHEDULE"), .init("slot_local", "SLOT"),
                    .init("disposition", "DISPOSITION"), .init("reason", "REASON"),
                ], environment.style))
    }

    private func printJSON(_ outcome: Rehearsal.Outcome, _ environment: CommandEnvironment) {
        let requests = outcome.requests.map { requests in
            JSONText.object([
                .init("connection", .string(requests.connection)),
                .init("requests", .integer(Int64(requests.count))),
                .init("busiest_window", .integer(Int64(requests.busiest))),
                .init("window_limit", .integer(Int64(requests.limit.requests))),
                .init("window_seconds", .integer(requests.limit.perMilliseconds / 1000)),
            ])
        }
        func rows(_ table: LedgerTable) -> JSONText {
            .array(table.rows.indices.map { LedgerOutput.object(table, row: $0) })
        }
        environment.line(
            JSONText.object([
                .init("schedules", rows(outcome.schedules)),
                .init("requests", .array(requests)),
                .init("not_started", rows(outcome.unstarted)),
            ]).text)
    }
}
