import Foundation
import Store
import Testing
import Timetable

/// Readers that are slow or never end.
@Suite struct LongReaderTests {
    @Test func aReadThatIsOverEndsWithAnError() throws {
        let scratch = try Scratch()
        _ = try scratch.ledger()
        let database = try Database(path: scratch.path, mode: .read)
        var asked = 0
        database.interrupt(when: {
            asked += 1
            return asked > 3
        })
        do {
            _ = try database.integer(
                """
                WITH RECURSIVE numbers (n) AS (
                    SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 10000000)
                SELECT count(*) FROM numbers
                """)
            Issue.record("it was not ended")
        } catch let error as StoreError {
            #expect(error.kind == .interrupted)
            #expect(!error.isPermanent && !error.isPassing)
        }
        // The next one has its own time.
        asked = -1_000_000
        #expect(try database.integer("SELECT count(*) FROM slots") == 0)
    }

    /// The log grows as long as a reader holds it, and shrinks by itself once that has ended.
    @Test func theLogShrinksAfterALongReader() throws {
        let scratch = try Scratch()
        let ledger = try Ledger(
            path: scratch.path, pid: nil, now: Scratch.now, durability: .simulated)
        let limit: Int64 = 64 << 20
        func write() throws {
            var error = NewError(
                operation: "start", message: UUID().uuidString, nextStep: "again")
            error.details = String(repeating: "x", count: 1 << 20)
            try ledger.transaction { _ = try ledger.insert(error, now: Scratch.now) }
        }
        func logBytes() throws -> Int64 {
            let attributes = try FileManager.default.attributesOfItem(atPath: scratch.path + "-wal")
            return (attributes[.size] as? Int64) ?? 0
        }
        let reader = try Database(path: scratch.path, mode: .read)
        try reader.execute("BEGIN; SELECT count(*) FROM slots")
        for _ in 0..<80 { try write() }
        #expect(try logBytes() > limit)
        try reader.execute("COMMIT")
        for _ in 0..<3 { try write() }
        #expect(try logBytes() <= limit)
    }
}
