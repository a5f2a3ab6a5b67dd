import Foundation
import Migrations
import Store
import Synchronization
import Testing
import Timetable

/// How much of a file is looked at before the first turn, by how the last life ended.
@Suite("Soundness of a ledger that is opened") struct SoundnessTests {
    /// What an opening said.
    private struct Opening {
        var progress: [String] = []
        var isLeftUnchecked = false
        var failure: StoreError?
    }

    private final class Ears: Sendable {
        let heard = Mutex(Opening())
    }

    private static func open(_ scratch: Scratch) -> Opening {
        let ears = Ears()
        let watch = OpeningWatch(
            progress: { words in ears.heard.withLock { $0.progress.append(words) } },
            leftUnchecked: { ears.heard.withLock { $0.isLeftUnchecked = true } })
        do {
            _ = try Ledger(path: scratch.path, pid: nil, now: Scratch.now, watch: watch)
        } catch {
            ears.heard.withLock { $0.failure = error as? StoreError }
        }
        return ears.heard.withLock { $0 }
    }

    /// A ledger with errors of many pages, of which one in the middle of the file is overwritten.
    private static func damaged(_ end: LifeEnd?) throws -> Scratch {
        let scratch = try Scratch()
        let page: Int
        do {
            let ledger = try scratch.ledger()
            try ledger.database.execute(
                """
                WITH RECURSIVE numbers (n) AS (
                    SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2000)
                INSERT INTO errors (occurred_at, operation, message, next_step, last_at)
                SELECT n, 'start', printf('%0500d', n), 'none', n FROM numbers
                """)
            if let end {
                let life = try ledger.beginLife(pid: 1, version: "1", now: Scratch.now)
                try ledger.endLife(life, end)
            }
            ledger.emptyLog()
            page = Int(try ledger.database.integer("PRAGMA page_count") ?? 0) / 2
        }
        let file = try FileHandle(forUpdating: URL(filePath: scratch.path))
        try file.seek(toOffset: UInt64(page * 4096))
        try file.write(contentsOf: Data(repeating: 0xa7, count: 4096))
        try file.close()
        return scratch
    }

    /// An old row that no turn reads costs no start, however many there are.
    @Test(arguments: [(LifeEnd.clean, false), (.none, true), (.clockStep, true)])
    func aStartLooksOnlyAtWhatTurnsNeed(end: LifeEnd, isLeft: Bool) throws {
        let scratch = try Self.damaged(end)
        let opening = Self.open(scratch)
        #expect(opening.failure == nil)
        #expect(opening.isLeftUnchecked == isLeft)
        let reader = try LedgerReader(path: scratch.path)
        let found = try reader.tables().filter { try reader.damage(ofTable: $0) != nil }
        #expect(found == ["errors"])
    }

    @Test func aFileInWhichADamageWasFoundIsReadWhole() throws {
        let opening = Self.open(try Self.damaged(.damaged))
        #expect(opening.failure?.kind == .corrupt)
        #expect(opening.progress.contains { $0.contains("errors, ") }, "\(opening.progress)")
        let sound = try Scratch()
        do {
            let ledger = try sound.ledger()
            let life = try ledger.beginLife(pid: 1, version: "1", now: Scratch.now)
            try ledger.endLife(life, .damaged)
        }
        #expect(Self.open(sound).failure == nil)
        #expect(Self.open(sound).isLeftUnchecked)
    }

    /// The first page of each table and index, overwritten: none is left to a turn.
    @Test func theRootOfEveryTreeIsLookedAt() throws {
        let names = try Scratch().ledger().database.rows(
            "SELECT name FROM sqlite_schema WHERE rootpage > 1"
        ) { $0.string(0) }
        #expect(names.count > 40)
        for name in names {
            let scratch = try Scratch()
            let root: Int64
            do {
                let ledger = try scratch.ledger()
                let life = try ledger.beginLife(pid: 1, version: "1", now: Scratch.now)
                try ledger.endLife(life, .clean)
                ledger.emptyLog()
                root =
                    try ledger.database.integer(
                        "SELECT rootpage FROM sqlite_schema WHERE name = ?", .text(name)) ?? 0
            }
            let file = try FileHandle(forUpdating: URL(filePath: scratch.path))
            try file.seek(toOffset: UInt64((root - 1) * 4096))
            try file.write(contentsOf: Data(repeating: 0xa7, count: 4096))
            try file.close()
            #expect(Self.open(scratch).failure?.kind == .corrupt, "\(name)")
        }
    }

    @Test func aMigrationSaysHowFarItHasCome() throws {
        let scratch = try Scratch()
        let words = Self.open(scratch).progress
        #expect(words.first?.contains("0001_ledger, 1 of ") ?? false, "\(words)")
        #expect(Self.open(scratch).progress.isEmpty)
    }

    /// What an index over a long history takes to be sorted must not be our memory.
    @Test func aMigrationSortsOnDisk() throws {
        let scratch = try Scratch()
        let database = try Database(path: scratch.path, mode: .write)
        var places: [Int64?] = []
        database.willStep = { [unowned database] sql in
            guard sql == "BEGIN IMMEDIATE" else { return }
            places.append(try database.integer("PRAGMA temp_store"))
        }
        try Migrator.migrate(database, now: Scratch.now)
        database.willStep = nil
        #expect(!places.isEmpty && places.allSatisfy { $0 == 1 }, "\(places)")
        #expect(try database.integer("PRAGMA temp_store") == 2)
    }

    /// What people have added for their own questions never keeps the daemon from starting.
    @Test(arguments: [
        "CREATE INDEX mine ON slots (reason) where disposition = 'skipped'",
        "CREATE INDEX mine ON slots (slot_at)\nWhere attempts > 1",
        "CREATE INDEX mine ON slots (lower(reason)) WHERE lower(reason) <> 'where'",
        "CREATE INDEX \"my \"\"where\"\"\" ON errors (message)",
        "CREATE TABLE \"my \"\"notes\"\"\" (\"a \"\"b\"\"\" TEXT PRIMARY KEY)",
    ])
    func whatPeopleAddDoesNotKeepItFromOpening(sql: String) throws {
        let scratch = try Scratch()
        do {
            let ledger = try scratch.ledger()
            try ledger.database.execute(sql)
        }
        #expect(Self.open(scratch).failure == nil)
    }

    /// A check that an unclean end has asked for is due until it has come to its end, however many
    /// clean ends follow.
    @Test func aCheckThatWasNotEndedIsDueAgain() throws {
        let scratch = try Scratch()
        func live(_ end: LifeEnd, isFoundSound: Bool = false) throws {
            let ledger = try scratch.ledger()
            try ledger.transaction {
                let life = try ledger.beginLife(pid: 1, version: "1", now: Scratch.now)
                if isFoundSound { try ledger.noteSound() }
                try ledger.endLife(life, end)
            }
        }
        try live(.none)
        #expect(Self.open(scratch).isLeftUnchecked)
        for _ in 0..<2 {
            try live(.clean)
            #expect(Self.open(scratch).isLeftUnchecked)
        }
        // The transaction that notes it again is the first after an opening that asks for it.
        try live(.clean)
        let ledger = try scratch.ledger()
        try ledger.transaction {}
        try ledger.transaction { try ledger.noteSound() }
        #expect(!Self.open(scratch).isLeftUnchecked)
    }

    /// One that is cut right after its last transaction has left a clean end in the ledger.
    @Test func aMigrationThatIsCutAtItsEndLeavesTheCheckDue() throws {
        let scratch = try Scratch()
        try Self.before(1, in: scratch).execute(
            "INSERT INTO lives (started_at, last_turn_at, ended) VALUES (1, 2, 'stopped')")
        for _ in 0..<2 {
            let opening = Self.open(scratch)
            #expect(opening.failure == nil)
            #expect(opening.isLeftUnchecked)
        }
    }

    /// A list of free pages that is damaged belongs to no table.
    @Test func aDamageBesideTheTablesIsFound() throws {
        let scratch = try Scratch()
        do {
            let ledger = try scratch.ledger()
            try ledger.database.execute(
                """
                CREATE TABLE notes AS WITH RECURSIVE numbers (n) AS (
                    SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2000)
                SELECT printf('%0500d', n) AS words FROM numbers;
                DROP TABLE notes
                """)
            let life = try ledger.beginLife(pid: 1, version: "1", now: Scratch.now)
            try ledger.endLife(life, .damaged)
            ledger.emptyLog()
            #expect(try ledger.database.integer("PRAGMA freelist_count") ?? 0 > 100)
        }
        let file = try FileHandle(forUpdating: URL(filePath: scratch.path))
        // The number of free pages, in the head of the file.
        try file.seek(toOffset: 36)
        try file.write(contentsOf: Data([0, 0, 0, 3]))
        try file.close()
        let reader = try LedgerReader(path: scratch.path)
        #expect(try reader.tables().allSatisfy { try reader.damage(ofTable: $0) == nil })
        let free = try Database(path: scratch.path, mode: .read).integer("PRAGMA freelist_count")
        #expect(free == 3)
        #expect(try !reader.damages(limit: 1).isEmpty)
        #expect(Self.open(scratch).failure?.kind == .corrupt)
    }

    /// A ledger of an earlier version, without the newest migrations.
    private static func before(_ count: Int, in scratch: Scratch) throws -> Database {
        let database = try Database(path: scratch.path, mode: .write)
        try database.execute(
            """
            PRAGMA journal_mode = WAL;
            CREATE TABLE schema_migrations (
                name TEXT PRIMARY KEY, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL
            ) STRICT
            """)
        for file in Migrations.all.dropLast(count) {
            // Views name the table that is being made anew.
            let isRebuilding = file.isRebuilding ? 1 : 0
            try database.execute("PRAGMA legacy_alter_table = \(isRebuilding)")
            try database.execute(String(decoding: file.sql, as: UTF8.self))
            try database.run(
                "INSERT INTO schema_migrations VALUES (?, ?, 0)", .text(file.name),
                .text(Migrator.checksum(file.sql)))
        }
        return database
    }

    /// What a migration has written until the disk was full is given back, or nothing would fit ever.
    @Test func aMigrationThatFindsNoRoomLeavesNoLog() throws {
        let scratch = try Scratch()
        let newest = Migrations.all.drop { $0.name != "0012_bounded_reads" }.count
        let database = try Self.before(newest, in: scratch)
        try database.execute(
            """
            WITH RECURSIVE numbers (n) AS (
                SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000)
            INSERT INTO errors (occurred_at, operation, message, next_step, last_at)
            SELECT n, 'start', 'busy', 'none', n FROM numbers;
            PRAGMA wal_checkpoint(TRUNCATE);
            PRAGMA cache_size = 10
            """)
        let pages = try database.integer("PRAGMA page_count") ?? 0
        try database.execute("PRAGMA max_page_count = \(pages + 60)")
        let failure = #expect(throws: StoreError.self) {
            try Migrator.migrate(database, now: Scratch.now)
        }
        #expect(failure?.kind == .full)
        let log = try FileManager.default.attributesOfItem(atPath: scratch.path + "-wal")
        #expect(log[.size] as? Int == 0)
    }
}
