import Engine
import Store
import Testing
import Timetable

/// Which slots of the past may be made up for, row by row (rule 20).
@Suite struct MakeUpJudgeTests {
    private static func slot(_ disposition: Disposition, madeUpBy: Int64? = nil) -> PastSlot {
        var slot = PastSlot(
            slotID: 7, slotAt: Instant(seconds: 0), disposition: disposition, reason: "why")
        slot.madeUpBy = madeUpBy
        return slot
    }

    @Test(arguments: Disposition.allCases)
    func whatBecameOfItDecides(disposition: Disposition) {
        let expected: MakeUp =
            switch disposition {
            case .missed, .skipped, .expired, .failed: .possible
            case .started: .refused(.started)
            case .pending, .starting, .unknown, .held: .refused(.undecided(disposition))
            case .coalesced: .refused(.coalesced("why"))
            case .cancelled: .refused(.cancelled("why"))
            }
        #expect(MakeUp.judge(Self.slot(disposition)) == expected)
        let isSkipped = disposition == .skipped
        #expect(
            MakeUp.judge(Self.slot(disposition), takesSkipped: false)
                == (isSkipped ? .refused(.skipped("why")) : expected))
        var done = Self.slot(disposition)
        done.doneBy = "r"
        #expect(MakeUp.judge(done) == .refused(.done(by: "r")))
        #expect(MakeUp.judge(Self.slot(disposition, madeUpBy: 9)) == .refused(.madeUp(by: 9)))
    }
}
