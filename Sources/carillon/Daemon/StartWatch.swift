import Engine
import ServiceLifecycle

/// Asks systemd for more time, as long as the database is being opened: checking gigabytes, reading
/// back a long log and a migration take longer than any limit that suits a start.
struct StartWatch: Service {
    let pulse: DaemonPulse
    let clock: any SchedulerClock

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled, pulse.stillStarting() {
                await clock.sleep(milliseconds: Int64(pulse.startGap / .milliseconds(1)))
            }
        }
        // A service that returns ends the daemon.
        try? await gracefulShutdown()
    }
}
