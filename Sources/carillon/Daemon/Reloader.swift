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
    let courier: Courier
    let inbox: Inbox
    let desk: ReplyDesk
    let pulse: DaemonPulse
    let gauges: DaemonGauges
    let logger: Logger
    /// What the daemon was started with; a reload can't change it.
    let settings: DaemonSettings
    /// The files to watch from now on.
    let files: FilesInUse

    /// Reloads, and answers once the scheduler works by the new configuration.
    ///
    /// - Parameters:
    ///   - isPatient: what isn't there yet is waited for, as at the start; otherwise it is an error,
    ///     and all stays as it was.
    ///   - actor: who asked for it, for the audit; empty: nobody.
    /// - Returns: the reply for the person who asked: exit code 2 and every error, or what changed.
    func reload(isPatient: Bool = false, actor: String = "") async -> CommandReply {
        var loaded: LoadedConfiguration
        do {
            loaded = try loader.load(
                path, secrets: isPatient ? .awaited : .required, now: clock.now().wall)
            if let objection = loaded.objectionToReload(over: files.schedules) {
                return refuse(objection)
            }
            try routes.adopt(loaded.access)
            courier.adopt(loaded)
        } catch {
            return refuse("\(error)")
        }
        loaded.engine.requestedBy = actor
        for warning in loaded.warnings { logger.warning("\(warning)") }
        files.replace(by: loaded)
        var reply = await desk.ask { id in
            inbox.post(.configuration(loaded.engine, commandID: id))
        }
        if reply.exitCode == 0 {
            gauges.adopt(loaded.engine)
            inbox.post(.trouble(Self.refusal(of: path, nil)))
        }
        if loaded.daemon != settings {
            // The ledger, the sockets and the log stay as they are until then.
            reply.message += "; the changes of [daemon] need a restart"
            logger.warning("the changes of [daemon] need a restart")
        }
        return reply
    }

    /// Says it everywhere: in the log, to who asked, and in `attention` until it is accepted.
    private func refuse(_ why: String) -> CommandReply {
        logger.error("the configuration stays as it was: \(why)")
        gauges.refuse(at: clock.now().wall)
        inbox.post(.trouble(Self.refusal(of: path, why)))
        return CommandReply(
            exitCode: 2,
            message: "the configuration stays as it was:" + (why.contains("\n") ? "\n" : " ") + why)
    }

    /// The row of `attention` on files that are refused; `why` nil: they are accepted.
    static func refusal(of path: String, _ why: String?) -> Trouble {
        Trouble(
            kind: .configuration, subject: path,
            whatToDo: why.map { why in
                let lines = why.split(separator: "\n")
                let more = lines.count > 1 ? " (and \(lines.count - 1) more)" : ""
                return "the configuration on disk is refused, and the one before runs on: "
                    + "\(lines.first ?? "")\(more); fix it, then: carillon reload"
            })
    }
}

/// What the present configuration names: its schedules, and the files outside it that it depends on,
/// zones and what is waited for; a reload replaces them.
final class FilesInUse: Sendable {
    private struct State {
        var paths: Set<String>
        var schedules: Set<String>
        var isWaiting: Bool

        init(_ loaded: LoadedConfiguration) {
            paths = Set(loaded.engine.schedules.map { ZoneShelf.folder + $0.timezone })
                .union(loaded.awaitedFiles)
            schedules = Set(loaded.engine.schedules.map(\.name)).union(loaded.engine.waiting.keys)
            isWaiting = !loaded.awaitedFiles.isEmpty
        }
    }
    private let state: Mutex<State>

    init(_ loaded: LoadedConfiguration) {
        state = Mutex(State(loaded))
    }

    /// The files' paths.
    var paths: Set<String> { state.withLock { $0.paths } }

    /// The schedules that are in force, or wait to be.
    var schedules: Set<String> { state.withLock { $0.schedules } }

    /// One of the files isn't there yet.
    var isWaiting: Bool { state.withLock { $0.isWaiting } }

    func replace(by loaded: LoadedConfiguration) {
        let new = State(loaded)
        state.withLock { $0 = new }
    }
}

/// SIGHUP reloads, as `systemctl reload` sends it.
struct ReloadSignal: Service {
    let reloader: Reloader
    let notifier: SystemdNotifier?

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        // One that came before anybody listened may have been meant for what was read already.
        if DaemonSignals.takeReload() { _ = await reloader.reload() }
        for await _ in signals.cancelOnGracefulShutdown() { await reload() }
    }

    private func reload() async {
        notifier?.reloading(
            monotonicMicroseconds: UInt64(clamping: SystemClock.monotonicMicroseconds()))
        let reply = await reloader.reload()
        let words =
            reply.exitCode == 0 ? "reloaded: \(reply.message)" : "reload refused, see the log"
        notifier?.ready(status: words)
    }
}
