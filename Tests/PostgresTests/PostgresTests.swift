import Cluster
import Foundation
import Glibc
import Loopback
import Postgres
import Testing
import Timetable

/// One server for all tests of a suite, started before the first and gone after the last.
private struct OwnServer: SuiteTrait, TestScoping {
    let isRecursive = false

    func provideScope(
        for test: Test, testCase: Test.Case?,
        performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        let server = try PostgresServer(logins: ["host all guarded 127.0.0.1/32 scram-sha-256"])
        defer { server.stop() }
        try server.ask(
            "CREATE ROLE carillon LOGIN", "GRANT CREATE ON DATABASE postgres TO carillon",
            "CREATE ROLE guarded LOGIN PASSWORD 'right'", "CREATE ROLE bare LOGIN",
            "CREATE ROLE reader LOGIN", "ALTER ROLE reader SET default_transaction_read_only = on",
            "CREATE ROLE hasty LOGIN", "ALTER ROLE hasty SET synchronous_commit = off",
            "CREATE DATABASE empty")
        try await PostgresServer.$current.withValue(server) { try await function() }
    }
}

/// The log of turns in a real PostgreSQL, which these tests start themselves.
@Suite(
    "The log in PostgreSQL", .serialized, OwnServer(), .timeLimit(.minutes(5)),
    .enabled(if: PostgresServer.isInstalled, "no PostgreSQL here: apt-get install postgresql"))
struct PostgresTests {}

/// A cluster of a test's own, and logs that lead to it.
struct Keeper {
    let server: PostgresServer
    let cluster: String
    let epoch = "EPOCH-\(UUID().uuidString)"

    /// Finds the tables, and begins a log in them.
    init(_ cluster: String = UUID().uuidString) throws {
        server = try #require(PostgresServer.current)
        self.cluster = cluster
        try log().found(epoch: epoch)
    }

    /// A log by a connection of its own.
    func log(
        as user: String = "carillon", port: Int? = nil, answerMilliseconds: Int64 = 10_000,
        more: String = ""
    ) -> PostgresLog {
        PostgresLog(
            "host=127.0.0.1 port=\(port ?? server.port) user=\(user) dbname=postgres \(more)",
            cluster: cluster, answerMilliseconds: answerMilliseconds, clock: clock)
    }

    /// Takes the lease for somebody, wherever it is.
    func take(_ log: PostgresLog, _ holder: Holder) throws -> Tenure {
        let now = try read(log).lease
        let answer = log.perform(
            .take(epoch: now.epoch, term: now.term, beat: now.beat, holder))
        guard case .taken(let lease) = answer else { throw Surprise(answer, log) }
        #expect(lease.holder == holder && lease.term == now.term + 1)
        return Tenure(epoch: lease.epoch, term: lease.term, holder: holder)
    }

    func read(
        _ log: PostgresLog, after seq: Int64 = 0, limit: Int = 1_000
    ) throws -> (lease: Lease, entries: [LogEntry]) {
        let answer = log.perform(.read(after: seq, limit: limit))
        guard case .read(let lease, let entries, _) = answer else { throw Surprise(answer, log) }
        return (lease, entries)
    }

    /// Plays R3 to its end: whether the turn counts, and what was answered on the way.
    func settle(
        _ log: PostgresLog, _ entry: LogEntry, _ tenure: Tenure,
        between: (LogAnswer) throws -> Void = { _ in }
    ) rethrows -> (step: PendingAppend.Step, answers: [LogAnswer]) {
        var pending = PendingAppend(entry, under: tenure)
        var answers: [LogAnswer] = []
        while answers.count < 50 {
            let answer = log.perform(pending.request)
            answers.append(answer)
            let step = pending.receive(answer)
            guard case .ask = step else { return (step, answers) }
            try between(answer)
        }
        return (.ask(pending.request), answers)
    }
}

/// An answer that the story doesn't have.
struct Surprise: Error {
    var answer: LogAnswer
    var problem: PostgresProblem?

    init(_ answer: LogAnswer, _ log: PostgresLog) {
        self.answer = answer
        problem = log.problem
    }
}

let anna = Holder(incarnation: "a.1", install: "a", node: "anna \"ä\"")
let bert = Holder(incarnation: "b.1", install: "b", node: "bert")

func clock() -> BootTime {
    var time = timespec()
    // The kernel fills the struct that is ours.
    _ = unsafe clock_gettime(CLOCK_BOOTTIME, &time)
    return BootTime(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
}

func entry(
    _ seq: Int64, _ body: [UInt8] = [1, 0, 255], of tenure: Tenure, after chain: Chain = .empty
) -> LogEntry {
    LogEntry(
        seq: seq, term: tenure.term, schema: 30, previous: chain,
        nodeAt: Instant(milliseconds: 1_795_496_430_123), body: body)
}
