import Store
import Testing
import Timetable

/// Rule 11: the mark before which no end of an upstream is looked for.
@Suite struct AfterMarkTests {
    private static let start = Instant(seconds: 0)

    private static func at(_ second: Int) -> Instant { Instant(seconds: Int64(second)) }

    private static func mark(_ ledger: Ledger) throws -> Int64? {
        try ledger.database.integer("SELECT slot_at / 1000 FROM after_marks")
    }

    private static func unused(_ ledger: Ledger, since: Instant = start) throws -> [Int64] {
        try ledger.unusedEnds(of: "s", for: "chain", since: since, limit: 500)
            .map { $0.slotAt.seconds }
    }

    /// Ten slots that were skipped.
    private static func ended(_ ledger: Ledger) throws {
        for second in 1...10 {
            let id = try ledger.addSlot(at: at(second), schedule: "s")
            try ledger.database.run(
                "UPDATE slots SET disposition = 'skipped', ended_at = ?, next_action_at = NULL "
                    + "WHERE slot_id = ?", .at(at(second + 20)), .int(id))
        }
    }

    private static func use(_ ledger: Ledger, _ count: Int) throws {
        for end in try ledger.unusedEnds(of: "s", for: "chain", since: start, limit: 500)
            .prefix(count)
        { try ledger.useEnd(end, by: "chain", slotID: nil, note: "used", now: at(50)) }
    }

    @Test func whatIsNotUsedStaysBehindIt() throws {
        let scratch = try Scratch()
        let ledger = try scratch.ledger()
        try Self.ended(ledger)
        try Self.use(ledger, 4)
        try ledger.advanceMark(of: "s", for: "chain", since: Self.start, waitingMax: nil)
        #expect(try Self.mark(ledger) == 5)
        #expect(try Self.unused(ledger) == [5, 6, 7, 8, 9, 10])
        try Self.use(ledger, 6)
        try ledger.advanceMark(of: "s", for: "chain", since: Self.start, waitingMax: nil)
        #expect(try Self.mark(ledger) == 10)
        #expect(try Self.unused(ledger) == [])
    }

    @Test func aJoinLooksAmongTheNewestOnly() throws {
        let scratch = try Scratch()
        let ledger = try scratch.ledger()
        try Self.ended(ledger)
        try ledger.advanceMark(of: "s", for: "chain", since: Self.start, waitingMax: 20)
        #expect(try Self.mark(ledger) == 1)
        try ledger.advanceMark(of: "s", for: "chain", since: Self.start, waitingMax: 3)
        #expect(try Self.mark(ledger) == 7)
    }

    /// What is old by its instant may be the newest of all: it goes on, or made up for an old date.
    @Test func aJoinLooksAtWhatGoesOnAndWhatWasMadeUpForToo() throws {
        let scratch = try Scratch()
        let ledger = try scratch.ledger()
        try Self.ended(ledger)
        let database = ledger.database
        let open = try ledger.addSlot(at: Self.at(2), schedule: "s", kind: .manual)
        try ledger.advanceMark(of: "s", for: "chain", since: Self.start, waitingMax: 3)
        #expect(try Self.mark(ledger) == 2)
        try database.run(
            "UPDATE slots SET disposition = 'skipped', ended_at = ?, next_action_at = NULL, "
                + "makes_up_slot_id = (SELECT min(slot_id) FROM slots) WHERE slot_id = ?",
            .at(Self.at(40)), .int(open))
        try ledger.advanceMark(of: "s", for: "chain", since: Self.start, waitingMax: 3)
        #expect(try Self.mark(ledger) == 2)
        let ends = try ledger.unusedEnds(of: "s", for: "chain", since: Self.start, limit: 500)
        let end = try #require(ends.last)
        #expect(end.slotID == open)
        try ledger.useEnd(end, by: "chain", slotID: nil, note: "used", now: Self.at(50))
        try ledger.advanceMark(of: "s", for: "chain", since: Self.start, waitingMax: 3)
        #expect(try Self.mark(ledger) == 7)
    }

    /// A slot that waits moves with the clock, and may come to lie before the mark.
    @Test func aClockThatIsSetBackHidesNoEnd() throws {
        let scratch = try Scratch()
        let ledger = try scratch.ledger()
        try Self.ended(ledger)
        try Self.use(ledger, 10)
        let waiting = try ledger.addSlot(at: Self.at(11), schedule: "s", kind: .manual)
        try ledger.advanceMark(of: "s", for: "chain", since: Self.start, waitingMax: nil)
        #expect(try Self.mark(ledger) == 11)
        try ledger.shiftWaits(by: -8_500)
        try ledger.database.run(
            "UPDATE slots SET disposition = 'skipped', ended_at = ?, next_action_at = NULL "
                + "WHERE slot_id = ?", .at(Self.at(40)), .int(waiting))
        #expect(try Self.unused(ledger) == [2])
    }

    @Test func itTellsNothingOfEndsBeforeThoseItWasMadeFor() throws {
        let scratch = try Scratch()
        let ledger = try scratch.ledger()
        try Self.ended(ledger)
        try ledger.advanceMark(of: "s", for: "chain", since: Self.at(27), waitingMax: nil)
        #expect(try Self.mark(ledger) == 7)
        #expect(try Self.unused(ledger, since: Self.at(28)) == [8, 9, 10])
        #expect(try Self.unused(ledger) == Array(1...10))
    }

    @Test func aSlotMadeForAnEarlierInstantMovesItBack() throws {
        let scratch = try Scratch()
        let ledger = try scratch.ledger()
        try Self.ended(ledger)
        try Self.use(ledger, 10)
        try ledger.advanceMark(of: "s", for: "chain", since: Self.start, waitingMax: nil)
        _ = try ledger.addSlot(at: Instant(milliseconds: 3500), schedule: "s")
        #expect(try Self.mark(ledger) == 3)
        // Of another schedule it is no matter.
        _ = try ledger.addSlot(at: Self.at(2), schedule: "t")
        #expect(try Self.mark(ledger) == 3)
    }
}
