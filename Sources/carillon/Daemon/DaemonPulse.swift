import Engine
import Store
import Synchronization
import Timetable

/// What the daemon's surroundings know of the scheduler: fed by completed turns only.
final class DaemonPulse: Sendable {
    private struct State {
        var lastTurn: Now?
        var lastPing: Int64?
        var failure: String?
        var readyWords = ""
        var openingWords = "opening and checking the database"
        var isOpen = false
        var missing: Set<Milestone> = [.turn, .door]
        var writes = 0
        var writtenMilliseconds: Int64 = 0
    }
    /// What a daemon that is ready has done.
    enum Milestone {
        /// A turn under the configuration; by then signals are handled, too.
        case turn
        /// The control socket can be used.
        case door
    }
    private let state = Mutex(State())
    private let notifier: SystemdNotifier?
    /// At most one datagram a second; the scheduler wakes at least every ten.
    private static let pingGapMilliseconds: Int64 = 1000

    init(notifier: SystemdNotifier?) {
        self.notifier = notifier
    }

    /// A turn was completed: the watchdog is fed.
    func turnCompleted(_ now: Now) {
        let mustPing = state.withLock { state in
            state.lastTurn = now
            guard
                now.monotonicMilliseconds - (state.lastPing ?? .min / 2) >= Self.pingGapMilliseconds
            else { return false }
            state.lastPing = now.monotonicMilliseconds
            return true
        }
        if mustPing { notifier?.watchdog() }
        reached(.turn)
    }

    /// A turn wrote to the database and took so long.
    func wrote(_ milliseconds: Int64) {
        state.withLock { state in
            state.writes += 1
            state.writtenMilliseconds += milliseconds
        }
    }

    /// How many turns have written since the start, and how long they took in all.
    var writes: (count: Int, milliseconds: Int64) {
        state.withLock { ($0.writes, $0.writtenMilliseconds) }
    }

    /// The store refuses turns; nil: it takes them again.
    ///
    /// - Returns: true if that is news.
    func storeFailing(_ error: StoreError?) -> Bool {
        let isNews = state.withLock { state in
            defer { state.failure = error.map { "\($0)" } }
            return state.failure != error.map { "\($0)" }
        }
        guard isNews else { return false }
        notifier?.status(
            error.map { $0.kind == .full ? "disk full, nothing is sent" : "\($0)" }
                ?? "the database works again")
        return true
    }

    /// What to say once the daemon is ready.
    func willBeReady(_ sentence: String) {
        state.withLock { $0.readyWords = sentence }
    }

    /// What the opening of the database is busy with; told at once, and with each later wish for time.
    func opening(_ words: String) {
        state.withLock { $0.openingWords = words }
        stillStarting()
    }

    /// The database is open: from now on only turns feed the watchdog.
    func opened() {
        state.withLock { $0.isOpen = true }
    }

    /// Still before the first turn: asks for more time; and feeds the watchdog until the database is
    /// open.
    ///
    /// A disk that was full when it was opened first counts as a turn, and what is done at the next try
    /// (a migration) may take longer than a turn may.
    ///
    /// - Returns: false once nothing is to be asked for any more.
    @discardableResult
    func stillStarting() -> Bool {
        let (isStarting, isOpen, words) = state.withLock {
            ($0.missing.contains(.turn), $0.isOpen, $0.openingWords)
        }
        if isStarting {
            notifier?.starting(words)
        } else if !isOpen {
            notifier?.watchdog()
        }
        return isStarting || !isOpen
    }

    /// How often that is to be done.
    var startGap: Duration {
        min(notifier?.watchdogInterval.map { $0 / 3 } ?? .seconds(5), .seconds(5))
    }

    /// A milestone of the start; with the last one `systemctl start` returns.
    ///
    /// Said too early, a stop would meet a process that doesn't handle signals yet, and a command a
    /// socket that isn't there.
    func reached(_ milestone: Milestone) {
        let words: String? = state.withLock { state in
            let isLast = state.missing.remove(milestone) != nil && state.missing.isEmpty
            // A database that can't be written is more important than what would be done with it.
            return isLast ? state.failure ?? state.readyWords : nil
        }
        if let words { notifier?.ready(status: words) }
    }

    /// The stop has begun; POSTs in flight may take their 40 s.
    func stopping() {
        notifier?.stopping()
        notifier?.extendTimeout(microseconds: 45_000_000)
    }

    /// The last completed turn, wall clock.
    var lastTurnAt: Instant? { state.withLock { $0.lastTurn?.wall } }

    /// Why the store refuses turns, if it does.
    var failure: String? { state.withLock { $0.failure } }
}
