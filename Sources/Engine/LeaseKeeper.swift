package import Cluster

/// Renews the lease while turns end, on a thread and a connection of its own, so that neither a long turn
/// nor an append that waits costs the lease (docs/cluster.md, R4).
package actor LeaseKeeper {
    private static let lookMilliseconds: Int64 = 100

    private let executor: any SerialExecutor
    private let seat: LogSeat
    private let connect: @Sendable () -> any TurnLog
    private let clock: any SchedulerClock

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        // The actor keeps the executor alive for as long as it lives itself.
        unsafe executor.asUnownedSerialExecutor()
    }

    /// Makes a keeper.
    ///
    /// - Parameters:
    ///   - seat: what this node is.
    ///   - connect: the way to the log, made and used on its thread.
    ///   - clock: the time.
    ///   - executor: the thread it runs on, kept alive by it.
    package init(
        seat: LogSeat, connect: @escaping @Sendable () -> any TurnLog,
        clock: any SchedulerClock, executor: any SerialExecutor
    ) {
        self.seat = seat
        self.connect = connect
        self.clock = clock
        self.executor = executor
    }

    /// Renews until its task is cancelled.
    package func run() async {
        let log = connect()
        while !Task.isCancelled {
            seat.renew(by: log)
            await clock.sleep(milliseconds: Self.lookMilliseconds)
        }
    }
}
