import Foundation
import Store
import Testing
import Timetable

/// What the ledger keeps of texts, errors and hints.
@Suite struct JournalTests {
    private let now = Instant(seconds: 1_800_000_000)

    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func open() throws -> Ledger {
        try Ledger(path: scratch.path, pid: nil, now: now, durability: .simulated)
    }

    @Test func textGoesThroughByteForByte() throws {
        let ledger = try open()
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
        let ledger = try open()
        let error = NewError(operation: "token", message: "refused", nextStep: "later")
        let first = try ledger.insert(error, now: now)
        #expect(try ledger.insert(error, now: now.adding(milliseconds: 60_000)) == first)
        #expect(try ledger.insert(error, now: now.adding(milliseconds: 7_200_000)) != first)
        #expect(
            try ledger.database.integer(
                "SELECT repeats FROM errors WHERE error_id = ?", .int(first)) == 1)
    }

    @Test func hintsAreNeverShortened() throws {
        let ledger = try open()
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
