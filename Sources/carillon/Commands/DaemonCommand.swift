import ArgumentParser
import Config
import Console
import Engine
import Logging
import ProcessesAPI
import Store

/// `carillon daemon`: what systemd runs.
struct DaemonCommand: CarillonCommand {
    static let configuration = CommandConfiguration(
        commandName: "daemon",
        abstract: "Run the scheduler in the foreground; systemd runs this.",
        discussion: """
            Starts what is due, follows every run, and writes everything to the database that \
            [daemon] database names. Stop it with SIGTERM or ^C: starts in flight are waited for. \
            SIGHUP, or carillon reload, reads the config again.

            Ends with 78 where a restart can't help (config, credential, a damaged or foreign \
            database), and with 75 if another daemon holds the database.

              carillon daemon --config ./carillon.toml
            """)

    @OptionGroup var options: ConfigOptions

    func run(in environment: CommandEnvironment) async throws {
        let notifier = SystemdNotifier(
            environment: SystemProcess.environment, processID: SystemProcess.id)
        notifier?.starting("reading the configuration")
        let log = LogWriter(to: SystemProcess.standardError)
        defer { log.flush() }
        let loader = ConfigurationLoader(host: environment.host)
        let loaded = try loader.load(options.config, secrets: .awaited, now: environment.now())
        for warning in loaded.warnings { log.write("\(warning)") }
        let executor = ThreadExecutor(name: "carillon-turns")
        defer { executor.stop() }
        let daemon = Daemon(
            configPath: options.config, loader: loader, host: environment.host,
            clock: SystemClock(),
            logger: DaemonLog.logger(
                level: loaded.daemon.logLevel, now: environment.now, write: { log.write($0) }),
            notifier: notifier, processID: SystemProcess.id)
        do {
            try await daemon.run(loaded, executor: executor)
        } catch let error as StoreError {
            throw CommandFailure(Self.status(of: error), "\(error)")
        } catch let error as TransportSetupError {
            throw CommandFailure(.configuration, "\(error)")
        }
    }

    /// 75 for a second daemon, 78 where a restart can't help, else 1
    /// (docs/protocol.md#command-line).
    private static func status(of error: StoreError) -> ExitStatus {
        if error.kind == .alreadyRunning { return .tryLater }
        return error.isPermanent ? .configuration : .failed
    }
}
