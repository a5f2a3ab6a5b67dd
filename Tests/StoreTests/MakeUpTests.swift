import Store
import Testing
import Timetable

/// What the ledger says of slots that are made up for (docs/protocol.md, rules 12, 19 and 20).
@Suite struct MakeUpTests {
    private static let future = Scratch.now.adding(milliseconds: -1)

    /// A slot that was missed, with what makes up for it.
    private func madeUp(_ ledger: Ledger) throws -> (original: Int64, makeUp: SlotRow) {
        let original = try ledger.addSlot()
        try ledger.end(original, .missed, reason: "late", now: Scratch.now)
        var slot = NewSlot(
            schedule: "s", kind: .manual, slotAt: Scratch.now, dueAt: Scratch.now,
            utcOffsetSeconds: 0, disposition: .pending, reason: "due", connection: "prod",
            baseURL: "https://a", processID: "p", processPattern: nil, revisionID: 1, mode: .run)
        slot.makesUpSlotID = original
        let slotID = try #require(try ledger.insert(slot, now: Scratch.now))
        return (original, try #require(try ledger.slot(slotID)))
    }

    @Test func aClockThatWasAheadUnmakesNoSlotThatWasTriedToBeMadeUpFor() throws {
        for isTried in [false, true] {
            let scratch = try Scratch()
            let ledger = try scratch.ledger()
            let (original, makeUp) = try madeUp(ledger)
            #expect(try ledger.unsentMakeUps(ofSlot: original).map(\.slotID) == [makeUp.slotID])
            if isTried {
                _ = try ledger.beginAttempt(
                    slot: makeUp, baseline: .noRun, lookID: nil, sendBy: Scratch.now, clock: nil,
                    now: Scratch.now)
                #expect(try ledger.unsentMakeUps(ofSlot: original).isEmpty)
            }
            let removed = try ledger.removeSlots(writtenAfter: Self.future, now: Self.future)
            #expect(removed.map(\.slotID) == (isTried ? [] : [original]))
        }
    }

    @Test(arguments: [
        ("complete", "succeeded", true), ("running", "active", true),
        ("complete", "attention", true), ("running", "attention", true),
        ("error", "attention", false), ("errorHold", "attention", false),
        ("complete", "failed", false), ("cancelled", "cancelled", false),
        ("running", "lost", false),
    ])
    func aSlotIsServedByWhatItsRunHasCome(
        status: String, outcome: String, isServed: Bool
    ) throws {
        for isMadeUp in [false, true] {
            let scratch = try Scratch()
            let ledger = try scratch.ledger()
            let (original, makeUp) = try madeUp(ledger)
            let next = try ledger.addSlot(at: Scratch.now.adding(milliseconds: 60_000))
            let slot = try #require(try ledger.slot(next))
            #expect(try ledger.slotBefore(slot)?.isServed == false)
            let runKey = try ledger.insertRun(
                RunFacts(runID: "r", processID: "p", status: status), baseURL: "https://a",
                connection: "prod", schedule: "s", slotID: isMadeUp ? makeUp.slotID : original,
                origin: .manual, pollGapMilliseconds: 1, nextPollAt: Scratch.now, now: Scratch.now)
            try ledger.database.execute(
                """
                UPDATE process_runs SET outcome = '\(outcome)';
                DROP TRIGGER slots_update_edge;
                UPDATE slots SET disposition = 'started', run_key = \(runKey), ended_at = 1,
                    next_action_at = NULL
                WHERE slot_id = \(isMadeUp ? makeUp.slotID : original)
                """)
            #expect(try ledger.slotBefore(slot)?.isServed == isServed, "\(isMadeUp)")
        }
    }
}
