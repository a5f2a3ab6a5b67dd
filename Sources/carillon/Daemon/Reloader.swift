import Config
import Console
import Engine
import Logging
import ServiceLifecycle
import Synchronization
import UnixSignals

/// Reads the config files again; a reload is all or nothing.
struct Reloader: Sendable {
    let path: String
    let loader: ConfigurationLoader
    let host: any HostReading
    let clock: any SchedulerClock
    let routes: ConnectionRoutes
    let courier: Courier
    let inbox: Inbox
    let desk: ReplyDesk
    let pulse: DaemonPulse
    let gauges: DaemonGauges
    let logger: Logger
    /// What `[daemon]` says, as far as a reload can change it.
    let settings: LiveSettings
    /// The files to watch from now on.
    let files: FilesInUse
    /// One reload at a time: the engine and those who carry its requests work by the same one.
    let line = ReloadLine()

    /// Reloads, and answers once the scheduler works by the new configuration.
    ///
    /// - Parameters:
    ///   - isPatient: what isn't there yet is waited for, as at the start; otherwise it is an error,
    ///     and all stays as it was.
    ///   - ifLessAwaited: only if something that was waited for is there.
    ///   - actor: who asked for it, for the audit; empty: nobody.
    /// - Returns: the reply for the person who asked: exit code 2 and every error, or what changed.
    func reload(
        isPatient: Bool = false, ifLessAwaited: Bool = false, actor: String = ""
    ) async -> CommandReply {
        await line.enter()
        let reply = await takeOver(
            isPatient: isPatient, ifLessAwaited: ifLessAwaited, actor: actor)
        await line.leave()
        return reply
    }

    private func takeOver(
        isPatient: Bool, ifLessAwaited: Bool, actor: String
    ) async -> CommandReply {
        let before = files.loaded
        var loaded: LoadedConfiguration
        var refusal: String?
        do {
            (loaded, refusal) = try read(after: before, isPatient: isPatient)
            if ifLessAwaited, loaded.awaitedFiles.isSuperset(of: before.awaitedFiles) {
                return CommandReply(exitCode: 0, message: "nothing has come that was waited for")
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
        guard reply.exitCode == 0 else {
            // The engine works by the one before, and so does all that carries its requests.
            try? routes.adopt(before.access)
            courier.adopt(before)
            files.replace(by: before)
            return reply
        }
        gauges.adopt(loaded.engine, isRefused: refusal != nil)
        if refusal == nil { inbox.post(.trouble(Self.refusal(of: path, nil))) }
        let pending = settings.adopt(loaded.daemon)
        inbox.post(.trouble(PendingRestart.trouble(pending)))
        if let pending {
            reply.message += "; \(pending)"
            logger.warning("\(pending)")
        }
        logger.notice("reloaded\(actor.isEmpty ? "" : " by \(actor)"): \(reply.message)")
        return reply
    }

    /// The files on disk; or, where only what they refer to is looked at again and they are refused, those
    /// that run, since what these wait for may have come.
    ///
    /// - Returns: what was read, and why the files on disk are refused.
    private func read(
        after before: LoadedConfiguration, isPatient: Bool
    ) throws -> (LoadedConfiguration, refusal: String?) {
        let now = clock.now().wall
        var refusal: String
        do {
            let loaded = try loader.load(
                path, secrets: isPatient ? .awaited : .required, now: now)
            guard let objection = loaded.objection(after: before) else { return (loaded, nil) }
            refusal = objection
            if !isPatient { throw Refused(description: objection) }
        } catch let error as ConfigRejected where isPatient {
            refusal = "\(error)"
        }
        let kept = KeptFiles(before.engine.files, over: host)
        let loaded = try ConfigurationLoader(host: kept).load(path, secrets: .awaited, now: now)
        return (loaded, refusal)
    }

    private struct Refused: Error, CustomStringConvertible {
        let description: String
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

/// Lets one in after the other.
actor ReloadLine {
    private var isTaken = false
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var isRetried = false
    private var isRetryWantedAgain = false

    /// What could not be taken is tried again by one; false: another one does.
    func takeRetry() -> Bool {
        defer { (isRetried, isRetryWantedAgain) = (true, isRetried) }
        return !isRetried
    }

    /// - Returns: false if somebody has left another reload to the one who retries meanwhile.
    func endRetry() -> Bool {
        defer { (isRetried, isRetryWantedAgain) = (isRetryWantedAgain, false) }
        return !isRetryWantedAgain
    }

    func enter() async {
        guard isTaken else {
            isTaken = true
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func leave() {
        if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().resume() }
    }
}

/// The present configuration, and the files outside it that it depends on, zones and what is waited
/// for; a reload replaces them.
final class FilesInUse: Sendable {
    private let state: Mutex<LoadedConfiguration>

    init(_ loaded: LoadedConfiguration) {
        state = Mutex(loaded)
    }

    /// What is in force.
    var loaded: LoadedConfiguration { state.withLock { $0 } }

    /// The files' paths.
    var paths: Set<String> {
        let loaded = loaded
        return Set(loaded.engine.schedules.map { ZoneShelf.folder + $0.timezone })
            .union(loaded.awaitedFiles)
    }

    /// One of the files isn't there yet.
    var isWaiting: Bool { state.withLock { !$0.awaitedFiles.isEmpty } }

    func replace(by loaded: LoadedConfiguration) { state.withLock { $0 = loaded } }
}

/// SIGHUP reloads, as `systemctl reload` sends it.
struct ReloadSignal: Service {
    let reloader: Reloader
    let notifier: SystemdNotifier?

    private static let tryLater = ExitStatus.tryLater.rawValue
    private static let againGapMilliseconds: Int64 = 5_000

    func run() async throws {
        await cancelWhenGracefulShutdown {
            let signals = await UnixSignalsSequence(trapping: .sighup)
            await withDiscardingTaskGroup { group in
                // One that came before anybody listened may have been meant for what was read
                // already.
                if DaemonSignals.takeReload() {
                    let reply = await reloader.reload()
                    group.addTask { await settle(reply) }
                }
                for await _ in signals {
                    notifier?.reloading(
                        monotonicMicroseconds: UInt64(
                            clamping: SystemClock.monotonicMicroseconds()))
                    let reply = await reloader.reload()
                    // systemd waits for this, also where it has to be tried again.
                    notifier?.ready(status: Self.words(reply))
                    group.addTask { await settle(reply) }
                }
            }
        }
    }

    /// Reloads again until it is taken or refused: whoever sent the signal would have to look for that.
    private func settle(_ reply: CommandReply) async {
        guard reply.exitCode == Self.tryLater, await reloader.line.takeRetry() else { return }
        reloader.logger.warning("\(Self.words(reply))")
        var reply = reply
        var isOver = false
        while !isOver {
            await reloader.clock.sleep(milliseconds: Self.againGapMilliseconds)
            guard !Task.isCancelled else { return }
            reply = await reloader.reload()
            if reply.exitCode != Self.tryLater { isOver = await reloader.line.endRetry() }
        }
        notifier?.status(Self.words(reply))
    }

    private static func words(_ reply: CommandReply) -> String {
        switch reply.exitCode {
        case 0: "reloaded: \(reply.message)"
        case tryLater: "the reload waits, and goes on by itself: \(reply.message)"
        default: "reload refused, see the log"
        }
    }
}
