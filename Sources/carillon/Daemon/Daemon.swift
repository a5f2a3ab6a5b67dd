import Config
import Console
import Dashboard
import Engine
import Logging
import ProcessesAPI
import ServiceLifecycle
import Store
import Timetable
import UnixSignals

/// The daemon, assembled: a scheduler, what performs its requests, and the doors to both.
struct Daemon {
    static let version = "0.1.0"

    let configPath: String
    let loader: ConfigurationLoader
    let host: any HostReading
    let clock: any SchedulerClock
    let logger: Logger
    let notifier: SystemdNotifier?
    let processID: Int32
    /// Tells where the dashboard can be opened, once it can.
    var dashboardReady: @Sendable (_ port: Int) async -> Void = { _ in }
    /// Ends the daemon when it returns: the demo's director.
    var director: (@Sendable (ControlDesk) -> any Service)?
    var shutdownSignals: [UnixSignal] = [.sigterm, .sigint]

    /// Everything that the services share.
    private struct Parts {
        let inbox = Inbox()
        let desk = ReplyDesk()
        let pulse: DaemonPulse
        let routes: ConnectionRoutes
        let gauges: DaemonGauges
    }

    /// Runs until a signal or a graceful shutdown; POSTs in flight are waited for.
    ///
    /// - Parameters:
    ///   - loaded: the configuration, secrets checked.
    ///   - executor: the scheduler's thread.
    /// - Throws: `StoreError`, `TransportSetupError`, or what a service failed with.
    func run(_ loaded: LoadedConfiguration, executor: ThreadExecutor) async throws {
        let pulse = DaemonPulse(notifier: notifier)
        let parts = Parts(
            pulse: pulse, routes: ConnectionRoutes(host: host),
            gauges: DaemonGauges(
                database: loaded.daemon.database, host: host, clock: clock, pulse: pulse))
        parts.gauges.adopt(loaded.engine)
        do {
            try parts.routes.adopt(loaded.access)
            try await serve(loaded, parts, executor: executor)
        } catch {
            // Also on a failed start: a client that was never shut down traps.
            await parts.routes.shutdown()
            throw error
        }
        await parts.routes.shutdown()
    }

    private func serve(
        _ loaded: LoadedConfiguration, _ parts: Parts, executor: ThreadExecutor
    ) async throws {
        let (requests, queue) = AsyncStream.makeStream(of: RequestEffect.self)
        let scheduler = try makeScheduler(loaded, parts, executor: executor, queue: queue)
        parts.inbox.post(.configuration(loaded.engine, commandID: nil))
        let performer = RequestPerformer(
            requests: requests, finish: { queue.finish() }, inbox: parts.inbox, clock: clock,
            routes: parts.routes, logger: logger)
        let words = readyWords(loaded)
        parts.pulse.willBeReady(words)
        logger.notice("\(words)")
        try await services(loaded, parts, scheduler, performer).run()
    }

    private func readyWords(_ loaded: LoadedConfiguration) -> String {
        let count = loaded.engine.schedules.count { $0.enabled }
        return "\(Words.count(count, "schedule")) on \(loaded.daemon.database)"
    }

    /// Opens and locks the database, and gives it to the scheduler for good.
    private func makeScheduler(
        _ loaded: LoadedConfiguration, _ parts: Parts, executor: ThreadExecutor,
        queue: AsyncStream<RequestEffect>.Continuation
    ) throws -> Scheduler {
        let ledger = try Ledger(
            path: loaded.daemon.database, pid: processID, now: clock.now().wall)
        let host = host
        let clockwork = Clockwork(
            ledger: ledger, pid: processID, version: Self.version,
            recompile: { RuleSource.compile($0, host: host) })
        let (desk, pulse, logger) = (parts.desk, parts.pulse, logger)
        return Scheduler(
            clockwork: clockwork, inbox: parts.inbox, clock: clock, executor: executor,
            observer: SchedulerObserver(
                turnCompleted: { pulse.turnCompleted($0) },
                storeFailing: { error in
                    guard pulse.storeFailing(error) else { return }
                    if let error {
                        logger.error("nothing is sent: \(error)")
                    } else {
                        logger.notice("the database takes turns again")
                    }
                },
                wrote: { pulse.wrote($0) },
                release: { effect in
                    switch effect {
                    case .request(let request): queue.yield(request)
                    case .reply(let id, let reply): desk.reply(id, reply)
                    case .log(let line):
                        logger.log(level: line.level.loggerLevel, "\(line.message)")
                    }
                }), waitMillisecondsMax: waitMillisecondsMax)
    }

    /// A turn at least every third of the watchdog's interval, also with nothing to do.
    private var waitMillisecondsMax: Int64 {
        guard let interval = notifier?.watchdogInterval else {
            return Scheduler.waitMillisecondsMax
        }
        let third = Int64((interval / .milliseconds(3)).rounded(.down))
        return min(max(third, 100), Scheduler.waitMillisecondsMax)
    }

    /// In the order of start; the shutdown goes the other way round, so the doors close first and
    /// the performer, which carries POSTs, last.
    private func services(
        _ loaded: LoadedConfiguration, _ parts: Parts, _ scheduler: Scheduler,
        _ performer: RequestPerformer
    ) throws -> ServiceGroup {
        let reloader = Reloader(
            path: configPath, loader: loader, clock: clock, routes: parts.routes,
            inbox: parts.inbox, desk: parts.desk, pulse: parts.pulse, gauges: parts.gauges,
            logger: logger, settings: loaded.daemon, zones: ZonesInUse(loaded.engine))
        let control = ControlDesk(
            inbox: parts.inbox, desk: parts.desk, reloader: reloader,
            database: loaded.daemon.database,
            failure: { [pulse = parts.pulse] in pulse.failure })
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: performer),
            .init(
                service: SchedulerService(
                    scheduler: scheduler, inbox: parts.inbox, desk: parts.desk, pulse: parts.pulse),
                successTerminationBehavior: .gracefullyShutdownGroup),
            .init(
                service: ControlServer(
                    path: loaded.daemon.controlSocket, logger: quietLogger,
                    onRunning: { [pulse = parts.pulse] in pulse.reached(.door) },
                    perform: { await control.perform($0) })),
            .init(
                service: FileWatch(
                    reloader: reloader, routes: parts.routes, inbox: parts.inbox, clock: clock)),
            .init(service: ReloadSignal(reloader: reloader, notifier: notifier)),
        ]
        if let director {
            services.append(
                .init(
                    service: director(control),
                    successTerminationBehavior: .gracefullyShutdownGroup))
        }
        if let http = loaded.daemon.http {
            let source = LedgerSource(
                path: loaded.daemon.database, now: { [clock] in clock.now().wall },
                lastTurnAt: { [pulse = parts.pulse] in pulse.lastTurnAt },
                failure: { [pulse = parts.pulse] in pulse.failure },
                gauges: { [gauges = parts.gauges] in gauges.families() })
            services.append(
                .init(
                    service: try DashboardServer(
                        host: http.host, port: http.port, source: source, logger: quietLogger,
                        onRunning: dashboardReady)))
        }
        var configuration = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: shutdownSignals, logger: quietLogger)
        // Longer than the scheduler's own 40 s, so that it decides.
        configuration.maximumGracefulShutdownDuration = .seconds(50)
        return ServiceGroup(configuration: configuration)
    }

    /// The service group and the servers tell of every start and stop; only its warnings matter to operators.
    private var quietLogger: Logger {
        var logger = logger
        logger.logLevel = .warning
        return logger
    }
}

extension LogLine.Level {
    var loggerLevel: Logger.Level {
        switch self {
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        }
    }
}

/// The scheduler as a service: a graceful shutdown is one more input.
struct SchedulerService: Service {
    let scheduler: Scheduler
    let inbox: Inbox
    let desk: ReplyDesk
    let pulse: DaemonPulse

    func run() async throws {
        defer { desk.close() }
        try await withGracefulShutdownHandler {
            try await scheduler.run()
        } onGracefulShutdown: {
            pulse.stopping()
            inbox.post(.stop)
        }
    }
}
