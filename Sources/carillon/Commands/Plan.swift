import ArgumentParser
import Config
import Console
import Engine
import JSON
import Store
import Timetable

/// `carillon plan`: what a reload would change.
struct Plan: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what reloading the config would change, with changed fire times.",
        discussion: """
            Compares the files with what the daemon has: schedules that are new, removed, disabled \
            or changed, and the fire times of the next 30 days that appear or go. Nothing is \
            changed; errors in the files end it with 2, as in carillon check.

              carillon plan
              carillon plan --days 90
            """)

    @OptionGroup var options: ConfigOptions

    @Option(help: ArgumentHelp("The database, instead of the config's.", valueName: "file"))
    var database: String?

    @Option(help: "How many days of fire times are compared.")
    var days = 30

    @Flag(help: "Print JSON, one change a line.")
    var json = false

    mutating func validate() throws {
        guard (1...3660).contains(days) else {
            throw ValidationError("--days must be 1 to 3660.")
        }
    }

    func run(in environment: CommandEnvironment) async throws {
        let loaded = try ConfigurationLoader(host: environment.host)
            .load(options.config, secrets: .ignore, now: environment.now())
        for warning in loaded.warnings { environment.note("\(warning)") }
        let known: [KnownSchedule]
        let lastHash: String?
        do {
            let reader = try LedgerReader(path: database ?? loaded.daemon.database)
            known = try reader.knownSchedules()
            lastHash = try reader.lastContentHash()
        } catch let error as StoreError {
            throw CommandFailure(.failed, "\(error)")
        }
        let start = environment.now()
        let changes = PlanComparison(
            host: environment.host, from: start,
            until: start.adding(milliseconds: Int64(days) * 86_400_000)
        ).changes(known: known, loaded: loaded)
        if json { return environment.write(JSONText.lines(changes.map(\.json))) }
        if changes.isEmpty {
            return environment.line(
                lastHash == loaded.engine.contentHash
                    ? "nothing would change: the daemon has these files already"
                    : "no fire time, process or connection of a schedule would change; the files "
                        + "differ from the daemon's in other settings, or in comments only")
        }
        for change in changes {
            let mark = environment.style.colored(change.kind.mark, change.kind.color)
            environment.line(
                "\(mark) \(Printable.escaped(change.schedule)): \(change.kind.rawValue)")
            for detail in change.details { environment.line("    \(Printable.escaped(detail))") }
        }
    }
}
