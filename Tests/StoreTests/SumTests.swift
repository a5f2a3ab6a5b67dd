import Migrations
import Store
import Testing
import Timetable

/// Sums move with the rows, and stay when the rows go.
@Suite struct SumTests {
    private let scratch: Scratch
    private let ledger: Ledger

    init() throws {
        scratch = try Scratch()
        ledger = try Ledger(
            path: scratch.path, pid: nil, now: Scratch.now, durability: .simulated)
    }

    private func minute(_ minute: Int64) -> Instant {
        Scratch.now.adding(milliseconds: minute * 60_000)
    }

    /// Starts a slot with a lag; its run ends, and is read a second later.
    private func start(_ slotID: Int64, lag: Int64, minutes: Int64) throws -> Int64 {
        var facts = RunFacts(runID: "r\(slotID)", processID: "p", status: "running")
        facts.createdAt = minute(0)
        let run = try ledger.insertRun(
            facts, baseURL: "https://a", connection: "prod", schedule: "s", slotID: slotID,
            origin: .rule, pollGapMilliseconds: 1000, nextPollAt: minute(1), now: minute(0))
        try ledger.move(slotID, .starting, reason: "sent", nextActionAt: minute(1))
        try ledger.start(slotID, runKey: run, reason: "due", lagMilliseconds: lag, now: minute(0))
        facts.status = "complete"
        facts.completedAt = minute(minutes)
        let row = try #require(try ledger.run(run))
        try ledger.apply(
            facts, to: row, outcome: .succeeded, outcomeReason: nil,
            now: minute(minutes).adding(milliseconds: 1000))
        return run
    }

    private func readings() throws -> [String: Double] {
        let readings = try LedgerReader(path: scratch.path).readings(at: minute(10))
        return Dictionary(
            readings.map { (([$0.name] + $0.labels.map(\.value)).joined(separator: " "), $0.value) }
        ) { $1 }
    }

    private func day() throws -> LedgerTable {
        try LedgerReader(path: scratch.path).daily(LedgerFilter())
    }

    @Test func whatEndsIsCountedOnceAndStaysWhenHistoryIsRemoved() throws {
        let slots = try (0..<4).map { try ledger.addSlot(at: minute(Int64($0))) }
        _ = try start(slots[0], lag: 300, minutes: 2)
        _ = try start(slots[1], lag: 700, minutes: 4)
        try ledger.end(slots[2], .skipped, reason: "paused", now: minute(1))
        var error = NewError(operation: "start", message: "busy", nextStep: "again")
        (error.connection, error.httpStatus) = ("prod", 503)
        for second in 0..<3 {
            _ = try ledger.insert(error, now: minute(0).adding(milliseconds: Int64(second) * 1000))
        }
        for (status, count) in [(200, 2), (nil, 1)] as [(Int?, Int)] {
            for _ in 0..<count { try ledger.countAnswer(connection: "prod", httpStatus: status) }
        }
        let before = try readings()
        #expect(before["runs_total s succeeded"] == 2)
        #expect(before["start_lag_seconds_bucket s 0.1"] == 0)
        #expect(before["start_lag_seconds_bucket s 0.5"] == 1)
        #expect(before["start_lag_seconds_bucket s 1"] == 2)
        #expect(before["start_lag_seconds_bucket s +Inf"] == 2)
        #expect(before["run_duration_seconds_bucket s 60"] == 0)
        #expect(before["run_duration_seconds_bucket s 120"] == 1)
        #expect(before["run_duration_seconds_bucket s 28800"] == 2)
        #expect(before["http_requests_total prod 200"] == 2)
        #expect(before["http_requests_total prod none"] == 1)
        #expect(before["start_lag_seconds_sum s"] == 1)
        #expect(before["start_lag_seconds_count s"] == 2)
        #expect(before["run_duration_seconds_sum s"] == 360)
        #expect(before["run_duration_seconds_count s"] == 2)
        #expect(before["detect_lag_seconds s"] == 1)
        #expect(before["last_success_timestamp_seconds s"] == Double(minute(4).milliseconds) / 1000)
        #expect(before["errors_total 503"] == 3)
        let reader = try LedgerReader(path: scratch.path)
        #expect(try reader.sumDifferences(limit: 9) == [])
        let counts = try reader.dispositionCounts().rows
        #expect(
            counts == [
                [.string("s"), .string("pending"), .integer(1)],
                [.string("s"), .string("skipped"), .integer(1)],
                [.string("s"), .string("started"), .integer(2)],
            ])

        let daily = try day().rows
        var pruning = Pruning(before: minute(5))
        while !pruning.isDone { try ledger.prune(&pruning, now: minute(600_000)) }
        #expect(pruning.slots > 0)
        try ledger.database.run("UPDATE daemon SET pruned_before_at = ?", .at(minute(5)))
        let after = try readings()
        #expect(
            after.filter { $0.key != "overdue_slots " }
                == before.filter { $0.key != "overdue_slots " })
        #expect(try reader.dispositionCounts().rows == counts)
        #expect(try day().rows == daily)
        #expect(try reader.sumDifferences(limit: 9) == [])
    }

    @Test func aDayIsSummedWithoutItsSlots() throws {
        let slots = try (0..<5).map { try ledger.addSlot(at: minute(Int64($0))) }
        for (slot, lag) in zip(slots, [90, 310, 350, 5_000]) {
            _ = try start(slot, lag: Int64(lag), minutes: 1)
        }
        let day = try day()
        #expect(day.value("slots", row: 0) == .integer(5))
        #expect(day.value("started", row: 0) == .integer(4))
        #expect(day.value("succeeded", row: 0) == .integer(4))
        // The second of four, of two that lie between 300 and 400 ms.
        #expect(day.value("median_start_lag_seconds", row: 0) == .double(0.35))
        #expect(try ledger.sumDifferences() == [])
    }

    @Test func aRunThatTurnsOutDifferentlyMovesItsCount() throws {
        let slot = try ledger.addSlot()
        let run = try start(slot, lag: 1, minutes: 1)
        let row = try #require(try ledger.run(run))
        let facts = RunFacts(runID: "r\(slot)", processID: "p", status: "complete")
        try ledger.apply(facts, to: row, outcome: .failed, outcomeReason: "a job", now: minute(2))
        #expect(try day().value("failed", row: 0) == .integer(1))
        #expect(try day().value("succeeded", row: 0) == .integer(0))
        #expect(try ledger.sumDifferences() == [])
        try ledger.setOutcome(run, .lost, reason: "gone", now: minute(3))
        #expect(try day().value("failed", row: 0) == .integer(0))
        #expect(try ledger.sumDifferences() == [])
    }

    /// A counter that falls shows as a spike of rates; days tell what is true now.
    @Test func aRunThatIsOpenedAgainTakesNothingFromTheCounters() throws {
        let slots = try (0..<2).map { try ledger.addSlot(at: minute(Int64($0))) }
        let run = try start(slots[0], lag: 100, minutes: 5)
        let before = try readings()
        #expect(before["run_duration_seconds_sum s"] == 300)
        let row = try #require(try ledger.run(run))
        let facts = RunFacts(runID: "r\(slots[0])", processID: "p", status: "running")
        try ledger.apply(facts, to: row, outcome: .active, outcomeReason: nil, now: minute(6))
        #expect(try day().value("succeeded", row: 0) == .integer(0))
        #expect(try readings()["run_duration_seconds_sum s"] == 300)
        #expect(try readings()["run_duration_seconds_count s"] == 1)
        #expect(try ledger.sumDifferences() == [])
        var ended = facts
        (ended.status, ended.createdAt, ended.completedAt) = ("complete", minute(0), minute(7))
        let again = try #require(try ledger.run(run))
        try ledger.apply(ended, to: again, outcome: .succeeded, outcomeReason: nil, now: minute(8))
        #expect(try readings()["run_duration_seconds_sum s"] == 300 + 420)
        #expect(try readings()["run_duration_seconds_count s"] == 2)
        // Five minutes once, seven the other time: nothing was taken out again.
        #expect(try readings()["run_duration_seconds_bucket s 300"] == 1)
        #expect(try readings()["run_duration_seconds_bucket s 600"] == 2)
        #expect(try readings()["run_duration_seconds_bucket s +Inf"] == 2)
        #expect(try day().value("succeeded", row: 0) == .integer(1))
        #expect(try ledger.sumDifferences() == [])
    }

    @Test func aStepThatFailsTakesItsCountsBack() throws {
        struct Trouble: Error {}
        let slots = try (0..<3).map { try ledger.addSlot(at: minute(Int64($0))) }
        try ledger.transaction {
            try ledger.end(slots[0], .missed, reason: "down", now: minute(1))
            try? ledger.savepoint {
                try ledger.end(slots[1], .missed, reason: "down", now: minute(1))
                throw Trouble()
            }
        }
        try? ledger.transaction {
            try ledger.end(slots[2], .missed, reason: "down", now: minute(1))
            throw Trouble()
        }
        #expect(try day().value("missed", row: 0) == .integer(1))
        #expect(try ledger.sumDifferences() == [])
    }

    @Test func aScheduleTakesItsCountsToItsNewName() throws {
        let slots = try (0..<2).map { try ledger.addSlot(at: minute(Int64($0))) }
        _ = try start(slots[0], lag: 250, minutes: 1)
        try ledger.transaction {
            try ledger.end(slots[1], .skipped, reason: "paused", now: minute(1))
            try ledger.renameSchedule("s", to: "t")
        }
        #expect(try readings()["start_lag_seconds_sum t"] == 0.25)
        #expect(try readings()["run_duration_seconds_sum t"] == 60)
        #expect(try readings()["start_lag_seconds_sum s"] == nil)
        #expect(try day().rows.count == 1)
        #expect(try ledger.sumDifferences() == [])
    }

    @Test func whatAClockThatWasAheadEndedIsCountedWhenItEnds() throws {
        let slot = try ledger.addSlot(at: minute(60))
        try ledger.database.run(
            "UPDATE slots SET created_at = ? WHERE slot_id = ?", .at(minute(60)), .int(slot))
        try ledger.end(slot, .missed, reason: "down", now: minute(60))
        _ = try ledger.removeSlots(writtenAfter: minute(5), now: minute(0))
        // Of the day it is gone; a counter has shown it.
        #expect(try day().value("missed", row: 0) == .integer(0))
        let counts = try LedgerReader(path: scratch.path).dispositionCounts()
        #expect(counts.rows == [[.string("s"), .string("missed"), .integer(1)]])
        #expect(try ledger.sumDifferences() == [])
    }

    /// A ledger of before is counted once, by the migration.
    @Test func aLedgerOfBeforeIsCounted() throws {
        let slots = try (0..<6).map { try ledger.addSlot(at: minute(Int64($0) * 700)) }
        for (slot, lag) in zip(slots, [10, 320, 4_000, 90_000]) {
            _ = try start(slot, lag: Int64(lag), minutes: lag == 10 ? 600 : 1)
        }
        try ledger.end(slots[4], .expired, reason: "late", now: minute(1))
        let error = NewError(operation: "start", message: "busy", nextStep: "again")
        _ = try ledger.insert(error, now: minute(0))
        let tables = ["day_sums", "totals", "error_sums"]
        func rows() throws -> [[String]] {
            try tables.map { table in
                // What nobody can tell any more: when the end of a run was seen.
                let columns = table == "day_sums" ? "day, schedule, \(Self.counted)" : "*"
                return try ledger.database.rows("SELECT \(columns) FROM \(table) ORDER BY 1, 2") {
                    row in
                    (0..<Int32(row.columnNames.count)).map { "\(row.value($0))" }.joined(
                        separator: " ")
                }
            }
        }
        let before = try rows()
        #expect(before.allSatisfy { !$0.isEmpty })
        for table in tables { try ledger.database.execute("DROP TABLE \(table)") }
        let file = try #require(Migrations.all.first { $0.name.hasSuffix("_sums") })
        try ledger.database.execute(String(decoding: file.sql, as: UTF8.self))
        let later = try #require(Migrations.all.first { $0.name.hasSuffix("_histograms") })
        for statement in String(decoding: later.sql, as: UTF8.self).split(separator: ";\n")
        where statement.contains("totals") { try ledger.database.execute(String(statement)) }
        #expect(try rows() == before)
        #expect(try ledger.sumDifferences() == [])
    }

    private static let counted =
        "started, expired, runs_succeeded, lags, lag_ms, runs_timed, run_ms, "
        + "lag_le_50_ms, lag_le_400_ms, lag_le_5000_ms, lag_le_120000_ms, run_le_60_s, run_more"

    @Test func aSumThatIsWrongIsFound() throws {
        let slots = try (0..<2).map { try ledger.addSlot(at: minute(Int64($0))) }
        _ = try start(slots[0], lag: 250, minutes: 1)
        try ledger.database.execute("UPDATE day_sums SET started = started + 1")
        #expect(try ledger.sumDifferences().count == 2)
        try ledger.database.execute("DELETE FROM totals; DELETE FROM day_sums")
        #expect(try ledger.sumDifferences().count == 1)
    }
}
