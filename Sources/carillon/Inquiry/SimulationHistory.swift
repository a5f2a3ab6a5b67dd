import Config
import Console
import Engine
import Simulation
import Store
import Timetable

/// How long runs took in a span of the real ledger, for a simulation.
struct SimulationHistory {
    /// Of each schedule: more would not change what comes of it.
    private static let runsMax = 10_000

    let durations: [String: [Int64]]
    let from: Instant
    let to: Instant

    /// Reads the ledger.
    ///
    /// - Throws: `CommandFailure` where it can't be read, or has no run of these schedules in the span.
    init(
        path: String, _ span: (from: Instant, to: Instant), schedules: [Schedule],
        _ host: any HostReading
    ) throws {
        (from, to) = span
        var found: [String: [Int64]] = [:]
        do {
            let reader = try LedgerReader(path: path)
            for name in schedules.map(\.name) {
                let took = try reader.durations(
                    of: name, from: span.from, to: span.to, limit: Self.runsMax)
                if !took.isEmpty { found[name] = took }
            }
        } catch let error as StoreError {
            throw CommandFailure(.failed, "--runs-as: \(error.advised(by: host))")
        }
        durations = found
        guard !durations.isEmpty else {
            throw CommandFailure(
                .notFound,
                "--runs-as: from \(span.from.iso8601) to \(span.to.iso8601) no run of these schedules "
                    + "succeeded; take a longer time, or --run-takes")
        }
    }

    /// What runs take in the simulation, in words.
    func words(_ schedules: [Schedule], otherwise: String) -> String {
        let count = durations.values.reduce(0) { $0 + $1.count }
        let without = schedules.map(\.name).filter { durations[$0] == nil }.sorted()
        return "Runs took as long as \(Words.count(count, "run")) of "
            + "\(Words.count(durations.count, "schedule")) did from \(from.iso8601) to \(to.iso8601)"
            + (without.isEmpty
                ? "." : "; of \(Words.and(without)) there is none, and they took \(otherwise).")
    }
}
