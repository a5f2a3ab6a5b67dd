package import Store
import Timetable

/// The real world as the scheduler sees it: the time, and a way to let it pass.
package protocol SchedulerClock: Sendable {
    /// Both clocks now.
    func now() -> Now
    /// Lets time pass on the monotonic clock; returns early when the task is cancelled.
    func sleep(milliseconds: Int64) async
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

/// Runs turns: waits for an input or the next deadline, takes a turn, releases its effects.
///
/// On a thread of its own (a custom serial executor is handed in), so that an fsync never blocks
/// the cooperative pool. It has no method but `run()`; everything reaches it through the inbox, so
/// reentrancy at an `await` can't interleave anything (docs/reliability.md#thread).
package actor Scheduler {
    /// Waits are short, and re-read the wall clock: a step of it is noticed within this.
    package static let waitMillisecondsMax: Int64 = 10_000
    private static let waitMillisecondsMin: Int64 = 5
    private static let fullDiskWaitMillisecondsMin: Int64 = 5_000
    /// POSTs in flight are waited for at a stop, at most that long.
    private static let stopMillisecondsMax: Int64 = 40_000

    private let executor: any SerialExecutor
    private let clockwork: Clockwork
    private let inbox: Inbox
    private let clock: any SchedulerClock
    private let observer: SchedulerObserver
    /// No wait is longer, one for a full disk neither: a turn must come in time for the watchdog.
    private let waitMillisecondsMax: Int64

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        // The actor keeps the executor alive for as long as it lives itself.
        unsafe executor.asUnownedSerialExecutor()
    }

    /// Makes the scheduler.
    ///
    /// - Parameters:
    ///   - clockwork: its heart, given away for good.
    ///   - inbox: where its inputs come from.
    ///   - clock: the time.
    ///   - executor: the thread it runs on, kept alive by it.
    ///   - observer: what it tells.
    ///   - waitMillisecondsMax: the longest time without a turn.
    package init(
        clockwork: sending Clockwork, inbox: Inbox, clock: any SchedulerClock,
        executor: any SerialExecutor, observer: SchedulerObserver,
        waitMillisecondsMax: Int64 = Scheduler.waitMillisecondsMax
    ) {
        self.waitMillisecondsMax = waitMillisecondsMax
        self.clockwork = clockwork
        self.inbox = inbox
        self.clock = clock
        self.executor = executor
        self.observer = observer
    }

    /// Takes turns until it is stopped and no start is in flight.
    ///
    /// - Throws: `StoreError` that only a restart can recover from; no effect of the failed turn was
    ///   released.
    package func run() async throws {
        // Inputs of a turn that the disk refused: kept, they are answers already received.
        var kept: [Input] = []
        var refusals: Int64 = 0
        var stopBy: Int64?
        while true {
            let inputs = kept + inbox.take(max: max(0, clockwork.limits.inputsMax - kept.count))
            let now = clock.now()
            do {
                let result = try clockwork.take(inputs, now: now)
                if result.didWrite {
                    observer.wrote(
                        clock.now().monotonicMilliseconds - now.monotonicMilliseconds)
                }
                if refusals > 0 { observer.storeFailing(nil) }
                (kept, refusals) = ([], 0)
                for effect in result.effects { observer.release(effect) }
                observer.turnCompleted(now)
                if clockwork.isStopping {
                    stopBy = stopBy ?? now.monotonicMilliseconds + Self.stopMillisecondsMax
                    let isOver = now.monotonicMilliseconds >= stopBy ?? 0
                    if clockwork.startsInFlight == 0 || isOver {
                        try clockwork.close(now: now)
                        return
                    }
                }
                await wait(for: result, now: now)
            } catch let error as StoreError where error.kind == .full || error.kind == .busy {
                // Send nothing, keep the answers, go on trying (docs/reliability.md#disk).
                kept = inputs.filter { !isRefused($0) }
                refusals += 1
                observer.storeFailing(error)
                observer.turnCompleted(now)
                if clockwork.wasAskedToStop(by: inputs) { return }
                await clock.sleep(
                    milliseconds: min(
                        Self.fullDiskWaitMillisecondsMin * refusals, waitMillisecondsMax))
            }
        }
    }

    /// A person's command is answered at once and dropped: who gave up must not be surprised by a
    /// start later on.
    private func isRefused(_ input: Input) -> Bool {
        let commandID: UInt64? =
            switch input {
            case .command(let id, _, _): id
            case .configuration(_, let id): id
            case .answer, .credentialChanged, .stop: nil
            }
        guard let commandID else { return false }
        observer.release(
            .reply(
                commandID: commandID,
                CommandReply(
                    exitCode: 75,
                    message: "the database can't be written now (disk full?), try again later")))
        return true
    }

    private func wait(for result: Clockwork.Result, now: Now) async {
        let until = result.nextDeadline.map { $0.since(now.wall) } ?? waitMillisecondsMax
        // Never a hot loop, even if a deadline stays in the past by a mistake of ours.
        let milliseconds = min(max(Self.waitMillisecondsMin, until), waitMillisecondsMax)
        guard inbox.count == 0 else { return }
        let (inbox, clock) = (inbox, clock)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await inbox.wait() }
            group.addTask { await clock.sleep(milliseconds: milliseconds) }
            await group.next()
            group.cancelAll()
        }
    }
}

extension Clockwork {
    /// The daemon is being stopped: no new request goes out.
    package var isStopping: Bool { memory.isStopping }

    /// POSTs on the wire, which a stop waits for.
    package var startsInFlight: Int { gate.startsInFlight }

    func wasAskedToStop(by inputs: [Input]) -> Bool {
        inputs.contains { input in
            if case .stop = input { return true }
            return false
        }
    }

    /// Notes a clean stop.
    func close(now: Now) throws {
        try ledger.transaction {
            guard memory.lifeID != 0 else { return }
            try ledger.touchLife(memory.lifeID, now: now.wall)
            try ledger.endLife(memory.lifeID, how: "stopped")
        }
        ledger.emptyLog()
    }
}

extension Clockwork {
    /// The slot that a start on the wire is for; nil for other requests (the simulation's book).
    package func slotID(ofRequest id: UInt64) -> Int64? {
        guard case .start(_, let slotID)? = gate.request(id)?.purpose else { return nil }
        return slotID
    }
}
