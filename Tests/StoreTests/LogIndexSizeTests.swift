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
}
