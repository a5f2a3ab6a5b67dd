import Engine
import Store
import Timetable

/// The rows of slots that make up for others, and of those that meet one (rules 9 and 20).
extension StartDecisionTests {
    /// The slot makes up for one of ten hours ago.
    private static func makeUp(_ facts: inout StartFacts) {
        facts.slot.kind = .manual
        facts.slot.makesUpSlotID = 3
        facts.dueSince = at(-600)
    }

    private static let former = SlotName(schedule: "s", slotAt: at(5))

    static let makeUps = [
        Row("a run of ours since what it makes up for", .hold(.unclaimed(runID: "r"))) {
            makeUp(&$0)
            $0.look = look("r", created: at(-599), by: "us")
        },
        Row("a run since then, of a user that nobody knows", .hold(.unclaimed(runID: "r"))) {
            makeUp(&$0)
            $0.look = look("r", created: at(-599))
        },
        Row("a run without a creation time may be its own", .hold(.unclaimed(runID: "r"))) {
            makeUp(&$0)
            $0.look = look("r", by: "us")
        },
        Row("--force makes up for it all the same", .start(.run("r"))) {
            makeUp(&$0)
            $0.slot.forced = true
            $0.look = look("r", created: at(-599), by: "us")
        },
        Row("a run from before what it makes up for", .start(.run("r"))) {
            makeUp(&$0)
            $0.look = look("r", created: at(-601), by: "us")
        },
        Row("another slot's run since what it makes up for", .start(.run("r"))) {
            makeUp(&$0)
            $0.look = look("r", created: at(-599), by: "us")
            $0.isShownRunClaimed = true
        },
        Row("a run of ours that a later one hides", .hold(.unclaimed(runID: nil))) {
            makeUp(&$0)
            $0.look = look("later", created: at(-3), by: "them")
            $0.hasHiddenRun = true
        },
        Row("what makes up doesn't go without a look", .wait(.lookToMakeUp, until: at(3, 15))) {
            makeUp(&$0)
            $0.now = at(3)
            $0.look = nil
            $0.slot.lookWantedSince = at(0)
        },
        Row("no look for all of start_within", .hold(.noLookToMakeUp)) {
            makeUp(&$0)
            $0.now = at(46)
            $0.look = nil
            $0.slot.lookWantedSince = at(0)
        },
        Row("a plain trigger looks at no past", .start(.run("r"))) {
            $0.slot.kind = .manual
            $0.look = look("r", created: at(0, 1), by: "us")
        },
        Row("it lets a slot of the rule go first", .wait(.goesFirst(former), until: at(0, 15))) {
            makeUp(&$0)
            $0.goesFirst = former
        },
        Row("behind an open run it is queued", .queue(blocker)) {
            makeUp(&$0)
            $0.goesFirst = former
            $0.openRuns = [openRun]
        },
        Row("a make-up's run takes no slot away", .wait(.makeUpOpen(blocker), until: at(1))) {
            $0.openRuns = [openRun]
            $0.openRuns[0].makesUp = true
        },
        Row("another run beside it does", .end(.overlap(other, owner: .schedule("s")))) {
            $0.openRuns = [openRun, openRun]
            $0.openRuns[0].makesUp = true
            $0.openRuns[1].runID = "q"
        },
        Row("behind a make-up's run, a queue", .queue(blocker)) {
            $0.schedule?.overlap = .queue
            $0.openRuns = [openRun]
            $0.openRuns[0].makesUp = true
        },
        Row("while it is late, it still waits", .wait(.makeUpOpen(blocker), until: at(51))) {
            $0.now = at(50)
            $0.openRuns = [openRun]
            $0.openRuns[0].makesUp = true
        },
        Row("a trigger meets it", .end(.overlap(blocker, owner: .schedule("s")))) {
            $0.slot.kind = .manual
            $0.openRuns = [openRun]
            $0.openRuns[0].makesUp = true
        },
        Row("what a person has decided is no catch-up for a later one", .start(.noRun)) {
            $0.now = at(50)
            $0.slot.requestedBy = "ann"
            $0.newerStandIn = at(45)
        },
    ]

    private static let other = Blocker(runID: "q", status: "running")
}
