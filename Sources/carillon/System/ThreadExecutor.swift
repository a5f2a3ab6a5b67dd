import Foundation
import Synchronization

/// A serial executor with a thread of its own, for the scheduler: its fsync must not block the
/// cooperative pool, which has as many threads as the machine has cores.
///
/// `DispatchQueue` is no serial executor on Linux (docs/reliability.md#thread). The thread parks
/// between jobs,
/// not inside one, so nothing of the actor is held up by it.
final class ThreadExecutor: SerialExecutor, @unchecked Sendable {
    // @unchecked: `jobs` and `isStopped` are only touched with `condition` locked; `thread` is
    // written in `init` before the thread starts, and by the thread itself as it ends.
    private let condition = NSCondition()
    private var jobs: [UnownedJob] = []
    private var isStopped = false
    private var thread: Thread?

    init(name: String) {
        // The thread may begin, and end, after its owner has let go: it keeps what it works for.
        let thread = Thread { [self] in drain() }
        thread.name = name
        // Deep enough for SQLite and JSON, as the main thread's.
        thread.stackSize = 8 << 20
        self.thread = thread
        thread.start()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        condition.lock()
        jobs.append(job)
        condition.signal()
        condition.unlock()
    }

    func checkIsolated() {
        precondition(Thread.current === thread, "not on the scheduler's thread")
    }

    func isSameExclusiveExecutionContext(other: ThreadExecutor) -> Bool { self === other }

    /// Ends the thread once its jobs are done; called by the owner, which outlives the actor.
    func stop() {
        condition.lock()
        isStopped = true
        condition.signal()
        condition.unlock()
    }

    private func drain() {
        while true {
            condition.lock()
            while jobs.isEmpty && !isStopped { condition.wait() }
            let ready = jobs
            jobs = []
            let isOver = ready.isEmpty && isStopped
            condition.unlock()
            if isOver {
                thread = nil
                return
            }
            for job in ready {
                // Each job was handed over once, is run once, and on the executor it was meant for.
                unsafe job.runSynchronously(on: asUnownedSerialExecutor())
            }
        }
    }
}
