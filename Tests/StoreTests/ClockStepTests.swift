import Store
import Testing
import Timetable

/// What a step of the wall clock does to slots that wait (docs/protocol.md, rule 12).
@Suite struct ClockStepTests {
    /// It is due since the person's decision, or since its rule said so.
    @Test(arguments: [false, true], [-3_600_000, 3_600_000] as [Int64])
    func aStepTakesASlotThatAPersonDecidedAlongAndLeavesItsName(
        isDecided: Bool, step: Int64
    ) throws {
        let scratch = try Scratch()
        let ledger = try scratch.ledger()
        let slotID = try ledger.addSlot()
        if isDecided { try ledger.setDecided(slotID, by: "ann", windowFrom: Scratch.now) }
        try ledger.shiftWaits(by: step)
        let slot = try #require(try ledger.slot(slotID))
        let expected = isDecided ? Scratch.now.adding(milliseconds: step) : Scratch.now
        #expect(slot.slotAt == Scratch.now)
        #expect(slot.dueAt == expected)
        #expect(slot.windowFrom == expected)
    }

    /// The clock that was ahead has made the slot, and a person has decided it under that clock.
    @Test func aDecidedSlotOfAClockThatWasAheadIsDueByTheRightOne() throws {
        let scratch = try Scratch()
        let ledger = try scratch.ledger()
        let slotID = try ledger.addSlot()
        try ledger.setDecided(slotID, by: "ann", windowFrom: Scratch.now)
        let right = Scratch.now.adding(milliseconds: -8 * 3_600_000)
        #expect(try ledger.removeSlots(writtenAfter: right, now: right).isEmpty)
        let slot = try #require(try ledger.slot(slotID))
        #expect(slot.dueAt == right)
        #expect(slot.windowFrom == right)
        #expect(slot.slotAt == Scratch.now)
    }
}
