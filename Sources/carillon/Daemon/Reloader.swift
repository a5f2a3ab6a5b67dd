import Config
import Engine
import Logging
import ServiceLifecycle
import Synchronization
import UnixSignals

/// Reads the config files again; a reload is all or nothing.
struct Reloader: Sendable {
    let path: String
    let loader: ConfigurationLoader
    let clock: any SchedulerClock
    let routes: ConnectionRoutes
    let inbox: Inbox
    let desk: ReplyDesk
    let pulse: DaemonPulse
    let gauges: DaemonGauges
    let logger: Logger
    /// What the daemon was started with; a reload can't change it.
    let settings: DaemonSettings
    /// The zones to watch from now on.
    let zones: ZonesInUse

    /// Reloads, and answers once the scheduler works by the new configuration.
    ///
    /// - Returns: the reply for the person who asked: exit code 2 and every error, or what changed.
    func reload() async -> CommandReply {
        let loaded: LoadedConfiguration
        do {
            loaded = try loader.load(path, secrets: .required, now: clock.now().wall)
            if let objection = loaded.objectionToReload(over: zones.schedules) {
                logger.error("the configuration stays as it was: \(objection)")
                return CommandReply(
                    exitCode: 2, message: "the configuration stays as it was: \(objection)")
            }
            try routes.adopt(loaded.access)
        } catch {
            logger.error("the configuration stays as it was: \(error)")
            return CommandReply(
                exitCode: 2, message: "the configuration stays as it was:\n\(error)")
        }
        for warning in loaded.warnings { logger.warning("\(warning)") }
        zones.replace(by: loaded.engine)
        var reply = await desk.ask { id in
            inbox.post(.configuration(loaded.engine, commandID: id))
        }
        if reply.exitCode == 0 { gauges.adopt(loaded.engine) }
        if loaded.daemon != settings {
            // The ledger, the sockets and the log stay as they are until then.
            reply.message += "; the changes of [daemon] need a restart"
            logger.warning("the changes of [daemon] need a restart")
        }
        return reply
    }
}

/// The zones and schedules that the present configuration names; a reload replaces them.
final class ZonesInUse: Sendable {
    private struct State {
        var zones: Set<String>
        var schedules: Set<String>

        init(_ configuration: EngineConfiguration) {
            zones = Set(configuration.schedules.map(\.timezone))
            schedules = Set(configuration.schedules.map(\.name))
        }
    }
    private let state: Mutex<State>

    init(_ configuration: EngineConfiguration) {
        state = Mutex(State(configuration))
    }

    /// Their names.
    var names: Set<String> { state.withLock { $0.zones } }

    /// The schedules that are in force.
    var schedules: Set<String> { state.withLock { $0.schedules } }

    func replace(by configuration: EngineConfiguration) {
        let new = State(configuration)
        state.withLock { $0 = new }
    }
}

/// SIGHUP reloads, as `systemctl reload` sends it.
struct ReloadSignal: Service {
    let reloader: Reloader
    let notifier: SystemdNotifier?

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            notifier?.reloading(
                monotonicMicroseconds: UInt64(
                    clamping: SystemClock.monotonicMicroseconds()))
            let reply = await reloader.reload()
            let words =
                reply.exitCode == 0 ? "reloaded: \(reply.message)" : "reload refused, see the log"
            notifier?.ready(status: words)
        }
    }
}

/// Watches what heals without a reload: secret files, and zone data under a running daemon.
struct FileWatch: Service {
    let reloader: Reloader
    let routes: ConnectionRoutes
    let inbox: Inbox
    let clock: any SchedulerClock

    private static let gapMilliseconds: Int64 = 10_000

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var known = stamps()
            while !Task.isCancelled {
                await clock.sleep(milliseconds: Self.gapMilliseconds)
                let new = stamps()
                for (connection, path) in routes.secretFiles where new[path] != known[path] {
                    inbox.post(.credentialChanged(connection: connection))
                }
                // A zone that a reload has added has no stamp yet and causes one more reload, which
                // closes the gap between its reading and its first stamp.
                if reloader.zones.names.contains(where: { new[$0] != known[$0] }) {
                    // A tzdata update: the rules are compiled anew, slots that moved are logged.
                    _ = await reloader.reload()
                }
                known = new
            }
        }
    }

    private func stamps() -> [String: Int64] {
        var stamps: [String: Int64] = [:]
        for (_, path) in routes.secretFiles { stamps[path] = SystemFiles.modified(path) }
        for zone in reloader.zones.names {
            stamps[zone] = SystemFiles.modified("/usr/share/zoneinfo/\(zone)")
        }
        return stamps
    }
}
