import Foundation
import Migrations
import Store
import Testing
import Timetable

/// What the database itself refuses, and what it keeps.
@Suite struct LedgerTests {
    private static func kind(of work: () throws -> Void) -> StoreError.Kind? {
        do {
            try work()
            return nil
        } catch {
            return (error as? StoreError)?.kind
        }
    }

    @Test func migrationsAreAppliedOnceAndKnownAgain() throws {
        let scratch = try Scratch()
        for _ in 0..<2 {
            let ledger = try scratch.ledger()
            #expect(try ledger.isSound())
            let applied = try ledger.database.integer("SELECT count(*) FROM schema_migrations")
            #expect(applied == Int64(Migrations.all.count))
            let synchronous = try ledger.database.integer("PRAGMA synchronous")
            #expect(synchronous == 2)
            #expect(try ledger.database.integer("PRAGMA auto_vacuum") == 2)
        }
    }

    @Test func aNewerOrForeignDatabaseIsRefused() throws {
        let newer = try Scratch()
        try newer.ledger().database.execute(
            "INSERT INTO schema_migrations VALUES ('9999_future.sql', 'x', 1)")
        #expect(Self.kind { _ = try newer.ledger() } == .newer)

        let edited = try Scratch()
        try edited.ledger().database.execute("UPDATE schema_migrations SET checksum = 'x'")
        #expect(Self.kind { _ = try edited.ledger() } == .newer)

        let foreign = try Scratch()
        let other = try Database(path: foreign.path, mode: .write)
        try other.execute("PRAGMA application_id = 7; CREATE TABLE theirs (a INTEGER)")
        #expect(Self.kind { _ = try foreign.ledger() } == .foreign)

        let garbage = try Scratch()
        try Data(repeating: 0x41, count: 8192).write(to: URL(fileURLWithPath: garbage.path))
        #expect(Self.kind { _ = try garbage.ledger() } == .corrupt)
    }

    @Test func aSecondDaemonIsRefusedByName() throws {
        let scratch = try Scratch()
        let first = try Ledger(path: scratch.path, pid: 4711, now: Scratch.now)
        do {
            _ = try Ledger(path: scratch.path, pid: 4712, now: Scratch.now)
            Issue.record("two daemons on one database")
        } catch let error as StoreError {
            #expect(error.kind == .alreadyRunning)
            #expect(error.cause.contains("4711"))
        }
        _ = first
    }

    /// A program that is being started has copies of all our descriptors until its exec.
    @Test func theLockEndsWithItsLedgerWhoeverHasACopyOfIt() throws {
        let scratch = try Scratch()
        var first: Ledger? = try Ledger(path: scratch.path, pid: 4711, now: Scratch.now)
        let folder = (scratch.folder as NSString).lastPathComponent
        let files = FileManager.default
        let copies = try files.contentsOfDirectory(atPath: "/proc/self/fd").filter { name in
            let target = try? files.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)")
            return target?.hasSuffix("\(folder)/carillon.db.lock") ?? false
        }.compactMap { Int32($0) }.map { dup($0) }
        defer { copies.forEach { _ = close($0) } }
        #expect(first != nil && copies.count == 1)
        first = nil
        _ = try Ledger(path: scratch.path, pid: 4712, now: Scratch.now)
    }

    /// Every pair of dispositions: the edges of docs/protocol.md#dispositions and no others.
    @Test func onlyDrawnEdgesArePossible() throws {
        let edges: [Disposition: Set<Disposition>] = [
            .pending: [
                .starting, .skipped, .coalesced, .missed, .expired, .failed, .cancelled, .held,
            ],
            .starting: [.started, .pending, .unknown, .failed],
            .unknown: [.started, .pending, .held, .expired],
            .held: [.started, .pending, .cancelled],
        ]
        let scratch = try Scratch()
        let ledger = try scratch.ledger()
        // The path that leads to each disposition from `pending`.
        let ways: [Disposition: [Disposition]] = [
            .pending: [], .starting: [.starting], .unknown: [.starting, .unknown],
            .held: [.held], .skipped: [.skipped], .coalesced: [.coalesced], .missed: [.missed],
            .expired: [.expired], .failed: [.failed], .cancelled: [.cancelled],
        ]
        var second: Int64 = 0
        for from in Disposition.allCases {
            guard let way = ways[from] else { continue }
            for to in Disposition.allCases where to != from && to != .started {
                second += 1
                let slotID = try ledger.addSlot(at: Instant(seconds: second))
                func go(_ disposition: Disposition) throws {
                    if disposition.isFinal {
                        try ledger.end(slotID, disposition, reason: "test", now: Scratch.now)
                    } else {
                        try ledger.move(
                            slotID, disposition, reason: "test", nextActionAt: Scratch.now)
                    }
                }
                for step in way { try go(step) }
                let refused = Self.kind { try go(to) } != nil
                #expect(
                    refused != (edges[from]?.contains(to) ?? false),
                    "\(from.rawValue) to \(to.rawValue)")
            }
        }
    }

    @Test func aSlotCannotBeginSomewhereInTheMiddle() throws {
        let scratch = try Scratch()
        let ledger = try scratch.ledger()
        let slotID = try ledger.addSlot()
        for disposition in ["starting", "unknown", "held", "failed"] {
            let refused = Self.kind {
                try ledger.database.run(
                    """
                    INSERT INTO slots (schedule, kind, slot_at, due_at, utc_offset_seconds,
                        disposition, reason, connection, base_url, process_id, revision_id,
                        next_action_at, window_from_at, created_at)
                    SELECT 'x', kind, slot_at, due_at, 0, ?, reason, connection, base_url,
                        process_id, revision_id, 1, 1, 1 FROM slots WHERE slot_id = ?
                    """, .text(disposition), .int(slotID))
            }
            #expect(refused == .constraint)
        }
    }

    @Test func anErrorKeepsTheCodeAndTheWholeStatement() throws {
        let scratch = try Scratch()
        let ledger = try scratch.ledger()
        _ = try ledger.addSlot(at: Instant(seconds: 1), uuid: "u")
        let error = try #require(
            throws: StoreError.self,
            performing: {
                _ = try ledger.addSlot(at: Instant(seconds: 2), uuid: "u")
            })
        // SQLITE_CONSTRAINT_UNIQUE, which the plain code 19 does not tell.
        #expect(error.code == 2067)
        #expect(error.description.contains("[SQLite 2067] in \"INSERT INTO "))
        let statement = try #require(error.statement)
        #expect(statement.hasPrefix("INSERT INTO slots"))
        #expect(statement.contains("trigger_uuid"))
    }

    @Test func twoAttemptsInDoubtOnOneProcessAreRefused() throws {
        let scratch = try Scratch()
        let ledger = try scratch.ledger()
        let ids = [
            try ledger.addSlot(), try ledger.addSlot(at: Instant(seconds: 5), schedule: "t"),
        ]
        func begin(_ slotID: Int64) throws -> Int64 {
            let slot = try #require(try ledger.slot(slotID))
            return try ledger.beginAttempt(
                slot: slot, baseline: .noRun, lookID: nil, sendBy: Scratch.now, now: Scratch.now)
        }
        let first = try begin(ids[0])
        #expect(Self.kind { _ = try begin(ids[1]) } == .constraint)
        try ledger.endAttempt(
            first, .absent, exposureEnd: nil, httpStatus: nil, errorID: nil, runKey: nil,
            now: Scratch.now)
        #expect(Self.kind { _ = try begin(ids[1]) } == nil)
    }

    @Test func theSameSlotAndTheSameTriggerAreThereOnce() throws {
        let scratch = try Scratch()
        let ledger = try scratch.ledger()
        #expect(try ledger.addSlot() > 0)
        #expect(try ledger.addSlot() == 0)
        _ = try ledger.addSlot(at: Instant(seconds: 1), uuid: "u")
        #expect(
            Self.kind { _ = try ledger.addSlot(at: Instant(seconds: 2), uuid: "u") } == .constraint)
    }

    @Test func aFullDiskRollsTheTurnBackAndTheNextOneGoesThrough() throws {
        let scratch = try Scratch()
        let ledger = try scratch.ledger()
        let pages = try ledger.database.integer("PRAGMA page_count") ?? 0
        try ledger.database.execute("PRAGMA max_page_count = \(pages + 1)")
        let refused = Self.kind {
            try ledger.transaction {
                for second in 0..<2000 {
                    try ledger.savepoint {
                        _ = try ledger.addSlot(at: Instant(seconds: Int64(second)))
                    }
                }
            }
        }
        #expect(refused == .full)
        #expect(ledger.database.isInAutocommit)
        #expect(try ledger.database.integer("SELECT count(*) FROM slots") == 0)
        try ledger.database.execute("PRAGMA max_page_count = 1000000")
        try ledger.transaction { _ = try ledger.addSlot() }
        #expect(try ledger.database.integer("SELECT count(*) FROM slots") == 1)
        #expect(try ledger.isSound())
    }

    @Test func aSavepointUndoesOnlyItself() throws {
        struct Stop: Error {}
        let scratch = try Scratch()
        let ledger = try scratch.ledger()
        try ledger.transaction {
            _ = try ledger.addSlot(at: Instant(seconds: 1))
            try? ledger.savepoint {
                _ = try ledger.addSlot(at: Instant(seconds: 2))
                throw Stop()
            }
        }
        #expect(try ledger.database.integer("SELECT count(*) FROM slots") == 1)
    }

    @Test func aNULInATextIsKept() throws {
        let scratch = try Scratch()
        let ledger = try scratch.ledger()
        let slotID = try ledger.addSlot(reason: "before\0after")
        #expect(try ledger.slot(slotID)?.reason == "before\0after")
    }

    @Test(arguments: [
        (
            "history",
            "slot_id schedule slot_at slot_local disposition reason attempts run_id run_status "
                + "outcome counts started_at completed_at seconds last_error"
        ),
        (
            "runs",
            "run_id connection process_id schedule slot_at origin name status outcome counts "
                + "created_at modified_at completed_at last_polled_at next_poll_at"
        ),
        ("run_counts", "run_id scope status count"),
        (
            "error_log",
            "error_id occurred_at operation connection schedule slot_at run_id attempt "
                + "http_status code message target retry_after_seconds next_step"
        ),
        ("upcoming", "schedule slot_at slot_local note"),
        ("attention", "since_at kind subject what_to_do"),
        (
            "daily",
            "day schedule slots started skipped missed failed succeeded "
                + "median_start_lag_seconds"
        ),
    ])
    func viewsHaveTheirColumnsFirstAndInOrder(view: String, columns: String) throws {
        let scratch = try Scratch()
        let ledger = try scratch.ledger()
        let expected = columns.split(separator: " ").map(String.init)
        let found = try ledger.database.columns(of: "SELECT * FROM \(view)")
        #expect(Array(found.prefix(expected.count)) == expected)
        // And it can be read.
        #expect(try ledger.database.rows("SELECT * FROM \(view)") { $0.string(0) } == [])
    }
}
