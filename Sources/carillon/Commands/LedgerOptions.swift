import ArgumentParser
import Config
import Console
import Store

/// `--config`, `--database` and `--json`, for every verb that reads the ledger.
struct LedgerOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The config file that names the database (default: \(ConfigOptions.defaultPath)).",
            valueName: "file"))
    var config: String?

    @Option(
        name: .long, help: ArgumentHelp("The database itself, without a config.", valueName: "file")
    )
    var database: String?

    @Flag(name: .long, help: "Print JSON: a list with one object a line.")
    var json = false

    mutating func validate() throws {
        if config != nil, database != nil {
            throw ValidationError("Give --config or --database, not both.")
        }
    }

    /// Opens the ledger for reading; works with the daemon down.
    func open(_ environment: CommandEnvironment) throws -> LedgerReader {
        do {
            return try LedgerReader(path: try path(environment))
        } catch let error as StoreError {
            throw CommandFailure(.failed, "\(error.advised(by: environment.host))")
        }
    }

    /// The path of the database.
    func path(_ environment: CommandEnvironment) throws -> String {
        if let database { return database }
        return try ConfigurationLoader(host: environment.host)
            .daemonSettings(config ?? ConfigOptions.defaultPath).database
    }

    /// The path of the control socket; nil where only the database was named.
    func controlSocket(_ environment: CommandEnvironment) throws -> String? {
        guard database == nil else { return nil }
        return try ConfigurationLoader(host: environment.host)
            .daemonSettings(config ?? ConfigOptions.defaultPath).controlSocket
    }
}

extension LedgerOptions {
    /// Prints rows as the options want them.
    func show(
        _ table: LedgerTable, _ columns: [LedgerOutput.Column], _ list: ListOptions,
        _ nothing: String, _ environment: CommandEnvironment
    ) throws {
        if json { return environment.write(LedgerOutput.json(table)) }
        if list.csv { return environment.write(LedgerOutput.csv(table)) }
        // On the standard error, so that a pipe sees no row where there is none.
        if table.rows.isEmpty { return environment.note(nothing) }
        let style =
            list.wide
            ? OutputStyle(width: nil, hasColor: environment.style.hasColor) : environment.style
        environment.write(LedgerOutput.text(table, columns, style, now: environment.now()))
    }
}

/// `--csv` and `--wide`, for every verb that lists rows.
struct ListOptions: ParsableArguments {
    @Flag(help: "Print CSV with every column, for spreadsheets.")
    var csv = false

    @Flag(
        help: ArgumentHelp(
            "Print ids, times and texts in full on a terminal too, however long the lines become."))
    var wide = false
}

/// `--limit`, for every verb that lists what grows.
struct LimitOption: ParsableArguments {
    @Option(
        name: [.customShort("n"), .customLong("limit")],
        help: "How many rows at most, the newest ones.")
    var rows = 50

    mutating func validate() throws {
        guard (1...1_000_000).contains(rows) else {
            throw ValidationError("--limit must be 1 to 1000000.")
        }
    }
}

/// One schedule, as an argument or an option; or all.
struct OnlySchedule: ParsableArguments {
    @Argument(
        help: ArgumentHelp("Only this schedule.", valueName: "schedule"),
        completion: .schedules)
    var only: String?

    @Option(
        help: ArgumentHelp("The same, as an option.", valueName: "name"),
        completion: .schedules)
    var schedule: String?

    mutating func validate() throws {
        if let only, let schedule, only != schedule {
            throw ValidationError("Name one schedule: \(only), or --schedule \(schedule).")
        }
    }

    /// As it was written; nil: all are meant.
    var name: String? { only ?? schedule }
}

/// A schedule, `--since` and `--until`.
struct PeriodOptions: ParsableArguments {
    @OptionGroup var schedule: OnlySchedule

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Only what is newer: yesterday, -2h, 07:00, 2026-03-08, 2026-03-08T07:00; local to "
                + "the schedule's zone, or to yours where no schedule is named.",
            valueName: "time"))
    var since: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Only what is older, in the same forms.", valueName: "time"))
    var until: String?

    /// The filter that the options say.
    ///
    /// - Throws: `CommandFailure` for an unknown schedule or a time that is none.
    func filter(
        _ reader: LedgerReader, _ environment: CommandEnvironment
    ) throws -> LedgerFilter {
        var filter = LedgerFilter()
        let schedule = try schedule.name.map { try ScheduleName.checked($0, in: reader) }
        filter.schedule = schedule
        let times = LedgerTimes(reader: reader, environment: environment)
        filter.since = try since.map { try times.instant($0, "--since", of: schedule, .back) }
        filter.until = try until.map { try times.instant($0, "--until", of: schedule, .back) }
        if let since = filter.since, let until = filter.until, until <= since {
            throw CommandFailure(
                .usage,
                "--until \(until.iso8601) is not after --since \(since.iso8601); swap them?")
        }
        return filter
    }
}

/// A schedule, `--since`, `--until` and `--limit`.
struct FilterOptions: ParsableArguments {
    @OptionGroup var period: PeriodOptions
    @OptionGroup var limit: LimitOption

    /// The filter that the options say.
    ///
    /// - Throws: `CommandFailure` for an unknown schedule or a time that is none.
    func filter(
        _ reader: LedgerReader, _ environment: CommandEnvironment
    ) throws -> LedgerFilter {
        var filter = try period.filter(reader, environment)
        filter.limit = limit.rows
        return filter
    }
}

/// `--tag` and `--connection`, for every verb that lists what belongs to schedules.
struct ScopeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Only schedules with this tag.", valueName: "tag"), completion: .tags)
    var tag: String?

    @Option(
        help: ArgumentHelp("Only what uses this connection.", valueName: "name"),
        completion: .connections)
    var connection: String?

    /// Narrows a filter to what the options say.
    ///
    /// - Throws: `CommandFailure` with 3 and the nearest name for a tag or connection that was never known.
    func narrow(_ filter: inout LedgerFilter, _ reader: LedgerReader) throws {
        (filter.tag, filter.connection) = (tag, connection)
        if let tag { try TagChoice.check(tag, among: reader.tagNames()) }
        guard let connection else { return }
        _ = try ConnectionChoice.name(connection, among: reader.connectionNames())
    }
}
