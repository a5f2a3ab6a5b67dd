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

/// `--csv` and `--wide`, for every verb that lists rows.
struct ListOptions: ParsableArguments {
    @Flag(help: "Print CSV with every column, for spreadsheets.")
    var csv = false

    @Flag(
        help: ArgumentHelp(
            "Print ids, times and texts in full on a terminal too, however long the lines become."))
    var wide = false
}

/// A schedule, `--since`, `--until` and `--limit`.
struct FilterOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp("Only this schedule.", valueName: "schedule"),
        completion: LedgerWords.schedules)
    var only: String?

    @Option(
        help: ArgumentHelp("The same, as an option.", valueName: "name"),
        completion: LedgerWords.schedules)
    var schedule: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Only what is younger: yesterday, -2h, 07:00, 2026-03-08, 2026-03-08T07:00; local to "
                + "the schedule's zone, or to yours where no schedule is named.",
            valueName: "time"))
    var since: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Only what is older, in the same forms.", valueName: "time"))
    var until: String?

    @Option(name: [.customShort("n"), .long], help: "How many rows at most, the newest ones.")
    var limit = 50

    mutating func validate() throws {
        guard (1...1_000_000).contains(limit) else {
            throw ValidationError("--limit must be 1 to 1000000.")
        }
        if let only, let schedule, only != schedule {
            throw ValidationError("Name one schedule: \(only), or --schedule \(schedule).")
        }
    }

    /// The filter that the options say.
    ///
    /// - Throws: `CommandFailure` for an unknown schedule or a time that is none.
    func filter(
        _ ledger: LedgerOptions, _ reader: LedgerReader, _ environment: CommandEnvironment
    ) throws -> LedgerFilter {
        var filter = LedgerFilter()
        filter.limit = limit
        let schedule = only ?? schedule
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
        let zone =
            try schedule.flatMap { try ledger.zone(of: $0, at: now, reader, environment) }
            ?? HostZone.zone(environment.host)
        func instant(_ option: String, _ text: String) throws -> Instant {
            try SpokenTime.parse(text, zone: zone, now: now, direction: .back).mapError {
                CommandFailure(
                    .usage, "\(option) \(Printable.escaped(text, limit: 60)): \($0.message)")
            }.get()
        }
        filter.since = try since.map { try instant("--since", $0) }
        filter.until = try until.map { try instant("--until", $0) }
        if let since = filter.since, let until = filter.until, until <= since {
            throw CommandFailure(
                .usage,
                "--until \(until.iso8601) is not after --since \(since.iso8601); swap them?")
        }
        return filter
    }
}

/// Words of a closed list, given once or several times, or joined by commas.
enum WordList {
    /// The words, each checked.
    ///
    /// - Throws: `CommandFailure` with the nearest word for one that isn't in the list.
    static func words(
        _ texts: [String], of known: [String], _ noun: String
    ) throws -> [String] {
        let words = texts.flatMap { $0.split(separator: ",").map(String.init) }
        for word in words where !known.contains(word) {
            throw CommandFailure(
                .usage,
                "no \(noun) \"\(Printable.escaped(word, limit: 60))\""
                    + (NearestName.find(word, in: known).map { "; did you mean \"\($0)\"?" }
                        ?? "; there are \(Words.and(known))"))
        }
        return words
    }
}
