import Store
import Testing
import Timetable

/// What a transaction changes, as bytes, and its way into another ledger.
@Suite("Changes of a turn in another ledger") struct ChangeTests {
    private static func place(_ seq: Int64) -> LogPlace {
        LogPlace(epoch: "e", install: "i", term: 1, seq: seq, chain: "c\(seq)")
    }

    /// Two ledgers of one past: a copy made by hand.
    private struct Pair {
        let scratches: [Scratch]
        let ledger: Ledger
        let follower: Ledger

        init() throws {
            scratches = [try Scratch(), try Scratch()]
            ledger = try scratches[0].ledger()
            try ledger.copy(to: scratches[1].path)
            follower = try scratches[1].ledger()
        }
    }

    @Test func whatIsChangedTurnsUpElsewhereWithoutWhatIsOfOneFile() throws {
        let pair = try Pair()
        let (ledger, follower) = (pair.ledger, pair.follower)
        let turn = try ledger.recorded {
            let slotID = try ledger.addSlot(reason: "d\0ue é")
            try ledger.move(slotID, .starting, reason: "starting", nextActionAt: Scratch.now)
            try ledger.raise(
                kind: .damaged, subject: "x", whatToDo: "look", now: Scratch.now)
        }
        try ledger.commit(at: Self.place(1))
        // From pending to starting in one step: no trigger sees it.
        #expect(try follower.follow([turn.changes], to: Self.place(1)) == nil)
        #expect(try follower.rowsOfAllTables() == ledger.rowsOfAllTables())
        #expect(try follower.logPlace() == Self.place(1))
        let end = try ledger.recorded {
            try ledger.clear(kind: .damaged, subject: "x")
            try ledger.database.run("DELETE FROM slots WHERE schedule = 's'")
        }
        try ledger.commit(at: Self.place(2))
        #expect(try follower.logPlace()?.seq == 1, "not in the changes")
        #expect(try follower.follow([end.changes], to: Self.place(2)) == nil)
        #expect(try follower.rowsOfAllTables() == ledger.rowsOfAllTables())
        // Triggers work again, for the day this ledger leads.
        #expect(throws: StoreError.self) {
            let slotID = try follower.addSlot()
            try follower.move(slotID, .unknown, reason: "no", nextActionAt: Scratch.now)
        }
    }

    @Test func nothingThatLastsIsNoChange() throws {
        let scratch = try Scratch()
        let ledger = try scratch.ledger()
        let turn = try ledger.recorded {
            let slotID = try ledger.addSlot()
            try? ledger.savepoint {
                _ = try ledger.addSlot(at: Instant(seconds: 5))
                throw StoreError(
                    kind: .other, attempted: "", path: "", cause: "", advice: "")
            }
            try ledger.database.run("DELETE FROM slots WHERE slot_id = ?", .int(slotID))
            try ledger.database.run(
                "DELETE FROM config_revisions WHERE revision_id > ?", .int(Int64(0)))
        }
        #expect(turn.changes.isEmpty)
        try ledger.commit(at: nil)
        #expect(try ledger.logPlace() == nil)
    }

    @Test func aTurnThatIsRolledBackNeverWas() throws {
        let scratch = try Scratch()
        let ledger = try scratch.ledger()
        let before = try ledger.rowsOfAllTables()
        let turn = try ledger.recorded { try ledger.addSlot() }
        #expect(!turn.changes.isEmpty)
        ledger.rollBack()
        #expect(try ledger.rowsOfAllTables() == before)
        // The next transaction begins as if there had been none.
        try ledger.transaction { _ = try ledger.addSlot() }
    }

    /// Nothing is applied of several turns when one doesn't fit, and the conflict says where.
    @Test func aLedgerThatHasGoneApartTakesNothing() throws {
        let pair = try Pair()
        let (ledger, follower) = (pair.ledger, pair.follower)
        let first = try ledger.recorded { try ledger.addSlot() }
        try ledger.commit(at: Self.place(1))
        let second = try ledger.recorded {
            try ledger.move(
                first.result, .starting, reason: "starting", nextActionAt: Scratch.now)
        }
        try ledger.commit(at: Self.place(2))
        let before = try follower.rowsOfAllTables()
        let missing = try follower.follow([second.changes], to: Self.place(2))
        #expect(missing?.kind == .missing && missing?.table == "slots")
        #expect(missing?.key == [.integer(first.result)])
        #expect(missing?.words == "a row of slots (\(first.result)) is missing")
        let twice = try follower.follow(
            [first.changes, second.changes, first.changes], to: Self.place(3))
        #expect(twice?.kind == .exists)
        #expect(try follower.rowsOfAllTables() == before)
        #expect(try follower.logPlace() == nil)

        try follower.transaction { _ = try follower.addSlot(reason: "another") }
        #expect(
            try follower.follow([second.changes], to: Self.place(2))?.kind == .otherValues)
    }

    @Test func aRowThatWouldNameNoneIsAConflict() throws {
        let pair = try Pair()
        let (ledger, follower) = (pair.ledger, pair.follower)
        let base = try ledger.recorded { try ledger.addSlot() }
        try ledger.commit(at: Self.place(1))
        let child = try ledger.recorded {
            try ledger.database.run(
                """
                INSERT INTO attempts (slot_id, number, state, base_url, process_id, baseline,
                    began_at, send_by_at) VALUES (?, 1, 'withdrawn', 'u', 'p', 'none', 1, 2)
                """, .int(base.result))
        }
        try ledger.commit(at: Self.place(2))
        let conflict = try follower.follow([child.changes], to: Self.place(2))
        #expect(conflict?.kind == .foreignKey)
        #expect(try follower.logPlace() == nil)
    }

    /// Why TidyTests refuse a DELETE without WHERE: prepared before anybody listens, it is not heard.
    @Test(arguments: [("DELETE FROM lives", false), ("DELETE FROM lives WHERE true", true)])
    func aTableThatIsEmptiedIsHeardWithAWhereOnly(sql: String, isHeard: Bool) throws {
        let scratch = try Scratch()
        let ledger = try scratch.ledger()
        let database = ledger.database
        try database.run(sql)
        try ledger.transaction {
            _ = try ledger.beginLife(pid: 1, version: "1", now: Scratch.now)
        }
        let turn = try ledger.recorded { try database.run(sql) }
        ledger.rollBack()
        #expect(turn.changes.isEmpty != isHeard)
    }
}
