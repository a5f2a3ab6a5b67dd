import ArgumentParser
import Config
import Console
import Store
import Timetable

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
            throw CommandFailure(.failed, "\(error)")
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

    /// The zone of a schedule as the ledger knows it, for local times in arguments.
    func zone(
        of schedule: String, at instant: Instant, _ reader: LedgerReader,
        _ environment: CommandEnvironment
    ) throws -> Zone? {
        let revision = try reader.revision(schedule: schedule, at: instant)
        guard !revision.rows.isEmpty, let name = revision.value("timezone", row: 0).words else {
            return nil
        }
        return try? ZoneShelf(environment.host).zone(name).get()
    }
}

/// `--schedule`, `--since`, `--until` and `--limit`.
struct FilterOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Only this schedule.", valueName: "name"))
    var schedule: String?

    @Option(
        help: ArgumentHelp(
            "Only what is younger: a time (2026-03-08T07:00:00Z) or a span back from now (2d).",
            valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp("Only what is older, in the same forms.", valueName: "time"))
    var until: String?

    @Option(name: [.customShort("n"), .long], help: "How many rows at most, the newest ones.")
    var limit = 50

    mutating func validate() throws {
        guard (1...1_000_000).contains(limit) else {
            throw ValidationError("--limit must be 1 to 1000000.")
        }
    }

    /// The filter that the options say.
    func filter(
        _ ledger: LedgerOptions, _ reader: LedgerReader, _ environment: CommandEnvironment
    ) throws -> LedgerFilter {
        var filter = LedgerFilter()
        filter.limit = limit
        if let schedule {
            let names = try reader.scheduleNames()
            guard names.contains(schedule) else {
                throw CommandFailure(
                    .notFound,
                    "no schedule \"\(Printable.escaped(schedule, limit: 100))\""
                        + NearestName.hint(schedule, in: names))
            }
            filter.schedule = schedule
        }
        let now = environment.now()
        let zone = try schedule.flatMap {
            try ledger.zone(of: $0, at: now, reader, environment)
        }
        filter.since = try since.map { try instant("--since", $0, zone, now) }
        filter.until = try until.map { try instant("--until", $0, zone, now) }
        return filter
    }

    private func instant(
        _ option: String, _ text: String, _ zone: Zone?, _ now: Instant
    ) throws -> Instant {
        if let span = DurationText.milliseconds(text) { return now.adding(milliseconds: -span) }
        return try TimeArgument.parse(text, zone: zone)
            .mapError { CommandFailure(.usage, "\(option) \(text): \($0.message)") }.get()
    }
}
