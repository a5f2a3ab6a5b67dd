import ArgumentParser
import Config
import Console
import ProcessesAPI
import Store

/// `carillon history`: every slot and what became of it.
struct History: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "List slots and what became of them, the newest first.",
        discussion: """
            Every instant at which something was due is one line, whatever happened to it: started, \
            skipped, missed, held … with the reason in words.

              carillon history gl-refresh --since yesterday --disposition failed
              carillon history --disposition missed,expired --since -7d --csv

            The same rows are in the database: sqlite3 FILE 'select * from history'.
            """)

    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var list: ListOptions
    @OptionGroup var filter: FilterOptions
    @OptionGroup var scope: ScopeOptions

    @Option(
        name: [.customLong("disposition"), .customLong("status")],
        help: ArgumentHelp(
            "Only slots in one of these, joined by commas: "
                + "\(History.dispositions.joined(separator: " ")).",
            valueName: "words"))
    var disposition: [String] = []

    static let dispositions = Disposition.allCases.map(\.rawValue)

    func run(in environment: CommandEnvironment) async throws {
        let dispositions = try WordList.words(
            disposition, of: Self.dispositions, "disposition")
        let reader = try ledger.open(environment)
        var filter = try filter.filter(reader, environment)
        filter.dispositions = dispositions
        try scope.narrow(&filter, reader)
        let columns: [LedgerOutput.Column] = [
            .init("slot_id", "SLOT", isNumber: true, rank: 3), .init("schedule", "SCHEDULE", .name),
            .init("slot_local", "DUE", .local), .init("disposition", "DISPOSITION"),
            .init("run_id", "RUN", .id, rank: 1), .init("run_status", "STATUS", rank: 4),
            .init("outcome", "OUTCOME", rank: 2),
            .init("seconds", "TOOK", isNumber: true, rank: 5, shown: LedgerOutput.elapsed),
            .init("reason", "REASON", .name),
        ]
        try ledger.show(try reader.history(filter), columns, list, "no slots", environment)
    }
}

/// `carillon runs`: the runs and their statuses.
struct Runs: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "List runs with their status and counts, the newest first.",
        discussion: """
            Runs that somebody else started are listed too (origin external), if a schedule names \
            their process.

              carillon runs --since -2d
              carillon runs gl-refresh --status error,errorHold
              carillon runs --outcome failed --since 2026-03-01
              carillon show RUN        one run with its tree
            """)

    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var list: ListOptions
    @OptionGroup var filter: FilterOptions
    @OptionGroup var scope: ScopeOptions

    @Option(
        help: ArgumentHelp(
            "Only runs in one of these, joined by commas: \(Runs.statuses.joined(separator: " ")).",
            valueName: "words"))
    var status: [String] = []

    @Option(
        help: ArgumentHelp(
            "Only runs judged so, joined by commas: \(Runs.outcomes.joined(separator: " ")).",
            valueName: "words"))
    var outcome: [String] = []

    static let statuses = RunStatus.documented.map(\.raw)
    static let outcomes = RunOutcome.allCases.map(\.rawValue)

    func run(in environment: CommandEnvironment) async throws {
        let outcomes = try WordList.words(outcome, of: Self.outcomes, "outcome")
        let statuses = try WordList.words(status, of: Self.statuses, "status")
        let reader = try ledger.open(environment)
        var filter = try filter.filter(reader, environment)
        (filter.statuses, filter.outcomes) = (statuses, outcomes)
        try scope.narrow(&filter, reader)
        let columns: [LedgerOutput.Column] = [
            .init("run_id", "RUN", .id), .init("schedule", "SCHEDULE", .name),
            .init("origin", "ORIGIN", rank: 4), .init("status", "STATUS"),
            .init("outcome", "OUTCOME"), .init("created_at", "STARTED", .relative),
            .init("seconds", "TOOK", isNumber: true, rank: 2, shown: LedgerOutput.elapsed),
            .init("last_polled_at", "CHECKED", .relative, rank: 3),
            .init("counts", "COUNTS", .name, rank: 1, shown: LedgerOutput.counts),
        ]
        try ledger.show(try reader.runs(filter), columns, list, "no runs", environment)
    }
}

/// `carillon errors`: what the API and the network answered.
struct Errors: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "List errors of the API and jobs in error, and what came next, the newest first.",
        discussion: """
              carillon errors gl-refresh --since -2h
              carillon errors --connection prod
              carillon errors --json        with target, meta and details
            """)

    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var list: ListOptions
    @OptionGroup var filter: FilterOptions
    @OptionGroup var scope: ScopeOptions

    func run(in environment: CommandEnvironment) async throws {
        let reader = try ledger.open(environment)
        var filter = try filter.filter(reader, environment)
        try scope.narrow(&filter, reader)
        let columns: [LedgerOutput.Column] = [
            .init("occurred_at", "AT", .relative), .init("operation", "OPERATION"),
            .init("connection", "CONNECTION", .name, rank: 3),
            .init("schedule", "SCHEDULE", .name),
            .init("http_status", "HTTP", isNumber: true), .init("code", "CODE", .name, rank: 1),
            .init("times", "TIMES", isNumber: true, rank: 4),
            .init("next_step", "NEXT", .name, rank: 2), .init("message", "MESSAGE", .name),
        ]
        let errors = try FailedJobs(reader: reader).among(try reader.errors(filter), filter)
        try ledger.show(errors, columns, list, "no errors", environment)
    }
}

/// `carillon schedules`: each schedule, its next slot, its last one, its run.
struct Schedules: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the schedules with their next and last slot and their run.",
        discussion: """
            As the daemon has them; carillon check and carillon next read the config file instead.

              carillon schedules --tag close
            """)

    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var list: ListOptions
    @OptionGroup var scope: ScopeOptions

    @OptionGroup var schedule: OnlySchedule

    func run(in environment: CommandEnvironment) async throws {
        let reader = try ledger.open(environment)
        var filter = LedgerFilter()
        filter.schedule = schedule.name
        try scope.narrow(&filter, reader)
        let table = try reader.schedules(filter)
        if let name = schedule.name, table.rows.isEmpty,
            try !reader.scheduleNames().contains(name)
        {
            throw ScheduleName.unknown(name, among: try reader.scheduleNames())
        }
        let columns: [LedgerOutput.Column] = [
            .init("schedule", "SCHEDULE", .name), .init("state", "STATE"),
            .init("rule", "RULE", .name, rank: 2), .init("timezone", "ZONE", .name, rank: 5),
            .init("next_slot_at", "NEXT", .relative), .init("last_slot_at", "LAST", .relative),
            .init("last_disposition", "DISPOSITION"), .init("run_status", "RUN", rank: 4),
            .init("outcome", "OUTCOME", rank: 3), .init("paused", "PAUSED", .name),
            .init("counts", "COUNTS", .name, rank: 6, shown: LedgerOutput.counts),
        ]
        try ledger.show(table, columns, list, "no schedules", environment)
    }
}
