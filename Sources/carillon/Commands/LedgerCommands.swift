import ArgumentParser
import Config
import Console
import Store

/// `carillon history`: every slot and what became of it.
struct History: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "List slots and what became of them, the newest first.",
        discussion: """
            Every instant at which something was due is one line, whatever happened to it: started, \
            skipped, missed, held … with the reason in words.

              carillon history --schedule gl-refresh --since 7d
              carillon history --disposition missed --json

            The same rows are in the database: sqlite3 FILE 'select * from history'.
            """)

    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var filter: FilterOptions

    @Option(
        help: ArgumentHelp(
            "Only slots that ended so: \(History.dispositions.joined(separator: " ")).",
            valueName: "word"))
    var disposition: String?

    static let dispositions = [
        "pending", "starting", "unknown", "held", "started", "skipped", "coalesced", "missed",
        "expired", "failed", "cancelled",
    ]

    func run(in environment: CommandEnvironment) async throws {
        if let disposition, !Self.dispositions.contains(disposition) {
            throw CommandFailure(
                .usage,
                "no disposition \"\(Printable.escaped(disposition, limit: 60))\""
                    + NearestName.hint(disposition, in: Self.dispositions))
        }
        let reader = try ledger.open(environment)
        var filter = try filter.filter(ledger, reader, environment)
        filter.disposition = disposition
        let columns: [LedgerOutput.Column] = [
            .init("slot_id", "SLOT", isNumber: true), .init("schedule", "SCHEDULE"),
            .init("slot_local", "DUE"), .init("disposition", "DISPOSITION"),
            .init("run_id", "RUN"), .init("run_status", "STATUS"), .init("outcome", "OUTCOME"),
            .init("seconds", "TOOK", isNumber: true, shown: LedgerOutput.elapsed),
            .init("reason", "REASON"),
        ]
        try ledger.show(try reader.history(filter), columns, "no slots", environment)
    }
}

/// `carillon runs`: the runs and their statuses.
struct Runs: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "List runs with their status and counts, the newest first.",
        discussion: """
            Runs that somebody else started are listed too (origin external), if a schedule names \
            their process.

              carillon runs --since 2d
              carillon show RUN        one run with its tree
            """)

    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var filter: FilterOptions

    func run(in environment: CommandEnvironment) async throws {
        let reader = try ledger.open(environment)
        let filter = try filter.filter(ledger, reader, environment)
        let columns: [LedgerOutput.Column] = [
            .init("run_id", "RUN"), .init("schedule", "SCHEDULE"), .init("origin", "ORIGIN"),
            .init("status", "STATUS"), .init("outcome", "OUTCOME"),
            .init("created_at", "STARTED"),
            .init("seconds", "TOOK", isNumber: true, shown: LedgerOutput.elapsed),
            .init("last_polled_at", "LAST LOOK"),
            .init("counts", "COUNTS", shown: LedgerOutput.counts),
        ]
        try ledger.show(try reader.runs(filter), columns, "no runs", environment)
    }
}

/// `carillon errors`: what the API and the network answered.
struct Errors: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "List errors as the API sent them, and what was done next, the newest first.",
        discussion: """
              carillon errors --schedule gl-refresh --since 1d
              carillon errors --json        with target, meta and details
            """)

    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var filter: FilterOptions

    func run(in environment: CommandEnvironment) async throws {
        let reader = try ledger.open(environment)
        let filter = try filter.filter(ledger, reader, environment)
        let columns: [LedgerOutput.Column] = [
            .init("occurred_at", "AT"), .init("operation", "OPERATION"),
            .init("connection", "CONNECTION"), .init("schedule", "SCHEDULE"),
            .init("http_status", "HTTP", isNumber: true), .init("code", "CODE"),
            .init("times", "TIMES", isNumber: true), .init("next_step", "NEXT"),
            .init("message", "MESSAGE"),
        ]
        try ledger.show(try reader.errors(filter), columns, "no errors", environment)
    }
}

/// `carillon attention`: what needs a person.
struct Attention: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "List what needs a person, the oldest first.",
        discussion: """
            Held slots, failed starts, possible duplicates, runs in error or over time, blocked \
            connections: each with what to do. An empty list is a good day.
            """)

    @OptionGroup var ledger: LedgerOptions

    func run(in environment: CommandEnvironment) async throws {
        let reader = try ledger.open(environment)
        let columns: [LedgerOutput.Column] = [
            .init("since_at", "SINCE"), .init("kind", "KIND"), .init("subject", "SUBJECT"),
            .init("what_to_do", "WHAT TO DO"),
        ]
        try ledger.show(
            try reader.attention(), columns, "nothing needs attention", environment)
    }
}

/// `carillon schedules`: each schedule, its next slot, its last one, its run.
struct Schedules: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the schedules with their next and last slot and their run.",
        discussion: """
            As the daemon has them; carillon check and carillon next read the config file instead.
            """)

    @OptionGroup var ledger: LedgerOptions

    @Option(help: ArgumentHelp("Only this schedule.", valueName: "name"))
    var schedule: String?

    func run(in environment: CommandEnvironment) async throws {
        let reader = try ledger.open(environment)
        var filter = LedgerFilter()
        filter.schedule = schedule
        let table = try reader.schedules(filter)
        if let schedule, table.rows.isEmpty {
            throw CommandFailure(
                .notFound,
                "no schedule \"\(Printable.escaped(schedule, limit: 100))\""
                    + NearestName.hint(schedule, in: try reader.scheduleNames()))
        }
        let columns: [LedgerOutput.Column] = [
            .init("schedule", "SCHEDULE"), .init("state", "STATE"), .init("rule", "RULE"),
            .init("timezone", "ZONE"), .init("next_slot_at", "NEXT"),
            .init("last_slot_at", "LAST"), .init("last_disposition", "DISPOSITION"),
            .init("run_status", "RUN"), .init("outcome", "OUTCOME"), .init("paused", "PAUSED"),
            .init("counts", "COUNTS", shown: LedgerOutput.counts),
        ]
        try ledger.show(table, columns, "no schedules", environment)
    }
}

extension LedgerOptions {
    /// Prints rows as the options want them.
    func show(
        _ table: LedgerTable, _ columns: [LedgerOutput.Column], _ nothing: String,
        _ environment: CommandEnvironment
    ) throws {
        if json { return environment.write(LedgerOutput.json(table)) }
        // On the standard error, so that a pipe sees no row where there is none.
        if table.rows.isEmpty { return environment.note(nothing) }
        environment.write(LedgerOutput.text(table, columns, environment.style))
    }
}
