import Engine
import Logging
import ServiceLifecycle
import Store

/// A door to the daemon: the control socket or the dashboard.
///
/// Whatever becomes of it, the scheduler goes on: a port that is taken or a folder that isn't there
/// yet is said in the log and in `attention`, and the door is tried again until it opens. A reload
/// may move it: what is under way at the old place is answered, then the new one opens.
struct Door<Place: Sendable & Equatable>: Service {
    /// Where it is to be.
    let sign: DoorSign<Place>
    /// What people call it there; the subject of its alarm.
    let name: @Sendable (Place) -> String
    let inbox: Inbox
    let clock: any SchedulerClock
    let logger: Logger
    /// It was tried for the first time, and is open or not.
    var tried: @Sendable () -> Void = {}
    /// Serves at a place until the shutdown, and calls back once the door can be used.
    let serve:
        @Sendable (Place, _ opened: @escaping @Sendable () async -> Void) async throws -> Void

    private var gapMilliseconds: Int64 { 5_000 }

    func run() async throws {
        while !isOver {
            let place = sign.place
            guard let place else {
                tried()
                await cancelWhenGracefulShutdown { [sign] in await sign.changed(from: nil) }
                continue
            }
            await keepOpen(at: place)
            // Nothing is wrong with a place that isn't wanted any more.
            if !isOver { inbox.post(.trouble(trouble(at: place, nil))) }
        }
    }

    /// Serves at a place until the sign names another one, or the daemon ends.
    private func keepOpen(at place: Place) async {
        var lastCause: String?
        while !isOver, sign.place == place {
            let cause: String
            do {
                try await serveUntilMoved(at: place)
                cause = "it was closed"
            } catch {
                cause = "\(error)"
            }
            if isOver || sign.place != place { return }
            if cause != lastCause {
                logger.error("\(name(place)) can't be opened, it is tried again: \(cause)")
                inbox.post(
                    .trouble(
                        trouble(at: place, "it can't be opened, and is tried again: \(cause)")))
            }
            lastCause = cause
            tried()
            await cancelWhenGracefulShutdown { await pause(at: place) }
        }
    }

    /// Until the next try is due, or the door has moved.
    private func pause(at place: Place) async {
        await withTaskGroup { tasks in
            tasks.addTask { [clock, gapMilliseconds] in
                await clock.sleep(milliseconds: gapMilliseconds)
            }
            tasks.addTask { [sign] in await sign.changed(from: place) }
            await tasks.next()
            tasks.cancelAll()
        }
    }

    private func serveUntilMoved(at place: Place) async throws {
        let body = DoorBody { try await serve(place) { opened(at: place) } }
        var quiet = logger
        quiet.logLevel = .critical
        // A group of its own can be shut down gracefully: who asked for the reload gets the answer.
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: body, successTerminationBehavior: .gracefullyShutdownGroup)
                ], logger: quiet))
        try await withThrowingTaskGroup(of: Bool.self) { tasks in
            tasks.addTask {
                try await group.run()
                return true
            }
            tasks.addTask { [sign] in
                await sign.changed(from: place)
                await group.triggerGracefulShutdown()
                return false
            }
            defer { tasks.cancelAll() }
            while let hasEnded = try await tasks.next(), !hasEnded {}
        }
    }

    private var isOver: Bool { Task.isShuttingDownGracefully || Task.isCancelled }

    private func opened(at place: Place) {
        // Also at the first time: the alarm may be one of an earlier life.
        inbox.post(.trouble(trouble(at: place, nil)))
        tried()
    }

    private func trouble(at place: Place, _ words: String?) -> Trouble {
        Trouble(kind: .door, subject: name(place), whatToDo: words)
    }
}

/// What a door serves, as a service of its own.
private struct DoorBody: Service {
    let serve: @Sendable () async throws -> Void

    func run() async throws { try await serve() }
}
