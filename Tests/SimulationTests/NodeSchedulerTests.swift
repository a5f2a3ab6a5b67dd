import Cluster
import Engine
import Store
import Synchronization
import Testing
import Timetable

extension LogRequest {
    fileprivate var isTake: Bool {
        if case .take = self { true } else { false }
    }
}

/// The daemon's scheduler as a node of two: the same Member that the simulation's nodes go by, here with
/// the real inbox and the real waits (docs/cluster.md).
@Suite("A scheduler with a log", .timeLimit(.minutes(5)))
struct NodeSchedulerTests {
    /// R1, R5: it leads a log that nobody leads, and each turn of it, the last one too, is in the log.
    @Test func itLeadsAndAllThatItWritesIsInTheLog() async throws {
        let story = try NodeStory()
        try story.place()
        story.log.script = { [inbox = story.inbox] log, request in
            if case .append = request, log.appends == 1 { inbox.post(.stop) }
            return nil
        }
        let copy = try story.folder.workloads.freshDatabase()
        try await story.run()
        #expect(try story.isLevel())
        #expect(story.log.model.lease.term == 1 && story.log.model.entries.count == 2)
        let follower = try Ledger(path: copy, pid: nil, now: nodeStart, durability: .simulated)
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
        let story = try NodeStory()
        try story.place()
        story.log.script = { [inbox = story.inbox] log, request in
            if case .append = request, log.appends == 2 { log.seize() }
            if case .read = request, log.model.lease.holder == otherNode {
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
        let story = try NodeStory()
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
        let story = try NodeStory()
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

    /// A COMMIT of which only the disk knows whether it took place: the file is opened anew first, and what
    /// it says counts.
    @Test(arguments: [true, false])
    func aCommitOfUnknownFateIsLookedUpInTheFile(isWritten: Bool) async throws {
        let story = try NodeStory()
        try story.place()
        let state = Mutex((fails: false, failed: false, after: 0))
        story.willStep.withLock { step in
            step = { sql in
                let mustFail = state.withLock { state in
                    if state.failed { state.after += 1 }
                    guard sql == "COMMIT", state.fails, !state.failed else { return false }
                    state.failed = true
                    return true
                }
                guard mustFail else { return }
                throw StoreError(
                    kind: .ioError, attempted: "write the turn", path: "ledger",
                    cause: "input/output error", advice: "")
            }
        }
        story.writesFailedCommit = isWritten
        story.log.script = { [inbox = story.inbox] log, request in
            guard case .append = request else { return nil }
            if log.appends == 2 { state.withLock { $0.fails = true } }
            if log.appends == 4 { inbox.post(.stop) }
            return nil
        }
        try await story.run()
        // The connection that the failure was met on is used for nothing but going back.
        let (failed, after) = state.withLock { ($0.failed, $0.after) }
        #expect(failed && after <= 1)
        #expect(try story.isLevel())
        #expect(story.log.model.entries.map(\.term).prefix(3) == [1, 1, 2])
    }

    /// R11: a log that was put back sets the node apart, also where it has grown again to the same
    /// number; nothing is written and nothing is led.
    @Test(arguments: [(1, false), (2, true), (3, true)])
    func aLogThatWasPutBackIsNotFollowed(entries: Int, isGrown: Bool) async throws {
        let story = try NodeStory()
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

    /// R13: a node that was away for longer than the log keeps what it needs is told which entry is gone,
    /// leads nothing, and follows nothing but a copy of the leader's ledger.
    @Test(arguments: [1, 2])
    func whatWasCutAwayIsNotFollowed(left: Int) async throws {
        let story = try NodeStory()
        story.log.seize()
        for number in 0..<3 { story.log.append([UInt8(number)]) }
        try story.place(1, Chain.empty.followed(by: [0]))
        let rows = try story.ledger().rowsOfAllTables()
        story.log.script = { [inbox = story.inbox, clock = story.clock] log, request in
            if clock.now().monotonicMilliseconds > 20_000 { inbox.post(.stop) }
            guard case .read = request else { return nil }
            let kept = log.model.entries.suffix(left - 1)
            return .read(log.model.lease, Array(kept), at: clock.now().wall)
        }
        try await story.run()
        let apart = story.seat.standing?.apart
        #expect(apart == .broken(seq: 2))
        #expect(apart?.words.contains("removed as old") == true)
        #expect(apart?.words.contains("carillon backup --member") == true)
        #expect(story.log.model.lease.term == 1 && story.log.appends == 0)
        #expect(try story.ledger().logPlace()?.seq == 1)
        #expect(try story.ledger().rowsOfAllTables() == rows)
    }

    /// Two nodes of one name are two: the other's lease isn't ours because it is called so.
    @Test func aNamesakeIsWaitedFor() async throws {
        let story = try NodeStory()
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

    /// R5: who stops in order gives the lease up, and nobody waits for its end.
    @Test func aStopGivesTheLeaseUp() async throws {
        let story = try NodeStory()
        try story.place()
        story.log.script = { [inbox = story.inbox] log, request in
            if case .append = request, log.appends == 1 { inbox.post(.stop) }
            return nil
        }
        try await story.run()
        #expect(story.log.model.lease.holder == nil && story.log.model.lease.term == 1)
        guard case .resign? = story.log.asked.last else {
            Issue.record("\(story.log.asked)")
            return
        }
        #expect(try story.isLevel())
    }

    /// A hand-over: all is in the log, the other one leads, and this node follows it.
    @Test func aHandOverEndsTheLifeAndNotTheNode() async throws {
        let story = try NodeStory()
        try story.place()
        let handedAt = Mutex<Int64?>(nil)
        story.log.script = { [inbox = story.inbox, clock = story.clock] log, request in
            if case .append = request, log.appends == 1 {
                inbox.post(.command(id: 7, .handOver(reason: "new kernel"), actor: "ann"))
            }
            if case .resign = request {
                let answer = log.model.perform(request)
                log.seize()
                handedAt.withLock { $0 = clock.now().monotonicMilliseconds }
                return answer
            }
            let handed = handedAt.withLock(\.self)
            if let handed, clock.now().monotonicMilliseconds > handed + 3_000 {
                inbox.post(.stop)
            }
            return nil
        }
        try await story.run()
        #expect(story.replies.withLock(\.self).map(\.exitCode) == [0])
        #expect(story.log.model.lease.holder == otherNode && story.log.model.lease.term == 2)
        #expect(story.seat.standing?.role == .follower)
        #expect(try story.isLevel())
        let ledger = try story.ledger()
        let ended = try ledger.database.rows("SELECT ended FROM lives") { $0.string(0) }
        #expect(ended == [LifeEnd.clean.rawValue])
        let audit = try ledger.database.first(
            "SELECT actor || ' ' || action || ' ' || subject || ' ' || reason FROM audit"
        ) { $0.string(0) }
        #expect(audit == "ann hand-over a new kernel")
    }

    /// Nobody takes it: the node goes on in another term, when others have had their time.
    @Test func aHandOverToNobodyGoesOn() async throws {
        let story = try NodeStory()
        try story.place()
        let times = Mutex<(resigned: Int64?, tookBack: Int64?)>((nil, nil))
        story.log.script = { [inbox = story.inbox, clock = story.clock] log, request in
            let now = clock.now().monotonicMilliseconds
            if case .append = request, log.appends == 1 {
                inbox.post(.command(id: 7, .handOver(reason: ""), actor: "ann"))
            }
            if case .resign = request {
                times.withLock { $0.resigned = $0.resigned ?? now }
            }
            if case .append(_, let tenure) = request, tenure.term == 2 {
                times.withLock { $0.tookBack = $0.tookBack ?? now }
                inbox.post(.stop)
            }
            return nil
        }
        try await story.run()
        let (resigned, tookBack) = times.withLock { ($0.resigned, $0.tookBack) }
        #expect(story.log.model.lease.term == 2)
        #expect(try #require(tookBack) - #require(resigned) >= 6_600)
        #expect(try story.isLevel())
        let lives = try story.ledger().database.integer("SELECT count(*) FROM lives")
        #expect(lives == 2)
    }

    /// A copy of the ledger, however it was made, is another one: the lease of the original, which lives,
    /// is waited for, and taken only when it is over.
    @Test func aCopyOfTheLedgerIsNotTheOriginal() async throws {
        let story = try NodeStory()
        try story.place()
        let terms = Mutex(Set<Int64>())
        story.log.script = { [inbox = story.inbox] _, request in
            if case .append(_, let tenure) = request,
                terms.withLock({ $0.insert(tenure.term).inserted })
            {
                inbox.post(.stop)
            }
            // As if it were killed: nobody hears that the lease is free.
            if case .resign = request { return .unknown }
            return nil
        }
        try await story.run()
        let original = try #require(story.log.model.lease.holder)
        let known = try #require(try story.ledger().logPlace())
        #expect(known.install == original.install)
        // The same file is the same copy, and has its lease back at once.
        let asked = story.log.asked.count
        try await story.run()
        #expect(try story.ledger().logPlace()?.install == known.install)
        let again = try #require(story.log.model.lease.holder)
        #expect(again.install == original.install && again != original)
        #expect(story.log.asked.dropFirst(asked).prefix(2).contains { $0.isTake })
        try story.copyLedger()
        let began = story.clock.now().monotonicMilliseconds
        let tookAt = Mutex<Int64?>(nil)
        story.log.script = { [inbox = story.inbox, clock = story.clock] _, request in
            if request.isTake, tookAt.withLock({ $0 == nil }) {
                tookAt.withLock { $0 = clock.now().monotonicMilliseconds }
                inbox.post(.stop)
            }
            return nil
        }
        try await story.run()
        #expect((tookAt.withLock(\.self) ?? 0) - began >= 6_600)
        #expect(try story.ledger().logPlace()?.install != known.install)
    }

    /// A backup that was put back is told what it is, and how it becomes a member again.
    @Test func aRestoredBackupIsRefused() async throws {
        let story = try NodeStory()
        try story.place()
        try LedgerReader(path: story.path).backup(to: story.path + ".backup")
        _ = try Restoration.restore(
            story.path + ".backup", over: story.path, keepingAs: story.path + ".kept", pid: 1)
        let error = await #expect(throws: StoreError.self) { try await story.run() }
        #expect(error?.cause.contains("a backup that was put back") == true)
        #expect(error?.advice.contains("cluster init --from-backup") == true)
        #expect(story.log.asked.isEmpty)
    }

    /// A member's turns would be known to no other host if it were run alone.
    @Test func aMemberIsNotRunAlone() throws {
        let story = try NodeStory()
        try story.ledger().refuseMember()
        try story.place()
        let error = #expect(throws: StoreError.self) { try story.ledger().refuseMember() }
        #expect(error?.isPermanent == true && error?.cause.contains("log e") == true)
    }

    /// A ledger that is no member says so in one sentence, and nothing is asked.
    @Test func aLedgerOfNoLogIsRefused() async throws {
        let story = try NodeStory()
        let error = await #expect(throws: StoreError.self) { try await story.run() }
        #expect(error?.isPermanent == true && error?.advice.contains("cluster init") == true)
        #expect(story.log.asked.isEmpty)
    }
}
