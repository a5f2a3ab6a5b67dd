import Foundation
import Store
import Testing
import Timetable

/// The index of the log (`-shm`), as SQLite itself makes it larger and smaller.
@Suite struct LogIndexSizeTests {
    /// A piece of the index holds 4,062 frames at first, and 4,096 then; who opens the file first
    /// begins with one piece (https://www.sqlite.org/walformat.html#the_wal_index_file_format).
    @Test func whatSQLiteCutsAtAReopeningIsNoCutOfOthers() throws {
        let scratch = try Scratch()
        let ledger = try scratch.ledger()
        try ledger.database.execute("PRAGMA wal_autocheckpoint = 0")
        try ledger.transaction {
            try ledger.database.execute(
                """
                CREATE TABLE large (id INTEGER PRIMARY KEY, body BLOB);
                INSERT INTO large (body) VALUES (zeroblob(20000000));
                """)
        }
        try ledger.transaction { try ledger.database.execute("UPDATE large SET id = 2") }
        try ledger.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        try ledger.reopen(now: Scratch.now)
        try ledger.transaction { try ledger.database.execute("UPDATE large SET id = 3") }
        #expect(try ledger.database.integer("SELECT id FROM large") == 3)
    }

    /// The turn has seen the log whole, and writes its frames behind where the last one was: its size is
    /// as it should be, and what was before is a hole.
    @Test(arguments: [0, 5_000])
    func aLogThatIsCutDuringATurnIsFoundAtTheNext(bytes: UInt64) throws {
        let scratch = try Scratch()
        let ledger = try scratch.ledger()
        for second in 1...3 {
            try ledger.transaction {
                _ = try ledger.addSlot(at: Instant(seconds: Int64(second)))
            }
        }
        try ledger.transaction {
            let log = try FileHandle(
                forUpdating: URL(filePath: ledger.database.path + "-wal"))
            try log.truncate(atOffset: bytes)
            try log.close()
            _ = try ledger.addSlot(at: Instant(seconds: 4))
        }
        let error = #expect(throws: StoreError.self) {
            try ledger.transaction { _ = try ledger.addSlot(at: Instant(seconds: 5)) }
        }
        #expect(error?.kind == .corrupt)
        #expect(error?.description.contains("the log was cut") == true)
    }

    /// A checkpoint that empties the log is no cut, however much is written then.
    @Test func whatACheckpointEmptiesIsNoHole() throws {
        let scratch = try Scratch()
        let ledger = try scratch.ledger()
        for second in 1...40 {
            try ledger.transaction {
                _ = try ledger.addSlot(at: Instant(seconds: Int64(second)))
            }
            if second.isMultiple(of: 3) {
                try ledger.database.execute(
                    "PRAGMA wal_checkpoint(\(second.isMultiple(of: 2) ? "TRUNCATE" : "RESTART"))")
            }
        }
        #expect(try ledger.database.integer("SELECT count(*) FROM slots") == 40)
    }
}
