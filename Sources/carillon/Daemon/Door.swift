import Engine
import Logging
import ServiceLifecycle
import Store

/// A door to the daemon: the control socket or the dashboard.
///
/// Whatever becomes of it, the scheduler goes on: a port that is taken or a folder that isn't there
/// yet is said in the log and in `attention`, and the door is tried again until it opens.
struct Door: Service {
    /// What people call it; the subject of its alarm.
    let name: String
    let inbox: Inbox
    let clock: any SchedulerClock
    let logger: Logger
    /// It was tried for the first time, and is open or not.
    var tried: @Sendable () -> Void = {}
    /// Serves until the shutdown, and calls back once the door can be used.
    let serve: @Sendable (_ opened: @escaping @Sendable () async -> Void) async throws -> Void

    private static let gapMilliseconds: Int64 = 5_000

    func run() async throws {
        var lastCause: String?
        while !isOver {
            let cause: String
            do {
                try await serve { opened() }
                cause = "it was closed"
            } catch {
                cause = "\(error)"
            }
            if isOver { return }
            if cause != lastCause {
                logger.error("\(name) can't be opened, it is tried again: \(cause)")
                inbox.post(.trouble(trouble("it can't be opened, and is tried again: \(cause)")))
            }
            lastCause = cause
            tried()
            await cancelWhenGracefulShutdown { [clock] in
                await clock.sleep(milliseconds: Self.gapMilliseconds)
            }
        }
    }

    private var isOver: Bool { Task.isShuttingDownGracefully || Task.isCancelled }

    private func opened() {
        // Also at the first time: the alarm may be one of an earlier life.
        inbox.post(.trouble(trouble(nil)))
        tried()
    }

    private func trouble(_ words: String?) -> Trouble {
        Trouble(kind: .door, subject: name, whatToDo: words)
    }
}
