import Config
import Console
import Engine
import Sandbox
import Synchronization
import Timetable

/// The demo's sandbox, and the daemon that works on it, in one process.
struct DemoPlay {
    /// Where its files are.
    let folder: String
    let milliseconds: Int64
    /// The dashboard's port; 0: any free one.
    let httpPort: Int
    let environment: CommandEnvironment
    /// The sandbox, whose own book is compared with the ledger.
    let sandbox: SharedSandbox

    /// The last runs get no longer than this to end.
    private static let settleMillisecondsMax: Int64 = 30_000

    init(folder: String, milliseconds: Int64, httpPort: Int, environment: CommandEnvironment) {
        self.folder = folder
        self.milliseconds = milliseconds
        self.httpPort = httpPort
        self.environment = environment
        sandbox = SharedSandbox(
            SandboxState(seed: SystemProcess.seed(), scenario: DemoWorld.scenario()))
    }

    var database: String { "\(folder)/carillon.db" }
    /// What the demo's receiver has been sent.
    var messages: String { "\(folder)/messages.json" }

    /// Plays to the end, or until it is interrupted.
    func perform() async throws {
        let clock = SystemClock()
        let (ports, found) = AsyncStream.makeStream(of: Int.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await SandboxServer(
                    sandbox, now: { clock.now().wall },
                    sleep: { await clock.sleep(milliseconds: $0) },
                    logger: DaemonLog.logger(
                        level: .critical, now: environment.now, write: { environment.note($0) }),
                    listening: { found.yield($0) }
                ).run()
            }
            group.addTask {
                for await port in ports { return try await follow(sandboxPort: port, clock) }
            }
            try await group.next()
            group.cancelAll()
        }
    }

    /// Runs the daemon on the sandbox.
    private func follow(sandboxPort: Int, _ clock: SystemClock) async throws {
        let path = "\(folder)/carillon.toml"
        let httpPort = httpPort == 0 ? SystemProcess.freePort() : httpPort
        try DemoFolder.write(
            DemoWorld.config(folder: folder, sandboxPort: sandboxPort, httpPort: httpPort),
            to: path, isSecret: false)
        try DemoFolder.write("sandbox-secret\n", to: "\(folder)/client-secret", isSecret: true)
        let loader = ConfigurationLoader(host: environment.host)
        let loaded = try loader.load(path, secrets: .required, now: environment.now())
        let executor = ThreadExecutor(name: "carillon-turns")
        defer { executor.stop() }
        let settle = min(Self.settleMillisecondsMax, milliseconds / 2)
        let shown = DemoAddress()
        var daemon = Daemon(
            configPath: path, loader: loader, host: environment.host, clock: clock,
            logger: DaemonLog.logger(
                level: .error, now: environment.now, write: { environment.note($0) }),
            notifier: nil, processID: SystemProcess.id)
        daemon.dashboardReady = { shown.set("http://127.0.0.1:\($0)/") }
        daemon.director = { control in
            DemoDirector(
                control: control, database: loaded.daemon.database, messages: messages,
                environment: environment, clock: clock, playMilliseconds: milliseconds - settle,
                settleMilliseconds: settle, dashboardURL: { shown.value })
        }
        try await daemon.run(loaded, executor: executor)
    }
}

/// The dashboard's address once it is known.
private final class DemoAddress: Sendable {
    private let text = Mutex<String?>(nil)
    func set(_ value: String) { text.withLock { $0 = value } }
    var value: String? { text.withLock { $0 } }
}
