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
            SIGHUP, or carillon reload, reads the config again. A config that is refused at the \
            start is reported, and the last accepted one, which the database keeps, runs on, unless \
            --strict or [daemon] strict = true says that nothing should.

            Ends with 78 where a restart can't help (config, credential, a damaged or foreign \
            database), and with 75 if another daemon holds the database.

              carillon daemon --config ./carillon.toml
            """)

    @OptionGroup var options: ConfigOptions

    @Flag(
        help: "End with 78 where the config is refused, instead of running the last accepted one.")
    var strict = false

    func run(in environment: CommandEnvironment) async throws {
        let notifier = SystemdNotifier(
            environment: SystemProcess.environment, processID: SystemProcess.id)
        notifier?.starting("reading the configuration")
        let log = LogWriter(to: SystemProcess.standardError)
        defer { log.flush() }
        let loader = ConfigurationLoader(host: environment.host)
        let isJournal = SystemProcess.isLoggingToJournal
        let choice = try accepted(in: environment)
        let loaded = choice.loaded
        let taste = LogTaste(loaded.daemon)
        let logger = DaemonLog.logger(
            taste, isJournal: isJournal, now: environment.now, write: { log.write($0) })
        log.tellDrops { [now = environment.now] count in
            LogLineFormat(format: taste.format, isJournal: isJournal)
                .text(LogWriter.words(dropped: count), level: .warning, at: now())
        }
        if let refusal = choice.refusal {
            logger.error("\(refusal)")
            logger.error("the last accepted configuration runs on; fix it, then: carillon reload")
        }
        for warning in loaded.warnings { logger.warning("\(warning)") }
        let executor = ThreadExecutor(name: "carillon-turns")
        defer { executor.stop() }
        var daemon = Daemon(
            configPath: options.config, loader: loader, host: environment.host,
            clock: SystemClock(), logger: logger, notifier: notifier, processID: SystemProcess.id)
        daemon.refusal = choice.refusal
        daemon.compareLater = choice.compareLater
        daemon.logTaste = taste
        do {
            try await daemon.run(loaded, executor: executor)
        } catch let error as StoreError {
            throw CommandFailure(Self.status(of: error), "\(error)")
        } catch let error as TransportSetupError {
            throw CommandFailure(.configuration, "\(error)")
        } catch let error as ConfigRejected where !strict && !loaded.daemon.isStrict {
            throw CommandFailure(
                .failed, "\(error)\nthe next start runs the last accepted configuration")
        }
    }

    private func accepted(
        in environment: CommandEnvironment
    ) throws -> AcceptedConfiguration.Choice {
        do {
            return try AcceptedConfiguration(
                path: options.config, host: environment.host, isStrict: strict
            ).load(now: environment.now())
        } catch let error as StoreError {
            throw CommandFailure(Self.status(of: error), "\(error)")
        }
    }

    /// 75 for a second daemon, 78 where a restart can't help, else 1
    /// (docs/protocol.md#command-line).
    private static func status(of error: StoreError) -> ExitStatus {
        if error.kind == .alreadyRunning { return .tryLater }
        return error.isPermanent ? .configuration : .failed
    }
}
