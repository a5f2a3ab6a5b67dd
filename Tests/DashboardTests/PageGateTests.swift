import Dashboard
import Foundation
import Synchronization
import Testing
import Timetable

/// Readers can't hurt the daemon: pages are read on a thread of their own, and so many at once.
@Suite struct PageGateTests {
    /// Lets nobody on until it is opened, and tells how many have come.
    private actor Latch {
        private var isOpen = false
        private var held: [CheckedContinuation<Void, Never>] = []
        private var awaited: (count: Int, continuation: CheckedContinuation<Void, Never>)?

        func pass() async {
            guard !isOpen else { return }
            await withCheckedContinuation { continuation in
                held.append(continuation)
                if let awaited, held.count >= awaited.count {
                    awaited.continuation.resume()
                    self.awaited = nil
                }
            }
        }

        func arrived(_ count: Int) async {
            guard held.count < count else { return }
            await withCheckedContinuation { awaited = (count, $0) }
        }

        func open() {
            isOpen = true
            for continuation in held { continuation.resume() }
            held = []
        }
    }

    /// A ledger whose front page takes as long as the latch is closed.
    private struct SlowSource: DashboardSource {
        let latch: Latch

        func overview(_ filter: OverviewFilter) async throws -> DashboardOverview {
            await latch.pass()
            return Samples.overview
        }
        func schedule(name: String) async throws -> DashboardSchedule? { nil }
        func slot(id: Int64) async throws -> DashboardSlot? { nil }
        func connection(name: String) async throws -> DashboardConnection? { nil }
        func errors(before: Instant?) async throws -> DashboardLog { Samples.errors }
        func audit(before: Instant?) async throws -> DashboardLog { Samples.errors }
        func windows() async throws -> DashboardWindows { .init(rules: [], now: Samples.now) }
        func calendar() async throws -> DashboardCalendar {
            DashboardCalendar(rules: [], now: Samples.now, zone: nil)
        }
        func run(id: String) async throws -> DashboardRun? { nil }
        func metrics() async throws -> [MetricFamily] { [] }
        func health() async -> DashboardHealth {
            DashboardHealth(now: Samples.now, lastTurnAt: Samples.now, failure: nil)
        }
    }

    @Test("The ninth page at once is told so at once; scrapes and health go on")
    func bound() async throws {
        let latch = Latch()
        try await during { announce in
            try DashboardServer(
                host: "127.0.0.1", port: 0, source: SlowSource(latch: latch), logger: quiet,
                onRunning: { announce($0) })
        } _: { port in
            let base = "http://127.0.0.1:\(port)"
            try await withThrowingTaskGroup(of: Int.self) { readers in
                for _ in 0..<8 {
                    readers.addTask { try await send(.GET, base + "/").status }
                }
                await latch.arrived(8)
                // By another name: the client has eight connections to each, and they are taken.
                let other = "http://localhost:\(port)"
                let ninth = try await send(.GET, other + "/errors")
                #expect(ninth.status == 503)
                #expect(ninth.body.contains("Too many pages are read at once"))
                #expect(ninth.headers.first(name: "Retry-After") == "2")
                #expect(try await send(.GET, other + "/metrics").status == 200)
                #expect(try await send(.GET, other + "/healthz").status == 200)
                #expect(try await send(.GET, other + "/style.css").status == 200)
                await latch.open()
                for try await status in readers { #expect(status == 200) }
            }
            #expect(try await send(.GET, base + "/errors").status == 200)
        }
    }

    @Test("The ledger is read on the thread that was handed in")
    func thread() async throws {
        let folder = "/tmp/carillon-\(UInt32.random(in: 0 ... .max))"
        let thread = PageThread()
        let source = LedgerSource(
            path: folder + "/none.db", executor: thread, now: { Samples.now },
            lastTurnAt: { nil })
        await #expect(throws: (any Error).self) { try await source.overview(OverviewFilter()) }
        #expect(thread.jobsDone > 0)
    }
}

/// A thread for pages.
final class PageThread: SerialExecutor {
    private let queue = DispatchQueue(label: "pages")
    private let jobs = Mutex(0)

    /// How many jobs it was handed.
    var jobsDone: Int { jobs.withLock { $0 } }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0 += 1 }
        queue.async {
            // Each job was handed over once, and is run once.
            unsafe job.runSynchronously(on: self.asUnownedSerialExecutor())
        }
    }
}
