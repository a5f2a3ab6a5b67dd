import ArgumentParser
import Console
import Dashboard
import ServiceLifecycle
import Store
import Timetable

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

    @Option(help: ArgumentHelp("Only schedules with this tag.", valueName: "tag"))
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
        _ = try ledger.open(environment)
        var filter = OverviewFilter()
        filter.tag = tag ?? ""
        let loop = WatchLoop(path: path, filter: filter, environment: environment)
        // Its own screen, so that what was there comes back; no cursor that jumps.
        environment.write("\u{1B}[?1049h\u{1B}[?25l")
        defer { environment.write("\u{1B}[?25h\u{1B}[?1049l") }
        try await Interruptible.run(loop)
    }
}

/// Shows the overview again and again, until it is interrupted.
struct WatchLoop: Service {
    static let gapMilliseconds: Int64 = 2_000

    let path: String
    let filter: OverviewFilter
    let environment: CommandEnvironment

    func run() async throws {
        let executor = ThreadExecutor(name: "carillon-pages")
        defer { executor.stop() }
        let source = LedgerSource(
            path: path, executor: executor, now: environment.now, lastTurnAt: { nil },
            zone: { [host = environment.host] name in
                host.zoneData(named: name).flatMap { try? Zone(name: name, tzif: $0) }
            })
        try await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                guard let size = environment.screen() else {
                    throw CommandFailure(.failed, "the terminal is gone")
                }
                environment.write(await frame(source, size))
                await environment.sleep(Self.gapMilliseconds)
            }
        }
    }

    /// What is drawn: each line over the one before, so that nothing flickers.
    func frame(
        _ source: LedgerSource, _ size: (columns: Int, rows: Int)
    ) async -> String {
        let screen = WatchScreen(
            columns: size.columns, rows: size.rows, style: environment.style)
        let lines: [String]
        do {
            lines = screen.lines(try await source.overview(filter))
        } catch {
            // It may be back in a moment: a restore, a backup, a slow disk.
            lines = ["The ledger can't be read just now: \(error)"].map {
                TextWidth.cut(Printable.escaped($0), to: size.columns)
            }
        }
        return "\u{1B}[H" + lines.map { $0 + "\u{1B}[K" }.joined(separator: "\r\n") + "\u{1B}[J"
    }
}
