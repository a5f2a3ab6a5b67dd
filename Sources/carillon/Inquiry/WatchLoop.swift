import Config
import Console
import Dashboard
import ServiceLifecycle

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
            zone: { [host = environment.host] in ZoneShelf.zone($0, on: host) })
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
