import Cluster
import Engine
import Foundation
import Loopback
import Migrations
import Postgres
import Store
import Synchronization
import Testing
import Timetable

extension PostgresTests {
    /// The daemon's scheduler on a real ledger, as a node of a real log.
    @Suite("Nodes") struct NodeTests {
        /// One leads and ends, the other takes over, then the first one again: each has all turns.
        @Test func twoNodesTakeTurns() async throws {
            let keeper = try Keeper()
            let (a, b) = (try Node("a", keeper), try Node("b", keeper))
            defer { for node in [a, b] { node.remove() } }
            for (term, node) in [a, b, a].enumerated() {
                try await node.live(turns: term + 1)
                let lease = try keeper.read(keeper.log()).lease
                #expect(lease.term == Int64(term + 1) && lease.holder?.node == node.name)
                #expect(try node.ledger().logPlace()?.chain == lease.chain.digits)
            }
            // b reads what a has done last, and ends before it could lead.
            try await b.live(turns: 0, isFollowing: true)
            let (rows, others) = (
                try a.ledger().rowsOfAllTables(), try b.ledger().rowsOfAllTables()
            )
            for table in rows.keys.sorted() { #expect(rows[table] == others[table], "\(table)") }
            #expect(rows["lives"]?.count == 3)
            let log = try keeper.read(keeper.log())
            #expect(Set(log.entries.map(\.term)) == [1, 2, 3])
            let known = try b.ledger().logPlace()?.chain
            #expect(
                Following.judge(log.entries, after: 0, chain: .empty)
                    == .fits(Chain(digits: known ?? "")))
        }

        /// The acknowledgement of a turn is lost on its way: it is in the log once, and counts.
        @Test func aTurnWhoseAcknowledgementIsLost() async throws {
            let keeper = try Keeper()
            let tunnel = try FaultyTunnel(to: keeper.server.port)
            defer { tunnel.stop() }
            let node = try Node("a", keeper, port: tunnel.port)
            defer { node.remove() }
            let appends = Mutex(0)
            node.before.withLock { before in
                before = { request in
                    guard case .append = request else { return tunnel.set(.none) }
                    let count = appends.withLock { count in
                        count += 1
                        return count
                    }
                    tunnel.set(count == 2 ? .answersLost : .none)
                }
            }
            try await node.live(turns: 10)
            try expectLevel(node, keeper)
            #expect(appends.withLock(\.self) > 3)
        }

        /// The server crashes under a turn, and is started again a while later: the same term goes on.
        @Test func aTurnUnderWhichTheServerCrashes() async throws {
            let keeper = try Keeper()
            let node = try Node("a", keeper)
            defer { node.remove() }
            let appends = Mutex(0)
            node.before.withLock { before in
                before = { request in
                    guard case .append = request else { return }
                    let count = appends.withLock { count in
                        count += 1
                        return count
                    }
                    if count == 2 { try? keeper.server.stopAtOnce() }
                    if count == 4 { try? keeper.server.start() }
                }
            }
            try await node.live(turns: 10)
            try expectLevel(node, keeper)
            #expect(appends.withLock(\.self) > 4)
        }

        /// R12, as a person upgrades two hosts: the follower first, then the leader, each by a restart.
        @Test func aRollingUpgrade() async throws {
            let newer = SchemaFiles(
                Migrations.all + [
                    Migrations.File(
                        name: "9001_later",
                        sql: Array("CREATE TABLE later (a INTEGER PRIMARY KEY) STRICT".utf8))
                ])
            let keeper = try Keeper()
            let (a, b) = (try Node("a", keeper), try Node("b", keeper))
            defer { for node in [a, b] { node.remove() } }
            try await a.live(turns: 2)
            // The follower is new, waits at the old schema, and migrates when it leads.
            b.schema.withLock { $0 = newer }
            try await b.live(turns: 0, isFollowing: true)
            #expect(try b.ledger().migrationCount() == SchemaFiles.own.count)
            try await b.live(turns: 2)
            #expect(try b.ledger().migrationCount() == newer.count)
            let place = try a.ledger().logPlace()
            // The old one stops before the migration.
            try await a.live(turns: 0, isFollowing: true)
            #expect(try a.ledger().migrationCount() == SchemaFiles.own.count)
            let (lease, entries) = try keeper.read(keeper.log())
            #expect(lease.holder?.node == "b" && lease.term == 2)
            let migration = try #require(entries.first { $0.kind == .migration })
            #expect(migration.term == 2 && migration.schema == newer.count)
            #expect(entries.filter { $0.term == 2 }.first == migration)
            #expect(try a.ledger().logPlace()?.seq == migration.seq - 1)
            #expect(try #require(place).seq <= migration.seq - 1)
            // Upgraded, it comes up to date by the log, and may lead.
            a.schema.withLock { $0 = newer }
            try await a.live(turns: 2)
            try await b.live(turns: 0, isFollowing: true)
            let (rows, others) = (
                try a.ledger().rowsOfAllTables(), try b.ledger().rowsOfAllTables()
            )
            for table in rows.keys.sorted() { #expect(rows[table] == others[table], "\(table)") }
            #expect(rows["schema_migrations"]?.count == newer.count)
        }

        private func expectLevel(_ node: Node, _ keeper: Keeper) throws {
            let (lease, entries) = try keeper.read(keeper.log())
            #expect(try node.ledger().logPlace()?.chain == lease.chain.digits)
            #expect(lease.term == 1 && entries.count == Int(lease.seq))
            #expect(Following.judge(entries, after: 0, chain: .empty) == .fits(lease.chain))
        }
    }
}

/// Time since boot that only waits move, and the wall clock as it is: PostgreSQL's is real, too.
private final class WaitClock: SchedulerClock {
    private let time = Mutex(Int64(0))
    /// Called after each wait: what the keeper's thread does meanwhile.
    let waited = Mutex<(@Sendable () -> Void)?>(nil)

    func now() -> Now {
        let wall = Int64(Date().timeIntervalSince1970 * 1000)
        return Now(
            wall: Instant(milliseconds: wall), monotonicMilliseconds: time.withLock(\.self))
    }
    func sleep(milliseconds: Int64) async { hold(milliseconds: milliseconds) }
    func hold(milliseconds: Int64) {
        time.withLock { $0 += max(1, milliseconds) }
        waited.withLock(\.self)?()
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

/// A log that tells before it asks.
private final class ToldLog: TurnLog {
    private let log: PostgresLog
    private let before: (LogRequest) -> Void

    init(_ log: PostgresLog, before: @escaping (LogRequest) -> Void) {
        self.log = log
        self.before = before
    }

    func perform(_ request: LogRequest) -> LogAnswer {
        before(request)
        // As if it were killed: the lease ends by itself.
        if case .resign = request { return .unknown }
        return log.perform(request)
    }
}

/// A host with its ledger, whose daemon lives one life after another.
private final class Node: Sendable {
    let name: String
    private let keeper: Keeper
    private let port: Int?
    private let folder: String
    private let lives = Mutex(0)
    /// What its binary knows of schemas.
    let schema = Mutex(SchemaFiles.own)
    /// Called before each question.
    let before = Mutex<(@Sendable (LogRequest) -> Void)?>(nil)

    init(_ name: String, _ keeper: Keeper, port: Int? = nil) throws {
        self.name = name
        self.keeper = keeper
        self.port = port
        folder = NSTemporaryDirectory() + "carillon-node-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        _ = try ledger().follow(
            [],
            to: LogPlace(
                epoch: keeper.epoch, install: UUID().uuidString, term: 0, seq: 0,
                chain: Chain.empty.digits))
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }

    func ledger() throws -> Ledger {
        try Ledger(
            path: folder + "/carillon.db", pid: nil, now: Instant(milliseconds: 0),
            durability: .simulated, schema: schema.withLock(\.self))
    }

    /// A life that ends when it has taken turns for some commands, or that only follows.
    func live(turns: Int, isFollowing: Bool = false) async throws {
        let (inbox, clock) = (Inbox(), WaitClock())
        inbox.post(
            .configuration(
                EngineConfiguration(contentHash: "1", connections: [:], schedules: []),
                commandID: nil))
        let left = Mutex(turns)
        let reads = Mutex(0)
        let told: @Sendable (LogRequest) -> Void = { [self] request in
            before.withLock(\.self)?(request)
            switch request {
            case .read where isFollowing:
                let count = reads.withLock { reads in
                    reads += 1
                    return reads
                }
                if count == 3 { inbox.post(.stop) }
            case .append:
                // A turn is under way: the next one has a command, or is the last.
                let next = left.withLock { left in
                    left -= 1
                    return left
                }
                if next < 0 { return }
                inbox.post(
                    next == 0
                        ? .stop
                        : .command(
                            id: UInt64(next), .drain(reason: "\(next)"), actor: "t"))
            default: break
            }
        }
        let seat = LogSeat(node: name, leaseMilliseconds: 6_000, clock: clock) { [self] in
            let life = lives.withLock { lives in
                lives += 1
                return lives
            }
            return "\(name).\(life)"
        }
        let scheduler = Scheduler(
            sharing: SharedLog(
                seat: seat, stallMilliseconds: 20_000,
                connect: { [self] in ToldLog(keeper.log(port: port), before: told) },
                openLedger: { [self] in try ledger() },
                makeClockwork: { ledger, membership, firstRequestID in
                    Clockwork(
                        ledger: ledger, pid: 1, version: "test", recompile: { _ in nil },
                        membership: membership, firstRequestID: firstRequestID)
                }),
            inbox: inbox, clock: clock, executor: ThreadPerJob(),
            observer: SchedulerObserver(
                turnCompleted: { _ in }, storeFailing: { _ in }, release: { _ in }))
        try await scheduler.run()
    }
}
