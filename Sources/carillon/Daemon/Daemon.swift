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
    static let version = Release.version

    let configPath: String
    let loader: ConfigurationLoader
    let host: any HostReading
    let clock: any SchedulerClock
    let logger: Logger
    let notifier: SystemdNotifier?
    let processID: Int32
    /// Why the files on disk were refused at the start, where the last accepted ones run instead.
    var refusal: String?
    /// Refuses files that say less than those before, where the ledger couldn't be read until now.
    var compareLater: (@Sendable (_ now: Instant) throws -> Void)?
    /// What a reload may change of the log.
    var logTaste: LogTaste?
    /// Tells where the dashboard can be opened, once it can.
    var dashboardReady: @Sendable (_ port: Int) async -> Void = { _ in }
    /// Ends the daemon when it returns: the demo's director.
    var director: (@Sendable (ControlDesk) -> any Service)?
    var shutdownSignals: [UnixSignal] = [.sigterm, .sigint]

    /// Everything that the services share.
    private struct Parts {
        let signs: DoorSigns
        let inbox: Inbox
        let desk = ReplyDesk()
        let pulse: DaemonPulse
        let routes: ConnectionRoutes
        let courier: Courier
        let gauges: DaemonGauges
        let check: LedgerCheck
    }

    /// Runs until a signal or a graceful shutdown; POSTs in flight are waited for.
    ///
    /// - Parameters:
    ///   - loaded: the configuration, secrets checked.
    ///   - executor: the scheduler's thread.
    /// - Throws: `StoreError`, `TransportSetupError`, or what a service failed with.
    func run(_ loaded: LoadedConfiguration, executor: ThreadExecutor) async throws {
        let (pulse, inbox) = (DaemonPulse(notifier: notifier), Inbox())
        let parts = Parts(
            signs: DoorSigns(loaded.daemon), inbox: inbox, pulse: pulse,
            routes: ConnectionRoutes(host: host),
            courier: Courier(host: host, clock: clock),
            gauges: DaemonGauges(host: host, clock: clock, pulse: pulse),
            check: LedgerCheck(database: loaded.daemon.database, inbox: inbox, logger: logger))
        defer { parts.check.end() }
        parts.gauges.adopt(loaded.engine)
        if refusal != nil { parts.gauges.refuse(at: clock.now().wall) }
        // Also where nothing is refused: the alarm may be one of an earlier life.
        inbox.post(.trouble(Reloader.refusal(of: configPath, refusal)))
        inbox.post(.trouble(PendingRestart.trouble(nil)))
        do {
            try parts.routes.adopt(loaded.access)
            parts.courier.adopt(loaded)
            try await serve(loaded, parts, executor: executor)
        } catch {
            // Also on a failed start: a client that was never shut down traps.
            await parts.routes.shutdown()
            await parts.courier.shutdown()
            throw error
        }
        await parts.routes.shutdown()
        await parts.courier.shutdown()
    }

    private func serve(
        _ loaded: LoadedConfiguration, _ parts: Parts, executor: ThreadExecutor
    ) async throws {
        let (requests, queue) = AsyncStream.makeStream(of: RequestEffect.self)
        let (deliveries, outbox) = AsyncStream.makeStream(of: Delivery.self)
        let scheduler = makeScheduler(
            loaded, parts, executor: executor, queue: queue, outbox: outbox)
        parts.inbox.post(.configuration(loaded.engine, commandID: nil))
        let performer = RequestPerformer(
            requests: requests, finish: { queue.finish() }, inbox: parts.inbox, clock: clock,
            routes: parts.routes, logger: logger)
        let words = readyWords(loaded)
        parts.pulse.willBeReady(words)
        parts.pulse.stillStarting()
        logger.notice("\(words)")
        let notices = NoticePerformer(
            deliveries: deliveries, inbox: parts.inbox, courier: parts.courier)
        try await services(loaded, parts, scheduler, performer, notices).run()
    }

    private func readyWords(_ loaded: LoadedConfiguration) -> String {
        let count = loaded.engine.schedules.count { $0.enabled }
        return "\(Words.count(count, "schedule")) on \(loaded.daemon.database)"
    }

    /// The scheduler; it opens and locks the database itself, as soon as that can be done.
    private func makeScheduler(
        _ loaded: LoadedConfiguration, _ parts: Parts, executor: ThreadExecutor,
        queue: AsyncStream<RequestEffect>.Continuation,
        outbox: AsyncStream<Delivery>.Continuation
    ) -> Scheduler {
        let (settings, processID, clock, host) = (loaded.daemon, processID, clock, host)
        let (desk, pulse, logger, compareLater) = (parts.desk, parts.pulse, logger, compareLater)
        let watch = OpeningWatch(
            progress: { pulse.opening($0) },
            leftUnchecked: { [check = parts.check] in check.begin() })
        return Scheduler(
            makeClockwork: {
                let ledger = try Ledger(
                    path: settings.database, pid: processID, now: clock.now().wall,
                    takesNetworkRisk: settings.takesNetworkRisk, watch: watch)
                try ledger.refuseMember()
                try compareLater?(clock.now().wall)
                pulse.opened()
                parts.inbox.post(.trouble(Self.birth(of: ledger, settings.database, logger)))
                return Clockwork(
                    ledger: ledger, pid: processID, version: Self.version,
                    recompile: { RuleSource.compile($0, host: host) })
            }, inbox: parts.inbox, clock: clock, executor: executor,
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
                    case .deliver(let delivery): outbox.yield(delivery)
                    case .reply(let id, let reply): desk.reply(id, reply)
                    case .log(let line):
                        logger.log(level: line.level.loggerLevel, "\(line.message)")
                    }
                }), waitMillisecondsMax: waitMillisecondsMax)
    }

    /// A ledger that was begun now is said; loudly where there was one before: an empty one knows of
    /// no start, and its folder may only not be mounted.
    private static func birth(
        of ledger: borrowing Ledger, _ database: String, _ logger: Logger
    ) -> Trouble {
        let wasKnown = LedgerMarker.isKnown(database)
        var trouble = Trouble(kind: .newLedger, subject: database, whatToDo: nil)
        guard ledger.isNew else { return trouble }
        logger.warning("a new ledger was begun: \(database)")
        guard wasKnown else { return trouble }
        trouble.whatToDo =
            "a new ledger was begun, though there was one before, whose starts it doesn't know: if "
            + "a volume isn't mounted or files were moved, stop the daemon and bring them back; "
            + "this row goes with the next start"
        logger.error("\(database): \(trouble.whatToDo ?? "")")
        return trouble
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
        _ performer: RequestPerformer, _ notices: NoticePerformer
    ) -> ServiceGroup {
        let reloader = Reloader(
            path: configPath, loader: loader, host: host, clock: clock, routes: parts.routes,
            courier: parts.courier, inbox: parts.inbox, desk: parts.desk, pulse: parts.pulse,
            gauges: parts.gauges, logger: logger,
            settings: LiveSettings(loaded.daemon, signs: parts.signs, logTaste: logTaste),
            files: FilesInUse(loaded))
        let control = ControlDesk(
            inbox: parts.inbox, desk: parts.desk, reloader: reloader,
            database: loaded.daemon.database,
            failure: { [pulse = parts.pulse] in pulse.failure },
            pendingRestart: { [settings = reloader.settings] in settings.pendingRestart })
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: performer),
            .init(service: notices),
            .init(
                service: SchedulerService(
                    scheduler: scheduler, inbox: parts.inbox, desk: parts.desk, pulse: parts.pulse),
                successTerminationBehavior: .gracefullyShutdownGroup,
                // Not cancelled: doors close in order, and the error is thrown after that.
                failureTerminationBehavior: .gracefullyShutdownGroup),
            .init(service: controlDoor(parts, control)),
            .init(service: StartWatch(pulse: parts.pulse, clock: clock)),
            .init(
                service: FileWatch(
                    reloader: reloader, routes: parts.routes, inbox: parts.inbox, clock: clock,
                    database: loaded.daemon.database)),
            .init(service: ReloadSignal(reloader: reloader, notifier: notifier)),
        ]
        if let director {
            services.append(
                .init(
                    service: director(control),
                    successTerminationBehavior: .gracefullyShutdownGroup))
        }
        services.append(
            .init(
                service: Heartbeat(
                    courier: parts.courier, pulse: parts.pulse, clock: clock,
                    database: loaded.daemon.database, logger: logger)))
        services.append(.init(service: dashboardDoor(loaded, parts)))
        var configuration = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: shutdownSignals, logger: quietLogger)
        // Longer than the scheduler's own 40 s, so that it decides.
        configuration.maximumGracefulShutdownDuration = .seconds(50)
        return ServiceGroup(configuration: configuration)
    }

    private func controlDoor(_ parts: Parts, _ control: ControlDesk) -> Door<String> {
        let logger = quietLogger
        return Door(
            sign: parts.signs.control, name: { "control socket \($0)" }, inbox: parts.inbox,
            clock: clock, logger: self.logger,
            tried: { [pulse = parts.pulse] in pulse.reached(.door) },
            serve: { path, opened in
                try await ControlServer(
                    path: path, logger: logger, onRunning: opened,
                    perform: { await control.perform($0) }
                ).run()
            })
    }

    private func dashboardDoor(
        _ loaded: LoadedConfiguration, _ parts: Parts
    ) -> Door<DashboardPlace> {
        let source: @Sendable (ThreadExecutor) -> LedgerSource = { pages in
            LedgerSource(
                path: loaded.daemon.database, executor: pages,
                now: { [clock] in clock.now().wall },
                lastTurnAt: { [pulse = parts.pulse] in pulse.lastTurnAt },
                failure: { [pulse = parts.pulse] in pulse.failure },
                gauges: { [gauges = parts.gauges] in gauges.families($0) },
                tokens: { [gauges = parts.gauges] in gauges.tokens($0) },
                zone: { [host] in ZoneShelf.zone($0, on: host) },
                rule: { [host] in RuleSource.compile($0, host: host) })
        }
        let (logger, ready) = (quietLogger, dashboardReady)
        return Door(
            sign: parts.signs.dashboard, name: { "dashboard \($0.http)" }, inbox: parts.inbox,
            clock: clock, logger: self.logger,
            serve: { place, opened in
                let pages = ThreadExecutor(name: "carillon-pages")
                defer { pages.stop() }
                try await DashboardServer(
                    host: place.http.host, port: place.http.port, front: place.front,
                    source: source(pages),
                    logger: logger,
                    onRunning: { port in
                        await opened()
                        await ready(port)
                    }
                ).run()
            })
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
