import ArgumentParser
import Config
import Console
import Engine
import Logging
import Sandbox
import Store
import Synchronization
import Timetable

/// `carillon demo`: the whole system on an embedded sandbox.
struct DemoCommand: CarillonCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Show the whole system on an embedded sandbox, minutes compressed into seconds.",
        discussion: """
            Starts a Processes API and the daemon on this machine, with five schedules and a few \
            faults that heal: an answer that is lost, a rate limit, a failing gateway. Shows a live \
            table and the address of the dashboard, and at the end how to see what happened.

              carillon demo
              carillon demo --for 30s --dir ./demo
            """)

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("How long it plays, 10s to 1h.", valueName: "DURATION"))
    var duration = "60s"

    @Option(
        name: .long,
        help: ArgumentHelp("Where its files go; must not hold a database yet.", valueName: "D"))
    var dir: String?

    @Option(
        name: .long, help: ArgumentHelp("Port of the dashboard; 0: any free one.", valueName: "N"))
    var port = 0

    func run(in environment: CommandEnvironment) async throws {
        guard let milliseconds = DurationText.milliseconds(duration),
            (10_000...3_600_000).contains(milliseconds)
        else {
            throw CommandFailure(.usage, "--for \(duration) is not a duration from 10s to 1h")
        }
        let folder = try DemoFolder.make(dir)
        let shared = SharedSandbox(
            SandboxState(seed: SystemProcess.seed(), scenario: DemoWorld.scenario()))
        let clock = SystemClock()
        let (ports, found) = AsyncStream.makeStream(of: Int.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await SandboxServer(
                    shared, now: { clock.now().wall },
                    sleep: { await clock.sleep(milliseconds: $0) },
                    logger: DaemonLog.logger(
                        level: .critical, now: environment.now, write: { environment.note($0) }),
                    listening: { found.yield($0) }
                ).run()
            }
            group.addTask {
                for await port in ports {
                    return try await play(
                        folder, sandboxPort: port, milliseconds: milliseconds, environment)
                }
            }
            try await group.next()
            group.cancelAll()
        }
        try report(folder, shared, environment)
    }

    private func play(
        _ folder: String, sandboxPort: Int, milliseconds: Int64,
        _ environment: CommandEnvironment
    ) async throws {
        let path = "\(folder)/carillon.toml"
        let httpPort = port == 0 ? SystemProcess.freePort() : port
        try DemoFolder.write(
            DemoWorld.config(folder: folder, sandboxPort: sandboxPort, httpPort: httpPort),
            to: path, isSecret: false)
        try DemoFolder.write("sandbox-secret\n", to: "\(folder)/client-secret", isSecret: true)
        let loader = ConfigurationLoader(host: environment.host)
        let loaded = try loader.load(path, secrets: .required, now: environment.now())
        let executor = ThreadExecutor(name: "carillon-turns")
        defer { executor.stop() }
        let settle = min(30_000, milliseconds / 2)
        let clock = SystemClock()
        let shown = DemoAddress()
        var daemon = Daemon(
            configPath: path, loader: loader, host: environment.host, clock: clock,
            logger: DaemonLog.logger(
                level: .error, now: environment.now, write: { environment.note($0) }),
            notifier: nil, processID: SystemProcess.id)
        daemon.dashboardReady = { shown.set("http://127.0.0.1:\($0)/") }
        daemon.director = { control in
            DemoDirector(
                control: control, database: loaded.daemon.database,
                messages: "\(folder)/messages.json",
                environment: environment,
                clock: clock, playMilliseconds: milliseconds - settle,
                settleMilliseconds: settle, dashboardURL: { shown.value })
        }
        try await daemon.run(loaded, executor: executor)
    }

    /// Compares the ledger with the sandbox's own book, and says where to look.
    private func report(
        _ folder: String, _ shared: SharedSandbox, _ environment: CommandEnvironment
    ) throws {
        let reader = try LedgerReader(path: "\(folder)/carillon.db")
        let now = environment.now()
        var filter = LedgerFilter()
        filter.limit = 100_000
        let runs = try reader.runs(filter)
        let book = shared.withState { $0.runs.filter { $0.createdAt <= now } }
        var differences: [String] = []
        var known: Set<String> = []
        var open = 0
        for row in runs.rows.indices {
            let id = DemoTable.text(runs, "run_id", row)
            known.insert(id)
            guard let run = book.first(where: { $0.id == id }) else {
                differences.append("run \(id) is not in the sandbox's book")
                continue
            }
            // A run that goes on changes between the last look at it and now.
            guard ["complete", "cancelled"].contains(DemoTable.text(runs, "status", row)) else {
                open += 1
                continue
            }
            let counts = DemoTable.counts(of: DemoTable.text(runs, "job_counts", row))
            // A list may have told of its end, and the demo ended before the read that follows.
            let readAt = Instant(iso8601: DemoTable.text(runs, "last_polled_at", row)) ?? now
            if counts != run.jobCounts(at: now), counts != run.jobCounts(at: readAt) {
                differences.append("counts of run \(id) differ")
            }
        }
        for run in book where !known.contains(run.id) {
            differences.append("run \(run.id) is not in the ledger")
        }
        let history = try reader.history(filter)
        environment.line(
            "\(Words.count(history.rows.count, "slot")) in history, "
                + "\(Words.count(book.count, "run")) on the sandbox, \(runs.rows.count) in the ledger, "
                + (differences.isEmpty ? "counts are equal" : "they differ")
                + (open > 0 ? ", \(Words.count(open, "run")) still open" : ""))
        for difference in differences { environment.line("  \(difference)") }
        let messages = try reader.deliveries(target: nil, limit: 1000)
        environment.line(
            "\(Words.count(messages.rows.count, "message")) to people; the receiver, "
                + "\(folder)/messages.json, has:")
        for title in DemoReceiver.titles("\(folder)/messages.json", host: environment.host) {
            environment.line("  \(title)")
        }
        for row in messages.rows.indices
        where DemoTable.text(messages, "state", row) != "delivered" {
            let words = DemoTable.text(messages, "kinds", row)
            environment.line("  \(DemoTable.text(messages, "state", row)): \(words)")
        }
        environment.line("\nSee what happened:")
        for query in LedgerReader.queriesToTry {
            environment.line("  sqlite3 -box \(folder)/carillon.db '\(query)'")
        }
        environment.line("  carillon why gl-refresh TIME --database \(folder)/carillon.db")
        if !differences.isEmpty { throw CommandFailure(.failed) }
    }
}

/// The dashboard's address once it is known.
private final class DemoAddress: Sendable {
    private let text = Mutex<String?>(nil)
    func set(_ value: String) { text.withLock { $0 = value } }
    var value: String? { text.withLock { $0 } }
}
