import Cluster
import Engine
import Foundation
import Simulation
import Store
import Synchronization
import Testing
import Timetable

private let start = Instant(milliseconds: 1_800_000_000_000)
private let other = Holder(incarnation: "b.1", install: "b", node: "b")

/// A clock that only waits move.
private final class WaitClock: SchedulerClock {
    private let time = Mutex(Int64(0))
    /// Called after each wait: what the keeper does meanwhile.
    let waited = Mutex<(@Sendable () -> Void)?>(nil)

    func now() -> Now {
        let time = time.withLock(\.self)
        return Now(wall: start.adding(milliseconds: time), monotonicMilliseconds: time)
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
private final class ScriptedLog: TurnLog, @unchecked Sendable {
    // @unchecked: the test touches it before the scheduler runs and after it has ended.
    let model = ModelLog(epoch: "e", now: start)
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
        _ = model.perform(.take(epoch: "e", term: lease.term, beat: lease.beat, other))
    }

    /// The other node, which leads, has taken a turn.
    func append(_ changes: [UInt8]) {
        let lease = model.lease
        let entry = LogEntry(
            seq: lease.seq + 1, term: lease.term, schema: Story.schema, previous: lease.chain,
            nodeAt: model.now, body: changes)
        _ = model.perform(
            .append(entry, Tenure(epoch: "e", term: lease.term, holder: other)))
    }
}

/// One node as the daemon runs it, on a real ledger, against a model of the log.
private final class Story: @unchecked Sendable {
    // @unchecked: what isn't locked is touched before the scheduler runs, after it has ended, or by it.
    static let schema = 30
    let folder: TestFolder
    let path: String
    let clock = WaitClock()
    let inbox = Inbox()
    let log: ScriptedLog
    let seat: LogSeat
    let replies = Mutex<[CommandReply]>([])
    let failures = Mutex<[String]>([])
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
        try Ledger(path: path, pid: nil, now: start, durability: .simulated)
    }

    func place(_ seq: Int64 = 0, _ chain: Chain = .empty) throws {
        _ = try ledger().follow(
            [], to: LogPlace(epoch: "e", install: "a", term: 0, seq: seq, chain: chain.digits))
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
                        path: path, pid: nil, now: start, durability: .simulated)
                    ledger.database.willStep = { [self] sql in
                        try willStep.withLock(\.self)?(sql)
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

/// The daemon's scheduler as a node of two: the same Member that the simulation's nodes go by, here with
/// the real inbox and the real waits (docs/cluster.md).
@Suite("A scheduler with a log", .timeLimit(.minutes(5)))
struct NodeSchedulerTests {
    /// R1, R5: it leads a log that nobody leads, and each turn of it, the last one too, is in the log.
    @Test func itLeadsAndAllThatItWritesIsInTheLog() async throws {
        let story = try Story()
        try story.place()
        story.log.script = { [inbox = story.inbox] log, request in
            if case .append = request, log.appends == 1 { inbox.post(.stop) }
            return nil
        }
        let copy = try story.folder.workloads.freshDatabase()
        try await story.run()
        #expect(try story.isLevel())
        #expect(story.log.model.lease.term == 1 && story.log.model.entries.count == 2)
        let follower = try Ledger(path: copy, pid: nil, now: start, durability: .simulated)
        let conflict = try follower.follow(
            story.log.model.entries.map(\.body),
            to: LogPlace(epoch: "e", install: "c", term: 1, seq: 2, chain: ""))
        #expect(conflict == nil)
        let leader = try story.ledger()
        let (led, followed) = (try leader.rowsOfAllTables(), try follower.rowsOfAllTables())
        for table in led.keys.sorted() { #expect(followed[table] == led[table], "\(table)") }
        let ended = try leader.database.first("SELECT ended FROM lives") { $0.string(0) }
        #expect(ended == LifeEnd.clean.rawValue)
    }

    /// R2: an append that is refused fences; the turn never was, and the node follows whoever leads.
    @Test func aRefusedAppendFences() async throws {
        let story = try Story()
        try story.place()
        story.log.script = { [inbox = story.inbox] log, request in
            if case .append = request, log.appends == 2 { log.seize() }
            if case .read = request, log.model.lease.holder == other {
                if log.model.entries.count == 1 {
                    inbox.post(.command(id: 7, .drain(reason: "x"), actor: "t"))
                } else {
                    inbox.post(.stop)
                }
                log.append(log.model.entries[0].body)
            }
            return nil
        }
        story.inbox.post(.command(id: 6, .drain(reason: "x"), actor: "t"))
        try await story.run()
        // The other's second turn repeats the first one's rows, which a ledger that has them can't take.
        guard case .conflict(seq: 2, _)? = story.seat.standing?.apart else {
            Issue.record("\(String(describing: story.seat.standing))")
            return
        }
        #expect(try story.ledger().logPlace()?.seq == 1)
        #expect(story.replies.withLock(\.self).map(\.exitCode).contains(6))
    }

    /// R3, R9: as long as nobody answers there is no turn; then it goes on in the same term.
    @Test func aSilentLogSuspends() async throws {
        let story = try Story()
        try story.place()
        let silentUntil = Int64(60_000)
        story.log.script = { [inbox = story.inbox, clock = story.clock] log, request in
            guard case .append = request, log.appends > 1 else { return nil }
            let now = clock.now().monotonicMilliseconds
            if now < silentUntil { return .unknown }
            inbox.post(.stop)
            return nil
        }
        try await story.run()
        #expect(try story.isLevel())
        #expect(story.log.model.lease.term == 1)
        #expect(story.clock.now().monotonicMilliseconds >= silentUntil)
    }

    /// R1: a COMMIT that fails behind its append; the node gives up, reads the turn from the log, and
    /// leads again.
    @Test func aCommitThatFailsIsReadFromTheLog() async throws {
        let story = try Story()
        try story.place()
        let isFull = Mutex(false)
        let hits = Mutex(0)
        story.willStep.withLock { step in
            step = { sql in
                guard sql == "COMMIT", isFull.withLock(\.self) else { return }
                isFull.withLock { $0 = false }
                hits.withLock { $0 += 1 }
                throw StoreError(
                    kind: .full, attempted: "write the turn", path: "ledger",
                    cause: "no space left", advice: "")
            }
        }
        story.log.script = { [inbox = story.inbox] log, request in
            guard case .append = request else { return nil }
            if log.appends == 2 { isFull.withLock { $0 = true } }
            if log.appends == 4 { inbox.post(.stop) }
            return nil
        }
        try await story.run()
        #expect(hits.withLock(\.self) == 1)
        #expect(try story.isLevel())
        #expect(story.log.model.lease.term == 2)
        #expect(story.log.model.entries.map(\.term).prefix(3) == [1, 1, 2])
    }

    /// R11: a log that was put back sets the node apart, also where it has grown again to the same
    /// number; nothing is written and nothing is led.
    @Test(arguments: [(1, false), (2, true), (3, true)])
    func aLogThatWasPutBackIsNotFollowed(entries: Int, isGrown: Bool) async throws {
        let story = try Story()
        story.log.seize()
        for number in 0..<entries { story.log.append([UInt8(number)]) }
        let known = Chain.empty.followed(by: [0]).followed(by: [isGrown ? 9 : 1])
        try story.place(2, known)
        story.log.script = { [inbox = story.inbox, clock = story.clock] _, _ in
            if clock.now().monotonicMilliseconds > 20_000 { inbox.post(.stop) }
            return nil
        }
        try await story.run()
        #expect(story.seat.standing?.role == .apart)
        #expect(story.log.model.lease.term == 1 && story.log.appends == 0)
        #expect(try story.ledger().logPlace()?.seq == 2)
    }

    /// Two nodes of one name are two: the other's lease isn't ours because it is called so.
    @Test func aNamesakeIsWaitedFor() async throws {
        let story = try Story()
        try story.place()
        let namesake = Holder(incarnation: "x.1", install: "x", node: "a")
        _ = story.log.model.perform(.take(epoch: "e", term: 0, beat: 0, namesake))
        let tookAt = Mutex<Int64?>(nil)
        story.log.script = { [inbox = story.inbox, clock = story.clock] _, request in
            if case .take = request, tookAt.withLock({ $0 == nil }) {
                tookAt.withLock { $0 = clock.now().monotonicMilliseconds }
                inbox.post(.stop)
            }
            return nil
        }
        try await story.run()
        let took = tookAt.withLock { $0 }
        #expect(took ?? 0 >= 6_600)
    }

    /// A ledger that is no member says so in one sentence, and nothing is asked.
    @Test func aLedgerOfNoLogIsRefused() async throws {
        let story = try Story()
        let error = await #expect(throws: StoreError.self) { try await story.run() }
        #expect(error?.isPermanent == true && error?.advice.contains("cluster init") == true)
        #expect(story.log.asked.isEmpty)
    }
}

/// R6: what keeps a node from leading, though nobody else does.
@Suite("A node that may not lead", .timeLimit(.minutes(5)))
struct LeadObstacleTests {
    private func obstacle(
        _ prepare: (Story) throws -> Void, stopAt milliseconds: Int64 = 20_000
    ) async throws -> (obstacle: LeadObstacle?, asked: [LogRequest]) {
        let story = try Story()
        try story.place()
        try prepare(story)
        let script = story.log.script
        story.log.script = { [inbox = story.inbox, clock = story.clock] log, request in
            if clock.now().monotonicMilliseconds > milliseconds { inbox.post(.stop) }
            return script(log, request)
        }
        try await story.run()
        return (story.seat.standing?.obstacle, story.log.asked)
    }

    private func takes(_ asked: [LogRequest]) -> Int {
        asked.count { if case .take = $0 { true } else { false } }
    }

    @Test func otherFilesThanTheLeaders() async throws {
        let (obstacle, asked) = try await obstacle { story in
            let ledger = try story.ledger()
            try ledger.transaction {
                _ = try ledger.insertRevision(
                    contentHash: "2", isReload: false, summary: "", now: start)
            }
        }
        #expect(obstacle == .otherPlan(own: "1", leading: "2"))
        #expect(takes(asked) == 0)
    }

    @Test(arguments: [Int64(-2_001), 2_001])
    func aClockThatIsWrong(milliseconds: Int64) async throws {
        let (obstacle, asked) = try await obstacle { story in
            story.log.script = { [clock = story.clock] log, _ in
                log.model.now = clock.now().wall.adding(milliseconds: -milliseconds)
                return nil
            }
        }
        #expect(obstacle == .clock(milliseconds: milliseconds))
        #expect(takes(asked) == 0)
    }

    @Test func aClockThatIsRightEnough() async throws {
        let (obstacle, asked) = try await obstacle { story in
            story.log.script = { [clock = story.clock] log, _ in
                log.model.now = clock.now().wall.adding(milliseconds: 2_000)
                return nil
            }
        }
        #expect(obstacle == nil && takes(asked) == 1)
    }
}
