import Cluster
import Foundation
import Loopback
import Postgres
import Synchronization
import Testing
import Timetable

extension PostgresTests {
    /// What each verb does, and what it refuses (docs/cluster.md, R2 to R5 and R13).
    @Suite("Verbs") struct VerbTests {
        @Test func aTermFromItsFirstEntryToItsEnd() throws {
            let keeper = try Keeper("prod'; DROP SCHEMA carillon; -- ä")
            let log = keeper.log()
            #expect(try log.check(epoch: keeper.epoch) == Lease(epoch: keeper.epoch))
            let tenure = try keeper.take(log, anna)
            let first = entry(1, of: tenure)
            let second = entry(2, [], of: tenure, after: first.chain)
            // Not before the first, not twice, and not behind another one.
            #expect(log.perform(.append(second, tenure)) == .refused)
            #expect(log.perform(.append(first, tenure)) == .appended)
            #expect(log.perform(.append(first, tenure)) == .refused)
            let stray = entry(2, of: tenure, after: .empty)
            #expect(log.perform(.append(stray, tenure)) == .refused)
            #expect(log.perform(.append(second, tenure)) == .appended)
            #expect(log.perform(.renew(tenure)) == .renewed)
            let (lease, entries) = try keeper.read(log)
            // One beat for each of four: take, two appends, renewal.
            #expect((lease.term, lease.beat, lease.seq) == (1, 4, 2))
            #expect(lease.chain == second.chain && lease.holder == anna)
            #expect(entries.map(\.body) == [first.body, []])
            for (read, sent) in zip(entries, [first, second]) {
                var read = read
                #expect(abs(read.at.since(Instant(milliseconds: now()))) < 60_000)
                read.at = sent.at
                #expect(read == sent)
            }
            #expect(try keeper.read(log, after: 1, limit: 9).entries.map(\.seq) == [2])
            #expect(try keeper.read(log, after: 0, limit: 1).entries.map(\.seq) == [1])
            #expect(try keeper.read(log, after: 2, limit: 1).entries.isEmpty)
            #expect(log.perform(.resign(tenure)) == .resigned)
            #expect(try keeper.read(log).lease.holder == nil)
            #expect(log.perform(.resign(tenure)) == .refused)
            #expect(log.perform(.renew(tenure)) == .refused && log.problem == nil)
        }

        /// R2: whoever has an older term, or another life of the same name, is fenced.
        @Test func aTermThatIsOverIsFenced() throws {
            let keeper = try Keeper()
            let (log, other) = (keeper.log(), keeper.log())
            let old = try keeper.take(log, anna)
            var namesake = old
            namesake.holder.incarnation = "a.2"
            var stranger = old
            stranger.epoch = UUID().uuidString
            for tenure in [namesake, stranger] {
                #expect(log.perform(.append(entry(1, of: tenure), tenure)) == .refused)
                #expect(log.perform(.renew(tenure)) == .refused)
            }
            let new = try keeper.take(other, bert)
            #expect(log.perform(.append(entry(1, of: old), old)) == .refused)
            #expect(log.perform(.renew(old)) == .refused)
            #expect(other.perform(.append(entry(1, of: new), new)) == .appended)
            #expect(try keeper.read(log).entries.map(\.term) == [2])
        }

        /// R5: of two who saw the same, one takes it.
        @Test func ofTwoTakersOneWins() throws {
            let keeper = try Keeper()
            for round in 0..<20 {
                let seen = try keeper.read(keeper.log()).lease
                let answers = Mutex<[LogAnswer]>([])
                DispatchQueue.concurrentPerform(iterations: 4) { index in
                    let log = keeper.log()
                    let holder = Holder(
                        incarnation: "\(round).\(index)", install: "\(index)", node: "\(index)")
                    let answer = log.perform(
                        .take(epoch: seen.epoch, term: seen.term, beat: seen.beat, holder))
                    answers.withLock { $0.append(answer) }
                }
                let refused = answers.withLock { $0.count { $0 == .refused } }
                #expect(refused == 3)
                #expect(try keeper.read(keeper.log()).lease.term == Int64(round + 1))
            }
        }

        /// A beat in between begins the wait anew, so that what was seen before is not enough.
        @Test func aLeaseThatHasMovedIsNotTaken() throws {
            let keeper = try Keeper()
            let log = keeper.log()
            let tenure = try keeper.take(log, anna)
            let seen = try keeper.read(log).lease
            #expect(log.perform(.renew(tenure)) == .renewed)
            let late = LogRequest.take(
                epoch: seen.epoch, term: seen.term, beat: seen.beat, bert)
            #expect(log.perform(late) == .refused)
            #expect(log.perform(.renew(tenure)) == .renewed)
        }

        @Test func aHundredTurnsAreReadBack() throws {
            let keeper = try Keeper()
            let (log, reader) = (keeper.log(), keeper.log())
            let tenure = try keeper.take(log, anna)
            var (chain, bodies): (Chain, [[UInt8]]) = (.empty, [])
            for seq in 1...100 {
                // Three of them are larger than a read likes to be: it ends behind each.
                let size = seq % 40 == 20 ? 5 << 20 : seq * 7
                let body = [UInt8](repeating: UInt8(seq), count: size)
                let next = entry(Int64(seq), body, of: tenure, after: chain)
                #expect(log.perform(.append(next, tenure)) == .appended)
                (chain, bodies) = (next.chain, bodies + [body])
            }
            var (seq, at, reads): (Int64, Chain, Int) = (0, .empty, 0)
            while reads < 100 {
                let entries = try keeper.read(reader, after: seq, limit: 64).entries
                guard let last = entries.last else { break }
                guard case .fits(let end) = Following.judge(entries, after: seq, chain: at) else {
                    Issue.record("the chain breaks behind \(seq)")
                    break
                }
                #expect(entries.map(\.body) == Array(bodies[Int(seq)..<Int(last.seq)]))
                (seq, at, reads) = (last.seq, end, reads + 1)
            }
            #expect(seq == 100 && at == chain && reads == 3)
        }

        @Test func nodesTellOfThemselves() throws {
            let keeper = try Keeper()
            let (log, other) = (keeper.log(), keeper.log())
            var report = NodeReport(
                holder: anna, version: "0.2.0", schema: 30, plan: "p", seq: 7,
                clockMilliseconds: -12, obstacle: "the zone data differ")
            #expect(try log.announce(report))
            report.holder.incarnation = "a.2"
            report.obstacle = nil
            #expect(try log.announce(report))
            // Another copy of the ledger under the same name, while the first one is alive.
            var namesake = report
            namesake.holder.install = "c"
            #expect(try !other.announce(namesake))
            namesake.holder.node = "cecil"
            #expect(try other.announce(namesake))
            #expect(try other.nodes().map(\.report) == [report, namesake])
            try keeper.server.ask(
                "UPDATE carillon.nodes SET seen_at = seen_at - interval '11 seconds'")
            namesake.holder.node = anna.node
            #expect(try other.announce(namesake))
        }

        /// R13: old, with every node that lives, and never the last.
        @Test func oldEntriesGoThatNobodyNeeds() throws {
            let keeper = try Keeper()
            let log = keeper.log()
            let tenure = try keeper.take(log, anna)
            var chain = Chain.empty
            for seq in 1...6 {
                let next = entry(Int64(seq), of: tenure, after: chain)
                #expect(log.perform(.append(next, tenure)) == .appended)
                chain = next.chain
            }
            #expect(try log.cut(under: tenure, keeping: 3_600_000, limit: 10) == 0)
            try keeper.server.ask(
                "UPDATE carillon.turns SET at = at - interval '2 hours' WHERE cluster = '\(keeper.cluster)'"
            )
            func tell(_ holder: Holder, seq: Int64) throws {
                let report = NodeReport(
                    holder: holder, version: "0.2.0", schema: 30, plan: "p", seq: seq,
                    clockMilliseconds: 0, obstacle: nil)
                #expect(try log.announce(report))
            }
            try tell(anna, seq: 6)
            try tell(bert, seq: 3)
            var stale = tenure
            stale.term = 0
            #expect(try log.cut(under: stale, keeping: 3_600_000, limit: 10) == 0)
            #expect(try log.cut(under: tenure, keeping: 3_600_000, limit: 2) == 2)
            #expect(try log.cut(under: tenure, keeping: 3_600_000, limit: 10) == 1)
            #expect(try keeper.read(log).entries.map(\.seq) == [4, 5, 6])
            try tell(bert, seq: 6)
            #expect(try log.cut(under: tenure, keeping: 3_600_000, limit: 10) == 2)
            #expect(try keeper.read(log).entries.map(\.seq) == [6])
            let next = entry(7, of: tenure, after: chain)
            #expect(log.perform(.append(next, tenure)) == .appended)
        }

        @Test func aClusterIsFoundedOnceAndItsLogReplacedByName() throws {
            let keeper = try Keeper()
            let log = keeper.log()
            let tenure = try keeper.take(log, anna)
            // The answer to the first one may have been lost.
            try log.found(epoch: keeper.epoch)
            #expect(try keeper.read(log).lease.holder == anna)
            let taken = PostgresProblem.Unfit.taken(
                cluster: keeper.cluster, epoch: keeper.epoch)
            #expect(kind { try log.found(epoch: "other") } == .unfit(taken))
            #expect(log.perform(.append(entry(1, of: tenure), tenure)) == .appended)
            try log.found(epoch: "other", replacing: keeper.epoch)
            #expect(log.perform(.renew(tenure)) == .refused)
            let (lease, entries) = try keeper.read(log)
            #expect((lease.epoch, lease.seq, lease.term) == ("other", 0, 2) && entries.isEmpty)
            #expect(lease.holder == nil && lease.chain == .empty)
        }
    }
}

private func now() -> Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

/// What a call throws; nil: nothing.
func kind(_ work: () throws -> Void) -> PostgresProblem.Kind? {
    do {
        try work()
        return nil
    } catch { return (error as? PostgresProblem)?.kind }
}
