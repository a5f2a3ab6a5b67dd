import ArgumentParser
import Console
import JSON
import Simulation
import Store

/// `carillon simulate`: the config on a virtual clock.
struct SimulateCommand: CarillonCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract:
            "Simulate the config on a virtual clock: what would start, overlap, wait or be held?",
        discussion: """
            Runs the daemon's own engine and ledger, on a database that is thrown away, against \
            made-up processes with the names of yours; nothing is sent anywhere. Every run takes as \
            long as --run-takes says. Times without an offset are local, if all schedules have one \
            zone. WAITING are slots that were open when the simulation ended; WAIT is the slowest start, \
            counted from when it was due. A day that goes as an earlier one is counted without being \
            simulated again, unless something may go wrong (--fault, --down, --clock-step) or with --exact.

            --down FROM/TO          the daemon is killed, and started again
            --clock-step TIME+1h    the host's clock is set forward (or TIME-30m: back) by so much
            --fault KIND[@PART]...  each PART narrows it: a chance (0.05 or 5%), a time FROM/TO, \
            or which requests are hit: starts (the usual), lists, reads, tokens, validations, all

            Kinds of faults:
            \(FaultPlan.kinds.map { "  \($0.word)\(pad($0.word)) \($0.meaning)" }
                .joined(separator: "\n"))

              carillon simulate --from 2026-12-01T00:00 --to 2027-01-10T00:00 --run-takes 3h
              carillon simulate --from 2026-12-01T00:00Z --to 2026-12-08T00:00Z \\
                  --down 2026-12-02T05:00Z/2026-12-02T09:30Z \\
                  --fault lost-answer@0.05 --fault outage@2026-12-04T05:00Z/2026-12-04T07:00Z \\
                  --fault 429@lists@1% --clock-step 2026-12-06T02:00:00Z+1h

            With last month's durations, would the close have met its finish_by?

              carillon simulate --from 2026-12-01T00:00 --to 2027-01-01T00:00 --runs-as 31d --page close.html
            """)

    private static func pad(_ word: String) -> String {
        String(repeating: " ", count: max(0, 22 - word.count))
    }

    @OptionGroup var options: ConfigOptions

    @Option(help: ArgumentHelp("Where the simulation begins.", valueName: "time"))
    var from: String

    @Option(help: ArgumentHelp("Where it ends.", valueName: "time"))
    var to: String

    @Option(
        help: ArgumentHelp("The daemon is down, FROM/TO; can be repeated.", valueName: "range"))
    var down: [String] = []

    @Option(
        help: ArgumentHelp(
            "What goes wrong at the API, as above; can be repeated.", valueName: "fault"))
    var fault: [String] = []

    @Option(
        help: ArgumentHelp(
            "The host's clock is set, TIME+1h or TIME-30m; can be repeated.", valueName: "step"))
    var clockStep: [String] = []

    @Option(help: ArgumentHelp("How long a run takes.", valueName: "duration"))
    var runTakes = "15m"

    @Option(
        help: ArgumentHelp(
            "Runs take as long as those of the ledger did: FROM/TO, or 31d for the last 31 days.",
            valueName: "time"))
    var runsAs: String?

    @Option(
        help: ArgumentHelp(
            "The ledger that --runs-as reads (default: that of the config).", valueName: "file"))
    var database: String?

    @Option(help: ArgumentHelp("Write the result as an HTML page, too.", valueName: "file"))
    var page: String?

    @Flag(help: "Check runs as often as the config says: slow, but counts every request.")
    var exact = false

    @Flag(
        help: "Simulate a day that goes as an earlier one, too: slow, with the same numbers.")
    var everyDay = false

    @Flag(help: "Print JSON.")
    var json = false

    func run(in environment: CommandEnvironment) async throws {
        let order = SimulationOrder(
            from: from, to: to, runTakes: runTakes, down: down, clockStep: clockStep, fault: fault,
            runsAs: runsAs)
        guard database == nil || runsAs != nil else {
            throw CommandFailure(
                .usage, "--database is the ledger that --runs-as reads; write --runs-as too")
        }
        let loaded = try options.load(environment)
        var simulation = try order.simulation(of: loaded, environment.host)
        let history = try order.history(of: loaded, now: environment.now()).map {
            try SimulationHistory(
                path: database ?? loaded.daemon.database, $0, schedules: loaded.engine.schedules,
                environment.host)
        }
        simulation.durations = history?.durations ?? [:]
        simulation.keepsSlots = page != nil || history != nil
        // Runs of different lengths are seen to end as the daemon would see it.
        simulation.isExact = exact || history != nil
        simulation.isEveryDay = everyDay
        let outcome = try play(simulation, environment)
        let deadlines = DeadlineTable(
            deadlines: SimulatedDeadlines.judge(outcome.slots, end: simulation.to))
        let told = history.map { $0.words(loaded.engine.schedules, otherwise: runTakes) }
        if json {
            printJSON(outcome, deadlines, environment)
        } else {
            printText(outcome, environment)
            printDeadlines(deadlines, told, environment)
            if let cut = outcome.slotsLeftOut { environment.line(cut) }
        }
        if let page {
            let words =
                [told ?? "Every run took \(runTakes)."] + deadlines.words
                + [outcome.slotsLeftOut].compactMap(\.self)
            let result = SimulationPage(
                title: "Simulation of \(options.config) from \(simulation.from.iso8601) to "
                    + simulation.to.iso8601, words: words + [outcome.looks], slots: outcome.slots,
                from: simulation.from, to: simulation.to)
            try PageFile.write(result.html, to: page, option: "--page")
            environment.note("the page is in \(Printable.escaped(page, limit: 200))")
        }
        guard !outcome.isCutShort else {
            throw CommandFailure(
                .failed,
                "the simulation ended early: "
                    + Printable.escaped(outcome.errors.last ?? "", limit: 500))
        }
    }
}

extension SimulateCommand {
    /// Simulates it with a bar of progress, in a folder that is gone afterwards.
    private func play(
        _ plan: ConfigSimulation, _ environment: CommandEnvironment
    ) throws -> ConfigSimulation.Outcome {
        var simulation = plan
        let bar = ProgressBar(environment)
        let length = Double(simulation.to.since(simulation.from))
        let begin = simulation.from
        defer { bar.clear() }
        do {
            return try ScratchFolder.use { folder, wasInterrupted in
                simulation.progress = { time in
                    guard !wasInterrupted() else {
                        throw CommandFailure(.failed, "interrupted, nothing is left behind")
                    }
                    bar.show(
                        Double(time.since(begin)) / length,
                        "simulated to \(time.iso8601.prefix(10))")
                }
                return try simulation.run(in: folder)
            }
        } catch let error as StoreError {
            guard error.kind == .full else { throw CommandFailure(.failed, "\(error)") }
            // What the daemon would say of it is not true here: nothing is ever sent.
            throw CommandFailure(
                .failed,
                "the simulation's database has no room in \(ScratchFolder.base); make room there, or simulate "
                    + "fewer days")
        }
    }

    // MARK: Output

    fileprivate func printText(
        _ outcome: ConfigSimulation.Outcome, _ environment: CommandEnvironment
    ) {
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
        environment.line(outcome.looks)
        if outcome.repeatedDays > 0 {
            let went =
                outcome.repeatedDays == 1 ? "an earlier one and was" : "earlier ones and were"
            environment.line(
                "\(Words.count(outcome.repeatedDays, "day")) went as \(went) not simulated again; "
                    + "--every-day simulates all.")
        }
        printUnstarted(outcome, environment)
        if !outcome.attention.rows.isEmpty {
            environment.line()
            environment.line(environment.style.bold("Needs a person at the end:"))
            environment.write(
                LedgerOutput.text(
                    outcome.attention,
                    [
                        .init("since_at", "SINCE"), .init("kind", "KIND"),
                        .init("subject", "SUBJECT"), .init("what_to_do", "WHAT TO DO"),
                    ], environment.style))
        }
        guard let error = outcome.errors.first else { return }
        environment.line()
        environment.line(
            "The daemon would have logged \(Words.count(outcome.errors.count, "error")), the first: "
                + Printable.escaped(error, limit: 500))
    }

    fileprivate func printDeadlines(
        _ deadlines: DeadlineTable, _ told: String?, _ environment: CommandEnvironment
    ) {
        if let told { environment.line(told) }
        guard !deadlines.deadlines.isEmpty else { return }
        environment.line()
        environment.write(deadlines.text(environment.style))
        for line in deadlines.missed { environment.line(Printable.escaped(line, limit: 400)) }
    }

    private func printUnstarted(
        _ outcome: ConfigSimulation.Outcome, _ environment: CommandEnvironment
    ) {
        guard !outcome.unstarted.rows.isEmpty else { return }
        let total = outcome.unstartedCount
        let shown = outcome.unstarted.rows.count
        environment.line()
        environment.line(
            environment.style.bold(
                "Not started (\(shown < total ? "the first \(shown) of \(total)" : "\(total)")):"))
        environment.write(
            LedgerOutput.text(
                outcome.unstarted,
                [
                    .init("schedule", "SCHEDULE"), .init("slot_local", "SLOT"),
                    .init("disposition", "DISPOSITION"), .init("reason", "REASON"),
                ], environment.style))
    }

    fileprivate func printJSON(
        _ outcome: ConfigSimulation.Outcome, _ deadlines: DeadlineTable,
        _ environment: CommandEnvironment
    ) {
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
        var members: [JSONText.Member] = [
            .init("schedules", rows(outcome.schedules)),
            .init("requests", .array(requests)),
            .init("not_started", rows(outcome.unstarted)),
            .init("attention", rows(outcome.attention)),
            .init("errors", .array(outcome.errors.map(JSONText.string))),
            .init("days_repeated", .integer(Int64(outcome.repeatedDays))),
            .init("run_takes", .string(runTakes)),
            .init("polls", .string(exact || runsAs != nil ? "as configured" : "coarse")),
        ]
        if let runsAs { members.append(.init("runs_as", .string(runsAs))) }
        if !outcome.slots.isEmpty { members.append(.init("deadlines", deadlines.json)) }
        if let cut = outcome.slotsLeftOut { members.append(.init("slots_left_out", .string(cut))) }
        environment.line(JSONText.object(members).text)
    }
}
