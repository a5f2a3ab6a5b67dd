import Engine
import Logging
import ServiceLifecycle
import Store

/// Tells a dead-man service that the daemon does its work.
///
/// Only while turns complete, the ledger takes writes and nothing is overdue: whoever hears nothing
/// calls a person.
struct Heartbeat: Service {
    let courier: Courier
    let pulse: DaemonPulse
    let clock: any SchedulerClock
    let database: String
    let logger: Logger

    private static let gapMilliseconds: Int64 = 60_000
    /// A daemon with nothing to do takes a turn every ten seconds.
    private static let turnAgeMillisecondsMax: Int64 = 60_000

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var lastWords: String?
            while !Task.isCancelled {
                let words = await beat()
                if let words, words != lastWords { logger.warning("no heartbeat: \(words)") }
                lastWords = words
                await clock.sleep(milliseconds: Self.gapMilliseconds)
            }
        }
        // A service that returns ends the daemon.
        try? await gracefulShutdown()
    }

    /// Why there was none; nil: there was.
    private func beat() async -> String? {
        guard courier.hasDaemonHeartbeat else { return nil }
        if let trouble { return trouble }
        guard case .failed(let reason, _) = await courier.beatOfDaemon() else { return nil }
        return reason
    }

    private var trouble: String? {
        if let failure = pulse.failure { return failure }
        guard let last = pulse.lastTurnAt,
            clock.now().wall.since(last) <= Self.turnAgeMillisecondsMax
        else { return "no turn was completed in the last minute" }
        do {
            let overdue = try LedgerReader(path: database).overdueSlotCount()
            return overdue == 0 ? nil : "\(overdue) slots wait past their start_within"
        } catch {
            return "\(error)"
        }
    }
}
