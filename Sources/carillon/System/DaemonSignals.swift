import Glibc
import Synchronization

/// What signals do to the daemon before its services handle them, and those that it doesn't know.
///
/// The default of most signals is death: a reload that comes while the config is read, a monitor's
/// USR1, or a reader of the log that goes away must not end the scheduler.
enum DaemonSignals {
    private static let reloadWanted = Atomic(false)

    /// To be called on the first line of `main`.
    static func tame() {
        for number in [SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGPOLL, SIGWINCH] {
            signal(number, SIG_IGN)
        }
        // Storing into an atomic is all the handler does, which is safe at any point of the program.
        signal(SIGHUP) { _ in DaemonSignals.reloadWanted.store(true, ordering: .relaxed) }
    }

    /// Whether a reload was asked for since the start; asks once.
    static func takeReload() -> Bool {
        reloadWanted.exchange(false, ordering: .relaxed)
    }
}
