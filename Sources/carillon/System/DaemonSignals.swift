import Glibc
import Synchronization

/// What signals do to the daemon before its services handle them, and those that it doesn't know.
///
/// The default of most signals is death: a reload that comes while the config is read, a monitor's
/// USR1, or a reader of the log that goes away must not end the scheduler.
enum DaemonSignals {
    private static let reloadWanted = Atomic(false)

    /// Deadly or stopping where nobody handles them, and of no meaning to a daemon.
    ///
    /// Behind XFSZ and XCPU stand limits: a write that goes over one fails, as others do.
    private static let strangers =
        [
            SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGPOLL, SIGWINCH, SIGXFSZ,
            SIGXCPU, SIGPWR, SIGTTIN, SIGTTOU, stackFault,
        ] + Array(realTime)
    /// Only on some machines, and nobody has ever sent it on purpose.
    private static let stackFault: Int32 = 16
    /// The two before them are the C library's own.
    private static let realTime: ClosedRange<Int32> = 34...64

    /// Memory that stands for a file is gone: somebody has cut it, or the disk can't be read.
    ///
    /// The next start makes the index of the log anew, so the end is one that systemd starts again.
    private static let cutWords: StaticString = """
        a file that is in use was cut short, or the disk can't be read (SIGBUS; most likely the \
        database's -shm): ended, so that the next start makes it anew

        """

    /// To be called on the first line of `main`.
    static func tame() {
        for number in strangers { signal(number, SIG_IGN) }
        // Made before the handler may touch it: a debug build makes it at its first use, behind a lock.
        _ = cutWords
        // Writing a text that is part of the program, and ending, are safe at any point of it.
        signal(SIGBUS) { _ in
            let words = DaemonSignals.cutWords
            // SAFETY: the text is a constant of the program, as long as it says.
            _ = unsafe write(2, words.utf8Start, words.utf8CodeUnitCount)
            _exit(1)
        }
        // Storing into an atomic is all the handler does, which is safe at any point of the program.
        signal(SIGHUP) { _ in DaemonSignals.reloadWanted.store(true, ordering: .relaxed) }
    }

    /// Whether a reload was asked for since the start; asks once.
    static func takeReload() -> Bool {
        reloadWanted.exchange(false, ordering: .relaxed)
    }
}
