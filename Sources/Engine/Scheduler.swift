import Cluster
package import Store
import Timetable

/// The real world as the scheduler sees it: the time, and a way to let it pass.
package protocol SchedulerClock: Sendable {
    /// Both clocks now.
    func now() -> Now
    /// Lets time pass on the monotonic clock; returns early when the task is cancelled.
    func sleep(milliseconds: Int64) async
    /// Lets time pass on this very thread, also in a task that is cancelled.
    func hold(milliseconds: Int64)
}

/// What the scheduler tells its surroundings; called on its thread, must not block.
package struct SchedulerObserver: Sendable {
    /// A turn was completed, also one that met a full disk: feeds the watchdog.
    package var turnCompleted: @Sendable (Now) -> Void
    /// The store refused a turn for now (disk full, busy); nil: it works again.
    package var storeFailing: @Sendable (StoreError?) -> Void
    /// A turn that wrote something took so many milliseconds, its durable COMMIT included.
    package var wrote: @Sendable (Int64) -> Void
    /// An effect to perform.
    package var release: @Sendable (Effect) -> Void

    package init(
        turnCompleted: @escaping @Sendable (Now) -> Void,
        storeFailing: @escaping @Sendable (StoreError?) -> Void,
        wrote: @escaping @Sendable (Int64) -> Void = { _ in },
        release: @escaping @Sendable (Effect) -> Void
    ) {
        self.turnCompleted = turnCompleted
        self.storeFailing = storeFailing
        self.wrote = wrote
        self.release = release
    }
}

extension Input {
    fileprivate var isConfiguration: Bool {
        if case .configuration = self { return true }
        return false
    }

    fileprivate var isHandOver: Bool {
        if case .command(_, .handOver, _) = self { return true }
        return false
    }

    var isStop: Bool {
        if case .stop = self { return true }
        return false
    }
}

/// Runs turns: waits for an input or the next deadline, takes a turn, releases its effects.
///
/// On a thread of its own (a custom serial executor is handed in), so that an fsync never blocks
/// the cooperative pool. It has no method but `run()`; everything reaches it through the inbox, so
/// reentrancy at an `await` can't interleave anything (docs/reliability.md#thread).
package actor Scheduler {
    /// Waits are short, and re-read the wall clock: a step of it is noticed within this.
    package static let waitMillisecondsMax: Int64 = 10_000
    private static let waitMillisecondsMin: Int64 = 5
    /// POSTs in flight are waited for at a stop, at most that long.
    private static let stopMillisecondsMax: Int64 = 40_000
    /// A cancelled task can't wait; this often it looks whether an answer has come.
    private static let cancelledWaitMilliseconds: Int64 = 20

    /// Under what turns are kept in a log.
    struct Post {
        let seat: LogSeat
        let log: any TurnLog
        let install: String
    }

    private enum Ground {
        case own(@Sendable () throws -> sending Clockwork)
        case shared(SharedLog)
    }

    private let executor: any SerialExecutor
    private let ground: Ground
    let inbox: Inbox
    let clock: any SchedulerClock
    let observer: SchedulerObserver
    /// No wait is longer, one for a full disk neither: a turn must come in time for the watchdog.
    private let waitMillisecondsMax: Int64
    var refusals = Refusals()
    /// When starts in flight are waited for no longer.
    var stopBy: Int64?
    /// Nil: one host has the ledger for itself, or this node does not lead.
    var post: Post?
    /// What later lives that lead are told.
    var backlog = Backlog()
    /// What the first turn of a life that leads is given.
    var first: [Input] = []
    /// Only the disk tells what is in the file.
    var mustReopen = false
    /// This life ends for another host to lead; the process goes on.
    var isHandingOver = false
    /// The process is to end.
    var isAskedToStop = false
    /// The last turn was refused, and not for want of the log.
    private(set) var isRefusedByDisk = false

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        // The actor keeps the executor alive for as long as it lives itself.
        unsafe executor.asUnownedSerialExecutor()
    }

    /// Makes the scheduler.
    ///
    /// - Parameters:
    ///   - makeClockwork: its heart, over the open ledger; called on its own thread until it succeeds.
    ///   - inbox: where its inputs come from.
    ///   - clock: the time.
    ///   - executor: the thread it runs on, kept alive by it.
    ///   - observer: what it tells.
    ///   - waitMillisecondsMax: the longest time without a turn.
    package init(
        makeClockwork: @escaping @Sendable () throws -> sending Clockwork, inbox: Inbox,
        clock: any SchedulerClock, executor: any SerialExecutor, observer: SchedulerObserver,
        waitMillisecondsMax: Int64 = Scheduler.waitMillisecondsMax
    ) {
        self.waitMillisecondsMax = waitMillisecondsMax
        ground = .own(makeClockwork)
        self.inbox = inbox
        self.clock = clock
        self.executor = executor
        self.observer = observer
    }

    /// Makes the scheduler of a node, which follows first.
    ///
    /// - Parameters:
    ///   - shared: the log, and what it needs to follow and to lead.
    ///   - inbox: where its inputs come from.
    ///   - clock: the time.
    ///   - executor: the thread it runs on, kept alive by it.
    ///   - observer: what it tells.
    ///   - waitMillisecondsMax: the longest time without a turn.
    package init(
        sharing shared: SharedLog, inbox: Inbox, clock: any SchedulerClock,
        executor: any SerialExecutor, observer: SchedulerObserver,
        waitMillisecondsMax: Int64 = Scheduler.waitMillisecondsMax
    ) {
        self.waitMillisecondsMax = min(waitMillisecondsMax, shared.seat.turnMilliseconds)
        ground = .shared(shared)
        self.inbox = inbox
        self.clock = clock
        self.executor = executor
        self.observer = observer
    }

    /// Takes turns until it is stopped, or cancelled, and no start is in flight.
    ///
    /// - Throws: `StoreError` that only a restart or a person can recover from; no effect of the
    ///   failed turn was released.
    package func run() async throws {
        let inbox = inbox
        try await withTaskCancellationHandler {
            switch ground {
            case .own(let makeClockwork):
                guard let clockwork = try await opened(makeClockwork) else { return }
                while try await step(clockwork) {}
            case .shared(let shared): try await run(with: shared)
            }
        } onCancel: {
            inbox.post(.stop)
        }
    }

    /// Opens the ledger; what passes (a disk, a folder that isn't there yet) is waited for.
    ///
    /// - Returns: nil if it was asked to stop before.
    private func opened(
        _ makeClockwork: @Sendable () throws -> sending Clockwork
    ) async throws -> Clockwork? {
        while true {
            let now = clock.now()
            do {
                let clockwork = try makeClockwork()
                refusals.noteOpened()
                return clockwork
            } catch let error as StoreError where error.isPassing {
                let inputs = refusals.inputs + inbox.take(max: Limits().inputsMax)
                guard await outlast(error, inputs, now: now) else { return nil }
            }
        }
    }

    /// One turn and the wait after it.
    ///
    /// - Returns: false when all is done.
    func step(_ clockwork: Clockwork) async throws -> Bool {
        let inputs = inputs(max: clockwork.limits.inputsMax)
        let now = clock.now()
        do {
            if refusals.mustReopen {
                try clockwork.reopen(now: now)
                refusals.noteOpened()
            }
            let result =
                if let post { try take(inputs, clockwork, post, now: now) } else {
                    try clockwork.take(inputs, now: now, provesWrites: refusals.isAny)
                }
            isRefusedByDisk = false
            if result.didWrite {
                observer.wrote(clock.now().monotonicMilliseconds - now.monotonicMilliseconds)
            }
            if refusals.noteTaken(didWrite: result.didWrite) { observer.storeFailing(nil) }
            release(result.effects)
            if post != nil, !clockwork.isStopping, inputs.contains(where: \.isHandOver) {
                isHandingOver = true
                first = [.stop]
            }
            // A thousand schedules are read, compiled and written in a turn, as never again.
            if inputs.contains(where: \.isConfiguration) { clockwork.giveBackMemory() }
            observer.turnCompleted(now)
            if clockwork.isStopping {
                let stopBy = stopBy ?? now.monotonicMilliseconds + Self.stopMillisecondsMax
                self.stopBy = stopBy
                if clockwork.startsInFlight == 0 || now.monotonicMilliseconds >= stopBy {
                    if let post {
                        try end(clockwork, post, now: now)
                    } else {
                        try clockwork.close(now: now)
                    }
                    return false
                }
            }
            await wait(for: result, now: now)
            return true
        } catch let error as StoreError where error.isPassing {
            isRefusedByDisk = true
            return await outlast(error, inputs, now: now)
        } catch let error as StoreError where error.kind == .corrupt {
            // What is in no log would set the ledger apart.
            if post == nil { clockwork.noteDamage(error, now: now) }
            throw error
        }
    }

    /// What the next turn is about: what waits from before, then what has come.
    private func inputs(max: Int) -> [Input] {
        let kept = refusals.inputs + first
        first = []
        let new = inbox.take(max: Swift.max(0, max - kept.count))
        if new.contains(where: \.isStop) { isAskedToStop = true }
        if post != nil { for input in new { backlog.note(input) } }
        return kept + new
    }

    private func release(_ effects: [Effect]) {
        for effect in effects {
            if let post, case .request(var request) = effect {
                request.term = post.seat.term ?? 0
                observer.release(.request(request))
            } else {
                observer.release(effect)
            }
        }
    }

    /// Sends nothing, keeps the answers, goes on trying (docs/reliability.md#disk).
    ///
    /// - Returns: false if it was asked to stop.
    func outlast(_ error: StoreError, _ inputs: [Input], now: Now) async -> Bool {
        for reply in refusals.note(error, inputs) { observer.release(reply) }
        observer.storeFailing(error)
        observer.turnCompleted(now)
        guard !refusals.isStopped, !Task.isCancelled else { return false }
        await clock.sleep(milliseconds: refusals.waitMilliseconds(max: waitMillisecondsMax))
        return true
    }

    private func wait(for result: Clockwork.Result, now: Now) async {
        guard inbox.count == 0, first.isEmpty else { return }
        // Nothing can be awaited in a cancelled task, and a hot loop would help nobody.
        if Task.isCancelled { return clock.hold(milliseconds: Self.cancelledWaitMilliseconds) }
        let until = result.nextDeadline.map { $0.since(now.wall) } ?? waitMillisecondsMax
        // Never a hot loop, even if a deadline stays in the past by a mistake of ours.
        let milliseconds = min(max(Self.waitMillisecondsMin, until), waitMillisecondsMax)
        let (inbox, clock) = (inbox, clock)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await inbox.wait() }
            group.addTask { await clock.sleep(milliseconds: milliseconds) }
            await group.next()
            group.cancelAll()
        }
    }
}
