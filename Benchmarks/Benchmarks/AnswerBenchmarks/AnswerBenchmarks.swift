import Benchmark
import Engine
import Foundation
import ProcessesAPI
import Store
import Timetable

// Answers applied a second: each sample is one turn of 256 answers to `GET /processRuns/{id}`, as the
// daemon takes it (decode, compare, store, COMMIT with synchronous=FULL), against the bare decoding
// of the same bodies in the same run. Read the ratio: both share the machine's noise.

/// A run of 30 jobs in nested groups, about 9 kB, as the API of 2026-01-01 writes it.
func body(run: Int, changed: Int) -> [UInt8] {
    let at = Instant(seconds: start + Int64(changed)).iso8601
    let user = "{\"dateTime\":\"\(at)\",\"user\":{\"id\":\"V1ZVdXNlchNXb3JraXZhLVVzZXIx\"}}"
    func job(_ number: Int) -> String {
        """
        {"type":"job","jobRun":{"id":"\(run)-\(number)","action":"sendTask","actionStatus":"Running",\
        "status":"\(number < changed % 30 ? "complete" : "running")","ordinal":\(number),\
        "readOnly":false,"revision":\(changed),"arguments":{"type":"sendTask","sendTaskArgs":\
        {"title":"Reconcile account \(number)","assignee":{"id":"VQ","type":"user"}}},\
        "created":\(user),"modified":\(user)}}
        """
    }
    func group(_ number: Int) -> String {
        let jobs = (0..<10).map { job(number * 10 + $0) }.joined(separator: ",")
        return """
            {"type":"group","groupRun":{"id":"g\(number)","name":"Group \(number)","status":"running",\
            "parallel":true,"readOnly":false,"children":[\(jobs)]}}
            """
    }
    let groups = (0..<3).map(group).joined(separator: ",")
    return Array(
        """
        {"id":"r\(run)","process":"p\(run)","name":"Close - Run","status":"running",\
        "created":\(user),"modified":\(user),"statusCounts":{"Running":\(30 - changed % 30),\
        "Completed":\(changed % 30)},"revision":\(changed),"autoClose":true,"certAutoApprove":true,\
        "relativeDates":false,"root":{"id":"root","name":"Root","status":"running","parallel":false,\
        "readOnly":false,"children":[\(groups)]}}
        """.utf8)
}

let start: Int64 = 1_795_496_400
let runs = 256
let endpoint = APIEndpoint(baseURL: "https://api.example.com", apiVersion: "2026-01-01")

/// An answer as the transport and the decoder make it.
func answer(_ call: APICall, _ body: [UInt8], at now: Instant) -> APIAnswer {
    APIAnswer.decoding(
        call, endpoint: endpoint,
        outcome: .success(APIResponse(status: 200, headers: [], body: body)), receivedAt: now)
}

/// The heart of the daemon with 256 open runs that are read one by one, over a real file.
final class Follower {
    private let clockwork: Clockwork
    private var now = Instant(seconds: start)
    private let path: String
    private var changed = 0
    /// What the next turn gets: the configuration, then answers to what isn't measured.
    private var replies: [Input] = []
    /// What is asked for, and the bodies it will get.
    private(set) var asked: [(id: UInt64, call: APICall, body: [UInt8])] = []

    init(path: String) throws {
        self.path = path
        for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
        let ledger = try Ledger(path: path, pid: nil, now: now)
        for number in 0..<runs {
            let facts = RunFacts(runID: "r\(number)", processID: "p\(number)", status: "running")
            _ = try ledger.insertRun(
                facts, baseURL: endpoint.baseURL, connection: "prod", schedule: nil, slotID: nil,
                origin: .external, pollGapMilliseconds: 30_000,
                nextPollAt: now.adding(milliseconds: 30_000), now: now)
        }
        // Read one by one: what is measured is the reads, not the lists that spare them.
        try ledger.upsertConnection(
            name: "prod", baseURL: endpoint.baseURL, apiVersion: endpoint.apiVersion)
        if var row = try ledger.connection("prod") {
            row.sweepDistrustedSince = now
            try ledger.save(row)
        }
        var limits = Clockwork.Limits()
        limits.readsInFlightMax = runs
        limits.pollsMax = runs
        clockwork = Clockwork(
            ledger: ledger, pid: 1, version: "benchmark", recompile: { _ in nil }, limits: limits)
        var connection = Connection(
            name: "prod", baseURL: endpoint.baseURL, apiVersion: endpoint.apiVersion)
        connection.rate.requests = 10_000_000
        let configuration = EngineConfiguration(
            contentHash: "1", connections: ["prod": connection], schedules: [])
        replies = [.configuration(configuration, commandID: nil)]
    }

    deinit { for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) } }

    private func take(_ inputs: [Input]) throws -> [RequestEffect] {
        let result = try clockwork.take(
            inputs,
            now: Now(wall: now, monotonicMilliseconds: now.since(Instant(seconds: start))))
        return result.effects.compactMap {
            guard case .request(let request) = $0 else { return nil }
            return request
        }
    }

    /// Lets a minute pass, after which every run is due, and makes the bodies of their answers.
    func ask() throws {
        now = now.adding(milliseconds: 60_000)
        changed += 1
        asked = []
        // Reads have the steady rate to themselves, a place every few microseconds: one a turn.
        for _ in 0..<(4 * runs) where asked.count < runs {
            let effects = try take(replies)
            replies = []
            for effect in effects { answerOrKeep(effect) }
            now = now.adding(milliseconds: 1)
        }
        precondition(asked.count == runs, "\(asked.count) reads instead of \(runs)")
    }

    private func answerOrKeep(_ effect: RequestEffect) {
        let text: String
        switch effect.call {
        case .getRun(let id):
            guard let number = Int(id.dropFirst()) else { return }
            asked.append((effect.id, effect.call, body(run: number, changed: changed)))
            return
        case .token:
            text = """
                {"access_token":"t","expires_in":86400,"scope":"file:read file:write",\
                "token_type":"Bearer"}
                """
        default: text = "{\"data\":[]}"
        }
        replies.append(
            .answer(requestID: effect.id, answer(effect.call, Array(text.utf8), at: now)))
    }

    /// Only decodes.
    func decode() -> [APIAnswer] {
        asked.map { answer($0.call, $0.body, at: now) }
    }

    /// Decodes, compares, stores, commits.
    func apply() throws {
        let answers = zip(asked, decode()).map { Input.answer(requestID: $0.id, $1) }
        _ = try take(answers)
    }
}

let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [.wallClock, .cpuTotal, .instructions, .throughput],
        maxDuration: .seconds(5), maxIterations: 200)
    let folder = ProcessInfo.processInfo.environment["LEDGER_DIR"] ?? NSTemporaryDirectory()
    Benchmark("bare decoding of 256 answers by Foundation's JSONSerialization") { benchmark in
        let follower = try Follower(path: "\(folder)/answers-0.db")
        try follower.ask()
        let bodies = follower.asked.map { Data($0.body) }
        for _ in benchmark.scaledIterations {
            benchmark.startMeasurement()
            for body in bodies { blackHole(try JSONSerialization.jsonObject(with: body)) }
            benchmark.stopMeasurement()
        }
    }
    Benchmark("bare decoding of 256 answers") { benchmark in
        let follower = try Follower(path: "\(folder)/answers-1.db")
        try follower.ask()
        for _ in benchmark.scaledIterations {
            benchmark.startMeasurement()
            blackHole(follower.decode())
            benchmark.stopMeasurement()
        }
    }
    let follower = try? Follower(path: "\(folder)/answers-2.db")
    Benchmark("decode, compare and store 256 changed answers") { benchmark in
        guard let follower else { fatalError("no ledger in \(folder)") }
        for _ in benchmark.scaledIterations {
            try follower.ask()
            benchmark.startMeasurement()
            try follower.apply()
            benchmark.stopMeasurement()
        }
    }
}
