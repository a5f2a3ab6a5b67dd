import Cluster
import Engine
import Foundation
import Simulation
import Store
import Synchronization
import Testing
import Timetable

let nodeStart = Instant(milliseconds: 1_800_000_000_000)
let otherNode = Holder(incarnation: "b.1", install: "b", node: "b")

/// A clock that only waits move.
final class WaitClock: SchedulerClock {
    private let time = Mutex(Int64(0))
    /// Called after each wait: what the keeper does meanwhile.
    let waited = Mutex<(@Sendable () -> Void)?>(nil)

    func now() -> Now {
        let time = time.withLock(\.self)
        return Now(wall: nodeStart.adding(milliseconds: time), monotonicMilliseconds: time)
    }
    func sleep(milliseconds: Int64) async { hold(milliseconds: milliseconds) }
    func hold(milliseconds: Int64) {
        time.withLock { $0 += max(1, milliseconds) }
        waited.withLock { $0 }?()
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

/// A model of the log with a script before it, asked by the scheduler's thread only.
final class ScriptedLog: TurnLog, @unchecked Sendable {
    // @unchecked: the test touches it before the scheduler runs and after it has ended.
    let model = ModelLog(epoch: "e", now: nodeStart)
    let clock: WaitClock
    private(set) var asked: [LogRequest] = []
    /// What becomes of a request; nil: what the model says.
    var script: (ScriptedLog, LogRequest) -> LogAnswer? = { _, _ in nil }

    init(_ clock: WaitClock) { self.clock = clock }

    func perform(_ request: LogRequest) -> LogAnswer {
        model.now = clock.now().wall
        asked.append(request)
        return script(self, request) ?? model.perform(request)
    }

    var appends: Int {
        asked.count { if case .append = $0 { true } else { false } }
    }

    /// Another node takes the lease.
    func seize() {
        let lease = model.lease
        _ = model.perform(.take(epoch: "e", term: lease.term, beat: lease.beat, otherNode))
    }

    /// The other node, which leads, gives a sign of life.
    func beat() {
        _ = model.perform(
            .renew(Tenure(epoch: "e", term: model.lease.term, holder: otherNode)))
    }

    /// The other node, which leads, has taken a turn.
    func append(
        _ changes: [UInt8], _ kind: LogEntry.Kind = .turn, schema: Int = NodeStory.schema
    ) {
        let lease = model.lease
        let entry = LogEntry(
            seq: lease.seq + 1, term: lease.term, kind: kind, schema: schema,
            previous: lease.chain,
            nodeAt: model.now, body: changes)
        _ = model.perform(
            .append(entry, Tenure(epoch: "e", term: lease.term, holder: otherNode)))
    }
}

/// One node as the daemon runs it, on a real ledger, against a model of the log.
final class NodeStory: @unchecked Sendable {
    // @unchecked: what isn't locked is touched before the scheduler runs, after it has ended, or by it.
    static let schema = SchemaFiles.own.count
    let folder: TestFolder
    let path: String
    let clock = WaitClock()
    let inbox = Inbox()
    let log: ScriptedLog
    let seat: LogSeat
    let replies = Mutex<[CommandReply]>([])
    let failures = Mutex<[String]>([])
    /// A COMMIT that fails is in the file all the same.
    var writesFailedCommit = false
    /// What its binary knows of schemas.
    var schemaFiles = SchemaFiles.own
    /// Called by each statement of the ledger.
    let willStep = Mutex<(@Sendable (String) throws -> Void)?>(nil)

    init() throws {
        folder = try TestFolder()
        path = try folder.workloads.freshDatabase()
        log = ScriptedLog(clock)
        let lives = Mutex(0)
        seat = LogSeat(node: "a", leaseMilliseconds: 6_000, clock: clock) {
            lives.withLock { lives in
                lives += 1
                return "a.\(lives)"
            }
        }
    }

    func ledger() throws -> Ledger {
        try Ledger(
            path: path, pid: nil, now: nodeStart, durability: .simulated, schema: schemaFiles)
    }

    func place(_ seq: Int64 = 0, _ chain: Chain = .empty) throws {
        _ = try ledger().follow(
            [], to: LogPlace(epoch: "e", install: "a", term: 0, seq: seq, chain: chain.digits))
    }

    /// Puts a copy in the ledger's place, as `cp` makes one.
    func copyLedger() throws {
        let copy = path + ".copy"
        try Database(path: path, mode: .write).execute("VACUUM INTO '\(copy)'")
        for suffix in ["-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: path + suffix)
        }
        // The old one stays, or the copy might get its number.
        try FileManager.default.moveItem(atPath: path, toPath: path + ".old")
        try FileManager.default.moveItem(atPath: copy, toPath: path)
    }

    func run() async throws {
        inbox.post(
            .configuration(
                EngineConfiguration(contentHash: "1", connections: [:], schedules: []),
                commandID: nil))
        let (path, log, seat) = (path, log, seat)
        clock.waited.withLock { $0 = { seat.renew(by: log) } }
        defer { clock.waited.withLock { $0 = nil } }
        let observer = SchedulerObserver(
            turnCompleted: { _ in },
            storeFailing: { [self] error in
                if let error { failures.withLock { $0.append(error.cause) } }
            },
            release: { [self] effect in
                if case .reply(_, let reply) = effect { replies.withLock { $0.append(reply) } }
            })
        let scheduler = Scheduler(
            sharing: SharedLog(
                seat: seat, stallMilliseconds: 20_000, connect: { log },
                openLedger: { [self] in
                    let ledger = try Ledger(
                        path: path, pid: nil, now: nodeStart, durability: .simulated,
                        schema: schemaFiles)
                    let database = ledger.database
                    ledger.database.willStep = { [self, unowned database] sql in
                        do {
                            try willStep.withLock(\.self)?(sql)
                        } catch  where writesFailedCommit {
                            let step = database.willStep
                            database.willStep = nil
                            defer { database.willStep = step }
                            try database.execute("COMMIT")
                            throw error
                        }
                    }
                    return ledger
                },
                makeClockwork: { ledger, membership, firstRequestID in
                    Clockwork(
                        ledger: ledger, pid: 1, version: "test", recompile: { _ in nil },
                        membership: membership, firstRequestID: firstRequestID)
                }),
            inbox: inbox, clock: clock, executor: ThreadPerJob(), observer: observer)
        try await scheduler.run()
    }

    /// Where the ledger stands, and whether that is where the log does.
    func isLevel() throws -> Bool {
        let place = try ledger().logPlace()
        return place?.seq == log.model.lease.seq
            && place?.chain == log.model.lease.chain.digits
    }
}
