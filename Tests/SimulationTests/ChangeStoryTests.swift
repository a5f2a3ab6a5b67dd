import Simulation
import Store
import Testing

/// What turns change, applied to a ledger of the same beginning, leads to the same ledger.
@Suite struct ChangeStoryTests {
    /// The turns of a story, as far as its ledger has committed them.
    private final class Log {
        var turns: [[UInt8]] = []
        /// Deaths between the log and the COMMIT.
        var dropped = 0
    }

    /// Stories with faults, edits, people, clocks that are set, and deaths at any step.
    @Test(arguments: [400_003, 500_001, 600_002] as [UInt64])
    func aWholeStoryIsToldElsewhere(seed: UInt64) throws {
        let folder = try TestFolder()
        let alone = try folder.workloads.play(seed)
        let (file, copy) = (
            try folder.workloads.freshDatabase(), try folder.workloads.freshDatabase()
        )
        let log = Log()
        var workload = RandomWorkload(seed: seed, path: file)
        workload.simulator.keep = { [weak simulator = workload.simulator] changes in
            let committed = (try? simulator?.inspect { try $0.logPlace()?.seq }) ?? 0
            log.dropped += log.turns.count - Int(committed)
            log.turns.removeLast(log.turns.count - Int(committed))
            log.turns.append(changes)
            return Self.place(log.turns.count)
        }
        let outcome = try workload.play()
        // To be recorded changes nothing of what happens: deaths fall on one point more a turn.
        #expect(outcome.violations == alone.violations)
        #expect(log.turns.count > 100)

        let follower = try Ledger(
            path: copy, pid: nil, now: workload.simulator.wall, durability: .simulated)
        var applied = 0
        while applied < log.turns.count {
            // Some at once, as a follower does that has fallen behind.
            let end = min(log.turns.count, applied + 1 + applied % 7)
            let conflict = try follower.follow(
                Array(log.turns[applied..<end]), to: Self.place(end))
            #expect(conflict == nil, "\(conflict?.words ?? "") at \(applied)")
            guard conflict == nil else { return }
            applied = end
        }
        let (theirs, ours) = (
            try follower.rowsOfAllTables(),
            try workload.simulator.inspect { try $0.rowsOfAllTables() }
        )
        #expect(theirs.keys.count > 30)
        for table in theirs.keys.sorted() {
            #expect(theirs[table] == ours[table], "\(table)")
        }
        #expect(try follower.isSound())
        #expect(try follower.sumDifferences() == [])
    }

    private static func place(_ seq: Int) -> LogPlace {
        LogPlace(epoch: "e", install: "i", term: 1, seq: Int64(seq), chain: "c\(seq)")
    }
}
