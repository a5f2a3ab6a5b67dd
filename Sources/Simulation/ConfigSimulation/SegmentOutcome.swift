import Glibc
import Store
import Timetable

/// What came of a part of a simulation.
struct SegmentOutcome {
    /// `LedgerReader.dispositions`.
    let schedules: LedgerTable
    /// `LedgerReader.unstarted`, the first ones.
    let unstarted: LedgerTable
    let attention: LedgerTable
    let errors: [String]
    let isCutShort: Bool
    let slots: [SimulatedSlot]
    /// By connection, milliseconds from the part's beginning.
    private(set) var requestTimes: [String: [Int64]]

    /// Ends the daemon of a simulation, reads what it left, and removes its database.
    ///
    /// - Parameters:
    ///   - simulator: is killed.
    ///   - slotsMax: so many slots are kept with their runs, the first ones.
    /// - Throws: `StoreError` if its ledger can't be read.
    init(ending simulator: Simulator, slotsMax: Int = 0) throws {
        isCutShort = simulator.isStuck
        errors = simulator.errorLines
        requestTimes = simulator.requestTimes
        simulator.kill()
        let reader = try LedgerReader(path: simulator.path)
        schedules = try reader.dispositions()
        unstarted = try reader.unstarted(limit: OutcomeSum.unstartedMax)
        attention = try reader.attention()
        slots = slotsMax > 0 ? try reader.simulatedSlots(limit: slotsMax) : []
        for suffix in ["", "-wal", "-shm"] {
            // Gone already or never made: either way there is nothing left to do.
            _ = unsafe unlink(simulator.path + suffix)
        }
    }

    /// Drops what a daemon asks for only because it has just started.
    mutating func forgetRequests(before milliseconds: Int64) {
        requestTimes = requestTimes.mapValues { $0.filter { $0 >= milliseconds } }
    }
}

/// What came of all parts together.
struct OutcomeSum {
    static let unstartedMax = 20
    private static let longestWait = "longest_wait_seconds"

    private(set) var unstarted = LedgerTable()
    private(set) var attention = LedgerTable()
    private(set) var errors: [String] = []
    private(set) var slots: [SimulatedSlot] = []
    private(set) var isCutShort = false
    /// So much time was not simulated, since an equal part had been.
    private(set) var repeatedMilliseconds: Int64 = 0
    private(set) var requestTimes: [String: [Int64]] = [:]
    private var columns: [String] = []
    /// By schedule, in the order of `columns` without the first one.
    private var counts: [String: [Int64?]] = [:]

    /// The summary of all schedules, with the columns of `LedgerReader.dispositions`.
    var schedules: LedgerTable {
        LedgerTable(
            columns: columns,
            rows: counts.sorted { $0.key < $1.key }.map { name, counts in
                [.text(name)] + counts.map { SQLValue.int($0) }
            })
    }

    /// Its words name instants, so as long as they are shown they must be those of their own day.
    func canRepeat(_ part: SegmentOutcome) -> Bool {
        part.unstarted.rows.isEmpty || unstarted.rows.count >= Self.unstartedMax
    }

    /// Adds what came of a time that began then.
    mutating func add(
        _ part: SegmentOutcome, at begin: Instant, repeatedMilliseconds milliseconds: Int64 = 0
    ) {
        repeatedMilliseconds += milliseconds
        columns = part.schedules.columns
        for row in part.schedules.rows {
            guard case .string(let name) = row[0] else { continue }
            var known = counts[name] ?? row.dropFirst().map { _ in nil }
            for (index, value) in row.dropFirst().enumerated() {
                guard case .integer(let count) = value else { continue }
                let isLongest = columns[index + 1] == Self.longestWait
                known[index] = known[index].map { isLongest ? max($0, count) : $0 + count } ?? count
            }
            counts[name] = known
        }
        unstarted.columns = part.unstarted.columns
        let room = Self.unstartedMax - unstarted.rows.count
        unstarted.rows += part.unstarted.rows.prefix(max(0, room))
        attention = part.attention
        errors += part.errors
        slots += part.slots
        isCutShort = part.isCutShort
        for (connection, times) in part.requestTimes {
            requestTimes[connection, default: []] += times.map { begin.milliseconds + $0 }
        }
    }
}
