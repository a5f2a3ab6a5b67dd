import ArgumentParser
import Console
import Dashboard

/// `carillon watch`: the overview as a live view in a terminal.
struct Watch: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "Watch what needs you and what runs, in a terminal, until ctrl-C.",
        discussion: """
            The dashboard's front page in a terminal: what needs a person, each schedule with its \
            last results, the next slot and the run that is going on, trouble first. A sign for each \
            result: . succeeded, x went wrong, ! needs a person, - skipped, > runs, \
            ? waits. Reads the \
            database every two seconds, so it works with the daemon down.

              carillon watch --tag close
            """)

    @OptionGroup var ledger: LedgerOptions

    @Option(
        help: ArgumentHelp("Only schedules with this tag.", valueName: "tag"), completion: .tags)
    var tag: String?

    func run(in environment: CommandEnvironment) async throws {
        guard let size = environment.screen() else {
            throw CommandFailure(
                .usage, "watch needs a terminal that can move its cursor; use: carillon status")
        }
        guard size.columns >= WatchScreen.columnsMin else {
            throw CommandFailure(
                .usage,
                "watch needs \(WatchScreen.columnsMin) columns, this terminal has "
                    + "\(size.columns); make it wider, or use: carillon status")
        }
        // Says now what is wrong with the database, not on a screen that is gone a moment later.
        let path = try ledger.path(environment)
        let reader = try ledger.open(environment)
        if let tag { try TagChoice.check(tag, among: reader.tagNames()) }
        var filter = OverviewFilter()
        filter.tag = tag ?? ""
        let loop = WatchLoop(path: path, filter: filter, environment: environment)
        // Its own screen, so that what was there comes back; no cursor that jumps.
        environment.write("\u{1B}[?1049h\u{1B}[?25l")
        defer { environment.write("\u{1B}[?25h\u{1B}[?1049l") }
        try await Interruptible.run(loop)
    }
}
