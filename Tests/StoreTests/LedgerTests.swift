import Foundation
import Store
import Testing
import Timetable

/// The ledger on a real file.
@Suite struct LedgerTests {
    private let now = Instant(seconds: 1_800_000_000)

    private func path() -> String {
        let folder = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm/" : "/tmp/"
        return folder + "carillon-store-\(UUID().uuidString).db"
    }

    private func open(_ path: String, pid: Int32? = nil) throws -> Ledger {
        try Ledger(path: path, pid: pid, now: now, durability: .simulated)
    }

    private func newSlot(at instant: Instant, _ disposition: Disposition = .pending) -> NewSlot {
        NewSlot(
            schedule: "close", kind: .rule, slotAt: instant, dueAt: instant, utcOffsetSeconds: 0,
            disposition: disposition, reason: "due", connection: "prod", baseURL: "https://a",
            processID: "p1", processPattern: nil, revisionID: 1, mode: "run")
    }

    private func prepared(_ ledger: Ledger) throws -> SlotRow {
        _ = try ledger.insertRevision(contentHash: "1", isReload: false, summary: "", now: now)
        let slotID = try #require(try ledger.insert(newSlot(at: now), now: now))
        return try #require(try ledger.slot(slotID))
    }

    @Test func viewsHaveTheColumnsOfTheContract() throws {
        let ledger = try open(path())
        let contract: [(String, String)] = [
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
        ]
        for (view, columns) in contract {
            let found = try ledger.database.columns(of: "SELECT * FROM \(view)")
            for column in columns.split(separator: " ") {
                #expect(found.contains(String(column)), "\(view).\(column)")
            }
        }
    }

    @Test func theDatabaseItselfRefusesEdgesThatAreNotDrawn() throws {
        let ledger = try open(path())
        let slot = try prepared(ledger)
        #expect(throws: StoreError.self) {
            try ledger.move(slot.slotID, .unknown, reason: "never sent", nextActionAt: now)
        }
        try ledger.end(slot.slotID, .skipped, reason: "holiday", now: now)
        for disposition in Disposition.allCases where disposition != .skipped {
            #expect(throws: StoreError.self) {
                try ledger.database.run(
                    "UPDATE slots SET disposition = ? WHERE slot_id = ?",
                    .text(disposition.rawValue), .int(slot.slotID))
            }
        }
        #expect(throws: StoreError.self) {
            _ = try ledger.insert(newSlot(at: now.adding(milliseconds: 1), .unknown), now: now)
        }
    }

    @Test func aSlotExistsOnce() throws {
        let ledger = try open(path())
        _ = try prepared(ledger)
        #expect(try ledger.insert(newSlot(at: now), now: now) == nil)
    }

    @Test func oneAttemptInDoubtPerProcessIsAnIndex() throws {
        let ledger = try open(path())
        let first = try prepared(ledger)
        let otherID = try #require(
            try ledger.insert(newSlot(at: now.adding(milliseconds: 1)), now: now))
        let other = try #require(try ledger.slot(otherID))
        let attempt = try ledger.beginAttempt(
            slot: first, baseline: "none", lookID: nil, sendBy: now, now: now)
        #expect(throws: StoreError.self) {
            _ = try ledger.beginAttempt(
                slot: other, baseline: "none", lookID: nil, sendBy: now, now: now)
        }
        try ledger.endAttempt(
            attempt, .refused, exposureEnd: now, httpStatus: 400, errorID: nil, runKey: nil,
            now: now)
        _ = try ledger.beginAttempt(
            slot: other, baseline: "none", lookID: nil, sendBy: now, now: now)
    }

    @Test func aFullDiskUndoesTheTurnAndTheNextOneWorks() throws {
        let ledger = try open(path())
        _ = try prepared(ledger)
        let pages = try #require(try ledger.database.integer("PRAGMA page_count"))
        try ledger.database.execute("PRAGMA max_page_count = \(pages)")
        var failure: StoreError?
        do {
            try ledger.transaction {
                for number in 1...20_000 {
                    let at = now.adding(milliseconds: Int64(number))
                    _ = try ledger.insert(newSlot(at: at), now: now)
                }
            }
        } catch let error as StoreError {
            failure = error
        }
        #expect(failure?.kind == .full)
        #expect(ledger.database.isInAutocommit)
        #expect(try ledger.database.integer("SELECT count(*) FROM slots") == 1)
        try ledger.database.execute("PRAGMA max_page_count = 1000000")
        try ledger.transaction {
            _ = try ledger.insert(newSlot(at: now.adding(milliseconds: 1)), now: now)
        }
        #expect(try ledger.isSound())
    }

    @Test func aSavepointUndoesOnlyItself() throws {
        struct Mistake: Error {}
        let ledger = try open(path())
        try ledger.transaction {
            _ = try ledger.insertRevision(contentHash: "1", isReload: false, summary: "", now: now)
            _ = try ledger.insert(newSlot(at: now), now: now)
            try? ledger.savepoint {
                _ = try ledger.insert(newSlot(at: now.adding(milliseconds: 1)), now: now)
                throw Mistake()
            }
            _ = try ledger.insert(newSlot(at: now.adding(milliseconds: 2)), now: now)
        }
        #expect(try ledger.database.integer("SELECT count(*) FROM slots") == 2)
    }

    @Test func aSecondDaemonIsRefusedWithThePidOfTheFirst() throws {
        let file = path()
        let first = try open(file, pid: 4711)
        do {
            _ = try open(file, pid: 4712)
            Issue.record("two daemons on one database")
        } catch let error as StoreError {
            #expect(error.kind == .alreadyRunning)
            #expect("\(error)".contains("already running, pid 4711"))
        }
        withExtendedLifetime(first) {}
    }

    @Test func aNewerAForeignAndAnEditedDatabaseAreRefused() throws {
        let newer = path()
        try open(newer).database.execute(
            "INSERT INTO schema_migrations VALUES ('9999_future', 'x', 0)")
        #expect(throws: StoreError.self) { try open(newer) }
        let edited = path()
        try open(edited).database.execute("UPDATE schema_migrations SET checksum = 'x'")
        #expect(throws: StoreError.self) { try open(edited) }
        let foreign = path()
        try Database(path: foreign, mode: .write).execute("CREATE TABLE theirs (x)")
        do {
            _ = try open(foreign)
            Issue.record("a foreign database was taken")
        } catch let error as StoreError {
            #expect(error.kind == .foreign && error.isPermanent)
        }
    }

    @Test func textGoesThroughByteForByte() throws {
        let ledger = try open(path())
        for text in [
            "", "a\u{0}b", "é\u{1F514}", "'; DROP TABLE slots; --",
            String(repeating: "x", count: 100_000),
        ] {
            let found = try ledger.database.first("SELECT ?", .text(text)) { $0.string(0) }
            #expect(found == text)
        }
        #expect(try ledger.database.first("SELECT ?", .text(nil)) { $0.text(0) } == .some(nil))
    }

    @Test func theSameErrorWithinAnHourIsOneRowThatCounts() throws {
        let ledger = try open(path())
        let error = NewError(operation: "token", message: "refused", nextStep: "later")
        let first = try ledger.insert(error, now: now)
        #expect(try ledger.insert(error, now: now.adding(milliseconds: 60_000)) == first)
        #expect(try ledger.insert(error, now: now.adding(milliseconds: 7_200_000)) != first)
        #expect(
            try ledger.database.integer(
                "SELECT repeats FROM errors WHERE error_id = ?", .int(first)) == 1)
    }

    @Test func hintsAreNeverShortened() throws {
        let ledger = try open(path())
        try ledger.upsertConnection(name: "prod", baseURL: "https://a", apiVersion: "v")
        for (seconds, operation) in [(60, ""), (10, ""), (30, "runProcess")] {
            try ledger.noteHint(
                connection: "prod", operation: operation,
                until: now.adding(milliseconds: Int64(seconds) * 1000),
                delaySeconds: Int64(seconds), now: now)
        }
        let hints = try ledger.hints(connection: "prod", now: now)
        #expect(hints.map(\.delaySeconds) == [60, 30])
        #expect(try ledger.hints(connection: "prod", now: now.adding(milliseconds: 61_000)) == [])
    }
}
