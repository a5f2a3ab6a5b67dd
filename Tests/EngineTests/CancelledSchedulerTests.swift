import Engine
import Foundation
import Store
import Testing
import Timetable

/// A scheduler whose task is cancelled, for whatever reason, comes to an end.
@Suite("A cancelled scheduler", .timeLimit(.minutes(30)))
struct CancelledSchedulerTests {
    /// A clock that stands still; a sleep lasts until the task is cancelled.
    private struct StillClock: SchedulerClock {
        func now() -> Now { Now(wall: Instant(milliseconds: 0), monotonicMilliseconds: 0) }
        func sleep(milliseconds: Int64) async {
            let (stream, end) = AsyncStream.makeStream(of: Void.self)
            for await _ in stream {}
            end.finish()
        }
        func hold(milliseconds: Int64) {}
    }

    @Test("It ends while it waits for an input")
    func idle() async throws {
        let (turns, turned) = AsyncStream.makeStream(of: Void.self)
        let folder = NSTemporaryDirectory() + "carillon-cancel-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let scheduler = Self.scheduler(turned) {
            Clockwork(
                ledger: try Ledger(
                    path: folder + "/carillon.db", pid: nil, now: Instant(milliseconds: 0),
                    durability: .simulated),
                pid: 1, version: "test", recompile: { _ in nil })
        }
        try await cancelled(scheduler, after: turns)
    }

    @Test("It ends while it waits for the ledger's disk")
    func waitingForDisk() async throws {
        let (turns, turned) = AsyncStream.makeStream(of: Void.self)
        let scheduler = Self.scheduler(turned) {
            throw StoreError(
                kind: .access, attempted: "open", path: "/none", cause: "gone", advice: "")
        }
        try await cancelled(scheduler, after: turns)
    }

    @Test("A damage that a turn meets is known to the next start")
    func damaged() async throws {
        let (_, turned) = AsyncStream.makeStream(of: Void.self)
        let folder = NSTemporaryDirectory() + "carillon-damage-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/carillon.db"
        let inbox = Inbox()
        let scheduler = Self.scheduler(turned, inbox) {
            let ledger = try Ledger(
                path: path, pid: nil, now: Instant(milliseconds: 0), durability: .simulated)
            var isMet = false
            ledger.database.willStep = { sql in
                guard !isMet, sql.hasPrefix("UPDATE lives SET ended") else { return }
                isMet = true
                throw StoreError(
                    kind: .corrupt, attempted: "run", path: path, cause: "a page is malformed",
                    advice: "")
            }
            return Clockwork(
                ledger: ledger, pid: 1, version: "test", recompile: { _ in nil })
        }
        inbox.post(
            .configuration(
                EngineConfiguration(contentHash: "1", connections: [:], schedules: []),
                commandID: nil))
        inbox.post(.stop)
        await #expect(throws: StoreError.self) { try await scheduler.run() }
        let ledger = try Ledger(
            path: path, pid: nil, now: Instant(milliseconds: 0), durability: .simulated)
        #expect(try ledger.alarms(.damaged) == [path])
        let ended = try ledger.database.first("SELECT ended FROM lives") { $0.string(0) }
        #expect(ended == LifeEnd.damaged.rawValue)
    }

    private static func scheduler(
        _ turned: AsyncStream<Void>.Continuation, _ inbox: Inbox = Inbox(),
        _ make: @escaping @Sendable () throws -> sending Clockwork
    ) -> Scheduler {
        Scheduler(
            makeClockwork: make, inbox: inbox, clock: StillClock(), executor: ThreadPerJob(),
            observer: SchedulerObserver(
                turnCompleted: { _ in turned.yield() }, storeFailing: { _ in },
                release: { _ in }))
    }

    private func cancelled(_ scheduler: Scheduler, after turns: AsyncStream<Void>) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await scheduler.run() }
            for await _ in turns { break }
            group.cancelAll()
            try await group.waitForAll()
        }
    }
}

/// Runs each job on a thread of its own; an actor hands over one at a time.
private final class ThreadPerJob: SerialExecutor {
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        // Handed over once and run once, on the executor it was meant for.
        Thread.detachNewThread { unsafe job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
